/* The encoded resource and scopes, judged by protobuf-c's decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <opentelemetry/proto/resource/v1/resource.pb-c.h>
#include <opentelemetry/proto/trace/v1/trace.pb-c.h>

#include "sdk/resource.h"

typedef Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans;
typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;

static resource_spans *encode_resource(const spw_attr *attrs, size_t count)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(spw__resource_encode(attrs, count, &bytes, &size), SPW_OK);
    resource_spans *decoded = opentelemetry__proto__trace__v1__resource_spans__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(decoded);
    assert_non_null(decoded->resource);
    assert_int_equal(decoded->resource->n_attributes, count);
    return decoded;
}

static void resource_free(resource_spans *decoded)
{
    opentelemetry__proto__trace__v1__resource_spans__free_unpacked(decoded, NULL);
}

static void test_empty(void **state)
{
    (void)state;
    resource_free(encode_resource(NULL, 0));
}

static void test_every_type(void **state)
{
    (void)state;
    spw_attr attrs[] = {
        spw_attr_string("s", "text"),   spw_attr_bool("b", true),   spw_attr_int("i", INT64_MIN), spw_attr_double("d", 0.5),
        spw_attr_bytes("y", "\0\1", 2), spw_attr_string("e", NULL), spw_attr_string("n", ""),
    };
    attrs[5].value.type = SPW_VALUE_EMPTY;
    resource_spans *decoded = encode_resource(attrs, 7);
    Opentelemetry__Proto__Common__V1__KeyValue **kv = decoded->resource->attributes;
    assert_string_equal(kv[0]->key, "s");
    assert_string_equal(kv[0]->value->string_value, "text");
    assert_int_equal(kv[1]->value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE);
    assert_true(kv[1]->value->bool_value);
    assert_int_equal(kv[2]->value->int_value, INT64_MIN);
    assert_true(kv[3]->value->double_value == 0.5);
    assert_int_equal(kv[4]->value->bytes_value.len, 2);
    assert_int_equal(kv[5]->value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE__NOT_SET);
    assert_int_equal(kv[6]->value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE);
    assert_string_equal(kv[6]->value->string_value, "");
    resource_free(decoded);
}

static void test_not_utf8(void **state)
{
    (void)state;
    static const char *const broken[] = { "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        spw_attr attr = spw_attr_string(broken[i], broken[i]);
        resource_spans *decoded = encode_resource(&attr, 1);
        any_value *value = decoded->resource->attributes[0]->value;
        assert_int_equal(value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE);
        assert_int_equal(value->bytes_value.len, strlen(broken[i]));
        assert_memory_equal(value->bytes_value.data, broken[i], strlen(broken[i]));
        assert_non_null(strstr(decoded->resource->attributes[0]->key, "\xef\xbf\xbd"));
        resource_free(decoded);
    }
}

static void test_nul_inside(void **state)
{
    (void)state;
    spw_attr attr = { { "k\0y", 3 }, { SPW_VALUE_STRING, { { "a\0b", 3 } } } };
    resource_spans *decoded = encode_resource(&attr, 1);
    assert_string_equal(decoded->resource->attributes[0]->key, "k\xef\xbf\xbdy");
    assert_int_equal(decoded->resource->attributes[0]->value->bytes_value.len, 3);
    resource_free(decoded);
}

/* The frame's length takes one to three bytes here. */
static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 100, 127, 128, 300, 16383, 16384, 200000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = malloc(sizes[i]);
        memset(text, 'v', sizes[i]);
        spw_attr attr = spw_attr_string_n("k", text, sizes[i]);
        resource_spans *decoded = encode_resource(&attr, 1);
        assert_int_equal(strlen(decoded->resource->attributes[0]->value->string_value), sizes[i]);
        resource_free(decoded);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),      cmocka_unit_test(test_every_type), cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_nul_inside), cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
