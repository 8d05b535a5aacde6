/*
 * Metrics and their data points, read from their wire bytes. Ownership, threads, limits: otlp.h.
 */
#ifndef SPWV_OTLP_METRICS_H
#define SPWV_OTLP_METRICS_H

#include "otlp.h"

/* The field of Metric that holds its data. */
enum spwv_metric_type {
    SPWV_METRIC_EMPTY,
    SPWV_METRIC_GAUGE = 5,
    SPWV_METRIC_SUM = 7,
    SPWV_METRIC_HISTOGRAM = 9,
    SPWV_METRIC_EXPONENTIAL_HISTOGRAM = 10,
    SPWV_METRIC_SUMMARY = 11
};

struct spwv_metric {
    struct spwv_slice name;
    struct spwv_slice description;
    struct spwv_slice unit;
    struct spwv_slice data; /* the Gauge, Sum ...: walk its field 1 for the points */
    enum spwv_metric_type type;
    uint32_t temporality; /* 0 unspecified, 1 delta, 2 cumulative */
    bool monotonic;
};

/* What the points of all types have. */
struct spwv_point {
    struct spwv_slice raw;
    uint64_t start_unix_ns;
    uint64_t time_unix_ns;
    uint32_t flags; /* 1: no recorded value */
};

enum { SPWV_METRIC_POINTS = 1, SPWV_POINT_NO_RECORDED_VALUE = 1 };

void spwv_otlp_read_metric(struct spwv_slice raw, struct spwv_metric *metric);
void spwv_otlp_read_point(struct spwv_slice raw, enum spwv_metric_type type, struct spwv_point *point);

/* The field number of a point's attributes, and of its exemplars (0: a summary has none). */
uint32_t spwv_otlp_point_attributes(enum spwv_metric_type type);
uint32_t spwv_otlp_point_exemplars(enum spwv_metric_type type);

/* Why none of the metric's points can be stored (no name, no data), or NULL when they can. */
const char *spwv_otlp_metric_reject_reason(const struct spwv_metric *metric);

#endif
