/*
 * The listening socket: "127.0.0.1:4318", "[::1]:0", "localhost:4318".
 *
 * Ownership: the descriptor is the caller's, close-on-exec and non-blocking. Threads: any. Failure: -1 with cause and cure.
 */
#ifndef SPWV_LISTEN_H
#define SPWV_LISTEN_H

#include "otlp.h"

struct spwv_listening {
    int fd;
    unsigned port;
    bool loopback;
    bool in_use; /* that is why it failed */
    char host[256]; /* as in a URL: brackets around IPv6 */
};

bool spwv_listen(const char *address, struct spwv_listening *listening, struct spwv_error *error);

#endif
