/*
 * One POST at a time over libcurl's multi interface, driven by the worker's loop: its sockets are watched and its timers armed there, so that
 * nothing here blocks.
 *
 * Threads    The worker's.
 * Ownership  The strings of the setup and the body of a request are borrowed: they outlive the transport and the request.
 * Failure    start() says why; a request always ends in its `done`, unless it is cancelled.
 */
#ifndef SPW_OTLP_TRANSPORT_H
#define SPW_OTLP_TRANSPORT_H

#include <curl/curl.h>
#include <spanwire/exporter.h>

#include "otlp_headers.h"
#include "otlp_response.h"
#include "otlp_url.h"
#include "otlp_verdict.h"

struct spw__otlp_setup {
    const struct spw__otlp_url *url;
    const char *user_agent;
    const struct spw__otlp_headers *headers;
    bool gzip;
    bool json; /* the body, and what is expected back */
    uint32_t timeout_ms;
    const char *certificate; /* NULL: the system's; so below */
    const char *client_key;
    const char *client_certificate;
    const char *proxy; /* NULL: none, whatever the environment says */
    const char *proxy_certificate; /* NULL: the system's */
    uint32_t max_connection_age_ms; /* 0: no limit */
};

typedef void (*spw__otlp_sent_fn)(void *arg, const struct spw__otlp_outcome *outcome);

/* Zero to start with. */
struct spw__otlp_transport {
    spw_loop *loop;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    spw_timer timer;
    struct spw__otlp_response response;
    size_t body_size;
    bool active;
    bool fresh;        /* the next request takes a new connection */
    uint32_t max_connection_age_ms;
    uint64_t connected_ms; /* when the connection was made, or a little before */
    uint64_t sent_ms;      /* when the request was begun */
    bool watch_failed; /* the loop did not take a socket */
    bool whole;        /* the running request has gone out to its end */
    uint8_t lost;      /* requests of this one that went out whole before libcurl began anew */
    spw__otlp_sent_fn done;
    void *done_arg;
    char detail[CURL_ERROR_SIZE];
};

/*
 * Initialises libcurl and its TLS library, once a process, on the calling thread. Done when the exporter is made, within spw_start(): on the
 * worker it would race with exit(), whose handlers take the TLS library down while it is still coming up.
 */
spw_result spw__otlp_transport_prepare(spw_error *error);

spw_result spw__otlp_transport_start(struct spw__otlp_transport *t, spw_loop *loop, const struct spw__otlp_setup *setup, spw_error *error);

/* Sends; `done` comes later, from the loop, at the latest timeout_ms after this. One at a time. */
void spw__otlp_transport_send(struct spw__otlp_transport *t, spw_view body, spw__otlp_sent_fn done, void *arg);

/* Ends a running request without its `done`; harmless when none runs. */
void spw__otlp_transport_cancel(struct spw__otlp_transport *t);

/* Closes everything. Does not touch the loop when no request runs. */
void spw__otlp_transport_stop(struct spw__otlp_transport *t);

#endif
