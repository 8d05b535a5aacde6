/* Deadlines of connections. Contract: guard.h. */
#include "guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_MS = 250 };

struct spwv_guarded {
    struct spwv_guarded *next;
    struct spwv_guarded *previous;
    int fd;
    int64_t due_ms;
    int64_t end_ms;   /* of the request with its answer, while its body comes */
    int64_t enough_ms; /* until when what has come of the body is enough */
    unsigned bytes_s; /* that it has to come at; 0: at any rate */
};

struct spwv_guard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct spwv_guarded *first;
    bool stop;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_a_little(struct spwv_guard *guard)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&guard->changed, &guard->lock, &until);
}

static void *watch(void *arg)
{
    struct spwv_guard *guard = arg;
    pthread_mutex_lock(&guard->lock);
    while (!guard->stop) {
        if (!guard->first) {
            pthread_cond_wait(&guard->changed, &guard->lock); /* nothing to guard, nothing to wake for */
            continue;
        }
        int64_t now = now_ms();
        for (struct spwv_guarded *entry = guard->first; entry; entry = entry->next)
            if (entry->due_ms <= now) {
                shutdown(entry->fd, SHUT_RDWR); /* still open: leave() comes before close, under this lock */
                entry->due_ms = INT64_MAX;
            }
        wait_a_little(guard);
    }
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

static bool start(struct spwv_guard *guard)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(&guard->thread, NULL, watch, guard) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

struct spwv_guard *spwv_guard_new(void)
{
    struct spwv_guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&guard->lock, NULL);
    pthread_cond_init(&guard->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start(guard))
        return guard;
    pthread_cond_destroy(&guard->changed);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
    return NULL;
}

void spwv_guard_destroy(struct spwv_guard *guard)
{
    pthread_mutex_lock(&guard->lock);
    guard->stop = true;
    pthread_cond_signal(&guard->changed);
    pthread_mutex_unlock(&guard->lock);
    pthread_join(guard->thread, NULL);
    pthread_cond_destroy(&guard->changed);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

struct spwv_guarded *spwv_guard_enter(struct spwv_guard *guard, int fd, unsigned timeout_ms)
{
    struct spwv_guarded *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->fd = fd;
    entry->due_ms = now_ms() + timeout_ms;
    pthread_mutex_lock(&guard->lock);
    bool first = !guard->first;
    entry->next = guard->first;
    if (entry->next)
        entry->next->previous = entry;
    guard->first = entry;
    if (first)
        pthread_cond_signal(&guard->changed);
    pthread_mutex_unlock(&guard->lock);
    return entry;
}

void spwv_guard_set(struct spwv_guard *guard, struct spwv_guarded *entry, unsigned timeout_ms)
{
    if (!entry)
        return;
    pthread_mutex_lock(&guard->lock);
    if (entry->due_ms != INT64_MAX) /* else it is shut already */
        entry->due_ms = now_ms() + timeout_ms;
    pthread_mutex_unlock(&guard->lock);
}

static void hasten(struct spwv_guarded *entry)
{
    if (entry->due_ms != INT64_MAX)
        entry->due_ms = entry->bytes_s && entry->enough_ms < entry->end_ms ? entry->enough_ms : entry->end_ms;
}

void spwv_guard_body(struct spwv_guard *guard, struct spwv_guarded *entry, unsigned timeout_ms, unsigned grace_ms, unsigned bytes_s)
{
    if (!entry)
        return;
    pthread_mutex_lock(&guard->lock);
    entry->end_ms = now_ms() + timeout_ms;
    entry->enough_ms = now_ms() + grace_ms;
    entry->bytes_s = bytes_s;
    hasten(entry);
    pthread_mutex_unlock(&guard->lock);
}

void spwv_guard_came(struct spwv_guard *guard, struct spwv_guarded *entry, size_t bytes)
{
    if (!entry)
        return;
    pthread_mutex_lock(&guard->lock);
    if (entry->bytes_s)
        entry->enough_ms += (int64_t)((uint64_t)bytes * 1000 / entry->bytes_s);
    hasten(entry);
    pthread_mutex_unlock(&guard->lock);
}

void spwv_guard_whole(struct spwv_guard *guard, struct spwv_guarded *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&guard->lock);
    entry->bytes_s = 0;
    hasten(entry);
    pthread_mutex_unlock(&guard->lock);
}

void spwv_guard_leave(struct spwv_guard *guard, struct spwv_guarded *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&guard->lock);
    if (entry->previous)
        entry->previous->next = entry->next;
    else
        guard->first = entry->next;
    if (entry->next)
        entry->next->previous = entry->previous;
    pthread_mutex_unlock(&guard->lock);
    free(entry);
}
