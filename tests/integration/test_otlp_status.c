/* What the OTLP exporter makes of every answer: status codes, Retry-After, partial success, redirects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"

static http_peer *peer;
static driver d;
static spw_batch *batch;

static int set_up(void **state)
{
    (void)state;
    peer = http_peer_start();
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    batch = fake_batch_simple(1, 10);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    driver_stop(&d);
    http_peer_stop(peer);
    fake_batch_free(batch);
    return 0;
}

static void every_status_has_its_verdict_and_one_request(void **state)
{
    (void)state;
    static const struct {
        int status;
        spw_export_status want;
        const char *says;
    } table[] = {
        { 200, SPW_EXPORT_DELIVERED, "" },
        { 202, SPW_EXPORT_DELIVERED, "" },
        { 204, SPW_EXPORT_DELIVERED, "" },
        { 300, SPW_EXPORT_PERMANENT, "redirects are not followed" },
        { 301, SPW_EXPORT_PERMANENT, "redirects are not followed" },
        { 302, SPW_EXPORT_PERMANENT, "redirects are not followed" },
        { 307, SPW_EXPORT_PERMANENT, "redirects are not followed" },
        { 308, SPW_EXPORT_PERMANENT, "redirects are not followed" },
        { 400, SPW_EXPORT_PERMANENT, "could not read the request" },
        { 401, SPW_EXPORT_PERMANENT, "check OTEL_EXPORTER_OTLP_HEADERS" },
        { 403, SPW_EXPORT_PERMANENT, "check OTEL_EXPORTER_OTLP_HEADERS" },
        { 404, SPW_EXPORT_PERMANENT, "base URL" },
        { 405, SPW_EXPORT_PERMANENT, "OTEL_EXPORTER_OTLP_ENDPOINT" },
        { 408, SPW_EXPORT_PERMANENT, "waited too long" },
        { 413, SPW_EXPORT_PERMANENT, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" },
        { 415, SPW_EXPORT_PERMANENT, "protobuf" },
        { 418, SPW_EXPORT_PERMANENT, "HTTP 418" },
        { 429, SPW_EXPORT_RETRY, "fewer requests" },
        { 500, SPW_EXPORT_PERMANENT, "failed on it" },
        { 501, SPW_EXPORT_PERMANENT, "HTTP 501" },
        { 502, SPW_EXPORT_RETRY, "gateway" },
        { 503, SPW_EXPORT_RETRY, "overloaded" },
        { 504, SPW_EXPORT_RETRY, "gateway" },
        { 505, SPW_EXPORT_PERMANENT, "HTTP 505" },
        { 599, SPW_EXPORT_PERMANENT, "HTTP 599" },
    };
    size_t requests = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, http_peer_status(table[i].status));
        spw_export_result r = driver_send(&d, batch, 3000);
        if (r.status != table[i].want || !strstr(r.text, table[i].says))
            fail_msg("%d: status %d, '%s'", table[i].status, r.status, r.text);
        assert_false(r.ambiguous);
        assert_false(r.refused);
        assert_false(r.malformed);
        assert_int_equal(r.retry_after_ms, 0);
        assert_int_equal(r.rejected, 0);
        driver_run(&d, d.answers + 1, 20); /* nothing follows on its own */
        assert_int_equal(http_peer_requests(peer), ++requests);
        if (table[i].want != SPW_EXPORT_DELIVERED)
            assert_non_null(strstr(r.text, http_peer_url(peer)));
        else
            assert_string_equal(r.text, "");
    }
}

static void retry_after_is_passed_on(void **state)
{
    (void)state;
    char date[64];
    char soon[128];
    time_t then = time(NULL) + 30;
    struct tm tm;
    gmtime_r(&then, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    snprintf(soon, sizeof soon, "Retry-After: %s\r\n", date);
    const struct {
        int status;
        const char *headers;
        uint64_t least, most;
    } table[] = {
        { 429, "Retry-After: 2\r\n", 2000, 2000 },
        { 502, "retry-after: 2\r\n", 2000, 2000 },
        { 503, "Retry-After: 0\r\n", 0, 0 },
        { 504, "Retry-After:3\r\n", 3000, 3000 },
        { 503, "Retry-After: -5\r\n", 0, 0 },
        { 503, "Retry-After: soon\r\n", 0, 0 },
        { 503, "Retry-After: \r\n", 0, 0 },
        { 503, "Retry-After: 9223372036854775808\r\n", INT32_MAX, INT32_MAX },
        { 503, "Retry-After: Thu, 01 Jan 1970 00:00:01 GMT\r\n", 0, 0 },
        { 503, soon, 25000, 30000 },
        { 500, "Retry-After: 2\r\n", 0, 0 }, /* permanent: nothing to come back for */
        { 200, "Retry-After: 2\r\n", 0, 0 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, (http_peer_answer){ .status = table[i].status, .headers = table[i].headers });
        assert_in_range(driver_send(&d, batch, 3000).retry_after_ms, table[i].least, table[i].most);
    }
}

static void partial_success_is_delivered_and_counted(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t size;
        uint64_t rejected;
        const char *says;
    } table[] = {
        { "", 0, 0, "" },
        { "\x0a\x00", 2, 0, "" },
        { "\x0a\x02\x08\x03", 4, 3, "rejected 3 of 10 records" },
        { "\x0a\x07\x08\x03\x12\x03" "why", 9, 3, "rejected 3 of 10 records: why" },
        { "\x0a\x02\x08\x0a", 4, 10, "rejected 10 of 10" },
        { "\x0a\x02\x08\x63", 4, 10, "rejected 10 of 10" },
        { "\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, 0, "" }, /* -1 */
        { "\x0a\x06\x12\x04" "slow", 8, 0, "with a warning: slow" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, http_peer_protobuf(table[i].body, table[i].size));
        spw_export_result r = driver_send(&d, batch, 3000);
        assert_int_equal(r.status, SPW_EXPORT_DELIVERED);
        assert_int_equal(r.rejected, table[i].rejected);
        assert_false(r.malformed);
        if (*table[i].says ? !strstr(r.text, table[i].says) : *r.text != '\0')
            fail_msg("row %zu: '%s'", i, r.text);
    }
    assert_int_equal(http_peer_requests(peer), sizeof table / sizeof table[0]);
}

static void a_2xx_with_garbage_is_delivered_and_malformed(void **state)
{
    (void)state;
    static const char *const bodies[] = { "OK", "{}", "<!doctype html>", "\xff\xff\xff\xff" };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        http_peer_then(peer, http_peer_protobuf(bodies[i], strlen(bodies[i])));
        spw_export_result r = driver_send(&d, batch, 3000);
        assert_int_equal(r.status, SPW_EXPORT_DELIVERED);
        assert_true(r.malformed);
        assert_int_equal(r.rejected, 0);
        assert_non_null(strstr(r.text, "not OTLP's"));
    }
    http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_SHORT_BODY, .body = "\x0a", .body_size = 1 });
    spw_export_result r = driver_send(&d, batch, 3000);
    assert_int_equal(r.status, SPW_EXPORT_DELIVERED); /* it said 200 before it broke off */
    assert_true(r.malformed);
}

static void the_target_of_a_redirect_hears_nothing(void **state)
{
    (void)state;
    static const int statuses[] = { 301, 302, 303, 307, 308 };
    http_peer *target = http_peer_start();
    char location[100];
    snprintf(location, sizeof location, "Location: %s/v1/traces\r\n", http_peer_url(target));
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        http_peer_then(peer, (http_peer_answer){ .status = statuses[i], .headers = location });
        assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_PERMANENT);
    }
    assert_int_equal(http_peer_connections(target), 0);
    assert_int_equal(http_peer_received(target), 0);
    assert_int_equal(http_peer_requests(peer), 5);
    http_peer_stop(target);
}

static void a_servers_words_are_told_escaped_and_short(void **state)
{
    (void)state;
    http_peer_then(peer, (http_peer_answer){ .status = 400, .body = "no \x1b[31mred\r\nlines", .body_size = 18 });
    assert_non_null(strstr(driver_send(&d, batch, 3000).text, "it said: no \\x1b[31mred lines"));
    http_peer_then(peer, (http_peer_answer){ .status = 400,
                                             .headers = "Content-Type: application/x-protobuf\r\n",
                                             .body = "\x08\x03\x12\x09" "bad batch",
                                             .body_size = 13 });
    assert_non_null(strstr(driver_send(&d, batch, 3000).text, "it said: bad batch"));
    char body[3000];
    memset(body, 'w', sizeof body);
    http_peer_then(peer, (http_peer_answer){ .status = 400, .body = body, .body_size = sizeof body });
    assert_true(strlen(driver_send(&d, batch, 3000).text) < 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_status_has_its_verdict_and_one_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(retry_after_is_passed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partial_success_is_delivered_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_2xx_with_garbage_is_delivered_and_malformed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_target_of_a_redirect_hears_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_servers_words_are_told_escaped_and_short, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
