/*
 * The store's logs. Ownership, threads, failure: store.h.
 *
 * A record that came before, byte for byte from the same resource and scope, is a duplicate: the first one stays. One without any time never is:
 * it is sorted by when it came.
 */
#ifndef SPWV_STORE_LOGS_H
#define SPWV_STORE_LOGS_H

#include "otlp_logs.h"

enum { SPWV_MAX_LOG_TEXT = 1024, SPWV_MAX_LOG_BYTES = 16 << 20 }; /* of a filter's text, of a page's records */

struct spwv_log_filter {
    struct spwv_slice text;     /* in the texts of the body and of attributes' values, or the event name; ASCII case does not matter; size 0: all */
    struct spwv_slice service;  /* size 0: all */
    const uint8_t *trace_id;    /* NULL: all */
    const uint8_t *span_id;     /* NULL: all; only with trace_id */
    uint32_t severity;          /* at least that */
    int64_t from_ns;            /* at that time or later */
    int64_t to_ns;              /* and before that; 0: no end */
    unsigned limit;             /* at most SPWV_MAX_PAGE of store.h */
    bool before;                /* only records behind this position */
    int64_t before_time;
    int64_t before_id;
};

struct spwv_stored_log {
    int64_t id;
    int64_t time_ns; /* what it is sorted by: with the id the next page's position */
    struct spwv_log log;
    struct spwv_slice service;
    int64_t resource; /* equal for equal ones */
    int64_t scope;
};

struct spwv_log_result {
    bool more;
    bool stopped; /* it failed because it took longer than SPWV_MAX_QUERY_MS */
};

/* The newest first, at most SPWV_MAX_LOG_BYTES of them, but always one. `resource` and `scope` come before the first record of theirs, once each a call. */
struct spwv_log_sink {
    void *arg;
    void (*resource)(void *arg, int64_t id, const struct spwv_origin *resource);
    void (*scope)(void *arg, int64_t id, const struct spwv_origin *scope);
    void (*log)(void *arg, const struct spwv_stored_log *log);
};

#endif
