/* Headers as carriers and URLs for attributes. Without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define OTHER "00-11111111111111111111111111111111-2222222222222222-01"

/* The traceparent again, then the trace state and the baggage's `a`, each behind a bar; "" when there is no span. */
static const char *told(spw_context context)
{
    static char text[1000];
    char parent[SPW_TRACEPARENT_SIZE], state[600];
    spw_trace_state(context.span, state, sizeof state);
    const char *a = spw_baggage_get(&context, "a");
    text[0] = '\0';
    if (spw_traceparent_format(context.span, parent))
        snprintf(text, sizeof text, "%s|%s|%s", parent, state, a ? a : "");
    spw_context_release(&context);
    return text;
}

static void pairs_are_a_carrier(void **state)
{
    (void)state;
    static const spw_header headers[] = {
        { "Host", "example.com" }, { NULL, "odd" },       { "traceState", "a=1" }, { "TRACEPARENT", PARENT },
        { "tracestate", "b=2" },   { "baggage", "a=one" }, { "empty", NULL },
    };
    assert_string_equal(told(spw_extract_headers(NULL, headers, 7)), PARENT "|a=1,b=2|one"); /* several tracestates are one */
    assert_string_equal(told(spw_extract_headers(NULL, headers, 3)), "");
    assert_string_equal(told(spw_extract_headers(NULL, NULL, 3)), "");
    static const spw_header twice[] = { { "traceparent", PARENT }, { "traceparent", OTHER } };
    assert_string_equal(told(spw_extract_headers(NULL, twice, 2)), ""); /* which one? neither */
    static const spw_header clash[] = { { "traceparent", PARENT }, { "tracestate", "a=1" }, { "tracestate", "b=1,a=2" } };
    assert_string_equal(told(spw_extract_headers(NULL, clash, 3)), PARENT "||"); /* a key twice: the state is dropped */
}

static const char *read_block(const char *text)
{
    size_t size = strlen(text);
    char *exact = malloc(size); /* not terminated: reading past it shows */
    memcpy(exact, text, size);
    const char *result = told(spw_extract_header_block(NULL, exact, size));
    free(exact);
    return result;
}

static void header_lines_are_a_carrier(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "GET /a:b HTTP/1.1\r\nHost: x\r\nTraceparent:" PARENT "\r\nTraceState: a=1\r\nbaggage: a=one\r\n\r\nbody", PARENT "|a=1|one" },
        { "traceparent: " PARENT "\ntracestate:\ta=1 \nbaggage:a=one", PARENT "|a=1|one" },
        { "traceparent: \t " PARENT " \t \r\n", PARENT "||" },
        { "\r\ntraceparent: " PARENT "\r\n", "" },            /* behind the empty line is the body */
        { "x: y\r\n\r\ntraceparent: " PARENT "\r\n", "" },
        { "x: y\r\n traceparent: " PARENT "\r\n", "" },       /* folded: a part of x */
        { "traceparent : " PARENT "\r\n", "" },               /* no space before the colon */
        { "xtraceparent: " PARENT "\r\n", "" },
        { "traceparent\r\n" PARENT "\r\n", "" },
        { ": " PARENT "\r\n", "" },
        { "traceparent: " PARENT "\r\ntraceparent: " PARENT "\r\n", "" },
        { "", "" },
        { "\n", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(read_block(rows[i][0]), rows[i][1]);
    assert_string_equal(told(spw_extract_header_block(NULL, NULL, 10)), "");
    static const char hidden[] = "traceparent: " PARENT "\0more\r\n";
    assert_string_equal(told(spw_extract_header_block(NULL, hidden, sizeof hidden - 1)), "");
}

static void a_value_too_long_is_not_seen(void **state)
{
    (void)state;
    for (size_t size = 8191; size <= 8193; size++) {
        char *block = malloc(size + 100);
        int used = sprintf(block, "traceparent: " PARENT "\r\nbaggage: ");
        memset(block + used, 'x', size);
        memcpy(block + used, "a=", 2);
        memcpy(block + used + size, "\r\n", 3);
        spw_context context = spw_extract_header_block(NULL, block, (size_t)used + size + 2);
        assert_true(spw_span_is_valid(context.span));
        assert_int_equal(spw_baggage_count(&context), size <= 8192 ? 1 : 0);
        spw_context_release(&context);
        free(block);
    }
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
        unsigned port;
    } rows[] = {
        { "http://example.com", "example.com", 80 },
        { "https://example.com/path?q#f", "example.com", 443 },
        { "HTTPS://example.com:8443/", "example.com", 8443 },
        { "http://user:pass@example.com:81/x@y", "example.com", 81 },
        { "http://a@b@example.com", "example.com", 80 },
        { "http://[::1]:4318/v1", "::1", 4318 },
        { "http://[fe80::1]", "fe80::1", 80 },
        { "http://127.0.0.1:65535?x", "127.0.0.1", 65535 },
        { "http://example.com:", "example.com", 80 },
        { "http://example.com:65536", "example.com", 0 },
        { "http://example.com:8a", "example.com", 0 },
        { "ftp://example.com", "example.com", 0 },
        { "example.com:8080/x", "example.com", 8080 },
        { "http:/example.com", "example.com", 80 },
        { "//example.com/x", "example.com", 80 },
        { "http://", NULL, 0 },
        { "http://user@", NULL, 0 },
        { "http://:80/", NULL, 0 },
        { "http://[::1", NULL, 0 },
        { "", NULL, 0 },
        { NULL, NULL, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_url url;
        bool taken = spw_url_parse(rows[i].url, &url);
        char host[64] = "";
        snprintf(host, sizeof host, "%.*s", (int)url.host.size, url.host.size ? url.host.data : "");
        if (taken != (rows[i].host != NULL) || (taken && strcmp(host, rows[i].host) != 0) || url.port != rows[i].port)
            fail_msg("%s: %s port %u", rows[i].url ? rows[i].url : "NULL", host, url.port);
    }
}

/* scheme, host, path, query, fragment */
static void urls_have_parts(void **state)
{
    (void)state;
    static const char *const rows[][6] = {
        { "https://u:p@h:1/a/b?q=1&r=?2#f?g#h", "https", "h", "/a/b", "q=1&r=?2", "f?g#h" },
        { "https://h", "https", "h", "", "", "" },
        { "https://h?q#", "https", "h", "", "q", "" },
        { "https://h#f/?x", "https", "h", "", "", "f/?x" },
        { "h/a?", "", "h", "/a", "", "" },
        { "http://[::1]:80/;p=1", "http", "::1", "/;p=1", "", "" },
        { "/search?q=1#f", "", "", "/search", "q=1", "f" }, /* what request lines ask for */
        { "/", "", "", "/", "", "" },
        { "/?q", "", "", "/", "q", "" },
        { "/u:p@h:81/", "", "", "/u:p@h:81/", "", "" },
        { "*", "", "", "*", "", "" },
        { "//h/a", "", "h", "/a", "", "" },
        { "*/a", "", "*", "/a", "", "" },
        { "?q=1", NULL, NULL, NULL, NULL, NULL },
        { "#f", NULL, NULL, NULL, NULL, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_url url;
        assert_int_equal(spw_url_parse(rows[i][0], &url), rows[i][1] != NULL);
        const spw_view parts[] = { url.scheme, url.host, url.path, url.query, url.fragment };
        for (size_t p = 0; p < 5; p++) {
            size_t size = rows[i][p + 1] ? strlen(rows[i][p + 1]) : 0;
            if (parts[p].size != size || (size && memcmp(parts[p].data, rows[i][p + 1], size) != 0))
                fail_msg("%s: part %zu is %.*s", rows[i][0], p, (int)parts[p].size, parts[p].size ? parts[p].data : "");
            assert_true(!parts[p].size == !parts[p].data);
        }
        assert_int_equal(url.port, url.host.size ? i == 0 ? 1 : i < 4 ? 443 : 80 : 0);
    }
}

static void queries_are_redacted_alone(void **state)
{
    (void)state;
    char out[32];
    spw_url url;
    assert_true(spw_url_parse("/get?a=1&sig=secret&b=2", &url));
    assert_int_equal(spw_url_redact_query(url.query, out, sizeof out), 20);
    assert_string_equal(out, "a=1&sig=REDACTED&b=2");
    assert_int_equal(spw_url_redact_query(url.query, out, 9), 20);
    assert_string_equal(out, "a=1&sig=");
    assert_int_equal(spw_url_redact_query((spw_view){ NULL, 0 }, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(spw_url_redact_query(url.query, NULL, 0), 20);
}

static void secrets_in_urls_are_redacted(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "https://www.example.com/search?q=OpenTelemetry#SemConv", "https://www.example.com/search?q=OpenTelemetry#SemConv" },
        { "https://username:password@www.example.com/", "https://REDACTED:REDACTED@www.example.com/" },
        { "https://token@www.example.com/", "https://REDACTED@www.example.com/" },
        { "https://a:b@c@www.example.com/x@y?z@w", "https://REDACTED:REDACTED@www.example.com/x@y?z@w" },
        { "http:/u:p@h/", "http:/REDACTED:REDACTED@h/" }, /* libcurl takes one slash, and none */
        { "u:p@h/", "REDACTED:REDACTED@h/" },
        { "https://h/path?color=blue&sig=secret", "https://h/path?color=blue&sig=REDACTED" },
        { "https://h/?sig=s&AWSAccessKeyId=k&Signature=x%3D&X-Goog-Signature=y&a=b#sig=kept",
          "https://h/?sig=REDACTED&AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED&a=b#sig=kept" },
        { "https://h/?X-Amz-Signature=s&X-Amz-Credential=t&X-Amz-Security-Token=u&X-Amz-Date=v",
          "https://h/?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Date=v" },
        { "https://h/?Sig=kept&signature=kept&sigx=kept&xsig=kept", "https://h/?Sig=kept&signature=kept&sigx=kept&xsig=kept" },
        { "https://h/?s%69g=secret&si%67=x", "https://h/?s%69g=REDACTED&si%67=REDACTED" },
        { "https://h/?sig", "https://h/?sig" },
        { "https://h/?sig=", "https://h/?sig=REDACTED" },
        { "https://h?sig=s?sig=t", "https://h?sig=REDACTED" },
        { "https://h/?&&sig=s&", "https://h/?&&sig=REDACTED&" },
        { "https://h/#?sig=kept", "https://h/#?sig=kept" },
        { "https://h/?", "https://h/?" },
        { "/get?sig=s", "/get?sig=REDACTED" },
        { "", "" },
        { NULL, "" },
    };
    char out[300];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(spw_url_redact(rows[i][0], out, sizeof out), strlen(rows[i][1]));
        assert_string_equal(out, rows[i][1]);
        for (size_t size = 0; size < 60 && size < strlen(rows[i][1]); size++) { /* cut anywhere: a beginning of it, terminated */
            memset(out, '#', sizeof out);
            assert_int_equal(spw_url_redact(rows[i][0], out, size), strlen(rows[i][1]));
            if (size)
                assert_int_equal(strlen(out), size - 1);
            assert_memory_equal(out, rows[i][1], size ? size - 1 : 0);
            assert_int_equal(out[size], '#');
        }
    }
}

static void methods_are_known_exactly(void **state)
{
    (void)state;
    assert_string_equal(spw_http_method("GET"), "GET");
    assert_string_equal(spw_http_method("QUERY"), "QUERY");
    assert_null(spw_http_method("get"));
    assert_null(spw_http_method("BREW"));
    assert_null(spw_http_method(""));
    assert_null(spw_http_method(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_a_carrier),
        cmocka_unit_test(header_lines_are_a_carrier),
        cmocka_unit_test(a_value_too_long_is_not_seen),
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(urls_have_parts),
        cmocka_unit_test(queries_are_redacted_alone),
        cmocka_unit_test(secrets_in_urls_are_redacted),
        cmocka_unit_test(methods_are_known_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
