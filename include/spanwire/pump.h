/**
 * @file pump.h
 * Pump mode: the SDK without a thread of its own, run from the program's event loop. With `spw_options.pump` nothing happens but when the
 * program steps: a descriptor says when, and a timeout says when at the latest.
 *
 *     spw_options options = SPW_OPTIONS_INIT;
 *     options.pump = true;
 *     spw_start(&options);
 *     struct epoll_event spans = { .events = EPOLLIN, .data.fd = spw_pump_fd() };
 *     epoll_ctl(loop, EPOLL_CTL_ADD, spw_pump_fd(), &spans);
 *     while (running) {
 *         int n = epoll_wait(loop, events, MAX, spw_pump_timeout_ms()); // or the program's own timeout, if that is shorter
 *         spw_pump_step();                                             // cheap when there is nothing to do
 *         ...                                                          // the program's own events
 *     }
 *     epoll_ctl(loop, EPOLL_CTL_DEL, spw_pump_fd(), NULL);              // spw_shutdown() closes it
 *     spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
 *
 * Threads    Any. One at a time does the work: a step beside another, or beside a flush or a shutdown, does nothing. What other headers say of
 *            "the worker's thread" holds for the thread that steps, flushes or shuts down: filters, redactions, exporters and the log
 *            function are called there, and must not call back into these functions, spw_flush() or spw_shutdown() (SPW_ERR_INVALID).
 * No thread  is made for the OTLP and memory exporters. Two exceptions: libcurl looks names up on a short-lived thread (numeric addresses and
 *            `localhost` need none), and an exporter that blocks (SPW_EXPORTER_BLOCKS: console, file, otlp/stdout, yours) has one here, too, or
 *            it would stop the program; the log says so at the start.
 * Blocking   A step never waits: not for the network, a name, a lock that another thread holds while it works, or a time. It computes: for
 *            each pipeline at most one batch is gathered and encoded in a step, for each request 512 KiB compressed, and a TLS handshake, with
 *            the reading of its certificates, is worth milliseconds. An exporter of yours that blocks without saying so stops the program.
 * Not pumped A program that does not step delivers nothing, costs itself nothing, and loses nothing until its queue is full; then new spans are
 *            dropped and counted (`queue_full`). Recording never waits for a step.
 * Signals    are blocked on the thread while it is inside a step (but for those a fault raises), so that a handler never meets a library half-way, and
 *            what it records is recorded; SIGPIPE from a closed connection does not reach the program. Cancellation is deferred, too.
 * Fork       A child has no SDK, so no pump: leave the descriptor alone there. It may start one of its own, of either kind.
 * exit()     and return from main deliver what is left, on the exiting thread, for at most `exit_timeout_ms`.
 */
#ifndef SPANWIRE_PUMP_H
#define SPANWIRE_PUMP_H

#include <spanwire/sdk.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The descriptor to wait for, with epoll, poll, select, libuv or whatever takes one: readable while a step would find something to do. Level-
 * triggered; the same from spw_start() to spw_shutdown(), which closes it: take it out of your loop before. It is only to be polled, never read. It
 * stands for sockets, answers and recording threads, which make it readable at most once between two steps, and not at all for records
 * that can wait for the timeout. -1: no SDK runs in pump mode (also in a forked child). Does not block or allocate.
 */
SPW_API int spw_pump_fd(void);

/**
 * How long to wait for it at most, in milliseconds, until spw_pump_step() has to be called anyway: for the delay of a batch, a retry, the end
 * of an export's time. 0: at once; -1: for ever (nothing is to be done, or no SDK runs in pump mode). Never early, so that a loop that waits so
 * long does not turn in vain. Ask before each wait: what was said before the last step, flush or span holds no longer; should that be due
 * earlier by another thread's doing, the descriptor becomes readable. Does not block or allocate; one look at the clock.
 */
SPW_API int spw_pump_timeout_ms(void);

/**
 * Does what can be done now, and a bounded part of it: what is left makes the next timeout 0. For calls in vain it is one poll(). Blocks
 * nothing, see above; allocates as libcurl does. SPW_OK: done, or nothing to do, or another thread is at it. SPW_ERR_NOT_STARTED: no SDK runs
 * in pump mode. SPW_ERR_INVALID: called from within a step. Not async-signal-safe.
 *
 * spw_flush() and spw_shutdown() need no steps beside them: they take them themselves, on the calling thread, which sleeps in between, until
 * all is delivered or their time is over. If another thread is inside a step just then, they wait for its end.
 */
SPW_API spw_result spw_pump_step(void);

#ifdef __cplusplus
}
#endif
#endif
