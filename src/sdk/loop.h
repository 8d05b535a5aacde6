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

/* When the next timer is due, by spw_loop_now_ms(); UINT64_MAX: none is armed. */
uint64_t spw__loop_due_ms(const spw_loop *loop);

/* A descriptor that polls readable when a step would find something ready or be woken; timers are not seen there. The loop's. */
int spw__loop_fd(const spw_loop *loop);

/* The same for a program's own loop, made at the first call; it can be muted while somebody else steps. -1 with *error filled. */
int spw__loop_outlet(spw_loop *loop, spw_error *error);

/* From any thread. Nothing without an outlet. */
void spw__loop_mute(spw_loop *loop, bool mute);

/* Makes a running or the next step return. Async-signal-safe: one write to the eventfd. */
void spw__loop_wake(spw_loop *loop);

#endif
