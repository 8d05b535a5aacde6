/*
 * libmicrohttpd around the handlers: connections, bodies, deadlines, the headers of every answer.
 *
 * Ownership: the socket of `listening` passes to the server when start succeeds. Threads: two of its own serve requests.
 * Failure: NULL with a text.
 */
#ifndef SPWV_SERVER_H
#define SPWV_SERVER_H

#include "host.h"
#include "http.h"
#include "viewer.h"

struct spwv_server;

struct spwv_server *spwv_server_start(int fd, struct spwv_app *app, const struct spwv_hosts *hosts, const struct spwv_options *options,
                                      struct spwv_error *error);
void spwv_server_stop(struct spwv_server *server);

#endif
