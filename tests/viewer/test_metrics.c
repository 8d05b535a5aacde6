/* Metrics over HTTP: instruments, series and points of every type, what makes them the same, limits, what is refused. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST(service, metrics)                                                                                                          \
    "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"" service "\"}}]},"           \
    "\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},\"metrics\":[" metrics "]}]}]}"
#define METRIC(name, type, points) "{\"name\":\"" name "\",\"" type "\":{\"dataPoints\":[" points "]}}"
#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

static int forget(void **state)
{
    (void)state;
    forget_all();
    return 0;
}

/* The address of the only instrument, or the one of that place in the list. */
static const char *metric_at(unsigned place, const char *question)
{
    static char address[128];
    char *json = fetch("/api/metrics");
    const char *at = json;
    for (unsigned i = 0; at && i <= place; i++)
        at = strstr(at + 1, "{\"id\":\"");
    assert_non_null(at);
    snprintf(address, sizeof address, "/api/metrics/%.*s%s", (int)strcspn(at + 7, "\""), at + 7, question);
    free(json);
    return address;
}

static void expect_all(const char *address, const char *const (*expected)[2], size_t count)
{
    char *json = fetch(address);
    for (size_t i = 0; i < count; i++)
        expect_json(json, expected[i][0], expected[i][1]);
    free(json);
}

#define EXPECT_ALL(address, ...)                                                                                                           \
    expect_all(address, (const char *const[][2]){__VA_ARGS__}, sizeof((const char *const[][2]){__VA_ARGS__}) / sizeof(const char *const[2]))

#define TIMES "\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"2\""
#define P "$.series[0].points[0]"

static void gauges_and_sums(void **state)
{
    (void)state;
    send_json("/v1/metrics", REQUEST("svc",
        "{\"name\":\"temperature\",\"description\":\"of the room\",\"unit\":\"Cel\",\"gauge\":{\"dataPoints\":[{" TIMES ",\"asDouble\":21.5,\"flags\":0,"
        "\"attributes\":[" ATTRIBUTE("room", "attic") "],\"exemplars\":[{\"timeUnixNano\":\"2\",\"asInt\":\"21\",\"traceId\":"
        "\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\",\"filteredAttributes\":[" ATTRIBUTE("by", "me") "]}]}]}},"
        "{\"name\":\"requests\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{" TIMES ",\"asInt\":\"-9007199254740993\"},"
        "{\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"3\",\"flags\":1,\"asInt\":\"5\"}]}}"), NULL);
    EXPECT_ALL("/api/metrics", {"$.metrics[0].name", "requests"}, {"$.metrics[0].type", "sum"}, {"$.metrics[0].temporality", "cumulative"},
               {"$.metrics[0].monotonic", "1"}, {"$.metrics[0].points", "2"}, {"$.metrics[0].series", "1"}, {"$.metrics[0].last_unix_ns", "3"},
               {"$.metrics[1].name", "temperature"}, {"$.metrics[1].description", "of the room"}, {"$.metrics[1].unit", "Cel"},
               {"$.metrics[1].type", "gauge"}, {"$.metrics[1].temporality", "unspecified"}, {"$.metrics[1].service", "svc"}, {"$.metrics[1].scope", "lib"},
               {"$.metrics[2]", "(null)"});
    EXPECT_ALL(metric_at(1, ""), {"$.metric.name", "temperature"}, {"$.more", "0"}, {"$.resources[0].service", "svc"}, {"$.scopes[0].name", "lib"},
               {"$.series[0].attributes[0].key", "room"}, {"$.series[0].resource", "0"}, {P ".start_unix_ns", "1"}, {P ".time_unix_ns", "2"},
               {P ".value.type", "double"}, {P ".value.value", "21.5"}, {P ".exemplars[0].value.type", "int"}, {P ".exemplars[0].value.value", "21"},
               {P ".exemplars[0].trace_id", "0102030405060708090a0b0c0d0e0f10"}, {P ".exemplars[0].span_id", "0102030405060708"},
               {P ".exemplars[0].attributes[0].value", "me"});
    EXPECT_ALL(metric_at(0, ""), {P ".value.value", "-9007199254740993"}, {"$.series[0].points[1].value.type", "empty"},
               {"$.series[0].points[1].flags", "1"}, {"$.series[0].points[2]", "(null)"});
    expect_at("/api/info", "$.store.metric_points", "3");
    expect_at("/api/info", "$.received.metric_points", "3");
    expect_at("/api/services", "$.services[0]", "svc");
}

static void distributions(void **state)
{
    (void)state;
    send_json("/v1/metrics", REQUEST("svc",
        METRIC("a", "histogram", "{" TIMES ",\"count\":\"3\",\"sum\":4.5,\"min\":0,\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[1.5]}") ","
        METRIC("b", "exponentialHistogram", "{" TIMES ",\"count\":\"6\",\"scale\":-3,\"zeroCount\":\"1\",\"zeroThreshold\":0.25,\"max\":\"Infinity\","
               "\"positive\":{\"offset\":-2,\"bucketCounts\":[\"2\",\"0\",\"3\"]}}") ","
        METRIC("c", "summary", "{" TIMES ",\"count\":\"7\",\"sum\":\"NaN\",\"quantileValues\":[{\"quantile\":0.5,\"value\":1.25},{\"quantile\":1,\"value\":9}]}")), NULL);
    EXPECT_ALL(metric_at(0, ""), {"$.metric.type", "histogram"}, {P ".count", "3"}, {P ".sum", "4.5"}, {P ".min", "0"}, {P ".max", "(null)"},
               {P ".bounds[0]", "1.5"}, {P ".bounds[1]", "(null)"}, {P ".buckets[0]", "1"}, {P ".buckets[1]", "2"}, {P ".exemplars", "[]"});
    EXPECT_ALL(metric_at(1, ""), {"$.metric.type", "exponential_histogram"}, {P ".count", "6"}, {P ".sum", "(null)"}, {P ".scale", "-3"},
               {P ".zero_count", "1"}, {P ".zero_threshold", "0.25"}, {P ".max", "Infinity"}, {P ".positive.offset", "-2"},
               {P ".positive.buckets[2]", "3"}, {P ".negative.offset", "0"}, {P ".negative.buckets", "[]"});
    EXPECT_ALL(metric_at(2, ""), {"$.metric.type", "summary"}, {P ".count", "7"}, {P ".sum", "NaN"}, {P ".quantiles[0].quantile", "0.5"},
               {P ".quantiles[0].value", "1.25"}, {P ".quantiles[1].value", "9"}, {P ".exemplars", "[]"});
}

static void what_makes_an_instrument_a_series_and_a_point_the_same(void **state)
{
    (void)state;
    static const char first[] = REQUEST("svc", METRIC("m", "gauge", "{\"timeUnixNano\":\"1\",\"asInt\":\"1\",\"attributes\":[" ATTRIBUTE("a", "1") "," ATTRIBUTE("b", "2") "]}"));
    send_json("/v1/metrics", first, NULL);
    send_json("/v1/metrics", first, NULL); /* sent again */
    expect_at("/api/info", "$.store.metric_points", "1");
    expect_at("/api/info", "$.received.duplicates", "1");
    /* the attributes in another order, later */
    send_json("/v1/metrics", REQUEST("svc", METRIC("m", "gauge", "{\"timeUnixNano\":\"2\",\"asInt\":\"2\",\"attributes\":[" ATTRIBUTE("b", "2") "," ATTRIBUTE("a", "1") "]}")), NULL);
    expect_at("/api/metrics", "$.metrics[0].series", "1");
    /* another value, none, another resource, another unit, another type */
    send_json("/v1/metrics", REQUEST("svc", METRIC("m", "gauge", "{\"timeUnixNano\":\"2\",\"asInt\":\"3\",\"attributes\":[" ATTRIBUTE("a", "2") "]},{\"timeUnixNano\":\"2\",\"asInt\":\"4\"}")), NULL);
    EXPECT_ALL("/api/metrics", {"$.metrics[0].series", "3"}, {"$.metrics[0].points", "4"}, {"$.metrics[1]", "(null)"});
    send_json("/v1/metrics", REQUEST("other", METRIC("m", "gauge", "{\"timeUnixNano\":\"2\",\"asInt\":\"4\"}")), NULL);
    send_json("/v1/metrics", REQUEST("svc", "{\"name\":\"m\",\"unit\":\"s\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"2\",\"asInt\":\"4\"}]}}"), NULL);
    send_json("/v1/metrics", REQUEST("svc", METRIC("m", "sum", "{\"timeUnixNano\":\"2\",\"asInt\":\"4\"}")), NULL);
    EXPECT_ALL("/api/metrics", {"$.metrics[0].service", "other"}, {"$.metrics[3].service", "svc"}, {"$.metrics[4]", "(null)"});
    EXPECT_ALL("/api/metrics?service=other", {"$.metrics[0].points", "1"}, {"$.metrics[1]", "(null)"});
}

static void lists_are_narrowed(void **state)
{
    (void)state;
    send_json("/v1/metrics", REQUEST("b", METRIC("http.server.duration", "gauge", "{\"timeUnixNano\":\"1\",\"asInt\":\"1\"}") ","
                                          METRIC("http.client.duration", "gauge", "{\"timeUnixNano\":\"1\",\"asInt\":\"1\"}")), NULL);
    send_json("/v1/metrics", REQUEST("a", METRIC("process.cpu", "gauge", "{\"timeUnixNano\":\"1\",\"asInt\":\"1\"}")), NULL);
    EXPECT_ALL("/api/metrics", {"$.metrics[0].name", "process.cpu"}, {"$.metrics[1].name", "http.client.duration"}, {"$.metrics[2].name", "http.server.duration"});
    EXPECT_ALL("/api/metrics?q=HTTP", {"$.metrics[1].name", "http.server.duration"}, {"$.metrics[2]", "(null)"});
    EXPECT_ALL("/api/metrics?q=client&service=b", {"$.metrics[0].name", "http.client.duration"}, {"$.metrics[1]", "(null)"});
    EXPECT_ALL("/api/metrics?limit=1", {"$.metrics[0].name", "process.cpu"}, {"$.metrics[1]", "(null)"});
    expect_at("/api/metrics?q=%25", "$.metrics[0]", "(null)");
}

static void the_newest_points_come_and_it_is_said_when_there_are_more(void **state)
{
    (void)state;
    char json[16384], point[128];
    size_t size = (size_t)sprintf(json, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[");
    for (int i = 120; i > 0; i--) { /* the newest first: an answer has its own order */
        snprintf(point, sizeof point, "{\"timeUnixNano\":\"%d\",\"asInt\":\"%d\"}%s", i, i, i > 1 ? "," : "");
        size += (size_t)sprintf(json + size, "%s", point);
    }
    sprintf(json + size, "]}}]}]}]}");
    send_json("/v1/metrics", json, NULL);
    EXPECT_ALL(metric_at(0, ""), {P ".time_unix_ns", "1"}, {"$.series[0].points[119].time_unix_ns", "120"}, {"$.more", "0"});
    EXPECT_ALL(metric_at(0, "?limit=120"), {"$.more", "0"});
    EXPECT_ALL(metric_at(0, "?limit=20"), {P ".time_unix_ns", "101"}, {"$.series[0].points[19].time_unix_ns", "120"}, {"$.more", "1"});
    EXPECT_ALL(metric_at(0, "?from_ns=10&to_ns=13"), {P ".time_unix_ns", "10"}, {"$.series[0].points[2].time_unix_ns", "12"}, {"$.series[0].points[3]", "(null)"}, {"$.more", "0"});
    send_json("/v1/metrics", REQUEST("x", METRIC("many", "gauge", "{\"asInt\":\"1\"}")), NULL); /* without a time: by when it came */
    size = (size_t)sprintf(json, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"wide\",\"gauge\":{\"dataPoints\":[");
    for (int i = 0; i < 101; i++)
        size += (size_t)sprintf(json + size, "%s{\"timeUnixNano\":\"%d\",\"asInt\":\"1\",\"attributes\":[{\"key\":\"i\",\"value\":{\"intValue\":\"%d\"}}]}", i ? "," : "", i + 1, i);
    sprintf(json + size, "]}}]}]}]}");
    send_json("/v1/metrics", json, NULL);
    EXPECT_ALL(metric_at(1, ""), {"$.metric.name", "wide"}, {"$.metric.series", "101"}, {"$.more", "1"}, {"$.series[99].attributes[0].value", "1"},
               {"$.series[0].attributes[0].value", "100"}, {"$.series[100]", "(null)"});
}

/* Past what the store's signed times can tell. */
static void a_point_of_the_last_moment_is_told(void **state)
{
    (void)state;
    send_json("/v1/metrics", REQUEST("svc", METRIC("late", "gauge", "{\"timeUnixNano\":\"5\",\"asInt\":\"1\"},{\"timeUnixNano\":\"18446744073709551615\",\"asInt\":\"2\"}")), NULL);
    EXPECT_ALL(metric_at(0, ""), {P ".time_unix_ns", "5"}, {"$.series[0].points[1].time_unix_ns", "18446744073709551615"}, {"$.more", "0"});
    EXPECT_ALL(metric_at(0, "?from_ns=5&to_ns=6"), {P ".time_unix_ns", "5"}, {"$.series[0].points[1]", "(null)"}, {"$.more", "0"});
}

static void what_has_no_name_is_rejected(void **state)
{
    (void)state;
    send_json("/v1/metrics", REQUEST("svc", METRIC("", "gauge", "{\"asInt\":\"1\"},{\"asInt\":\"2\"}") "," METRIC("good", "gauge", "{\"timeUnixNano\":\"1\",\"asInt\":\"1\"}")),
              "{\"partialSuccess\":{\"rejectedDataPoints\":\"2\",\"errorMessage\":\"2 of 3 data points rejected; the first: a metric has no name\"}}");
    send_json("/v1/metrics", REQUEST("svc", "{\"name\":\"empty\"}"), NULL); /* no point in it, so none is refused */
    EXPECT_ALL("/api/metrics", {"$.metrics[0].name", "good"}, {"$.metrics[1]", "(null)"});
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    expect_refused("/api/metrics/x", 400, "a metric's id is a number");
    expect_refused("/api/metrics/", 400, "a metric's id is a number");
    expect_refused("/api/metrics/12345", 404, "no such metric");
    expect_refused("/api/metrics/1?limit=2001", 400, "from 1 to 2000");
    expect_refused("/api/metrics/1?to_ns=x", 400, "nanoseconds");
    expect_refused("/api/metrics?limit=0", 400, "limit");
}

static void pages_are_answered_with_the_page(void **state)
{
    (void)state;
    static const char *const paths[] = {"/logs", "/metrics", "/metrics/1", "/logs?severity=warn"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct reply reply = get(paths[i]);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.headers, "Content-Type: text/html"));
        free_reply(reply);
    }
}

/* A gauge "n" with one point, 1.5, as an SDK sends it: protobuf, plain and packed; the points that are refused are told in protobuf, too. */
static void protobuf_and_gzip_are_taken(void **state)
{
    (void)state;
    static const uint8_t request[] = {0x0A, 0x1F, 0x12, 0x1D, 0x12, 0x1B, 0x0A, 0x01, 'n', 0x2A, 0x16, 0x0A, 0x14, 0x19, 5, 0, 0, 0, 0, 0, 0, 0,
                                      0x21, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x40, 0x00};
    static const uint8_t nameless[] = {0x0A, 0x08, 0x12, 0x06, 0x12, 0x04, 0x2A, 0x02, 0x0A, 0x00};
    static const uint8_t partial[] = {0x08, 0x01, 0x12};
    static const char *const plain[] = {"Content-Type: application/x-protobuf", NULL};
    static const char *const packed[] = {"Content-Type: application/x-protobuf", "Content-Encoding: gzip", NULL};
    struct reply reply = http("POST", "/v1/metrics", plain, (struct bytes){(uint8_t *)(uintptr_t)request, sizeof request});
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 0);
    assert_non_null(strstr(reply.headers, "Content-Type: application/x-protobuf"));
    free_reply(reply);
    EXPECT_ALL(metric_at(0, ""), {"$.metric.name", "n"}, {P ".time_unix_ns", "5"}, {P ".value.value", "1.5"});
    forget_all();
    struct bytes body = gzip(request, sizeof request);
    reply = http("POST", "/v1/metrics", packed, body);
    assert_int_equal(reply.status, 200);
    free_reply(reply);
    free(body.data);
    EXPECT_ALL(metric_at(0, ""), {P ".time_unix_ns", "5"}, {P ".value.value", "1.5"});
    reply = http("POST", "/v1/metrics", plain, (struct bytes){(uint8_t *)(uintptr_t)request, sizeof request - 1});
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "the body is no ExportMetricsServiceRequest"));
    free_reply(reply);
    reply = http("POST", "/v1/metrics", plain, (struct bytes){(uint8_t *)(uintptr_t)nameless, sizeof nameless});
    assert_int_equal(reply.status, 200);
    assert_memory_equal(reply.body + 2, partial, sizeof partial);
    assert_int_equal(reply.body[1], reply.size - 2);
    assert_non_null(strstr(reply.body + 6, "1 of 1 data points rejected; the first: a metric has no name"));
    free_reply(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gauges_and_sums, forget),
        cmocka_unit_test_setup(protobuf_and_gzip_are_taken, forget),
        cmocka_unit_test_setup(distributions, forget),
        cmocka_unit_test_setup(what_makes_an_instrument_a_series_and_a_point_the_same, forget),
        cmocka_unit_test_setup(lists_are_narrowed, forget),
        cmocka_unit_test_setup(the_newest_points_come_and_it_is_said_when_there_are_more, forget),
        cmocka_unit_test_setup(a_point_of_the_last_moment_is_told, forget),
        cmocka_unit_test_setup(what_has_no_name_is_rejected, forget),
        cmocka_unit_test_setup(bad_questions_are_refused, forget),
        cmocka_unit_test(pages_are_answered_with_the_page),
    };
    return cmocka_run_group_tests(tests, judge_begin, judge_end);
}
