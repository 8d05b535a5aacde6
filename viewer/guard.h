/*
 * Deadlines of connections. libmicrohttpd only knows how long a connection was silent; a client that sends a byte a second never is.
 *
 * Each connection has one deadline, moved as its request moves on: headers, whole request with its answer, idle. A thread looks twice a
 * second, only while there are connections, and shuts the sockets that are late; libmicrohttpd then closes them.
 * Ownership: an entry belongs to the guard, from enter() to leave(). Threads: any. Failure: enter() gives NULL without memory; the others
 * take NULL and do nothing.
 */
#ifndef SPWV_GUARD_H
#define SPWV_GUARD_H

#include <stdbool.h>

struct spwv_guard;
struct spwv_guarded;

struct spwv_guard *spwv_guard_new(void);
void spwv_guard_destroy(struct spwv_guard *guard); /* after the server has stopped: no entries are left */

struct spwv_guarded *spwv_guard_enter(struct spwv_guard *guard, int fd, unsigned timeout_ms);
void spwv_guard_set(struct spwv_guard *guard, struct spwv_guarded *entry, unsigned timeout_ms);
void spwv_guard_leave(struct spwv_guard *guard, struct spwv_guarded *entry); /* before the socket is closed */

#endif
