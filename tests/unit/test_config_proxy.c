/* Which proxy holds for which endpoint, who says so, and what is not said of it. */
#include "config_fixture.h"

#include "sdk/no_proxy.h"

#define SECRET "http://user:CANARY%20@proxy.example:3128"

/* Up to four variables, names and values in turn. */
struct row {
    const char *endpoint;
    const char *variables[8];
    const char *proxy;  /* NULL: none */
    const char *source; /* NULL: the default */
};

static const struct row rows[] = {
    { "http://c.test", { "http_proxy", "http://p:3128" }, "http://p:3128", "http_proxy" },
    { "https://c.test", { "http_proxy", "http://p:3128" }, NULL, NULL },
    { "https://c.test", { "https_proxy", "http://p:3128" }, "http://p:3128", "https_proxy" },
    { "https://c.test", { "HTTPS_PROXY", "http://p:3128" }, "http://p:3128", "HTTPS_PROXY" },
    { "https://c.test", { "https_proxy", "http://a:1", "HTTPS_PROXY", "http://b:2" }, "http://a:1", "https_proxy" },
    { "https://c.test", { "https_proxy", "", "HTTPS_PROXY", "http://b:2" }, "http://b:2", "HTTPS_PROXY" },
    { "http://c.test", { "https_proxy", "http://p:3128" }, NULL, NULL },
    { "http://c.test", { "HTTP_PROXY", "http://p:3128" }, NULL, NULL }, /* what a CGI's client may set */
    { "http://c.test", { "all_proxy", "socks5h://p" }, "socks5h://p:1080", "all_proxy" },
    { "https://c.test", { "ALL_PROXY", "socks5://p:9" }, "socks5://p:9", "ALL_PROXY" },
    { "http://c.test", { "http_proxy", "http://a:1", "all_proxy", "http://b:2" }, "http://a:1", "http_proxy" },
    /* the form of a proxy */
    { "http://c.test", { "http_proxy", "p" }, "http://p:80", "http_proxy" },
    { "http://c.test", { "http_proxy", "p:3128" }, "http://p:3128", "http_proxy" },
    { "http://c.test", { "http_proxy", "HTTP://P:3128/" }, "http://P:3128", "http_proxy" },
    { "http://c.test", { "http_proxy", "https://p" }, "https://p:443", "http_proxy" },
    { "http://c.test", { "http_proxy", "http://[::1]:3128" }, "http://[::1]:3128", "http_proxy" },
    { "http://c.test", { "http_proxy", SECRET "/" }, SECRET, "http_proxy" },
    /* exceptions */
    { "http://c.test", { "http_proxy", "http://p:1", "no_proxy", "c.test" }, NULL, "no_proxy" },
    { "http://c.test", { "http_proxy", "http://p:1", "NO_PROXY", "a, .test" }, NULL, "NO_PROXY" },
    { "http://c.test", { "http_proxy", "http://p:1", "no_proxy", "*" }, NULL, "no_proxy" },
    { "http://c.test", { "http_proxy", "http://p:1", "no_proxy", "other" }, "http://p:1", "http_proxy" },
    { "http://c.test:4318", { "http_proxy", "http://p:1", "no_proxy", "c.test:4318" }, NULL, "no_proxy" },
    { "https://c.test", { "https_proxy", "http://p:1", "no_proxy", "c.test:443" }, NULL, "no_proxy" },
    { "http://10.1.2.3:4318", { "http_proxy", "http://p:1", "no_proxy", "10.0.0.0/8" }, NULL, "no_proxy" },
    { "http://c.test", { "http_proxy", "nonsense://CANARY", "no_proxy", "c.test" }, NULL, "no_proxy" },
    /* this machine */
    { "http://localhost:4318", { "http_proxy", "http://p:1" }, NULL, NULL },
    { "http://a.LocalHost:4318", { "http_proxy", "http://p:1" }, NULL, NULL },
    { "http://127.8.8.8:4318", { "http_proxy", "http://p:1" }, NULL, NULL },
    { "https://[::1]:4318", { "https_proxy", "http://p:1" }, NULL, NULL },
    { "http://localhost.example", { "http_proxy", "http://p:1" }, "http://p:1", "http_proxy" },
    { "unix:///run/otel.sock", { "http_proxy", "http://p:1", "all_proxy", "http://p:1" }, NULL, NULL },
};

static void set(const struct row *row)
{
    fresh(NULL);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", row->endpoint, 1);
    for (size_t i = 0; i < 8 && row->variables[i]; i += 2)
        setenv(row->variables[i], row->variables[i + 1], 1);
}

static void test_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spw__config c;
        set(&rows[i]);
        if (load(&c, NULL) != SPW_OK)
            fail_msg("row %zu: %s", i, error.text);
        const char *proxy = c.otlp.proxy ? c.otlp.proxy : "(none)", *source = c.sources[SPW__SET_PROXY].name;
        if (strcmp(proxy, rows[i].proxy ? rows[i].proxy : "(none)") != 0)
            fail_msg("row %zu: %s", i, proxy);
        if ((source == NULL) != (rows[i].source == NULL) || (source && strcmp(source, rows[i].source) != 0))
            fail_msg("row %zu: of %s", i, source ? source : "(default)");
        spw__config_free(&c);
    }
}

/* What holds is printed, without a word of the credentials. */
static void test_print(void **state)
{
    (void)state;
    struct seen seen;
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.test", 1);
    setenv("http_proxy", SECRET, 1);
    assert_int_equal(print(NULL, "exporter.otlp_http.proxy", &seen), SPW_OK);
    assert_string_equal(seen.value, "http://***@proxy.example:3128");
    assert_string_equal(seen.source, "http_proxy");
    setenv("no_proxy", ".test", 1);
    assert_int_equal(print(NULL, "exporter.otlp_http.proxy", &seen), SPW_OK);
    assert_string_equal(seen.value, "(none)");
    assert_string_equal(seen.source, "no_proxy");
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    setenv("HTTP_PROXY", SECRET, 1);
    assert_int_equal(print(NULL, "exporter.otlp_http.proxy", &seen), SPW_OK);
    assert_string_equal(seen.value, "(none)");
    assert_non_null(strstr(seen.problems, "HTTP_PROXY is set"));
    assert_null(strstr(seen.problems, "CANARY"));
}

/* Going without the proxy, or to another host than was meant, would both be worse than not going. */
static void test_wrong_proxies_are_refused_unseen(void **state)
{
    (void)state;
    static const char *const wrong[] = { "ftp://user:CANARY@p",       "http://user:CANARY@",          "http://user:CANARY@p:0",
                                         "http://user:CANARY@p:70000", "http://user:CANARY@p:x",       "http://user:CANARY/x@p:3128",
                                         "http://user:1/CANARY@p",    "http://user:CANARY@p q",       "http://user:CANARY@[::1",
                                         "://user:CANARY@p",          "http://user:CANARY@p\x01:3128" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct seen seen;
        struct spw__config c;
        fresh(NULL);
        setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.test", 1);
        setenv("http_proxy", wrong[i], 1);
        if (load(&c, NULL) != SPW_ERR_INVALID)
            fail_msg("%s was taken as %s", wrong[i], c.otlp.proxy);
        spw__config_free(&c);
        assert_non_null(strstr(error.text, "http_proxy is no proxy's URL"));
        assert_non_null(strstr(error.text, "write it like http://proxy.example:3128"));
        assert_null(strstr(error.text, "CANARY"));
        assert_null(strstr(said, "CANARY"));
        assert_int_equal(print(NULL, "exporter.otlp_http.proxy", &seen), SPW_ERR_INVALID);
        assert_null(strstr(seen.value, "CANARY"));
        assert_null(strstr(seen.problems, "CANARY"));
    }
}

static void test_options(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    setenv("http_proxy", "http://environment:1", 1);
    setenv("no_proxy", "*", 1);
    o.otlp_endpoint = "http://localhost:4318";
    o.otlp_proxy = "code:3128";
    assert_int_equal(load(&c, &o), SPW_OK); /* who says it in code means it */
    assert_string_equal(c.otlp.proxy, "http://code:3128");
    assert_string_equal(c.sources[SPW__SET_PROXY].name, "otlp_proxy");
    spw__config_free(&c);
    unsetenv("no_proxy");
    o.otlp_endpoint = "http://c.test";
    o.otlp_proxy = "None";
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_null(c.otlp.proxy);
    assert_string_equal(c.sources[SPW__SET_PROXY].name, "otlp_proxy");
    spw__config_free(&c);
    o.otlp_proxy = "gopher://CANARY";
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "otlp_proxy"));
    assert_null(strstr(error.text, "CANARY"));
    spw__config_free(&c);
    o.otlp_endpoint = "unix:///run/otel.sock";
    o.otlp_proxy = "http://p:1";
    warnings = 0;
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_null(c.otlp.proxy);
    assert_int_equal(warnings, 1);
    spw__config_free(&c);
}

static void test_no_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host;
        unsigned port;
        bool covered;
    } table[] = {
        { NULL, "a", 80, false },
        { "", "a", 80, false },
        { " ,, ", "a", 80, false },
        { "example.com", "example.com", 80, true },
        { "Example.COM", "eXample.com", 80, true },
        { "example.com", "a.example.com", 80, true },
        { ".example.com", "a.b.example.com", 80, true },
        { ".example.com", "example.com", 80, true },
        { "*.example.com", "a.example.com", 80, true },
        { "example.com", "notexample.com", 80, false },
        { "example.com", "example.com.org", 80, false },
        { "example.com.", "example.com", 80, true },
        { "example.com", "example.com.", 80, true },
        { "a b,c\td", "d", 80, true },
        { "a, *", "x", 80, true },
        { "com", "example.com", 80, true },
        { ".", "example.com", 80, false },
        { "a:81", "a", 80, false },
        { "a:80", "a", 80, true },
        { "a:x", "a", 80, false },
        { "10.0.0.1", "10.0.0.1", 80, true },
        { "0.0.1", "10.0.0.1", 80, false }, /* an address has no names below it */
        { "10.0.0.0/8", "10.255.0.1", 80, true },
        { "10.0.0.0/8", "11.0.0.1", 80, false },
        { "10.128.0.0/9", "10.127.0.1", 80, false },
        { "10.128.0.0/9", "10.129.0.1", 80, true },
        { "0.0.0.0/0", "8.8.8.8", 80, true },
        { "10.0.0.0/33", "10.0.0.0", 80, false },
        { "10.0.0.0/x", "10.0.0.0", 80, false },
        { "10.0.0.0/8", "ten.example", 80, false },
        { "::1", "[::1]", 80, true },
        { "[::1]", "[::1]", 80, true },
        { "[::1]:80", "[::1]", 80, true },
        { "[::1]:81", "[::1]", 80, false },
        { "fd00::/8", "[fdff::1]", 80, true },
        { "fd00::/8", "[fe80::1]", 80, false },
        { "fd00::/8", "10.0.0.1", 80, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        spw_view host = { table[i].host, strlen(table[i].host) };
        if (spw__no_proxy_covers(table[i].list, host, table[i].port) != table[i].covered)
            fail_msg("no_proxy=%s, %s", table[i].list, table[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_environment), TEST(test_print), TEST(test_wrong_proxies_are_refused_unseen), TEST(test_options), TEST(test_no_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
