/* OTLP settings: endpoints, protocols, the signal's variable over the general one. */
#include "config_fixture.h"

static void test_endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } urls[] = {
        { "http://localhost:4318", true },
        { "HTTPS://c.example", true },
        { "http://[::1]:4318/x", true },
        { "http://u:p@h:1/p?q=1", true },
        { "http://h:65535", true },
        { "http://h:", true },
        { "http://4317.example/4317", true },
        { "http://h?x=:4317", true },
        { "localhost:4318", false },
        { "http://", false },
        { "http://:4318", false },
        { "http://h:0", false },
        { "http://h:65536", false },
        { "http://h:99999999999999999999", false },
        { "http://h:4318x", false },
        { "http://[::1", false },
        { "http://[]", false },
        { "http://[::1]x", false },
        { "http://h /", false },
        { "http://h\n/", false },
        { "ftp://h", false },
        { "grpc://h:4318", false },
        { "http://h:4317", false },
        { "https://u:p@h:4317/x", false },
        { "http://h\xc3\xa9", false },
        { "unix:///run/x", true },
        { "unix:/run/x", true },
        { "UNIX:///run/x:/v1/traces", true },
        { "unix:///run/x?token=1", true },
        { "unix:///run/a%3Ab", true },
        { "unix-abstract:otel", true },
        { "unix-abstract:otel:/v1/traces", true },
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        o.otlp_endpoint = urls[i].url;
        spw_result result = load(&c, &o);
        spw__config_free(&c);
        if ((result == SPW_OK) != urls[i].good)
            fail_msg("%s: %s", urls[i].url, error.text);
    }
}

#define L10 "0123456789"
#define L100 L10 L10 L10 L10 L10 L10 L10 L10 L10 L10

/* What is nearly a Unix-domain socket is told how it is written. */
static void test_near_sockets(void **state)
{
    (void)state;
    static const struct {
        const char *url, *says;
    } table[] = {
        { "unix://run/otel.sock", "three slashes" },
        { "unix:otel.sock", "no absolute path" },
        { "unix:", "no absolute path" },
        { "unix:@otel", "unix-abstract:name" },
        { "unix://@otel", "unix-abstract:name" },
        { "unix-abstract:", "names no socket" },
        { "unix:///run/", "names no socket" },
        { "unix:///run/otel.sock/v1/traces", "put a colon before it" },
        { "unix:///run/otel.sock:v1/traces", "%3A" },
        { "unix:///run/otel.sock:4318", "%3A" },
        { "unix:///run/my socket", "a character that a URL cannot hold" },
        { "unix:///" L100 "/12345", NULL },
        { "unix:///" L100 "/123456", "more than 107 bytes" },
        { "unix:///" L100 "/123%34%35", NULL },
        { "http+unix://%2Frun%2Fotel.sock", "unix:///run/otel.sock" },
        { "http://unix:/run/otel.sock:/v1/traces", "unix:///run/otel.sock" },
        { "/run/otel.sock", "unix:///run/otel.sock" },
        { "@otel", "unix:///run/otel.sock" },
        { "file:///run/otel.sock", "unix:///run/otel.sock" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        o.otlp_endpoint = table[i].url;
        spw_result result = load(&c, &o);
        spw__config_free(&c);
        if (table[i].says ? result != SPW_ERR_INVALID || !strstr(error.text, table[i].says) : result != SPW_OK)
            fail_msg("%s: %s", table[i].url, error.text);
    }
}

/* Where nothing is sent by OTLP, an endpoint that cannot be one stops nobody. */
static void test_unused_otlp_settings(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_TRACES_EXPORTER", "console", 1);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense", 1);
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    spw__config_free(&c);
}

static void test_grpc(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC", 1);
    assert_int_equal(load(&c, NULL), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "4318"));
    spw__config_free(&c);
    setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    spw__config_free(&c);
    warnings = 0;
    setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_string_equal(c.otlp.protocol, "http/json");
    assert_int_equal(warnings, 0);
    spw__config_free(&c);
}

/* Who says grpc in code is told so, too; the name of the option is in it. */
static void test_grpc_in_code(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.otlp_protocol = "grpc";
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "otlp_protocol"));
    spw__config_free(&c);
    o.otlp_protocol = "HTTP/JSON";
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_string_equal(c.otlp.protocol, "http/json");
    spw__config_free(&c);
}

/* The signal's own endpoint is used as it is, whoever names it. */
static void test_signal_endpoint(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.otlp_endpoint = "http://base";
    o.otlp_traces_endpoint = "http://signal/x";
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_string_equal(c.otlp.endpoint, "http://signal/x");
    assert_true(c.otlp.endpoint_is_signal);
    spw__config_free(&c);
    o.otlp_traces_endpoint = "http://h:4317";
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "otlp_traces_endpoint"));
    spw__config_free(&c);
    o.otlp_traces_endpoint = NULL;
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://variable", 1);
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_string_equal(c.otlp.endpoint, "http://base"); /* code over environment, general or not */
    assert_false(c.otlp.endpoint_is_signal);
    spw__config_free(&c);
}

static void test_signal_beats_general(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ENDPOINT", "HEADERS", "COMPRESSION", "TIMEOUT", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"
    };
    static const char *const general[] = { "http://a/", "a=1", "none", "1", "/dev/null", "/dev/null", "/dev/null" };
    static const char *const signal[] = { "http://b/x", "b=2", "gzip", "2", "/dev/zero", "/dev/zero", "/dev/zero" };
    struct spw__config c;
    for (size_t i = 0; i < 7; i++) {
        char name[80];
        snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s", names[i]);
        setenv(name, general[i], 1);
        snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_TRACES_%s", names[i]);
        setenv(name, signal[i], 1);
    }
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_string_equal(c.otlp.endpoint, "http://b/x");
    assert_true(c.otlp.endpoint_is_signal);
    assert_string_equal(c.otlp.headers, "b=2");
    assert_string_equal(c.otlp.compression, "gzip");
    assert_int_equal(c.otlp.timeout_ms, 2);
    assert_string_equal(c.otlp.certificate, "/dev/zero");
    assert_string_equal(c.otlp.client_key, "/dev/zero");
    assert_string_equal(c.otlp.client_certificate, "/dev/zero");
    spw__config_free(&c);

    setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon", 1); /* as good as unset: the general one holds */
    setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "broken", 1);
    setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zip", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_int_equal(c.otlp.timeout_ms, 1);
    assert_string_equal(c.otlp.headers, "a=1");
    assert_string_equal(c.otlp.compression, "none");
    assert_int_equal(warnings, 3);
    spw__config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_endpoints),
        TEST(test_near_sockets),
        TEST(test_unused_otlp_settings),
        TEST(test_grpc),
        TEST(test_grpc_in_code),
        TEST(test_signal_endpoint),
        TEST(test_signal_beats_general),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
