#include "support/host_loop.h"

#include <poll.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct host_loop {
    int epoll_fd, end_fd;
    uint64_t turns; /* atomic */
    pthread_t thread;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void must(bool it)
{
    if (!it) {
        perror("host_loop");
        abort();
    }
}

bool host_loop_ready(uint32_t timeout_ms)
{
    struct pollfd p = { .fd = spw_pump_fd(), .events = POLLIN };
    return poll(&p, 1, (int)timeout_ms) > 0;
}

bool host_loop_until(bool (*done)(void *arg), void *arg, uint32_t timeout_ms)
{
    for (uint64_t until = now_ms() + timeout_ms; !done(arg);) {
        uint64_t now = now_ms();
        if (now >= until)
            return false;
        int timeout = spw_pump_timeout_ms();
        if (timeout < 0 || (uint64_t)timeout > until - now)
            timeout = (int)(until - now);
        host_loop_ready(timeout < 20 ? (uint32_t)timeout : 20); /* `done` may come true without a step */
        must(spw_pump_step() == SPW_OK);
    }
    return true;
}

static bool idle(void *arg)
{
    (void)arg;
    return spw_pump_timeout_ms() < 0 && !host_loop_ready(0);
}

bool host_loop_until_idle(uint32_t timeout_ms)
{
    return host_loop_until(idle, NULL, timeout_ms);
}

/* ---- on a thread of its own ---- */

static void add(const struct host_loop *host, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fd } };
    must(epoll_ctl(host->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void *run(void *arg)
{
    struct host_loop *host = arg;
    for (;;) {
        struct epoll_event events[2];
        int n = epoll_wait(host->epoll_fd, events, 2, spw_pump_timeout_ms());
        __atomic_add_fetch(&host->turns, 1, __ATOMIC_SEQ_CST);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == host->end_fd)
                return NULL;
        (void)spw_pump_step(); /* after a shutdown it does nothing */
    }
}

struct host_loop *host_loop_start(void)
{
    struct host_loop *host = calloc(1, sizeof *host);
    must(host != NULL);
    host->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    host->end_fd = eventfd(0, EFD_CLOEXEC);
    must(host->epoll_fd >= 0 && host->end_fd >= 0);
    add(host, host->end_fd);
    add(host, spw_pump_fd());
    must(pthread_create(&host->thread, NULL, run, host) == 0);
    return host;
}

void host_loop_stop(struct host_loop *host)
{
    uint64_t one = 1;
    must(write(host->end_fd, &one, sizeof one) == (ssize_t)sizeof one);
    pthread_join(host->thread, NULL);
    close(host->end_fd);
    close(host->epoll_fd);
    free(host);
}

uint64_t host_loop_turns(const struct host_loop *host)
{
    return __atomic_load_n(&host->turns, __ATOMIC_SEQ_CST);
}
