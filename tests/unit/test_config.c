/* Configuration: the defaults, what wins over what, pipelines, a disabled SDK. */
#include "config_fixture.h"

#include <spanwire/propagation.h>

static void test_defaults(void **state)
{
    (void)state;
    struct spw__config c;
    assert_int_equal(load(&c, NULL), SPW_OK);
    assert_defaults(&c);
    assert_null(c.otlp.certificate);
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
    o.pump = true;
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
    assert_true(c.pump);
    assert_int_equal(c.log_level, SPW_LOG_ERROR);
    assert_int_equal(warnings, 0);
    spw__config_free(&c);
}

static spw_exporter *make_nothing(void *arg, const spw_exporter_settings *settings, spw_error *ignored)
{
    (void)arg, (void)settings, (void)ignored;
    return NULL;
}

static void test_exporter_list(void **state)
{
    (void)state;
    assert_int_equal(spw_exporter_register("MyOwn", make_nothing, NULL), SPW_OK);
    for (char name[2] = "a"; name[0] <= 'q'; name[0]++)
        assert_int_equal(spw_exporter_register(name, make_nothing, NULL), SPW_OK);
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
        { "MyOther,console", "console ", "no exporter has this name" },
        { "nonsense", "otlp ", "no exporter has this name" },
        { "OTLP/Stdout", "otlp/stdout ", NULL },
        { "zipkin", "otlp ", "deprecated" },
        { "logging,console", "console ", "console" },
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
            assert_int_equal(c.pipelines[p].mode,
                             strcmp(c.pipelines[p].exporter_name, "console") == 0 ? SPW_PIPELINE_SIMPLE : SPW_PIPELINE_BATCH);
        }
        assert_string_equal(names, lists[i].names);
        assert_int_equal(warnings, lists[i].says != NULL);
        if (lists[i].says)
            assert_non_null(strstr(said, lists[i].says));
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

/* OTEL_SDK_DISABLED "has no effect on propagators". */
static void test_disabled_keeps_propagators(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.disabled = true;
    o.max_events = 5;
    setenv("OTEL_PROPAGATORS", "tracecontext", 1);
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_true(c.disabled);
    assert_string_equal(c.propagators, "tracecontext");
    assert_int_equal(c.pipeline_count, 0);
    assert_int_equal(c.resource.count, 0);
    spw__config_free(&c);
}

/* What is in force after a load, in the names of the propagators. */
static void assert_propagators(const char *expected)
{
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    char names[200] = "";
    size_t count = spw_propagators_get(list, SPW_MAX_PROPAGATORS);
    for (size_t i = 0; i < count; i++)
        strcat(strcat(names, list[i]->name), " ");
    assert_string_equal(names, expected);
}

static void test_propagators_are_put_in_force(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *option, *names;
        int warned;
    } cases[] = {
        { "", NULL, "tracecontext baggage ", 0 },
        { "B3,b3,tracecontext", NULL, "b3 tracecontext ", 0 },
        { "none", NULL, "", 0 },
        { "", NULL, "tracecontext baggage ", 0 }, /* a later start that says nothing has the default again */
        { "b3", "baggage", "baggage ", 0 },
        { "b9,B3Multi", NULL, "b3multi ", 1 },
        { "b9", NULL, "tracecontext baggage ", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int disabled = 0; disabled < 2; disabled++) { /* OTEL_SDK_DISABLED has no effect on propagators */
            struct spw__config c;
            spw_options o = SPW_OPTIONS_INIT;
            fresh(NULL);
            o.propagators = cases[i].option;
            o.disabled = disabled;
            setenv("OTEL_PROPAGATORS", cases[i].variable, 1);
            assert_int_equal(load(&c, &o), SPW_OK);
            assert_propagators(cases[i].names);
            assert_int_equal(warnings, cases[i].warned);
            spw__config_free(&c);
        }
    }
    spw_options o = SPW_OPTIONS_INIT;
    struct spw__config c;
    o.propagators = "b3";
    assert_int_equal(spw__config_look(&c, &o, NULL), SPW_OK);
    assert_propagators("tracecontext baggage "); /* looking changes nothing */
    spw__config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults), TEST(test_options_beat_environment), TEST(test_exporter_list), TEST(test_batch_is_kept_to_the_queue),
        TEST(test_disabled),
        TEST(test_disabled_keeps_propagators),
        TEST(test_propagators_are_put_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
