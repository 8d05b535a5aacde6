/* Starting, flushing, stopping, retrying: what the SDK promises about delivery, seen from outside through a scripted exporter. */
#include <pthread.h>
#include <setjmp.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/script_exporter.h"
#include "support/threads.h"

/* What is to happen may take so long on a machine that has other things to do; what is not to be waited for takes longer. */
enum { PATIENCE_MS = 20000, SOON_MS = 4000 };

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void record(int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_set_int(span, "i", i);
        spw_span_end(span);
    }
}

static void test_flush_delivers(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    record(3, "a");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(script_exporter_spans(e), 3);
    assert_int_equal(script_exporter_submits(e), 1);
    record(2000, "b");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(script_exporter_named(e, "b"), 2000);
    assert_identity();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_identity();
    script_exporter_free(e);
}

/* When so many have come, with no flush: in ms, or not within 20 s. */
static uint64_t arrival(struct script_exporter *e, size_t spans, uint64_t begun)
{
    while (script_exporter_spans(e) < spans && now_ms() - begun < PATIENCE_MS)
        usleep(1000);
    assert_int_equal(script_exporter_spans(e), spans);
    return now_ms() - begun;
}

static void test_size_and_delay(void **state)
{
    (void)state;
    struct script_exporter *whole = script_exporter_new(), *part = script_exporter_new();
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.max_queue_size = 4096;
    p.max_export_batch_size = 100;
    p.schedule_delay_ms = 10 * PATIENCE_MS;
    script_start(whole, &p);
    record(100, "full"); /* a whole batch goes at once... */
    (void)arrival(whole, 100, now_ms());
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    p.schedule_delay_ms = 150;
    script_start(part, &p);
    uint64_t begun = now_ms();
    record(5, "few"); /* ...a part of one after the delay */
    assert_true(arrival(part, 5, begun) >= 149);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    script_exporter_free(whole);
    script_exporter_free(part);
}

static void test_second_start(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    spw_error error = SPW_ERROR_INIT;
    spw_options again = SPW_OPTIONS_INIT;
    again.log_level = SPW_LOG_NONE;
    again.error = &error;
    assert_int_equal(spw_start(&again), SPW_ERR_ALREADY_STARTED);
    assert_non_null(strstr(error.text, "already started"));
    record(1, "still works");
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(script_exporter_spans(e), 1);
    script_exporter_free(e);
}

/* Its objects are taken over and destroyed, but for those that run: a program that starts twice with the same options goes on. */
static void test_second_start_with_objects(void **state)
{
    (void)state;
    for (int blocks = 0; blocks < 2; blocks++) {
        struct script_exporter *running = script_exporter_new(), *other = script_exporter_new();
        if (blocks) {
            script_exporter_block(running);
            script_exporter_release(running); /* it may, and does not */
        }
        spw_pipeline_options p[2] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
        p[0].exporter = script_exporter_base(running);
        p[1].exporter = script_exporter_base(other);
        spw_options options = SPW_OPTIONS_INIT;
        options.log_level = SPW_LOG_ERROR;
        options.pipelines = p;
        options.pipeline_count = 1;
        assert_int_equal(spw_start(&options), SPW_OK);
        options.pipeline_count = 2;
        assert_int_equal(spw_start(&options), SPW_ERR_ALREADY_STARTED);
        assert_false(script_exporter_destroyed(running));
        assert_true(script_exporter_destroyed(other));
        record(1, "still works");
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        assert_int_equal(script_exporter_spans(running), 1);
        script_exporter_free(running);
        script_exporter_free(other);
    }
}

static void test_restart(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        struct script_exporter *e = script_exporter_new();
        script_start(e, NULL);
        record(700, "round");
        spw_span open = spw_span_start(NULL, "open over the shutdown", NULL);
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        assert_int_equal(script_exporter_spans(e), 700);
        spw_set_int(open, "late", 1);
        spw_span_end(open);
        assert_int_equal(account().dropped[SPW_DROP_ALREADY_SHUTDOWN], 1);
        assert_int_equal(account().ended, 701);
        assert_identity();
        assert_true(script_exporter_destroyed(e));
        script_exporter_free(e);
    }
    assert_int_equal(spw_shutdown(10), SPW_OK); /* idempotent */
    assert_int_equal(spw_flush(10), SPW_ERR_NOT_STARTED);
}

static uint64_t open_spans(void)
{
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    return s.spans_open;
}

static void test_open_spans_over_a_restart(void **state)
{
    (void)state;
    struct script_exporter *first = script_exporter_new(), *second = script_exporter_new();
    spw_span old[3], new[2];
    script_start(first, NULL);
    uint64_t before = open_spans();
    for (int i = 0; i < 3; i++)
        old[i] = spw_span_start(NULL, "old", NULL);
    assert_int_equal(open_spans() - before, 3);
    spw_shutdown(1000);
    script_start(second, NULL);
    for (int i = 0; i < 2; i++)
        new[i] = spw_span_start(NULL, "new", NULL);
    assert_int_equal(open_spans() - before, 5);
    for (int i = 0; i < 3; i++)
        spw_span_end(old[i]);
    assert_int_equal(open_spans() - before, 2);
    for (int i = 0; i < 2; i++)
        spw_span_end(new[i]);
    assert_int_equal(open_spans(), before);
    spw_shutdown(1000);
    assert_identity();
    script_exporter_free(first);
    script_exporter_free(second);
}

static void test_span_from_earlier_session(void **state)
{
    (void)state;
    struct script_exporter *first = script_exporter_new(), *second = script_exporter_new();
    static spw_tracer tracer = SPW_TRACER_INIT("lib", "1");
    script_start(first, NULL);
    spw_span old = spw_span_start(&tracer, "old", NULL);
    spw_shutdown(1000);
    script_start(second, NULL);
    spw_span_end(old); /* its session is over: it must not turn up in this one */
    spw_span_end(spw_span_start(&tracer, "new", NULL));
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(script_exporter_spans(second), 1);
    assert_int_equal(script_exporter_named(second, "new"), 1);
    assert_int_equal(account().dropped[SPW_DROP_ALREADY_SHUTDOWN], 1);
    assert_identity();
    spw_shutdown(1000);
    script_exporter_free(first);
    script_exporter_free(second);
}

static void test_retry_keeps_everything(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    for (int i = 0; i < 2; i++)
        script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 20, .ambiguous = i == 1 });
    script_start(e, NULL);
    record(50, "kept");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(script_exporter_spans(e), 50);
    assert_int_equal(script_exporter_submits(e), 3);
    assert_true(script_exporter_retries_same(e));
    assert_int_equal(account().retries, 2);
    assert_int_equal(account().ambiguous, 50);
    assert_identity();
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void test_permanent_is_counted(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_PERMANENT });
    script_start(e, NULL);
    record(7, "refused");
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(script_exporter_submits(e), 1);
    assert_int_equal(account().dropped[SPW_DROP_PERMANENT], 7);
    assert_identity();
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void test_partial_success(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_DELIVERED, .rejected = 3 });
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_DELIVERED, .rejected = 1000 }); /* more than was sent */
    script_start(e, NULL);
    record(10, "some");
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(account().rejected, 3);
    record(10, "all");
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(account().rejected, 13);
    assert_int_equal(account().exported, 7);
    assert_identity();
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void test_maximum_age(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    for (int i = 0; i < 40; i++)
        script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 20 });
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.max_age_ms = 100;
    script_start(e, &p);
    record(4, "old");
    assert_int_equal(spw_flush(20000), SPW_ERR_INCOMPLETE);
    assert_int_equal(account().dropped[SPW_DROP_RETRY_EXHAUSTED], 4);
    assert_identity();
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* An exporter that never answers: the deadlines hold, what is left is counted. */
static void test_hanging_exporter(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    script_start(e, NULL);
    record(600, "stuck");
    uint64_t begun = now_ms();
    assert_int_equal(spw_flush(200), SPW_ERR_TIMEOUT);
    assert_true(now_ms() - begun < SOON_MS); /* and not its export timeout, 30 s */
    assert_identity();
    begun = now_ms();
    assert_int_equal(spw_shutdown(200), SPW_ERR_TIMEOUT);
    assert_true(now_ms() - begun < SOON_MS);
    assert_int_equal(script_exporter_cancels(e), 1);
    assert_int_equal(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE], 600);
    assert_int_equal(account().queued + account().in_flight, 0);
    assert_identity();
    script_exporter_free(e);
}

static void *flush_long(void *arg)
{
    *(spw_result *)arg = spw_flush(30000);
    return NULL;
}

/* A shutdown does not queue up behind somebody's long flush: it ends it. */
static void test_shutdown_during_a_flush(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    script_start(e, NULL);
    record(10, "stuck");
    spw_result flushed = SPW_OK;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, flush_long, &flushed), 0);
    while (!script_exporter_submits(e)) /* the flush sends it: the delay is 5 s */
        usleep(1000);
    uint64_t begun = now_ms();
    assert_int_equal(spw_flush(SPW_NOW), SPW_ERR_TIMEOUT); /* does not wait */
    assert_true(now_ms() - begun < SOON_MS);
    assert_int_equal(spw_shutdown(200), SPW_ERR_TIMEOUT);
    pthread_join(thread, NULL);
    assert_true(now_ms() - begun < SOON_MS); /* and not 30 s */
    assert_int_equal(flushed, SPW_ERR_TIMEOUT);
    assert_identity();
    script_exporter_free(e);
}

static void test_export_timeout_retries(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.export_timeout_ms = 100;
    script_start(e, &p);
    record(5, "second try");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(script_exporter_cancels(e), 1);
    assert_int_equal(script_exporter_spans(e), 5);
    assert_int_equal(account().ambiguous, 5);
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* A blocked exporter holds up neither the other pipeline nor the shutdown, and is destroyed when it comes back. */
static void test_blocking_exporter(void **state)
{
    (void)state;
    struct script_exporter *slow = script_exporter_new(), *quick = script_exporter_new();
    script_exporter_block(slow);
    spw_pipeline_options p[2] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
    p[0].exporter = script_exporter_base(slow);
    p[1].exporter = script_exporter_base(quick);
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = p;
    options.pipeline_count = 2;
    assert_int_equal(spw_start(&options), SPW_OK);
    record(1000, "x");
    assert_int_equal(spw_flush(300), SPW_ERR_TIMEOUT);
    (void)arrival(quick, 1000, now_ms());
    uint64_t begun = now_ms();
    assert_int_equal(spw_shutdown(200), SPW_ERR_TIMEOUT);
    assert_true(now_ms() - begun < SOON_MS);
    assert_identity();
    assert_false(script_exporter_destroyed(slow));
    script_exporter_release(slow);
    script_exporter_free(slow); /* waits for its thread to let go */
    script_exporter_free(quick);
}

/* At its limit a pipeline drops the newest and counts; the other pipeline gets everything. */
static void test_queue_full_of_one(void **state)
{
    (void)state;
    struct script_exporter *dead = script_exporter_new(), *live = script_exporter_new();
    script_exporter_push(dead, (struct script_answer){ .hang = true });
    spw_pipeline_options p[2] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
    p[0].exporter = script_exporter_base(dead);
    p[0].max_queue_size = 100;
    p[0].max_export_batch_size = 10;
    p[1].exporter = script_exporter_base(live);
    p[1].max_queue_size = 100000;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = p;
    options.pipeline_count = 2;
    assert_int_equal(spw_start(&options), SPW_OK);
    record(5000, "y");
    assert_int_equal(spw_flush(300), SPW_ERR_TIMEOUT);
    (void)arrival(live, 5000, now_ms());
    assert_int_equal(spw_flush(50), SPW_ERR_TIMEOUT); /* the last answer is taken */
    spw_stats s = SPW_STATS_INIT;
    spw_stats_get(&s);
    assert_int_equal(s.pipelines[0].dropped[SPW_DROP_QUEUE_FULL], 4900);
    assert_int_equal(s.pipelines[0].queued + s.pipelines[0].in_flight, 100);
    assert_int_equal(s.pipelines[1].exported, 5000);
    assert_identity();
    spw_shutdown(100);
    assert_identity();
    script_exporter_free(dead);
    script_exporter_free(live);
}

static int lines;
static char last_line[512];

static void keep_line(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", text);
}

/* A start that fails says so once, with cause and cure, also to a program that does not ask; recording stays a no-op. */
static void test_failed_start_is_said(void **state)
{
    (void)state;
    static const char *const settings[][3] = {
        { "OTEL_TRACES_EXPORTER", "file", "set SPANWIRE_TRACES_FILE" },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317", "4318" },
        { "OTEL_CONFIG_FILE", "/etc/otel.yaml", "unset it" },
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        setenv(settings[i][0], settings[i][1], 1);
        lines = 0;
        spw_options options = SPW_OPTIONS_INIT;
        options.log_fn = keep_line;
        assert_int_not_equal(spw_start(&options), SPW_OK);
        unsetenv(settings[i][0]);
        assert_int_equal(lines, 1);
        assert_non_null(strstr(last_line, settings[i][2]));
        assert_false(spw_is_recording(spw_span_start(NULL, "nothing", NULL)));
        assert_int_equal(spw_flush(10), SPW_ERR_NOT_STARTED);
    }
}

/* Options of another version are told why a start failed, too, if they reach that far. */
static void test_any_size_of_options_is_told(void **state)
{
    (void)state;
    struct {
        spw_options options;
        char more[64];
    } longer = { .options = SPW_OPTIONS_INIT };
    spw_error error = SPW_ERROR_INIT;
    longer.options.struct_size = sizeof longer;
    longer.options.otlp_compression = "zip";
    longer.options.log_fn = keep_line;
    longer.options.error = &error;
    assert_int_equal(spw_start(&longer.options), SPW_ERR_INVALID);
    assert_int_equal(error.code, SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "zip"));
    error = (spw_error)SPW_ERROR_INIT;
    for (size_t wrong = 0; wrong < 2; wrong++) {
        longer.options.struct_size = wrong ? SIZE_MAX : offsetof(spw_options, error);
        assert_int_equal(spw_start(&longer.options), SPW_ERR_INVALID);
        assert_int_equal(error.code, SPW_OK); /* nothing there to be written to */
    }
}

static void test_disabled(void **state)
{
    (void)state;
    setenv("OTEL_SDK_DISABLED", "true", 1);
    assert_int_equal(spw_start(NULL), SPW_OK);
    spw_span span = spw_span_start(NULL, "nothing", NULL);
    assert_false(spw_is_recording(span));
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK); /* nothing is left, so a program that checks has nothing to complain of */
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(spw_flush(100), SPW_ERR_NOT_STARTED);
    unsetenv("OTEL_SDK_DISABLED");
}

/* Once what there was to do is done. */
static uint64_t settled_switches(void)
{
    uint64_t before = UINT64_MAX, now = threads_switches("spanwire");
    for (int i = 0; i < 100 && now != before; i++) {
        before = now;
        usleep(200000);
        now = threads_switches("spanwire");
    }
    return now;
}

static void test_no_wakeups_when_idle(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.schedule_delay_ms = 20;
    script_start(e, &p);
    record(10, "z");
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(threads_count("spanwire"), 1);
    uint64_t before = settled_switches();
    usleep(1000000);
    assert_true(threads_switches("spanwire") - before <= 1); /* the trim, 10 s after the last span */
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* A test that fails half-way must not take the others with it. */
static int stop(void **state)
{
    (void)state;
    spw_shutdown(0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_flush_delivers, stop),
        cmocka_unit_test_teardown(test_size_and_delay, stop),
        cmocka_unit_test_teardown(test_second_start, stop),
        cmocka_unit_test_teardown(test_second_start_with_objects, stop),
        cmocka_unit_test_teardown(test_restart, stop),
        cmocka_unit_test_teardown(test_span_from_earlier_session, stop),
        cmocka_unit_test_teardown(test_open_spans_over_a_restart, stop),
        cmocka_unit_test_teardown(test_retry_keeps_everything, stop),
        cmocka_unit_test_teardown(test_permanent_is_counted, stop),
        cmocka_unit_test_teardown(test_partial_success, stop),
        cmocka_unit_test_teardown(test_maximum_age, stop),
        cmocka_unit_test_teardown(test_hanging_exporter, stop),
        cmocka_unit_test_teardown(test_shutdown_during_a_flush, stop),
        cmocka_unit_test_teardown(test_export_timeout_retries, stop),
        cmocka_unit_test_teardown(test_blocking_exporter, stop),
        cmocka_unit_test_teardown(test_queue_full_of_one, stop),
        cmocka_unit_test_teardown(test_failed_start_is_said, stop),
        cmocka_unit_test_teardown(test_any_size_of_options_is_told, stop),
        cmocka_unit_test_teardown(test_disabled, stop),
        cmocka_unit_test_teardown(test_no_wakeups_when_idle, stop),
    };
    return cmocka_run_group_tests_name("sdk", tests, NULL, NULL);
}
