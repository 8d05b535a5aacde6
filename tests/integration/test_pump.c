/* Pump mode: a program's own loop runs the SDK. What arrives, when it is called, what it costs, and a program that does not call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <spanwire/pump.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/host_loop.h"
#include "support/http_peer.h"
#include "support/script_exporter.h"
#include "support/threads.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void record(int n)
{
    for (int i = 0; i < n; i++)
        spw_span_end(spw_span_start(NULL, "work", NULL));
}

static uint64_t wakeups(void)
{
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    return stats.wakeups;
}

static bool all_exported(void *arg)
{
    return account().exported == *(const uint64_t *)arg;
}

static bool exported(uint64_t n)
{
    return host_loop_until(all_exported, &n, 20000);
}

static void say_nothing(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    (void)level;
    (void)text;
}

/* With one exporter, or (NULL) OTLP to an endpoint. */
static void start(struct script_exporter *e, const char *endpoint, uint32_t delay_ms, bool pump)
{
    spw_error error = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = e ? script_exporter_base(e) : NULL;
    pipeline.exporter_name = e ? NULL : "otlp";
    pipeline.schedule_delay_ms = delay_ms;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.otlp_endpoint = endpoint;
    options.log_fn = say_nothing;
    options.error = &error;
    options.pump = pump;
    if (spw_start(&options) != SPW_OK)
        fail_msg("%s", error.text);
}

/* ---- delivering ---- */

static void it_delivers_over_http_without_a_thread(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    unsigned before = threads_count(NULL);
    start(NULL, http_peer_url(peer), 5, true);
    assert_int_equal(threads_count(NULL), before);
    for (uint64_t n = 1; n <= 5; n++) {
        record(100);
        assert_true(exported(100 * n));
        assert_int_equal(threads_count(NULL), before);
    }
    assert_true(http_peer_requests(peer) >= 5);
    assert_int_equal(http_peer_connections(peer), 1);
    record(10);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(threads_count(NULL), before);
    assert_int_equal(account().exported, 510);
    assert_identity();
    http_peer_stop(peer);
}

/* They share the one loop: four answers that take 100 ms each come beside one another. */
static void several_exports_at_once_need_no_thread(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 100 });
    unsigned before = threads_count(NULL);
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = "otlp";
    pipeline.max_export_batch_size = 50;
    pipeline.max_concurrent_exports = 4;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.otlp_endpoint = http_peer_url(peer);
    options.log_fn = say_nothing;
    options.pump = true;
    assert_int_equal(spw_start(&options), SPW_OK);
    record(800);
    assert_true(exported(800));
    assert_int_equal(threads_count(NULL), before);
    assert_int_equal(http_peer_requests(peer), 16);
    assert_int_equal(http_peer_connections(peer), 4);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_identity();
    http_peer_stop(peer);
}

static void flush_and_shutdown_need_no_steps(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 60000, true);
    record(1000);
    assert_int_equal(account().exported, 0);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(account().exported, 1000);
    record(10);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(account().exported, 1010);
    assert_identity();
    assert_int_equal(spw_pump_fd(), -1);
    assert_int_equal(spw_pump_timeout_ms(), -1);
    assert_int_equal(spw_pump_step(), SPW_ERR_NOT_STARTED);
    script_exporter_free(e);
}

/* Nobody answers: their deadlines hold, and nothing is lost before the last. */
static void flush_and_shutdown_keep_their_deadlines(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    start(e, NULL, 1, true);
    record(7);
    uint64_t begun = now_ms();
    assert_int_equal(spw_flush(100), SPW_ERR_TIMEOUT);
    assert_int_equal(account().in_flight, 7);
    assert_int_equal(spw_shutdown(100), SPW_ERR_TIMEOUT);
    assert_true(now_ms() - begun >= 200 && now_ms() - begun < 15000); /* and not the export's timeout, 30 s */
    assert_int_equal(account().dropped[SPW_DROP_SHUTDOWN_DEADLINE], 7);
    assert_int_equal(script_exporter_cancels(e), 1);
    assert_identity();
    script_exporter_free(e);
}

/* The exporter has a thread, and its answer makes the descriptor ready. */
static void an_exporter_that_blocks_holds_up_no_step(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_block(e);
    unsigned before = threads_count(NULL);
    start(e, NULL, 1, true);
    assert_int_equal(threads_count(NULL), before + 1);
    record(3);
    for (uint64_t until = now_ms() + 20000; account().in_flight == 0 && now_ms() < until;) {
        host_loop_ready(1);
        assert_int_equal(spw_pump_step(), SPW_OK);
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(spw_pump_step(), SPW_OK); /* each returns, though it is blocked */
    assert_false(host_loop_ready(0));
    assert_int_equal(account().in_flight, 3);
    script_exporter_release(e);
    assert_true(host_loop_ready(20000));
    assert_true(exported(3));
    spw_shutdown(20000);
    script_exporter_free(e);
}

/* ---- when it is called ---- */

static void nothing_to_do_is_no_call_and_no_work(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 1, true);
    assert_int_equal(spw_pump_timeout_ms(), -1); /* the start has taken the first step */
    assert_false(host_loop_ready(0));
    for (int i = 0; i < 10000; i++)
        assert_int_equal(spw_pump_step(), SPW_OK);
    assert_int_equal(spw_pump_timeout_ms(), -1);
    assert_false(host_loop_ready(0));
    assert_int_equal(wakeups(), 0);
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* One for the first record; then the delay is the timeout's business, and the descriptor stays quiet. */
static void a_batch_is_one_call(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 30000, true);
    record(100);
    assert_int_equal(wakeups(), 1);
    assert_true(host_loop_ready(0));
    assert_int_equal(spw_pump_step(), SPW_OK);
    assert_false(host_loop_ready(0));
    int timeout = spw_pump_timeout_ms();
    assert_true(timeout > 10000 && timeout <= 30001); /* rounded up: never early */
    record(100);
    assert_int_equal(wakeups(), 1);
    record(400); /* a batch is full */
    assert_int_equal(wakeups(), 2);
    assert_true(host_loop_ready(0));
    assert_true(exported(512));
    spw_shutdown(1000);
    script_exporter_free(e);
}

static void a_retry_comes_through_the_timeout(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .status = SPW_EXPORT_RETRY, .retry_after_ms = 400 });
    start(e, NULL, 1, true);
    record(5);
    while (script_exporter_submits(e) == 0) {
        host_loop_ready(1);
        assert_int_equal(spw_pump_step(), SPW_OK);
    }
    uint64_t failed = now_ms();
    while (spw_pump_timeout_ms() == 0)
        assert_int_equal(spw_pump_step(), SPW_OK);
    int timeout = spw_pump_timeout_ms();
    assert_true(timeout > 0 && timeout <= 401);
    assert_false(host_loop_ready((uint32_t)timeout));
    assert_int_equal(script_exporter_submits(e), 1);
    assert_true(exported(5));
    assert_true(now_ms() - failed >= 399);
    assert_int_equal(script_exporter_submits(e), 2);
    assert_true(script_exporter_retries_same(e));
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* The end of an export's time, too. */
static void an_exports_time_ends_by_the_timeout(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_exporter_push(e, (struct script_answer){ .hang = true });
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = script_exporter_base(e);
    pipeline.schedule_delay_ms = SPW_NOW;
    pipeline.export_timeout_ms = 50;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_fn = say_nothing;
    options.pump = true;
    assert_int_equal(spw_start(&options), SPW_OK);
    record(1);
    assert_true(exported(1));
    assert_int_equal(account().ambiguous, 1);
    assert_int_equal(script_exporter_cancels(e), 1);
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* ---- a program that does not call ---- */

static void a_program_that_never_pumps_loses_what_has_no_room(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 1, true);
    record(10000);
    assert_int_equal(account().queued, 2048);
    assert_int_equal(account().dropped[SPW_DROP_QUEUE_FULL], 10000 - 2048);
    assert_true(wakeups() <= 1);
    assert_identity();
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(account().exported, 2048);
    assert_identity();
    script_exporter_free(e);
}

/* ---- processes and sessions ---- */

/* Returns an exit code. */
static int child_life(void)
{
    if (spw_pump_fd() != -1 || spw_pump_timeout_ms() != -1 || spw_pump_step() != SPW_ERR_NOT_STARTED)
        return 10;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 1, true);
    record(3);
    if (spw_pump_fd() < 0 || !exported(3) || spw_shutdown(20000) != SPW_OK)
        return 11;
    return 0;
}

static void a_child_has_no_pump(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    start(e, NULL, 1, true);
    int fd = spw_pump_fd();
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    record(2);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child_life());
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(spw_pump_fd(), fd);
    assert_true(exported(2));
    spw_shutdown(1000);
    assert_identity();
    script_exporter_free(e);
}

static void with_a_thread_and_without_in_turns(void **state)
{
    (void)state;
    unsigned without = threads_count(NULL);
    for (int round = 0; round < 20; round++) {
        bool pump = round % 2;
        struct script_exporter *e = script_exporter_new();
        start(e, NULL, 1, pump);
        assert_int_equal(threads_count(NULL), pump ? without : without + 1);
        assert_true(pump == (spw_pump_fd() >= 0));
        assert_int_equal(spw_pump_step(), pump ? SPW_OK : SPW_ERR_NOT_STARTED);
        record(20);
        if (pump)
            assert_true(exported(20));
        record(20);
        assert_int_equal(spw_shutdown(20000), SPW_OK);
        assert_int_equal(account().exported, 40);
        assert_identity();
        assert_int_equal(threads_count(NULL), without);
        script_exporter_free(e);
    }
}

/* ---- idle ---- */

/* The descriptor stays quiet and the timeout infinite once the last memory is given back, 10 s after the last span. */
static void idle_is_silent_in_pump_mode(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    start(NULL, http_peer_url(peer), 1, true);
    record(10);
    assert_true(exported(10));
    assert_true(host_loop_until_idle(30000));
    assert_int_equal(wakeups(), 1);
    assert_false(host_loop_ready(3000));
    assert_int_equal(spw_pump_timeout_ms(), -1);
    spw_shutdown(20000);
    http_peer_stop(peer);
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
        cmocka_unit_test_teardown(it_delivers_over_http_without_a_thread, stop),
        cmocka_unit_test_teardown(several_exports_at_once_need_no_thread, stop),
        cmocka_unit_test_teardown(flush_and_shutdown_need_no_steps, stop),
        cmocka_unit_test_teardown(flush_and_shutdown_keep_their_deadlines, stop),
        cmocka_unit_test_teardown(an_exporter_that_blocks_holds_up_no_step, stop),
        cmocka_unit_test_teardown(nothing_to_do_is_no_call_and_no_work, stop),
        cmocka_unit_test_teardown(a_batch_is_one_call, stop),
        cmocka_unit_test_teardown(a_retry_comes_through_the_timeout, stop),
        cmocka_unit_test_teardown(an_exports_time_ends_by_the_timeout, stop),
        cmocka_unit_test_teardown(a_program_that_never_pumps_loses_what_has_no_room, stop),
        cmocka_unit_test_teardown(a_child_has_no_pump, stop),
        cmocka_unit_test_teardown(with_a_thread_and_without_in_turns, stop),
        cmocka_unit_test_teardown(idle_is_silent_in_pump_mode, stop),
    };
    return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
