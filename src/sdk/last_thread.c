#include "sdk/last_thread.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 250000000L

static pthread_key_t main_key; /* set on main()'s thread alone: not run by exit(), only by pthread_exit() */
static bool has_main_key;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows. For a look at /proc at most: taken by our own threads and by a leaving main() */
static bool main_left, watching;
static uint32_t ours; /* threads of the SDK that have begun and not ended, but for who watches */
static sigset_t program_signals;

static void claim_main(void)
{
    if (has_main_key && syscall(SYS_gettid) == getpid())
        (void)pthread_setspecific(main_key, &main_key);
}

/* ---- who else is there ---- */

/* main() is listed to the end, as a zombie. Of whom nothing can be read, for want of a descriptor say, we know nothing: that is no reason to end. */
static bool is_alive(const char *tid)
{
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/self/task/%.16s/stat", tid);
    FILE *stat = fopen(path, "re");
    if (!stat)
        return errno != ENOENT;
    size_t size = fread(text, 1, sizeof text - 1, stat);
    bool ended = ferror(stat) && errno == ESRCH;
    text[size] = '\0';
    fclose(stat);
    const char *state = strrchr(text, ')'); /* "tid (name) S ..."; a name may hold anything */
    return !ended && !(state && state[1] && strchr("ZXx", state[2]));
}

/* UINT32_MAX: nobody knows. */
static uint32_t living_threads(void)
{
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return UINT32_MAX;
    for (struct dirent *e; (e = readdir(tasks));)
        count += *e->d_name != '.' && is_alive(e->d_name);
    closedir(tasks);
    return count;
}

/* With the lock: none of ours begins or ends under our eyes. A thread counts as ours not before it lives, and no longer than it lives. */
static bool only_ours(void)
{
    return living_threads() <= ours + 1; /* and us */
}

/* ---- the watch ---- */

enum look { GO_ON, NOTHING_TO_WATCH, THE_END };

/* Twice: while a thread ends the kernel's list may lack another. */
static enum look look(void)
{
    enum look found = GO_ON;
    pthread_mutex_lock(&lock);
    if (!ours) {
        watching = false;
        found = NOTHING_TO_WATCH;
    } else if (only_ours() && only_ours()) {
        found = THE_END;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* A thread of its own: the worker may hang in an exporter, and in pump mode there is none. */
static void *watch(void *arg)
{
    const struct timespec pause = { 0, LOOK_EVERY_NS };
    enum look found;
    (void)arg;
    while ((found = look()) == GO_ON)
        nanosleep(&pause, NULL);
    if (found == THE_END) {
        (void)pthread_sigmask(SIG_SETMASK, &program_signals, NULL); /* exit handlers are the program's */
        exit(0);
    }
    return NULL;
}

/* With the lock. Where no thread is to be had, the next one of ours, or its end, is another occasion. */
static void see_to_watch(void)
{
    pthread_t thread;
    sigset_t all, before;
    if (!main_left || watching || !ours)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watching = pthread_create(&thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (watching)
        (void)pthread_detach(thread);
}

void spw__last_thread_begin(void)
{
    pthread_mutex_lock(&lock);
    ours++;
    see_to_watch();
    pthread_mutex_unlock(&lock);
}

void spw__last_thread_end(void)
{
    pthread_mutex_lock(&lock);
    ours--;
    see_to_watch();
    pthread_mutex_unlock(&lock);
}

/* ---- main() ---- */

static void on_main_left(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    main_left = true;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &program_signals);
    see_to_watch();
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void know_main(void)
{
    has_main_key = pthread_key_create(&main_key, on_main_left) == 0;
    claim_main();
}

void spw__last_thread_forget(void)
{
    pthread_mutex_init(&lock, NULL);
    main_left = watching = false;
    ours = 0;
    claim_main();
}
