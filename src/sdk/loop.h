/*
 * The worker's event loop: epoll, an eventfd to be woken by, timers in their owners' storage. Public half in spanwire/exporter.h.
 * One thread runs it. spw__loop_wake() may come from any thread and from signal handlers.
 */
#ifndef SPW_SDK_LOOP_H
#define SPW_SDK_LOOP_H

#include <spanwire/exporter.h>

/* NULL with *error filled when the system refuses descriptors. Descriptors are close-on-exec. */
spw_loop *spw__loop_new(spw_error *error);
void spw__loop_destroy(spw_loop *loop);

/* Waits until something is due, ready or woken (at most max_wait_ms, -1: no bound), runs what is due and ready, returns. */
void spw__loop_step(spw_loop *loop, int max_wait_ms);

/* Makes a running or the next step return. Async-signal-safe: one write to the eventfd. */
void spw__loop_wake(spw_loop *loop);

#endif
