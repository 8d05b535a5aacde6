/* A child forked while another thread of its parent is somewhere inside the SDK: its own start works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/exporter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record/platform.h"
#include "support/sanitizer.h"

/* ThreadSanitizer's runtime knows no threads started in a forked child. */
static void skip_where_children_have_no_threads(void)
{
    SKIP_IF(UNDER_THREAD_SANITIZER, "no threads in forked children under the thread sanitizer");
}

/* What a process comes to: an exit code, or -1 when it was killed, by the alarm too. */
static int outcome(pid_t pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs `life` in a process in which nothing has been started yet. */
static void in_a_fresh_process(int (*life)(void *), void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(life(arg));
    }
    assert_int_equal(outcome(pid), 0);
}

/* In a child: an SDK of its own delivers one span. */
static int deliver_one(const char *exporter_name, spw_exporter *exporter)
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter_name = exporter_name;
    pipeline.exporter = exporter;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.log_level = SPW_LOG_ERROR;
    if (spw_start(&options) != SPW_OK)
        return 20;
    spw_span_end(spw_span_start(NULL, "child's", NULL));
    return spw_shutdown(10000) == SPW_OK ? 0 : 21;
}

/* ---- inside the first start ---- */

static uint32_t making, may_go_on; /* atomic */

static spw_exporter *make_slowly(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    (void)settings;
    (void)error;
    __atomic_store_n(&making, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&may_go_on, __ATOMIC_ACQUIRE))
        usleep(1000);
    return spw_memory_exporter_new(10);
}

static void *deliver_slowly(void *arg)
{
    *(int *)arg = deliver_one("slow", NULL);
    return NULL;
}

static int fork_inside_the_first_start(void *arg)
{
    (void)arg;
    pthread_t thread;
    int delivered = -1;
    if (spw_exporter_register("slow", make_slowly, NULL) != SPW_OK || pthread_create(&thread, NULL, deliver_slowly, &delivered) != 0)
        return 10;
    while (!__atomic_load_n(&making, __ATOMIC_ACQUIRE))
        usleep(1000);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        _exit(deliver_one(NULL, spw_memory_exporter_new(10)));
    }
    if (outcome(pid) != 0)
        return 11;
    __atomic_store_n(&may_go_on, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    return delivered;
}

static void a_child_of_a_first_start_starts(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    in_a_fresh_process(fork_inside_the_first_start, NULL);
}

/* ---- inside a registration ---- */

static spw_exporter *make_memory(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)settings;
    (void)error;
    return arg == (void *)1 ? spw_memory_exporter_new(10) : NULL;
}

static spw_exporter *make_other(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)settings;
    (void)error;
    return arg == (void *)2 ? spw_memory_exporter_new(10) : NULL;
}

static void *register_on(void *arg)
{
    while (!__atomic_load_n(&may_go_on, __ATOMIC_ACQUIRE)) {
        (void)spw_exporter_register("own", make_memory, (void *)1);
        (void)spw_exporter_register("own", make_other, (void *)2);
    }
    return arg;
}

/* Each child finds factory and argument together, and a registry that is not locked. */
static int fork_inside_registrations(void *arg)
{
    (void)arg;
    pthread_t thread;
    if (spw_exporter_register("own", make_memory, (void *)1) != SPW_OK || pthread_create(&thread, NULL, register_on, NULL) != 0)
        return 10;
    int failed = 0;
    for (int i = 0; i < 200 && !failed; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(20);
            int code = spw_exporter_register("another", make_memory, (void *)1) == SPW_OK ? 0 : 22;
            _exit(code ? code : deliver_one("own", NULL));
        }
        failed = outcome(pid);
    }
    __atomic_store_n(&may_go_on, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    return failed;
}

static void a_child_of_a_registration_starts(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    in_a_fresh_process(fork_inside_registrations, NULL);
}

/* ---- at any moment of a first start with the built-in exporter: libcurl's own start is most of it ---- */

static void *start_otlp(void *arg)
{
    (void)arg;
    spw_options options = SPW_OPTIONS_INIT;
    options.otlp_endpoint = "http://127.0.0.1:9";
    options.log_level = SPW_LOG_ERROR;
    return spw_start(&options) == SPW_OK ? NULL : (void *)1;
}

static int fork_after(void *arg)
{
    uint64_t delay_ns = *(uint64_t *)arg, begun = spw__mono_ns();
    pthread_t thread;
    void *failed = (void *)1;
    if (pthread_create(&thread, NULL, start_otlp, NULL) != 0)
        return 10;
    while (spw__mono_ns() - begun < delay_ns)
        ;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        void *refused = start_otlp(NULL);
        (void)spw_shutdown(0);
        _exit(refused ? 23 : 0);
    }
    int code = outcome(pid);
    pthread_join(thread, &failed);
    (void)spw_shutdown(0);
    return code ? code : failed ? 24 : 0;
}

static void a_child_of_any_moment_starts(void **state)
{
    (void)state;
    skip_where_children_have_no_threads();
    SKIP_IF(UNDER_ADDRESS_SANITIZER, "the address sanitizer's allocator keeps a lock that another thread held at the fork");
    for (uint64_t delay_ns = 0; delay_ns < 3000000; delay_ns += 50000)
        in_a_fresh_process(fork_after, &delay_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_of_a_first_start_starts),
        cmocka_unit_test(a_child_of_a_registration_starts),
        cmocka_unit_test(a_child_of_any_moment_starts),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
