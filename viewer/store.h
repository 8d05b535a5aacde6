/*
 * What the viewer needs of a store of traces, logs and metrics, as an interface; store_sqlite.c is the first behind it.
 *
 * Ownership: the opener destroys. Slices handed to a sink live until the sink's function returns.
 * Threads: any; each function holds the store for as long as it runs, and begin() holds it until commit() or rollback().
 *   A sink runs inside: it must not call the store.
 * Failure: false, and a text with cause and cure; the store stays as it was before the transaction.
 * Limits: names and services of summaries are cut at SPWV_MAX_SUMMARY_TEXT bytes. max_bytes: over it what arrived first leaves, of
 *   whatever signal: a trace whole, logs and points in batches; each is counted.
 * Delivery is at-least-once: a (trace id, span id) seen before is a duplicate, the first one stays; of logs and points: store_logs.h,
 *   store_metrics.h. All may come in any order.
 */
#ifndef SPWV_STORE_H
#define SPWV_STORE_H

#include "otlp.h"
#include "query.h"
#include "store_logs.h"
#include "store_metrics.h"

enum {
    SPWV_TRACE_ID_SIZE = 16,
    SPWV_SPAN_ID_SIZE = 8,
    SPWV_MAX_PAGE = 1000,
    SPWV_MAX_SUMMARY_TEXT = 1024,
    SPWV_MAX_BUCKETS = 500,
    SPWV_MAX_QUERY_MS = 5000
};

struct spwv_store_info {
    const char *kind; /* "memory" or "file" */
    uint64_t traces;
    uint64_t spans;
    uint64_t bytes;
    uint64_t max_bytes;
    uint64_t evicted_traces;
    uint64_t logs;
    uint64_t evicted_logs;
    uint64_t metric_points;
    uint64_t evicted_metric_points;
    uint64_t duplicates; /* spans, logs and points */
    uint64_t revision; /* grows with every change; starts at 1 */
    unsigned migrated_from; /* the version of the file before this run brought it up to date; 0: it was, or there was none */
};

enum spwv_sort { SPWV_SORT_START, SPWV_SORT_DURATION, SPWV_SORT_SPANS, SPWV_SORT_ERRORS, SPWV_SORT_TOKENS };

/* Which traces, and in which order: the newest start first by default. Among equals the one that arrived last is first, or last when ascending. */
struct spwv_trace_filter {
    const struct spwv_query *query; /* NULL: all */
    int64_t from_ns;                /* they start then or later */
    int64_t to_ns;                  /* and before that; 0: no end */
    enum spwv_sort sort;
    bool ascending;
    unsigned limit;
    bool before; /* only traces behind this position, of the same sort and order */
    int64_t before_key;
    int64_t before_id;
    unsigned max_ms; /* 0: SPWV_MAX_QUERY_MS */
};

struct spwv_list_result {
    bool more;         /* another page follows */
    bool stopped;      /* it failed because it took longer than max_ms */
    uint64_t verified; /* traces whose spans were read, because the index could not tell */
};

struct spwv_bucket {
    uint64_t traces;
    uint64_t errors; /* traces with a failed span */
};

struct spwv_histogram {
    unsigned count; /* of buckets: given by the caller, 1 to SPWV_MAX_BUCKETS */
    int64_t from_ns;
    int64_t to_ns;
    int64_t bucket_ns;
    struct spwv_bucket buckets[SPWV_MAX_BUCKETS];
};

struct spwv_trace_summary {
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_slice root_name; /* data NULL: the root has not come */
    struct spwv_slice root_service;
    uint64_t start_unix_ns;
    uint64_t duration_ns;
    uint64_t span_count;
    uint64_t error_count;
    uint64_t input_tokens; /* of inference spans: tokens.h */
    uint64_t output_tokens;
    bool complete;
    int64_t position_key; /* for the next page's before_key and before_id */
    int64_t position_id;
};

/* Called in this order: trace, then its services; more traces. */
struct spwv_list_sink {
    void *arg;
    void (*trace)(void *arg, const struct spwv_trace_summary *trace);
    void (*service)(void *arg, struct spwv_slice service);
};

/*
 * What has been seen, for completion: keys of attributes, or the values of one field or attribute, with how often: a value in how many traces,
 * a key with how many values in how many traces, a resource's with how many spans; among those that came last.
 */
enum spwv_seen { SPWV_SEEN_KEYS, SPWV_SEEN_VALUES };
struct spwv_seen_request {
    enum spwv_seen what;
    uint8_t field; /* of VALUES: SPWV_FIELD_NAME, _SERVICE or _ATTRIBUTE */
    uint8_t where; /* of attributes: enum spwv_query_where */
    struct spwv_slice key;
    struct spwv_slice prefix; /* ASCII case does not matter */
    unsigned limit;           /* of items, the most frequent first; at most SPWV_MAX_SEEN */
};
enum { SPWV_MAX_SEEN = 100 };
/* A number or a truth comes as its text; `quoted` tells texts from them. */
struct spwv_seen_item {
    struct spwv_slice text;
    bool quoted;
    uint64_t count;
};
struct spwv_seen_sink {
    void *arg;
    void (*item)(void *arg, const struct spwv_seen_item *item);
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

    /* One transaction a request. The bytes given to add() must live until its end. `added` of commit: spans, logs or points that were new. */
    bool (*begin)(struct spwv_store *store, struct spwv_error *error);
    bool (*add)(struct spwv_store *store, const struct spwv_span *span, const struct spwv_cursor *from, struct spwv_error *error);
    bool (*add_log)(struct spwv_store *store, const struct spwv_log *log, const struct spwv_cursor *from, struct spwv_error *error);
    bool (*add_point)(struct spwv_store *store, const struct spwv_metric *metric, const struct spwv_point *point, const struct spwv_cursor *from,
                      struct spwv_error *error);
    bool (*commit)(struct spwv_store *store, uint64_t *added, struct spwv_error *error);
    void (*rollback)(struct spwv_store *store);

    bool (*clear)(struct spwv_store *store, struct spwv_error *error);
    /* One trace; *found false: it was not there. */
    bool (*remove)(struct spwv_store *store, const uint8_t *trace_id, bool *found, struct spwv_error *error);

    void (*info)(struct spwv_store *store, struct spwv_store_info *info);
    bool (*list)(struct spwv_store *store, const struct spwv_trace_filter *filter, const struct spwv_list_sink *sink,
                 struct spwv_list_result *result, struct spwv_error *error);
    /* When the filter's traces start; without from_ns and to_ns over the range they start in. Sort, limit and position do not count. */
    bool (*histogram)(struct spwv_store *store, const struct spwv_trace_filter *filter, struct spwv_histogram *histogram,
                      struct spwv_list_result *result, struct spwv_error *error);
    bool (*seen)(struct spwv_store *store, const struct spwv_seen_request *request, const struct spwv_seen_sink *sink, struct spwv_error *error);
    bool (*services)(struct spwv_store *store, const struct spwv_list_sink *sink, struct spwv_error *error);
    /* The trace with the newest start; false in an empty store. */
    bool (*latest)(struct spwv_store *store, uint8_t *trace_id);
    /* The revision of that trace's last change; 0: no such trace. */
    uint64_t (*revision)(struct spwv_store *store, const uint8_t *trace_id);
    bool (*list_logs)(struct spwv_store *store, const struct spwv_log_filter *filter, const struct spwv_log_sink *sink,
                      struct spwv_log_result *result, struct spwv_error *error);
    bool (*clear_logs)(struct spwv_store *store, struct spwv_error *error);
    bool (*list_metrics)(struct spwv_store *store, const struct spwv_metric_filter *filter, const struct spwv_metric_sink *sink,
                         struct spwv_error *error);
    /* *more: a series or points were left out. False with an empty error text: no such metric. */
    bool (*read_metric)(struct spwv_store *store, const struct spwv_point_filter *filter, const struct spwv_point_sink *sink, bool *more,
                        struct spwv_error *error);
    bool (*clear_metrics)(struct spwv_store *store, struct spwv_error *error);
    /* False with an empty error text: no such trace. */
    bool (*read)(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error);
    /* As if the trace had that span alone. False with an empty error text: no such trace or span. */
    bool (*read_span)(struct spwv_store *store, const uint8_t *trace_id, const uint8_t *span_id, const struct spwv_trace_sink *sink,
                      struct spwv_error *error);
};

/*
 * path NULL: in memory. A file is created 0600 (prompts are in it) and belongs to one process at a time. One that an earlier version wrote
 * is brought up to this one's form, in one transaction; one of a later version is refused. NULL with *error filled.
 */
struct spwv_store *spwv_store_sqlite_open(const char *path, uint64_t max_bytes, struct spwv_error *error);

#endif
