/* Instruments and points as JSON. Contract: metric_json.h; field numbers: otlp_fields.c. */
#include "metric_json.h"

#include <string.h>

#include "json_member.h"
#include "value_json.h"

/* ---- the instrument ---- */

static const char *name_of(enum spwv_metric_type type)
{
    switch (type) {
    case SPWV_METRIC_GAUGE: return "gauge";
    case SPWV_METRIC_SUM: return "sum";
    case SPWV_METRIC_HISTOGRAM: return "histogram";
    case SPWV_METRIC_EXPONENTIAL_HISTOGRAM: return "exponential_histogram";
    default: return "summary";
    }
}

void spwv_json_metric(struct spwv_json *json, const struct spwv_stored_metric *metric)
{
    static const char *const temporalities[] = {"unspecified", "delta", "cumulative"};
    spwv_json_begin(json, '{');
    spwv_member_u64(json, "id", (uint64_t)metric->id);
    spwv_member_string(json, "name", metric->metric.name);
    spwv_member_string(json, "description", metric->metric.description);
    spwv_member_string(json, "unit", metric->metric.unit);
    spwv_member_text(json, "type", name_of(metric->metric.type));
    spwv_member_text(json, "temporality", temporalities[metric->metric.temporality < 3 ? metric->metric.temporality : 0]);
    spwv_member_bool(json, "monotonic", metric->metric.monotonic);
    spwv_member_string(json, "service", metric->service);
    spwv_member_string(json, "scope", metric->scope_name);
    spwv_member_count(json, "series", metric->series);
    spwv_member_count(json, "points", metric->points);
    spwv_member_u64(json, "last_unix_ns", metric->last_unix_ns);
    spwv_json_end(json, '}');
}

/* ---- numbers ---- */

static void write_double(struct spwv_json *json, uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    spwv_json_double(json, value);
}

/* The last occurrence of a number; false: it is not there. */
static bool find(struct spwv_slice message, uint32_t number, uint64_t *value)
{
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_field field;
    bool found = false;
    *value = 0;
    while (spwv_wire_next(&wire, &field) > 0)
        if (field.number == number && field.type != SPWV_BYTES) {
            *value = field.value;
            found = true;
        }
    return found;
}

static void whole(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number)
{
    uint64_t value;
    find(message, number, &value);
    spwv_member_u64(json, key, value);
}

static void real(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number)
{
    uint64_t bits;
    find(message, number, &bits);
    spwv_json_key(json, key);
    write_double(json, bits);
}

/* null for one that is not there. */
static void optional(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number)
{
    uint64_t bits;
    spwv_json_key(json, key);
    if (find(message, number, &bits))
        write_double(json, bits);
    else
        spwv_json_null(json);
}

static void small(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number)
{
    uint64_t value;
    find(message, number, &value);
    spwv_json_key(json, key);
    spwv_json_int32(json, spwv_wire_sint32(value));
}

static void counts(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number, enum spwv_wire_type type)
{
    struct spwv_numbers numbers = spwv_numbers_of(message, number, type);
    uint64_t value;
    spwv_json_key(json, key);
    spwv_json_begin(json, '[');
    while (!json->out->failed && spwv_numbers_next(&numbers, &value))
        spwv_json_u64(json, value);
    spwv_json_end(json, ']');
}

static void reals(struct spwv_json *json, const char *key, struct spwv_slice message, uint32_t number)
{
    struct spwv_numbers numbers = spwv_numbers_of(message, number, SPWV_FIXED64);
    uint64_t bits;
    spwv_json_key(json, key);
    spwv_json_begin(json, '[');
    while (!json->out->failed && spwv_numbers_next(&numbers, &bits))
        write_double(json, bits);
    spwv_json_end(json, ']');
}

/* {"type","value"} of a oneof of a double and an integer, the last of them. */
static void either(struct spwv_json *json, struct spwv_slice message, uint32_t as_double, uint32_t as_int)
{
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_field field, last = {0};
    while (spwv_wire_next(&wire, &field) > 0)
        if ((field.number == as_double || field.number == as_int) && field.type == SPWV_FIXED64)
            last = field;
    spwv_json_key(json, "value");
    spwv_json_begin(json, '{');
    spwv_member_text(json, "type", !last.number ? "empty" : last.number == as_int ? "int" : "double");
    spwv_json_key(json, "value");
    if (!last.number)
        spwv_json_null(json);
    else if (last.number == as_int)
        spwv_json_i64(json, (int64_t)last.value);
    else
        write_double(json, last.value);
    spwv_json_end(json, '}');
}

/* ---- parts of points ---- */

static struct spwv_slice last_of(struct spwv_slice message, uint32_t number)
{
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_slice bytes, last = {NULL, 0};
    while (spwv_otlp_each(&wire, number, &bytes))
        last = bytes;
    return last;
}

static void exemplar(struct spwv_json *json, struct spwv_slice raw)
{
    enum { TIME = 2, AS_DOUBLE = 3, SPAN_ID = 4, TRACE_ID = 5, AS_INT = 6, ATTRIBUTES = 7 };
    spwv_json_begin(json, '{');
    whole(json, "time_unix_ns", raw, TIME);
    either(json, raw, AS_DOUBLE, AS_INT);
    spwv_member_hex(json, "trace_id", last_of(raw, TRACE_ID));
    spwv_member_hex(json, "span_id", last_of(raw, SPAN_ID));
    spwv_json_attributes(json, raw, ATTRIBUTES);
    spwv_json_end(json, '}');
}

static void exemplars(struct spwv_json *json, struct spwv_slice point, uint32_t number)
{
    struct spwv_wire wire = spwv_wire_of(point);
    struct spwv_slice raw;
    spwv_json_key(json, "exemplars");
    spwv_json_begin(json, '[');
    while (number && !json->out->failed && spwv_otlp_each(&wire, number, &raw))
        exemplar(json, raw);
    spwv_json_end(json, ']');
}

static void buckets(struct spwv_json *json, const char *key, struct spwv_slice point, uint32_t number)
{
    enum { OFFSET = 1, COUNTS = 2 };
    struct spwv_slice raw = last_of(point, number);
    spwv_json_key(json, key);
    spwv_json_begin(json, '{');
    small(json, "offset", raw, OFFSET);
    counts(json, "buckets", raw, COUNTS, SPWV_VARINT);
    spwv_json_end(json, '}');
}

/* ---- points by type ---- */

static void number_point(struct spwv_json *json, const struct spwv_point *point)
{
    enum { AS_DOUBLE = 4, AS_INT = 6 };
    bool none = point->flags & SPWV_POINT_NO_RECORDED_VALUE;
    either(json, none ? (struct spwv_slice){NULL, 0} : point->raw, AS_DOUBLE, AS_INT);
}

static void histogram_point(struct spwv_json *json, struct spwv_slice raw)
{
    enum { COUNT = 4, SUM = 5, BUCKETS = 6, BOUNDS = 7, MIN = 11, MAX = 12 };
    whole(json, "count", raw, COUNT);
    optional(json, "sum", raw, SUM);
    optional(json, "min", raw, MIN);
    optional(json, "max", raw, MAX);
    reals(json, "bounds", raw, BOUNDS);
    counts(json, "buckets", raw, BUCKETS, SPWV_FIXED64);
}

static void exponential_point(struct spwv_json *json, struct spwv_slice raw)
{
    enum { COUNT = 4, SUM = 5, SCALE = 6, ZERO_COUNT = 7, POSITIVE = 8, NEGATIVE = 9, MIN = 12, MAX = 13, ZERO_THRESHOLD = 14 };
    whole(json, "count", raw, COUNT);
    optional(json, "sum", raw, SUM);
    optional(json, "min", raw, MIN);
    optional(json, "max", raw, MAX);
    small(json, "scale", raw, SCALE);
    whole(json, "zero_count", raw, ZERO_COUNT);
    real(json, "zero_threshold", raw, ZERO_THRESHOLD);
    buckets(json, "positive", raw, POSITIVE);
    buckets(json, "negative", raw, NEGATIVE);
}

static void summary_point(struct spwv_json *json, struct spwv_slice raw)
{
    enum { COUNT = 4, SUM = 5, QUANTILES = 6, QUANTILE = 1, VALUE = 2 };
    struct spwv_wire wire = spwv_wire_of(raw);
    struct spwv_slice quantile;
    whole(json, "count", raw, COUNT);
    real(json, "sum", raw, SUM);
    spwv_json_key(json, "quantiles");
    spwv_json_begin(json, '[');
    while (!json->out->failed && spwv_otlp_each(&wire, QUANTILES, &quantile)) {
        spwv_json_begin(json, '{');
        real(json, "quantile", quantile, QUANTILE);
        real(json, "value", quantile, VALUE);
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
}

void spwv_json_point(struct spwv_json *json, enum spwv_metric_type type, const struct spwv_point *point)
{
    spwv_json_begin(json, '{');
    spwv_member_u64(json, "start_unix_ns", point->start_unix_ns);
    spwv_member_u64(json, "time_unix_ns", point->time_unix_ns);
    spwv_member_count(json, "flags", point->flags);
    switch (type) {
    case SPWV_METRIC_HISTOGRAM: histogram_point(json, point->raw); break;
    case SPWV_METRIC_EXPONENTIAL_HISTOGRAM: exponential_point(json, point->raw); break;
    case SPWV_METRIC_SUMMARY: summary_point(json, point->raw); break;
    default: number_point(json, point);
    }
    exemplars(json, point->raw, spwv_otlp_point_exemplars(type));
    spwv_json_end(json, '}');
}
