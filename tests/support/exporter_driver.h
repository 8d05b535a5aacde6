/*
 * Drives one OTLP exporter without the SDK: a loop, the factory, one batch at a time. Single-threaded. Set-up failures end the process.
 *
 *     driver d;
 *     driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
 *     spw_export_result r = driver_send(&d, batch, 5000);
 *     driver_stop(&d);
 */
#ifndef TESTS_EXPORTER_DRIVER_H
#define TESTS_EXPORTER_DRIVER_H

#include <spanwire/exporter.h>

/* Zero means: base URL, no headers, no compression, 2000 ms. */
typedef struct driver_options {
    const char *endpoint;
    bool endpoint_is_signal;
    const char *headers;
    const char *compression;
    const char *protocol;
    const char *user_agent_prefix;
    const char *certificate;
    const char *proxy;
    uint32_t max_connection_age_ms;
    uint32_t timeout_ms; /* UINT32_MAX: none */
} driver_options;

typedef struct driver {
    spw_loop *loop;
    spw_exporter *exporter;
    spw_export_result result;
    unsigned answers;
    unsigned elapsed_ms; /* of the last driver_send() */
} driver;

/* The exporter, or NULL and *error; does not start it. */
spw_exporter *driver_make(const driver_options *options, spw_error *error);

void driver_start(driver *d, const driver_options *options);

/* Submits and runs the loop until the answer is there; fails the process after limit_ms. */
spw_export_result driver_send(driver *d, const spw_batch *batch, uint32_t limit_ms);

/* Submits and comes back at once. */
void driver_submit(driver *d, const spw_batch *batch);

/* Runs the loop for that long, or until there have been `answers` answers. */
void driver_run(driver *d, unsigned answers, uint32_t limit_ms);

void driver_stop(driver *d);

#endif
