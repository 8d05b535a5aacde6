/*
 * Requests of logs and metrics with every field OTLP has: from JSON into bytes in which protobuf-c finds the same, and back into the JSON they came
 * from; what is no such request is refused, and told why.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opentelemetry/proto/collector/logs/v1/logs_service.pb-c.h>
#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h>

#include "otlp_from_json.h"
#include "otlp_to_json.h"

typedef Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceRequest logs_request;
typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest metrics_request;

static struct spwv_error error;

static struct spwv_slice slice_of(const struct spwv_buf *buf)
{
    return (struct spwv_slice){(const uint8_t *)buf->data, buf->size};
}

static void convert(enum spwv_message request, const char *json, struct spwv_buf *out)
{
    spwv_buf_init(out, SPWV_FROM_JSON_MAX(strlen(json)), NULL);
    if (!spwv_otlp_from_json(request, (struct spwv_slice){(const uint8_t *)json, strlen(json)}, out, &error))
        fail_msg("refused: %s", error.text);
    if (!spwv_otlp_check(request, slice_of(out), &error))
        fail_msg("made what is no OTLP: %s", error.text);
}

static void expect_back(enum spwv_message request, const struct spwv_buf *protobuf, const char *json)
{
    struct spwv_buf out;
    struct spwv_json writer = {.out = &out};
    spwv_buf_init(&out, 1 << 20, NULL);
    spwv_otlp_to_json(&writer, request, slice_of(protobuf));
    spwv_buf_add_char(&out, 0);
    assert_string_equal(out.data, json);
    spwv_buf_fini(&out);
}

#define HEAD(resources, scopes, items)                                                                                                         \
    "{\"" resources "\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"svc\"}}],"                      \
    "\"droppedAttributesCount\":1},\"" scopes "\":[{\"scope\":{\"name\":\"lib\",\"version\":\"2\"},\"" items "\":["
#define TAIL "],\"schemaUrl\":\"s\"}],\"schemaUrl\":\"r\"}]}"

static const char logs_json[] =
    HEAD("resourceLogs", "scopeLogs", "logRecords")
    "{\"timeUnixNano\":\"18446744073709551615\",\"severityNumber\":13,\"severityText\":\"warning\",\"body\":{\"kvlistValue\":{\"values\":["
    "{\"key\":\"deep\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"-1\"},{\"boolValue\":false}]}}}]}},\"attributes\":[{\"key\":\"a\","
    "\"value\":{\"doubleValue\":0.5}}],\"droppedAttributesCount\":3,\"flags\":1,\"traceId\":\"0102030405060708090a0b0c0d0e0f10\","
    "\"spanId\":\"0102030405060708\",\"observedTimeUnixNano\":\"7\",\"eventName\":\"e.v\"},{\"body\":{\"stringValue\":\"\"}}" TAIL;

static void logs_go_there_and_back(void **state)
{
    (void)state;
    struct spwv_buf out;
    convert(SPWV_LOGS_REQUEST, logs_json, &out);
    logs_request *request = opentelemetry__proto__collector__logs__v1__export_logs_service_request__unpack(NULL, out.size, (uint8_t *)out.data);
    assert_non_null(request);
    assert_string_equal(request->resource_logs[0]->schema_url, "r");
    assert_int_equal(request->resource_logs[0]->scope_logs[0]->n_log_records, 2);
    const Opentelemetry__Proto__Logs__V1__LogRecord *record = request->resource_logs[0]->scope_logs[0]->log_records[0];
    assert_true(record->time_unix_nano == UINT64_MAX && record->observed_time_unix_nano == 7);
    assert_int_equal(record->severity_number, OPENTELEMETRY__PROTO__LOGS__V1__SEVERITY_NUMBER__SEVERITY_NUMBER_WARN);
    assert_string_equal(record->severity_text, "warning");
    assert_string_equal(record->body->kvlist_value->values[0]->key, "deep");
    assert_true(record->attributes[0]->value->double_value == 0.5 && record->dropped_attributes_count == 3 && record->flags == 1);
    assert_int_equal(record->trace_id.len, 16);
    assert_int_equal(record->span_id.data[7], 8);
    assert_string_equal(record->event_name, "e.v");
    opentelemetry__proto__collector__logs__v1__export_logs_service_request__free_unpacked(request, NULL);
    expect_back(SPWV_LOGS_REQUEST, &out, logs_json);
    spwv_buf_fini(&out);
}

#define EXEMPLAR                                                                                                                          \
    "\"exemplars\":[{\"timeUnixNano\":\"4\",\"spanId\":\"0102030405060708\",\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"asInt\":\"0\","    \
    "\"filteredAttributes\":[{\"key\":\"user\",\"value\":{\"intValue\":\"9\"}}]}]"
#define ATTRIBUTES "\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"b\"}}]"
#define TIMES "\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"2\""

static const char metrics_json[] = HEAD("resourceMetrics", "scopeMetrics", "metrics")
    "{\"name\":\"g\",\"description\":\"a gauge\",\"unit\":\"1\",\"gauge\":{\"dataPoints\":[{" TIMES ",\"asDouble\":0," EXEMPLAR "," ATTRIBUTES
    ",\"flags\":1}]},\"metadata\":[{\"key\":\"m\",\"value\":{\"boolValue\":true}}]},"
    "{\"name\":\"s\",\"sum\":{\"dataPoints\":[{" TIMES ",\"asInt\":\"-9223372036854775808\"}],\"aggregationTemporality\":2,\"isMonotonic\":true}},"
    "{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{" TIMES ",\"count\":\"18446744073709551615\",\"sum\":0,\"bucketCounts\":[\"1\",\"0\",\"2\"],"
    "\"explicitBounds\":[0,1.5]," EXEMPLAR "," ATTRIBUTES ",\"flags\":1,\"min\":0,\"max\":-2.5}],\"aggregationTemporality\":1}},"
    "{\"name\":\"e\",\"exponentialHistogram\":{\"dataPoints\":[{" ATTRIBUTES "," TIMES ",\"count\":\"6\",\"sum\":\"NaN\",\"scale\":-3,"
    "\"zeroCount\":\"1\",\"positive\":{\"offset\":-2147483648,\"bucketCounts\":[\"18446744073709551615\",\"0\"]},"
    "\"negative\":{\"offset\":2147483647},\"flags\":1," EXEMPLAR ",\"min\":\"-Infinity\",\"max\":\"Infinity\",\"zeroThreshold\":0.25}],"
    "\"aggregationTemporality\":2}},"
    "{\"name\":\"q\",\"summary\":{\"dataPoints\":[{" TIMES ",\"count\":\"3\",\"sum\":4.5,\"quantileValues\":[{\"quantile\":0.5,\"value\":1.25},"
    "{\"quantile\":1}]," ATTRIBUTES "}]}}" TAIL;

static void metrics_go_there_and_back(void **state)
{
    (void)state;
    struct spwv_buf out;
    convert(SPWV_METRICS_REQUEST, metrics_json, &out);
    metrics_request *request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(NULL, out.size, (uint8_t *)out.data);
    assert_non_null(request);
    Opentelemetry__Proto__Metrics__V1__Metric **metrics = request->resource_metrics[0]->scope_metrics[0]->metrics;
    assert_int_equal(request->resource_metrics[0]->scope_metrics[0]->n_metrics, 5);
    const Opentelemetry__Proto__Metrics__V1__NumberDataPoint *number = metrics[0]->gauge->data_points[0];
    assert_int_equal(number->value_case, OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_DOUBLE); /* 0, and there */
    assert_int_equal(number->exemplars[0]->value_case, OPENTELEMETRY__PROTO__METRICS__V1__EXEMPLAR__VALUE_AS_INT);
    assert_true(metrics[0]->metadata[0]->value->bool_value);
    assert_true(metrics[1]->sum->data_points[0]->as_int == INT64_MIN && metrics[1]->sum->is_monotonic);
    const Opentelemetry__Proto__Metrics__V1__HistogramDataPoint *histogram = metrics[2]->histogram->data_points[0];
    assert_true(histogram->count == UINT64_MAX && histogram->n_bucket_counts == 3 && histogram->bucket_counts[2] == 2);
    assert_true(histogram->n_explicit_bounds == 2 && histogram->explicit_bounds[1] == 1.5 && histogram->max == -2.5);
    assert_int_equal(histogram->has_sum_case, OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_SUM_SUM);
    const Opentelemetry__Proto__Metrics__V1__ExponentialHistogramDataPoint *exponential = metrics[3]->exponential_histogram->data_points[0];
    assert_true(exponential->scale == -3 && exponential->positive->offset == INT32_MIN && exponential->negative->offset == INT32_MAX);
    assert_true(exponential->positive->bucket_counts[0] == UINT64_MAX && exponential->sum != exponential->sum && exponential->zero_threshold == 0.25);
    assert_true(metrics[4]->summary->data_points[0]->quantile_values[0]->value == 1.25);
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
    expect_back(SPWV_METRICS_REQUEST, &out, metrics_json);
    spwv_buf_fini(&out);
}

#define POINT(type, fields) HEAD("resourceMetrics", "scopeMetrics", "metrics") "{\"name\":\"n\",\"" type "\":{\"dataPoints\":[{" fields "}]}}" TAIL

/* Names of the .proto file, names of enums, numbers as texts and the other way round. */
static void other_ways_to_say_it_are_taken(void **state)
{
    (void)state;
    struct spwv_buf one, other;
    convert(SPWV_METRICS_REQUEST, POINT("histogram", "\"count\":\"3\",\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[1]"), &one);
    convert(SPWV_METRICS_REQUEST, POINT("histogram", "\"count\":3,\"bucket_counts\":[1,2],\"explicit_bounds\":[\"1\"]"), &other);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.data, other.data, one.size);
    spwv_buf_fini(&one);
    spwv_buf_fini(&other);
    convert(SPWV_LOGS_REQUEST, "{\"resource_logs\":[{\"scope_logs\":[{\"log_records\":[{\"severity_number\":\"SEVERITY_NUMBER_FATAL4\"}]}]}]}", &one);
    expect_back(SPWV_LOGS_REQUEST, &one, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":24}]}]}]}");
    spwv_buf_fini(&one);
    convert(SPWV_METRICS_REQUEST, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"sum\":{\"aggregationTemporality\":"
                                  "\"AGGREGATION_TEMPORALITY_CUMULATIVE\"}}]}]}]}", &one);
    expect_back(SPWV_METRICS_REQUEST, &one, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"sum\":{\"aggregationTemporality\":2}}]}]}]}");
    spwv_buf_fini(&one);
    /* of a oneof the last is meant */
    convert(SPWV_METRICS_REQUEST, POINT("gauge", "\"asInt\":\"4\",\"asDouble\":1.5"), &one);
    expect_back(SPWV_METRICS_REQUEST, &one, POINT("gauge", "\"asDouble\":1.5"));
    spwv_buf_fini(&one);
}

static void mistakes_in_json_are_told(void **state)
{
    (void)state;
    static const struct { enum spwv_message request; const char *json; const char *part; } cases[] = {
        {SPWV_LOGS_REQUEST, "[]", "an ExportLogsServiceRequest must be an object, {\"resourceLogs\": [...]}"},
        {SPWV_METRICS_REQUEST, "1", "an ExportMetricsServiceRequest must be an object, {\"resourceMetrics\": [...]}"},
        {SPWV_LOGS_REQUEST, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":\"LOUD\"}]}]}]}",
         "severityNumber of LogRecord must be one of its enum's numbers or names"},
        {SPWV_LOGS_REQUEST, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"traceId\":\"xyz\"}]}]}]}", "traceId of LogRecord must be hex digits"},
        {SPWV_METRICS_REQUEST, POINT("histogram", "\"bucketCounts\":[\"-1\"]"), "bucketCounts of HistogramDataPoint must be a whole number from 0"},
        {SPWV_METRICS_REQUEST, POINT("histogram", "\"bucketCounts\":3"), "bucketCounts of HistogramDataPoint must be an array"},
        {SPWV_METRICS_REQUEST, POINT("histogram", "\"explicitBounds\":[{}]"), "explicitBounds of HistogramDataPoint must be a number"},
        {SPWV_METRICS_REQUEST, POINT("exponentialHistogram", "\"scale\":2147483648"), "scale of ExponentialHistogramDataPoint must be a whole number of 32 bits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spwv_buf out;
        spwv_buf_init(&out, 1 << 20, NULL);
        assert_false(spwv_otlp_from_json(cases[i].request, (struct spwv_slice){(const uint8_t *)cases[i].json, strlen(cases[i].json)}, &out, &error));
        if (!strstr(error.text, cases[i].part))
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].part);
        spwv_buf_fini(&out);
    }
}

/* A histogram's point with these bytes, inside all that must be around it. */
static bool check_point(const void *bytes, size_t size)
{
    uint8_t data[128], inner[128];
    memcpy(inner, bytes, size);
    for (unsigned tags[] = {0x0A, 0x4A, 0x12, 0x12, 0x0A}, i = 0; i < 5; i++) { /* point, histogram, metric, ScopeMetrics, ResourceMetrics */
        data[0] = (uint8_t)tags[i];
        data[1] = (uint8_t)size;
        memcpy(data + 2, inner, size);
        size += 2;
        memcpy(inner, data, size);
    }
    return spwv_otlp_check(SPWV_METRICS_REQUEST, (struct spwv_slice){data, size}, &error);
}

#define POINT_OF(bytes) check_point(bytes, sizeof(bytes) - 1)

static void packed_numbers_are_checked(void **state)
{
    (void)state;
    assert_true(POINT_OF("\x32\x10\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0")); /* bucket_counts, packed */
    assert_true(POINT_OF("\x31\1\0\0\0\0\0\0\0\x31\2\0\0\0\0\0\0\0")); /* each with its tag */
    assert_true(POINT_OF("\x32\0"));
    assert_false(POINT_OF("\x32\x09\1\0\0\0\0\0\0\0\2")); /* no multiple of 8 */
    assert_non_null(strstr(error.text, "packed numbers, cut short, in HistogramDataPoint at byte "));
    assert_false(POINT_OF("\x30\1")); /* a varint */
    assert_non_null(strstr(error.text, "another type"));
    assert_false(POINT_OF("\x22\x08\1\0\0\0\0\0\0\0")); /* count is not repeated */
    /* buckets of an exponential histogram: a varint that goes on behind its end */
    static const uint8_t buckets[] = {0x0A, 0x0D, 0x12, 0x0B, 0x12, 0x09, 0x52, 0x07, 0x0A, 0x05, 0x42, 0x03, 0x12, 0x01, 0x80};
    assert_false(spwv_otlp_check(SPWV_METRICS_REQUEST, (struct spwv_slice){buckets, sizeof buckets}, &error));
    assert_non_null(strstr(error.text, "packed numbers, cut short, in Buckets"));
}

static void numbers_are_read_wherever_they_stand(void **state)
{
    (void)state;
    static const uint8_t mixed[] = {0x10, 1, 0x12, 3, 2, 0x80, 1, 0x18, 9, 0x12, 0, 0x10, 4}; /* field 2: 1, [2, 128], (3: 9), [], 4 */
    static const uint64_t expected[] = {1, 2, 128, 4};
    struct spwv_numbers numbers = spwv_numbers_of((struct spwv_slice){mixed, sizeof mixed}, 2, SPWV_VARINT);
    uint64_t value;
    for (size_t i = 0; i < 4; i++) {
        assert_true(spwv_numbers_next(&numbers, &value));
        assert_int_equal(value, expected[i]);
    }
    assert_false(spwv_numbers_next(&numbers, &value));
}

static void the_request_is_known_by_its_key(void **state)
{
    (void)state;
    static const struct { const char *json; enum spwv_message request; } cases[] = {
        {"{\"resourceLogs\":[]}", SPWV_LOGS_REQUEST},
        {" {\"x\":{\"resourceLogs\":[]},\"resource_metrics\":[]}", SPWV_METRICS_REQUEST},
        {"{\"resourceSpans\":[]}", SPWV_TRACES_REQUEST}, {"{}", SPWV_TRACES_REQUEST}, {"nonsense", SPWV_TRACES_REQUEST}, {"", SPWV_TRACES_REQUEST},
        {"[{\"resourceLogs\":[]}]", SPWV_TRACES_REQUEST}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(spwv_otlp_request_of_json((struct spwv_slice){(const uint8_t *)cases[i].json, strlen(cases[i].json)}), cases[i].request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_go_there_and_back),
        cmocka_unit_test(metrics_go_there_and_back),
        cmocka_unit_test(other_ways_to_say_it_are_taken),
        cmocka_unit_test(mistakes_in_json_are_told),
        cmocka_unit_test(packed_numbers_are_checked),
        cmocka_unit_test(numbers_are_read_wherever_they_stand),
        cmocka_unit_test(the_request_is_known_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
