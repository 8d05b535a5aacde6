/*
 * Programs that rows start: this one again, with `--program NAME ARG...`. Most record a span or two and end in some way, without a shutdown.
 * Each takes the receiver's URL and a number: its first span's `seq`.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"

extern char **environ;

static int64_t first_seq;

static void record(int64_t seq)
{
    spw_span span = spw_span_start(NULL, "work", NULL);
    spw_set_int(span, "seq", seq);
    spw_span_end(span);
}

/* ---- ways to end ---- */

static int by_return(void)
{
    record(first_seq);
    return 0;
}

static int by_exit(void)
{
    record(first_seq);
    exit(0);
}

static void *record_and_exit(void *arg)
{
    (void)arg;
    record(first_seq);
    exit(0);
}

static void start_thread(void *(*body)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, NULL) != 0)
        _exit(21);
    pthread_detach(thread);
}

static int by_a_threads_exit(void)
{
    start_thread(record_and_exit);
    while (pause() == -1)
        ;
    return 0;
}

static void *record_on(void *arg)
{
    for (;;)
        spw_span_end(spw_span_start(NULL, "beside", NULL));
    return arg;
}

/* The numbered one first: theirs soon fill the queue. */
static int beside_threads(void)
{
    record(first_seq);
    start_thread(record_on);
    start_thread(record_on);
    return 0;
}

static void *outlive_main(void *arg)
{
    usleep(2000);
    record(first_seq);
    return arg;
}

/* main() leaves; the process ends with its last thread, and the worker must not be that. */
static int by_the_last_thread(void)
{
    start_thread(outlive_main);
    pthread_exit(NULL);
}

static void record_late(void)
{
    record(first_seq);
}

static int in_a_handler(void)
{
    atexit(record_late);
    return 0;
}

static void record_and_shut_down(void)
{
    record(first_seq);
    if (spw_shutdown(20000) != SPW_OK || spw_shutdown(20000) != SPW_OK)
        _exit(22);
}

static int shut_down_in_a_handler(void)
{
    atexit(record_and_shut_down);
    return 0;
}

/* ---- after the exit flush: handlers registered before the start, and destructors, run then ---- */

static spw_span open_span;
static bool too_late, in_destructor;

/* Everything may still be called, and what cannot be sent is counted. */
static void use_after_exit(void)
{
    if (!too_late)
        return;
    spw_span span = spw_span_start(NULL, "too late", NULL);
    spw_set_int(span, "k", 1);
    spw_span_end(span);
    spw_set_int(open_span, "k", 1);
    spw_span_end(open_span);
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats);
    if (spw_is_recording(span) || stats.pipelines[0].dropped[SPW_DROP_ALREADY_SHUTDOWN] != 1)
        _exit(23);
    if (spw_flush(100) != SPW_ERR_NOT_STARTED || spw_shutdown(100) != SPW_OK)
        _exit(24);
    too_late = false;
}

__attribute__((destructor)) static void on_unload(void)
{
    if (in_destructor)
        use_after_exit();
}

/* Its handler was registered before the start, by main(). */
static int after_exit(void)
{
    too_late = true;
    open_span = spw_span_start(NULL, "open", NULL);
    record(first_seq);
    return 0;
}

static int after_exit_in_a_destructor(void)
{
    in_destructor = true;
    return after_exit();
}

/* ---- thread-specific destructors ---- */

static pthread_key_t before_start, after_start;

static void record_in_destructor(void *arg)
{
    record((int64_t)(intptr_t)arg);
}

static void *leave_keys(void *arg)
{
    record(first_seq);
    pthread_setspecific(before_start, (void *)(intptr_t)(first_seq + 1));
    pthread_setspecific(after_start, (void *)(intptr_t)(first_seq + 2));
    return arg;
}

/* Three spans, two of them after the library has let go of the thread. */
static int in_thread_destructors(void)
{
    pthread_t thread;
    pthread_key_create(&after_start, record_in_destructor);
    if (pthread_create(&thread, NULL, leave_keys, NULL) != 0)
        return 21;
    pthread_join(thread, NULL);
    return 0;
}

/* ---- what no exit flush can cover ---- */

static int by_underscore_exit(void)
{
    record(first_seq);
    _exit(0);
}

static int by_quick_exit(void)
{
    record(first_seq);
    quick_exit(0);
}

static int flushed_underscore_exit(void)
{
    record(first_seq);
    _exit(spw_flush(20000) == SPW_OK ? 0 : 25);
}

static int flushed_quick_exit(void)
{
    record(first_seq);
    if (spw_flush(20000) != SPW_OK)
        _exit(25);
    quick_exit(0);
}

/* ---- what descriptors it finds ---- */

/* Whether `fd` is in the list "3,17,". */
static bool is_known(const char *list, int fd)
{
    char text[16];
    int n = snprintf(text, sizeof text, ",%d,", fd);
    return fd <= STDERR_FILENO || (n > 0 && strstr(list, text));
}

/* The exit code: how many it has beside those named. */
static int count_descriptors(const char *known)
{
    int strangers = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        int fd = atoi(e->d_name);
        char path[64], target[128] = "";
        if (*e->d_name == '.' || fd == dirfd(dir) || is_known(known, fd))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0)
            fprintf(stderr, "inherited: %d %s\n", fd, target);
        strangers++;
    }
    return dir ? strangers : 26;
}

/* ---- the door ---- */

static const struct program {
    const char *name;
    int (*run)(void);
} programs[] = {
    { "return", by_return },
    { "exit", by_exit },
    { "thread_exit", by_a_threads_exit },
    { "beside_threads", beside_threads },
    { "last_thread", by_the_last_thread },
    { "handler", in_a_handler },
    { "handler_shutdown", shut_down_in_a_handler },
    { "after_exit", after_exit },
    { "destructor", after_exit_in_a_destructor },
    { "thread_destructors", in_thread_destructors },
    { "_exit", by_underscore_exit },
    { "quick_exit", by_quick_exit },
    { "flush_exit", flushed_underscore_exit },
    { "flush_quick_exit", flushed_quick_exit },
};

static bool start(const char *url)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.otlp_endpoint = url;
    options.log_level = SPW_LOG_ERROR;
    options.exit_timeout_ms = 20000; /* a busy machine may need more than the usual second */
    return spw_start(&options) == SPW_OK;
}

int fault_program(const char *name, char **args)
{
    if (strcmp(name, "descriptors") == 0)
        return count_descriptors(args[0] ? args[0] : "");
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(programs[i].name, name) != 0)
            continue;
        if (!args[0] || !args[1])
            return 27;
        first_seq = strtoll(args[1], NULL, 10);
        if (strcmp(name, "destructor") != 0)
            atexit(use_after_exit);
        pthread_key_create(&before_start, record_in_destructor);
        return start(args[0]) ? programs[i].run() : 28;
    }
    return 29;
}

pid_t fault_spawn(const char *name, const char *const *args)
{
    char *argv[8] = { (char *)(uintptr_t) "faults", (char *)(uintptr_t) "--program", (char *)(uintptr_t)name };
    pid_t pid;
    for (size_t i = 0; i < 4 && args[i]; i++)
        argv[3 + i] = (char *)(uintptr_t)args[i];
    return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0 ? pid : -1;
}

int fault_outcome(pid_t pid)
{
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
