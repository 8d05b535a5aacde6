/* The HTTP side: what is let in, what is refused and how, and that one bad client does not stop the others. */
#include "fixture.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROTOBUF "Content-Type: application/x-protobuf"
#define JSON "Content-Type: application/json"

static const struct bytes none = {NULL, 0};

/* Sends and expects a status; the text must hold `part`. */
static void expect(const char *method, const char *path, const char *const *headers, struct bytes body, long status, const char *part)
{
    struct reply reply = http(method, path, headers, body);
    if (reply.status != status || (part && !strstr(reply.body, part) && !strstr(reply.headers, part)))
        fail_msg("%s %s: %ld instead of %ld (%s): %s%s", method, path, reply.status, status, part ? part : "", reply.headers, reply.body);
    assert_non_null(strstr(reply.headers, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
    assert_non_null(strstr(reply.headers, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(reply.headers, "Referrer-Policy: no-referrer"));
    assert_null(strstr(reply.headers, "Access-Control"));
    free_reply(reply);
}

static void expect_header(const char *method, const char *path, const char *header, long status)
{
    expect(method, path, (const char *const[]){header, NULL}, none, status, NULL);
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
        expect("POST", "/v1/traces", (const char *const[]){good[i], NULL}, body, 200, "Content-Type: application/x-protobuf");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect("POST", "/v1/traces", (const char *const[]){bad[i], NULL}, body, 415, "http/protobuf");
    expect("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Content-Encoding: br", NULL}, body, 415, "gzip or none");
    expect("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Content-Encoding: identity", NULL}, body, 200, NULL);
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
        expect("POST", "/v1/traces", (const char *const[]){types[i], NULL}, body, 200, "Content-Type: application/json");
    expect("GET", "/api/traces/5b8efff798038103d269b633813fc60c", NULL, none, 200, "\"name\":\"from json\"");
    struct reply reply = http("POST", "/v1/traces", (const char *const[]){JSON, NULL}, body);
    assert_string_equal(reply.body, "{}");
    free_reply(reply);
    reply = http("POST", "/v1/traces", (const char *const[]){JSON, NULL}, text(JSON_SPAN("5b8e", "01")));
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"1 of 1 spans rejected; the first: "));
    free_reply(reply);
    struct bytes packed = gzip(body.data, body.size);
    expect("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: gzip", NULL}, packed, 200, "{}");
    free(packed.data);
}

static void json_failures_are_status_messages(void **state)
{
    (void)state;
    static const char *const headers[] = {JSON, NULL};
    expect("POST", "/v1/traces", headers, none, 400, "{\"message\":\"the body is no ExportTraceServiceRequest: no JSON in it at byte 0\"}");
    expect("POST", "/v1/traces", headers, text("{\"resourceSpans\":7}"), 400, "must be an array");
    expect("POST", "/v1/traces", headers, text("{}x"), 400, "Content-Type: application/json");
    expect("POST", "/v1/traces", (const char *const[]){PROTOBUF, NULL}, text("{}"), 400, "not protobuf");
    expect("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: br", NULL}, none, 415, "{\"message\":\"Content-Encoding must be gzip");
    expect("POST", "/v1/traces", (const char *const[]){JSON, "Content-Encoding: gzip", NULL}, text("{}"), 400, "{\"message\":");
    char *deep = malloc((1 << 20) + 1);
    memset(deep, '[', 1 << 20);
    deep[1 << 20] = 0;
    expect("POST", "/v1/traces", headers, text(deep), 400, "must be an object");
    memcpy(deep, "{\"x\":", 5);
    expect("POST", "/v1/traces", headers, text(deep), 400, "nested more than 512 deep");
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
    expect("POST", "/v1/traces", (const char *const[]){PROTOBUF, "Host: evil.example", NULL}, body, 403, "--allow-host");
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
    expect("GET", "/v1/traces", NULL, none, 405, "Allow: POST");
    expect("OPTIONS", "/v1/traces", NULL, none, 405, NULL);
    expect("POST", "/api/info", NULL, none, 405, "Allow: GET");
    expect("PUT", "/api/traces", NULL, none, 405, "Allow: GET, DELETE");
    expect("GET", "/nothing", NULL, none, 404, "/v1/traces");
    expect("GET", "/api/nothing", NULL, none, 404, "{\"error\":");
    expect("GET", "/v1/logs", NULL, none, 405, "Allow: POST");
    expect("GET", "/v1/metrics", NULL, none, 405, "Allow: POST");
    expect("PUT", "/api/logs", NULL, none, 405, "Allow: GET, DELETE");
    expect("GET", "/api/traces/xyz", NULL, none, 404, "{\"error\":");
    expect("GET", "/api/traces/latest/text", NULL, none, 404, "no trace yet");
    expect("GET", "/api/traces?limit=0", NULL, none, 400, "limit");
    expect("GET", "/api/traces?before=x", NULL, none, 400, "before");
    expect("GET", "/assets/../../etc/passwd", NULL, none, 404, NULL);
    expect("GET", "/healthz", NULL, none, 200, "ok");
    expect("GET", "/", NULL, none, 200, "<!doctype html>");
    expect("GET", "/trace/ab00", NULL, none, 200, "<!doctype html>");
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
    expect("POST", "/v1/traces", plain, (struct bytes){garbage, sizeof garbage}, 400, "ExportTraceServiceRequest");
    expect("POST", "/v1/traces", zipped, (struct bytes){garbage, sizeof garbage}, 400, "not gzip");
    expect("POST", "/v1/traces", zipped, (struct bytes){packed.data, packed.size - 3}, 400, "cut short");
    expect("POST", "/v1/traces", plain, (struct bytes){good.data, good.size - 3}, 400, "cut short");
    expect("POST", "/v1/traces", zipped, packed, 200, NULL);
    expect("POST", "/v1/traces", plain, none, 200, NULL);
    expect("POST", "/v1/traces", zipped, none, 200, NULL);
    packed.data = realloc(packed.data, packed.size + 4);
    memcpy(packed.data + packed.size, "more", 4);
    expect("POST", "/v1/traces", zipped, (struct bytes){packed.data, packed.size + 4}, 400, "behind the end");
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
    expect("POST", "/v1/traces", zipped, bomb, 413, "times its size");
    free(bomb.data);
    bomb = gzip(zeros, 4 << 20); /* small enough to look at: zeros are not protobuf */
    expect("POST", "/v1/traces", zipped, bomb, 400, NULL);
    free(bomb.data);
    expect("POST", "/v1/traces", plain, (struct bytes){zeros, size}, 413, "smaller batches");
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
    expect("POST", "/v1/traces", zipped, body, 400, "ExportTraceServiceRequest"); /* inflated whole, then looked at */
    free(body.data);
    body = gzip(zeros, edge + (256 << 10));
    expect("POST", "/v1/traces", zipped, body, 413, "times its size");
    free(body.data);
    free(zeros);
    enum { SPANS = 120000 };
    struct sample *samples = calloc(SPANS, sizeof *samples);
    for (uint64_t i = 0; i < SPANS; i++) /* alike but for their ids */
        samples[i] = (struct sample){.trace = 1, .id = (i + 1) * 0x9e3779b97f4a7c15u, .name = "execute_tool web_search", .start = 1, .end = 2};
    struct bytes spans = encode(samples, SPANS);
    assert_true(spans.size > edge);
    body = gzip(spans.data, spans.size);
    expect("POST", "/v1/traces", zipped, body, 200, NULL);
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
    expect("POST", "/v1/traces", zipped, packed, 413, "compressed");
    free(packed.data);
    memset(noise, 'x', sizeof noise);
    packed = gzip(noise, sizeof noise);
    expect("POST", "/v1/traces", zipped, packed, 413, "inflated");
    free(packed.data);
    expect("POST", "/v1/traces", plain, (struct bytes){noise, sizeof noise}, 413, NULL);
    expect("POST", "/v1/traces", chunked, (struct bytes){noise, sizeof noise}, 413, NULL);
    struct bytes good = encode(&one, 1);
    expect("POST", "/v1/traces", chunked, good, 200, NULL);
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
        expect("POST", paths[i], plain, (struct bytes){body, sizeof body}, 503, "Retry-After: 1");
    struct bytes good = encode(&one, 1); /* and is given back */
    for (int i = 0; i < 50; i++)
        expect("POST", "/v1/traces", plain, good, 200, NULL);
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

/* ---- slow clients ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A byte every 50 ms until the other side closes; returns after how long that was. */
static int64_t drip(int fd, const char *first)
{
    int64_t start = now_ms();
    assert_true(send(fd, first, strlen(first), MSG_NOSIGNAL) > 0);
    while (now_ms() - start < 10000) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte;
        if (poll(&wait, 1, 50) > 0 && recv(fd, &byte, 1, 0) <= 0)
            break;
        if (send(fd, "x", 1, MSG_NOSIGNAL) <= 0)
            break;
    }
    close(fd);
    return now_ms() - start;
}

static void slow_clients_are_cut_off(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.header_timeout_ms = 500;
    options.request_timeout_ms = 1000;
    options.idle_timeout_ms = 700;
    start_viewer_with(options);
    int64_t silent = now_ms(); /* says nothing at all */
    int fd = dial();
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    silent = now_ms() - silent;
    assert_true(silent >= 400 && silent < 4500);
    int64_t header = drip(dial(), "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    assert_true(header >= 400 && header < 4500);
    char request[256];
    snprintf(request, sizeof request, "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" PROTOBUF "\r\nContent-Length: 100000\r\n\r\n",
             spwv_viewer_port(viewer));
    int64_t body = drip(dial(), request);
    assert_true(body >= 900 && body < 9500);
}

/* Twenty bytes a second, where a thousand are wanted; the time for the whole request has nothing to do with it. */
static void slow_bodies_are_cut_off(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.request_timeout_ms = 600000;
    options.body_grace_ms = 500;
    options.min_body_bytes_s = 1000;
    start_viewer_with(options);
    static const char *const paths[] = {"/v1/traces", "/nowhere"}; /* one that is read, one that is thrown away */
    for (size_t i = 0; i < 2; i++) {
        char request[256];
        snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" PROTOBUF "\r\nContent-Length: 100000\r\n\r\n", paths[i],
                 spwv_viewer_port(viewer));
        int64_t body = drip(dial(), request);
        assert_true(body >= 400 && body < 9500);
    }
}

/* One that is as slow for a while, and fast enough on the whole, gets its answer. */
static void a_body_may_come_in_pieces(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.body_grace_ms = 1000;
    options.min_body_bytes_s = 1000;
    start_viewer_with(options);
    char request[256], spaces[SIZE], answer[64] = "";
    memset(spaces, ' ', SIZE); /* no JSON: the answer is a 400, but one that was read to its end */
    int length = snprintf(request, sizeof request,
                          "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                          spwv_viewer_port(viewer), SIZE);
    int fd = dial();
    assert_int_equal(send(fd, request, (size_t)length, MSG_NOSIGNAL), length);
    assert_int_equal(send(fd, spaces, SIZE - 10, MSG_NOSIGNAL), SIZE - 10);
    for (int i = 0; i < 10; i++) { /* two seconds, twice the grace */
        usleep(200000);
        assert_int_equal(send(fd, spaces, 1, MSG_NOSIGNAL), 1);
    }
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    assert_non_null(strstr(answer, " 400 "));
    close(fd);
}

static void a_slow_client_does_not_block_others(void **state)
{
    (void)state;
    enum { SLOW = 40 };
    int slow[SLOW];
    for (int i = 0; i < SLOW; i++) {
        slow[i] = dial();
        static const char part[] = "POST /v1/traces HTTP/1.1\r\nHost: ";
        assert_true(send(slow[i], part, sizeof part - 1, MSG_NOSIGNAL) > 0);
    }
    int64_t start = now_ms();
    for (int i = 0; i < 20; i++)
        expect("GET", "/healthz", NULL, none, 200, "ok");
    assert_true(now_ms() - start < 4500); /* the slow ones are cut off after 5 s */
    for (int i = 0; i < SLOW; i++)
        close(slow[i]);
}

static void connections_are_capped(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.max_connections = 8;
    start_viewer_with(options);
    int fds[40];
    for (int i = 0; i < 40; i++)
        fds[i] = dial();
    for (int i = 0; i < 40; i++)
        close(fds[i]);
    int64_t start = now_ms(); /* and are free again at once */
    expect("GET", "/healthz", NULL, none, 200, "ok");
    assert_true(now_ms() - start < 30000); /* an idle one may stay for 75 s */
}

static void huge_headers_are_refused(void **state)
{
    (void)state;
    int fd = dial();
    static char junk[8192];
    memset(junk, 'a', sizeof junk);
    static const char part[] = "GET / HTTP/1.1\r\nX: ";
    send(fd, part, sizeof part - 1, MSG_NOSIGNAL);
    size_t sent = 0;
    while (sent < 16 << 20 && send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
        sent += sizeof junk;
    assert_true(sent < 16 << 20);
    close(fd);
    expect("GET", "/healthz", NULL, none, 200, "ok");
}

/*
 * What libmicrohttpd refuses before our code sees it has no security headers (it gives no way to add them): then there must be nothing in it
 * for them to hold back, and nothing may follow on that connection.
 */
static void expect_bare_refusal(const char *request, size_t size, int status)
{
    char answer[4096] = "", line[32];
    size_t used = 0;
    int fd = dial();
    send(fd, request, size, MSG_NOSIGNAL); /* the other side may close before it has read all */
    for (ssize_t got; used < sizeof answer - 1 && (got = recv(fd, answer + used, sizeof answer - 1 - used, 0)) > 0;)
        used += (size_t)got; /* until it closes: this would hang otherwise */
    answer[used] = 0;
    close(fd);
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0)
        fail_msg("not %d: %s", status, answer);
    assert_non_null(strstr(answer, "Connection: close"));
    assert_null(strstr(answer, "marker"));
    assert_null(strstr(answer, "script"));
    assert_null(strstr(answer, "Access-Control"));
}

static void refusals_of_the_library_say_nothing_of_the_request(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *request;
    } bad[] = {
        {400, "GET /marker HTTP/1.1\r\nHost: localhost\r\nmarker <script>\r\n\r\n"},
        {400, "GET <script>marker</script>\r\n\r\n"},
        {400, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: marker\r\n\r\n"},
        {413, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\nX: marker\r\n\r\n"},
        {505, "GET /marker HTTP/2.3\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bare_refusal(bad[i].request, strlen(bad[i].request), bad[i].status);
    enum { LONG = 100000 };
    char *request = malloc(LONG + 64);
    for (int in_header = 0; in_header < 2; in_header++) {
        int used = sprintf(request, in_header ? "GET / HTTP/1.1\r\nX: marker" : "GET /marker");
        memset(request + used, 'a', LONG);
        strcpy(request + used + LONG, in_header ? "\r\n\r\n" : " HTTP/1.1\r\n\r\n");
        expect_bare_refusal(request, strlen(request), in_header ? 431 : 414);
    }
    free(request);
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
        cmocka_unit_test_teardown(slow_clients_are_cut_off, stop_viewer),
        cmocka_unit_test_teardown(slow_bodies_are_cut_off, stop_viewer),
        cmocka_unit_test_teardown(a_body_may_come_in_pieces, stop_viewer),
        cmocka_unit_test_setup_teardown(a_slow_client_does_not_block_others, start_viewer, stop_viewer),
        cmocka_unit_test_teardown(connections_are_capped, stop_viewer),
        cmocka_unit_test_setup_teardown(huge_headers_are_refused, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(refusals_of_the_library_say_nothing_of_the_request, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(a_busy_port_says_what_to_do, start_viewer, stop_viewer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
