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
    spw_span_iter it = spw_batch_spans(batch);
    spw_span_view span;
    assert_true(spw_span_next(&it, &span));
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
    assert_false(spw_span_next(&it, &span));
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
    spw_span_view span; /* each span says it, too */
    spw_span_iter spans = spw_batch_spans(batch);
    assert_true(spw_span_next(&spans, &span));
    assert_true(spw_attr_next(&span.resource, &attr));
    assert_view(attr.value.u.view, "fake-service");
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
    spw_attr_iter inner = spw_value_entries(&got[6].value);
    spw_attr entry;
    assert_true(spw_attr_next(&inner, &entry));
    assert_view(entry.value.u.view, "text");
    assert_false(spw_attr_next(&inner, &entry));
    free(bytes);
}

/* A span with a link, whose attribute is [7, {"k": "text"}, []]. The caller frees. */
static uint8_t *linked_span(size_t *size)
{
    Span span;
    Opentelemetry__Proto__Trace__V1__Span__Link link, bare;
    Opentelemetry__Proto__Common__V1__ArrayValue array, none;
    Opentelemetry__Proto__Common__V1__KeyValueList map;
    KeyValue inner, outer;
    AnyValue text, seven, mapped, empty, value;
    char state[] = "vendor=1", words[] = "text", k[] = "k", list[] = "list";
    uint8_t ids[] = "0123456789abcdef";
    opentelemetry__proto__trace__v1__span__init(&span);
    opentelemetry__proto__trace__v1__span__link__init(&link);
    opentelemetry__proto__trace__v1__span__link__init(&bare);
    opentelemetry__proto__common__v1__array_value__init(&array);
    opentelemetry__proto__common__v1__array_value__init(&none);
    opentelemetry__proto__common__v1__key_value_list__init(&map);
    AnyValue *const values[] = { &text, &seven, &mapped, &empty, &value };
    static const int cases[] = { SPW_VALUE_STRING, SPW_VALUE_INT, SPW_VALUE_MAP, SPW_VALUE_ARRAY, SPW_VALUE_ARRAY };
    for (int i = 0; i < 5; i++) {
        opentelemetry__proto__common__v1__any_value__init(values[i]);
        values[i]->value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)cases[i];
    }
    opentelemetry__proto__common__v1__key_value__init(&inner);
    opentelemetry__proto__common__v1__key_value__init(&outer);
    KeyValue *pairs[] = { &inner }, *attrs[] = { &outer };
    AnyValue *elements[] = { &seven, &mapped, &empty };
    Opentelemetry__Proto__Trace__V1__Span__Link *links[] = { &link, &bare };
    text.string_value = words;
    seven.int_value = 7;
    inner.key = k;
    inner.value = &text;
    map.n_values = 1;
    map.values = pairs;
    mapped.kvlist_value = &map;
    empty.array_value = &none;
    array.n_values = 3;
    array.values = elements;
    value.array_value = &array;
    outer.key = list;
    outer.value = &value;
    link.trace_id = (ProtobufCBinaryData){ 16, ids };
    link.span_id = (ProtobufCBinaryData){ 8, ids };
    link.trace_state = state;
    link.flags = 0x301;
    link.n_attributes = 1;
    link.attributes = attrs;
    link.dropped_attributes_count = 9;
    span.n_links = 2;
    span.links = links;
    span.dropped_links_count = 5;
    span.n_attributes = 1;
    span.attributes = attrs;
    return pack(&span, size);
}

static void reads_links(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = linked_span(&size);
    spw_span_view view;
    spw_link_view link;
    spw_attr attr;
    assert_true(spw_span_view_read(bytes, size, &view));
    assert_int_equal(view.dropped_links, 5);
    assert_true(spw_link_next(&view.links, &link));
    assert_memory_equal(link.trace_id, "0123456789abcdef", 16);
    assert_memory_equal(link.span_id, "01234567", 8);
    assert_view(link.trace_state, "vendor=1");
    assert_int_equal(link.flags, 0x301);
    assert_int_equal(link.dropped_attributes, 9);
    assert_true(spw_attr_next(&link.attributes, &attr));
    assert_view(attr.key, "list");
    assert_false(spw_attr_next(&link.attributes, &attr));
    assert_true(spw_link_next(&view.links, &link)); /* nothing is left of the first */
    assert_int_equal(link.trace_id[0] + link.trace_state.size + link.dropped_attributes + link.flags, 0);
    assert_false(spw_attr_next(&link.attributes, &attr));
    assert_false(spw_link_next(&view.links, &link));
    free(bytes);
}

static void walks_arrays_and_maps(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = linked_span(&size);
    spw_span_view view;
    spw_attr attr, entry;
    spw_value element, more;
    assert_true(spw_span_view_read(bytes, size, &view));
    assert_true(spw_attr_next(&view.attributes, &attr));
    spw_value_iter it = spw_value_elements(&attr.value);
    assert_true(spw_value_next(&it, &element));
    assert_int_equal(element.u.i, 7);
    spw_value_iter none = spw_value_elements(&element); /* of a number */
    spw_attr_iter no_entries = spw_value_entries(&attr.value); /* of an array */
    assert_false(spw_value_next(&none, &more));
    assert_false(spw_attr_next(&no_entries, &entry));
    assert_true(spw_value_next(&it, &element));
    assert_int_equal(element.type, SPW_VALUE_ENCODED_MAP);
    spw_attr_iter entries = spw_value_entries(&element);
    assert_true(spw_attr_next(&entries, &entry));
    assert_view(entry.key, "k");
    assert_view(entry.value.u.view, "text");
    assert_false(spw_attr_next(&entries, &entry));
    assert_true(spw_value_next(&it, &element));
    assert_int_equal(element.type, SPW_VALUE_ENCODED_ARRAY);
    none = spw_value_elements(&element);
    assert_false(spw_value_next(&none, &more));
    assert_false(spw_value_next(&it, &element));
    const spw_value in_memory = spw_value_array(&element, 1); /* not encoded: walked as it is, not by an iterator */
    it = spw_value_elements(&in_memory);
    assert_false(spw_value_next(&it, &element));
    free(bytes);
}

static void malformed_links_and_elements_end_the_walk(void **state)
{
    (void)state;
    spw_span_view view;
    spw_link_view link;
    spw_attr attr;
    spw_value element;
    assert_true(spw_span_view_read("\x6a\x03\x0a\x01\x00\x6a\x00", 7, &view)); /* a trace id of one byte; a link after it */
    assert_false(spw_link_next(&view.links, &link));
    assert_false(spw_link_next(&view.links, &link));
    assert_true(spw_span_view_read("\x4a\x0a\x12\x08\x2a\x06\x0a\x02\x18\x01\x0a\x05", 12, &view)); /* [1, and a length past the end */
    assert_true(spw_attr_next(&view.attributes, &attr));
    spw_value_iter it = spw_value_elements(&attr.value);
    assert_true(spw_value_next(&it, &element));
    assert_int_equal(element.u.i, 1);
    assert_false(spw_value_next(&it, &element));
    assert_false(spw_value_next(&it, &element));
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
    spw_link_view link;
    assert_false(spw_attr_next(&view.attributes, &attr));
    assert_false(spw_event_next(&view.events, &event));
    assert_false(spw_link_next(&view.links, &link));
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
    spw_span_iter it = spw_batch_spans(batch);
    spw_span_view span;
    assert_true(spw_span_next(&it, &span));
    assert_int_equal(span.span_id[7], 3);
    assert_false(spw_span_next(&it, &span));
    assert_false(spw_span_next(&it, &span));
    fake_batch_free(batch);
}

enum { MOST_OPEN = 100 };

/* Walks a value and all that is in it; returns the bytes of text seen. */
static size_t walk(const spw_value *value)
{
    static spw_value open[MOST_OPEN];
    size_t seen = 0, count = 1;
    open[0] = *value;
    while (count) {
        const spw_value at = open[--count];
        spw_attr entry;
        spw_value element;
        for (spw_value_iter it = spw_value_elements(&at); spw_value_next(&it, &element);)
            if (count < MOST_OPEN)
                open[count++] = element;
        for (spw_attr_iter it = spw_value_entries(&at); spw_attr_next(&it, &entry); seen += entry.key.size)
            if (count < MOST_OPEN)
                open[count++] = entry.value;
        for (size_t i = 0; at.type == SPW_VALUE_STRING && i < at.u.view.size; i++)
            seen += at.u.view.data[i] != '\0'; /* reads it: a sanitizer judges */
    }
    return seen;
}

static size_t walk_attributes(spw_attr_iter it)
{
    spw_attr attr;
    size_t seen = 0;
    while (spw_attr_next(&it, &attr))
        seen += attr.key.size + walk(&attr.value);
    return seen;
}

/* Reads everything there is to read. */
static size_t exhaust(const void *bytes, size_t size)
{
    spw_span_view view;
    spw_event_view event;
    spw_link_view link;
    if (!spw_span_view_read(bytes, size, &view))
        return 0;
    size_t seen = walk_attributes(view.attributes);
    while (spw_event_next(&view.events, &event))
        seen += walk_attributes(event.attributes);
    while (spw_link_next(&view.links, &link))
        seen += walk_attributes(link.attributes);
    return seen;
}

/* Each cut, and each value of each byte. */
static void torment(const void *bytes, size_t size)
{
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t *copy = malloc(cut + 1); /* exact: a sanitizer sees a step past the end */
        memcpy(copy, bytes, cut);
        exhaust(copy, cut);
        free(copy);
    }
    uint8_t *copy = malloc(size);
    for (size_t at = 0; at < size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, bytes, size);
            copy[at] = (uint8_t)value;
            exhaust(copy, size);
        }
    }
    free(copy);
}

static void every_cut_and_every_flipped_byte_is_survived(void **state)
{
    (void)state;
    fake_span wish = { "work", 40, "key", "value", "retry", "it broke", true };
    spw_batch *batch = fake_batch_new(7, &wish, 1);
    spw_span_iter it = spw_batch_spans(batch);
    spw_span_view span;
    assert_true(spw_span_next(&it, &span));
    torment(span.encoded.data, span.encoded.size);
    fake_batch_free(batch);
    size_t size;
    uint8_t *bytes = linked_span(&size);
    torment(bytes, size);
    free(bytes);
}

static uint64_t chance(void)
{
    static uint64_t seed = 88172645463325252u;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* Several bytes at once, and pieces put in and taken out. */
static void random_mutations_are_survived(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = linked_span(&size);
    assert_true(exhaust(bytes, size) > 0);
    size_t read_on = 0;
    for (int round = 0; round < 200000; round++) {
        size_t length = size - chance() % 3 * (chance() % size) / 8;
        uint8_t *copy = malloc(length);
        memcpy(copy, bytes, length);
        for (uint64_t n = 1 + chance() % 4; n; n--)
            copy[chance() % length] = (uint8_t)(chance() % 2 ? chance() : chance() % 24);
        if (chance() % 4 == 0) {
            size_t from = chance() % length, to = chance() % length, n = chance() % (length - (from > to ? from : to));
            memmove(copy + to, copy + from, n);
        }
        read_on += exhaust(copy, length) > 0;
        free(copy);
    }
    assert_true(read_on > 1000); /* not all was refused at the door */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_a_span),
        cmocka_unit_test(reads_the_resource),
        cmocka_unit_test(reads_every_type_of_value),
        cmocka_unit_test(reads_links),
        cmocka_unit_test(walks_arrays_and_maps),
        cmocka_unit_test(malformed_links_and_elements_end_the_walk),
        cmocka_unit_test(rejects_what_is_malformed),
        cmocka_unit_test(takes_what_is_only_unknown),
        cmocka_unit_test(broken_records_of_a_batch_are_passed_over),
        cmocka_unit_test(every_cut_and_every_flipped_byte_is_survived),
        cmocka_unit_test(random_mutations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
