/* The OTLP exporter behind proxies: that requests go through them, what is made of their refusals, and what they and the log must not hear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"
#include "support/proxy_peer.h"

#define HTTP_ENDPOINT "http://collector.test:4318" /* names that only a proxy can lead somewhere */
#define HTTPS_ENDPOINT "https://collector.test:4318"
#define KEY "canary-api-key"

/* What came of one batch. */
struct attempt {
    spw_export_result result;
    unsigned connections; /* of the proxy */
    size_t requests;      /* of the receiver */
};

/* `proxy`: the URL up to its host. Text and credentials are judged for all alike. */
static struct attempt send_through(proxy_script script, const char *proxy, const char *endpoint, bool dead)
{
    char url[128];
    driver d;
    http_peer *peer = http_peer_start();
    script.port = http_peer_port(peer);
    proxy_peer *p = proxy_peer_start(&script);
    spw_batch *batch = fake_batch_simple(1, 3);
    snprintf(url, sizeof url, "%s127.0.0.1:%u", proxy, dead ? http_peer_dead_port() : proxy_peer_port(p));
    driver_start(&d, &(driver_options){ .endpoint = endpoint, .headers = "api-key=" KEY, .proxy = url, .timeout_ms = script.hang ? 300 : 10000 });
    struct attempt a = { driver_send(&d, batch, 20000), proxy_peer_connections(p), http_peer_requests(peer) };
    driver_stop(&d);
    if (strncmp(endpoint, "https", 5) == 0)
        assert_false(proxy_peer_heard(p, KEY)); /* the receiver's secrets are not the proxy's */
    assert_null(strstr(a.result.text, "canary"));
    fake_batch_free(batch);
    proxy_peer_stop(p);
    http_peer_stop(peer);
    return a;
}

static void assert_says(const struct attempt *a, const char *text)
{
    if (!strstr(a->result.text, text))
        fail_msg("'%s' does not say '%s'", a->result.text, text);
}

static void requests_go_through_the_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *credentials, *basic;
    } table[] = { { "", NULL }, { "user:p%40ss@", "dXNlcjpwQHNz" } };
    for (size_t i = 0; i < 2; i++) {
        char url[128];
        driver d;
        http_peer *peer = http_peer_start();
        proxy_script script = { .port = http_peer_port(peer), .basic = table[i].basic };
        proxy_peer *p = proxy_peer_start(&script);
        spw_batch *batch = fake_batch_simple(1, 3);
        snprintf(url, sizeof url, "http://%s127.0.0.1:%u", table[i].credentials, proxy_peer_port(p));
        driver_start(&d, &(driver_options){ .endpoint = HTTP_ENDPOINT, .proxy = url });
        for (int n = 0; n < 3; n++)
            assert_int_equal(driver_send(&d, batch, 20000).status, SPW_EXPORT_DELIVERED);
        assert_int_equal(proxy_peer_connections(p), 1); /* kept */
        assert_int_equal(http_peer_requests(peer), 3);
        assert_string_equal(http_peer_request_at(peer, 2)->target, HTTP_ENDPOINT "/v1/traces");
        assert_string_equal(http_peer_header(http_peer_request_at(peer, 2), "Host"), "collector.test:4318");
        driver_stop(&d);
        fake_batch_free(batch);
        proxy_peer_stop(p);
        http_peer_stop(peer);
    }
}

static void a_proxy_that_wants_credentials(void **state)
{
    (void)state;
    static const char *const endpoints[] = { HTTP_ENDPOINT, HTTPS_ENDPOINT };
    for (size_t i = 0; i < 2; i++) {
        struct attempt a = send_through((proxy_script){ .basic = "eDp5" }, "http://", endpoints[i], false);
        assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
        assert_int_equal(a.connections, 1);
        assert_int_equal(a.requests, 0);
        assert_says(&a, "HTTP 407: it wants credentials; write user:password@ before its host");
        a = send_through((proxy_script){ .basic = "eDp5" }, "http://canary-user:canary%20password@", endpoints[i], false);
        assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
        assert_int_equal(a.requests, 0);
        assert_says(&a, "HTTP 407: it does not take the user and password in its URL");
    }
}

static void a_proxy_that_refuses_the_tunnel(void **state)
{
    (void)state;
    static const struct {
        int status;
        spw_export_status is;
        const char *says;
    } table[] = {
        { 403, SPW_EXPORT_PERMANENT, "does not let us through to " HTTPS_ENDPOINT },
        { 400, SPW_EXPORT_PERMANENT, "does not let us through to " HTTPS_ENDPOINT },
        { 500, SPW_EXPORT_PERMANENT, "does not let us through to " HTTPS_ENDPOINT },
        { 302, SPW_EXPORT_PERMANENT, "does not let us through to " HTTPS_ENDPOINT },
        { 429, SPW_EXPORT_RETRY, "does not reach " HTTPS_ENDPOINT },
        { 502, SPW_EXPORT_RETRY, "does not reach " HTTPS_ENDPOINT },
        { 503, SPW_EXPORT_RETRY, "does not reach " HTTPS_ENDPOINT },
        { 504, SPW_EXPORT_RETRY, "does not reach " HTTPS_ENDPOINT },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct attempt a = send_through((proxy_script){ .refuse = table[i].status }, "http://canary:canary@", HTTPS_ENDPOINT, false);
        char status[16];
        snprintf(status, sizeof status, "HTTP %d", table[i].status);
        assert_int_equal(a.result.status, table[i].is);
        assert_false(a.result.ambiguous);
        assert_int_equal(a.connections, 1);
        assert_says(&a, status);
        assert_says(&a, table[i].says);
    }
}

/* Of a request by http:// a proxy's refusal and a receiver's are the same: OTLP's table holds. */
static void a_proxy_that_refuses_a_request(void **state)
{
    (void)state;
    struct attempt a = send_through((proxy_script){ .refuse = 403 }, "http://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
    assert_says(&a, "HTTP 403");
    assert_says(&a, ", through the proxy http://127.0.0.1:");
    a = send_through((proxy_script){ .refuse = 503 }, "http://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_RETRY);
    assert_int_equal(a.connections, 1);
}

static void a_proxy_that_is_dead(void **state)
{
    (void)state;
    static const char *const schemes[] = { "http://canary:canary@", "socks5h://canary:canary@" };
    static const char *const endpoints[] = { HTTP_ENDPOINT, HTTPS_ENDPOINT };
    for (size_t i = 0; i < 4; i++) {
        struct attempt a = send_through((proxy_script){ .refuse = 0 }, schemes[i % 2], endpoints[i / 2], true);
        assert_int_equal(a.result.status, SPW_EXPORT_RETRY);
        assert_true(a.result.refused);
        assert_false(a.result.ambiguous);
        assert_says(&a, "nothing listens at the proxy ");
        assert_says(&a, "no_proxy");
    }
}

static void a_proxy_that_says_nothing(void **state)
{
    (void)state;
    static const char *const endpoints[] = { HTTP_ENDPOINT, HTTPS_ENDPOINT };
    for (size_t i = 0; i < 2; i++) {
        struct attempt a = send_through((proxy_script){ .hang = true }, "http://", endpoints[i], false);
        assert_int_equal(a.result.status, SPW_EXPORT_RETRY);
        assert_int_equal(a.result.ambiguous, i == 0); /* a tunnel that never was has carried nothing */
        assert_says(&a, "no answer in 300 ms (OTEL_EXPORTER_OTLP_TIMEOUT), through the proxy http://127.0.0.1:");
        a = send_through((proxy_script){ .close = true }, "http://", endpoints[i], false);
        assert_int_equal(a.result.status, SPW_EXPORT_RETRY);
        assert_false(a.result.refused);
    }
}

static void socks_proxies(void **state)
{
    (void)state;
    struct attempt a = send_through((proxy_script){ .socks = true }, "socks5h://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_DELIVERED);
    a = send_through((proxy_script){ .socks = true, .basic = "user:p@ss" }, "socks5h://user:p%40ss@", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_DELIVERED);
    a = send_through((proxy_script){ .socks = true, .basic = "user:pass" }, "socks5h://user:canary@", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
    assert_says(&a, "does not take its URL's user and password");
    a = send_through((proxy_script){ .socks = true, .basic = "user:pass" }, "socks5h://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
    assert_says(&a, "does not take us without credentials");
    a = send_through((proxy_script){ .socks = true, .refuse = 2 }, "socks5h://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_PERMANENT);
    assert_says(&a, "does not connect us to " HTTP_ENDPOINT);
    a = send_through((proxy_script){ .socks = true, .refuse = 5 }, "socks5h://", HTTP_ENDPOINT, false);
    assert_int_equal(a.result.status, SPW_EXPORT_RETRY);
    assert_true(a.result.refused);
}

/* What the environment says was judged before: the exporter itself looks at none of it. */
static void the_exporter_reads_no_variables(void **state)
{
    (void)state;
    char url[64];
    driver d;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", http_peer_dead_port());
    setenv("http_proxy", url, 1);
    setenv("ALL_PROXY", url, 1);
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    assert_int_equal(driver_send(&d, batch, 20000).status, SPW_EXPORT_DELIVERED);
    driver_stop(&d);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    fake_batch_free(batch);
    http_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_through_the_proxy),
        cmocka_unit_test(a_proxy_that_wants_credentials),
        cmocka_unit_test(a_proxy_that_refuses_the_tunnel),
        cmocka_unit_test(a_proxy_that_refuses_a_request),
        cmocka_unit_test(a_proxy_that_is_dead),
        cmocka_unit_test(a_proxy_that_says_nothing),
        cmocka_unit_test(socks_proxies),
        cmocka_unit_test(the_exporter_reads_no_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
