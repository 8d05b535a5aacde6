/* Several exports of one pipeline at once: each by an exporter of its own, ended in any order, retried one by one, and every span counted once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>

#include "support/script_exporter.h"
#include "support/station.h"

enum { FLIGHTS = 4, BATCH = 10, PATIENCE_MS = 20000 };

static const struct station_answer taken = { SPW_EXPORT_DELIVERED, 0, false }, again = { SPW_EXPORT_RETRY, 0, false },
                                   again_soon = { SPW_EXPORT_RETRY, 1, false }, never = { SPW_EXPORT_PERMANENT, 0, false };

static int64_t recorded;

/* Batches go when they are full, and when somebody flushes; `more` may change that. */
static void start(void (*more)(spw_pipeline_options *pipeline))
{
    spw_error error = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter_name = "station";
    pipeline.max_concurrent_exports = FLIGHTS;
    pipeline.max_export_batch_size = BATCH;
    pipeline.schedule_delay_ms = 3600000;
    pipeline.export_timeout_ms = SPW_NEVER;
    if (more)
        more(&pipeline);
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_NONE;
    options.log_fn = NULL;
    options.error = &error;
    recorded = 0;
    station_open();
    if (spw_start(&options) != SPW_OK)
        fail_msg("%s", error.text);
}

static void record(int n)
{
    for (int i = 0; i < n; i++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", ++recorded);
        spw_span_end(span);
    }
}

/* Until the account says so; fails after 20 s. */
static void await(uint64_t exported)
{
    const struct timespec pause = { 0, 1000000 };
    for (int i = 0; account().exported < exported; i++) {
        if (i > PATIENCE_MS)
            fail_msg("%llu exported, not %llu", (unsigned long long)account().exported, (unsigned long long)exported);
        nanosleep(&pause, NULL);
    }
}

static void await_submits(unsigned submits)
{
    const struct timespec pause = { 0, 1000000 };
    for (int i = 0; station_submits() < submits; i++) {
        if (i > PATIENCE_MS)
            fail_msg("%u submits, not %u", station_submits(), submits);
        nanosleep(&pause, NULL);
    }
}

static void assert_each_once(int64_t from, int64_t to)
{
    for (int64_t seq = from; seq <= to; seq++)
        if (station_delivered(seq) != 1)
            fail_msg("span %lld came %u times", (long long)seq, station_delivered(seq));
}

static void stop(spw_result expected)
{
    assert_int_equal(spw_shutdown(PATIENCE_MS), expected);
    assert_identity();
    assert_int_equal(account().in_flight, 0);
    assert_int_equal(account().queued, 0);
    assert_int_equal(station_destroyed(), station_exporters());
    assert_false(station_called_twice());
    station_close();
}

/* ---- order ---- */

static void batches_end_in_any_order(void **state)
{
    (void)state;
    static const unsigned orders[][FLIGHTS] = { { 0, 0, 0, 0 }, { 3, 2, 1, 0 }, { 1, 2, 0, 0 }, { 2, 0, 1, 0 } }; /* of those still out */
    start(NULL);
    assert_int_equal(station_exporters(), FLIGHTS);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        uint64_t before = account().exported;
        int64_t first = recorded + 1;
        record(FLIGHTS * BATCH + 3); /* three too many: they wait */
        assert_true(station_wait(FLIGHTS));
        assert_int_equal(account().in_flight, FLIGHTS * BATCH);
        for (unsigned f = 0; f < FLIGHTS; f++) {
            assert_int_equal(station_first(f), first + f * BATCH); /* gathered in order */
            assert_int_equal(station_sequence(f), station_sequence(0) + f);
        }
        for (unsigned f = 0; f < FLIGHTS; f++) {
            assert_true(station_answer(orders[i][f], taken));
            await(before + (f + 1) * BATCH); /* counted when it has come, whatever older ones do */
            assert_int_equal(account().in_flight, (FLIGHTS - 1 - f) * BATCH);
            assert_identity();
        }
        station_deliver_all();
        assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK); /* the three */
        assert_each_once(first, recorded);
        station_hold();
    }
    stop(SPW_OK);
}

/* While the oldest is out, what has landed behind it keeps its place: no more than the flights are ever held. */
static void the_oldest_holds_the_others_places(void **state)
{
    (void)state;
    start(NULL);
    record(FLIGHTS * BATCH * 2);
    assert_true(station_wait(FLIGHTS));
    for (unsigned f = 1; f < FLIGHTS; f++)
        assert_true(station_answer(1, taken));
    await((FLIGHTS - 1) * BATCH);
    assert_int_equal(account().queued, FLIGHTS * BATCH);
    assert_int_equal(account().in_flight, BATCH);
    assert_int_equal(station_submits(), FLIGHTS);
    assert_true(station_answer(0, taken));
    assert_true(station_wait(FLIGHTS));
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_each_once(1, recorded);
    assert_int_equal(station_most(), FLIGHTS);
    stop(SPW_OK);
}

/* ---- retries ---- */

static void one_is_tried_again_and_nothing_begins_meanwhile(void **state)
{
    (void)state;
    start(NULL);
    record(FLIGHTS * BATCH * 2);
    assert_true(station_wait(FLIGHTS));
    uint64_t failed = station_sequence(1);
    assert_true(station_answer(1, again));
    for (unsigned f = 0; f < FLIGHTS - 1; f++)
        assert_true(station_answer(0, taken));
    await((FLIGHTS - 1) * BATCH); /* they are not held up by the pause */
    await_submits(FLIGHTS + 1);
    assert_int_equal(station_busy(), 1); /* the failed one goes alone ... */
    assert_int_equal(station_sequence(0), failed);
    assert_true(station_answer(0, taken));
    assert_true(station_wait(FLIGHTS)); /* ... and then the rest */
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_each_once(1, recorded);
    assert_int_equal(account().retries, 1);
    assert_int_equal(account().batches, FLIGHTS * 2);
    stop(SPW_OK);
}

/* A receiver that is down is asked by one batch at a time. */
static void all_fail_and_one_knocks(void **state)
{
    (void)state;
    start(NULL);
    record(FLIGHTS * BATCH);
    assert_true(station_wait(FLIGHTS));
    for (unsigned f = 0; f < FLIGHTS; f++)
        assert_true(station_answer(0, again_soon));
    for (unsigned knock = 1; knock <= 5; knock++) {
        await_submits(FLIGHTS + knock);
        assert_int_equal(station_busy(), 1);
        assert_int_equal(station_first(0), 1); /* the oldest */
        assert_int_equal(account().queued, (FLIGHTS - 1) * BATCH);
        assert_true(station_answer(0, again_soon));
    }
    await_submits(FLIGHTS + 6);
    assert_true(station_answer(0, taken));
    assert_true(station_wait(FLIGHTS - 1)); /* the others at once */
    assert_int_equal(account().retries, 6 + FLIGHTS - 1);
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_each_once(1, recorded);
    stop(SPW_OK);
}

/* A batch that is refused for good is an answer, too: the receiver is there. */
static void what_is_refused_is_dropped_alone(void **state)
{
    (void)state;
    start(NULL);
    record(FLIGHTS * BATCH);
    assert_true(station_wait(FLIGHTS));
    assert_true(station_answer(0, again_soon));
    assert_true(station_answer(1, never));
    await_submits(FLIGHTS + 1);
    assert_true(station_answer(0, never));
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_int_equal(account().dropped[SPW_DROP_PERMANENT], 2 * BATCH);
    assert_int_equal(account().exported, 2 * BATCH);
    stop(SPW_OK);
}

static void with_age(spw_pipeline_options *pipeline)
{
    pipeline->max_age_ms = 1;
}

static void each_is_given_up_at_its_age(void **state)
{
    (void)state;
    const struct timespec pause = { 0, 5000000 };
    start(with_age);
    record(FLIGHTS * BATCH);
    assert_true(station_wait(FLIGHTS));
    nanosleep(&pause, NULL);
    assert_true(station_answer(2, again));
    assert_true(station_answer(0, taken));
    assert_true(station_answer(0, again));
    assert_true(station_answer(0, taken));
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK); /* nothing waits any more */
    assert_int_equal(account().dropped[SPW_DROP_RETRY_EXHAUSTED], 2 * BATCH);
    assert_int_equal(account().retries, 0);
    stop(SPW_OK);
}

/* ---- time ---- */

static void with_timeout(spw_pipeline_options *pipeline)
{
    pipeline->export_timeout_ms = 300;
}

static void one_that_hangs_is_cancelled_alone(void **state)
{
    (void)state;
    start(with_timeout);
    record(FLIGHTS * BATCH);
    assert_true(station_wait(FLIGHTS));
    for (unsigned f = 1; f < FLIGHTS; f++)
        assert_true(station_answer(1, taken));
    await_submits(FLIGHTS + 1); /* after its time, and a pause */
    assert_int_equal(station_cancels(), 1);
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_int_equal(account().ambiguous, BATCH);
    assert_each_once(1, recorded);
    stop(SPW_OK);
}

static void a_shutdown_ends_them_all(void **state)
{
    (void)state;
    start(NULL);
    record(FLIGHTS * BATCH + 5);
    assert_true(station_wait(FLIGHTS));
    assert_true(station_answer(1, taken));
    assert_true(station_answer(2, again));
    await(BATCH);
    assert_int_equal(spw_shutdown(100), SPW_ERR_TIMEOUT);
    assert_identity();
    assert_int_equal(account().exported, BATCH);
    assert_int_equal(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE], (FLIGHTS - 1) * BATCH + 5);
    assert_int_equal(account().in_flight + account().queued, 0);
    assert_int_equal(station_destroyed(), FLIGHTS);
    station_close();
}

/* ---- what is not ours ---- */

static bool not_the_second_ten(void *arg, const spw_span_view *span)
{
    spw_attr_iter it = span->attributes;
    (void)arg;
    for (spw_attr attr; spw_attr_next(&it, &attr);)
        if (attr.key.size == 3 && memcmp(attr.key.data, "seq", 3) == 0)
            return attr.value.u.i <= BATCH || attr.value.u.i > 3 * BATCH;
    return true;
}

static void with_filter(spw_pipeline_options *pipeline)
{
    pipeline->filter = not_the_second_ten;
}

/* Records that are passed over behind a batch that is still out are judged once. */
static void what_is_filtered_between_batches_is_counted_once(void **state)
{
    (void)state;
    start(with_filter);
    record(BATCH);
    assert_true(station_wait(1));
    record(2 * BATCH); /* all of it filtered, while the first batch is out */
    for (int i = 0; i < PATIENCE_MS && account().filtered < 2 * BATCH; i++)
        nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    record(BATCH);
    assert_true(station_wait(2));
    assert_true(station_answer(1, taken));
    await(BATCH);
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_int_equal(account().filtered, 2 * BATCH);
    assert_int_equal(account().exported, 2 * BATCH);
    assert_each_once(1, BATCH);
    assert_each_once(3 * BATCH + 1, 4 * BATCH);
    stop(SPW_OK);
}

/* ---- many threads, answers as they come ---- */

enum { THREADS = 6, EACH = 3000 };

static void *record_some(void *arg)
{
    int64_t first = 1 + (int64_t)(intptr_t)arg * EACH;
    for (int64_t seq = first; seq < first + EACH; seq++) {
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", seq);
        spw_span_end(span);
        if (seq % 50 == 0)
            nanosleep(&(struct timespec){ 0, 200000 }, NULL);
    }
    return NULL;
}

static void with_room(spw_pipeline_options *pipeline)
{
    pipeline->max_queue_size = 2 * THREADS * EACH;
    pipeline->schedule_delay_ms = 5;
    pipeline->max_export_batch_size = 100;
}

static void under_load_nothing_is_lost_or_doubled(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned random = 4711, retries = 0;
    start(with_room);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_some, (void *)(intptr_t)i), 0);
    uint64_t give_up = 0;
    while (account().exported < THREADS * EACH && give_up++ < 200000) {
        random = random * 1103515245u + 12345u;
        unsigned which = random >> 16 & 3;
        bool retry = (random >> 20) % 10 == 0 && retries < 300;
        if (station_answer(which, retry ? again_soon : taken))
            retries += retry;
        else
            nanosleep(&(struct timespec){ 0, 100000 }, NULL);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    station_deliver_all();
    assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
    assert_each_once(1, THREADS * EACH);
    assert_int_equal(account().exported, THREADS * EACH);
    assert_true(station_most() > 1);
    stop(SPW_OK);
}

/* ---- who cannot ---- */

static void an_object_and_the_simple_mode_take_one_at_a_time(void **state)
{
    (void)state;
    spw_error error = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_NONE;
    options.error = &error;
    pipeline.max_concurrent_exports = 2;
    pipeline.exporter = spw_memory_exporter_new(10);
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "an exporter object takes one batch at a time"));
    pipeline.exporter = NULL;
    pipeline.exporter_name = "memory";
    pipeline.mode = SPW_PIPELINE_SIMPLE;
    assert_int_equal(spw_start(&options), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "use SPW_PIPELINE_BATCH"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_end_in_any_order),
        cmocka_unit_test(the_oldest_holds_the_others_places),
        cmocka_unit_test(one_is_tried_again_and_nothing_begins_meanwhile),
        cmocka_unit_test(all_fail_and_one_knocks),
        cmocka_unit_test(what_is_refused_is_dropped_alone),
        cmocka_unit_test(each_is_given_up_at_its_age),
        cmocka_unit_test(one_that_hangs_is_cancelled_alone),
        cmocka_unit_test(a_shutdown_ends_them_all),
        cmocka_unit_test(what_is_filtered_between_batches_is_counted_once),
        cmocka_unit_test(under_load_nothing_is_lost_or_doubled),
        cmocka_unit_test(an_object_and_the_simple_mode_take_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
