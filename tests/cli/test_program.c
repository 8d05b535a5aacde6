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

int main(int argc, char **argv)
{
    if (!program_begin(argc, argv))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_their_cure),
        cmocka_unit_test(the_configuration_is_printed),
        cmocka_unit_test(it_views_shows_and_stops),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
