/* The worker's event loop. Purpose, threads and failures: loop.h. */
#include "sdk/loop.h"

#include <errno.h>
#include <limits.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_WATCHES = 8, MAX_WATCHES = 4096, EVENTS_A_STEP = 32 };

struct watch {
    int fd;
    uint32_t serial; /* tells an event of this watch from one of an older watch on the same number */
    spw_io_fn fn;
    void *arg;
};

struct spw_loop {
    int epoll_fd;
    int wake_fd;
    int outlet_fd; /* -1, or an epoll that holds only epoll_fd */
    uint32_t next_serial;
    struct watch *watches; /* unordered: an exporter has one socket or two */
    size_t watch_count;
    size_t watch_capacity;
    spw_timer *armed; /* sorted by due_ms */
    spw_timer *due;   /* taken out to be run by this step; a timer armed meanwhile waits for the next one */
};

/* An epoll datum: the descriptor below, the watch's serial above. */
static uint64_t pack(int fd, uint32_t serial)
{
    return ((uint64_t)serial << 32) | (uint32_t)fd;
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t spw_loop_now_ms(const spw_loop *loop)
{
    (void)loop;
    return now_us() / 1000u;
}

/* ---- life ---- */

static void say_failure(spw_error *error, const char *call)
{
    int cause = errno;
    if (!error)
        return;
    error->code = cause == ENOMEM ? SPW_ERR_NO_MEMORY : SPW_ERR_SYSTEM;
    snprintf(error->text, sizeof error->text, "the worker's event loop cannot start: %s: %s; check the limit of open files (ulimit -n)", call,
             strerror(cause));
}

static spw_loop *fail_new(spw_loop *loop, spw_error *error, const char *call)
{
    say_failure(error, call);
    spw__loop_destroy(loop);
    return NULL;
}

spw_loop *spw__loop_new(spw_error *error)
{
    spw_loop *loop = spw_allocate_zeroed(1, sizeof *loop);
    if (!loop)
        return fail_new(NULL, error, "calloc");
    loop->epoll_fd = loop->wake_fd = loop->outlet_fd = -1;
    loop->next_serial = 1;
    loop->watches = spw_allocate_zeroed(FIRST_WATCHES, sizeof *loop->watches);
    if (!loop->watches)
        return fail_new(loop, error, "calloc");
    loop->watch_capacity = FIRST_WATCHES;
    if ((loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return fail_new(loop, error, "epoll_create1");
    if ((loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return fail_new(loop, error, "eventfd");
    struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = pack(loop->wake_fd, 0) } };
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
        return fail_new(loop, error, "epoll_ctl");
    return loop;
}

void spw__loop_destroy(spw_loop *loop)
{
    if (!loop)
        return;
    for (spw_timer *t = loop->armed, *next; t; t = next) { /* leave no owner with a timer that points into nothing */
        next = t->next;
        t->armed = false;
        t->next = NULL;
    }
    if (loop->outlet_fd >= 0)
        close(loop->outlet_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    spw_free(loop->watches);
    spw_free(loop);
}

/* ---- for a loop around this one ---- */

int spw__loop_fd(const spw_loop *loop)
{
    return loop->epoll_fd;
}

uint64_t spw__loop_due_ms(const spw_loop *loop)
{
    return loop->armed ? loop->armed->due_ms : UINT64_MAX;
}

int spw__loop_outlet(spw_loop *loop, spw_error *error)
{
    if (loop->outlet_fd >= 0)
        return loop->outlet_fd;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, loop->epoll_fd, &event) != 0) {
        say_failure(error, fd < 0 ? "epoll_create1" : "epoll_ctl");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return loop->outlet_fd = fd;
}

void spw__loop_mute(spw_loop *loop, bool mute)
{
    struct epoll_event event = { .events = mute ? 0 : (uint32_t)EPOLLIN };
    if (loop->outlet_fd >= 0)
        (void)epoll_ctl(loop->outlet_fd, EPOLL_CTL_MOD, loop->epoll_fd, &event);
}

/* ---- watches ---- */

static struct watch *find_watch(spw_loop *loop, int fd)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        if (loop->watches[i].fd == fd)
            return &loop->watches[i];
    return NULL;
}

static void drop_watch(spw_loop *loop, struct watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL); /* fails when the owner has closed it: as good */
    *watch = loop->watches[--loop->watch_count];
}

static struct watch *add_watch(spw_loop *loop, int fd)
{
    if (loop->watch_count == loop->watch_capacity) {
        size_t capacity = loop->watch_capacity * 2;
        struct watch *grown = capacity <= MAX_WATCHES ? spw_reallocate(loop->watches, capacity * sizeof *grown) : NULL;
        if (!grown)
            return NULL;
        loop->watches = grown;
        loop->watch_capacity = capacity;
    }
    struct watch *watch = &loop->watches[loop->watch_count++];
    watch->fd = fd;
    watch->serial = loop->next_serial++;
    if (loop->next_serial == 0)
        loop->next_serial = 1; /* 0 is the eventfd's */
    return watch;
}

spw_result spw_loop_watch(spw_loop *loop, int fd, unsigned events, spw_io_fn fn, void *arg)
{
    struct watch *watch = find_watch(loop, fd);
    if ((events & (SPW_IO_READ | SPW_IO_WRITE)) == 0) {
        if (watch)
            drop_watch(loop, watch);
        return SPW_OK;
    }
    if (fd < 0 || !fn)
        return SPW_ERR_INVALID;
    if (!watch && !(watch = add_watch(loop, fd)))
        return SPW_ERR_NO_MEMORY;
    watch->fn = fn;
    watch->arg = arg;
    struct epoll_event event = { .events = (events & SPW_IO_READ ? (uint32_t)EPOLLIN : 0) | (events & SPW_IO_WRITE ? (uint32_t)EPOLLOUT : 0),
                                 .data = { .u64 = pack(fd, watch->serial) } };
    /* A descriptor closed and reopened under the same number is unknown to epoll, whatever the table says. */
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
        return SPW_OK;
    if (errno == ENOENT && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return SPW_OK;
    drop_watch(loop, watch);
    return SPW_ERR_SYSTEM;
}

/* ---- timers ---- */

static bool unlink_timer(spw_timer **list, spw_timer *timer)
{
    for (; *list; list = &(*list)->next) {
        if (*list == timer) {
            *list = timer->next;
            timer->next = NULL;
            return true;
        }
    }
    return false;
}

void spw_loop_disarm(spw_loop *loop, spw_timer *timer)
{
    if (!timer->armed)
        return;
    timer->armed = false;
    if (!unlink_timer(&loop->armed, timer))
        unlink_timer(&loop->due, timer);
}

void spw_loop_arm(spw_loop *loop, spw_timer *timer, uint64_t delay_ms)
{
    spw_loop_disarm(loop, timer);
    uint64_t now = now_us();
    uint64_t from = delay_ms ? (now + 999u) / 1000u : now / 1000u; /* never early; at once means at once */
    timer->due_ms = delay_ms < UINT64_MAX - from ? from + delay_ms : UINT64_MAX;
    timer->armed = true;
    spw_timer **at = &loop->armed;
    while (*at && (*at)->due_ms <= timer->due_ms) /* equal times fire in the order they were armed */
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static void run_timers(spw_loop *loop)
{
    uint64_t now = spw_loop_now_ms(loop);
    spw_timer **end = &loop->armed;
    while (*end && (*end)->due_ms <= now)
        end = &(*end)->next;
    if (end == &loop->armed)
        return;
    spw_timer *later = *end;
    *end = NULL;
    loop->due = loop->armed;
    loop->armed = later;
    while (loop->due) {
        spw_timer *timer = loop->due;
        loop->due = timer->next;
        timer->next = NULL;
        timer->armed = false;
        timer->fn(timer->arg); /* may arm, disarm, or free its timer */
    }
}

/* ---- waiting ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Waits for events until `until_ms` or the first timer; a signal does not end the wait. */
static int wait_events(spw_loop *loop, struct epoll_event *events, uint64_t until_ms)
{
    for (;;) {
        uint64_t until = loop->armed ? min_u64(until_ms, loop->armed->due_ms) : until_ms;
        int timeout = -1;
        if (until != UINT64_MAX) {
            uint64_t now = spw_loop_now_ms(loop);
            timeout = until <= now ? 0 : (int)min_u64(until - now, INT_MAX);
        }
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_STEP, timeout);
        if (count >= 0)
            return count;
        if (errno != EINTR) { /* the program has closed our descriptors: no reason to spin */
            if (timeout != 0)
                nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
            return 0;
        }
    }
}

static void dispatch(spw_loop *loop, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    uint32_t serial = (uint32_t)(event->data.u64 >> 32);
    if (serial == 0) {
        uint64_t count;
        ssize_t ignored = read(loop->wake_fd, &count, sizeof count);
        (void)ignored; /* EAGAIN only: somebody has drained it */
        return;
    }
    const struct watch *watch = find_watch(loop, fd);
    if (!watch || watch->serial != serial)
        return; /* an earlier callback of this step took the watch away */
    unsigned ready = 0;
    if (event->events & (EPOLLIN | EPOLLHUP))
        ready |= SPW_IO_READ;
    if (event->events & EPOLLOUT)
        ready |= SPW_IO_WRITE;
    if (event->events & (EPOLLERR | EPOLLHUP))
        ready |= SPW_IO_ERROR;
    watch->fn(watch->arg, fd, ready);
}

void spw__loop_step(spw_loop *loop, int max_wait_ms)
{
    struct epoll_event events[EVENTS_A_STEP];
    uint64_t until = max_wait_ms < 0 ? UINT64_MAX : spw_loop_now_ms(loop) + (uint64_t)max_wait_ms;
    int count = wait_events(loop, events, until);
    for (int i = 0; i < count; i++)
        dispatch(loop, &events[i]);
    run_timers(loop);
}

void spw__loop_wake(spw_loop *loop)
{
    int saved = errno; /* callable from signal handlers */
    uint64_t one = 1;
    long ignored = syscall(SYS_write, loop->wake_fd, &one, sizeof one); /* write() would be a point where a recording thread may be cancelled */
    (void)ignored; /* EAGAIN: awake for 2^64 - 1 reasons already */
    errno = saved;
}
