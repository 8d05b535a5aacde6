/*
 * A scripted HTTP server for tests: it does to a client what a test says, and remembers what the client did.
 *
 * Threads    One thread of its own; every function here may be called from any other.
 * Ownership  Requests live until http_peer_stop(). Answers are copied when they are given.
 * Failure    Set-up failures end the process with a message: there is no test without a peer.
 *
 *     http_peer *peer = http_peer_start();
 *     http_peer_then(peer, http_peer_status(503));                       // the first request
 *     http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_RESET }); // the second; from the third on: 200 and an empty body
 *     ... let something post to http_peer_url(peer) ...
 *     assert_true(http_peer_wait(peer, 3, 5000));
 *     assert_string_equal(http_peer_request_at(peer, 2)->target, "/v1/traces");
 *     http_peer_stop(peer);
 */
#ifndef TESTS_HTTP_PEER_H
#define TESTS_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_peer http_peer;

typedef enum http_peer_act {
    HTTP_PEER_ANSWER = 0,      /* status, headers, body */
    HTTP_PEER_HANG,            /* reads the request, never answers */
    HTTP_PEER_DEAF,            /* accepts the connection, reads nothing; holds for the connection the next client opens */
    HTTP_PEER_RESET,           /* reads the request, resets the connection */
    HTTP_PEER_CLOSE,           /* reads the request, closes the connection without a byte */
    HTTP_PEER_CLOSE_AFTER,     /* answers, with no notice closes the connection */
    HTTP_PEER_SHORT_BODY,      /* answers with a Content-Length of one byte more than it sends, then closes */
    HTTP_PEER_RAW,             /* sends `body` as it is, no status line, then closes */
    HTTP_PEER_ENDLESS_BODY,    /* answers `status` with a chunked body that never ends */
    HTTP_PEER_ENDLESS_HEADERS, /* answers `status` with header lines that never end */
} http_peer_act;

/* What to do with a request. Zero is: 200 at once, empty body. */
typedef struct http_peer_answer {
    http_peer_act act;
    int status;          /* 0: 200 */
    const char *headers; /* more header lines, each with its "\r\n"; NULL: none */
    const void *body;
    size_t body_size;
    uint32_t delay_ms;      /* before the first byte */
    uint32_t byte_delay_ms; /* between every two bytes */
} http_peer_answer;

/* What a client sent. */
typedef struct http_peer_request {
    char *method;
    char *target;
    char *headers; /* the header lines as they came */
    uint8_t *body;
    size_t body_size;
    unsigned connection; /* 1 is the first connection accepted */
    uint64_t at_ms;      /* CLOCK_MONOTONIC when it was complete */
    int answered;        /* the status it got, once that was sent; the rest may never come; atomic */
} http_peer_request;

/* Listens on a loopback port of the kernel's choice. */
http_peer *http_peer_start(void);

/* Listens on the given port, for a server that comes back. */
http_peer *http_peer_start_at(uint16_t port);

/* Listens on that port of another address than 127.0.0.1. */
http_peer *http_peer_start_on(const char *address, uint16_t port);

/* Listens on a Unix-domain socket, which is made there; with `@` before it, on an abstract one of that name. Its port is 0. */
http_peer *http_peer_start_unix(const char *path);

/* Stops listening, closes every connection, joins the thread, frees everything. */
void http_peer_stop(http_peer *peer);

uint16_t http_peer_port(const http_peer *peer);
const char *http_peer_url(const http_peer *peer); /* http://127.0.0.1:<port>, unix://<path>, unix-abstract:<name> */

/* A port nobody listens at (until somebody else takes it). */
uint16_t http_peer_dead_port(void);

/* Queues the answer to the next request that has none queued. */
void http_peer_then(http_peer *peer, http_peer_answer answer);

/* The answer to requests that find the queue empty. */
void http_peer_always(http_peer *peer, http_peer_answer answer);

/* An answer of that status, with an empty body. */
http_peer_answer http_peer_status(int status);

/* An answer 200 with that body as application/x-protobuf. */
http_peer_answer http_peer_protobuf(const void *body, size_t size);

/* Until `count` requests were read whole; false after timeout_ms. */
bool http_peer_wait(http_peer *peer, size_t count, uint32_t timeout_ms);

size_t http_peer_requests(http_peer *peer);
unsigned http_peer_connections(http_peer *peer);
uint64_t http_peer_received(http_peer *peer); /* bytes, of all connections */
uint64_t http_peer_sent(http_peer *peer);

/* A request by number, 0 the first; NULL past the end. */
const http_peer_request *http_peer_request_at(http_peer *peer, size_t index);

/* The value of a header, name in any case, in storage of the calling thread until the next call; NULL: not there. */
const char *http_peer_header(const http_peer_request *request, const char *name);

/* How often the header is there. */
size_t http_peer_header_count(const http_peer_request *request, const char *name);

/* The body, inflated when Content-Encoding says gzip. To be freed. NULL when it does not inflate. */
uint8_t *http_peer_plain_body(const http_peer_request *request, size_t *size);

#endif
