/*
 * A program's event loop with the SDK in it (pump mode): epoll over spw_pump_fd() and an eventfd that ends it, on the calling thread or on one
 * of its own. It does what pump.h asks for and no more: it steps when the descriptor is ready or the timeout has passed.
 *
 *     struct host_loop *host = host_loop_start();     // after spw_start()
 *     ...
 *     host_loop_stop(host);                           // before spw_shutdown()
 */
#ifndef TESTS_HOST_LOOP_H
#define TESTS_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Steps until done(arg), at most so long; false: that was too long. */
bool host_loop_until(bool (*done)(void *arg), void *arg, uint32_t timeout_ms);

/* Until nothing is to be done for ever. */
bool host_loop_until_idle(uint32_t timeout_ms);

/* Whether the descriptor is ready within that time, without a step. */
bool host_loop_ready(uint32_t timeout_ms);

/* The same loop on a thread of its own. */
struct host_loop;
struct host_loop *host_loop_start(void);
void host_loop_stop(struct host_loop *host);
uint64_t host_loop_turns(const struct host_loop *host); /* how often its wait ended */

#endif
