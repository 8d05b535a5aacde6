#include "sdk/pump.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spanwire/pump.h>

#include "record/platform.h"
#include "sdk/lifecycle.h"
#include "sdk/sdk.h"

#define CLOSED_PAUSE_NS 10000000L /* between two looks, when the program has closed our descriptors */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t ms_of(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000u + (uint64_t)t->tv_nsec / 1000000u;
}

/* ---- a step as a guest on a thread of the program's ---- */

/* What the thread had, to be given back. */
struct guest {
    sigset_t mask;
    bool pipe_was_pending;
    struct spw__paused recording;
};

static bool pipe_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

/* Signals that a fault raises stay: blocked, they would end the program without its handler. */
static void come_in(struct guest *guest)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &guest->mask);
    guest->pipe_was_pending = pipe_pending();
    guest->recording = spw__thread_pause(); /* an exporter's own telemetry would feed itself */
}

static void go_out(const struct guest *guest)
{
    spw__thread_resume(guest->recording);
    if (!guest->pipe_was_pending && pipe_pending()) { /* a TLS library has written to a connection that was closed */
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        (void)sigtimedwait(&pipe, NULL, &(struct timespec){ 0, 0 });
    }
    pthread_sigmask(SIG_SETMASK, &guest->mask, NULL);
}

/* False: it was the last. */
static bool step_as_guest(struct spw__worker *w)
{
    struct guest guest;
    come_in(&guest);
    bool on = spw__worker_step(w, 0);
    go_out(&guest);
    return on;
}

/* ---- having the worker ---- */

/* With the lock. */
static void tell_due(const struct spw__worker *w)
{
    __atomic_store_n(&spw__sdk.pump_due_ms, spw__worker_due_ms(w), __ATOMIC_RELEASE);
}

/* Whether a shutdown has given up waiting for who drives. With the lock. */
static bool left_behind(const struct spw__worker *w)
{
    bool left = false;
    for (const struct spw__flush *f = w->flushes; f; f = f->next)
        left |= f->stop && f->abandoned;
    return left;
}

/* With the lock. Who was left behind ends what the shutdown began: nobody else comes. */
static void give_back(struct spw__worker *w)
{
    while (!w->gone && left_behind(w)) {
        pthread_mutex_unlock(&w->lock);
        (void)step_as_guest(w);
        pthread_mutex_lock(&w->lock);
    }
    if (!w->gone)
        tell_due(w);
    w->driven = false;
    pthread_cond_broadcast(&w->done);
}

static bool take_if_free(struct spw__worker *w)
{
    pthread_mutex_lock(&w->lock);
    bool free = !w->driven && !w->gone;
    if (free)
        w->driven = true;
    pthread_mutex_unlock(&w->lock);
    return free;
}

spw_result spw__pump_start(struct spw__worker *w, spw_error *error)
{
    if (spw__loop_outlet(w->loop, error) < 0)
        return error->code;
    (void)step_as_guest(w);
    tell_due(w);
    return SPW_OK;
}

void spw__pump_open(struct spw__worker *w)
{
    if (w->pumped)
        __atomic_store_n(&spw__sdk.pump_fd, spw__loop_outlet(w->loop, NULL), __ATOMIC_RELEASE);
}

void spw__pump_close(struct spw__worker *w)
{
    if (!w->pumped)
        return;
    __atomic_store_n(&spw__sdk.pump_fd, -1, __ATOMIC_RELEASE);
    pthread_mutex_lock(&w->lock);
    w->muted = true;
    spw__loop_mute(w->loop, true);
    pthread_mutex_unlock(&w->lock);
}

/* ---- a flush ---- */

static bool finished(struct spw__worker *w, const struct spw__flush *f)
{
    pthread_mutex_lock(&w->lock);
    bool yes = f->finished;
    pthread_mutex_unlock(&w->lock);
    return yes;
}

/* Sleeps until there is something to do, as the program would. False: no time is left. */
static bool sleep_between(const struct spw__worker *w, uint64_t until_ms)
{
    uint64_t now = spw_loop_now_ms(w->loop), wake = min_u64(spw__worker_due_ms(w), until_ms);
    if (now >= until_ms)
        return false;
    if (now >= wake)
        return true;
    struct pollfd loop = { .fd = spw__loop_fd(w->loop), .events = POLLIN };
    if (poll(&loop, 1, (int)min_u64(wake - now, INT_MAX)) > 0 && (loop.revents & POLLNVAL))
        nanosleep(&(struct timespec){ 0, CLOSED_PAUSE_NS }, NULL);
    return true;
}

/* The program's loop may sleep by an older timeout than what holds now. */
static void call_program(struct spw__worker *w)
{
    if (w->gone || w->muted)
        return;
    spw__loop_mute(w->loop, false);
    if (spw__worker_due_ms(w) != UINT64_MAX)
        spw__loop_wake(w->loop);
}

int spw__pump_drive(struct spw__worker *w, const struct spw__flush *f, const struct timespec *until)
{
    int cancelling;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    w->driven = true;
    spw__loop_mute(w->loop, true);
    pthread_mutex_unlock(&w->lock);
    while (step_as_guest(w) && !finished(w, f) && sleep_between(w, ms_of(until)))
        ;
    pthread_mutex_lock(&w->lock);
    call_program(w);
    give_back(w);
    pthread_setcancelstate(cancelling, NULL);
    return f->finished ? 0 : ETIMEDOUT;
}

/* ---- what the program calls ---- */

int spw_pump_fd(void)
{
    return spw__engine_current() ? __atomic_load_n(&spw__sdk.pump_fd, __ATOMIC_ACQUIRE) : -1;
}

int spw_pump_timeout_ms(void)
{
    if (spw_pump_fd() < 0)
        return -1;
    uint64_t due = __atomic_load_n(&spw__sdk.pump_due_ms, __ATOMIC_ACQUIRE);
    if (due == UINT64_MAX)
        return -1;
    uint64_t now = spw__mono_ns() / 1000000u;
    return due <= now ? 0 : (int)min_u64(due - now, INT_MAX);
}

/* Nothing for a step to do: neither left over, nor due, nor ready. */
static bool resting(const struct spw__worker *w)
{
    struct pollfd loop = { .fd = spw__loop_fd(w->loop), .events = POLLIN };
    return spw__worker_due_ms(w) > spw_loop_now_ms(w->loop) && poll(&loop, 1, 0) == 0;
}

static void pump(struct spw__worker *w)
{
    int cancelling;
    if (!take_if_free(w))
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    if (!resting(w))
        (void)step_as_guest(w);
    pthread_mutex_lock(&w->lock);
    give_back(w);
    pthread_mutex_unlock(&w->lock);
    pthread_setcancelstate(cancelling, NULL);
}

spw_result spw_pump_step(void)
{
    if (spw__worker_current())
        return SPW_ERR_INVALID;
    if (spw_pump_fd() < 0)
        return SPW_ERR_NOT_STARTED;
    struct spw__worker *worker;
    if (!spw__sdk_try_enter(&worker))
        return SPW_OK; /* somebody starts or stops it just now */
    if (!worker || !worker->pumped) {
        if (worker)
            spw__sdk_leave();
        return SPW_ERR_NOT_STARTED;
    }
    pump(worker);
    spw__sdk_leave();
    return SPW_OK;
}
