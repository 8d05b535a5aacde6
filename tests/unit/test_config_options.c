/* Options that are wrong, of other versions, or hold objects: who destroys what, once. */
#include "config_fixture.h"

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
    spw_exporter e = { sizeof e, "mine", 0, 0, NULL, no_submit, NULL, NULL, count_destroy };
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

/* Two mistakes at once: too many pipelines, and one exporter for two of those that nobody will run. */
static void test_an_exporter_of_two_pipelines_too_many(void **state)
{
    (void)state;
    spw_exporter exporters[19];
    spw_pipeline_options p[20];
    for (size_t i = 0; i < 20; i++) {
        spw_pipeline_options init = SPW_PIPELINE_OPTIONS_INIT;
        p[i] = init;
        if (i < 19)
            exporters[i] = exporter_of();
        p[i].exporter = &exporters[i < 19 ? i : 18];
    }
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.pipelines = p;
    o.pipeline_count = 20;
    destroyed = 0;
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    spw__config_free(&c);
    assert_int_equal(destroyed, 19);
}

/* What is no level is said, and what the environment says holds. */
static void test_wrong_log_level(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.log_level = (spw_log_level)9;
    setenv("OTEL_LOG_LEVEL", "debug", 1);
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_int_equal(c.log_level, SPW_LOG_DEBUG);
    assert_non_null(strstr(said, "log_level is 9"));
    spw__config_free(&c);
}

static void test_wrong_options(void **state)
{
    (void)state;
    static const spw_options init = SPW_OPTIONS_INIT;
    static const spw_pipeline_options pipeline_init = SPW_PIPELINE_OPTIONS_INIT;
    spw_exporter no_function = exporter_of();
    no_function.submit = NULL;
    spw_exporter too_small = exporter_of();
    too_small.struct_size = 8;
    spw_attr no_key = spw_attr_string("", "v"), encoded = spw_attr_string("k", "v"), null_value = spw_attr_string_n("k", NULL, 3);
    static const char *empty_key[] = { "error.type", "" };
    encoded.value.type = SPW_VALUE_ENCODED_ARRAY;
    enum { CASES = 16 };
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
    o[3].pinned_keys = empty_key;
    o[3].pinned_key_count = 2;
    o[4].resource_attribute_count = 1;
    o[5].resource_attributes = &no_key;
    o[6].resource_attributes = &encoded;
    o[7].resource_attributes = &null_value;
    o[5].resource_attribute_count = o[6].resource_attribute_count = o[7].resource_attribute_count = 1;
    o[8].pipeline_count = 1;
    p[9].struct_size = 0;
    p[10].exporter = &no_function;
    p[11].mode = (spw_pipeline_mode)2;
    p[12].exporter_name = "01234567890123456789012345678901234567890123456789012345678901234567890";
    o[13].max_span_bytes = 879; /* less than a span has without asking */
    o[14].max_span_bytes = 1024 * 1024 + 1;
    p[15].exporter = &too_small;
    for (size_t i = 9; i < CASES; i++) {
        if (i == 13 || i == 14)
            continue;
        o[i].pipelines = &p[i];
        o[i].pipeline_count = 1;
    }
    for (size_t i = 0; i < CASES; i++) {
        struct spw__config c;
        spw_error e = SPW_ERROR_INIT;
        if (spw__config_load(&c, &o[i], &e) != SPW_ERR_INVALID || !*e.text)
            fail_msg("case %zu was taken", i);
        spw__config_free(&c);
    }
}

/* A number that is more than there is room for is cut down, and said. */
static void test_numbers_over_the_most(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    spw_pipeline_options p = SPW_PIPELINE_OPTIONS_INIT;
    o.pipelines = &p;
    o.pipeline_count = 1;
    o.max_attributes = 2049;
    o.max_open_spans = UINT32_MAX;
    o.max_buffer_bytes = UINT64_MAX;
    o.max_overflow_bytes = UINT64_MAX;
    p.max_queue_size = UINT32_MAX;
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_int_equal(c.limits.attributes, 2048);
    assert_int_equal(c.limits.open_spans, 1 << 18);
    assert_true(c.limits.buffer_bytes == 4ull << 30);
    assert_int_equal(c.limits.overflow_bytes, 256 << 20);
    assert_int_equal(c.pipelines[0].max_queue_size, INT32_MAX);
    assert_int_equal(warnings, 5);
    assert_non_null(strstr(said, "max_open_spans is 4294967295"));
    spw__config_free(&c);
}

static void test_pinned_keys(void **state)
{
    (void)state;
    struct spw__config c;
    char key[] = "error.type";
    const char *keys[17] = { key, "gen_ai.agent.name" };
    spw_options o = SPW_OPTIONS_INIT;
    o.pinned_keys = keys;
    o.pinned_key_count = 2;
    assert_int_equal(load(&c, &o), SPW_OK);
    key[0] = 'X'; /* copied */
    assert_int_equal(c.limits.pinned_key_count, 2);
    assert_string_equal(c.limits.pinned_keys[0], "error.type");
    assert_string_equal(c.limits.pinned_keys[1], "gen_ai.agent.name");
    spw__config_free(&c);
    o.pinned_key_count = 17;
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    spw__config_free(&c);
    o.pinned_keys = NULL;
    o.pinned_key_count = 1;
    assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
    spw__config_free(&c);
}

static void count_sampler(spw_sampler *self)
{
    (void)self;
    destroyed++;
}

static void no_sample(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self, (void)input, (void)result;
}

static void count_processor(spw_processor *self)
{
    (void)self;
    destroyed++;
}

/* The sampler and processors are destroyed once, whatever else is wrong. */
static void test_objects_are_taken_over(void **state)
{
    (void)state;
    spw_sampler sampler = { sizeof sampler, "Mine{}", no_sample, count_sampler };
    spw_processor processors[12];
    spw_processor *list[12];
    for (size_t i = 0; i < 12; i++) {
        processors[i] = (spw_processor){ .struct_size = sizeof *processors, .name = "p", .destroy = count_processor };
        list[i] = &processors[i];
    }
    static const struct {
        size_t count, same, null; /* `same`: that place holds the object of the place before */
        const char *config_file;
        int destroyed;
        spw_result result;
    } cases[] = {
        { 8, 0, 0, "", 9, SPW_OK },          { 0, 0, 0, "", 1, SPW_OK },           { 2, 0, 0, "x", 3, SPW_ERR_INVALID },
        { 12, 0, 0, "", 13, SPW_ERR_INVALID }, { 3, 1, 0, "", 3, SPW_ERR_INVALID },  { 3, 0, 2, "", 3, SPW_ERR_INVALID },
        { 12, 8, 0, "", 12, SPW_ERR_INVALID }, { 12, 11, 0, "", 12, SPW_ERR_INVALID },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        for (size_t j = 0; j < 12; j++)
            list[j] = &processors[j];
        if (cases[i].same)
            list[cases[i].same] = list[cases[i].same - 1];
        if (cases[i].null)
            list[cases[i].null] = NULL;
        o.sampler = &sampler;
        o.processors = list;
        o.processor_count = cases[i].count;
        destroyed = 0;
        setenv("OTEL_CONFIG_FILE", cases[i].config_file, 1);
        assert_int_equal(load(&c, &o), cases[i].result);
        if (cases[i].result == SPW_OK)
            assert_ptr_equal(c.sampler, &sampler);
        spw__config_free(&c);
        if (destroyed != cases[i].destroyed)
            fail_msg("case %zu: %d destroyed", i, destroyed);
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

/* ... and against a newer one: it goes on past what we know. */
static void test_longer_options(void **state)
{
    (void)state;
    struct spw__config c;
    struct {
        spw_options known;
        uint64_t later[4];
    } o = { SPW_OPTIONS_INIT, { 1, 2, 3, 4 } };
    struct {
        spw_pipeline_options known;
        uint64_t later[2];
    } p[2] = { { SPW_PIPELINE_OPTIONS_INIT, { 5, 6 } }, { SPW_PIPELINE_OPTIONS_INIT, { 7, 8 } } };
    o.known.struct_size = sizeof o;
    o.known.service_name = "new";
    p[0].known.struct_size = p[1].known.struct_size = sizeof p[0];
    p[1].known.exporter_name = "second";
    o.known.pipelines = &p[0].known;
    o.known.pipeline_count = 2;
    assert_int_equal(load(&c, &o.known), SPW_OK);
    assert_text(&c, "service.name", "new");
    assert_string_equal(c.pipelines[1].exporter_name, "second");
    assert_false(c.disabled);
    spw__config_free(&c);
}

/* A start that fails says so through `error` when the struct reaches that far, whatever its size. */
static void test_error_in_structs_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = { offsetof(spw_options, error) + sizeof(spw_error *), sizeof(spw_options), sizeof(spw_options) + 64 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct {
            spw_options known;
            char later[64];
        } o = { SPW_OPTIONS_INIT, { 0 } };
        spw_error e = SPW_ERROR_INIT;
        o.known.struct_size = sizes[i];
        o.known.log_fn = hear;
        o.known.otlp_headers = "broken";
        o.known.error = &e;
        assert_int_equal(spw_start(&o.known), SPW_ERR_INVALID);
        assert_non_null(strstr(e.text, "otlp_headers"));
        o.known.struct_size = offsetof(spw_options, error);
        e.text[0] = 0;
        assert_int_equal(spw_start(&o.known), SPW_ERR_INVALID);
        assert_string_equal(e.text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exporters_are_taken_over),
        TEST(test_an_exporter_of_two_pipelines_too_many),
        TEST(test_wrong_options),
        TEST(test_wrong_log_level),
        TEST(test_numbers_over_the_most),
        TEST(test_pinned_keys),
        TEST(test_objects_are_taken_over),
        TEST(test_shorter_options),
        TEST(test_longer_options),
        TEST(test_error_in_structs_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
