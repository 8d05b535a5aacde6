/* The spanwire program itself: its commands, their messages and exit statuses. argv[1] is the program. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *program;
static char directory[64];
static char output[16384];

/* Runs it with these arguments, both outputs in `output`; returns the exit status. */
static int run(const char *arguments)
{
    char command[1024];
    snprintf(command, sizeof command, "'%s' %s 2>&1 < /dev/null", program, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t size = fread(output, 1, sizeof output - 1, pipe);
    output[size] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *arguments, int status, const char *part)
{
    int got = run(arguments);
    if (got != status || !strstr(output, part))
        fail_msg("spanwire %s: %d instead of %d, \"%s\" in: %s", arguments, got, status, part, output);
}

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
    expect("veiw", 2, "try view, show, version or help");
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

static pid_t start(const char *port_file)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(program, program, "view", "--quiet", "--listen", "127.0.0.1:0", "--port-file", port_file, (char *)NULL);
        _exit(127);
    }
    return child;
}

static int read_port(const char *path)
{
    for (int i = 0; i < 500; i++) {
        FILE *file = fopen(path, "r");
        int port = 0;
        if (file && fscanf(file, "%d", &port) == 1) {
            fclose(file);
            return port;
        }
        if (file)
            fclose(file);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    fail_msg("no port file");
    return 0;
}

static void it_views_shows_and_stops(void **state)
{
    (void)state;
    char port_file[96], arguments[256];
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    pid_t child = start(port_file);
    int port = read_port(port_file);
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

#define FIRST_TRACE "5b8efff798038103d269b633813fc60c"
#define SECOND_TRACE "6b8efff798038103d269b633813fc60c"
#define LINE(trace, name, start)                                                                                                          \
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" trace "\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"" name              \
    "\",\"startTimeUnixNano\":\"" start "\",\"endTimeUnixNano\":\"9000\"}]}]}]}\n"

static void write_lines(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(LINE(SECOND_TRACE, "the newest", "2000") "{\"resourceSpans\":\n" LINE(FIRST_TRACE, "the oldest", "1000"), file) >= 0);
    for (int i = 0; i < 12; i++)
        fputs("nonsense\n", file);
    fclose(file);
}

static void files_are_shown_without_a_viewer(void **state)
{
    (void)state;
    char path[128], arguments[256];
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    write_lines(path);
    snprintf(arguments, sizeof arguments, "show --ascii %s", path);
    expect(arguments, 0, "the newest");
    assert_null(strstr(output, "the oldest"));
    expect(arguments, 0, "lines.jsonl:2: the JSON is cut short at byte 17");
    expect(arguments, 0, "lines.jsonl:12: no JSON value at byte 0");
    assert_null(strstr(output, "lines.jsonl:13"));
    expect(arguments, 0, "3 more bad lines");
    expect(arguments, 0, "jq -c .");
    snprintf(arguments, sizeof arguments, "show %s " FIRST_TRACE, path);
    expect(arguments, 0, "the oldest");
    snprintf(arguments, sizeof arguments, "show %s 00000000000000000000000000000001", path);
    expect(arguments, 1, "has no trace 0000");
    snprintf(arguments, sizeof arguments, "show /dev/null");
    expect(arguments, 1, "/dev/null holds no trace");
    unlink(path);
}

static void files_are_opened_by_the_viewer(void **state)
{
    (void)state;
    char path[128], port_file[128];
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    write_lines(path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char told[160];
        snprintf(told, sizeof told, "%s/told", directory);
        if (!freopen(told, "w", stdout))
            _exit(126);
        execl(program, program, "view", path, path, "--listen", "127.0.0.1:0", "--port-file", port_file, (char *)NULL);
        _exit(127);
    }
    char arguments[256];
    snprintf(arguments, sizeof arguments, "show " FIRST_TRACE " --url http://127.0.0.1:%d", read_port(port_file));
    expect(arguments, 0, "the oldest");
    kill(child, SIGTERM);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    snprintf(path, sizeof path, "%s/told", directory);
    FILE *told = fopen(path, "r");
    assert_non_null(told);
    output[fread(output, 1, sizeof output - 1, told)] = 0;
    fclose(told);
    assert_non_null(strstr(output, "lines.jsonl: 2 spans in 2 requests, 13 bad lines"));
    unlink(path);
    snprintf(path, sizeof path, "%s/lines.jsonl", directory);
    unlink(path);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    program = argv[1];
    snprintf(directory, sizeof directory, "/tmp/spwv-XXXXXX");
    if (!mkdtemp(directory))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_their_cure),
        cmocka_unit_test(the_configuration_is_printed),
        cmocka_unit_test(it_views_shows_and_stops),
        cmocka_unit_test(files_are_shown_without_a_viewer),
        cmocka_unit_test(files_are_opened_by_the_viewer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
