/* The resource: collected, copied, encoded; judged by protobuf-c's decoder. */
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
    assert_int_equal(spw__resource_encode(attrs, count, NULL, &bytes, &size), SPW_OK);
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

/* ---- trees ---- */

static void test_trees(void **state)
{
    (void)state;
    spw_value inner[] = { spw_value_bool(true), spw_value_empty(), spw_value_bytes("\0", 1) };
    spw_attr entries[] = { spw_attr_string("x", "first"), spw_attr_array("list", inner, 3), spw_attr_string("x", "last"),
                           spw_attr_map("none", NULL, 0) };
    spw_value outer[] = { spw_value_int(7), spw_value_map(entries, 4), spw_value_string("\xff") };
    spw_attr attr = spw_attr_array("tree", outer, 3);
    struct spw_resource_builder b = { .count = 0 };
    assert_int_equal(spw_resource_put(&b, &attr), SPW_OK);
    memset(inner, 0xee, sizeof inner); /* a copy needs nothing of these */
    memset(entries, 0xee, sizeof entries);
    memset(outer, 0xee, sizeof outer);
    resource_spans *decoded = encode_resource(b.attrs, b.count);
    any_value *tree = decoded->resource->attributes[0]->value;
    assert_int_equal(tree->array_value->n_values, 3);
    assert_int_equal(tree->array_value->values[0]->int_value, 7);
    Opentelemetry__Proto__Common__V1__KeyValueList *map = tree->array_value->values[1]->kvlist_value;
    assert_int_equal(map->n_values, 3); /* of equal keys the last */
    assert_string_equal(map->values[0]->key, "list");
    assert_int_equal(map->values[0]->value->array_value->n_values, 3);
    assert_true(map->values[0]->value->array_value->values[0]->bool_value);
    assert_int_equal(map->values[0]->value->array_value->values[2]->bytes_value.len, 1);
    assert_string_equal(map->values[1]->value->string_value, "last");
    assert_int_equal(map->values[2]->value->kvlist_value->n_values, 0);
    assert_int_equal(tree->array_value->values[2]->bytes_value.len, 1);
    resource_free(decoded);
    spw__resource_free(&b);
}

/* An array in an array in an array ... */
static spw_value nest(spw_value *levels, size_t depth)
{
    levels[0] = spw_value_int(1);
    for (size_t i = 1; i <= depth; i++)
        levels[i] = spw_value_array(&levels[i - 1], 1);
    return levels[depth];
}

static void test_depth(void **state)
{
    (void)state;
    static spw_value levels[100001];
    struct spw_resource_builder b = { .count = 0 };
    spw_attr attr = spw_attr_value("deep", nest(levels, SPW__VALUE_MAX_DEPTH));
    assert_int_equal(spw_resource_put(&b, &attr), SPW_OK);
    resource_spans *decoded = encode_resource(b.attrs, b.count);
    any_value *value = decoded->resource->attributes[0]->value;
    unsigned depth = 0;
    for (; value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE; depth++)
        value = value->array_value->values[0];
    assert_int_equal(depth, SPW__VALUE_MAX_DEPTH);
    assert_int_equal(value->int_value, 1);
    resource_free(decoded);
    attr.value = nest(levels, SPW__VALUE_MAX_DEPTH + 1);
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INVALID);
    attr.value = nest(levels, 100000);
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INVALID);
    assert_int_equal(b.count, 1); /* the old value stays */
    assert_int_equal(b.attrs[0].value.type, SPW_VALUE_ARRAY);
    spw__resource_free(&b);
}

static void test_bounds(void **state)
{
    (void)state;
    static spw_value many[SPW__VALUE_MAX_CONTAINERS];
    struct spw_resource_builder b = { .count = 0 };
    for (size_t i = 0; i < SPW__VALUE_MAX_CONTAINERS; i++)
        many[i] = spw_value_array(NULL, 0);
    spw_attr attr = spw_attr_array("many", many, SPW__VALUE_MAX_CONTAINERS - 1);
    assert_int_equal(spw_resource_put(&b, &attr), SPW_OK);
    attr.value.u.array.count++;
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INVALID);
    attr = spw_attr_array("huge", many, SIZE_MAX / 8); /* a count that no memory holds: judged, not walked */
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INCOMPLETE);
    attr = spw_attr_string_n("huge", "x", SIZE_MAX);
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INCOMPLETE);
    attr = spw_attr_string_n("huge", "x", SPW__RESOURCE_MAX_BYTES);
    assert_int_equal(spw_resource_put(&b, &attr), SPW_ERR_INCOMPLETE);
    assert_int_equal(b.count, 1);
    spw__resource_free(&b);
}

static void test_wrong_values(void **state)
{
    (void)state;
    struct spw_resource_builder b = { .count = 0 };
    spw_value no_data[] = { spw_value_string_n(NULL, 3) };
    spw_value encoded = { SPW_VALUE_ENCODED_ARRAY, { { "", 0 } } }, of_no_type = { (spw_value_type)99, { { NULL, 0 } } };
    spw_value null_array = { SPW_VALUE_ARRAY, { { NULL, 0 } } };
    null_array.u.array.count = 2;
    spw_attr null_key = { { NULL, 3 }, { SPW_VALUE_EMPTY, { { NULL, 0 } } } };
    spw_attr wrong[] = { spw_attr_string("", "v"),       spw_attr_value("k", encoded), spw_attr_value("k", of_no_type),
                         spw_attr_array("k", no_data, 1), spw_attr_value("k", null_array), spw_attr_map("k", &null_key, 1), null_key };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(spw_resource_put(&b, &wrong[i]), SPW_ERR_INVALID);
    assert_int_equal(spw_resource_put(&b, NULL), SPW_ERR_INVALID);
    assert_int_equal(spw_resource_put(NULL, &wrong[0]), SPW_ERR_INVALID);
    assert_int_equal(b.count, 0);
    spw__resource_free(&b);
}

static void test_schema_url(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t size = 0;
    spw_attr attr = spw_attr_string("k", "v");
    assert_int_equal(spw__resource_encode(&attr, 1, "https://example.com/schema", &bytes, &size), SPW_OK);
    resource_spans *decoded = opentelemetry__proto__trace__v1__resource_spans__unpack(NULL, size, bytes);
    assert_string_equal(decoded->schema_url, "https://example.com/schema");
    assert_int_equal(decoded->resource->n_attributes, 1);
    resource_free(decoded);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),  cmocka_unit_test(test_every_type),   cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_nul_inside), cmocka_unit_test(test_sizes),    cmocka_unit_test(test_trees),
        cmocka_unit_test(test_depth),  cmocka_unit_test(test_bounds),       cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_schema_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
