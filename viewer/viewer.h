/*
 * The viewer: an OTLP/HTTP receiver, a store of traces, a JSON API and the web UI, on one address.
 *
 *     struct spwv_options options = SPWV_OPTIONS_INIT;
 *     struct spwv_error error;
 *     struct spwv_viewer *viewer = spwv_viewer_start(&options, &error);
 *     if (!viewer)
 *         die(error.text);
 *     printf("http://127.0.0.1:%u/\n", spwv_viewer_port(viewer));
 *     ...
 *     spwv_viewer_stop(viewer);
 *
 * Ownership: options are read during start and not kept. Threads: start and stop from one thread; requests are served by the viewer's own
 * threads, which take no signals. Failure: NULL with cause and cure; nothing is left behind.
 * Limits: the fields of the options. Every answer to a request that could be read carries the security headers, and every such request
 *   passes the Host allow-list; what libmicrohttpd itself refuses gets its own short text (server.c says which requests those are).
 */
#ifndef SPWV_VIEWER_H
#define SPWV_VIEWER_H

#include "import.h"

struct spwv_options {
    const char *listen;
    const char *listen_else; /* where, if that one is in use; NULL: nowhere */
    const char *db_path; /* NULL: in memory */
    uint64_t max_bytes;  /* of the store */
    const char *const *allow_hosts;
    size_t allow_host_count;
    size_t max_compressed; /* of a gzip body as sent */
    size_t max_body;       /* of a body as sent without compression, or inflated */
    size_t max_in_flight;  /* of all bodies and answers together */
    unsigned max_connections;
    unsigned header_timeout_ms;  /* from the connection or the request line to the end of the headers */
    unsigned request_timeout_ms; /* from there to the last byte of the answer */
    unsigned body_grace_ms;      /* from there until a body is to come at ... */
    unsigned min_body_bytes_s;   /* ... this rate on the whole; 0: at any */
    unsigned idle_timeout_ms;    /* between requests of one connection */
};

/* 64 MiB is what OTLP lets a client send in one request. */
#define SPWV_OPTIONS_INIT                                                                                                                  \
    {.listen = "127.0.0.1:4318", .max_bytes = 256u << 20, .max_compressed = 16u << 20, .max_body = 64u << 20, .max_in_flight = 256u << 20, \
     .max_connections = 256, .header_timeout_ms = 5000, .request_timeout_ms = 30000,           \
     .body_grace_ms = 5000, .min_body_bytes_s = 1024, .idle_timeout_ms = 75000}

struct spwv_viewer;

struct spwv_viewer *spwv_viewer_start(const struct spwv_options *options, struct spwv_error *error);
unsigned spwv_viewer_port(const struct spwv_viewer *viewer);
const char *spwv_viewer_host(const struct spwv_viewer *viewer); /* of --listen, as in a URL */
bool spwv_viewer_is_elsewhere(const struct spwv_viewer *viewer); /* at listen_else */
bool spwv_viewer_is_loopback(const struct spwv_viewer *viewer);
/* The version of the store's file before the start brought it up to date (some 10 us a span); 0: there was nothing to do. */
unsigned spwv_viewer_migrated_from(const struct spwv_viewer *viewer);
void spwv_viewer_stop(struct spwv_viewer *viewer);

/* A file's traces into the store of a running viewer, by import.h's rules, from any thread; a line may be as long as a body. */
bool spwv_viewer_import(struct spwv_viewer *viewer, const char *path, const struct spwv_import_sink *sink,
                        struct spwv_import_report *report, struct spwv_error *error);

const char *spwv_version(void);

#endif
