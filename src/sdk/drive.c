/* Who takes the worker's steps, and who waits for what comes of them. */
#include <errno.h>
#include <signal.h>
#include <spanwire/allocator.h>
#include <time.h>

#include "record/sampler.h"
#include "sdk/diag.h"
#include "sdk/last_thread.h"
#include "sdk/pump.h"
#include "sdk/worker.h"

#define LEAVING_MS 1000u /* for one that has answered the shutdown and only has to go: microseconds, unless the system gives it no processor */

/* ---- its thread ---- */

static void *worker_thread(void *arg)
{
    spw__last_thread_begin();
    spw__thread_suppress(); /* an exporter's own telemetry would feed itself */
    while (spw__worker_step(arg, -1))
        ;
    spw__last_thread_end();
    return NULL;
}

/* The thread inherits the mask: no signal of the program is ever handled on it. */
static spw_result start_thread(struct spw__worker *w, spw_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, worker_thread, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc)
        return spw__fail(error, SPW_ERR_SYSTEM, "the worker thread cannot be started; check the limit of processes (ulimit -u)");
    (void)pthread_setname_np(w->thread, "spanwire");
    return SPW_OK;
}

spw_result spw__worker_start(struct spw__worker *w, spw_error *error)
{
    (void)spw__sampler_concerns(); /* of before */
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->done, &attr);
    pthread_condattr_destroy(&attr);
    return w->pumped ? spw__pump_start(w, error) : start_thread(w, error);
}

/* ---- waiting ---- */

static struct timespec monotonic_in(uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static struct spw__flush *enqueue(struct spw__worker *w, uint32_t timeout_ms, bool stop, uint32_t refused_ms)
{
    struct spw__flush *f = stop ? &w->last : spw_allocate_zeroed(1, sizeof *f);
    if (!f)
        return NULL;
    f->deadline_ms = spw_loop_now_ms(w->loop) + timeout_ms;
    f->refused_ms = spw_loop_now_ms(w->loop) + refused_ms;
    f->stop = stop;
    struct spw__flush **last = &w->flushes;
    while (*last)
        last = &(*last)->next;
    *last = f;
    spw__loop_wake(w->loop);
    return f;
}

/* With the lock. */
static void await(struct spw__worker *w, const struct spw__flush *f, const struct timespec *until)
{
    int rc = 0;
    while (!f->finished) {
        bool free = w->pumped && !w->driven;
        if (!free && rc == ETIMEDOUT)
            return;
        rc = free ? spw__pump_drive(w, f, until) : pthread_cond_timedwait(&w->done, &w->lock, until);
        if (free && rc == ETIMEDOUT)
            return;
    }
}

static bool is_given_up(const struct spw__worker *w, const struct spw__flush *f)
{
    return f->abandoned && !f->stop && f != w->serving;
}

/* With the lock. What it asks for is done when the worker comes back; behind another that was given up it asks for nothing more, and goes. */
static void give_up(struct spw__worker *w, struct spw__flush *f)
{
    bool asked = false;
    struct spw__flush **at = NULL;
    f->abandoned = true;
    for (struct spw__flush **link = &w->flushes; *link; link = &(*link)->next) {
        asked |= *link != f && is_given_up(w, *link);
        if (*link == f)
            at = link;
    }
    if (!asked || !at || !is_given_up(w, f))
        return;
    *at = f->next;
    spw__worker_free_flush(w, f);
}

spw_result spw__worker_flush(struct spw__worker *w, uint32_t timeout_ms, bool stop, uint32_t refused_ms)
{
    const uint64_t grace_ms = 50; /* the worker keeps the deadline; this is for a worker that hangs in an exporter */
    struct timespec until = monotonic_in(timeout_ms + grace_ms);
    pthread_mutex_lock(&w->lock);
    struct spw__flush *f = w->ended ? NULL : enqueue(w, timeout_ms, stop, refused_ms);
    if (!f) {
        spw_result none = w->ended ? SPW_ERR_NOT_STARTED : SPW_ERR_NO_MEMORY;
        pthread_mutex_unlock(&w->lock);
        return none;
    }
    await(w, f, &until);
    spw_result result = SPW_ERR_TIMEOUT;
    if (f->finished) {
        result = f->result;
        spw__worker_free_flush(w, f);
    } else {
        give_up(w, f);
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

bool spw__worker_join(struct spw__worker *w, uint32_t timeout_ms)
{
    if (w->joined)
        return true;
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    struct timespec until = monotonic_in(w->ended && timeout_ms < LEAVING_MS ? LEAVING_MS : timeout_ms);
    while (!w->gone && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w->done, &w->lock, &until);
    bool gone = w->gone;
    pthread_mutex_unlock(&w->lock);
    if (gone)
        w->joined = w->pumped || pthread_join(w->thread, NULL) == 0;
    return gone;
}

bool spw__worker_await_answers(const struct spw__worker *w)
{
    const struct timespec pause = { 0, 1000000 };
    for (uint32_t i = 0; __atomic_load_n(&w->answering, __ATOMIC_ACQUIRE); i++) {
        if (i == LEAVING_MS)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}
