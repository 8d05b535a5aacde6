/* Variables that nothing reads: those of OpenTelemetry, misspelt ones, a configuration file's. */
#include "config_fixture.h"

static void test_unused_variables_are_known(void **state)
{
    (void)state;
    static const char *const names[] = {
        "OTEL_LOGS_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
        "OTEL_METRICS_EXEMPLAR_FILTER", "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_BLRP_MAX_QUEUE_SIZE",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "OTEL_SEMCONV_STABILITY_OPT_IN", "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "OTEL_EXPORTER_OTLP_INSECURE",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct seen seen;
        fresh(NULL);
        setenv(names[i], "CANARY garbage", 1);
        assert_int_equal(print(NULL, names[i], &seen), SPW_OK);
        assert_int_equal(seen.times, 1);
        assert_string_equal(seen.value, "(set)");
        assert_non_null(strstr(seen.source, "not used"));
        assert_int_equal(seen.warned, 0);
    }
}

static void test_misspelt_variables(void **state)
{
    (void)state;
    static const struct {
        const char *name, *meant; /* NULL: none of ours */
    } cases[] = {
        { "OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT" },
        { "OTEL_SERVICENAME", "OTEL_SERVICE_NAME" },
        { "OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER" },
        { "OTEL_BSP_MAX_QUEUE_SIZES", "OTEL_BSP_MAX_QUEUE_SIZE" },
        { "otel_service_nam", NULL }, /* too far in capitals */
        { "OTEL_EXPORTER_OTLP_SPAN_INSECURE", NULL },
        { "OTEL_PYTHON_LOG_LEVEL", NULL },
        { "OTEL_", NULL },
        { "OTEL_METRICS_EXPORTER", NULL },
        { "NOTEL_SERVICE_NAME", NULL },
        { "OTEL_A_NAME_THAT_IS_LONGER_THAN_ANY_OF_OURS_AND_THAN_THE_TABLE_OF_THE_SEARCH_FOR_MISTAKES", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv(cases[i].name, "CANARY", 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        if (warnings != (cases[i].meant != NULL) || (cases[i].meant && (!strstr(said, cases[i].meant) || !strstr(said, cases[i].name))))
            fail_msg("%s: %s", cases[i].name, said);
        assert_null(strstr(said, "CANARY"));
        spw__config_free(&c);
    }
}

static void test_config_file_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = { "otel.yaml", " ", "-1", "\xff" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct spw__config c;
        struct seen seen;
        fresh(NULL);
        setenv("OTEL_CONFIG_FILE", values[i], 1);
        assert_int_equal(load(&c, NULL), SPW_ERR_INVALID);
        assert_non_null(strstr(error.text, "OTEL_CONFIG_FILE"));
        spw__config_free(&c);
        assert_int_equal(print(NULL, "OTEL_CONFIG_FILE", &seen), SPW_ERR_INVALID);
        assert_int_equal(seen.times, 1);
        assert_int_equal(seen.warned, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unused_variables_are_known),
        TEST(test_misspelt_variables),
        TEST(test_config_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
