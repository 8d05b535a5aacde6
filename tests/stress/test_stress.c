/*
 * Every shared structure under threads at once: spans set and ended by several threads, threads born and dying, signal handlers, flushes and
 * shutdowns in between. What must hold: nothing lost, nothing twice, the books balance. Meant to run under ThreadSanitizer too.
 * SPW_STRESS_SCALE multiplies the work (1).
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/script_exporter.h"

#define MAX_THREADS 8

static int scale(void)
{
    const char *text = getenv("SPW_STRESS_SCALE");
    int n = text ? atoi(text) : 1;
    return n > 0 && n < 1000 ? n : 1;
}

static void run_threads(int n, void *(*body)(void *), void *arg)
{
    pthread_t threads[MAX_THREADS];
    for (int i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, arg), 0);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

/* Refused while a thread stands inside a recording call of before the last shutdown: the machine may not let it on at once. */
static struct script_exporter *begin(uint32_t queue)
{
    spw_result result = SPW_ERR_ALREADY_STARTED;
    struct script_exporter *e = NULL;
    for (int i = 0; i < 100 && result == SPW_ERR_ALREADY_STARTED; i++) {
        if (e)
            script_exporter_free(e);
        e = script_exporter_new();
        spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
        p.exporter = script_exporter_base(e);
        p.max_queue_size = queue;
        p.schedule_delay_ms = 5;
        spw_options options = SPW_OPTIONS_INIT;
        options.pipelines = &p;
        options.pipeline_count = 1;
        result = spw_start(&options);
    }
    assert_int_equal(result, SPW_OK);
    return e;
}

/* Ends the session: everything that was recorded has arrived or is counted. */
static void settle(struct script_exporter *e)
{
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_identity();
    spw_pipeline_stats a = account();
    assert_int_equal(a.queued, 0);
    assert_int_equal(a.exported, script_exporter_spans(e));
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    script_exporter_free(e);
}

/* ---- many producers ---- */

static void *produce(void *arg)
{
    int n = *(int *)arg;
    for (int i = 0; i < n; i++) {
        SPW_SPAN(outer, "outer");
        spw_set(outer, "i", i);
        SPW_SPAN(inner, "inner");
        spw_set(inner, "text", "a value of some length that is copied");
        if (i % 64 == 0) {
            static char big[20000];
            spw_set_string_n(inner, "big", big, sizeof big);
        }
    }
    return NULL;
}

static void test_producers(void **state)
{
    (void)state;
    int n = 5000 * scale();
    struct script_exporter *e = begin(1u << 20);
    run_threads(6, produce, &n);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(account().exported, 12 * (uint64_t)n);
    assert_int_equal(script_exporter_named(e, "inner"), 6 * (size_t)n);
    settle(e);
}

/* ---- a small queue: drops are counted, never lost ---- */

static void test_overload(void **state)
{
    (void)state;
    int n = 10000 * scale();
    struct script_exporter *e = begin(512);
    for (int i = 0; i < 10; i++)
        script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 1 });
    run_threads(6, produce, &n);
    assert_int_equal(spw_flush(20000), SPW_OK);
    spw_pipeline_stats a = account();
    assert_int_equal(a.ended, 12 * (uint64_t)n);
    assert_true(script_exporter_retries_same(e));
    settle(e);
}

/* ---- one span, many writers; every thread also tries to end it ---- */

static spw_span shared[256];
static pthread_barrier_t barrier;

static void *write_shared(void *arg)
{
    int rounds = *(int *)arg;
    for (int r = 0; r < rounds; r++) {
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < 256; i++) {
            spw_set_int(shared[i], "k", r);
            spw_set_string(shared[i], "s", "0123456789012345678901234567890123456789012345678901234567890123456789");
            spw_add_event(shared[i], "e", NULL, 0);
            spw_set_status(shared[i], SPW_STATUS_ERROR, "x");
            spw_update_name(shared[i], "shared");
            spw_span_end(shared[i]);
            spw_set_int(shared[i], "late", 1);
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void *start_shared(void *arg)
{
    int rounds = *(int *)arg;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < 256; i++)
            shared[i] = spw_span_start(NULL, "fresh", NULL);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void test_shared_spans(void **state)
{
    (void)state;
    int rounds = 100 * scale();
    struct script_exporter *e = begin(1u << 20);
    pthread_barrier_init(&barrier, NULL, 5);
    pthread_t starter;
    assert_int_equal(pthread_create(&starter, NULL, start_shared, &rounds), 0);
    run_threads(4, write_shared, &rounds);
    pthread_join(starter, NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(account().exported, 256 * (uint64_t)rounds); /* each once, whoever ended it */
    settle(e);
}

/* One key, over and over, by many: the span neither grows without end nor loses its last value. */
static void *overwrite(void *arg)
{
    spw_span *span = arg;
    for (int i = 0; i < 50000; i++) {
        spw_set_int(*span, "counter", i);
        spw_set_string(*span, "text", "some text that takes room in the log");
    }
    return NULL;
}

static void test_overwrites(void **state)
{
    (void)state;
    struct script_exporter *e = begin(2048);
    spw_span span = spw_span_start(NULL, "hot", NULL);
    run_threads(4, overwrite, &span);
    spw_span_end(span);
    settle(e);
}

/* ---- threads that come and go; their spans are ended by others ---- */

static void *short_life(void *arg)
{
    spw_span *slot = arg;
    *slot = spw_span_start(NULL, "left open", NULL);
    spw_span_end(spw_span_start(NULL, "own", NULL));
    return NULL;
}

static void test_thread_storm(void **state)
{
    (void)state;
    int n = 400 * scale();
    struct script_exporter *e = begin(1u << 20);
    for (int i = 0; i < n; i++) {
        spw_span open[2];
        pthread_t threads[2];
        for (int t = 0; t < 2; t++)
            pthread_create(&threads[t], NULL, short_life, &open[t]);
        for (int t = 0; t < 2; t++)
            pthread_join(threads[t], NULL);
        for (int t = 0; t < 2; t++)
            spw_span_end(open[t]);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(account().exported, 4 * (uint64_t)n);
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    assert_int_equal(s.spans_open, 0);
    assert_true(s.threads <= 3);
    settle(e);
}

/* ---- signal handlers at a kilohertz ---- */

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
    (void)number;
    spw_span current = spw_span_current();
    spw_add_event(current, "tick", NULL, 0);
    spw_span own = spw_span_start(NULL, "in the handler", NULL);
    spw_set_int(own, "n", handled);
    spw_span_end(own);
    handled++;
}

static void test_signals(void **state)
{
    (void)state;
    struct script_exporter *e = begin(1u << 20);
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, before;
    sigaction(SIGUSR1, &action, &before);
    timer_t timer;
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
    timer_settime(timer, 0, &every, NULL);
    int n = 200;
    for (int i = 0; i < 200 * scale() && handled < 300; i++)
        produce(&n);
    timer_delete(timer);
    sigaction(SIGUSR1, &before, NULL);
    assert_true(handled > 0);
    settle(e);
}

/* ---- shutdown and start while others record ---- */

static volatile bool stop_recording;

static void *record_on(void *arg)
{
    (void)arg;
    static spw_tracer tracer = SPW_TRACER_INIT("storm", "1");
    while (!__atomic_load_n(&stop_recording, __ATOMIC_RELAXED)) {
        SPW_SPAN_WITH(span, "s", &tracer, NULL);
        spw_set(span, "k", 1.5);
    }
    return NULL;
}

/* What may be asked at any time, in the middle of a start too. */
static void *look_on(void *arg)
{
    static spw_tracer tracer = SPW_TRACER_INIT("look", "1");
    while (!__atomic_load_n(&stop_recording, __ATOMIC_RELAXED)) {
        spw_stats stats = SPW_STATS_INIT;
        spw_stats_get(&stats);
        (void)spw_tracer_enabled(&tracer);
        usleep(100);
    }
    return arg;
}

static void test_restarts_under_fire(void **state)
{
    (void)state;
    pthread_t threads[4];
    __atomic_store_n(&stop_recording, false, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i ? record_on : look_on, NULL);
    for (int round = 0; round < 30 * scale(); round++) {
        struct script_exporter *e = begin(100000);
        usleep(2000);
        (void)spw_shutdown(5000);
        assert_int_equal(account().exported, script_exporter_spans(e));
        script_exporter_free(e);
    }
    __atomic_store_n(&stop_recording, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_identity();
}

static int stop(void **state)
{
    (void)state;
    spw_shutdown(0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_producers, stop),
        cmocka_unit_test_teardown(test_overload, stop),
        cmocka_unit_test_teardown(test_shared_spans, stop),
        cmocka_unit_test_teardown(test_overwrites, stop),
        cmocka_unit_test_teardown(test_thread_storm, stop),
        cmocka_unit_test_teardown(test_signals, stop),
        cmocka_unit_test_teardown(test_restarts_under_fire, stop),
    };
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
