/*
 * Deadlines of connections. libmicrohttpd only knows how long a connection was silent; a client that sends a byte a second never is.
 *
 * Each connection has one deadline, moved as its request moves on: headers, body, whole request with its answer, idle. A body that comes slower
 * than it has to is late before the whole request is. A thread looks four times a second, only while there are connections, and shuts the sockets that are late; libmicrohttpd then closes them.
 * Ownership: an entry belongs to the guard, from enter() to leave(). Threads: any. Failure: enter() gives NULL without memory; the others
 * take NULL and do nothing.
 */
#ifndef SPWV_GUARD_H
#define SPWV_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct spwv_guard;
struct spwv_guarded;

struct spwv_guard *spwv_guard_new(void);
void spwv_guard_destroy(struct spwv_guard *guard); /* after the server has stopped: no entries are left */

struct spwv_guarded *spwv_guard_enter(struct spwv_guard *guard, int fd, unsigned timeout_ms);
void spwv_guard_set(struct spwv_guard *guard, struct spwv_guarded *entry, unsigned timeout_ms);

/*
 * The headers have come: the request with its answer has that long, and its body, after a time of grace, is to come at so many bytes a second on the
 * whole; 0: at any rate. Then what came of it, and that it was all.
 */
void spwv_guard_body(struct spwv_guard *guard, struct spwv_guarded *entry, unsigned timeout_ms, unsigned grace_ms, unsigned bytes_s);
void spwv_guard_came(struct spwv_guard *guard, struct spwv_guarded *entry, size_t bytes);
void spwv_guard_whole(struct spwv_guard *guard, struct spwv_guarded *entry);

void spwv_guard_leave(struct spwv_guard *guard, struct spwv_guarded *entry); /* before the socket is closed */

#endif
