/* Redaction of one encoded span, against a plain redaction of the decoded message; what cannot be redacted; values of every type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "sdk/redact.h"
#include "sdk/value.h"
#include "support/fail_alloc.h"

typedef Opentelemetry__Proto__Trace__V1__Span Span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event Event;
typedef Opentelemetry__Proto__Trace__V1__Span__Link Link;
typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;
typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;

#define SECRET "canary-7f3a"
#define MOST ((size_t)1 << 20)

/* ---- spans out of thin air ---- */

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void *must(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    assert_non_null(memory);
    return memory;
}

/* Keys begin with what is to be done to them: k keep, d drop, s short, l long. */
static KeyValue *random_attribute(void)
{
    static const char acts[] = "kkdsl";
    KeyValue *kv = must(sizeof *kv);
    opentelemetry__proto__common__v1__key_value__init(kv);
    char key[32];
    char act = acts[draw(5)];
    snprintf(key, sizeof key, "%c.%u", act, draw(100));
    kv->key = strdup(key);
    kv->value = must(sizeof *kv->value);
    opentelemetry__proto__common__v1__any_value__init(kv->value);
    if (draw(3)) {
        char text[80];
        snprintf(text, sizeof text, "%s%.*s", act == 'k' ? "fine" : SECRET, (int)draw(40), "........................................");
        kv->value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
        kv->value->string_value = strdup(text);
    } else {
        kv->value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        kv->value->int_value = -(int64_t)draw(1000);
    }
    return kv;
}

static KeyValue **random_attributes(size_t *count)
{
    *count = draw(5);
    KeyValue **list = must(*count * sizeof *list);
    for (size_t i = 0; i < *count; i++)
        list[i] = random_attribute();
    return list;
}

static ProtobufCBinaryData random_id(size_t size)
{
    ProtobufCBinaryData id = { size, must(size) };
    for (size_t i = 0; i < size; i++)
        id.data[i] = (uint8_t)draw(256);
    return id;
}

static void add_events(Span *span)
{
    span->n_events = draw(4);
    span->events = must(span->n_events * sizeof *span->events);
    for (size_t i = 0; i < span->n_events; i++) {
        Event *e = span->events[i] = must(sizeof *e);
        opentelemetry__proto__trace__v1__span__event__init(e);
        e->name = strdup("event");
        e->time_unix_nano = draw(1u << 30);
        e->dropped_attributes_count = draw(3);
        e->attributes = random_attributes(&e->n_attributes);
    }
}

static void add_links(Span *span)
{
    span->n_links = draw(4);
    span->links = must(span->n_links * sizeof *span->links);
    for (size_t i = 0; i < span->n_links; i++) {
        Link *l = span->links[i] = must(sizeof *l);
        opentelemetry__proto__trace__v1__span__link__init(l);
        l->trace_id = random_id(16);
        l->span_id = random_id(8);
        l->trace_state = strdup(draw(2) ? "a=b" : "");
        l->flags = 0x101;
        l->dropped_attributes_count = draw(3);
        l->attributes = random_attributes(&l->n_attributes);
    }
}

static Span *random_span(void)
{
    Span *span = must(sizeof *span);
    opentelemetry__proto__trace__v1__span__init(span);
    span->trace_id = random_id(16);
    span->span_id = random_id(8);
    span->name = strdup("span");
    span->trace_state = strdup(draw(2) ? "x=y" : "");
    span->flags = 0x301;
    span->start_time_unix_nano = draw(1u << 30);
    span->end_time_unix_nano = 7;
    span->dropped_attributes_count = draw(3);
    span->dropped_links_count = draw(3);
    span->attributes = random_attributes(&span->n_attributes);
    add_events(span);
    add_links(span);
    return span;
}

/* ---- the same redaction, twice ---- */

static spw_redaction redact(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    static char text[300];
    (void)input;
    ++*(unsigned *)arg;
    switch (attr->key.data[0]) {
    case 'd': return SPW_REDACT_DROP;
    case 's':
        attr->value = spw_value_bool(true);
        attr->key = (spw_view){ SECRET, sizeof SECRET - 1 }; /* of no effect */
        return SPW_REDACT_REPLACE;
    case 'l':
        memset(text, 'x', sizeof text);
        attr->value = spw_value_string_n(text, sizeof text);
        return SPW_REDACT_REPLACE;
    default: return SPW_REDACT_KEEP;
    }
}

static void plain_redact(KeyValue **list, size_t *count, uint32_t *dropped, bool *changed)
{
    size_t left = 0;
    for (size_t i = 0; i < *count; i++) {
        KeyValue *kv = list[i];
        char act = kv->key[0];
        *changed |= act != 'k';
        if (act == 'd') {
            opentelemetry__proto__common__v1__key_value__free_unpacked(kv, NULL);
            ++*dropped;
            continue;
        }
        list[left++] = kv;
        if (act == 'k')
            continue;
        opentelemetry__proto__common__v1__any_value__free_unpacked(kv->value, NULL);
        kv->value = must(sizeof *kv->value);
        opentelemetry__proto__common__v1__any_value__init(kv->value);
        if (act == 's') {
            kv->value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE;
            kv->value->bool_value = true;
        } else {
            kv->value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
            kv->value->string_value = must(301);
            memset(kv->value->string_value, 'x', 300);
        }
    }
    *count = left;
}

static bool plain_redact_span(Span *span)
{
    bool changed = false;
    plain_redact(span->attributes, &span->n_attributes, &span->dropped_attributes_count, &changed);
    for (size_t i = 0; i < span->n_events; i++)
        plain_redact(span->events[i]->attributes, &span->events[i]->n_attributes, &span->events[i]->dropped_attributes_count, &changed);
    for (size_t i = 0; i < span->n_links; i++)
        plain_redact(span->links[i]->attributes, &span->links[i]->n_attributes, &span->links[i]->dropped_attributes_count, &changed);
    return changed;
}

/* The packed bytes of a message decoded from `bytes` again: the same for equal messages, whatever the order of the fields was. */
static uint8_t *normal(const Span *span, size_t *size)
{
    *size = opentelemetry__proto__trace__v1__span__get_packed_size(span);
    uint8_t *bytes = must(*size);
    opentelemetry__proto__trace__v1__span__pack(span, bytes);
    return bytes;
}

/* The Span in a framed record. */
static Span *decode_record(spw_view record)
{
    const uint8_t *at = (const uint8_t *)record.data, *end = at + record.size;
    assert_int_equal(*at++, 0x12);
    uint64_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
        size |= (uint64_t)(*at & 0x7f) << shift;
        if (*at++ < 0x80)
            break;
    }
    assert_int_equal(size, end - at);
    Span *span = opentelemetry__proto__trace__v1__span__unpack(NULL, (size_t)size, at);
    assert_non_null(span);
    return span;
}

static void redacts_as_one_would_by_hand(void **state)
{
    (void)state;
    struct spw__redactor r;
    unsigned asked = 0, changes = 0;
    spw__redactor_init(&r, redact, &asked, MOST);
    for (int i = 0; i < 3000; i++) {
        Span *span = random_span();
        size_t size, attributes = span->n_attributes;
        uint8_t *bytes = normal(span, &size);
        for (size_t e = 0; e < span->n_events; e++)
            attributes += span->events[e]->n_attributes;
        for (size_t l = 0; l < span->n_links; l++)
            attributes += span->links[l]->n_attributes;
        bool changed = plain_redact_span(span);
        spw_span_view view;
        spw_view record;
        assert_true(spw_span_view_read(bytes, size, &view));
        asked = 0;
        enum spw__redacted came = spw__redact(&r, &view, &record);
        assert_int_equal(asked, attributes);
        assert_int_equal(came, changed ? SPW__REDACTED_CHANGED : SPW__REDACTED_SAME);
        if (changed) {
            changes++;
            assert_null(memmem(record.data, record.size, SECRET, sizeof SECRET - 1));
            Span *got = decode_record(record);
            size_t want_size, got_size;
            uint8_t *want_bytes = normal(span, &want_size), *got_bytes = normal(got, &got_size);
            assert_int_equal(got_size, want_size);
            assert_memory_equal(got_bytes, want_bytes, want_size);
            free(want_bytes);
            free(got_bytes);
            opentelemetry__proto__trace__v1__span__free_unpacked(got, NULL);
        }
        free(bytes);
        opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
        spw__redactor_rest(&r);
    }
    assert_true(changes > 2000);
    spw__redactor_fini(&r);
}

/* ---- when it cannot ---- */

/* A span with the attribute k="v", and, when given, other bytes behind it. */
static spw_span_view small_span(uint8_t *out, const void *more, size_t size)
{
    static const uint8_t bytes[] = { 0x2a, 1, 'n', 0x4a, 8, 0x0a, 1, 'k', 0x12, 3, 0x0a, 1, 'v' };
    spw_span_view view;
    memcpy(out, bytes, sizeof bytes);
    if (size)
        memcpy(out + sizeof bytes, more, size);
    assert_true(spw_span_view_read(out, sizeof bytes + size, &view));
    return view;
}

static spw_redaction answer_with(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)input;
    attr->value = *(const spw_value *)arg;
    return SPW_REDACT_REPLACE;
}

static spw_redaction answer_nonsense(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)arg;
    (void)input;
    (void)attr;
    return (spw_redaction)77;
}

static void what_grows_too_large_is_not_sent(void **state)
{
    (void)state;
    static char text[2000];
    uint8_t bytes[64];
    spw_view record;
    spw_value value = spw_value_bytes(text, sizeof text);
    spw_span_view view = small_span(bytes, NULL, 0);
    struct spw__redactor r;
    spw__redactor_init(&r, answer_with, &value, 1000);
    assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_TOO_LARGE);
    value = spw_value_bytes(text, 500);
    assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_CHANGED);
    assert_true(r.span.capacity <= 2048);
    spw__redactor_fini(&r);
}

static void without_memory_nothing_is_sent(void **state)
{
    (void)state;
    static char text[5000];
    uint8_t bytes[64];
    spw_value value = spw_value_bytes(text, sizeof text);
    spw_span_view view = small_span(bytes, NULL, 0);
    bool done = false;
    unsigned failures = 0;
    for (unsigned nth = 1; !done; nth++, failures++) { /* each allocation in turn */
        spw_view record;
        struct spw__redactor r;
        spw__redactor_init(&r, answer_with, &value, MOST);
        fail_alloc_at(nth);
        enum spw__redacted came = spw__redact(&r, &view, &record);
        done = !fail_alloc_stop();
        assert_int_equal(came, done ? SPW__REDACTED_CHANGED : SPW__REDACTED_NO_MEMORY);
        spw__redactor_fini(&r);
    }
    assert_true(failures > 2);
}

static uint64_t dropped_of(spw_view record)
{
    Span *span = decode_record(record);
    uint64_t dropped = span->dropped_attributes_count;
    assert_int_equal(span->n_attributes, 0);
    opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
    return dropped;
}

static void an_answer_that_is_none_drops(void **state)
{
    (void)state;
    uint8_t bytes[64];
    spw_view record;
    spw_span_view view = small_span(bytes, NULL, 0);
    struct spw__redactor r;
    spw__redactor_init(&r, answer_nonsense, NULL, MOST);
    assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_CHANGED);
    assert_int_equal(dropped_of(record), 1);
    spw_value value = { (spw_value_type)99, { { NULL, 0 } } };
    r.fn = answer_with;
    r.arg = &value;
    assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_CHANGED);
    assert_int_equal(dropped_of(record), 1);
    const spw_attr no_key[] = { { { NULL, 3 }, spw_value_int(1) }, { { NULL, 3 }, spw_value_int(2) } };
    const spw_value nothing[] = { spw_value_string_n(NULL, 5), spw_value_bytes(NULL, 5), spw_value_map(no_key, 1), spw_value_map(no_key, 2) };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) { /* sizes of what is not there */
        value = nothing[i];
        assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_CHANGED);
        assert_int_equal(dropped_of(record), 1);
    }
    spw__redactor_fini(&r);
}

static spw_redaction keep_all(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)arg;
    (void)input;
    (void)attr;
    return SPW_REDACT_KEEP;
}

/* Says of every attribute whose it is: as `span`, `span/event`, `span/link`. */
static spw_redaction say_whose(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    char *at = (char *)arg + strlen(arg);
    assert_int_equal(input->struct_size, sizeof *input);
    at += sprintf(at, "%.*s", (int)input->span->name.size, input->span->name.data);
    if (input->event)
        at += sprintf(at, "/%.*s at %u", (int)input->event->name.size, input->event->name.data, (unsigned)input->event->unix_ns);
    if (input->link)
        at += sprintf(at, "/link to %02x", input->link->span_id[0]);
    sprintf(at, ".%.*s ", (int)attr->key.size, attr->key.data);
    return SPW_REDACT_KEEP;
}

static void a_redactor_knows_whose_attribute_it_is(void **state)
{
    (void)state;
    static const uint8_t parts[] = {
        0x5a, 19, 0x09, 7, 0, 0, 0, 0, 0, 0, 0, 0x12, 1, 'e', 0x1a, 5, 0x0a, 1, 'x', 0x12, 0, /* an event */
        0x6a, 17, 0x12, 8, 0xab, 2, 3, 4, 5, 6, 7, 8, 0x22, 5, 0x0a, 1, 'y', 0x12, 0,         /* a link */
    };
    uint8_t bytes[64];
    char said[200] = "";
    spw_view record;
    spw_span_view view = small_span(bytes, parts, sizeof parts);
    struct spw__redactor r;
    spw__redactor_init(&r, say_whose, said, MOST);
    assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_SAME);
    assert_string_equal(said, "n.k n/e at 7.x n/link to ab.y ");
    spw__redactor_fini(&r);
}

/* What cannot be read cannot be shown to the redactor, and so does not pass. */
static void broken_parts_do_not_pass(void **state)
{
    (void)state;
    static const uint8_t broken[][12] = {
        { 0x4a, 4, 0x0a, 9, 'x', 'y' },                   /* an attribute whose key is longer than it */
        { 0x5a, 6, 0x12, 1, 'e', 0x1a, 0x7f, 'x' },       /* an event that breaks off in an attribute */
        { 0x6a, 5, 0x0a, 0, 0x22, 0x7f, 'x' },            /* a link likewise */
    };
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[64];
        spw_view record;
        spw_span_view view = small_span(bytes, broken[i], 2u + broken[i][1]);
        struct spw__redactor r;
        spw__redactor_init(&r, keep_all, NULL, MOST);
        assert_int_equal(spw__redact(&r, &view, &record), SPW__REDACTED_CHANGED);
        Span *span = decode_record(record);
        assert_int_equal(span->n_attributes, 1);
        assert_int_equal(span->dropped_attributes_count, i == 0);
        opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
        spw__redactor_fini(&r);
    }
}

/* ---- values ---- */

static AnyValue *encode(const spw_value *value)
{
    struct spw__buffer out = { .most = MOST };
    AnyValue *decoded = NULL;
    if (spw__value_encode(&out, value))
        decoded = opentelemetry__proto__common__v1__any_value__unpack(NULL, out.size, out.data);
    spw__buffer_free(&out);
    return decoded;
}

static void values_of_every_type(void **state)
{
    (void)state;
    char many[400];
    memset(many, 'm', sizeof many);
    spw_value list[] = { spw_value_int(INT64_MIN), spw_value_string("two"), spw_value_empty(), spw_value_double(0.5), spw_value_bool(false) };
    spw_value inner = spw_value_array(list, 5);
    spw_attr entries[] = { spw_attr_value("list", inner), spw_attr_string_n("long", many, sizeof many), spw_attr_value("none", spw_value_map(NULL, 0)),
                           spw_attr_string_n("bad", "\xff", 1), spw_attr_int("twice", 1), spw_attr_int("twice", 2) };
    spw_value both[] = { spw_value_map(entries, 6), spw_value_bytes("\0\1", 2) };
    spw_value outer = spw_value_array(both, 2);
    AnyValue *v = encode(&outer);
    assert_non_null(v);
    assert_int_equal(v->array_value->n_values, 2);
    assert_int_equal(v->array_value->values[1]->bytes_value.len, 2);
    Opentelemetry__Proto__Common__V1__KeyValueList *map = v->array_value->values[0]->kvlist_value;
    assert_int_equal(map->n_values, 5);
    assert_int_equal(map->values[4]->value->int_value, 2);
    assert_string_equal(map->values[0]->key, "list");
    Opentelemetry__Proto__Common__V1__ArrayValue *array = map->values[0]->value->array_value;
    assert_int_equal(array->n_values, 5);
    assert_true(array->values[0]->int_value == INT64_MIN);
    assert_string_equal(array->values[1]->string_value, "two");
    assert_int_equal(array->values[2]->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE__NOT_SET);
    assert_true(array->values[3]->double_value == 0.5);
    assert_int_equal(array->values[4]->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE);
    assert_int_equal(strlen(map->values[1]->value->string_value), sizeof many);
    assert_int_equal(map->values[2]->value->kvlist_value->n_values, 0);
    assert_int_equal(map->values[3]->value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE);
    opentelemetry__proto__common__v1__any_value__free_unpacked(v, NULL);
}

/* What is read passes as it is, the encoded types too. */
static void a_value_that_was_read_can_be_given_back(void **state)
{
    (void)state;
    spw_value list[] = { spw_value_int(1), spw_value_int(2) };
    spw_value array = spw_value_array(list, 2);
    struct spw__buffer out = { .most = MOST };
    assert_true(spw__value_encode(&out, &array));
    spw_value read = { SPW_VALUE_ENCODED_ARRAY, { { (const char *)out.data + 2, out.size - 2 } } };
    AnyValue *v = encode(&read);
    assert_int_equal(v->array_value->n_values, 2);
    assert_int_equal(v->array_value->values[1]->int_value, 2);
    opentelemetry__proto__common__v1__any_value__free_unpacked(v, NULL);
    spw__buffer_free(&out);
}

static void depth_and_number_have_an_end(void **state)
{
    (void)state;
    spw_value nest[SPW_MAX_VALUE_DEPTH + 2];
    nest[0] = spw_value_int(1);
    for (int i = 1; i < SPW_MAX_VALUE_DEPTH + 2; i++)
        nest[i] = spw_value_array(&nest[i - 1], 1);
    AnyValue *v = encode(&nest[SPW_MAX_VALUE_DEPTH]);
    assert_non_null(v);
    opentelemetry__proto__common__v1__any_value__free_unpacked(v, NULL);
    assert_null(encode(&nest[SPW_MAX_VALUE_DEPTH + 1]));
    spw_value empties[1024];
    for (int i = 0; i < 1024; i++)
        empties[i] = spw_value_array(NULL, 0);
    spw_value most = spw_value_array(empties, 1023), over = spw_value_array(empties, 1024);
    v = encode(&most);
    assert_non_null(v);
    opentelemetry__proto__common__v1__any_value__free_unpacked(v, NULL);
    assert_null(encode(&over));
    spw_value loop = spw_value_array(&loop, 1); /* a cycle ends at the depth */
    assert_null(encode(&loop));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redacts_as_one_would_by_hand),
        cmocka_unit_test(what_grows_too_large_is_not_sent),
        cmocka_unit_test(without_memory_nothing_is_sent),
        cmocka_unit_test(an_answer_that_is_none_drops),
        cmocka_unit_test(broken_parts_do_not_pass),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(a_value_that_was_read_can_be_given_back),
        cmocka_unit_test(a_redactor_knows_whose_attribute_it_is),
        cmocka_unit_test(depth_and_number_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
