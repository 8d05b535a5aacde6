/* The HTTP side: what is let in, what is refused and how. Bad clients are in test_http_clients.c. */
#include "fixture.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOBUF "Content-Type: application/x-protobuf"
#define JSON "Content-Type: application/json"

static void expect_header(const char *method, const char *path, const char *header, long status)
{
    expect_http(method, path, (const char *const[]){header, NULL}, none, status, NULL);
}

static struct sample one = {.trace = 1, .id = 1, .name = "one", .start = 1, .end = 2};

static void content_types_are_exact(void **state)
{
    (void)state;
    struct bytes body = encode(&one, 1);
    static const char *const good[] = {PROTOBUF, "content-type: Application/X-Protobuf", PROTOBUF "; charset=utf-8", PROTOBUF " ;x=y"};
    static const char *const bad[] = {"Content-Type: application/jsonp", "Content-Type: text/plain", "Content-Type: application/x-protobuf2",
                                      "Content-Type: application/x-www-form-urlencoded", "Content-Type:", PROTOBUF ", text/plain",
                                      "Content-Type: text/json", JSON ", text/plain"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_http("POST", "/v1/traces", (const char *const[]){good[i], NULL}, body, 200, "Content-Type: application/x-protobuf");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_http("POST", "/v1/traces", (const char *const[]){bad[i], NULL}, body, 415, "http/protobuf");
    expect_http("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Content-Encoding: br", NULL}, body, 415, "gzip or none");
    expect_http("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Content-Encoding: identity", NULL}, body, 200, NULL);
    free(body.data);
}

#define JSON_SPAN(trace_id, id)                                                                                                           \
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" trace_id "\",\"spanId\":\"" id "\",\"name\":\"from json\"}]}]}]}"

static struct bytes text(const char *text)
{
    return (struct bytes){(uint8_t *)(uintptr_t)text, strlen(text)};
}

static void json_is_taken_and_answered_in_json(void **state)
{
    (void)state;
    static const char *const types[] = {JSON, "content-type: Application/JSON", JSON "; charset=utf-8", JSON " ;x=y"};
    struct bytes body = text(JSON_SPAN("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        expect_http("POST", "/v1/traces", (const char *const[]){types[i], NULL}, body, 200, "Content-Type: application/json");
    expect_http("GET", "/api/traces/5b8efff798038103d269b633813fc60c", NULL, none, 200, "\"name\":\"from json\"");
    struct reply reply = http("POST", "/v1/traces", (const char *const[]){JSON, NULL}, body);
    assert_string_equal(reply.body, "{}");
    free_reply(reply);
    reply = http("POST", "/v1/traces", (const char *const[]){JSON, NULL}, text(JSON_SPAN("5b8e", "01")));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"1 of 1 spans rejected; the first: "));
    free_reply(reply);
    struct bytes packed = gzip(body.data, body.size);
    expect_http("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: gzip", NULL}, packed, 200, "{}");
    free(packed.data);
}

static void json_failures_are_status_messages(void **state)
{
    (void)state;
    static const char *const headers[] = {JSON, NULL};
    expect_http("POST", "/v1/traces", headers, none, 400, "{\"message\":\"the body is no ExportTraceServiceRequest: no JSON in it at byte 0\"}");
    expect_http("POST", "/v1/traces", headers, text("{\"resourceSpans\":7}"), 400, "must be an array");
    expect_http("POST", "/v1/traces", headers, text("{}x"), 400, "Content-Type: application/json");
    expect_http("POST", "/v1/traces", (const char *const[]){PROTOBUF, NULL}, text("{}"), 400, "not protobuf");
    expect_http("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: br", NULL}, none, 415, "{\"message\":\"Content-Encoding must be gzip");
    expect_http("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: gzip", NULL}, text("{}"), 400, "{\"message\":");
    char *deep = malloc((1 << 20) + 1);
    memset(deep, '[', 1 << 20);
    deep[1 << 20] = 0;
    expect_http("POST", "/v1/traces", headers, text(deep), 400, "must be an object");
    memcpy(deep, "{\"x\":", 5);
    expect_http("POST", "/v1/traces", headers, text(deep), 400, "nested more than 512 deep");
    free(deep);
}

static void hosts_are_checked(void **state)
{
    (void)state;
    char good[64];
    static const char *const names[] = {"127.0.0.1", "localhost", "LOCALHOST", "[::1]"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(good, sizeof good, "Host: %s:%u", names[i], spwv_viewer_port(viewer));
        expect_header("GET", "/api/info", good, 200);
    }
    static const char *const bad[] = {"Host: evil.example", "Host: 127.0.0.1", "Host: 127.0.0.1:1", "Host: localhost.evil.example", "Host:",
                                      "Host: [::1", "Host: 127.0.0.1:99999", "Host: localhost:4318x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_header("GET", "/api/info", bad[i], 403);
    expect_header("GET", "/", "Host: evil.example", 403);
    struct bytes body = encode(&one, 1);
    expect_http("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Host: evil.example", NULL}, body, 403, "--allow-host");
    free(body.data);
}

static void hosts_can_be_allowed(void **state)
{
    (void)state;
    static const char *const names[] = {"traces.example"};
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.allow_hosts = names;
    options.allow_host_count = 1;
    start_viewer_with(options);
    expect_header("GET", "/healthz", "Host: traces.example", 200);
    expect_header("GET", "/healthz", "Host: Traces.Example:8080", 200);
    expect_header("GET", "/healthz", "Host: x.traces.example", 403);
}

static void methods_and_paths(void **state)
{
    (void)state;
    expect_http("GET", "/v1/traces", NULL, none, 405, "Allow: POST");
    expect_http("OPTIONS", "/v1/traces", NULL, none, 405, NULL);
    expect_http("POST", "/api/info", NULL, none, 405, "Allow: GET");
    expect_http("PUT", "/api/traces", NULL, none, 405, "Allow: GET, DELETE");
    expect_http("GET", "/nothing", NULL, none, 404, "/v1/traces");
    expect_http("GET", "/api/nothing", NULL, none, 404, "{\"error\":");
    expect_http("GET", "/v1/logs", NULL, none, 405, "Allow: POST");
    expect_http("GET", "/v1/metrics", NULL, none, 405, "Allow: POST");
    expect_http("PUT", "/api/logs", NULL, none, 405, "Allow: GET, DELETE");
    expect_http("GET", "/api/traces/xyz", NULL, none, 404, "{\"error\":");
    expect_http("GET", "/api/traces/latest/text", NULL, none, 404, "no trace yet");
    expect_http("GET", "/api/traces?limit=0", NULL, none, 400, "limit");
    expect_http("GET", "/api/traces?before=x", NULL, none, 400, "before");
    expect_http("GET", "/assets/../../etc/passwd", NULL, none, 404, NULL);
    expect_http("GET", "/healthz", NULL, none, 200, "ok");
    expect_http("GET", "/", NULL, none, 200, "<!doctype html>");
    expect_http("GET", "/trace/ab00", NULL, none, 200, "<!doctype html>");
}

static void pages_have_tags(void **state)
{
    (void)state;
    struct reply page = get("/");
    const char *tag = strstr(page.headers, "ETag: ");
    assert_non_null(tag);
    char header[128];
    snprintf(header, sizeof header, "If-None-Match: %.*s", (int)strcspn(tag + 6, "\r\n"), tag + 6);
    expect_header("GET", "/", header, 304);
    free_reply(page);
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    static const char *const plain[] = {PROTOBUF, NULL};
    static const char *const zipped[] = {PROTOBUF, "Content-Encoding: gzip", NULL};
    struct bytes good = encode(&one, 1);
    struct bytes packed = gzip(good.data, good.size);
    uint8_t garbage[] = {1, 2, 3, 4, 0xff};
    expect_http("POST", "/v1/traces", plain, (struct bytes){garbage, sizeof garbage}, 400, "ExportTraceServiceRequest");
    expect_http("POST", "/v1/traces", zipped, (struct bytes){garbage, sizeof garbage}, 400, "not gzip");
    expect_http("POST", "/v1/traces", zipped, (struct bytes){packed.data, packed.size - 3}, 400, "cut short");
    expect_http("POST", "/v1/traces", plain, (struct bytes){good.data, good.size - 3}, 400, "cut short");
    expect_http("POST", "/v1/traces", zipped, packed, 200, NULL);
    expect_http("POST", "/v1/traces", plain, none, 200, NULL);
    expect_http("POST", "/v1/traces", zipped, none, 200, NULL);
    packed.data = realloc(packed.data, packed.size + 4);
    memcpy(packed.data + packed.size, "more", 4);
    expect_http("POST", "/v1/traces", zipped, (struct bytes){packed.data, packed.size + 4}, 400, "behind the end");
    free(packed.data);
    free(good.data);
    struct reply info = get("/api/info");
    assert_non_null(strstr(info.body, "\"spans\":1,"));
    free_reply(info);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static const char *const plain[] = {PROTOBUF, NULL};
    static const char *const zipped[] = {PROTOBUF, "Content-Encoding: gzip", NULL};
    size_t size = (64u << 20) + 1;
    uint8_t *zeros = calloc(1, size);
    struct bytes bomb = gzip(zeros, 32 << 20);
    expect_http("POST", "/v1/traces", zipped, bomb, 413, "times its size");
    free(bomb.data);
    bomb = gzip(zeros, 4 << 20); /* small enough to look at: zeros are not protobuf */
    expect_http("POST", "/v1/traces", zipped, bomb, 400, NULL);
    free(bomb.data);
    expect_http("POST", "/v1/traces", plain, (struct bytes){zeros, size}, 413, "smaller batches");
    free(zeros);
}

/* The ratio counts past 8 MiB only, and honest spans stay far below it. */
static void the_ratio_spares_small_and_honest_bodies(void **state)
{
    (void)state;
    static const char *const zipped[] = {PROTOBUF, "Content-Encoding: gzip", NULL};
    static const size_t edge = 8 << 20;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.request_timeout_ms = 300000; /* a sanitizer on a loaded machine takes its time over so much */
    start_viewer_with(options);
    uint8_t *zeros = calloc(1, edge + (256 << 10));
    struct bytes body = gzip(zeros, edge);
    expect_http("POST", "/v1/traces", zipped, body, 400, "ExportTraceServiceRequest"); /* inflated whole, then looked at */
    free(body.data);
    body = gzip(zeros, edge + (256 << 10));
    expect_http("POST", "/v1/traces", zipped, body, 413, "times its size");
    free(body.data);
    free(zeros);
    enum { SPANS = 120000 };
    struct sample *samples = calloc(SPANS, sizeof *samples);
    for (uint64_t i = 0; i < SPANS; i++) /* alike but for their ids */
        samples[i] = (struct sample){.trace = 1, .id = (i + 1) * 0x9e3779b97f4a7c15u, .name = "execute_tool web_search", .start = 1, .end = 2};
    struct bytes spans = encode(samples, SPANS);
    assert_true(spans.size > edge);
    body = gzip(spans.data, spans.size);
    expect_http("POST", "/v1/traces", zipped, body, 200, NULL);
    free(body.data);
    free(spans.data);
    free(samples);
}

static void caps_are_options(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.max_body = 3000;
    options.max_compressed = 1000;
    start_viewer_with(options);
    static const char *const plain[] = {PROTOBUF, NULL};
    static const char *const chunked[] = {PROTOBUF, "Transfer-Encoding: chunked", NULL};
    static const char *const zipped[] = {PROTOBUF, "Content-Encoding: gzip", NULL};
    uint8_t noise[4000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(rand() >> 7);
    struct bytes packed = gzip(noise, 2000);
    expect_http("POST", "/v1/traces", zipped, packed, 413, "compressed");
    free(packed.data);
    memset(noise, 'x', sizeof noise);
    packed = gzip(noise, sizeof noise);
    expect_http("POST", "/v1/traces", zipped, packed, 413, "inflated");
    free(packed.data);
    expect_http("POST", "/v1/traces", plain, (struct bytes){noise, sizeof noise}, 413, NULL);
    expect_http("POST", "/v1/traces", chunked, (struct bytes){noise, sizeof noise}, 413, NULL);
    struct bytes good = encode(&one, 1);
    expect_http("POST", "/v1/traces", chunked, good, 200, NULL);
    free(good.data);
}

static void memory_in_flight_is_bounded(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.max_in_flight = 4096;
    start_viewer_with(options);
    static const char *const plain[] = {PROTOBUF, NULL};
    uint8_t body[8192] = {0};
    static const char *const paths[] = {"/v1/traces", "/v1/logs", "/v1/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        expect_http("POST", paths[i], plain, (struct bytes){body, sizeof body}, 503, "Retry-After: 1");
    struct bytes good = encode(&one, 1); /* and is given back */
    for (int i = 0; i < 50; i++)
        expect_http("POST", "/v1/traces", plain, good, 200, NULL);
    free(good.data);
}

static void rejected_spans_are_told(void **state)
{
    (void)state;
    struct bytes body = ENCODE({.trace = 1, .id = 0, .name = "no id"}, {.trace = 1, .id = 5, .name = "fine", .start = 1, .end = 2});
    struct reply reply = post(body);
    assert_int_equal(reply.status, 200);
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse *response =
        opentelemetry__proto__collector__trace__v1__export_trace_service_response__unpack(NULL, reply.size, (const uint8_t *)reply.body);
    assert_non_null(response);
    assert_non_null(response->partial_success);
    assert_int_equal(response->partial_success->rejected_spans, 1);
    assert_string_equal(response->partial_success->error_message, "1 of 2 spans rejected; the first: span_id is not 8 bytes with one not zero");
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__free_unpacked(response, NULL);
    free_reply(reply);
    reply = post(ENCODE({.trace = 2, .id = 5, .name = "fine", .start = 1, .end = 2}));
    assert_int_equal(reply.size, 0); /* all taken: an empty message */
    free_reply(reply);
}

static void a_busy_port_says_what_to_do(void **state)
{
    (void)state;
    char address[32];
    struct spwv_error error = {""};
    struct spwv_options options = SPWV_OPTIONS_INIT;
    snprintf(address, sizeof address, "127.0.0.1:%u", spwv_viewer_port(viewer));
    options.listen = address;
    assert_null(spwv_viewer_start(&options, &error));
    assert_non_null(strstr(error.text, "in use"));
    assert_non_null(strstr(error.text, "--listen 127.0.0.1:0"));
    static const char *const bad[] = {"4318", "127.0.0.1", "127.0.0.1:x", ":4318", "127.0.0.1:70000", "::1:4318", "192.0.2.1:4318", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.listen = bad[i];
        assert_null(spwv_viewer_start(&options, &error));
        assert_non_null(strstr(error.text, "127.0.0.1"));
    }
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(content_types_are_exact, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(json_is_taken_and_answered_in_json, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(json_failures_are_status_messages, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(hosts_are_checked, start_viewer, stop_viewer),
        cmocka_unit_test_teardown(hosts_can_be_allowed, stop_viewer),
        cmocka_unit_test_setup_teardown(methods_and_paths, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(pages_have_tags, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(bad_bodies_are_refused, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(bombs_are_refused, start_viewer, stop_viewer),
        cmocka_unit_test_teardown(the_ratio_spares_small_and_honest_bodies, stop_viewer),
        cmocka_unit_test_teardown(caps_are_options, stop_viewer),
        cmocka_unit_test_teardown(memory_in_flight_is_bounded, stop_viewer),
        cmocka_unit_test_setup_teardown(rejected_spans_are_told, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(a_busy_port_says_what_to_do, start_viewer, stop_viewer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
