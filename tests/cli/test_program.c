/* The spanwire program itself: its commands, their messages and exit statuses. argv[1] is the program. */
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What OTEL_* of the shell means; where the program was built without the SDK there is no such command. */
static void the_configuration_is_printed(void **state)
{
    (void)state;
    run("help");
    if (!strstr(output, "spanwire config"))
        skip();
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "77", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=CANARY", 1);
    setenv("OTEL_SERVICE_NAME", "a\033[2Jb", 1);
    expect("config", 0, "OTEL_BSP_MAX_QUEUE_SIZE");
    assert_non_null(strstr(output, "authorization=***"));
    assert_null(strstr(output, "CANARY"));
    assert_null(strchr(output, 033));
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 1);
    expect("config", 1, "set it to http/protobuf");
    expect("config all", 2, "no argument \"all\"");
    unsetenv("OTEL_BSP_MAX_QUEUE_SIZE");
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
    unsetenv("OTEL_EXPORTER_OTLP_PROTOCOL");
    unsetenv("OTEL_SERVICE_NAME");
}

static void mistakes_are_told_with_their_cure(void **state)
{
    (void)state;
    expect("", 2, "spanwire view");
    expect("help", 0, "--max-bytes");
    expect("version", 0, "spanwire ");
    expect("veiw", 2, "try spanwire help");
    expect("view --nothing", 2, "spanwire help");
    expect("view --listen 127.0.0.1:0 /nowhere/at/all.jsonl", 1, "cannot open /nowhere/at/all.jsonl: No such file");
    expect("view --listen nonsense", 1, "127.0.0.1:4318");
    expect("view --max-bytes 12", 2, "at least 1M");
    expect("view --max-bytes 99999999999999999999", 2, "examples");
    expect("view --listen 127.0.0.1:0 --db /nowhere/at/all.db", 1, "directory you may write");
    expect("view --listen 127.0.0.1:0 --port-file /nowhere/at/all", 1, "directory you may write");
    expect("show zz", 2, "neither a trace id nor a file; give 32 hex digits, latest, or a file");
    expect("show latest latest", 2, "a file and then one of these");
    expect("show / zz", 2, "a file and then one of these");
    expect("show /", 1, "cannot read on in / behind line 0: Is a directory");
    expect("show --color pink", 2, "auto, always or never");
    expect("show --url http://127.0.0.1:1", 1, "start it with: spanwire view");
}

static void it_views_shows_and_stops(void **state)
{
    (void)state;
    char port_file[96], arguments[256];
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    pid_t child = viewer_start(port_file);
    int port = viewer_port(port_file);
    snprintf(arguments, sizeof arguments, "show --url http://127.0.0.1:%d/", port);
    expect(arguments, 1, "there is no trace yet");
    snprintf(arguments, sizeof arguments, "view --listen 127.0.0.1:%d", port);
    expect(arguments, 1, "--listen 127.0.0.1:0 picks a free one");
    int status;
    kill(child, SIGTERM);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_not_equal(access(port_file, F_OK), 0); /* taken along */
}

static pid_t start_at_the_default(const char *port_file, const char *told)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen(told, "w", stderr))
            _exit(126);
        execl(program, program, "view", "--quiet", "--port-file", port_file, (char *)NULL);
        _exit(127);
    }
    return child;
}

/* The port everybody knows is taken, by the first viewer or by something that was there before. */
static void a_second_viewer_picks_another_port(void **state)
{
    (void)state;
    char first_file[96], second_file[96], told[96];
    snprintf(first_file, sizeof first_file, "%s/first", directory);
    snprintf(second_file, sizeof second_file, "%s/second", directory);
    snprintf(told, sizeof told, "%s/told", directory);
    pid_t first = start_at_the_default(first_file, "/dev/null");
    int port = viewer_port(first_file);
    pid_t second = start_at_the_default(second_file, told);
    int other = viewer_port(second_file);
    assert_int_not_equal(other, port);
    viewer_wait(other, "/healthz", "ok");
    assert_int_equal(shell("cat '%s'", told), 0);
    char part[160];
    snprintf(part, sizeof part, "this viewer has port %d, and programs must be told: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", other, other);
    assert_non_null(strstr(output, "127.0.0.1:4318 is in use"));
    assert_non_null(strstr(output, part));
    kill(first, SIGTERM);
    kill(second, SIGTERM);
    waitpid(first, NULL, 0);
    waitpid(second, NULL, 0);
    unlink(told);
}

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_their_cure),
        cmocka_unit_test(the_configuration_is_printed),
        cmocka_unit_test(it_views_shows_and_stops),
        cmocka_unit_test(a_second_viewer_picks_another_port),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
