/*
 * What a TLS client meets in the fault matrix: a terminator (stunnel) in front of a scripted HTTP peer, with certificates made for the
 * occasion, and a server that answers every connection with the same bytes. Needs `openssl` and `stunnel`, which see no network but loopback.
 *
 * Failure    A front that does not come up fails the row. It is to be stopped all the same.
 */
#ifndef TESTS_TLS_PEERS_H
#define TESTS_TLS_PEERS_H

#include <pthread.h>
#include <sys/types.h>

#include "faults/fault.h"

typedef struct tls_front {
    char folder[32]; /* certificates (tls_certificates.sh), configuration, log */
    uint16_t port;
    pid_t pid;       /* stunnel's; 0: does not run */
    char *log;       /* what it said, after tls_front_stop() */
    http_peer *peer; /* gets what came through */
} tls_front;

/* NULL, or why there can be no front here. */
const char *tls_front_lacks(void);

/* Starts both. `certificate` is a name of tls_certificates.sh, `more` lines of stunnel's configuration. */
bool tls_front_start(tls_front *front, struct fault *f, const char *certificate, const char *more);

/* The path of a file in its folder. */
void tls_front_path(const tls_front *front, const char *file, char path[64]);

/* Ends stunnel, keeps its log, removes the folder. The peer stays. */
void tls_front_stop(tls_front *front);

/* How often the log holds the text. */
size_t tls_front_said(const tls_front *front, const char *text);

/* Stops the peer and frees the log. */
void tls_front_free(tls_front *front);

/* Reads what comes first, sends `answer`, and closes when the client does. */
typedef struct fixed_server {
    int fd;
    uint16_t port;
    pthread_t thread;
    const void *answer;
    size_t answer_size;
    unsigned connections;
    size_t received; /* bytes of all connections; the first of them are kept */
    uint8_t bytes[16384];
} fixed_server;

void fixed_server_start(fixed_server *server, const void *answer, size_t size);

/* After this the counts may be read. */
void fixed_server_stop(fixed_server *server);

#endif
