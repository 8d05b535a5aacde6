/* The record reader: every field, and bytes that were not made by us. protobuf-c encodes, and judges what is malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "support/fake_batch.h"

typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;
typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;
typedef Opentelemetry__Proto__Trace__V1__Span Span;

#define assert_view(view, text)                                                                                                            \
    do {                                                                                                                                   \
        assert_int_equal((view).size, strlen(text));                                                                                       \
        assert_memory_equal((view).data, (text), (view).size);                                                                             \
    } while (0)

static void reads_every_field_of_a_span(void **state)
{
    (void)state;
    fake_span wish = { "work", 0, "key", "value", "retry", "it broke", true };
    spw_batch *batch = fake_batch_new(7, &wish, 1);
    spw_batch_iter it = spw_batch_begin(batch);
    spw_span_view span;
    assert_true(spw_batch_next_span(&it, &span));
    assert_view(span.name, "work");
    assert_int_equal(span.kind, SPW_KIND_CLIENT);
    assert_int_equal(span.status, SPW_STATUS_ERROR);
    assert_view(span.status_message, "it broke");
    assert_int_equal(span.end_unix_ns - span.start_unix_ns, 1500000);
    assert_int_equal(span.flags, 0x101);
    assert_int_equal(span.trace_id[15], 0xa0);
    assert_int_equal(span.span_id[7], 1);
    assert_int_equal(span.parent_span_id[0], 0xa0);
    assert_view(span.scope.name, "fake-scope");
    assert_view(span.scope.version, "1.2");
    spw_attr attr;
    assert_true(spw_attr_next(&span.attributes, &attr));
    assert_view(attr.key, "key");
    assert_int_equal(attr.value.type, SPW_VALUE_STRING);
    assert_view(attr.value.u.view, "value");
    assert_false(spw_attr_next(&span.attributes, &attr));
    spw_event_view event;
    assert_true(spw_event_next(&span.events, &event));
    assert_view(event.name, "retry");
    assert_int_equal(event.unix_ns, 1767322800000500000);
    assert_true(spw_attr_next(&event.attributes, &attr));
    assert_view(attr.key, "event.key");
    assert_false(spw_attr_next(&event.attributes, &attr));
    assert_false(spw_event_next(&span.events, &event));
    assert_false(spw_batch_next_span(&it, &span));
    fake_batch_free(batch);
}

static void reads_the_resource(void **state)
{
    (void)state;
    spw_batch *batch = fake_batch_simple(1, 1);
    spw_attr_iter it = spw_batch_resource(batch);
    spw_attr attr;
    assert_true(spw_attr_next(&it, &attr));
    assert_view(attr.key, "service.name");
    assert_view(attr.value.u.view, "fake-service");
    assert_false(spw_attr_next(&it, &attr));
    fake_batch_free(batch);
}

static uint8_t *pack(const Span *span, size_t *size)
{
    *size = opentelemetry__proto__trace__v1__span__get_packed_size(span);
    uint8_t *bytes = malloc(*size + 1);
    opentelemetry__proto__trace__v1__span__pack(span, bytes);
    return bytes;
}

static void reads_every_type_of_value(void **state)
{
    (void)state;
    Span span;
    KeyValue kv[10];
    AnyValue value[10];
    KeyValue *list[10];
    char key[] = "k";
    char text[] = "text";
    uint8_t raw[] = { 0, 0xff };
    Opentelemetry__Proto__Common__V1__ArrayValue array;
    Opentelemetry__Proto__Common__V1__KeyValueList map;
    opentelemetry__proto__trace__v1__span__init(&span);
    opentelemetry__proto__common__v1__array_value__init(&array);
    opentelemetry__proto__common__v1__key_value_list__init(&map);
    for (int i = 0; i < 10; i++) {
        opentelemetry__proto__common__v1__key_value__init(&kv[i]);
        opentelemetry__proto__common__v1__any_value__init(&value[i]);
        kv[i].key = key;
        kv[i].value = &value[i];
        list[i] = &kv[i];
        value[i].value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)(i < 8 ? i : 3);
    }
    KeyValue *nested[1] = { &kv[1] };
    map.n_values = 1;
    map.values = nested;
    value[1].string_value = text;
    value[2].bool_value = 1;
    value[3].int_value = INT64_MIN;
    value[4].double_value = -DBL_MAX;
    value[5].array_value = &array;
    value[6].kvlist_value = &map;
    value[7].bytes_value = (ProtobufCBinaryData){ 2, raw };
    value[8].int_value = -1;
    value[9].int_value = INT64_MAX;
    span.n_attributes = 10;
    span.attributes = list;
    size_t size;
    uint8_t *bytes = pack(&span, &size);
    spw_span_view view;
    assert_true(spw_span_view_read(bytes, size, &view));
    static const spw_value_type types[10] = {
        SPW_VALUE_EMPTY, SPW_VALUE_STRING, SPW_VALUE_BOOL, SPW_VALUE_INT, SPW_VALUE_DOUBLE,
        SPW_VALUE_ENCODED_ARRAY, SPW_VALUE_ENCODED_MAP, SPW_VALUE_BYTES, SPW_VALUE_INT, SPW_VALUE_INT,
    };
    spw_attr got[10];
    for (int i = 0; i < 10; i++) {
        assert_true(spw_attr_next(&view.attributes, &got[i]));
        assert_int_equal(got[i].value.type, types[i]);
    }
    assert_false(spw_attr_next(&view.attributes, &got[0]));
    assert_view(got[1].value.u.view, "text");
    assert_true(got[2].value.u.b);
    assert_true(got[3].value.u.i == INT64_MIN);
    assert_true(got[4].value.u.d == -DBL_MAX);
    assert_int_equal(got[5].value.u.view.size, 0);
    assert_memory_equal(got[7].value.u.view.data, raw, 2);
    assert_int_equal(got[8].value.u.i, -1);
    assert_true(got[9].value.u.i == INT64_MAX);
    spw_attr_iter inner = { (const uint8_t *)got[6].value.u.view.data, (const uint8_t *)got[6].value.u.view.data + got[6].value.u.view.size, 1 };
    spw_attr entry;
    assert_true(spw_attr_next(&inner, &entry));
    assert_view(entry.value.u.view, "text");
    free(bytes);
}

static void rejects_what_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *bytes;
        size_t size;
    } table[] = {
        { "field number 0", "\x02\x00", 2 },
        { "a length past the end", "\x2a\x05" "ab", 4 },
        { "a length of 2^64 - 1", "\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
        { "a varint of eleven bytes", "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
        { "a varint cut short", "\x30\x80", 2 },
        { "a fixed64 cut short", "\x39\x00\x00\x00", 4 },
        { "a tag of more than 32 bits", "\xff\xff\xff\xff\xff\x01\x00", 7 },
        { "a group", "\xa3\x06\xa4\x06", 4 },
        { "a trace id of 15 bytes", "\x0a\x0f" "123456789012345", 17 },
        { "a span id of 9 bytes", "\x12\x09" "123456789", 11 },
        { "a name that is a number", "\x28\x01", 2 },
        { "a start time that is a varint", "\x38\x01", 2 },
        { "a status that is a number", "\x78\x01", 2 },
        { "a status with a broken inside", "\x7a\x02\x12\x09", 4 },
    };
    spw_span_view view;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (spw_span_view_read(table[i].bytes, table[i].size, &view))
            fail_msg("taken: %s", table[i].what);
}

static void takes_what_is_only_unknown(void **state)
{
    (void)state;
    spw_span_view view;
    assert_true(spw_span_view_read(NULL, 0, &view));
    spw_attr attr;
    spw_event_view event;
    assert_false(spw_attr_next(&view.attributes, &attr));
    assert_false(spw_event_next(&view.events, &event));
    assert_true(spw_span_view_read("\xf8\x3f\x01\x30\x63\x7a\x02\x18\x09", 9, &view)); /* field 1023; kind 99; status code 9 */
    assert_int_equal(view.kind, SPW_KIND_UNSET);
    assert_int_equal(view.status, SPW_STATUS_UNSET);
    assert_true(spw_span_view_read("\x4a\x07\x12\x03\x50\x01\x00\x0a\x00", 9, &view)); /* a value whose inside is broken */
    assert_false(spw_attr_next(&view.attributes, &attr));
    assert_false(spw_attr_next(&view.attributes, &attr));
}

static void broken_records_of_a_batch_are_passed_over(void **state)
{
    (void)state;
    spw_batch *batch = fake_batch_simple(1, 3);
    fake_batch_set_record(batch, 0, "\x12\x02\x28\x01", 4);
    fake_batch_set_record(batch, 1, "", 0);
    spw_batch_iter it = spw_batch_begin(batch);
    spw_span_view span;
    assert_true(spw_batch_next_span(&it, &span));
    assert_int_equal(span.span_id[7], 3);
    assert_false(spw_batch_next_span(&it, &span));
    assert_false(spw_batch_next_span(&it, &span));
    fake_batch_free(batch);
}

/* Reads everything there is to read. */
static size_t exhaust(const void *bytes, size_t size)
{
    spw_span_view view;
    spw_attr attr;
    spw_event_view event;
    size_t seen = 0;
    if (!spw_span_view_read(bytes, size, &view))
        return 0;
    while (spw_attr_next(&view.attributes, &attr))
        seen += attr.key.size;
    while (spw_event_next(&view.events, &event))
        while (spw_attr_next(&event.attributes, &attr))
            seen += attr.key.size;
    return seen;
}

static void every_cut_and_every_flipped_byte_is_survived(void **state)
{
    (void)state;
    fake_span wish = { "work", 40, "key", "value", "retry", "it broke", true };
    spw_batch *batch = fake_batch_new(7, &wish, 1);
    spw_batch_iter it = spw_batch_begin(batch);
    spw_span_view span;
    assert_true(spw_batch_next_span(&it, &span));
    size_t size = span.encoded.size;
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t *copy = malloc(cut + 1); /* exact: a sanitizer sees a step past the end */
        memcpy(copy, span.encoded.data, cut);
        exhaust(copy, cut);
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t *copy = malloc(size);
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, span.encoded.data, size);
            copy[at] = (uint8_t)value;
            exhaust(copy, size);
        }
        free(copy);
    }
    fake_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_a_span),
        cmocka_unit_test(reads_the_resource),
        cmocka_unit_test(reads_every_type_of_value),
        cmocka_unit_test(rejects_what_is_malformed),
        cmocka_unit_test(takes_what_is_only_unknown),
        cmocka_unit_test(broken_records_of_a_batch_are_passed_over),
        cmocka_unit_test(every_cut_and_every_flipped_byte_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
