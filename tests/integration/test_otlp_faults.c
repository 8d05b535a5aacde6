/* Servers and networks that misbehave: what the OTLP exporter answers, how soon, at what cost, and what it must not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"

/* Of what is allowed over a timeout: 100 ms, and 100 for a machine that is busy with other tests. */
enum { SLACK_MS = 4000 }; /* what a loaded machine may add; the peers wait 5 s and more */

static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    return true;
#endif
#endif
    return false;
}

static size_t resident_bytes(void)
{
    unsigned long total = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void nobody_listens(void **state)
{
    (void)state;
    static const char *const hosts[] = { "127.0.0.1", "localhost" };
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < 2; i++) {
        char endpoint[64];
        char says[128];
        driver d;
        snprintf(endpoint, sizeof endpoint, "http://user:canary@%s:%u", hosts[i], http_peer_dead_port());
        snprintf(says, sizeof says, "nothing listens at http://%s; start a collector or `spanwire view`, or set OTEL_EXPORTER_OTLP_ENDPOINT",
                 strchr(endpoint, '@') + 1);
        driver_start(&d, &(driver_options){ .endpoint = endpoint });
        spw_export_result r = driver_send(&d, batch, 3000);
        assert_int_equal(r.status, SPW_EXPORT_RETRY);
        assert_true(r.refused);
        assert_false(r.ambiguous);
        assert_string_equal(r.text, says);
        driver_stop(&d);
    }
    fake_batch_free(batch);
}

static void broken_connections_are_retried_and_ambiguous(void **state)
{
    (void)state;
    static const http_peer_act acts[] = { HTTP_PEER_RESET, HTTP_PEER_CLOSE };
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < 2; i++) {
        http_peer_then(peer, (http_peer_answer){ .act = acts[i] });
        spw_export_result r = driver_send(&d, batch, 3000);
        assert_int_equal(r.status, SPW_EXPORT_RETRY);
        assert_true(r.ambiguous);
        assert_false(r.refused);
        assert_int_equal(http_peer_requests(peer), i + 1);
    }
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void timeouts_hold(void **state)
{
    (void)state;
    static const struct {
        http_peer_answer answer;
        size_t payload;
        bool ambiguous;
    } table[] = {
        { { .act = HTTP_PEER_HANG }, 0, true },
        { { .act = HTTP_PEER_DEAF }, 0, true },         /* small enough for the socket's buffer: it may have been read */
        { { .act = HTTP_PEER_DEAF }, 16u << 20, false }, /* never sent whole: cannot have arrived */
        { { .delay_ms = 5000 }, 0, true },
        { { .byte_delay_ms = 100 }, 0, true }, /* not a status line in time */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer *peer = http_peer_start();
        driver d;
        driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = 300 });
        fake_span wish = { "late", table[i].payload, NULL, NULL, NULL, NULL, false };
        spw_batch *batch = fake_batch_new(1, &wish, 1);
        http_peer_then(peer, table[i].answer);
        spw_export_result r = driver_send(&d, batch, 5000);
        assert_int_equal(r.status, SPW_EXPORT_RETRY);
        assert_int_equal(r.ambiguous, table[i].ambiguous);
        assert_in_range(d.elapsed_ms, 290, 300 + SLACK_MS);
        assert_non_null(strstr(r.text, "no answer in 300 ms"));
        spw_batch *next = fake_batch_simple(2, 1);
        assert_int_equal(driver_send(&d, next, 3000).status, SPW_EXPORT_DELIVERED); /* by a fresh connection */
        driver_stop(&d);
        fake_batch_free(next);
        fake_batch_free(batch);
        http_peer_stop(peer);
    }
}

static void no_timeout_means_none(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = UINT32_MAX });
    spw_batch *batch = fake_batch_simple(1, 1);
    http_peer_then(peer, (http_peer_answer){ .delay_ms = 700 });
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void names_and_addresses_that_lead_nowhere(void **state)
{
    (void)state;
    static const char *const endpoints[] = { "http://no.such.host.invalid:4318", "http://192.0.2.1:4318" };
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < 2; i++) {
        driver d;
        driver_start(&d, &(driver_options){ .endpoint = endpoints[i], .timeout_ms = 400 });
        spw_export_result r = driver_send(&d, batch, 5000);
        assert_int_equal(r.status, SPW_EXPORT_RETRY);
        assert_false(r.ambiguous);
        assert_true(d.elapsed_ms <= 400 + SLACK_MS);
        driver_stop(&d);
    }
    fake_batch_free(batch);
}

static void endless_answers_cost_no_memory_and_are_permanent(void **state)
{
    (void)state;
    static const struct {
        http_peer_act act;
        int status;
        const char *says;
        size_t most_bytes; /* that the server got rid of before the door closed; its and our socket buffers included */
    } table[] = {
        { HTTP_PEER_ENDLESS_BODY, 200, "longer than 4 MiB", 16u << 20 },
        { HTTP_PEER_ENDLESS_BODY, 503, "longer than 4 MiB", 16u << 20 },
        { HTTP_PEER_ENDLESS_HEADERS, 200, "headers are longer than 64 KiB", 12u << 20 },
    };
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer *peer = http_peer_start();
        driver d;
        driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = 5000 });
        for (int warm = 0; warm < 3; warm++)
            driver_send(&d, batch, 3000);
        size_t before = resident_bytes();
        http_peer_then(peer, (http_peer_answer){ .act = table[i].act, .status = table[i].status });
        spw_export_result r = driver_send(&d, batch, 8000);
        size_t after = resident_bytes();
        assert_int_equal(r.status, SPW_EXPORT_PERMANENT);
        assert_non_null(strstr(r.text, table[i].says));
        assert_true(http_peer_sent(peer) < table[i].most_bytes);
        if (!sanitized())
            assert_true(after < before + (1u << 20));
        assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
        driver_stop(&d);
        http_peer_stop(peer);
    }
    fake_batch_free(batch);
}

static void what_is_not_http_is_permanent(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } table[] = {
        { "SSH-2.0-OpenSSH_9.2\r\n", 21 },
        { "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00", 15 }, /* HTTP/2 settings, as a gRPC port sends them */
        { "HTTP/9.9 oh no\r\n\r\n", 18 },
        { "\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff", 10 },
    };
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_RAW, .body = table[i].bytes, .body_size = table[i].size });
        spw_export_result r = driver_send(&d, batch, 3000);
        if (r.status != SPW_EXPORT_PERMANENT || !strstr(r.text, "not HTTP"))
            fail_msg("row %zu: %d '%s'", i, r.status, r.text);
        assert_int_equal(http_peer_requests(peer), i + 1);
    }
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void tls_to_a_plain_server_is_permanent(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    char endpoint[64];
    driver d;
    snprintf(endpoint, sizeof endpoint, "https://127.0.0.1:%u", http_peer_port(peer));
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_RAW, .body = "nonsense", .body_size = 8 });
    driver_start(&d, &(driver_options){ .endpoint = endpoint, .timeout_ms = 500 });
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_export_result r = driver_send(&d, batch, 3000);
    assert_int_equal(http_peer_requests(peer), 0); /* not a word in the clear */
    assert_int_equal(r.status, SPW_EXPORT_RETRY);  /* the server says nothing to a handshake it does not know: a timeout */
    assert_false(r.ambiguous);
    driver_stop(&d);
    driver_start(&d, &(driver_options){ .endpoint = endpoint, .certificate = "/no/such/file.pem" });
    r = driver_send(&d, batch, 3000);
    assert_int_equal(r.status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(r.text, "OTEL_EXPORTER_OTLP_CERTIFICATE"));
    driver_stop(&d);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

static void cancel_is_at_once_and_final(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = 60000 });
    spw_batch *batch = fake_batch_simple(1, 1);
    http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
    driver_submit(&d, batch);
    driver_run(&d, 1, 50);
    uint64_t begin = spw_loop_now_ms(d.loop);
    d.exporter->cancel(d.exporter);
    assert_true(spw_loop_now_ms(d.loop) - begin < 50);
    d.exporter->cancel(d.exporter); /* harmless */
    driver_run(&d, 1, 50);
    assert_int_equal(d.answers, 0);
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    driver_stop(&d);
    driver_start(&d, &(driver_options){ .endpoint = "http://no.such.host.invalid", .timeout_ms = 60000 });
    driver_submit(&d, batch);
    driver_run(&d, 1, 1);
    begin = spw_loop_now_ms(d.loop);
    driver_stop(&d); /* cancels, too, with a resolver at work */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    assert_true((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 - begin < 100);
    fake_span wish = { "zip", 20u << 20, NULL, NULL, NULL, NULL, false };
    spw_batch *large = fake_batch_new(2, &wish, 1);
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .compression = "gzip" });
    driver_submit(&d, large);
    d.exporter->cancel(d.exporter); /* while it is compressing */
    driver_run(&d, 1, 50);
    assert_int_equal(d.answers, 0);
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    driver_stop(&d);
    fake_batch_free(large);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

/* ---- secrets ---- */

/* Every text the exporter gave, in one place, to search. */
static void no_canary_comes_out(void **state)
{
    (void)state;
    static const char echo[] = "Authorization: Bearer canary-header-secret; key canary-key; ?token=canary-query; user:canary-p@ss canary-p%40ss "
                               "Basic dXNlcjpjYW5hcnktcEBzcw== CANARY-HEADER-SECRET canary-header canary-key-2";
    http_peer *peer = http_peer_start();
    char endpoint[160];
    snprintf(endpoint, sizeof endpoint, "http://user:canary-p%%40ss@127.0.0.1:%u/?token=canary-query", http_peer_port(peer));
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = endpoint,
                                        .headers = "authorization=Bearer%20canary-header-secret,api-key=canary-key,api-key-2=canary-key-2",
                                        .timeout_ms = 200 });
    const http_peer_answer answers[] = {
        { .status = 400, .body = echo, .body_size = sizeof echo - 1 },
        { .status = 401, .body = echo, .body_size = sizeof echo - 1 },
        { .status = 503, .body = echo, .body_size = sizeof echo - 1 },
        { .status = 307, .headers = "Location: http://canary-key@x/?canary-query\r\n", .body = echo, .body_size = sizeof echo - 1 },
        { .status = 200, .body = echo, .body_size = sizeof echo - 1 },
        { .status = 200, .body = "\x0a\x1b\x08\x01\x12\x17" "not canary-key-2 please", .body_size = 29 },
        { .act = HTTP_PEER_RAW, .body = echo, .body_size = sizeof echo - 1 },
        { .act = HTTP_PEER_RESET },
        { .act = HTTP_PEER_CLOSE },
        { .act = HTTP_PEER_HANG },
        { .act = HTTP_PEER_ENDLESS_HEADERS },
    };
    spw_batch *batch = fake_batch_simple(1, 5);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        http_peer_then(peer, answers[i]);
        spw_export_result r = driver_send(&d, batch, 3000);
        for (const char *c = r.text; *c; c++)
            if (strncasecmp(c, "canary", 6) == 0 || strncmp(c, "dXNlcjpj", 8) == 0)
                fail_msg("row %zu: %s", i, r.text);
    }
    const http_peer_request *first = http_peer_request_at(peer, 0); /* but they were sent */
    assert_string_equal(http_peer_header(first, "Authorization"), "Bearer canary-header-secret");
    assert_string_equal(http_peer_header(first, "api-key"), "canary-key");
    assert_string_equal(first->target, "/v1/traces?token=canary-query");
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void exporters_come_and_go_without_a_trace(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    int lowest = dup(0);
    close(lowest);
    for (int i = 0; i < 50; i++) {
        driver d;
        driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .compression = i % 2 ? "gzip" : "none" });
        if (i % 3)
            assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
        else
            driver_submit(&d, batch);
        driver_stop(&d);
    }
    fake_batch_free(batch);
    http_peer_stop(peer);
    int now = dup(0);
    close(now);
    assert_true(now <= lowest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(broken_connections_are_retried_and_ambiguous),
        cmocka_unit_test(timeouts_hold),
        cmocka_unit_test(no_timeout_means_none),
        cmocka_unit_test(names_and_addresses_that_lead_nowhere),
        cmocka_unit_test(endless_answers_cost_no_memory_and_are_permanent),
        cmocka_unit_test(what_is_not_http_is_permanent),
        cmocka_unit_test(tls_to_a_plain_server_is_permanent),
        cmocka_unit_test(cancel_is_at_once_and_final),
        cmocka_unit_test(no_canary_comes_out),
        cmocka_unit_test(exporters_come_and_go_without_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
