/* Programs whose main() has left by pthread_exit(): they end when only threads of ours are left, whatever those stand in, and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTLIVED = 7, PATIENCE_MS = 30000, STILL_THERE = -1 };

/* How it ended, or STILL_THERE. */
static int run(const char *way)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execl(SPW_LAST_THREAD_CHILD, "last_thread_child", way, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
        usleep(1000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return STILL_THERE;
}

/* ThreadSanitizer has a thread of its own, which nobody can tell from one of the program's. */
static void skip_where_nobody_is_last(void)
{
#if defined(__SANITIZE_THREAD__)
    bool skipped = true;
#elif defined(__has_feature)
    bool skipped = __has_feature(thread_sanitizer);
#else
    bool skipped = false;
#endif
    if (skipped) {
        print_message("skip - the thread sanitizer's own thread is always left\n");
        skip();
    }
}

static void a_worker_keeps_no_program(void **state)
{
    (void)state;
    skip_where_nobody_is_last();
    assert_int_equal(run("worker"), 0);
    assert_int_equal(run("before_start"), 0);
}

static void an_exporters_thread_keeps_no_program(void **state)
{
    (void)state;
    skip_where_nobody_is_last();
    assert_int_equal(run("pumped"), 0);
}

static void who_is_stuck_keeps_no_program(void **state)
{
    (void)state;
    skip_where_nobody_is_last();
    assert_int_equal(run("pumped_stuck"), 0);
    assert_int_equal(run("stuck_worker"), 0);
    assert_int_equal(run("left_behind"), 0);
}

static void a_thread_of_the_program_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(run("outlived"), OUTLIVED);
    assert_int_equal(run("descriptors"), OUTLIVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_keeps_no_program),
        cmocka_unit_test(an_exporters_thread_keeps_no_program),
        cmocka_unit_test(who_is_stuck_keeps_no_program),
        cmocka_unit_test(a_thread_of_the_program_keeps_it),
    };
    return cmocka_run_group_tests_name("last thread", tests, NULL, NULL);
}
