#include "sdk/lifecycle.h"

#include <time.h>

#include "record/platform.h"
#include "sdk/last_thread.h"
#include "sdk/sdk.h"

#define LOOK_EVERY_NS 1000000L

struct spw__sdk spw__sdk = { .lifecycle = PTHREAD_MUTEX_INITIALIZER, .users_lock = PTHREAD_MUTEX_INITIALIZER, .pump_fd = -1 };

static _Thread_local bool holding; /* the lock is this thread's */
static _Thread_local int cancelling; /* whether it might be cancelled before */

/* ---- time ---- */

struct spw__countdown spw__countdown_from(uint32_t timeout_ms)
{
    return (struct spw__countdown){ spw__mono_ns(), timeout_ms };
}

uint32_t spw__countdown_left_ms(const struct spw__countdown *time)
{
    uint64_t spent = (spw__mono_ns() - time->begun_ns) / 1000000;
    return spent < time->timeout_ms ? time->timeout_ms - (uint32_t)spent : 0;
}

/* ---- the lock ---- */

static void set_changing(bool changing)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    spw__sdk.changing = changing;
    pthread_mutex_unlock(&spw__sdk.users_lock);
}

/* Not to be cancelled until it gives it back: nobody else could. */
static void hold(struct spw__diag_kept *said)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    holding = true;
    set_changing(true);
    spw__diag_keep(said);
}

bool spw__lifecycle_held(void)
{
    return holding;
}

void spw__lifecycle_lock(struct spw__diag_kept *said)
{
    pthread_mutex_lock(&spw__sdk.lifecycle);
    hold(said);
}

/* Not pthread_mutex_timedlock(): its clock is the one that people set. */
bool spw__lifecycle_lock_within(struct spw__diag_kept *said, const struct spw__countdown *time)
{
    const struct timespec pause = { 0, LOOK_EVERY_NS };
    while (pthread_mutex_trylock(&spw__sdk.lifecycle) != 0) {
        if (!spw__countdown_left_ms(time))
            return false;
        nanosleep(&pause, NULL);
    }
    hold(said);
    return true;
}

void spw__lifecycle_unlock(struct spw__diag_kept *said)
{
    set_changing(false);
    holding = false;
    pthread_mutex_unlock(&spw__sdk.lifecycle);
    spw__diag_say_kept(said);
    pthread_setcancelstate(cancelling, NULL);
}

/* ---- threads that use the worker ---- */

void spw__sdk_set_worker(struct spw__worker *worker)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    spw__sdk.worker = worker;
    pthread_mutex_unlock(&spw__sdk.users_lock);
}

struct spw__worker *spw__sdk_enter(void)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    struct spw__worker *worker = spw__sdk.worker;
    spw__sdk.users += worker != NULL;
    pthread_mutex_unlock(&spw__sdk.users_lock);
    return worker;
}

bool spw__sdk_try_enter(struct spw__worker **worker)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    bool changing = spw__sdk.changing;
    *worker = changing ? NULL : spw__sdk.worker;
    spw__sdk.users += *worker != NULL;
    pthread_mutex_unlock(&spw__sdk.users_lock);
    return !changing;
}

void spw__sdk_leave(void)
{
    pthread_mutex_lock(&spw__sdk.users_lock);
    if (--spw__sdk.users == 0)
        pthread_cond_broadcast(&spw__sdk.unused);
    pthread_mutex_unlock(&spw__sdk.users_lock);
}

bool spw__sdk_await_users(uint32_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    pthread_mutex_lock(&spw__sdk.users_lock);
    while (timeout_ms && spw__sdk.users && pthread_cond_timedwait(&spw__sdk.unused, &spw__sdk.users_lock, &until) == 0)
        ;
    bool none = !spw__sdk.users;
    pthread_mutex_unlock(&spw__sdk.users_lock);
    return none;
}

/* ---- forks ---- */

/* On the monotonic clock, which no static initialiser gives: nobody is to wait an hour because somebody has set the wall clock back by one. */
static void make_condition(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&spw__sdk.unused, &attr);
    pthread_condattr_destroy(&attr);
}

/* In a forked child everything starts anew, and what was the parent's is left untouched: a worker that does not run here, a lock that
 * another thread held at the time, perhaps inside its first spw_start(). */
static void forget_parent(void)
{
    spw__sdk = (struct spw__sdk){ .pump_fd = -1 };
    pthread_mutex_init(&spw__sdk.lifecycle, NULL);
    pthread_mutex_init(&spw__sdk.users_lock, NULL);
    make_condition();
    holding = false;
    spw__worker_forget();
    spw__last_thread_forget();
}

__attribute__((constructor)) static void prepare(void)
{
    make_condition();
    (void)pthread_atfork(NULL, NULL, forget_parent);
}

/* The gate page tells, because the kernel has wiped it, once a start has come to its end. */
void spw__sdk_forget_parent_of_clone(void)
{
    if (__atomic_load_n(&spw__sdk.engine, __ATOMIC_RELAXED) && !spw__engine_current())
        forget_parent();
}
