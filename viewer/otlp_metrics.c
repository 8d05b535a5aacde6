/* Metrics and their points. Contract: otlp_metrics.h. */
#include "otlp_metrics.h"

static void read_data(struct spwv_slice raw, struct spwv_metric *metric)
{
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    metric->temporality = 0;
    metric->monotonic = false;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 2)
            metric->temporality = (uint32_t)field.value;
        else if (field.number == 3)
            metric->monotonic = field.value != 0;
    }
}

static bool is_data(uint32_t number)
{
    return number == SPWV_METRIC_GAUGE || number == SPWV_METRIC_SUM || number == SPWV_METRIC_HISTOGRAM ||
           number == SPWV_METRIC_EXPONENTIAL_HISTOGRAM || number == SPWV_METRIC_SUMMARY;
}

void spwv_otlp_read_metric(struct spwv_slice raw, struct spwv_metric *metric)
{
    *metric = (struct spwv_metric){0};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 1)
            metric->name = field.bytes;
        else if (field.number == 2)
            metric->description = field.bytes;
        else if (field.number == 3)
            metric->unit = field.bytes;
        else if (is_data(field.number)) { /* of a oneof the last counts */
            metric->type = (enum spwv_metric_type)field.number;
            metric->data = field.bytes;
        }
    }
    if (metric->type != SPWV_METRIC_EMPTY)
        read_data(metric->data, metric);
}

void spwv_otlp_read_point(struct spwv_slice raw, enum spwv_metric_type type, struct spwv_point *point)
{
    const uint32_t flags = type == SPWV_METRIC_HISTOGRAM || type == SPWV_METRIC_EXPONENTIAL_HISTOGRAM ? 10 : 8;
    *point = (struct spwv_point){.raw = raw};
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_field field;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.number == 2)
            point->start_unix_ns = field.value;
        else if (field.number == 3)
            point->time_unix_ns = field.value;
        else if (field.number == flags)
            point->flags = (uint32_t)field.value;
    }
}

uint32_t spwv_otlp_point_attributes(enum spwv_metric_type type)
{
    return type == SPWV_METRIC_HISTOGRAM ? 9 : type == SPWV_METRIC_EXPONENTIAL_HISTOGRAM ? 1 : 7;
}

uint32_t spwv_otlp_point_exemplars(enum spwv_metric_type type)
{
    switch (type) {
    case SPWV_METRIC_GAUGE:
    case SPWV_METRIC_SUM: return 5;
    case SPWV_METRIC_HISTOGRAM: return 8;
    case SPWV_METRIC_EXPONENTIAL_HISTOGRAM: return 11;
    default: return 0;
    }
}

const char *spwv_otlp_metric_reject_reason(const struct spwv_metric *metric)
{
    if (!metric->name.size)
        return "a metric has no name";
    if (metric->type == SPWV_METRIC_EMPTY)
        return "a metric has no data";
    return NULL;
}
