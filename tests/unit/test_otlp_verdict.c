/* What is said, and counted, of a request that came to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "otlp/otlp_verdict.h"

#define NAMES_CERTIFICATE "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"

/* Of a request to `endpoint`, by `proxy` if there is one. */
static spw_export_result judge(const struct spw__otlp_outcome *outcome, const char *endpoint, const char *proxy, bool certified)
{
    static const struct spw__otlp_secrets no_secrets;
    static const struct spw__otlp_response no_response;
    struct spw__otlp_outcome o = *outcome;
    struct spw__otlp_url url = { 0 };
    struct spw__otlp_proxy by;
    spw_error error = SPW_ERROR_INIT;
    spw_export_result result;
    assert_int_equal(spw__otlp_url_parse(&url, endpoint, false, "v1/traces", &error), SPW_OK);
    assert_true(spw__otlp_proxy_set(&by, proxy));
    o.response = &no_response;
    o.detail = o.detail ? o.detail : "";
    spw__otlp_verdict(&o, &(struct spw__otlp_subject){ 1, 1000, &url, &by, &no_secrets, certified }, &result);
    spw__otlp_url_fini(&url);
    spw__otlp_proxy_fini(&by);
    return result;
}

/* The alert that says so may be lost in the reset: then a server that wants a client certificate looks like one that breaks connections. */
static void a_reset_may_be_for_want_of_a_certificate(void **state)
{
    (void)state;
    static const struct {
        CURLcode code;
        bool connected, tls, certified;
        const char *says; /* NULL: nothing of a certificate */
    } table[] = {
        { CURLE_RECV_ERROR, true, true, false, "perhaps it wants a client certificate (" NAMES_CERTIFICATE ")" },
        { CURLE_SEND_ERROR, true, true, false, "perhaps it wants a client certificate (" NAMES_CERTIFICATE ")" },
        { CURLE_GOT_NOTHING, true, true, false, "perhaps it wants a client certificate (" NAMES_CERTIFICATE ")" },
        { CURLE_SEND_ERROR, true, true, true, "perhaps it does not take our " NAMES_CERTIFICATE },
        { CURLE_RECV_ERROR, false, true, false, NULL }, /* by a connection that has served before */
        { CURLE_RECV_ERROR, true, false, false, NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct spw__otlp_outcome o = { .code = table[i].code, .connected = table[i].connected };
        spw_export_result r = judge(&o, table[i].tls ? "https://collector.test" : "http://collector.test", NULL, table[i].certified);
        assert_int_equal(r.status, SPW_EXPORT_RETRY);
        assert_false(r.refused);
        if (table[i].says ? !strstr(r.text, table[i].says) : strstr(r.text, "CERTIFICATE") != NULL)
            fail_msg("%zu: %s", i, r.text);
    }
}

static void whose_certificate_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint, *proxy;
        bool proxy_unproven, is_proxys;
    } table[] = {
        { "https://collector.test", NULL, false, false },
        { "https://collector.test", "http://proxy.test:1", false, false },
        { "https://collector.test", "https://proxy.test:1", false, false },
        { "https://collector.test", "https://proxy.test:1", true, true },
        { "http://collector.test", "https://proxy.test:1", false, true }, /* there is no other TLS */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct spw__otlp_outcome o = { .code = CURLE_PEER_FAILED_VERIFICATION, .proxy_unproven = table[i].proxy_unproven };
        spw_export_result r = judge(&o, table[i].endpoint, table[i].proxy, false);
        assert_int_equal(r.status, SPW_EXPORT_PERMANENT);
        assert_int_equal(strstr(r.text, "TLS to the proxy https://proxy.test:1 failed; check SPANWIRE_OTLP_PROXY_CERTIFICATE") != NULL, table[i].is_proxys);
        assert_int_equal(strstr(r.text, "OTEL_EXPORTER_OTLP_CERTIFICATE") != NULL, !table[i].is_proxys);
    }
}

static void each_lost_answer_counts(void **state)
{
    (void)state;
    static const struct {
        struct spw__otlp_outcome o;
        spw_export_status status;
        unsigned ambiguous;
    } table[] = {
        { { .code = CURLE_GOT_NOTHING }, SPW_EXPORT_RETRY, 0 },
        { { .code = CURLE_GOT_NOTHING, .sent = true }, SPW_EXPORT_RETRY, 1 },
        { { .code = CURLE_GOT_NOTHING, .sent = true, .lost = 1 }, SPW_EXPORT_RETRY, 2 },
        { { .code = CURLE_COULDNT_CONNECT, .lost = 1 }, SPW_EXPORT_RETRY, 1 },
        { { .code = CURLE_WEIRD_SERVER_REPLY, .sent = true, .lost = 1 }, SPW_EXPORT_PERMANENT, 1 },
        { { .status = 200, .sent = true, .lost = 1 }, SPW_EXPORT_DELIVERED, 1 },
        { { .status = 200, .sent = true }, SPW_EXPORT_DELIVERED, 0 },
        { { .status = 503, .sent = true, .lost = 1 }, SPW_EXPORT_RETRY, 1 },
        { { .status = 400, .sent = true }, SPW_EXPORT_PERMANENT, 0 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        spw_export_result r = judge(&table[i].o, "http://collector.test", NULL, false);
        assert_int_equal(r.status, table[i].status);
        assert_int_equal(r.ambiguous, table[i].ambiguous);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_may_be_for_want_of_a_certificate),
        cmocka_unit_test(whose_certificate_it_was),
        cmocka_unit_test(each_lost_answer_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
