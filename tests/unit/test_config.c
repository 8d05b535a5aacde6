/* Configuration: what each variable and option does, which wins, what is refused, and that no secret is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/config.h"
#include "sdk/config_env.h"

extern char **environ;

static char said[65536]; /* every diagnostic of a test, a line each */
static int warnings;

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    warnings += level <= SPW_LOG_WARN;
    size_t at = strlen(said);
    snprintf(said + at, sizeof said - at, "%s\n", text);
}

static int fresh(void **state)
{
    (void)state;
    clearenv();
    said[0] = 0;
    warnings = 0;
    return 0;
}

static spw_error error;

static spw_result load(struct spw__config *config, spw_options *options)
{
    static spw_options plain;
    spw_options init = SPW_OPTIONS_INIT;
    if (!options) {
        plain = init;
        options = &plain;
    }
    options->log_fn = hear;
    memset(&error, 0, sizeof error);
    return spw__config_load(config, options, &error);
}

static const spw_attr *attribute(const struct spw__config *config, const char *key)
{
    const spw_attr *found = NULL;
    for (size_t i = 0; i < config->resource_count; i++) {
        const spw_attr *a = &config->resource[i];
        if (a->key.size == strlen(key) && memcmp(a->key.data, key, a->key.size) == 0) {
            assert_null(found); /* one key, one attribute */
            found = a;
        }
    }
    return found;
}

static void assert_text(const struct spw__config *config, const char *key, const char *value)
{
    const spw_attr *a = attribute(config, key);
    assert_non_null(a);
    assert_int_equal(a->value.type, SPW_VALUE_STRING);
    assert_string_equal(a->value.u.view.data, value);
}

static void assert_defaults(const struct spw__config *c)
{
    assert_false(c->disabled);
    assert_int_equal(c->pipeline_count, 1);
    assert_string_equal(c->pipelines[0].exporter_name, "otlp");
    assert_int_equal(c->pipelines[0].max_queue_size, 2048);
    assert_int_equal(c->pipelines[0].max_export_batch_size, 512);
    assert_int_equal(c->pipelines[0].schedule_delay_ms, 5000);
    assert_int_equal(c->pipelines[0].export_timeout_ms, 30000);
    assert_string_equal(c->otlp.endpoint, "http://localhost:4318");
    assert_false(c->otlp.endpoint_is_signal);
    assert_string_equal(c->otlp.protocol, "http/protobuf");
    assert_string_equal(c->otlp.compression, "none");
    assert_int_equal(c->otlp.timeout_ms, 10000);
    assert_null(c->otlp.headers);
    assert_int_equal(c->limits.attributes, 128);
    assert_int_equal(c->limits.events, 128);
    assert_int_equal(c->limits.event_attributes, 128);
    assert_int_equal(c->limits.value_length, UINT32_MAX);
    assert_int_equal(c->limits.span_bytes, 1024 * 1024);
    assert_int_equal(c->limits.open_spans, 16384);
    assert_int_equal(c->exit_timeout_ms, 1000);
    assert_int_equal(c->log_level, SPW_LOG_INFO);
}

static void test_defaults(void **state)
{
    (void)state;
    struct spw__config c;
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_defaults(&c);
    assert_null(c.otlp.certificate);
    assert_int_equal(c.resource_count, 7);
    assert_text(&c, "telemetry.sdk.name", "spanwire");
    assert_text(&c, "telemetry.sdk.language", "c");
    assert_text(&c, "telemetry.sdk.version", SPW_VERSION);
    assert_int_equal(attribute(&c, "process.pid")->value.u.i, getpid());
    const char *exe = attribute(&c, "process.executable.name")->value.u.view.data;
    char service[300];
    snprintf(service, sizeof service, "unknown_service:%s", exe);
    assert_text(&c, "service.name", service);
    const char *id = attribute(&c, "service.instance.id")->value.u.view.data;
    assert_int_equal(strlen(id), 36);
    assert_int_equal(id[14], '4');
    assert_non_null(strchr("89ab", id[19]));
    assert_string_equal(said, "");
    spw__config_free(&c);
    spw__config_free(&c); /* harmless */
    assert_int_equal(spw__config_load(&c, NULL, NULL), SPW_OK);
    spw__config_free(&c);
}

/* ---- every variable x what is wrong ---- */

enum wrong { EMPTY, MINUS, TOO_BIG, LETTERS, HUGE_TEXT, NOT_UTF8, WRONGS };
enum { OK_QUIET = 1, OK_WARNED = 2, FAILS = 3 };

/* What each wrong value must come to: accepted (free text), reported and not used, or a failed start. Empty is always unset. */
struct row {
    const char *name;
    int expected[WRONGS];
};

#define NUMBER                                                                                                                             \
    {                                                                                                                                      \
        OK_QUIET, OK_WARNED, OK_WARNED, OK_WARNED, OK_WARNED, OK_WARNED                                                                    \
    }
#define CHOICE NUMBER
#define TEXT                                                                                                                               \
    {                                                                                                                                      \
        OK_QUIET, OK_QUIET, OK_QUIET, OK_QUIET, OK_WARNED, OK_WARNED                                                                       \
    }
#define URL                                                                                                                                \
    {                                                                                                                                      \
        OK_QUIET, FAILS, FAILS, FAILS, OK_WARNED, OK_WARNED                                                                                \
    }

static const struct row rows[] = {
    { "OTEL_SDK_DISABLED", CHOICE },
    { "OTEL_CONFIG_FILE", { OK_QUIET, FAILS, FAILS, FAILS, FAILS, FAILS } },
    { "OTEL_RESOURCE_ATTRIBUTES", CHOICE },
    { "OTEL_SERVICE_NAME", TEXT },
    { "OTEL_LOG_LEVEL", CHOICE },
    { "OTEL_PROPAGATORS", CHOICE },
    { "OTEL_TRACES_EXPORTER", TEXT }, /* a program may have registered any name: the registry judges it */
    { "OTEL_TRACES_SAMPLER", CHOICE },
    { "OTEL_TRACES_SAMPLER_ARG", CHOICE },
    { "OTEL_BSP_SCHEDULE_DELAY", NUMBER },
    { "OTEL_BSP_EXPORT_TIMEOUT", NUMBER },
    { "OTEL_BSP_MAX_QUEUE_SIZE", NUMBER },
    { "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", NUMBER },
    { "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", NUMBER },
    { "OTEL_ATTRIBUTE_COUNT_LIMIT", NUMBER },
    { "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", NUMBER },
    { "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", NUMBER },
    { "OTEL_SPAN_EVENT_COUNT_LIMIT", NUMBER },
    { "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", NUMBER },
    { "OTEL_EXPORTER_OTLP_ENDPOINT", URL },
    { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", URL },
    { "OTEL_EXPORTER_OTLP_PROTOCOL", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", CHOICE },
    { "OTEL_EXPORTER_OTLP_HEADERS", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_HEADERS", CHOICE },
    { "OTEL_EXPORTER_OTLP_COMPRESSION", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", CHOICE },
    { "OTEL_EXPORTER_OTLP_TIMEOUT", NUMBER },
    { "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", NUMBER },
    /* a path that does not exist is reported and stays set: exports fail rather than trust something else */
    { "OTEL_EXPORTER_OTLP_CERTIFICATE", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", CHOICE },
    { "OTEL_EXPORTER_OTLP_CLIENT_KEY", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", CHOICE },
    { "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", CHOICE },
    { "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", CHOICE },
};

static void check_wrong(const struct row *row, enum wrong wrong, const char *value)
{
    struct spw__config c;
    fresh(NULL);
    setenv(row->name, value, 1);
    spw_result result = load(&c, NULL);
    bool free_text = strstr(row->name, "SERVICE_NAME") || strstr(row->name, "TRACES_EXPORTER");
    if (row->expected[wrong] == FAILS) {
        assert_int_equal(result, SPW_ERR_INVALID);
        assert_non_null(strstr(error.text, row->name));
    } else {
        assert_int_equal(result, SPW_OK);
        if (row->expected[wrong] == OK_WARNED || !free_text)
            assert_defaults(&c);
        assert_int_equal(warnings > 0, row->expected[wrong] == OK_WARNED);
        if (row->expected[wrong] == OK_WARNED)
            assert_non_null(strstr(said, row->name));
    }
    spw__config_free(&c);
}

static void test_every_variable(void **state)
{
    (void)state;
    static char huge[65536];
    memset(huge, '7', sizeof huge - 1);
    const char *const values[WRONGS] = { "", "-1", "2147483648", "abc", huge, "\xff\xfe" };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int wrong = 0; wrong < WRONGS; wrong++)
            check_wrong(&rows[i], (enum wrong)wrong, values[wrong]);
    }
}

static void test_variables_are_taken(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_BSP_SCHEDULE_DELAY", "0", 1);
    setenv("OTEL_BSP_EXPORT_TIMEOUT", "0", 1);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "2147483647", 1);
    setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1", 1);
    setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "5", 1);
    setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0", 1);
    setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "77", 1);
    setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "9", 1);
    setenv("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "10", 1);
    setenv("OTEL_LOG_LEVEL", "DEBUG", 1);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://u:p@collector.example/base", 1);
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/Protobuf", 1);
    setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP", 1);
    setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, x-b = 2", 1);
    setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/dev/null", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_int_equal(c.pipelines[0].schedule_delay_ms, 0);
    assert_int_equal(c.pipelines[0].export_timeout_ms, 0);
    assert_int_equal(c.pipelines[0].max_queue_size, 2147483647);
    assert_int_equal(c.pipelines[0].max_export_batch_size, 1);
    assert_int_equal(c.limits.attributes, 0);
    assert_int_equal(c.limits.value_length, 77);
    assert_int_equal(c.limits.events, 9);
    assert_int_equal(c.limits.event_attributes, 10);
    assert_int_equal(c.log_level, SPW_LOG_DEBUG);
    assert_string_equal(c.otlp.endpoint, "https://u:p@collector.example/base");
    assert_string_equal(c.otlp.compression, "gzip");
    assert_int_equal(c.otlp.timeout_ms, 0);
    assert_string_equal(c.otlp.headers, "authorization=Bearer%20x, x-b = 2");
    assert_string_equal(c.otlp.certificate, "/dev/null");
    assert_int_equal(warnings, 0);
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

static void test_options_beat_environment(void **state)
{
    (void)state;
    setenv("OTEL_SERVICE_NAME", "from-env", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "a=env,service.name=env2,only.env=1", 1);
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env/", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "env=1", 1);
    setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1);
    setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1", 1);
    setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1", 1);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1", 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", "1", 1);
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    setenv("OTEL_LOG_LEVEL", "none", 1);
    spw_attr attrs[] = { spw_attr_string("a", "first"), spw_attr_int("a", 5), spw_attr_string("service.name", "attribute") };
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    p.exporter_name = "mine";
    p.max_queue_size = 100;
    p.schedule_delay_ms = SPW_NOW;
    p.max_age_ms = 9;
    spw_options o = SPW_OPTIONS_INIT;
    o.service_name = "option";
    o.service_version = "2";
    o.resource_attributes = attrs;
    o.resource_attribute_count = 3;
    o.pipelines = &p;
    o.pipeline_count = 1;
    o.otlp_endpoint = "http://option:1/";
    o.otlp_headers = "option=1";
    o.otlp_compression = "None";
    o.otlp_timeout_ms = 77;
    o.max_attributes = 3;
    o.exit_timeout_ms = SPW_NOW;
    o.log_level = SPW_LOG_ERROR;
    struct spw__config c;
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_text(&c, "service.name", "option");
    assert_text(&c, "service.version", "2");
    assert_text(&c, "only.env", "1");
    assert_int_equal(attribute(&c, "a")->value.u.i, 5);
    assert_string_equal(c.otlp.endpoint, "http://option:1/");
    assert_false(c.otlp.endpoint_is_signal);
    assert_string_equal(c.otlp.headers, "option=1");
    assert_string_equal(c.otlp.compression, "none");
    assert_int_equal(c.otlp.timeout_ms, 77);
    assert_int_equal(c.limits.attributes, 3);
    assert_int_equal(c.pipeline_count, 1);
    assert_string_equal(c.pipelines[0].exporter_name, "mine");
    assert_int_equal(c.pipelines[0].max_queue_size, 100);
    assert_int_equal(c.pipelines[0].max_export_batch_size, 100); /* the default, kept to the queue without a word */
    assert_int_equal(c.pipelines[0].schedule_delay_ms, 0);
    assert_int_equal(c.pipelines[0].max_age_ms, 9);
    assert_int_equal(c.exit_timeout_ms, 0);
    assert_int_equal(c.log_level, SPW_LOG_ERROR);
    assert_int_equal(warnings, 0);
    spw__config_free(&c);
}

static void test_exporter_list(void **state)
{
    (void)state;
    static const struct {
        const char *list, *names, *says;
    } lists[] = {
        { "otlp,console", "otlp console ", NULL },
        { " OTLP , Console ,otlp,", "otlp console ", NULL },
        { "none", "", NULL },
        { "NONE", "", NULL },
        { "none,console", "console ", "none" },
        { ",, ,", "otlp ", NULL },
        { "MyOwn", "MyOwn ", NULL },
        { "otlp/stdout", "otlp/stdout ", NULL }, /* the registry says what exists */
        { "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg,console", "console ", "long" },
        { "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "a b c d e f g h i j k l m n o p ", "16" },
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct spw__config c;
        char names[512] = "";
        fresh(NULL);
        setenv("OTEL_TRACES_EXPORTER", lists[i].list, 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        for (size_t p = 0; p < c.pipeline_count; p++) {
            strcat(strcat(names, c.pipelines[p].exporter_name), " ");
            assert_int_equal(c.pipelines[p].schedule_delay_ms, strcmp(c.pipelines[p].exporter_name, "console") == 0 ? 0 : 5000);
        }
        assert_string_equal(names, lists[i].names);
        assert_int_equal(warnings, lists[i].says != NULL);
        if (lists[i].says)
            assert_non_null(strstr(said, lists[i].says));
        spw__config_free(&c);
    }
}

static void test_resource_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key, *value; /* key NULL: dropped whole */
    } cases[] = {
        { "a=b", "a", "b" },
        { " a = b c , d=e", "a", "b c" },
        { "a=%C3%A9%2C%3D%25", "a", "\xc3\xa9,=%" },
        { "%61%2Cb=c", "a,b", "c" },
        { "a=", "a", "" },
        { "a=b=c", "a", "b=c" },
        { "a=1,a=2", "a", "2" },
        { ",a=b,,", "a", "b" },
        { "a=\xc3\xa9", "a", "\xc3\xa9" },
        { "a=b,c", NULL, NULL },
        { "a=b,=c", NULL, NULL },
        { "a=b,c=%", NULL, NULL },
        { "a=b,c=%4", NULL, NULL },
        { "a=b,c=%zz", NULL, NULL },
        { "a=b,c=%ff", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv("OTEL_RESOURCE_ATTRIBUTES", cases[i].text, 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        if (cases[i].key)
            assert_text(&c, cases[i].key, cases[i].value);
        else
            assert_null(attribute(&c, "a"));
        assert_int_equal(warnings, cases[i].key ? 0 : 1);
        spw__config_free(&c);
    }
}

static void test_service_name_order(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=attributes", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_text(&c, "service.name", "attributes");
    spw__config_free(&c);
    setenv("OTEL_SERVICE_NAME", "variable", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_text(&c, "service.name", "variable");
    spw__config_free(&c);
}

static void test_resource_is_bounded(void **state)
{
    (void)state;
    struct spw__config c;
    char *big = malloc(SPW__RESOURCE_MAX_BYTES + 1);
    memset(big, 'x', SPW__RESOURCE_MAX_BYTES);
    big[SPW__RESOURCE_MAX_BYTES] = 0;
    spw_attr attr = spw_attr_string("big", big);
    spw_options o = SPW_OPTIONS_INIT;
    o.resource_attributes = &attr;
    o.resource_attribute_count = 1;
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    spw__config_free(&c);
    free(big);

    static spw_attr many[SPW__RESOURCE_MAX_ATTRIBUTES + 1];
    static char keys[SPW__RESOURCE_MAX_ATTRIBUTES + 1][8];
    for (size_t i = 0; i <= SPW__RESOURCE_MAX_ATTRIBUTES; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        many[i] = spw_attr_bool(keys[i], true);
    }
    o.resource_attributes = many;
    o.resource_attribute_count = SPW__RESOURCE_MAX_ATTRIBUTES + 1;
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    spw__config_free(&c);
}

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
        { "unix:///run/x", false },
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

static void test_secrets_are_not_said(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        { "OTEL_EXPORTER_OTLP_HEADERS", "CANARY" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "authorization=CANARY%0d%0a" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "auth orization=CANARY" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "ok=1,CANARY=%zz" },
        { "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=CANARY\x7f" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY@h:4317/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "user:CANARY@h" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:x?token=CANARY" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4317/?token=CANARY" },
        { "OTEL_RESOURCE_ATTRIBUTES", "a=CANARY%" },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv(settings[i][0], settings[i][1], 1);
        setenv("OTEL_LOG_LEVEL", "debug", 1);
        load(&c, NULL);
        spw__config_free(&c);
        assert_true(warnings > 0);
        assert_non_null(strstr(said, settings[i][0]));
        assert_null(strstr(said, "CANARY"));
        assert_null(strstr(error.text, "CANARY"));
    }
}

static void test_sampler_and_propagators(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        int warned;
    } cases[] = {
        { "OTEL_TRACES_SAMPLER", "ParentBased_Always_On", 0 },
        { "OTEL_TRACES_SAMPLER", "traceidratio", 1 },
        { "OTEL_TRACES_SAMPLER", "always_off", 1 },
        { "OTEL_PROPAGATORS", "tracecontext", 0 },
        { "OTEL_PROPAGATORS", "tracecontext, Baggage", 0 },
        { "OTEL_PROPAGATORS", "tracecontext,b3", 1 },
        { "OTEL_PROPAGATORS", "b3,b3multi", 3 },
        { "OTEL_PROPAGATORS", "none", 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv(cases[i].name, cases[i].value, 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        assert_int_equal(c.sampler, SPW__SAMPLER_PARENTBASED_ALWAYS_ON);
        assert_int_equal(warnings, cases[i].warned);
        spw__config_free(&c);
    }
}

static void test_batch_is_kept_to_the_queue(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10", 1);
    setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "11", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_int_equal(c.pipelines[0].max_export_batch_size, 10);
    assert_int_equal(warnings, 1);
    spw__config_free(&c);
}

static void test_disabled(void **state)
{
    (void)state;
    struct spw__config c;
    setenv("OTEL_SDK_DISABLED", "TrUe", 1);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense", 1);
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_true(c.disabled);
    assert_int_equal(warnings, 0);
    spw__config_free(&c);
    setenv("OTEL_CONFIG_FILE", "otel.yaml", 1);
    assert_int_equal(load(&c, NULL), SPW_ERR_INVALID);
    spw__config_free(&c);
}

/* ---- options that are wrong, and who destroys exporter objects ---- */

static int destroyed;

static void count_destroy(spw_exporter *self)
{
    (void)self;
    destroyed++;
}

static void no_submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self, (void)batch, (void)done, (void)token;
}

static spw_exporter exporter_of(void)
{
    spw_exporter e = { sizeof e, "mine", 0, 0, NULL, no_submit, NULL, count_destroy };
    return e;
}

static void test_exporters_are_taken_over(void **state)
{
    (void)state;
    spw_exporter exporters[20];
    spw_pipeline_options p[20];
    for (size_t i = 0; i < 20; i++) {
        spw_pipeline_options init = SPW_PIPELINE_OPTIONS_INIT;
        exporters[i] = exporter_of();
        p[i] = init;
        p[i].exporter = &exporters[i];
    }
    static const struct {
        size_t count;
        const char *config_file;
        bool same;
        int destroyed;
        spw_result result;
    } cases[] = {
        { 16, "", false, 16, SPW_OK },
        { 2, "x.yaml", false, 2, SPW_ERR_INVALID },
        { 20, "", false, 20, SPW_ERR_INVALID },
        { 2, "", true, 1, SPW_ERR_INVALID },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        o.pipelines = p;
        o.pipeline_count = cases[i].count;
        p[1].exporter = &exporters[cases[i].same ? 0 : 1];
        setenv("OTEL_CONFIG_FILE", cases[i].config_file, 1);
        destroyed = 0;
        assert_int_equal(load(&c, &o), cases[i].result);
        spw__config_free(&c);
        assert_int_equal(destroyed, cases[i].destroyed);
    }
}

static void test_wrong_options(void **state)
{
    (void)state;
    static const spw_options init = SPW_OPTIONS_INIT;
    static const spw_pipeline_options pipeline_init = SPW_PIPELINE_OPTIONS_INIT;
    spw_exporter no_function = exporter_of();
    no_function.submit = NULL;
    spw_attr no_key = spw_attr_string("", "v"), array = spw_attr_string("k", "v"), null_value = spw_attr_string_n("k", NULL, 3);
    array.value.type = SPW_VALUE_ARRAY;
    enum { CASES = 14 };
    spw_pipeline_options p[CASES];
    spw_options o[CASES];
    for (size_t i = 0; i < CASES; i++) {
        p[i] = pipeline_init;
        o[i] = init;
        o[i].log_fn = hear;
    }
    o[0].struct_size = 3;
    o[1].otlp_headers = "no equals sign";
    o[2].otlp_compression = "zip";
    o[3].max_span_bytes = 1024 * 1024 + 1;
    o[4].resource_attribute_count = 1;
    o[5].resource_attributes = &no_key;
    o[6].resource_attributes = &array;
    o[7].resource_attributes = &null_value;
    o[5].resource_attribute_count = o[6].resource_attribute_count = o[7].resource_attribute_count = 1;
    o[8].pipeline_count = 1;
    p[9].struct_size = 0;
    p[10].exporter = &no_function;
    p[11].max_queue_size = UINT32_MAX;
    p[12].exporter_name = "01234567890123456789012345678901234567890123456789012345678901234567890";
    for (size_t i = 9; i < 13; i++) {
        o[i].pipelines = &p[i];
        o[i].pipeline_count = 1;
    }
    o[13].max_span_bytes = 879; /* less than a span has without asking */
    for (size_t i = 0; i < CASES; i++) {
        struct spw__config c;
        spw_error e = SPW_ERROR_INIT;
        if (spw__config_load(&c, &o[i], &e) != SPW_ERR_INVALID || !*e.text)
            fail_msg("case %zu was taken", i);
        spw__config_free(&c);
    }
}

/* A program built against an older header: its struct ends early, and what it does not have is unset. */
static void test_shorter_options(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.service_name = "old";
    o.service_version = "must not be read";
    o.struct_size = offsetof(spw_options, service_version);
    o.log_fn = hear; /* lies past the end: not read either */
    assert_int_equal(spw__config_load(&c, &o, NULL), SPW_OK);
    assert_text(&c, "service.name", "old");
    assert_null(attribute(&c, "service.version"));
    spw__config_free(&c);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_every_variable),
        TEST(test_variables_are_taken),
        TEST(test_signal_beats_general),
        TEST(test_options_beat_environment),
        TEST(test_exporter_list),
        TEST(test_resource_attributes),
        TEST(test_service_name_order),
        TEST(test_resource_is_bounded),
        TEST(test_endpoints),
        TEST(test_unused_otlp_settings),
        TEST(test_grpc),
        TEST(test_secrets_are_not_said),
        TEST(test_sampler_and_propagators),
        TEST(test_batch_is_kept_to_the_queue),
        TEST(test_disabled),
        TEST(test_exporters_are_taken_over),
        TEST(test_wrong_options),
        TEST(test_shorter_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
