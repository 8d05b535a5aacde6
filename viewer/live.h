/*
 * GET /api/live: server-sent events that say when the store has changed, so that pages need not ask.
 *
 * `event: change` with {"revision", "traces"} at once and then at most five times a second; a comment every 15 s, so that both sides notice
 * when the other one is gone. Changes that come while a reader is slow become one; a reader that takes nothing for the time a request may
 * take (30 s) is closed.
 *
 * Ownership: the server's; a response owns its client. Threads: one of its own from the first client on, which sleeps without clients; none a
 * connection. Failure: NULL without memory; spwv_live_response() also at SPWV_LIVE_MAX clients. spwv_live_stop() wakes all clients and ends
 * them; it must come before the daemon stops, spwv_live_destroy() after it.
 */
#ifndef SPWV_LIVE_H
#define SPWV_LIVE_H

#include <microhttpd.h>

#include "guard.h"
#include "store.h"

enum { SPWV_LIVE_MAX = 32 };

struct spwv_live;

struct spwv_live *spwv_live_new(struct spwv_store *store, struct spwv_guard *guard, unsigned patience_ms);
void spwv_live_stop(struct spwv_live *live);
void spwv_live_destroy(struct spwv_live *live);

struct MHD_Response *spwv_live_response(struct spwv_live *live, struct MHD_Connection *connection, struct spwv_guarded *guarded);

#endif
