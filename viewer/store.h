/*
 * What the viewer needs of a store of traces, as an interface; store_sqlite.c is the first behind it.
 *
 * Ownership: the opener destroys. Slices handed to a sink live until the sink's function returns.
 * Threads: any; each function holds the store for as long as it runs, and begin() holds it until commit() or rollback().
 *   A sink runs inside: it must not call the store.
 * Failure: false, and a text with cause and cure; the store stays as it was before the transaction.
 * Limits: names and services of summaries are cut at SPWV_MAX_SUMMARY_TEXT bytes. max_bytes: over it, whole traces leave, the one that arrived first goes first, and each is counted.
 * Delivery is at-least-once: a (trace id, span id) seen before is a duplicate, the first one stays. Spans may come in any order.
 */
#ifndef SPWV_STORE_H
#define SPWV_STORE_H

#include "otlp.h"

enum { SPWV_TRACE_ID_SIZE = 16, SPWV_MAX_QUERY = 256, SPWV_MAX_PAGE = 1000, SPWV_MAX_SUMMARY_TEXT = 1024 };

struct spwv_store_info {
    const char *kind; /* "memory" or "file" */
    uint64_t traces;
    uint64_t spans;
    uint64_t bytes;
    uint64_t max_bytes;
    uint64_t evicted_traces;
    uint64_t duplicates;
    uint64_t revision; /* grows with every change; starts at 1 */
};

/* Which traces, newest start first. Empty strings and zeros do not filter. */
struct spwv_trace_filter {
    char service[SPWV_MAX_QUERY + 1];
    char query[SPWV_MAX_QUERY + 1]; /* part of a span's name (ASCII case does not matter), or the beginning of a trace id in hex */
    bool errors;
    uint64_t min_duration_ns;
    unsigned limit;
    bool before; /* only traces behind this position */
    int64_t before_start;
    int64_t before_id;
};

struct spwv_trace_summary {
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_slice root_name; /* data NULL: the root has not come */
    struct spwv_slice root_service;
    uint64_t start_unix_ns;
    uint64_t duration_ns;
    uint64_t span_count;
    uint64_t error_count;
    bool complete;
    int64_t position_start; /* for the next page's before_start and before_id */
    int64_t position_id;
};

/* Called in this order: trace, then its services; more traces. `more` says whether another page follows. */
struct spwv_list_sink {
    void *arg;
    void (*trace)(void *arg, const struct spwv_trace_summary *trace);
    void (*service)(void *arg, struct spwv_slice service);
};

/* Called in this order: trace, resources, scopes, spans by start time. Resources and scopes are numbered from 0. */
struct spwv_trace_sink {
    void *arg;
    void (*trace)(void *arg, const uint8_t *trace_id, uint64_t revision);
    void (*resource)(void *arg, const struct spwv_origin *resource);
    void (*scope)(void *arg, const struct spwv_origin *scope);
    void (*span)(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope);
};

struct spwv_store {
    void (*destroy)(struct spwv_store *store);

    /* One transaction a request. `added` of commit: spans that were new. */
    bool (*begin)(struct spwv_store *store, struct spwv_error *error);
    bool (*add)(struct spwv_store *store, const struct spwv_span *span, const struct spwv_span_cursor *from, struct spwv_error *error);
    bool (*commit)(struct spwv_store *store, uint64_t *added, struct spwv_error *error);
    void (*rollback)(struct spwv_store *store);

    bool (*clear)(struct spwv_store *store, struct spwv_error *error);

    void (*info)(struct spwv_store *store, struct spwv_store_info *info);
    bool (*list)(struct spwv_store *store, const struct spwv_trace_filter *filter, const struct spwv_list_sink *sink, bool *more,
                 struct spwv_error *error);
    bool (*services)(struct spwv_store *store, const struct spwv_list_sink *sink, struct spwv_error *error);
    /* The trace with the newest start; false in an empty store. */
    bool (*latest)(struct spwv_store *store, uint8_t *trace_id);
    /* The revision of that trace's last change; 0: no such trace. */
    uint64_t (*revision)(struct spwv_store *store, const uint8_t *trace_id);
    /* False with an empty error text: no such trace. */
    bool (*read)(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error);
};

/*
 * path NULL: in memory. A file is created 0600 (prompts are in it) and belongs to one process at a time. One that an earlier version wrote
 * is brought up to this one's form, in one transaction; one of a later version is refused. NULL with *error filled.
 */
struct spwv_store *spwv_store_sqlite_open(const char *path, uint64_t max_bytes, struct spwv_error *error);

#endif
