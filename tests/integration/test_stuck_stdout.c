/* Programs whose standard output, or standard error, is a pipe that is full and that nobody reads: they end all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pipe with no room, whose writer blocks. */
static void make_full_pipe(int ends[2])
{
    char bytes[4096] = { 0 };
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
}

/* Whether it ended within 20 s; before, stdio's own flush at the end waited for ever. */
static bool ends(pid_t pid, int *status)
{
    for (int i = 0; i < 20000; i++) {
        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        usleep(1000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, status, 0);
    return false;
}

/* The program with that descriptor full, and that said by its environment. */
static void run_with(int fd, const char *const settings[2][2], const char *how)
{
    int full[2], status;
    make_full_pipe(full);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(full[1], fd);
        for (size_t i = 0; i < 2; i++)
            setenv(settings[i][0], settings[i][1], 1);
        execl(SPW_EXIT_CHILD, "exit_child", how, "100", (char *)NULL);
        _exit(127);
    }
    bool ended = ends(pid, &status);
    close(full[0]);
    close(full[1]);
    assert_true(ended);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void run_exporter(const char *exporter, const char *how)
{
    run_with(STDOUT_FILENO, (const char *const[2][2]){ { "OTEL_TRACES_EXPORTER", exporter }, { "OTEL_LOG_LEVEL", "none" } }, how);
}

static void the_console_holds_up_no_end(void **state)
{
    (void)state;
    run_exporter("console", "return");
    run_exporter("console", "exit");
    run_exporter("console", "shutdown");
}

static void lines_hold_up_no_end(void **state)
{
    (void)state;
    run_exporter("otlp/stdout", "return");
    run_exporter("otlp/stdout", "shutdown");
}

/* What is said at the start, by the worker and at the end: nobody listens at the port, and a setting is unknown. */
static void run_talkative(const char *how)
{
    run_with(STDERR_FILENO, (const char *const[2][2]){ { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9" }, { "OTEL_BSP_MAX_QUEUE_SIZE", "no number" } }, how);
}

static void what_is_said_holds_up_nobody(void **state)
{
    (void)state;
    run_talkative("return");
    run_talkative("shutdown");
    run_talkative("pump");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_console_holds_up_no_end),
        cmocka_unit_test(lines_hold_up_no_end),
        cmocka_unit_test(what_is_said_holds_up_nobody),
    };
    return cmocka_run_group_tests_name("stuck standard streams", tests, NULL, NULL);
}
