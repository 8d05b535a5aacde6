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
    expect("view extra", 2, "no argument \"extra\"");
    expect("view --listen nonsense", 1, "127.0.0.1:4318");
    expect("view --max-bytes 12", 2, "at least 1M");
    expect("view --max-bytes 99999999999999999999", 2, "examples");
    expect("view --listen 127.0.0.1:0 --db /nowhere/at/all.db", 1, "directory you may write");
    expect("view --listen 127.0.0.1:0 --port-file /nowhere/at/all", 1, "directory you may write");
    expect("show zz", 2, "32 hex digits");
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
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
