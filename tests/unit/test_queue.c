/* Admission: exact for one thread, never early, a dead pipeline's limit is nobody else's; and the accounts, whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/clock.h"
#include "record/queue.h"
#include "record/thread.h"
#include "support/capture.h"

static capture *first, *second;

/* Starts with one pipeline or two; the first has that limit, batches of at most that size and that delay. */
static void start_with(uint32_t limit, uint32_t batch, uint32_t delay_ms, bool two, uint64_t buffer_bytes)
{
    spw_pipeline_options pipelines[2];
    spw_options options = SPW_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    first = capture_new();
    pipelines[0] = capture_pipeline(first);
    pipelines[0].max_queue_size = limit;
    pipelines[0].max_export_batch_size = limit < batch ? limit : batch;
    pipelines[0].schedule_delay_ms = delay_ms;
    second = two ? capture_new() : NULL;
    if (two)
        pipelines[1] = capture_pipeline(second);
    options.pipelines = pipelines;
    options.pipeline_count = two ? 2 : 1;
    options.max_buffer_bytes = buffer_bytes;
    options.error = &error;
    if (spw_start(&options) != SPW_OK)
        fail_msg("%s", error.text);
}

/* Batches of 5, and a delay of 5 ms. */
static void start(uint32_t limit, bool two, uint64_t buffer_bytes)
{
    start_with(limit, 5, 5, two, buffer_bytes);
}

static void stop(void)
{
    if (!first)
        return;
    capture_hold(first, false);
    (void)spw_shutdown(5000);
    capture_check_accounts();
    capture_free(first);
    if (second)
        capture_free(second);
    first = second = NULL;
}

static int stop_if_running(void **state)
{
    (void)state;
    stop();
    return 0;
}

static void record(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        spw_span_end(spw_span_start(NULL, "span", NULL));
}

static void wait_for_batch(void)
{
    for (int i = 0; i < 5000 && !capture_batches(first); i++)
        usleep(1000);
    assert_int_equal(capture_batches(first), 1);
}

static void one_thread_fills_the_queue_exactly(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 1, 2, 5, 7, 8, 9, 15, 16, 17, 100, 127, 128, 129, 1000, 2048, 5000 };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        start(limits[i], false, 0);
        capture_hold(first, true);
        record(limits[i]);
        assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 0);
        record(37);
        spw_pipeline_stats stats = capture_stats(0);
        assert_int_equal(stats.dropped[SPW_DROP_QUEUE_FULL], 37);
        assert_int_equal(stats.queued + stats.in_flight, limits[i]);
        assert_int_equal(stats.ended, limits[i] + 37);
        capture_check_accounts();
        capture_hold(first, false);
        assert_int_equal(spw_flush(20000), SPW_OK);
        assert_int_equal(capture_count(first), limits[i]);
        record(limits[i]); /* and there is room again */
        assert_int_equal(spw_flush(20000), SPW_OK);
        assert_int_equal(capture_count(first) + capture_stats(0).dropped[SPW_DROP_QUEUE_FULL] - 37, 2 * limits[i]);
        stop();
    }
}

/* What one batch frees, exactly that may come in. */
static void room_comes_back_batch_by_batch(void **state)
{
    (void)state;
    start(20, false, 0);
    capture_hold(first, true);
    record(20);
    wait_for_batch();
    record(1);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 1);
    capture_hold(first, false);
    assert_int_equal(spw_flush(20000), SPW_OK);
    capture_hold(first, true);
    record(20);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 1);
    record(2);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 3);
    stop();
}

enum { THREADS = 4 };

static void *record_500(void *arg)
{
    record(500);
    return arg;
}

static void several_threads_are_never_early_and_little_late(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 10, 100, 640, 1000, 1999, 2000 };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        pthread_t threads[THREADS];
        start(limits[i], false, 0);
        capture_hold(first, true);
        for (int t = 0; t < THREADS; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, record_500, NULL), 0);
        for (int t = 0; t < THREADS; t++)
            pthread_join(threads[t], NULL);
        spw_pipeline_stats stats = capture_stats(0);
        uint64_t held = stats.queued + stats.in_flight;
        uint64_t step = limits[i] / 8; /* the step of a single thread, the largest there is */
        step = step < 1 ? 1 : step > 16 ? 16 : step;
        assert_in_range(held, limits[i], limits[i] + step * THREADS);
        assert_int_equal(held + stats.dropped[SPW_DROP_QUEUE_FULL], 500 * THREADS);
        capture_hold(first, false);
        assert_int_equal(spw_flush(20000), SPW_OK);
        assert_int_equal(capture_count(first), held);
        stop();
    }
}

static void a_dead_pipeline_starves_no_other(void **state)
{
    (void)state;
    start(10, true, 0);
    capture_hold(first, true);
    record(5000);
    for (int i = 0; i < 5000 && capture_count(second) < 5000; i++)
        usleep(1000);
    assert_int_equal(capture_count(second), 5000);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 4990);
    assert_int_equal(capture_stats(1).dropped[SPW_DROP_QUEUE_FULL], 0);
    capture_check_accounts();
    capture_hold(first, false);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(first), 10);
    stop();
}

static bool arrives(capture *c, size_t count)
{
    for (int i = 0; i < 10000 && capture_count(c) < count; i++)
        usleep(1000);
    return capture_count(c) == count;
}

/* Few spans, far from a full batch: the live pipeline's delay (5 ms) must run for them although the other one hangs. */
static void a_hung_pipeline_delays_no_other(void **state)
{
    (void)state;
    start(100, true, 0);
    capture_hold(first, true);
    record(5);
    wait_for_batch();
    assert_true(arrives(second, 5));
    for (size_t n = 6; n < 10; n++) {
        record(1);
        assert_true(arrives(second, n));
    }
    stop();
}

/* The first ten stay in the rows for the dead one; what the live one has passed behind them must not add up for ever. */
static void a_dead_pipeline_does_not_hold_all_memory(void **state)
{
    (void)state;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    start(10, true, 4u << 20);
    capture_hold(first, true);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 1000; i++) {
            spw_span span = spw_span_start(NULL, "span", NULL);
            spw_set(span, "text", text);
            spw_span_end(span);
        }
        assert_true(arrives(second, (size_t)(round + 1) * 1000));
        assert_int_equal(capture_stats(1).dropped[SPW_DROP_QUEUE_FULL], 0);
    }
    assert_int_equal(capture_count(second), 20000);
    stop();
}

static void out_of_buffer_is_queue_full(void **state)
{
    (void)state;
    static char text[200001];
    memset(text, 'x', 200000);
    start(1000, false, 4u << 20);
    capture_hold(first, true);
    for (int i = 0; i < 50; i++) {
        spw_span span = spw_span_start(NULL, "large", NULL);
        spw_set(span, "text", text);
        spw_span_end(span);
    }
    spw_pipeline_stats stats = capture_stats(0);
    assert_in_range(stats.queued + stats.in_flight, 12, 20); /* of 200 KB in 4 MiB */
    assert_int_equal(stats.queued + stats.in_flight + stats.dropped[SPW_DROP_QUEUE_FULL], 50);
    capture_check_accounts();
    capture_hold(first, false);
    assert_int_equal(spw_flush(20000), SPW_OK);
    capture_hold(first, true);
    record(100); /* the memory is there again */
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], stats.dropped[SPW_DROP_QUEUE_FULL]);
    stop();
}

static void memory_is_given_back(void **state)
{
    (void)state;
    start(20000, false, 0);
    for (int round = 0; round < 20; round++) {
        record(5000);
        assert_int_equal(spw_flush(20000), SPW_OK);
    }
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    assert_true(stats.buffer_bytes <= 16u * 65536);
    assert_int_equal(capture_count(first), 100000);
    stop();
}

/* ---- threads that recorded once and now only live ---- */

struct sleeper {
    pthread_t thread;
    uint32_t spans;
    size_t text_size;
    uint32_t recorded, leave; /* atomic */
};

static void *record_and_linger(void *arg)
{
    struct sleeper *s = arg;
    char *text = malloc(s->text_size);
    memset(text, 'x', s->text_size);
    for (uint32_t i = 0; i < s->spans; i++) {
        spw_span span = spw_span_start(NULL, "span", NULL);
        spw_set_string_n(span, "text", text, s->text_size);
        spw_span_end(span);
    }
    free(text);
    __atomic_store_n(&s->recorded, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&s->leave, __ATOMIC_ACQUIRE))
        usleep(2000);
    return NULL;
}

/* One thread after the other records into an empty queue: none may find the memory held by those that wait. */
static void linger(size_t threads, uint32_t spans, size_t text_size)
{
    struct sleeper *sleepers = calloc(threads, sizeof *sleepers);
    assert_non_null(sleepers);
    start(10000, false, 4u << 20);
    for (size_t i = 0; i < threads; i++) {
        sleepers[i].spans = spans;
        sleepers[i].text_size = text_size;
        assert_int_equal(pthread_create(&sleepers[i].thread, NULL, record_and_linger, &sleepers[i]), 0);
        while (!__atomic_load_n(&sleepers[i].recorded, __ATOMIC_ACQUIRE))
            usleep(100);
        assert_int_equal(spw_flush(20000), SPW_OK);
    }
    for (size_t i = 0; i < threads; i++) {
        __atomic_store_n(&sleepers[i].leave, 1, __ATOMIC_RELEASE);
        pthread_join(sleepers[i].thread, NULL);
    }
    free(sleepers);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_QUEUE_FULL], 0);
    assert_int_equal(capture_count(first), threads * spans);
    stop();
}

static void a_long_record_is_not_kept_by_its_thread(void **state)
{
    (void)state;
    linger(8, 1, 800000);
}

static uint64_t held_bytes(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.buffer_bytes;
}

/* The worker passes a record before its thread has gone on to the next chunk: of that it must hear, or the chunk stays. */
static void a_chunk_that_is_left_late_is_given_back(void **state)
{
    (void)state;
    start(1000, false, 0);
    char text[60000];
    memset(text, 'x', sizeof text);
    spw_span span = spw_span_start(NULL, "span", NULL);
    spw_set_string_n(span, "text", text, sizeof text);
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    usleep(50000); /* the worker sleeps */
    assert_in_range(held_bytes(), 60000, 200000);

    struct spw__recorder *recorder = spw__self->recorder;
    uint32_t *threads = &recorder->engine->live_threads, before = *threads;
    __atomic_store_n(threads, 100000, __ATOMIC_RELAXED); /* now the chunk is more than a thread may keep */
    spw__queue_seal(recorder, spw__mono_ns());
    __atomic_store_n(threads, before, __ATOMIC_RELAXED);
    for (int i = 0; i < 10000 && held_bytes() >= 60000; i++)
        usleep(1000);
    assert_true(held_bytes() < 60000);
    record(1); /* and the rows go on */
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(first), 2);
    stop();
}

static void idle_threads_do_not_hold_all_memory(void **state)
{
    (void)state;
    linger(90, 200, 1000);
}

/* ---- the accounts ---- */

static void answers_of_every_kind_are_accounted(void **state)
{
    (void)state;
    start_with(1000, 100, 60000, true, 0); /* nothing goes out before the flush that is to say what became of it */
    spw_export_result answer = SPW_EXPORT_RESULT_INIT;
    answer.rejected = 2;
    capture_answer(first, answer);
    record(5);
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(capture_stats(0).rejected, 2);
    assert_int_equal(capture_stats(0).exported, 3);
    answer.rejected = UINT64_MAX; /* more than were sent */
    capture_answer(first, answer);
    record(5);
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(capture_stats(0).rejected, 7);
    answer.rejected = 0;
    answer.status = SPW_EXPORT_PERMANENT;
    capture_answer(first, answer);
    record(5);
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_PERMANENT], 5);
    answer.status = SPW_EXPORT_RETRY;
    capture_answer(first, answer);
    record(5);
    assert_int_equal(spw_flush(50), SPW_ERR_TIMEOUT);
    spw_pipeline_stats waiting = capture_stats(0);
    assert_int_equal(waiting.queued + waiting.in_flight, 5); /* nothing is lost by waiting */
    assert_true(arrives(second, 20));
    capture_check_accounts();
    (void)spw_shutdown(50);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_SHUTDOWN_DEADLINE], 5);
    assert_int_equal(capture_stats(1).exported, 20);
    stop();
}

static void spans_that_end_after_the_shutdown_are_accounted(void **state)
{
    (void)state;
    start(1000, true, 0);
    spw_span open[10];
    for (int i = 0; i < 10; i++)
        open[i] = spw_span_start(NULL, "late", NULL);
    record(3);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    for (int i = 0; i < 10; i++)
        spw_span_end(open[i]);
    spw_span after = spw_span_start(NULL, "after", NULL);
    assert_int_equal(after.handle, 0);
    for (size_t i = 0; i < 2; i++) {
        spw_pipeline_stats stats = capture_stats(i);
        assert_int_equal(stats.ended, 13);
        assert_int_equal(stats.exported, 3);
        assert_int_equal(stats.dropped[SPW_DROP_ALREADY_SHUTDOWN], 10);
    }
    stop();
}

/* Open across a restart: it belongs to a session that is over, and never to the next. */
static void spans_of_an_earlier_session_are_accounted(void **state)
{
    (void)state;
    start(1000, false, 0);
    spw_span old = spw_span_start(NULL, "old", NULL);
    stop();
    start(1000, true, 0);
    record(2);
    spw_set(old, "k", 1);
    spw_span_end(old);
    assert_int_equal(spw_flush(20000), SPW_OK);
    capture_check_accounts();
    assert_int_equal(capture_count(first), 2);
    assert_int_equal(capture_stats(0).ended, 3);
    assert_int_equal(capture_stats(0).dropped[SPW_DROP_ALREADY_SHUTDOWN], 1);
    stop();
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, NULL, stop_if_running)
    const struct CMUnitTest tests[] = {
        TEST(one_thread_fills_the_queue_exactly),
        TEST(room_comes_back_batch_by_batch),
        TEST(several_threads_are_never_early_and_little_late),
        TEST(a_dead_pipeline_starves_no_other),
        TEST(a_hung_pipeline_delays_no_other),
        TEST(a_dead_pipeline_does_not_hold_all_memory),
        TEST(out_of_buffer_is_queue_full),
        TEST(memory_is_given_back),
        TEST(a_long_record_is_not_kept_by_its_thread),
        TEST(a_chunk_that_is_left_late_is_given_back),
        TEST(idle_threads_do_not_hold_all_memory),
        TEST(answers_of_every_kind_are_accounted),
        TEST(spans_that_end_after_the_shutdown_are_accounted),
        TEST(spans_of_an_earlier_session_are_accounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
