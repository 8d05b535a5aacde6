#include "sdk/last_thread.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sdk/adapter.h"
#include "sdk/sdk.h"

enum { LOOK_EVERY_MS = 250 };

static pthread_key_t main_key; /* set on main()'s thread alone: not run by exit(), only by pthread_exit() */
static bool has_main_key;
static uint32_t main_left; /* atomic */

/* If none can be entered, one is being started or stopped: it looks by itself. */
static void on_main_left(void *arg)
{
    (void)arg;
    __atomic_store_n(&main_left, 1, __ATOMIC_SEQ_CST);
    struct spw__worker *worker;
    if (!spw__sdk_try_enter(&worker) || !worker)
        return;
    spw__worker_wake(worker);
    spw__sdk_leave();
}

static void claim_main(void)
{
    if (has_main_key && syscall(SYS_gettid) == getpid())
        (void)pthread_setspecific(main_key, &main_key);
}

__attribute__((constructor)) static void know_main(void)
{
    has_main_key = pthread_key_create(&main_key, on_main_left) == 0;
    claim_main();
}

void spw__last_thread_forget(void)
{
    main_left = 0;
    claim_main();
}

/* ---- who else is there ---- */

/* main() is listed to the end, as a zombie. */
static bool is_alive(const char *tid)
{
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/self/task/%.16s/stat", tid);
    FILE *stat = fopen(path, "re");
    size_t size = stat ? fread(text, 1, sizeof text - 1, stat) : 0;
    text[size] = '\0';
    if (stat)
        fclose(stat);
    const char *state = strrchr(text, ')'); /* "tid (name) S ..."; a name may hold anything */
    return state && state[1] && !strchr("ZXx", state[2]);
}

static uint32_t living_threads(void)
{
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *e; tasks && (e = readdir(tasks));)
        count += *e->d_name != '.' && is_alive(e->d_name);
    if (tasks)
        closedir(tasks);
    return count;
}

static uint32_t our_threads(const struct spw__worker *w)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        for (uint32_t j = 0; j < w->pipelines[i].config.max_concurrent_exports; j++)
            count += spw__adapter_inner(w->pipelines[i].flights[j].exporter) != w->pipelines[i].flights[j].exporter;
    return count;
}

/* ---- the end ---- */

static void *leave(void *arg)
{
    (void)pthread_sigmask(SIG_SETMASK, arg, NULL); /* exit handlers are the program's */
    exit(0);
    return NULL;
}

/* Not on the worker: the exit flush has to wait for that. Where no thread is to be had: at the next look. */
static void on_look(void *arg)
{
    struct spw__worker *w = arg;
    uint32_t alive = living_threads();
    pthread_t thread;
    if (alive && alive <= our_threads(w) && pthread_create(&thread, NULL, leave, &w->program_signals) == 0)
        (void)pthread_detach(thread);
}

void spw__last_thread_watch(struct spw__worker *w)
{
    if (__builtin_expect(!__atomic_load_n(&main_left, __ATOMIC_ACQUIRE), 1) || w->last_look.armed)
        return;
    w->last_look = (spw_timer){ .fn = on_look, .arg = w };
    spw_loop_arm(w->loop, &w->last_look, LOOK_EVERY_MS);
}
