/* spanwire exec: a command runs as without it, and its span tells what became of it. */
#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void the_exit_status_is_the_commands(void **state)
{
    (void)state;
    expect("exec -- true", 0, "");
    assert_string_equal(output, "");
    expect("exec -- sh -c 'echo out; echo err >&2; exit 7'", 7, "out\nerr\n");
    expect("exec -- sh -c 'kill -KILL $$'", 137, "");
    expect("exec -- /nowhere/at/all", 127, "/nowhere/at/all: No such file");
    expect("exec -- /etc/passwd", 126, "/etc/passwd: Permission denied");
    assert_int_equal(shell("echo in | \"$SPANWIRE\" exec -- cat"), 0);
    assert_string_equal(output, "in\n");
}

static void its_span_tells_what_became_of_it(void **state)
{
    (void)state;
    expect("exec --wait -n 'the build' -s maker -k internal -a team=storage,n=3 -a ok=true -- sh -c 'exit 7'", 7, "");
    const char *list = viewer_wait(own_port, "/api/traces?q=the%20build", "the build");
    char id[33], path[64];
    assert_int_equal(sscanf(strstr(list, "\"trace_id\":\""), "\"trace_id\":\"%32[0-9a-f]", id), 1);
    snprintf(path, sizeof path, "/api/traces/%s", id);
    const char *trace = viewer_wait(own_port, path, "the build");
    static const char *const parts[] = {
        "\"kind\":\"INTERNAL\"", "\"code\":\"ERROR\",\"message\":\"exit code 7\"", "\"service\":\"maker\"",
        "{\"key\":\"team\",\"type\":\"string\",\"value\":\"storage\"}", "{\"key\":\"n\",\"type\":\"int\",\"value\":\"3\"}",
        "{\"key\":\"ok\",\"type\":\"bool\",\"value\":true}", "{\"key\":\"process.exit.code\",\"type\":\"int\",\"value\":\"7\"}",
        "{\"key\":\"error.type\",\"type\":\"string\",\"value\":\"7\"}", "process.command_args", "spanwire.memory.max_rss_bytes", "spanwire.cpu.user_s",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(trace, parts[i]))
            fail_msg("no %s in %s", parts[i], trace);
    expect("exec --wait --hide-args -n hidden -- sh -c 'kill -TERM $$; sleep 9'", 143, "");
    viewer_wait(own_port, "/api/traces/latest", "SIGTERM");
    assert_null(strstr(viewer_wait(own_port, "/api/traces/latest", "hidden"), "process.command_args"));
    expect("exec --wait -- /nowhere/at/all", 127, "");
    viewer_wait(own_port, "/api/traces/latest", "ENOENT");
}

static void the_command_is_given_its_span(void **state)
{
    (void)state;
    char traceparent[64], part[64];
    assert_int_equal(shell("\"$SPANWIRE\" exec --tp-print -n outer -- \"$SPANWIRE\" exec --wait -n inner -- sh -c 'echo $TRACEPARENT'"), 0);
    assert_int_equal(sscanf(output, "TRACEPARENT=%55s", traceparent), 1);
    assert_memory_equal(traceparent, strchr(output, '\n') + 1, 35); /* the same trace, but another span */
    assert_memory_not_equal(traceparent, strchr(output, '\n') + 1, 55);
    snprintf(part, sizeof part, "/api/traces/%.32s", traceparent + 3);
    const char *trace = viewer_wait(own_port, part, "outer");
    trace = viewer_wait(own_port, part, "inner");
    snprintf(part, sizeof part, "\"parent_span_id\":\"%.16s\"", traceparent + 36);
    assert_non_null(strstr(trace, part));
    /* a parent that is not sampled stays so, and nothing is sent */
    setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", 1);
    assert_int_equal(shell("\"$SPANWIRE\" exec --wait -- sh -c 'echo $TRACEPARENT'"), 0);
    assert_memory_equal(output, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    assert_string_equal(output + 53, "00\n");
    assert_int_equal(shell("\"$SPANWIRE\" exec --wait --tp-ignore-env -- sh -c 'echo $TRACEPARENT'"), 0);
    assert_memory_not_equal(output, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    unsetenv("TRACEPARENT");
    setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
    assert_int_equal(shell("\"$SPANWIRE\" exec --wait -- sh -c 'echo $TRACEPARENT'"), 0);
    assert_int_equal(output[strlen(output) - 2] & 1, 0);
    unsetenv("OTEL_TRACES_SAMPLER");
    setenv("OTEL_SDK_DISABLED", "true", 1);
    assert_int_equal(shell("\"$SPANWIRE\" exec --wait -- sh -c 'echo $TRACEPARENT.; exit 3'"), 3);
    assert_string_equal(output, ".\n");
    unsetenv("OTEL_SDK_DISABLED");
}

/* Whoever reads its output is not kept waiting by the delivery, which is in vain here; --wait waits, and says it. */
static void nobody_waits_for_the_delivery(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "s=$(date +%s%N); x=$(\"$SPANWIRE\" exec -e http://127.0.0.1:9 --timeout 30s -- echo hello); e=$(date +%s%N);"
                                 " echo $x $(((e - s) / 1000000))"), 0);
    int ms = 100000;
    assert_int_equal(sscanf(output, "hello %d", &ms), 1);
    assert_in_range(ms, 0, 20000);
    expect("exec -e http://127.0.0.1:9 --timeout 100ms --wait -- true", 1, "was not delivered");
    expect("exec -e http://127.0.0.1:9 --timeout 100ms --wait -- false", 1, "nothing listens at http://127.0.0.1:9");
}

static pid_t start_waiting(const char *mark)
{
    pid_t child = fork();
    if (child == 0) {
        char script[256];
        snprintf(script, sizeof script, "trap 'exit 5' TERM; trap '' INT; echo > '%s'; while :; do sleep 0.01; done", mark);
        execl(program, program, "exec", "--wait", "-n", "signalled", "--", "sh", "-c", script, (char *)NULL);
        _exit(126);
    }
    for (int i = 0; i < 1000 && access(mark, F_OK) != 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_int_equal(unlink(mark), 0);
    return child;
}

static void signals_are_the_commands(void **state)
{
    (void)state;
    char mark[96];
    snprintf(mark, sizeof mark, "%s/mark", directory);
    pid_t child = start_waiting(mark);
    int status;
    kill(child, SIGINT); /* it does not care for that one */
    kill(child, SIGTERM);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 5);
    viewer_wait(own_port, "/api/traces/latest", "exit code 5");
}

/* A script's pipe may be left open by others: only what is ours is ours. */
static void no_descriptor_of_the_callers_stays_open(void **state)
{
    (void)state;
    assert_int_equal(shell("%s", "exec 9>&1; s=$(date +%s); x=$( { \"$SPANWIRE\" exec -e http://127.0.0.1:9 --timeout 30s -- true; } 9>&1 ); e=$(date +%s);"
                                 " echo $((e - s))"), 0);
    assert_in_range(atoi(output), 0, 20);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    expect("exec", 2, "spanwire exec [options] -- make test");
    expect("exec --kind pink -- true", 2, "choose internal, server");
    expect("exec --attrs nonsense -- true", 2, "key=value pairs");
    expect("exec --timeout never -- true", 2, "such as 500ms or 3s");
    expect("exec --nothing -- true", 2, "try spanwire help");
    expect("exec-record", 2, "a part of exec");
    expect("exec -- echo --name x", 0, "--name x\n");
}

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_the_commands),
        cmocka_unit_test(its_span_tells_what_became_of_it),
        cmocka_unit_test(the_command_is_given_its_span),
        cmocka_unit_test(nobody_waits_for_the_delivery),
        cmocka_unit_test(signals_are_the_commands),
        cmocka_unit_test(no_descriptor_of_the_callers_stays_open),
        cmocka_unit_test(mistakes_are_told),
    };
    int failed = cmocka_run_group_tests(tests, viewer_begin, viewer_end);
    rmdir(directory);
    return failed;
}
