/* The table of OTLP's fields, version 1.11. Contract: otlp_fields.h. */
#include "otlp_fields.h"

#include <string.h>

#define FIELD(name, kind, message, repeated, presence) {name, SPWV_KIND_##kind, SPWV_##message, repeated, SPWV_##presence}
#define SCALAR(name, kind) FIELD(name, kind, NO_MESSAGE, false, IMPLICIT)
#define OPTIONAL(name, kind) FIELD(name, kind, NO_MESSAGE, false, OPTIONAL)
#define CHOICE(name, kind) FIELD(name, kind, NO_MESSAGE, false, ONEOF)
#define SCALARS(name, kind) FIELD(name, kind, NO_MESSAGE, true, IMPLICIT)
#define ONE(name, message) FIELD(name, MESSAGE, message, false, IMPLICIT)
#define CHOICE_OF(name, message) FIELD(name, MESSAGE, message, false, ONEOF)
#define MANY(name, message) FIELD(name, MESSAGE, message, true, IMPLICIT)
#define POINTS(message) [1] = MANY("dataPoints", message)
#define TIMES [2] = SCALAR("startTimeUnixNano", FIXED64), [3] = SCALAR("timeUnixNano", FIXED64)

static const struct spwv_otlp_field fields[SPWV_MESSAGES][SPWV_MAX_FIELD + 1] = {
    [SPWV_TRACES_REQUEST] = {[1] = MANY("resourceSpans", RESOURCE_SPANS)},
    [SPWV_LOGS_REQUEST] = {[1] = MANY("resourceLogs", RESOURCE_LOGS)},
    [SPWV_METRICS_REQUEST] = {[1] = MANY("resourceMetrics", RESOURCE_METRICS)},
    [SPWV_RESOURCE_SPANS] = {[1] = ONE("resource", RESOURCE), [2] = MANY("scopeSpans", SCOPE_SPANS), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_SCOPE_SPANS] = {[1] = ONE("scope", SCOPE), [2] = MANY("spans", SPAN), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_RESOURCE] = {[1] = MANY("attributes", KEY_VALUE), [2] = SCALAR("droppedAttributesCount", UINT32),
                       [3] = MANY("entityRefs", ENTITY_REF)},
    [SPWV_SCOPE] = {[1] = SCALAR("name", STRING), [2] = SCALAR("version", STRING), [3] = MANY("attributes", KEY_VALUE),
                    [4] = SCALAR("droppedAttributesCount", UINT32)},
    [SPWV_SPAN] = {[1] = SCALAR("traceId", ID), [2] = SCALAR("spanId", ID), [3] = SCALAR("traceState", STRING),
                   [4] = SCALAR("parentSpanId", ID), [5] = SCALAR("name", STRING), [6] = SCALAR("kind", SPAN_KIND),
                   [7] = SCALAR("startTimeUnixNano", FIXED64), [8] = SCALAR("endTimeUnixNano", FIXED64), [9] = MANY("attributes", KEY_VALUE),
                   [10] = SCALAR("droppedAttributesCount", UINT32), [11] = MANY("events", EVENT), [12] = SCALAR("droppedEventsCount", UINT32),
                   [13] = MANY("links", LINK), [14] = SCALAR("droppedLinksCount", UINT32), [15] = ONE("status", STATUS),
                   [16] = SCALAR("flags", FIXED32)},
    [SPWV_EVENT] = {[1] = SCALAR("timeUnixNano", FIXED64), [2] = SCALAR("name", STRING), [3] = MANY("attributes", KEY_VALUE),
                    [4] = SCALAR("droppedAttributesCount", UINT32)},
    [SPWV_LINK] = {[1] = SCALAR("traceId", ID), [2] = SCALAR("spanId", ID), [3] = SCALAR("traceState", STRING),
                   [4] = MANY("attributes", KEY_VALUE), [5] = SCALAR("droppedAttributesCount", UINT32), [6] = SCALAR("flags", FIXED32)},
    [SPWV_STATUS] = {[2] = SCALAR("message", STRING), [3] = SCALAR("code", STATUS_CODE)},
    [SPWV_KEY_VALUE] = {[1] = SCALAR("key", STRING), [2] = ONE("value", ANY_VALUE), [3] = SCALAR("keyStrindex", INT32)},
    [SPWV_ANY_VALUE] = {[1] = CHOICE("stringValue", STRING), [2] = CHOICE("boolValue", BOOL), [3] = CHOICE("intValue", INT64),
                        [4] = CHOICE("doubleValue", DOUBLE), [5] = CHOICE_OF("arrayValue", ARRAY_VALUE),
                        [6] = CHOICE_OF("kvlistValue", KEY_VALUE_LIST), [7] = CHOICE("bytesValue", BYTES),
                        [8] = CHOICE("stringValueStrindex", INT32)},
    [SPWV_ARRAY_VALUE] = {[1] = MANY("values", ANY_VALUE)},
    [SPWV_KEY_VALUE_LIST] = {[1] = MANY("values", KEY_VALUE)},
    [SPWV_ENTITY_REF] = {[1] = SCALAR("schemaUrl", STRING), [2] = SCALAR("type", STRING), [3] = SCALARS("idKeys", STRING),
                         [4] = SCALARS("descriptionKeys", STRING)},
    [SPWV_RESOURCE_LOGS] = {[1] = ONE("resource", RESOURCE), [2] = MANY("scopeLogs", SCOPE_LOGS), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_SCOPE_LOGS] = {[1] = ONE("scope", SCOPE), [2] = MANY("logRecords", LOG_RECORD), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_LOG_RECORD] = {[1] = SCALAR("timeUnixNano", FIXED64), [2] = SCALAR("severityNumber", SEVERITY), [3] = SCALAR("severityText", STRING),
                         [5] = ONE("body", ANY_VALUE), [6] = MANY("attributes", KEY_VALUE), [7] = SCALAR("droppedAttributesCount", UINT32),
                         [8] = SCALAR("flags", FIXED32), [9] = SCALAR("traceId", ID), [10] = SCALAR("spanId", ID),
                         [11] = SCALAR("observedTimeUnixNano", FIXED64), [12] = SCALAR("eventName", STRING)},
    [SPWV_RESOURCE_METRICS] = {[1] = ONE("resource", RESOURCE), [2] = MANY("scopeMetrics", SCOPE_METRICS), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_SCOPE_METRICS] = {[1] = ONE("scope", SCOPE), [2] = MANY("metrics", METRIC), [3] = SCALAR("schemaUrl", STRING)},
    [SPWV_METRIC] = {[1] = SCALAR("name", STRING), [2] = SCALAR("description", STRING), [3] = SCALAR("unit", STRING),
                     [5] = CHOICE_OF("gauge", GAUGE), [7] = CHOICE_OF("sum", SUM), [9] = CHOICE_OF("histogram", HISTOGRAM),
                     [10] = CHOICE_OF("exponentialHistogram", EXPONENTIAL_HISTOGRAM), [11] = CHOICE_OF("summary", SUMMARY),
                     [12] = MANY("metadata", KEY_VALUE)},
    [SPWV_GAUGE] = {POINTS(NUMBER_POINT)},
    [SPWV_SUM] = {POINTS(NUMBER_POINT), [2] = SCALAR("aggregationTemporality", TEMPORALITY), [3] = SCALAR("isMonotonic", BOOL)},
    [SPWV_HISTOGRAM] = {POINTS(HISTOGRAM_POINT), [2] = SCALAR("aggregationTemporality", TEMPORALITY)},
    [SPWV_EXPONENTIAL_HISTOGRAM] = {POINTS(EXPONENTIAL_HISTOGRAM_POINT), [2] = SCALAR("aggregationTemporality", TEMPORALITY)},
    [SPWV_SUMMARY] = {POINTS(SUMMARY_POINT)},
    [SPWV_NUMBER_POINT] = {TIMES, [4] = CHOICE("asDouble", DOUBLE), [5] = MANY("exemplars", EXEMPLAR), [6] = CHOICE("asInt", SFIXED64),
                           [7] = MANY("attributes", KEY_VALUE), [8] = SCALAR("flags", UINT32)},
    [SPWV_HISTOGRAM_POINT] = {TIMES, [4] = SCALAR("count", FIXED64), [5] = OPTIONAL("sum", DOUBLE), [6] = SCALARS("bucketCounts", FIXED64),
                              [7] = SCALARS("explicitBounds", DOUBLE), [8] = MANY("exemplars", EXEMPLAR), [9] = MANY("attributes", KEY_VALUE),
                              [10] = SCALAR("flags", UINT32), [11] = OPTIONAL("min", DOUBLE), [12] = OPTIONAL("max", DOUBLE)},
    [SPWV_EXPONENTIAL_HISTOGRAM_POINT] = {[1] = MANY("attributes", KEY_VALUE), TIMES, [4] = SCALAR("count", FIXED64),
                                          [5] = OPTIONAL("sum", DOUBLE), [6] = SCALAR("scale", SINT32), [7] = SCALAR("zeroCount", FIXED64),
                                          [8] = ONE("positive", BUCKETS), [9] = ONE("negative", BUCKETS), [10] = SCALAR("flags", UINT32),
                                          [11] = MANY("exemplars", EXEMPLAR), [12] = OPTIONAL("min", DOUBLE), [13] = OPTIONAL("max", DOUBLE),
                                          [14] = SCALAR("zeroThreshold", DOUBLE)},
    [SPWV_BUCKETS] = {[1] = SCALAR("offset", SINT32), [2] = SCALARS("bucketCounts", UINT64)},
    [SPWV_SUMMARY_POINT] = {TIMES, [4] = SCALAR("count", FIXED64), [5] = SCALAR("sum", DOUBLE), [6] = MANY("quantileValues", QUANTILE),
                            [7] = MANY("attributes", KEY_VALUE), [8] = SCALAR("flags", UINT32)},
    [SPWV_QUANTILE] = {[1] = SCALAR("quantile", DOUBLE), [2] = SCALAR("value", DOUBLE)},
    [SPWV_EXEMPLAR] = {[2] = SCALAR("timeUnixNano", FIXED64), [3] = CHOICE("asDouble", DOUBLE), [4] = SCALAR("spanId", ID),
                       [5] = SCALAR("traceId", ID), [6] = CHOICE("asInt", SFIXED64), [7] = MANY("filteredAttributes", KEY_VALUE)},
};

static const char *const names[SPWV_MESSAGES] = {
    [SPWV_NO_MESSAGE] = "",
    [SPWV_TRACES_REQUEST] = "ExportTraceServiceRequest",
    [SPWV_LOGS_REQUEST] = "ExportLogsServiceRequest",
    [SPWV_METRICS_REQUEST] = "ExportMetricsServiceRequest",
    [SPWV_RESOURCE_SPANS] = "ResourceSpans",
    [SPWV_SCOPE_SPANS] = "ScopeSpans",
    [SPWV_RESOURCE] = "Resource",
    [SPWV_SCOPE] = "InstrumentationScope",
    [SPWV_SPAN] = "Span",
    [SPWV_EVENT] = "Span.Event",
    [SPWV_LINK] = "Span.Link",
    [SPWV_STATUS] = "Status",
    [SPWV_KEY_VALUE] = "KeyValue",
    [SPWV_ANY_VALUE] = "AnyValue",
    [SPWV_ARRAY_VALUE] = "ArrayValue",
    [SPWV_KEY_VALUE_LIST] = "KeyValueList",
    [SPWV_ENTITY_REF] = "EntityRef",
    [SPWV_RESOURCE_LOGS] = "ResourceLogs",
    [SPWV_SCOPE_LOGS] = "ScopeLogs",
    [SPWV_LOG_RECORD] = "LogRecord",
    [SPWV_RESOURCE_METRICS] = "ResourceMetrics",
    [SPWV_SCOPE_METRICS] = "ScopeMetrics",
    [SPWV_METRIC] = "Metric",
    [SPWV_GAUGE] = "Gauge",
    [SPWV_SUM] = "Sum",
    [SPWV_HISTOGRAM] = "Histogram",
    [SPWV_EXPONENTIAL_HISTOGRAM] = "ExponentialHistogram",
    [SPWV_SUMMARY] = "Summary",
    [SPWV_NUMBER_POINT] = "NumberDataPoint",
    [SPWV_HISTOGRAM_POINT] = "HistogramDataPoint",
    [SPWV_EXPONENTIAL_HISTOGRAM_POINT] = "ExponentialHistogramDataPoint",
    [SPWV_BUCKETS] = "Buckets",
    [SPWV_SUMMARY_POINT] = "SummaryDataPoint",
    [SPWV_QUANTILE] = "ValueAtQuantile",
    [SPWV_EXEMPLAR] = "Exemplar",
};

const char *spwv_otlp_message_name(enum spwv_message message)
{
    return names[message];
}

const struct spwv_otlp_field *spwv_otlp_field(enum spwv_message message, uint32_t number)
{
    if (number > SPWV_MAX_FIELD || !fields[message][number].name)
        return NULL;
    return &fields[message][number];
}

static bool is_camel(const char *name, struct spwv_slice key)
{
    return strlen(name) == key.size && memcmp(name, key.data, key.size) == 0;
}

static bool is_snake(const char *name, struct spwv_slice key)
{
    size_t at = 0;
    for (; *name; name++, at++) {
        bool upper = *name >= 'A' && *name <= 'Z';
        if (upper && (at == key.size || key.data[at++] != '_'))
            return false;
        if (at == key.size || key.data[at] != (upper ? *name | 0x20 : *name))
            return false;
    }
    return at == key.size;
}

uint32_t spwv_otlp_field_number(enum spwv_message message, struct spwv_slice key)
{
    for (uint32_t number = 1; number <= SPWV_MAX_FIELD; number++) {
        const char *name = fields[message][number].name;
        if (name && (is_camel(name, key) || is_snake(name, key)))
            return number;
    }
    return 0;
}

enum spwv_wire_type spwv_otlp_wire_type(const struct spwv_otlp_field *field)
{
    switch (field->kind) {
    case SPWV_KIND_MESSAGE:
    case SPWV_KIND_STRING:
    case SPWV_KIND_BYTES:
    case SPWV_KIND_ID: return SPWV_BYTES;
    case SPWV_KIND_FIXED32: return SPWV_FIXED32;
    case SPWV_KIND_FIXED64:
    case SPWV_KIND_SFIXED64:
    case SPWV_KIND_DOUBLE: return SPWV_FIXED64;
    default: return SPWV_VARINT;
    }
}

bool spwv_otlp_is_packed(const struct spwv_otlp_field *field)
{
    return field->repeated && spwv_otlp_wire_type(field) != SPWV_BYTES;
}

uint32_t spwv_otlp_oneof(enum spwv_message message)
{
    uint32_t bits = 0;
    for (uint32_t number = 1; number <= SPWV_MAX_FIELD; number++)
        bits |= (uint32_t)(fields[message][number].presence == SPWV_ONEOF) << number;
    return bits;
}

bool spwv_otlp_is_enum(enum spwv_kind kind)
{
    return kind >= SPWV_KIND_SPAN_KIND;
}

struct enumeration {
    const char *const *names;
    size_t count;
};

#define ENUMERATION(names) {names, sizeof names / sizeof *names}

static const char *const span_kinds[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                         "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
static const char *const status_codes[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};
static const char *const severities[] = {
    "SEVERITY_NUMBER_UNSPECIFIED", "SEVERITY_NUMBER_TRACE",  "SEVERITY_NUMBER_TRACE2", "SEVERITY_NUMBER_TRACE3", "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",       "SEVERITY_NUMBER_DEBUG2", "SEVERITY_NUMBER_DEBUG3", "SEVERITY_NUMBER_DEBUG4", "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",       "SEVERITY_NUMBER_INFO3",  "SEVERITY_NUMBER_INFO4",  "SEVERITY_NUMBER_WARN",   "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",       "SEVERITY_NUMBER_WARN4",  "SEVERITY_NUMBER_ERROR",  "SEVERITY_NUMBER_ERROR2", "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",      "SEVERITY_NUMBER_FATAL",  "SEVERITY_NUMBER_FATAL2", "SEVERITY_NUMBER_FATAL3", "SEVERITY_NUMBER_FATAL4"};
static const char *const temporalities[] = {"AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA",
                                            "AGGREGATION_TEMPORALITY_CUMULATIVE"};

static const struct enumeration enumerations[] = {ENUMERATION(span_kinds), ENUMERATION(status_codes), ENUMERATION(severities),
                                                  ENUMERATION(temporalities)};

bool spwv_otlp_enum_value(enum spwv_kind kind, struct spwv_slice name, int32_t *value)
{
    const struct enumeration *known = &enumerations[kind - SPWV_KIND_SPAN_KIND];
    for (size_t i = 0; i < known->count; i++)
        if (is_camel(known->names[i], name)) {
            *value = (int32_t)i;
            return true;
        }
    return false;
}
