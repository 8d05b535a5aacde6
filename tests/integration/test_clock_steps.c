/* The wall clock is set by an hour and by ten years, either way, in the middle of spans and of waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "integration/clock_steps.h"
#include "support/capture.h"
#include "support/http_peer.h"
#include "support/recorder.h"

enum { HOUR = 3600, TEN_YEARS = 10 * 365 * 86400, PATIENCE_MS = 20000 };

static const int64_t steps[] = { HOUR, -HOUR, TEN_YEARS, -TEN_YEARS };
enum { STEPS = sizeof steps / sizeof steps[0] };

#define SECOND UINT64_C(1000000000)

static int back_to_now(void **state)
{
    (void)state;
    (void)spw_shutdown(1000);
    clock_step_to(0);
    return 0;
}

static uint64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- spans ---- */

static void assert_inside(const capture_span *parent, const capture_span *child)
{
    assert_true(child->end_time_unix_nano >= child->start_time_unix_nano);
    assert_true(child->start_time_unix_nano >= parent->start_time_unix_nano);
    assert_true(child->end_time_unix_nano <= parent->end_time_unix_nano);
}

/* parent { before { event } | step | across.. | after } */
static void record_across(int64_t step)
{
    spw_context parent = { .span = spw_span_start(NULL, "parent", NULL) };
    spw_span_options below = SPW_SPAN_OPTIONS_INIT;
    below.parent = &parent;
    spw_span_end(spw_span_start(NULL, "before", &below));
    spw_span across = spw_span_start(NULL, "across", &below);
    usleep(20000);
    clock_step_to(step);
    usleep(20000);
    spw_add_event(across, "stepped", NULL, 0);
    spw_span_end(across);
    spw_span_end(spw_span_start(NULL, "after", &below));
    spw_span_end(parent.span);
}

static void check_across(capture *c, uint64_t began_ns)
{
    const capture_span *parent = capture_named(c, "parent"), *across = capture_named(c, "across");
    const capture_span *before = capture_named(c, "before"), *after = capture_named(c, "after");
    assert_inside(parent, before);
    assert_inside(parent, across);
    assert_inside(parent, after);
    assert_true(before->end_time_unix_nano <= after->start_time_unix_nano);
    assert_int_equal(across->n_events, 1);
    assert_in_range(across->events[0]->time_unix_nano, across->start_time_unix_nano, across->end_time_unix_nano);
    uint64_t took = parent->end_time_unix_nano - parent->start_time_unix_nano;
    assert_in_range(took, 40000000u, PATIENCE_MS * UINT64_C(1000000)); /* what it took, and no step */
    uint64_t start = parent->start_time_unix_nano;
    assert_in_range(start, began_ns - SECOND, began_ns + PATIENCE_MS * UINT64_C(1000000)); /* the time it was then */
}

static void spans_keep_their_order_and_length(void **state)
{
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        capture *c = capture_new();
        clock_step_to(0);
        capture_start(c, NULL);
        uint64_t began = clock_wall_ns();
        record_across(steps[i]);
        assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
        check_across(c, began);
        /* A second later new traces have the new time. */
        usleep(1100000);
        began = clock_wall_ns();
        spw_span_end(spw_span_start(NULL, "later", NULL));
        assert_int_equal(spw_flush(PATIENCE_MS), SPW_OK);
        uint64_t start = capture_named(c, "later")->start_time_unix_nano;
        assert_in_range(start, began - SECOND, began + PATIENCE_MS * UINT64_C(1000000));
        capture_stop(c);
    }
}

/* ---- waits ---- */

static void start_with(const char *endpoint, uint32_t delay_ms)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter_name = "otlp";
    pipeline.schedule_delay_ms = delay_ms;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.otlp_endpoint = endpoint;
    options.log_level = SPW_LOG_ERROR;
    assert_int_equal(spw_start(&options), SPW_OK);
}

/* Neither at once, nor in an hour. */
static void the_schedule_delay_is_what_it_was(void **state)
{
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        http_peer *peer = http_peer_start();
        clock_step_to(0);
        start_with(http_peer_url(peer), 300);
        uint64_t begun = mono_ms();
        spw_span_end(spw_span_start(NULL, "span", NULL));
        usleep(50000);
        clock_step_to(steps[i]);
        assert_true(http_peer_wait(peer, 1, PATIENCE_MS));
        assert_true(mono_ms() - begun >= 300);
        assert_int_equal(spw_shutdown(PATIENCE_MS), SPW_OK);
        http_peer_stop(peer);
    }
}

static void a_back_off_comes_to_its_end(void **state)
{
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        http_peer *peer = http_peer_start();
        clock_step_to(0);
        http_peer_then(peer, (http_peer_answer){ .status = 503, .headers = "Retry-After: 1\r\n" });
        start_with(http_peer_url(peer), 1);
        spw_span_end(spw_span_start(NULL, "span", NULL));
        assert_true(http_peer_wait(peer, 1, PATIENCE_MS));
        uint64_t refused = mono_ms();
        clock_step_to(steps[i]);
        assert_true(http_peer_wait(peer, 2, PATIENCE_MS));
        assert_true(mono_ms() - refused >= 900);
        assert_int_equal(spw_shutdown(PATIENCE_MS), SPW_OK);
        http_peer_stop(peer);
    }
}

/* A date is the server's time against ours: long past it is now, far ahead it is five minutes, and a flush cuts that short. */
static void a_date_to_retry_after_is_never_waited_for_long(void **state)
{
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        char header[80];
        http_peer *peer = http_peer_start();
        clock_step_to(0);
        time_t in_two_seconds = time(NULL) + 2;
        strftime(header, sizeof header, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&in_two_seconds));
        http_peer_then(peer, (http_peer_answer){ .status = 503, .headers = header });
        clock_step_to(steps[i]);
        start_with(http_peer_url(peer), 1);
        spw_span_end(spw_span_start(NULL, "span", NULL));
        assert_true(http_peer_wait(peer, 1, PATIENCE_MS));
        usleep(100000); /* it has the answer, or gets it in the flush */
        spw_result result = SPW_ERR_TIMEOUT;
        for (uint64_t begun = mono_ms(); result == SPW_ERR_TIMEOUT && mono_ms() - begun < PATIENCE_MS;)
            result = spw_flush(500);
        assert_int_equal(result, SPW_OK);
        assert_int_equal(spw_shutdown(PATIENCE_MS), SPW_OK);
        http_peer_stop(peer);
    }
}

static void deadlines_hold(void **state)
{
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        http_peer *peer = http_peer_start();
        http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
        clock_step_to(0);
        start_with(http_peer_url(peer), 1);
        spw_span_end(spw_span_start(NULL, "span", NULL));
        assert_true(http_peer_wait(peer, 1, PATIENCE_MS));
        clock_step_to(steps[i]);
        uint64_t begun = mono_ms();
        assert_int_equal(spw_flush(300), SPW_ERR_TIMEOUT);
        assert_int_equal(spw_shutdown(300), SPW_ERR_TIMEOUT);
        uint64_t took = mono_ms() - begun;
        assert_in_range(took, 550, PATIENCE_MS);
        http_peer_stop(peer);
    }
}

/* ---- a shutdown that waits for a flush to come out ---- */

static uint32_t inside, let_go; /* atomic */

static spw_result flush_slowly(spw_processor *self, uint32_t timeout_ms)
{
    (void)self;
    (void)timeout_ms;
    __atomic_store_n(&inside, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&let_go, __ATOMIC_SEQ_CST))
        usleep(1000);
    return SPW_OK;
}

static void *flush(void *arg)
{
    (void)spw_flush(PATIENCE_MS);
    return arg;
}

/* By the wall clock it would wait for the hour, too. */
static void a_shutdown_waits_for_no_wall_clock(void **state)
{
    (void)state;
    static spw_processor slow = { .struct_size = sizeof slow, .name = "slow", .flush = flush_slowly };
    static spw_processor *const processors[] = { &slow };
    pthread_t thread;
    capture *c = capture_new();
    spw_options options = SPW_OPTIONS_INIT;
    options.processors = processors;
    options.processor_count = 1;
    options.log_level = SPW_LOG_ERROR;
    clock_step_to(HOUR);
    capture_start(c, &options);
    assert_int_equal(pthread_create(&thread, NULL, flush, NULL), 0);
    while (!__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
        usleep(1000);
    uint64_t begun = mono_ms();
    (void)spw_shutdown(100);
    assert_in_range(mono_ms() - begun, 900, PATIENCE_MS); /* a second for who only has to take his answer */
    __atomic_store_n(&let_go, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    capture_free(c);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_teardown(fn, back_to_now)
    const struct CMUnitTest tests[] = {
        TEST(spans_keep_their_order_and_length),
        TEST(the_schedule_delay_is_what_it_was),
        TEST(a_back_off_comes_to_its_end),
        TEST(a_date_to_retry_after_is_never_waited_for_long),
        TEST(deadlines_hold),
        TEST(a_shutdown_waits_for_no_wall_clock),
    };
    alarm(110); /* a wait by the wall clock would be an hour */
    return cmocka_run_group_tests_name("clock steps", tests, NULL, NULL);
}
