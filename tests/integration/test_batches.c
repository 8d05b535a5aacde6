/* How large batches are: never over what was said, and full when there is enough to fill them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <unistd.h>

enum { MOST = 100 };

struct counter {
    spw_exporter exporter;             /* first */
    size_t spans, batches, largest; /* atomic */
};

static void count(spw_exporter *exporter, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct counter *self = (struct counter *)exporter;
    size_t n = spw_batch_count(batch);
    if (n > __atomic_load_n(&self->largest, __ATOMIC_RELAXED))
        __atomic_store_n(&self->largest, n, __ATOMIC_RELAXED);
    __atomic_add_fetch(&self->batches, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&self->spans, n, __ATOMIC_RELEASE);
    spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    done(token, &ok);
}

static void stays(spw_exporter *exporter)
{
    (void)exporter;
}

static void start(struct counter *counter)
{
    *counter = (struct counter){ .exporter = { .struct_size = sizeof(spw_exporter), .name = "counter", .submit = count, .destroy = stays } };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = &counter->exporter;
    pipeline.max_queue_size = 100000;
    pipeline.max_export_batch_size = MOST;
    pipeline.schedule_delay_ms = 60000; /* only size, or a flush, sends */
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    assert_int_equal(spw_start(&options), SPW_OK);
}

static void record(size_t n)
{
    for (size_t i = 0; i < n; i++)
        spw_span_end(spw_span_start(NULL, "span", NULL));
}

static int stop(void **state)
{
    (void)state;
    (void)spw_shutdown(5000);
    return 0;
}

/* Flushes, too, go out in batches of at most that size: the first, and those after it. */
static void no_batch_is_too_large_after_a_flush_either(void **state)
{
    (void)state;
    static struct counter counter;
    start(&counter);
    for (size_t round = 1; round <= 5; round++) {
        record(5 * MOST + 1);
        assert_int_equal(spw_flush(10000), SPW_OK);
        assert_int_equal(counter.spans, round * (5 * MOST + 1));
        assert_true(counter.largest <= MOST);
    }
}

/* 20,000 spans in a second or less are 200 batches, not thousands of small ones. */
static void batches_are_full_under_load(void **state)
{
    (void)state;
    static struct counter counter;
    start(&counter);
    for (int i = 0; i < 200; i++) {
        record(MOST);
        usleep(2000);
    }
    assert_int_equal(spw_flush(10000), SPW_OK);
    assert_int_equal(counter.spans, 200 * MOST);
    assert_in_range(counter.batches, 200, 205);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_batch_is_too_large_after_a_flush_either, stop),
        cmocka_unit_test_teardown(batches_are_full_under_load, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
