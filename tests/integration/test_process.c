/* Processes: exit without shutdown, fork, a child that starts an SDK of its own. Real HTTP to a scripted peer. */
#include <setjmp.h>
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

#include "support/http_peer.h"
#include "support/script_exporter.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int wait_for(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* In the child: records nothing, crashes nowhere, its parent's span is still a parent. Then an SDK of its own. Returns an exit code. */
static int child_life(spw_span parents)
{
    if (spw_is_recording(parents))
        return 10;
    spw_set_int(parents, "from the child", 1);
    spw_span_end(parents);
    spw_context context = spw_context_with_span(NULL, parents);
    spw_span_options under = SPW_SPAN_OPTIONS_INIT;
    under.parent = &context;
    spw_span carried = spw_span_start(NULL, "carried", &under);
    if (carried.handle || memcmp(carried.trace_id, parents.trace_id, 16) != 0)
        return 11;
    if (spw_flush(100) != SPW_ERR_NOT_STARTED || spw_shutdown(100) != SPW_OK)
        return 12;

    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    spw_span own = spw_span_start(NULL, "own", &under);
    if (!own.handle || spw_is_recording(parents))
        return 13;
    spw_span_end(parents); /* an inherited handle must not hit a slot of ours */
    spw_span_end(own);
    if (spw_shutdown(2000) != SPW_OK || script_exporter_spans(e) != 1)
        return 14;
    return 0;
}

/* AddressSanitizer's allocator keeps a lock that another thread held at the fork: let the worker fall asleep first. */
static void rest_where_fork_is_fragile(void)
{
#if defined(__SANITIZE_ADDRESS__)
    (void)spw_flush(1000);
    usleep(50000);
#endif
}

static void fork_and_check(pid_t (*fork_fn)(void))
{
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    spw_span span = spw_span_start(NULL, "parent", NULL);
    spw_span_end(spw_span_start(NULL, "before", NULL));
    rest_where_fork_is_fragile();
    pid_t pid = fork_fn();
    if (pid == 0)
        _exit(child_life(span));
    assert_int_equal(wait_for(pid), 0);
    spw_span_end(span);
    assert_int_equal(spw_shutdown(20000), SPW_OK);
    assert_int_equal(script_exporter_spans(e), 2);
    assert_identity();
    script_exporter_free(e);
}

/* ThreadSanitizer's runtime knows no threads started in a forked child. */
static void skip_where_children_have_no_threads(void)
{
#if defined(__SANITIZE_THREAD__)
    bool skipped = true;
#elif defined(__has_feature)
    bool skipped = __has_feature(thread_sanitizer);
#else
    bool skipped = false;
#endif
    if (skipped) {
        print_message("skip - no threads in forked children under the thread sanitizer\n");
        skip();
    }
}

static void test_fork(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    for (int i = 0; i < 20; i++)
        fork_and_check(fork);
}

static pid_t raw_clone(void)
{
    return (pid_t)syscall(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
}

/* What was attached before the fork is the child's context, although it has no SDK. */
static void test_context_after_fork(void **state)
{
    (void)state;
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    spw_span parent = spw_span_start(NULL, "parent", NULL);
    spw_context context = spw_context_with_span(NULL, parent);
    spw_token token = spw_context_attach(&context);
    pid_t pid = fork();
    if (pid == 0) {
        spw_span child = spw_span_start(NULL, "child", NULL);
        _exit(child.handle == 0 && memcmp(child.trace_id, parent.trace_id, 16) == 0 ? 0 : 1);
    }
    assert_int_equal(wait_for(pid), 0);
    spw_context_detach(token);
    spw_span_end(parent);
    spw_shutdown(1000);
    script_exporter_free(e);
}

/* No atfork handler runs for it: only the wiped page tells. */
static void test_raw_clone(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    fork_and_check(raw_clone);
}

/* Ids of parent and child never meet: the child seeds anew. */
static void test_ids_differ_after_fork(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    struct script_exporter *e = script_exporter_new();
    script_start(e, NULL);
    spw_span_end(spw_span_start(NULL, "seed", NULL));
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    rest_where_fork_is_fragile();
    pid_t pid = fork();
    if (pid == 0) {
        struct script_exporter *mine = script_exporter_new();
        script_start(mine, NULL);
        spw_span span = spw_span_start(NULL, "child", NULL);
        _exit(write(pipes[1], &span, sizeof span) == (ssize_t)sizeof span ? 0 : 1);
    }
    spw_span ours = spw_span_start(NULL, "parent", NULL), theirs;
    assert_int_equal(read(pipes[0], &theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(wait_for(pid), 0);
    assert_memory_not_equal(ours.trace_id, theirs.trace_id, 16);
    assert_memory_not_equal(ours.span_id, theirs.span_id, 8);
    spw_span_end(ours);
    spw_shutdown(1000);
    script_exporter_free(e);
    close(pipes[0]);
    close(pipes[1]);
}

/* ---- exit without shutdown ---- */

static size_t spans_received(http_peer *peer)
{
    size_t spans = 0;
    for (size_t i = 0; i < http_peer_requests(peer); i++) {
        size_t size = 0;
        uint8_t *body = http_peer_plain_body(http_peer_request_at(peer, i), &size);
        Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request =
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, body);
        assert_non_null(request);
        for (size_t r = 0; r < request->n_resource_spans; r++)
            for (size_t s = 0; s < request->resource_spans[r]->n_scope_spans; s++)
                spans += request->resource_spans[r]->scope_spans[s]->n_spans;
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
        free(body);
    }
    return spans;
}

/* With that exit timeout; "0" is the default, a second. */
static void run_child(const char *how, const char *endpoint, const char *exit_timeout_ms)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, 1);
        setenv("OTEL_LOG_LEVEL", "none", 1);
        execl(SPW_EXIT_CHILD, "exit_child", how, exit_timeout_ms, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(wait_for(pid), 0);
}

static void exits_deliver(const char *how, int times)
{
    http_peer *peer = http_peer_start();
    for (int i = 0; i < times; i++)
        run_child(how, http_peer_url(peer), "20000");
    assert_int_equal(spans_received(peer), times);
    http_peer_stop(peer);
}

static void test_return_from_main(void **state)
{
    (void)state;
    exits_deliver("return", 50);
}

static void test_exit(void **state)
{
    (void)state;
    exits_deliver("exit", 20);
}

/* Nobody has stepped; the exiting thread delivers. */
static void test_exit_in_pump_mode(void **state)
{
    (void)state;
    exits_deliver("pump", 20);
}

static void test_exit_of_a_forked_child(void **state)
{
    (void)state;
    exits_deliver("fork", 20);
}

/* A thread is in the middle of a shutdown: the exit lets it come to an end. */
static void test_exit_during_a_shutdown(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    http_peer_then(peer, (http_peer_answer){ .delay_ms = 500 });
    uint64_t begun = now_ms();
    run_child("background", http_peer_url(peer), "20000");
    assert_true(now_ms() - begun >= 490);
    assert_int_equal(spans_received(peer), 1);
    http_peer_stop(peer);
}

/* Nobody listens: the program is not held up. */
static void test_exit_without_a_receiver(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)http_peer_dead_port());
    uint64_t begun = now_ms();
    run_child("return", url, "30000");
    assert_true(now_ms() - begun < 10000);
}

/* A receiver that hangs costs at most the exit timeout, a second. */
static void test_exit_with_a_hanging_receiver(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
    uint64_t begun = now_ms();
    run_child("return", http_peer_url(peer), "0");
    uint64_t took = now_ms() - begun;
    assert_true(took >= 900 && took < 8000); /* and not the exporter's timeout, 10 s */
    http_peer_stop(peer);
}

/* ---- an exporter that keeps the worker ---- */

enum { HELD_MS = 600 };
static volatile bool worker_is_held;

static void hold_the_worker(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self, (void)batch, (void)done, (void)token;
    worker_is_held = true;
    usleep(HELD_MS * 1000);
    worker_is_held = false;
}

/* As a library's would that the worker stands in: registered before the SDK's, so that it runs after it. */
static void tear_down_what_the_worker_uses(void)
{
    _exit(worker_is_held ? 7 : 0);
}

static void leave_a_worker_behind_and_exit(void)
{
    static spw_exporter holder = SPW_EXPORTER_INIT;
    holder.name = "holder";
    holder.submit = hold_the_worker;
    atexit(tear_down_what_the_worker_uses);
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &holder;
    pipeline.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.exit_timeout_ms = 20000;
    if (spw_start(&options) != SPW_OK)
        _exit(8);
    spw_span_end(spw_span_start(NULL, "held", NULL));
    while (!worker_is_held)
        usleep(1000);
    if (spw_shutdown(SPW_NOW) != SPW_ERR_TIMEOUT)
        _exit(9);
    exit(0);
}

/* A shutdown does not wait for it; the exit does, or the worker would stand in a library that has been torn down. */
static void test_exit_waits_for_a_worker_that_was_left_behind(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    pid_t pid = fork();
    if (pid == 0)
        leave_a_worker_behind_and_exit();
    assert_int_equal(wait_for(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_raw_clone),
        cmocka_unit_test(test_context_after_fork),
        cmocka_unit_test(test_ids_differ_after_fork),
        cmocka_unit_test(test_return_from_main),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_exit_in_pump_mode),
        cmocka_unit_test(test_exit_of_a_forked_child),
        cmocka_unit_test(test_exit_during_a_shutdown),
        cmocka_unit_test(test_exit_without_a_receiver),
        cmocka_unit_test(test_exit_with_a_hanging_receiver),
        cmocka_unit_test(test_exit_waits_for_a_worker_that_was_left_behind),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
