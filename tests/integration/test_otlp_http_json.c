/* The OTLP exporter with protocol http/json, against the scripted peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"

#define JSON_TYPE "Content-Type: application/json\r\n"

static void start(driver *d, http_peer *peer, const char *compression)
{
    driver_start(d, &(driver_options){ .endpoint = http_peer_url(peer), .protocol = "http/json", .compression = compression, .timeout_ms = 5000 });
}

static size_t spans_in(const http_peer_request *request)
{
    size_t size;
    uint8_t *body = http_peer_plain_body(request, &size);
    json_t *json = json_loadb((const char *)body, size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    json_t *scopes = json_object_get(json_array_get(json_object_get(json, "resourceSpans"), 0), "scopeSpans");
    size_t count = json_array_size(json_object_get(json_array_get(scopes, 0), "spans"));
    json_decref(json);
    free(body);
    return count;
}

static void sends_json_and_says_so(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    start(&d, peer, NULL);
    spw_batch *batch = fake_batch_simple(1, 10);
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    assert_false(d.result.malformed);
    const http_peer_request *r = http_peer_request_at(peer, 0);
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->target, "/v1/traces");
    assert_string_equal(http_peer_header(r, "Content-Type"), "application/json");
    assert_int_equal(http_peer_header_count(r, "Content-Type"), 1);
    assert_null(http_peer_header(r, "Content-Encoding"));
    assert_null(http_peer_header(r, "Expect"));
    assert_int_equal(spans_in(r), 10);
    assert_int_equal(fake_batch_encodings(batch), 0); /* no protobuf on the way */
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void gzip_and_retries_resend_the_same_bytes(void **state)
{
    (void)state;
    static const size_t payloads[] = { 0, 1000, 700 * 1024, 3 * 1024 * 1024 }; /* the last ones are written and compressed in slices */
    static const char *const compressions[] = { "none", "gzip" };
    http_peer *peer = http_peer_start();
    for (size_t c = 0; c < 2; c++) {
        driver d;
        start(&d, peer, compressions[c]);
        for (size_t i = 0; i < 4; i++) {
            fake_span wishes[2] = { { "zip", payloads[i], NULL, NULL, NULL, NULL, false }, { "zap", payloads[i], NULL, NULL, NULL, NULL, false } };
            spw_batch *batch = fake_batch_new(i + 1, wishes, 2);
            http_peer_then(peer, http_peer_status(503));
            assert_int_equal(driver_send(&d, batch, 8000).status, SPW_EXPORT_RETRY);
            assert_int_equal(driver_send(&d, batch, 8000).status, SPW_EXPORT_DELIVERED);
            const http_peer_request *first = http_peer_request_at(peer, c * 8 + 2 * i);
            const http_peer_request *again = http_peer_request_at(peer, c * 8 + 2 * i + 1);
            assert_int_equal(first->body_size, again->body_size);
            assert_memory_equal(first->body, again->body, first->body_size);
            assert_int_equal(spans_in(again), 2);
            if (c)
                assert_string_equal(http_peer_header(first, "Content-Encoding"), "gzip");
            fake_batch_free(batch);
        }
        driver_stop(&d);
    }
    http_peer_stop(peer);
}

static void statuses_mean_what_they_mean(void **state)
{
    (void)state;
    static const struct {
        int status;
        spw_export_status want;
    } table[] = { { 200, SPW_EXPORT_DELIVERED }, { 202, SPW_EXPORT_DELIVERED }, { 400, SPW_EXPORT_PERMANENT }, { 413, SPW_EXPORT_PERMANENT },
                  { 415, SPW_EXPORT_PERMANENT }, { 429, SPW_EXPORT_RETRY },     { 500, SPW_EXPORT_PERMANENT }, { 502, SPW_EXPORT_RETRY },
                  { 503, SPW_EXPORT_RETRY },     { 504, SPW_EXPORT_RETRY } };
    http_peer *peer = http_peer_start();
    driver d;
    start(&d, peer, NULL);
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, http_peer_status(table[i].status));
        assert_int_equal(driver_send(&d, batch, 3000).status, table[i].want);
        assert_int_equal(http_peer_requests(peer), i + 1);
    }
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void answers_are_read_as_json(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body;
        uint64_t rejected;
        bool malformed;
        const char *text;
    } table[] = {
        { JSON_TYPE, "", 0, false, NULL },
        { JSON_TYPE, "{}", 0, false, NULL },
        { "Content-Type: application/json; charset=utf-8\r\n", "{\"partialSuccess\":{}}", 0, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":null}", 0, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}", 3, false, "rejected 3 of 10" },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":3,\"errorMessage\":\"no \\u0022room\\u0022\"}}", 3, false, "no \"room\"" },
        { JSON_TYPE, "{\"partial_success\":{\"rejected_spans\":4,\"error_message\":\"old names\"}}", 4, false, "old names" },
        { NULL, "{\"partialSuccess\":{\"rejectedSpans\":\"2\"}}", 2, false, NULL }, /* no type at all: what was asked for */
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":\"99\"}}", 10, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":\"-5\"}}", 0, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":99999999999999999999999}}", 10, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":1.0,\"more\":[{}]},\"other\":{\"rejectedSpans\":9}}", 1, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":0,\"errorMessage\":\"careful\"}}", 0, false, "warning: careful" },
        { JSON_TYPE, "{\"other\":{\"partialSuccess\":{\"rejectedSpans\":7}}}", 0, false, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":true}}", 0, true, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":\"many\"}}", 0, true, NULL },
        { JSON_TYPE, "{\"partialSuccess\":{\"rejectedSpans\":\"3\"}", 0, true, NULL },
        { JSON_TYPE, "[]", 0, true, NULL },
        { JSON_TYPE, "OK", 0, true, NULL },
        { "Content-Type: text/html\r\n", "<html>", 0, true, NULL },
        { "Content-Type: application/x-protobuf\r\n", "\x0a\x02\x08\x06", 6, false, NULL }, /* who answers otherwise is understood, too */
    };
    http_peer *peer = http_peer_start();
    driver d;
    start(&d, peer, NULL);
    spw_batch *batch = fake_batch_simple(1, 10);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, (http_peer_answer){ .headers = table[i].headers, .body = table[i].body, .body_size = strlen(table[i].body) });
        spw_export_result result = driver_send(&d, batch, 3000);
        assert_int_equal(result.status, SPW_EXPORT_DELIVERED);
        if (result.rejected != table[i].rejected || result.malformed != table[i].malformed)
            fail_msg("%s: rejected %d, malformed %d", table[i].body, (int)result.rejected, result.malformed);
        if (table[i].text && !strstr(result.text, table[i].text))
            fail_msg("%s: says %s", table[i].body, result.text);
    }
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void an_error_gives_its_message_without_secrets(void **state)
{
    (void)state;
    static const char body[] = "{\"code\":16,\"details\":[{\"message\":\"inner\"}],\"message\":\"token \\u0073ecret\\u002dcanary is old\\u001b\"}";
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .protocol = "http/json", .headers = "authorization=secret-canary" });
    spw_batch *batch = fake_batch_simple(1, 1);
    http_peer_then(peer, (http_peer_answer){ .status = 401, .headers = JSON_TYPE, .body = body, .body_size = sizeof body - 1 });
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(d.result.text, "token *** is old"));
    assert_null(strstr(d.result.text, "inner"));
    assert_null(strchr(d.result.text, 0x1b));
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

/* What the SDK gathers for one request never passes the cap, however it is written. */
static void batches_are_kept_small_enough(void **state)
{
    (void)state;
    spw_error error = SPW_ERROR_INIT;
    spw_exporter *json = driver_make(&(driver_options){ .endpoint = "http://c", .protocol = "HTTP/JSON" }, &error);
    assert_int_equal(json->max_request_bytes, 8u << 20);
    json->destroy(json);
    assert_null(driver_make(&(driver_options){ .endpoint = "http://c", .protocol = "json" }, &error));
    assert_non_null(strstr(error.text, "http/json"));
}

static void a_cancelled_batch_leaves_nothing_behind(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    start(&d, peer, "gzip");
    fake_span wishes[3] = { { "a", 900 * 1024, NULL, NULL, NULL, NULL, false }, { "b", 900 * 1024, NULL, NULL, NULL, NULL, false },
                            { "c", 900 * 1024, NULL, NULL, NULL, NULL, false } };
    spw_batch *large = fake_batch_new(1, wishes, 3);
    driver_submit(&d, large); /* its first slice */
    d.exporter->cancel(d.exporter);
    fake_batch_free(large);
    spw_batch *next = fake_batch_simple(2, 4);
    assert_int_equal(driver_send(&d, next, 3000).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(http_peer_requests(peer), 1);
    assert_int_equal(spans_in(http_peer_request_at(peer, 0)), 4);
    fake_batch_free(next);
    driver_stop(&d);
    http_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_json_and_says_so),
        cmocka_unit_test(gzip_and_retries_resend_the_same_bytes),
        cmocka_unit_test(statuses_mean_what_they_mean),
        cmocka_unit_test(answers_are_read_as_json),
        cmocka_unit_test(an_error_gives_its_message_without_secrets),
        cmocka_unit_test(batches_are_kept_small_enough),
        cmocka_unit_test(a_cancelled_batch_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
