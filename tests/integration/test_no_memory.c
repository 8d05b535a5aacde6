/* A shutdown needs no memory: it stops the worker, and counts what it drops. (All else without memory: tests/sweep.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/exporter.h>
#include <unistd.h>

#include "support/capture.h"
#include "support/fail_alloc.h"

/* ---- an exporter that keeps its batch, and cannot be cancelled ---- */

static struct {
    spw_exporter base;
    spw_export_done_fn done;
    void *token;
    bool held, destroyed; /* atomic */
} keeper;

static void keep(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    (void)batch;
    keeper.done = done;
    keeper.token = token;
    __atomic_store_n(&keeper.held, true, __ATOMIC_RELEASE);
}

static void destroy(spw_exporter *self)
{
    (void)self;
    __atomic_store_n(&keeper.destroyed, true, __ATOMIC_RELEASE);
}

static spw_result start_keeping(void)
{
    keeper.base = (spw_exporter){ .struct_size = sizeof keeper.base, .name = "keeper", .submit = keep, .destroy = destroy };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = &keeper.base;
    pipeline.schedule_delay_ms = 1;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    return spw_start(&options);
}

static void record(int count)
{
    for (int i = 0; i < count; i++)
        spw_span_end(spw_span_start(NULL, "span", NULL));
}

/* The one that is lent, and those behind it, for which there is no batch. */
static void what_is_left_is_counted(void **state)
{
    (void)state;
    assert_int_equal(start_keeping(), SPW_OK);
    record(1);
    while (!__atomic_load_n(&keeper.held, __ATOMIC_ACQUIRE))
        usleep(1000);
    record(2000);
    fail_alloc_from(1);
    spw_result result = spw_shutdown(100);
    assert_true(fail_alloc_stop() || result == SPW_ERR_TIMEOUT);
    assert_int_equal(result, SPW_ERR_TIMEOUT);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_SHUTDOWN_DEADLINE], 2001);
    assert_int_equal(capture_stats(0).queued, 0);
    capture_check_accounts();
    const spw_export_result late = SPW_EXPORT_RESULT_INIT;
    keeper.done(keeper.token, &late);
    capture *c = capture_new(); /* and the next start finds nothing in its way */
    capture_start(c, NULL);
    assert_true(__atomic_load_n(&keeper.destroyed, __ATOMIC_ACQUIRE));
    record(3);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 3);
    capture_stop(c);
}

static void a_shutdown_ends_the_worker(void **state)
{
    (void)state;
    capture *c = capture_new();
    capture_start(c, NULL);
    record(5);
    assert_int_equal(spw_flush(20000), SPW_OK);
    fail_alloc_from(1);
    spw_result flushed = spw_flush(20000), result = spw_shutdown(20000);
    (void)fail_alloc_stop();
    assert_int_equal(flushed, SPW_ERR_NO_MEMORY);
    assert_int_equal(result, SPW_OK);
    capture_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_is_counted),
        cmocka_unit_test(a_shutdown_ends_the_worker),
    };
    return cmocka_run_group_tests_name("no memory", tests, NULL, NULL);
}
