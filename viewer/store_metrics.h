/*
 * The store's metrics. Ownership, threads, failure: store.h.
 *
 * An instrument is what has the same service, scope name, name, unit, type, temporality and monotonicity; a series of it has the same
 * attributes (in any order), resource and scope. A point of a series with both times seen before is a duplicate: the first one stays. One without a
 * time never is: it is kept under the time it came.
 */
#ifndef SPWV_STORE_METRICS_H
#define SPWV_STORE_METRICS_H

#include "otlp_metrics.h"

enum { SPWV_MAX_SERIES = 100, SPWV_MAX_POINTS = 2000, SPWV_MAX_POINT_BYTES = 16 << 20 };

struct spwv_metric_filter {
    struct spwv_slice name;    /* a part of it; size 0: all */
    struct spwv_slice service; /* size 0: all */
    unsigned limit;
};

struct spwv_stored_metric {
    int64_t id;
    struct spwv_metric metric; /* without data */
    struct spwv_slice service;
    struct spwv_slice scope_name;
    uint64_t series;
    uint64_t points;
    uint64_t last_unix_ns;
};

/* By service, then name. */
struct spwv_metric_sink {
    void *arg;
    void (*metric)(void *arg, const struct spwv_stored_metric *metric);
};

struct spwv_point_filter {
    int64_t metric;
    int64_t from_ns;
    int64_t to_ns;   /* 0: no end */
    unsigned limit;  /* of points a series, the newest; at most SPWV_MAX_POINTS */
};

/* At most SPWV_MAX_SERIES, those that came last, and SPWV_MAX_POINT_BYTES. Called in this order: metric; then for each series resource and scope when they are new, series, its points by time, the oldest first. */
struct spwv_point_sink {
    void *arg;
    void (*metric)(void *arg, const struct spwv_stored_metric *metric);
    void (*resource)(void *arg, int64_t id, const struct spwv_origin *resource);
    void (*scope)(void *arg, int64_t id, const struct spwv_origin *scope);
    void (*series)(void *arg, struct spwv_slice attributes, int64_t resource, int64_t scope); /* a KeyValueList */
    void (*point)(void *arg, const struct spwv_point *point);
};

#endif
