/*
 * Every variable at its edges, seen through spw_config_each(): what it comes to, what is said, and where the value comes from. A setting
 * without rows here fails test_no_variable_is_forgotten.
 */
#include "config_fixture.h"

#include "sdk/config_table.h"

#define BATCH "tracer_provider.processors[0].batch."
#define LIMITS "tracer_provider.limits."
#define OTLP "exporter.otlp_http."
#define HUGE_TEXT "(16385 bytes)"
#define MISSING "/nonexistent/file.pem"

/* ---- what values come to ---- */

enum outcome { TAKEN, UNSET, WARNED, WARNED_AND_TAKEN, REFUSED };

struct row {
    const char *variable, *value, *path, *expected; /* expected NULL: the default */
    enum outcome outcome;
};

#define COUNT_ROWS(variable, path, most)                                                                                                   \
    { variable, "7", path, "7", TAKEN }, { variable, " 7\t", path, "7", TAKEN }, { variable, "007", path, "7", TAKEN },                    \
        { variable, most, path, most, TAKEN }, { variable, "", path, NULL, UNSET }, { variable, " ", path, NULL, WARNED },                 \
        { variable, "-1", path, NULL, WARNED }, { variable, "+7", path, NULL, WARNED }, { variable, "7.0", path, NULL, WARNED },           \
        { variable, "0x7", path, NULL, WARNED }, { variable, "7 7", path, NULL, WARNED }, { variable, "abc", path, NULL, WARNED },         \
        { variable, "2147483648", path, NULL, WARNED }, { variable, "18446744073709551623", path, NULL, WARNED },                          \
        { variable, "\xff", path, NULL, WARNED }, { variable, HUGE_TEXT, path, NULL, WARNED }
#define FROM_ZERO(variable, path, zero) { variable, "0", path, zero, TAKEN }
#define FROM_ONE(variable, path) { variable, "0", path, NULL, WARNED }
#define MS_ROWS(variable, path)                                                                                                            \
    { variable, "7", path, "7 ms", TAKEN }, { variable, "2147483647", path, "2147483647 ms", TAKEN }, { variable, "", path, NULL, UNSET }, \
        { variable, "-1", path, NULL, WARNED }, { variable, "5s", path, NULL, WARNED }, { variable, "2147483648", path, NULL, WARNED },    \
        { variable, "1e3", path, NULL, WARNED }
#define FILE_ROWS(variable, path)                                                                                                          \
    { variable, "/dev/null", path, "/dev/null", TAKEN }, { variable, "", path, NULL, UNSET },                                              \
        { variable, MISSING, path, MISSING, WARNED_AND_TAKEN }, { variable, "\xff", path, NULL, WARNED },                                  \
        { variable, HUGE_TEXT, path, NULL, WARNED }
#define URL_ROWS(variable)                                                                                                                 \
    { variable, "https://c.example/x", OTLP "endpoint", "https://c.example/x", TAKEN }, { variable, "", OTLP "endpoint", NULL, UNSET },    \
        { variable, "http://h:4317", OTLP "endpoint", "http://h:4317", REFUSED },                                                         \
        { variable, "localhost:4318", OTLP "endpoint", "localhost:4318", REFUSED }, { variable, " ", OTLP "endpoint", " ", REFUSED },     \
        { variable, "http://h h/", OTLP "endpoint", "http://h h/", REFUSED }, { variable, "\xff", OTLP "endpoint", NULL, WARNED },        \
        { variable, HUGE_TEXT, OTLP "endpoint", NULL, WARNED }
#define PROTOCOL_ROWS(variable)                                                                                                            \
    { variable, "HTTP/JSON", OTLP "encoding", "http/json", TAKEN }, { variable, " http/protobuf ", OTLP "encoding", "http/protobuf", TAKEN }, \
        { variable, "grpc", OTLP "encoding", "grpc", REFUSED }, { variable, "", OTLP "encoding", NULL, UNSET },                           \
        { variable, "http/jso", OTLP "encoding", NULL, WARNED }, { variable, "json", OTLP "encoding", NULL, WARNED }
#define COMPRESSION_ROWS(variable)                                                                                                         \
    { variable, "GZip", OTLP "compression", "gzip", TAKEN }, { variable, "none", OTLP "compression", "none", TAKEN },                      \
        { variable, "", OTLP "compression", NULL, UNSET }, { variable, "zstd", OTLP "compression", NULL, WARNED },                         \
        { variable, "gzip,none", OTLP "compression", NULL, WARNED }
#define HEADERS_ROWS(variable)                                                                                                             \
    { variable, "a=b, c = d", OTLP "headers_list", "a=***,c=***", TAKEN }, { variable, "a=%C3%A9", OTLP "headers_list", "a=***", TAKEN },  \
        { variable, "a=", OTLP "headers_list", "a=***", TAKEN }, { variable, "", OTLP "headers_list", NULL, UNSET },                       \
        { variable, "a", OTLP "headers_list", NULL, WARNED }, { variable, "a b=c", OTLP "headers_list", NULL, WARNED },                    \
        { variable, "a=%0d", OTLP "headers_list", NULL, WARNED }, { variable, "a=%00", OTLP "headers_list", NULL, WARNED },                \
        { variable, "a=%z", OTLP "headers_list", NULL, WARNED }, { variable, "=b", OTLP "headers_list", NULL, WARNED }

static const struct row rows[] = {
    { "OTEL_SDK_DISABLED", "TRUE", "disabled", "true", TAKEN },
    { "OTEL_SDK_DISABLED", "False", "disabled", "false", TAKEN },
    { "OTEL_SDK_DISABLED", "", "disabled", NULL, UNSET },
    { "OTEL_SDK_DISABLED", "1", "disabled", "false", WARNED_AND_TAKEN },
    { "OTEL_SDK_DISABLED", "yes", "disabled", "false", WARNED_AND_TAKEN },
    { "OTEL_SDK_DISABLED", " true", "disabled", "false", WARNED_AND_TAKEN },
    { "OTEL_LOG_LEVEL", "DEBUG", "log_level", "debug", TAKEN },
    { "OTEL_LOG_LEVEL", "none", "log_level", "none", TAKEN },
    { "OTEL_LOG_LEVEL", "", "log_level", NULL, UNSET },
    { "OTEL_LOG_LEVEL", "loud", "log_level", NULL, WARNED },
    { "OTEL_LOG_LEVEL", "3", "log_level", NULL, WARNED },
    { "OTEL_PROPAGATORS", "tracecontext", "propagator.composite_list", "tracecontext", TAKEN },
    { "OTEL_PROPAGATORS", " B3 , b3Multi,none", "propagator.composite_list", " b3 , b3multi,none", TAKEN },
    { "OTEL_PROPAGATORS", "b3,jaeger", "propagator.composite_list", "b3,jaeger", WARNED_AND_TAKEN },
    { "OTEL_PROPAGATORS", "jaeger", "propagator.composite_list", NULL, WARNED },
    { "OTEL_PROPAGATORS", ", ,", "propagator.composite_list", NULL, UNSET },
    { "OTEL_PROPAGATORS", "\xff", "propagator.composite_list", NULL, WARNED },
    { "OTEL_PROPAGATORS", "", "propagator.composite_list", NULL, UNSET },
    { "OTEL_RESOURCE_ATTRIBUTES", "a=b,api.key=1", "resource.attributes_list", "a=b,api.key=***", TAKEN },
    { "OTEL_RESOURCE_ATTRIBUTES", "", "resource.attributes_list", NULL, UNSET },
    { "OTEL_RESOURCE_ATTRIBUTES", "a=b,c", "resource.attributes_list", NULL, WARNED },
    { "OTEL_RESOURCE_ATTRIBUTES", "a=%f", "resource.attributes_list", NULL, WARNED },
    { "OTEL_RESOURCE_ATTRIBUTES", HUGE_TEXT, "resource.attributes_list", NULL, WARNED },
    { "OTEL_SERVICE_NAME", "Shop ", "resource{service.name}", "Shop ", TAKEN },
    { "OTEL_SERVICE_NAME", "\xff", "resource.attributes.service.name", NULL, WARNED },
    { "OTEL_SERVICE_NAME", "", "resource.attributes.service.name", NULL, UNSET },
    { "OTEL_ENTITIES", "host{host.id=1}", "resource.entities", "host{host.id=1}", WARNED_AND_TAKEN },
    { "OTEL_ENTITIES", "", "resource.entities", NULL, UNSET },
    { "OTEL_TRACES_SAMPLER", "Always_Off", "tracer_provider.sampler", "always_off", TAKEN },
    { "OTEL_TRACES_SAMPLER", "always_on", "tracer_provider.sampler", "always_on", TAKEN },
    { "OTEL_TRACES_SAMPLER", "traceidratio", "tracer_provider.sampler.ratio", "1", TAKEN },
    { "OTEL_TRACES_SAMPLER", "", "tracer_provider.sampler", NULL, UNSET },
    { "OTEL_TRACES_SAMPLER", "sometimes", "tracer_provider.sampler", NULL, WARNED },
    { "OTEL_TRACES_SAMPLER", "jaeger_remote", "tracer_provider.sampler", NULL, WARNED },
    { "OTEL_TRACES_SAMPLER_ARG", "0.5", "tracer_provider.sampler.ratio", NULL, WARNED }, /* the default takes none */
    { "OTEL_TRACES_SAMPLER_ARG", "", "tracer_provider.sampler.ratio", NULL, UNSET },
    { "OTEL_TRACES_EXPORTER", "otlp", BATCH "exporter", "otlp", TAKEN },
    { "OTEL_TRACES_EXPORTER", "Console", "tracer_provider.processors[0].simple.exporter", "console", TAKEN },
    { "OTEL_TRACES_EXPORTER", "otlp/stdout", BATCH "exporter", "otlp/stdout", TAKEN },
    { "OTEL_TRACES_EXPORTER", "none", "tracer_provider.processors", "(none)", TAKEN },
    { "OTEL_TRACES_EXPORTER", "", BATCH "exporter", NULL, UNSET },
    { "OTEL_TRACES_EXPORTER", " , ", BATCH "exporter", "otlp", TAKEN },
    { "OTEL_TRACES_EXPORTER", "none,otlp", BATCH "exporter", "otlp", WARNED_AND_TAKEN },
    { "OTEL_TRACES_EXPORTER", "\xff", BATCH "exporter", NULL, WARNED },
    MS_ROWS("OTEL_BSP_SCHEDULE_DELAY", BATCH "schedule_delay"),
    FROM_ZERO("OTEL_BSP_SCHEDULE_DELAY", BATCH "schedule_delay", "0 ms"),
    MS_ROWS("OTEL_BSP_EXPORT_TIMEOUT", BATCH "export_timeout"),
    FROM_ZERO("OTEL_BSP_EXPORT_TIMEOUT", BATCH "export_timeout", "(none)"),
    COUNT_ROWS("OTEL_BSP_MAX_QUEUE_SIZE", BATCH "max_queue_size", "2147483647"),
    FROM_ONE("OTEL_BSP_MAX_QUEUE_SIZE", BATCH "max_queue_size"),
    COUNT_ROWS("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH "max_export_batch_size", "2048"),
    FROM_ONE("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH "max_export_batch_size"),
    { "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2049", BATCH "max_export_batch_size", "2048", WARNED_AND_TAKEN },
    COUNT_ROWS("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", LIMITS "attribute_value_length_limit", "2147483647"),
    FROM_ZERO("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", LIMITS "attribute_value_length_limit", "0"),
    COUNT_ROWS("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", LIMITS "attribute_value_length_limit", "2147483647"),
    FROM_ZERO("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", LIMITS "attribute_value_length_limit", "0"),
    COUNT_ROWS("OTEL_ATTRIBUTE_COUNT_LIMIT", LIMITS "attribute_count_limit", "2048"),
    FROM_ZERO("OTEL_ATTRIBUTE_COUNT_LIMIT", LIMITS "attribute_count_limit", "0"),
    { "OTEL_ATTRIBUTE_COUNT_LIMIT", "2049", LIMITS "attribute_count_limit", "2048", WARNED_AND_TAKEN },
    COUNT_ROWS("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", LIMITS "attribute_count_limit", "2048"),
    FROM_ZERO("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", LIMITS "attribute_count_limit", "0"),
    COUNT_ROWS("OTEL_SPAN_EVENT_COUNT_LIMIT", LIMITS "event_count_limit", "2147483647"),
    FROM_ZERO("OTEL_SPAN_EVENT_COUNT_LIMIT", LIMITS "event_count_limit", "0"),
    COUNT_ROWS("OTEL_SPAN_LINK_COUNT_LIMIT", LIMITS "link_count_limit", "2147483647"),
    FROM_ZERO("OTEL_SPAN_LINK_COUNT_LIMIT", LIMITS "link_count_limit", "0"),
    COUNT_ROWS("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", LIMITS "event_attribute_count_limit", "2147483647"),
    FROM_ZERO("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", LIMITS "event_attribute_count_limit", "0"),
    COUNT_ROWS("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", LIMITS "link_attribute_count_limit", "2147483647"),
    FROM_ZERO("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", LIMITS "link_attribute_count_limit", "0"),
    URL_ROWS("OTEL_EXPORTER_OTLP_ENDPOINT"),
    URL_ROWS("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
    PROTOCOL_ROWS("OTEL_EXPORTER_OTLP_PROTOCOL"),
    PROTOCOL_ROWS("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
    HEADERS_ROWS("OTEL_EXPORTER_OTLP_HEADERS"),
    HEADERS_ROWS("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    COMPRESSION_ROWS("OTEL_EXPORTER_OTLP_COMPRESSION"),
    COMPRESSION_ROWS("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"),
    MS_ROWS("OTEL_EXPORTER_OTLP_TIMEOUT", OTLP "timeout"),
    FROM_ZERO("OTEL_EXPORTER_OTLP_TIMEOUT", OTLP "timeout", "(none)"),
    MS_ROWS("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", OTLP "timeout"),
    FROM_ZERO("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", OTLP "timeout", "(none)"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_CERTIFICATE", OTLP "tls.ca_file"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", OTLP "tls.ca_file"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_CLIENT_KEY", OTLP "tls.key_file"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", OTLP "tls.key_file"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", OTLP "tls.cert_file"),
    FILE_ROWS("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", OTLP "tls.cert_file"),
    FILE_ROWS("SPANWIRE_OTLP_PROXY_CERTIFICATE", "distribution.spanwire.proxy_ca_file"),
};
enum { ROWS = sizeof rows / sizeof *rows };

static void set(const char *name, const char *value)
{
    static char huge[SPW__ENV_MAX_BYTES + 2];
    memset(huge, '7', sizeof huge - 1);
    setenv(name, strcmp(value, HUGE_TEXT) == 0 ? huge : value, 1);
}

static void check_row(const struct row *row)
{
    struct seen plain, seen;
    fresh(NULL);
    print(NULL, row->path, &plain);
    set(row->variable, row->value);
    spw_result result = print(NULL, row->path, &seen);
    bool taken = row->outcome == TAKEN || row->outcome == WARNED_AND_TAKEN || row->outcome == REFUSED;
    bool said_so = row->outcome != TAKEN && row->outcome != UNSET;
    const char *expected = row->expected ? row->expected : plain.value;
    const char *source = taken ? row->variable : "default";
    bool merged = strncmp(row->path, "resource{", 9) == 0 || strstr(row->path, "sampler.ratio");
    if (seen.times != 1 || strcmp(seen.value, expected) != 0 || (!merged && strcmp(seen.source, source) != 0) ||
        (result == SPW_OK) == (row->outcome == REFUSED) || (said_so && !strstr(seen.problems, row->variable)) ||
        seen.warned != (said_so ? 1 : 0))
        fail_msg("%s='%.40s': %s is %s (%s) %d times, not %s (%s); said: %s", row->variable, row->value, row->path, seen.value,
                 seen.source, seen.times, expected, source, seen.problems);
}

static void test_every_variable(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        check_row(&rows[i]);
}

static void assert_has_rows(const char *variable)
{
    int good = 0, empty = 0;
    for (size_t i = 0; variable && i < ROWS; i++) {
        bool mine = strcmp(rows[i].variable, variable) == 0;
        good += mine && rows[i].outcome != UNSET;
        empty += mine && rows[i].outcome == UNSET;
    }
    if (variable && (!good || !empty))
        fail_msg("%s has no rows", variable);
}

static void test_no_variable_is_forgotten(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        assert_non_null(spw__settings[i].path);
        assert_has_rows(spw__settings[i].variables[0]);
        assert_has_rows(spw__settings[i].variables[1]);
    }
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++)
        assert_has_rows(spw__pipeline_settings[i].variables[0]);
}

/* ---- general < signal < code ---- */

/* Three values of a kind, least first. */
static const char *sample(const struct spw__setting *setting, int which)
{
    static const char *const urls[] = { "http://a", "http://b", "http://c" }, *const texts[] = { "a=1", "b=2", "c=3" },
                     *const files[] = { "/dev/null", "/dev/zero", "/dev/full" }, *const numbers[] = { "11", "22", "33" },
                     *const levels[] = { "error", "warn", "debug" };
    switch (setting->kind) {
    case SPW__KIND_BOOL: return "true";
    case SPW__KIND_LEVEL: return levels[which];
    case SPW__KIND_URL: return urls[which];
    case SPW__KIND_FILE: return files[which];
    case SPW__KIND_CHOICE: return setting->choices[which % 2];
    case SPW__KIND_TEXT:
    case SPW__KIND_PAIRS:
    case SPW__KIND_HEADERS: return texts[which];
    default: return numbers[which];
    }
}

static const char *sample_of(const struct spw__setting *setting, int which)
{
    if (strstr(setting->path, "propagator"))
        return "b3";
    return strstr(setting->path, "sampler.ratio") ? "0.5" : sample(setting, which);
}

static void say_in_code(const struct spw__setting *setting, size_t option, void *options)
{
    void *place = (char *)options + setting->options[option].offset;
    switch (setting->kind) {
    case SPW__KIND_BOOL: *(bool *)place = true; return;
    case SPW__KIND_LEVEL: *(spw_log_level *)place = SPW_LOG_DEBUG; return;
    case SPW__KIND_BYTES: *(uint64_t *)place = 33; return;
    case SPW__KIND_COUNT:
    case SPW__KIND_LENGTH:
    case SPW__KIND_DELAY:
    case SPW__KIND_TIMEOUT: *(uint32_t *)place = 33; return;
    default: *(const char **)place = sample_of(setting, 2); return;
    }
}

static void assert_source(const spw_options *options, const char *path, const char *source)
{
    struct seen seen;
    print(options, path, &seen);
    if (seen.times != 1 || strcmp(seen.source, source) != 0)
        fail_msg("%s comes from %s, not %s", path, seen.source, source);
}

static void check_precedence(const struct spw__setting *setting, const char *path, spw_options *options, void *place_of_options)
{
    fresh(NULL);
    setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1); /* so that its argument is of use */
    if (!strstr(path, "sampler"))
        unsetenv("OTEL_TRACES_SAMPLER");
    for (int i = 1; i >= 0; i--) {
        const char *variable = setting->variables[i];
        if (!variable)
            continue;
        setenv(variable, sample_of(setting, i), 1);
        assert_source(NULL, path, variable);
        setenv(variable, "", 1);
        assert_source(NULL, path, i == 0 && setting->variables[1] ? setting->variables[1] : "default");
        setenv(variable, sample_of(setting, i), 1);
    }
    for (int i = 1; i >= 0; i--) {
        char source[80];
        if (!setting->options[i].name)
            continue;
        say_in_code(setting, (size_t)i, place_of_options);
        snprintf(source, sizeof source, "code: %s", setting->options[i].name);
        assert_source(options, path, source);
    }
}

static void test_precedence(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        spw_options options = SPW_OPTIONS_INIT;
        if (i != SPW__SET_EXPORTERS) /* its twin is a list of pipelines: test_pipelines_in_code */
            check_precedence(&spw__settings[i], spw__settings[i].path, &options, &options);
    }
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++) {
        char path[120];
        spw_options options = SPW_OPTIONS_INIT;
        spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
        options.pipelines = &pipeline;
        options.pipeline_count = 1;
        snprintf(path, sizeof path, BATCH "%s", spw__pipeline_settings[i].path);
        check_precedence(&spw__pipeline_settings[i], path, &options, &pipeline);
    }
}

static void test_pipelines_in_code(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    spw_pipeline_options pipelines[] = { SPW_PIPELINE_OPTIONS_INIT, SPW_PIPELINE_OPTIONS_INIT };
    pipelines[1].exporter_name = "mine";
    pipelines[1].mode = SPW_PIPELINE_SIMPLE;
    options.pipelines = pipelines;
    options.pipeline_count = 2;
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    assert_source(&options, BATCH "exporter", "code: pipelines");
    assert_source(&options, "tracer_provider.processors[1].simple.exporter", "code: pipelines");
}

/* Where code speaks, a wrong variable is of no interest. */
static void test_code_silences_the_environment(void **state)
{
    (void)state;
    struct seen seen;
    spw_options options = SPW_OPTIONS_INIT;
    options.otlp_endpoint = "http://ok";
    options.max_events = 3;
    options.otlp_protocol = "http/json";
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense", 1);
    setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "nonsense", 1);
    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 1);
    assert_int_equal(print(&options, OTLP "encoding", &seen), SPW_OK);
    assert_string_equal(seen.value, "http/json");
    assert_int_equal(seen.warned, 0);
}

/* SPW_NOW of a delay and SPW_NEVER of a timeout are 0 in the model. */
static void test_zeros_in_code(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options options = SPW_OPTIONS_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.otlp_timeout_ms = SPW_NEVER;
    options.exit_timeout_ms = SPW_NOW;
    pipeline.schedule_delay_ms = SPW_NOW;
    pipeline.export_timeout_ms = SPW_NEVER;
    assert_int_equal(load(&c, &options), SPW_OK);
    assert_int_equal(c.otlp.timeout_ms, 0);
    assert_int_equal(c.exit_timeout_ms, 0);
    assert_int_equal(c.pipelines[0].schedule_delay_ms, 0);
    assert_int_equal(c.pipelines[0].export_timeout_ms, 0);
    assert_int_equal(warnings, 0);
    spw__config_free(&c);
}

/* SPW_DEFAULT_TIMEOUT_MS is the default everywhere; a delay that never ends, and a timeout of no time, are refused by name. */
static void test_times_where_they_make_no_sense(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options options = SPW_OPTIONS_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    uint32_t *const delays[] = { &options.exit_timeout_ms, &pipeline.schedule_delay_ms };
    uint32_t *const timeouts[] = { &options.otlp_timeout_ms, &pipeline.export_timeout_ms, &pipeline.max_age_ms };
    for (size_t i = 0; i < 5; i++)
        *(i < 2 ? delays[i] : timeouts[i - 2]) = SPW_DEFAULT_TIMEOUT_MS;
    assert_int_equal(load(&c, &options), SPW_OK);
    assert_true(c.exit_timeout_ms == 1000 && c.otlp.timeout_ms == 10000);
    assert_true(c.pipelines[0].schedule_delay_ms == 5000 && c.pipelines[0].export_timeout_ms == 30000 && c.pipelines[0].max_age_ms == 0);
    spw__config_free(&c);
    for (size_t i = 0; i < 5; i++) {
        uint32_t *one = i < 2 ? delays[i] : timeouts[i - 2];
        *one = i < 2 ? SPW_NEVER : SPW_NOW;
        assert_int_equal(load(&c, &options), SPW_ERR_INVALID);
        spw__config_free(&c);
        *one = 0;
    }
    assert_int_equal(load(&c, &options), SPW_OK);
    spw__config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_variable),
        TEST(test_no_variable_is_forgotten),
        TEST(test_precedence),
        TEST(test_pipelines_in_code),
        TEST(test_code_silences_the_environment),
        TEST(test_zeros_in_code),
        TEST(test_times_where_they_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
