/* The resource of the configuration: its sources and their order, its bounds, its Schema URL. */
#include "config_fixture.h"

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

/* The program's default is below every word of the environment; its own word above. */
static void test_every_source_of_the_service_name(void **state)
{
    (void)state;
    static const char *const names[] = { NULL, "default", "list", "variable", "attribute", "option" };
    for (int upto = 0; upto < 6; upto++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        spw_attr attr = spw_attr_string("service.name", "attribute");
        fresh(NULL);
        if (upto >= 1)
            o.service_name_default = "default";
        if (upto >= 2)
            setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=list", 1);
        if (upto >= 3)
            setenv("OTEL_SERVICE_NAME", "variable", 1);
        if (upto >= 4) {
            o.resource_attributes = &attr;
            o.resource_attribute_count = 1;
        }
        if (upto >= 5)
            o.service_name = "option";
        assert_int_equal(load(&c, &o), SPW_OK);
        if (names[upto])
            assert_text(&c, "service.name", names[upto]);
        else
            assert_non_null(strstr(attribute(&c, "service.name")->value.u.view.data, "unknown_service:"));
        spw__config_free(&c);
    }
}

static void test_detectors_by_name(void **state)
{
    (void)state;
    struct spw__config c;
    spw_options o = SPW_OPTIONS_INIT;
    o.resource_detectors = "none";
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_int_equal(c.resource.count, 4); /* telemetry.sdk.*, service.name */
    assert_null(c.resource.schema_url);
    spw__config_free(&c);
    o.resource_detectors = "os";
    assert_int_equal(load(&c, &o), SPW_OK);
    assert_text(&c, "os.type", "linux");
    assert_null(attribute(&c, "process.pid"));
    spw__config_free(&c);
}

/* (Resource SDK, Merge: "if the Schema URLs ... are the same", "else if ... empty", "else this is a merging error") */
static void test_schema_url(void **state)
{
    (void)state;
    static const struct {
        const char *detectors, *option, *url; /* url NULL: none is sent */
        int warned;
    } cases[] = {
        { "none", NULL, NULL, 0 },
        { "none", "https://example.com/1", "https://example.com/1", 0 },
        { NULL, NULL, SPW_RESOURCE_SCHEMA_URL, 0 },
        { NULL, SPW_RESOURCE_SCHEMA_URL, SPW_RESOURCE_SCHEMA_URL, 0 },
        { "os", "https://example.com/1", NULL, 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        fresh(NULL);
        o.resource_detectors = cases[i].detectors;
        o.resource_schema_url = cases[i].option;
        assert_int_equal(load(&c, &o), SPW_OK);
        const char *url = c.resource.conflict ? NULL : c.resource.schema_url;
        assert_true(cases[i].url ? url && strcmp(url, cases[i].url) == 0 : !url);
        assert_int_equal(warnings, cases[i].warned);
        spw__config_free(&c);
    }
}

/* Receivers refuse a whole request for one string that is not UTF-8. */
static void test_wrong_schema_url(void **state)
{
    (void)state;
    char long_url[1100];
    memset(long_url, 'x', sizeof long_url - 1);
    long_url[sizeof long_url - 1] = 0;
    const char *const wrong[] = { "https://example.com/\xff", long_url };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct spw__config c;
        spw_options o = SPW_OPTIONS_INIT;
        o.resource_schema_url = wrong[i];
        o.resource_detectors = "none";
        assert_int_equal(load(&c, &o), SPW_ERR_INVALID);
        assert_non_null(strstr(error.text, "resource_schema_url"));
        spw__config_free(&c);
    }
}

static void test_values_that_are_trees(void **state)
{
    (void)state;
    struct spw__config c;
    spw_value names[] = { spw_value_string("a"), spw_value_string("b") };
    spw_attr attr = spw_attr_array("zones", names, 2);
    spw_options o = SPW_OPTIONS_INIT;
    o.resource_attributes = &attr;
    o.resource_attribute_count = 1;
    assert_int_equal(load(&c, &o), SPW_OK);
    const spw_attr *zones = attribute(&c, "zones");
    assert_int_equal(zones->value.u.array.count, 2);
    assert_ptr_not_equal(zones->value.u.array.values, names);
    assert_string_equal(zones->value.u.array.values[1].u.view.data, "b");
    spw__config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_resource_attributes),
        TEST(test_service_name_order),
        TEST(test_resource_is_bounded),
        TEST(test_every_source_of_the_service_name),
        TEST(test_detectors_by_name),
        TEST(test_schema_url),
        TEST(test_wrong_schema_url),
        TEST(test_values_that_are_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
