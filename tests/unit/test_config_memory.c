/* Every allocation of configuration and resource fails in turn, once and from then on: no crash, no leak, always SPW_ERR_NO_MEMORY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <spanwire/config.h>

#include "sdk/config.h"
#include "sdk/resource.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

#define ALL_SUCCEED (-1)

static long until_failure = ALL_SUCCEED;
static bool only_once;

static bool fails(void)
{
    if (until_failure == ALL_SUCCEED)
        return false;
    if (until_failure > 0) {
        until_failure--;
        return false;
    }
    if (only_once)
        until_failure = ALL_SUCCEED;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails() ? NULL : __real_strndup(text, size);
}

enum { ATTRIBUTES = 20, MOST = 1000 };
static spw_attr attrs[ATTRIBUTES];
static char keys[ATTRIBUTES][8];

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i % 18);
        attrs[i] = spw_attr_string(keys[i], i == 3 ? "\xff" : "value");
    }
    static const spw_value leaves[] = { { SPW_VALUE_STRING, { { "leaf", 4 } } }, { SPW_VALUE_BYTES, { { "\0", 1 } } } };
    static const spw_value branch = { SPW_VALUE_ARRAY, { .array = { leaves, 2 } } };
    static const spw_attr entries[] = { { { "branch", 6 }, { SPW_VALUE_ARRAY, { .array = { &branch, 1 } } } } };
    attrs[4] = spw_attr_map(keys[4], entries, 1);
    clearenv();
    setenv("OTEL_RESOURCE_ATTRIBUTES", "a=b,c=d", 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=b", 1);
    setenv("OTEL_TRACES_EXPORTER", "otlp,console", 1);
    setenv("OTEL_LOG_LEVEL", "none", 1);
    setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
    setenv("OTEL_SERVICE_NAME", "name", 1);
    return 0;
}

static spw_result load_once(long failing)
{
    struct spw__config config;
    spw_error error = SPW_ERROR_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    static const char *const pinned[] = { "error.type", "x" };
    options.service_name = "service";
    options.service_name_default = "other";
    options.otlp_protocol = "http/json";
    options.pinned_keys = pinned;
    options.pinned_key_count = 2;
    options.resource_attributes = attrs;
    options.resource_attribute_count = ATTRIBUTES;
    until_failure = failing;
    spw_result result = spw__config_load(&config, &options, &error);
    until_failure = ALL_SUCCEED;
    spw__config_free(&config);
    if (result != SPW_OK)
        assert_true(error.code == result && *error.text);
    return result;
}

static spw_result encode_once(long failing)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    until_failure = failing;
    spw_result result = spw__resource_encode(attrs, ATTRIBUTES, "https://example.com/s", &bytes, &size);
    until_failure = ALL_SUCCEED;
    assert_true((bytes != NULL) == (result == SPW_OK));
    free(bytes);
    return result;
}

static void sweep(spw_result (*attempt)(long), long at_least)
{
    for (int once = 0; once < 2; once++) {
        long failing = 0;
        only_once = once;
        spw_result result;
        while ((result = attempt(failing)) != SPW_OK && failing < MOST) {
            assert_int_equal(result, SPW_ERR_NO_MEMORY);
            failing++;
        }
        assert_int_equal(result, SPW_OK);
        assert_true(failing >= at_least); /* it did fail something */
    }
}

static void test_load(void **state)
{
    (void)state;
    sweep(load_once, 40);
}

static void test_resource(void **state)
{
    (void)state;
    sweep(encode_once, 60);
}

static void ignore(void *arg, const spw_config_entry *entry)
{
    (void)arg, (void)entry;
}

static spw_result print_once(long failing)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.resource_attributes = attrs;
    options.resource_attribute_count = ATTRIBUTES;
    until_failure = failing;
    spw_result result = spw_config_each(&options, ignore, NULL);
    until_failure = ALL_SUCCEED;
    return result;
}

static void test_print(void **state)
{
    (void)state;
    sweep(print_once, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_load, fill),
        cmocka_unit_test_setup(test_resource, fill),
        cmocka_unit_test_setup(test_print, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
