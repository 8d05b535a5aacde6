/* spw_config_each(): every setting with its source, and no secret, whatever is configured and however wrong it is. */
#include "config_fixture.h"

#include "sdk/config_table.h"
#include "sdk/diag.h"

static char printed[65536];

static void collect(void *arg, const spw_config_entry *entry)
{
    (void)arg;
    assert_int_equal(entry->struct_size, sizeof *entry);
    assert_non_null(strstr(entry->line, entry->path));
    size_t at = strlen(printed);
    snprintf(printed + at, sizeof printed - at, "%s\n", entry->line);
}

static spw_result print_all(const spw_options *options)
{
    printed[0] = 0;
    return spw_config_each(options, collect, NULL);
}

static void assert_line(const char *path, const char *value, const char *source)
{
    char line[400];
    snprintf(line, sizeof line, "%-57s %-38s %s\n", path, value, source);
    const char *found = strstr(printed, line);
    if (!found || (found != printed && found[-1] != '\n'))
        fail_msg("no line '%s' in\n%s", line, printed);
}

static void test_every_setting_has_a_line(void **state)
{
    (void)state;
    assert_int_equal(print_all(NULL), SPW_OK);
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        char line[200];
        snprintf(line, sizeof line, "\n%s", spw__settings[i].path);
        if (i != SPW__SET_DISABLED && !strstr(printed, line))
            fail_msg("%s is not printed", spw__settings[i].path);
    }
    assert_line("disabled", "false", "default");
    assert_line("log_level", "info", "default");
    assert_line("propagator.composite_list", "tracecontext,baggage", "default");
    assert_line("tracer_provider.sampler.ratio", "(none)", "default");
    assert_line("tracer_provider.limits.attribute_value_length_limit", "(none)", "default");
    assert_line("tracer_provider.limits.link_count_limit", "128", "default");
    assert_line("tracer_provider.processors[0].batch.exporter", "otlp", "default");
    assert_line("tracer_provider.processors[0].batch.schedule_delay", "5000 ms", "default");
    assert_line("exporter.otlp_http.endpoint", "http://localhost:4318", "default");
    assert_line("exporter.otlp_http.headers_list", "(none)", "default");
    assert_line("distribution.spanwire.max_buffer_bytes", "67108864", "default");
    assert_line("distribution.spanwire.pump", "false", "default");
    assert_line("distribution.spanwire.pinned_keys", "error.type", "default");
    assert_line("tracer_provider.id_generator", "random", "default");
    assert_line("resource.detection/development.detectors", "(all)", "default");
    assert_line("exporter.otlp_http.tls.ca_file", "(the system's)", "default");
    assert_line("tracer_provider.sampler", "parentbased_always_on", "default");
    assert_line("resource{telemetry.sdk.name}", "spanwire", "merged");
    assert_line("resource{schema_url}", SPW_RESOURCE_SCHEMA_URL, "merged");
}

static void test_sources_are_named(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    const char *pinned[] = { "a.b" };
    spw_value stops[] = { spw_value_int(1), spw_value_int(2) };
    spw_attr attrs[] = { spw_attr_array("stops", stops, 2), spw_attr_int("db.token_count", 5), spw_attr_bytes("raw", "ab", 2) };
    options.max_events = 5;
    options.otlp_traces_endpoint = "http://t";
    options.pinned_keys = pinned;
    options.pinned_key_count = 1;
    options.resource_attributes = attrs;
    options.resource_attribute_count = 3;
    options.sampler = spw_sampler_always_off();
    setenv("OTEL_BSP_SCHEDULE_DELAY", "0", 1);
    setenv("OTEL_SPAN_LINK_COUNT_LIMIT", "3", 1);
    setenv("OTEL_TRACES_EXPORTER", "console", 1);
    setenv("OTEL_LOGS_EXPORTER", "otlp", 1);
    setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "9", 1);
    assert_int_equal(print_all(&options), SPW_OK);
    assert_line("tracer_provider.limits.event_count_limit", "5", "code: max_events");
    assert_line("tracer_provider.limits.link_count_limit", "3", "OTEL_SPAN_LINK_COUNT_LIMIT");
    assert_line("tracer_provider.processors[0].simple.exporter", "console", "OTEL_TRACES_EXPORTER");
    assert_line("tracer_provider.sampler", "AlwaysOffSampler", "code: sampler");
    assert_line("exporter.otlp_http.endpoint", "http://t", "code: otlp_traces_endpoint");
    assert_line("distribution.spanwire.pinned_keys[0]", "a.b", "code: pinned_keys");
    assert_line("resource{stops}", "(array of 2)", "merged");
    assert_line("resource{raw}", "(2 bytes)", "merged");
    assert_line("resource{db.token_count}", "***", "merged");
    assert_line("OTEL_LOGS_EXPORTER", "(set)", "not used yet: logs");
    assert_null(strstr(printed, "schedule_delay")); /* a simple processor has none */
}

/* The values in which people keep secrets, right and wrong, in the environment and in code. */
static void test_no_secret_is_printed(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        { "OTEL_EXPORTER_OTLP_HEADERS", "authorization=CANARY" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "CANARY" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "authorization=CANARY%0d%0a" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "auth orization=CANARY" },
        { "OTEL_EXPORTER_OTLP_HEADERS", "ok=1,CANARY=%zz" },
        { "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=CANARY\x7f" },
        { "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "a=CANARY" },
        { "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://CANARY@h" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY@h/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://CANARY@h?a#b" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY@h:4317/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY/rest@h/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY?rest@h/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY#rest@h/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:CANARY/a?b@h/" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "user:CANARY@h" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "user:CANARY@h/to://x" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:x?token=CANARY" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://h/p?token=CANARY" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "http://h#CANARY" },
        { "OTEL_RESOURCE_ATTRIBUTES", "a=CANARY%" },
        { "OTEL_RESOURCE_ATTRIBUTES", "example.api_key=CANARY,Password=CANARY,db.SECRET=CANARY" },
        { "OTEL_EXPORTER_OTLP_CLIENT_KEYS", "CANARY" },
        { "OTEL_EXPORTER_OTLP_CLIENT_KEY", "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n" },
        { "OTEL_EXPORTER_OTLP_CERTIFICATE", "LS0tLS1CRUdJTiBQUklWQVRFCANARY" },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv(settings[i][0], settings[i][1], 1);
        setenv("OTEL_LOG_LEVEL", "debug", 1);
        print_all(NULL);
        if (strstr(printed, "CANARY"))
            fail_msg("%s=%s:\n%s", settings[i][0], settings[i][1], strstr(printed, "CANARY") - 60);
        load(&c, NULL);
        spw__config_free(&c);
        assert_null(strstr(said, "CANARY"));
        assert_null(strstr(error.text, "CANARY"));
    }
}

static void test_no_secret_of_the_options_is_printed(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    spw_attr attrs[] = { spw_attr_string("session.token", "CANARY"), spw_attr_bytes("blob", "CANARY", 6) };
    options.otlp_headers = "authorization=CANARY";
    options.otlp_endpoint = "https://me:CANARY@collector.example:4318/x";
    options.resource_attributes = attrs;
    options.resource_attribute_count = 2;
    assert_int_equal(print_all(&options), SPW_OK);
    assert_line("exporter.otlp_http.headers_list", "authorization=***", "code: otlp_headers");
    assert_line("exporter.otlp_http.endpoint", "https://***@collector.example:4318/x", "code: otlp_endpoint");
    assert_null(strstr(printed, "CANARY"));
    options.otlp_headers = "CANARY";
    assert_int_equal(print_all(&options), SPW_ERR_INVALID);
    assert_null(strstr(printed, "CANARY"));
}

/* What a start would say is printed, and said to nobody. */
static void test_problems_are_printed(void **state)
{
    (void)state;
    spw__diag_configure(SPW_LOG_DEBUG, hear, NULL);
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "many", 1);
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 1);
    assert_int_equal(print_all(NULL), SPW_ERR_INVALID);
    assert_non_null(strstr(printed, "\nwarning "));
    assert_non_null(strstr(printed, "OTEL_BSP_MAX_QUEUE_SIZE=many is not an integer"));
    assert_non_null(strstr(printed, "\nerror "));
    assert_non_null(strstr(printed, "does not speak OTLP/gRPC"));
    assert_line("resource{telemetry.sdk.name}", "spanwire", "merged"); /* what comes after the error is there, too */
    assert_string_equal(said, "");
    spw__diag(SPW_LOG_WARN, "heard again");
    assert_string_equal(said, "heard again\n");
}

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

static void count_sampler(spw_sampler *self)
{
    (void)self;
    destroyed++;
}

static void count_processor(spw_processor *self)
{
    (void)self;
    destroyed++;
}

static void no_sample(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self, (void)input, (void)result;
}

static void test_objects_stay_the_callers(void **state)
{
    (void)state;
    spw_exporter exporter = { sizeof exporter, "mine", 0, 0, NULL, no_submit, NULL, NULL, count_destroy };
    spw_sampler sampler = { sizeof sampler, "Mine{}", no_sample, count_sampler };
    spw_processor processor = { .struct_size = sizeof processor, .name = "watcher", .destroy = count_processor };
    spw_processor *processors[] = { &processor, &processor };
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    pipeline.exporter = &exporter;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.sampler = &sampler;
    options.processors = processors;
    options.processor_count = 1;
    assert_int_equal(print_all(&options), SPW_OK);
    assert_line("tracer_provider.processors[0].batch.exporter", "mine", "code: pipelines");
    assert_line("tracer_provider.sampler", "Mine{}", "code: sampler");
    assert_line("distribution.spanwire.processors[0]", "watcher", "code: processors");
    options.processor_count = 2; /* wrong: twice the same */
    assert_int_equal(print_all(&options), SPW_ERR_INVALID);
    options.struct_size = 1;
    assert_int_equal(print_all(&options), SPW_ERR_INVALID);
    assert_int_equal(destroyed, 0);
}

static void test_long_values_are_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    setenv("OTEL_SERVICE_NAME", text, 1);
    assert_int_equal(print_all(NULL), SPW_OK);
    assert_non_null(strstr(printed, "xxx..."));
    assert_int_equal(spw_config_each(NULL, NULL, NULL), SPW_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_setting_has_a_line),
        TEST(test_sources_are_named),
        TEST(test_no_secret_is_printed),
        TEST(test_no_secret_of_the_options_is_printed),
        TEST(test_problems_are_printed),
        TEST(test_objects_stay_the_callers),
        TEST(test_long_values_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
