/* OTLP JSON, read by jansson and compared with protobuf-c's decoding of the same batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/otlp_json.h"
#include "json/otlp_json_value.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "support/fail_alloc.h"
#include "support/fake_batch.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest Request;
typedef Opentelemetry__Proto__Trace__V1__Span Span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event Event;
typedef Opentelemetry__Proto__Trace__V1__Span__Link Link;
typedef Opentelemetry__Proto__Trace__V1__Status Status;
typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;
typedef Opentelemetry__Proto__Common__V1__KeyValueList KeyValueList;
typedef Opentelemetry__Proto__Common__V1__ArrayValue ArrayValue;
typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;

#define MOST ((size_t)64 << 20)

/* ---- random spans ---- */

static uint64_t seed = 88172645463325252u;

static uint64_t draw64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static unsigned draw(unsigned below)
{
    return (unsigned)(draw64() >> 20) % below;
}

static void *must(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    assert_non_null(memory);
    return memory;
}

static char *random_text(void)
{
    static const char *const pieces[] = { "a",  "Z 9",    "\"", "\\",   "\n", "\r\t", "\x01", "\x1f\x7f", "</script>", "\xc3\xa9", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                          "\b\f", "\xe2\x82\xac", "\xf0\x9f\x8c\xb3", "\xef\xbf\xbf", "\xc2\x85", "plain text of some length" };
    char *text = must(400);
    for (unsigned n = draw(12); n; n--)
        strcat(text, pieces[draw(sizeof pieces / sizeof pieces[0])]);
    return text;
}

static ProtobufCBinaryData random_bytes(size_t size)
{
    ProtobufCBinaryData bytes = { size, must(size) };
    for (size_t i = 0; i < size; i++)
        bytes.data[i] = (uint8_t)draw(256);
    return bytes;
}

static double random_double(void)
{
    static const double special[] = { 0.0,     -0.0,    1.0,      -1.5,    0.1,       1e21,      1e-7,        NAN,   INFINITY,
                                      -INFINITY, DBL_MAX, DBL_MIN, 5e-324, 123456789012345678.0, 1.0 / 3.0, 9007199254740993.0 };
    uint64_t bits = draw64();
    double any;
    memcpy(&any, &bits, sizeof any);
    return draw(2) ? special[draw(sizeof special / sizeof special[0])] : any;
}

static AnyValue *random_value(unsigned depth);

static KeyValue *random_attribute(unsigned depth)
{
    KeyValue *kv = must(sizeof *kv);
    opentelemetry__proto__common__v1__key_value__init(kv);
    kv->key = random_text();
    kv->value = random_value(depth);
    return kv;
}

static KeyValue **random_attributes(size_t *count, unsigned depth)
{
    *count = draw(5);
    KeyValue **list = must(*count * sizeof *list);
    for (size_t i = 0; i < *count; i++)
        list[i] = random_attribute(depth);
    return list;
}

static AnyValue *random_value(unsigned depth)
{
    AnyValue *v = must(sizeof *v);
    opentelemetry__proto__common__v1__any_value__init(v);
    v->value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)draw(depth ? 8 : 5);
    switch ((int)v->value_case) {
    case 1: v->string_value = random_text(); break;
    case 2: v->bool_value = draw(2) == 1; break;
    case 3: v->int_value = draw(2) ? (int64_t)draw64() : draw(3) - 1; break;
    case 4: v->double_value = random_double(); break;
    case 5:
        v->array_value = must(sizeof *v->array_value);
        opentelemetry__proto__common__v1__array_value__init(v->array_value);
        v->array_value->n_values = draw(4);
        v->array_value->values = must(v->array_value->n_values * sizeof *v->array_value->values);
        for (size_t i = 0; i < v->array_value->n_values; i++)
            v->array_value->values[i] = random_value(depth - 1);
        break;
    case 6:
        v->kvlist_value = must(sizeof *v->kvlist_value);
        opentelemetry__proto__common__v1__key_value_list__init(v->kvlist_value);
        v->kvlist_value->values = random_attributes(&v->kvlist_value->n_values, depth - 1);
        break;
    case 7: v->bytes_value = random_bytes(draw(9)); break;
    default: break;
    }
    return v;
}

static void add_events(Span *span)
{
    span->n_events = draw(4);
    span->events = must(span->n_events * sizeof *span->events);
    for (size_t i = 0; i < span->n_events; i++) {
        Event *e = span->events[i] = must(sizeof *e);
        opentelemetry__proto__trace__v1__span__event__init(e);
        e->name = random_text();
        e->time_unix_nano = draw64();
        e->dropped_attributes_count = draw(3);
        e->attributes = random_attributes(&e->n_attributes, 3);
    }
}

static void add_links(Span *span)
{
    span->n_links = draw(4);
    span->links = must(span->n_links * sizeof *span->links);
    for (size_t i = 0; i < span->n_links; i++) {
        Link *l = span->links[i] = must(sizeof *l);
        opentelemetry__proto__trace__v1__span__link__init(l);
        l->trace_id = random_bytes(16);
        l->span_id = random_bytes(8);
        l->trace_state = random_text();
        l->flags = draw(2) * 0x101u;
        l->dropped_attributes_count = draw(3);
        l->attributes = random_attributes(&l->n_attributes, 3);
    }
}

static Span *random_span(void)
{
    Span *span = must(sizeof *span);
    opentelemetry__proto__trace__v1__span__init(span);
    span->trace_id = random_bytes(16);
    span->span_id = random_bytes(8);
    span->parent_span_id = random_bytes(draw(2) * 8);
    span->name = random_text();
    span->kind = (Opentelemetry__Proto__Trace__V1__Span__SpanKind)draw(6);
    span->trace_state = random_text();
    span->flags = draw(2) ? 0x301 : 0;
    span->start_time_unix_nano = draw64();
    span->end_time_unix_nano = draw64();
    span->dropped_attributes_count = draw(2) * UINT32_MAX;
    span->dropped_events_count = draw(3);
    span->dropped_links_count = draw(3);
    span->attributes = random_attributes(&span->n_attributes, 6);
    add_events(span);
    add_links(span);
    if (draw(2)) {
        span->status = must(sizeof *span->status);
        opentelemetry__proto__trace__v1__status__init(span->status);
        span->status->code = (Opentelemetry__Proto__Trace__V1__Status__StatusCode)draw(3);
        span->status->message = random_text();
    }
    return span;
}

static void set_record(spw_batch *batch, size_t index, const Span *span)
{
    size_t size = opentelemetry__proto__trace__v1__span__get_packed_size(span);
    uint8_t *bytes = must(size + 6);
    size_t n = 1;
    bytes[0] = 0x12;
    for (size_t rest = size;; rest >>= 7) {
        bytes[n++] = (uint8_t)(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
        if (rest < 0x80)
            break;
    }
    n += opentelemetry__proto__trace__v1__span__pack(span, bytes + n);
    fake_batch_set_record(batch, index, bytes, n);
    free(bytes);
}

static spw_batch *random_batch(size_t count)
{
    static const uint8_t own[] = { 0x1a, 8, 0x0a, 1, 'k', 0x12, 3, 0x0a, 1, 'v', 0x20, 5 }; /* k="v", five dropped */
    static const spw_instrumentation_scope scopes[] = {
        { .name = { "lib \"a\"", 7 }, .version = { "1.0", 3 }, .schema_url = { "https://example.test/1.41.0", 27 } },
        { .version = { "2", 1 }, .attributes = { .at = own, .end = own + 10, .field = 3 } },
        { .attributes = { .at = own, .end = own + sizeof own, .field = 3 }, .dropped_attributes = 5 },
        { .attributes = { .at = own + 10, .end = own + sizeof own, .field = 3 }, .dropped_attributes = 5 },
        { .name = { NULL, 0 } },
    };
    enum { SCOPES = sizeof scopes / sizeof *scopes };
    spw_batch *batch = fake_batch_simple(1, count);
    for (size_t i = 0; i < count; i++) {
        Span *span = random_span();
        set_record(batch, i, span);
        opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
    }
    for (size_t i = 1; i <= SCOPES; i++)
        if (draw(2))
            fake_batch_set_scope(batch, count * i / (SCOPES + 1), scopes[i - 1]);
    if (draw(2))
        fake_batch_set_schema_url(batch, "https://example.test/resource");
    return batch;
}

/* ---- the comparison: each member taken must be there as it should be; none may be left ---- */

static void take(json_t *object, const char *key)
{
    assert_int_equal(json_object_del(object, key), 0);
}

static void check_text(json_t *object, const char *key, const char *want)
{
    if (!*want) {
        assert_null(json_object_get(object, key));
        return;
    }
    assert_string_equal(json_string_value(json_object_get(object, key)), want);
    take(object, key);
}

static void check_u32(json_t *object, const char *key, uint32_t want)
{
    if (!want) {
        assert_null(json_object_get(object, key));
        return;
    }
    assert_true(json_is_integer(json_object_get(object, key)));
    assert_true(json_integer_value(json_object_get(object, key)) == want);
    take(object, key);
}

static void check_u64(json_t *object, const char *key, uint64_t want)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, want);
    assert_string_equal(json_string_value(json_object_get(object, key)), text);
    take(object, key);
}

static void check_hex(json_t *object, const char *key, ProtobufCBinaryData want)
{
    char text[40] = "";
    if (!want.len) {
        assert_null(json_object_get(object, key));
        return;
    }
    for (size_t i = 0; i < want.len; i++)
        snprintf(text + 2 * i, 3, "%02x", want.data[i]);
    assert_string_equal(json_string_value(json_object_get(object, key)), text);
    take(object, key);
}

static void check_empty(json_t *object)
{
    if (json_object_size(object))
        fail_msg("left over: %s", json_dumps(object, 0));
}

static int letter_value(char c)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_non_null(strchr(letters, c));
    return (int)(strchr(letters, c) - letters);
}

static void check_base64(const char *text, ProtobufCBinaryData want)
{
    assert_int_equal(strlen(text), (want.len + 2) / 3 * 4);
    size_t got = 0;
    for (; *text; text += 4) {
        uint32_t group = 0;
        for (int i = 0; i < 4; i++)
            group = group << 6 | (text[i] == '=' ? 0u : (uint32_t)letter_value(text[i]));
        for (int i = 0; i < 3 && got < want.len; i++)
            assert_int_equal(group >> (16 - 8 * i) & 255, want.data[got++]);
    }
    assert_int_equal(got, want.len);
}

static void check_double(const json_t *got, double want)
{
    if (isnan(want)) {
        assert_string_equal(json_string_value(got), "NaN");
    } else if (isinf(want)) {
        assert_string_equal(json_string_value(got), want < 0 ? "-Infinity" : "Infinity");
    } else {
        double value = json_number_value(got);
        assert_true(json_is_number(got));
        assert_memory_equal(&value, &want, sizeof want);
    }
}

static void check_attributes(json_t *list, KeyValue *const *want, size_t count);

static void check_value(json_t *got, const AnyValue *want)
{
    json_t *one;
    char text[24];
    assert_true(json_is_object(got));
    switch ((int)want->value_case) {
    case 1: assert_string_equal(json_string_value(json_object_get(got, "stringValue")), want->string_value); break;
    case 2: assert_true(json_object_get(got, "boolValue") == (want->bool_value ? json_true() : json_false())); break;
    case 3:
        snprintf(text, sizeof text, "%" PRId64, want->int_value);
        assert_string_equal(json_string_value(json_object_get(got, "intValue")), text);
        break;
    case 4: check_double(json_object_get(got, "doubleValue"), want->double_value); break;
    case 5:
        one = json_object_get(json_object_get(got, "arrayValue"), "values");
        assert_int_equal(json_array_size(one), want->array_value->n_values);
        for (size_t i = 0; i < json_array_size(one); i++)
            check_value(json_array_get(one, i), want->array_value->values[i]);
        break;
    case 6:
        one = json_object_get(json_object_get(got, "kvlistValue"), "values");
        check_attributes(one, want->kvlist_value->values, want->kvlist_value->n_values);
        break;
    case 7: check_base64(json_string_value(json_object_get(got, "bytesValue")), want->bytes_value); break;
    default: break;
    }
    assert_int_equal(json_object_size(got), want->value_case != 0);
}

static void check_attributes(json_t *list, KeyValue *const *want, size_t count)
{
    assert_int_equal(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        json_t *kv = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(kv, "key")), want[i]->key);
        check_value(json_object_get(kv, "value"), want[i]->value);
        assert_int_equal(json_object_size(kv), 2);
    }
}

static void take_attributes(json_t *object, KeyValue *const *want, size_t count)
{
    check_attributes(json_object_get(object, "attributes"), want, count);
    if (count)
        take(object, "attributes");
}

static void take_events(json_t *span, const Span *want)
{
    json_t *list = json_object_get(span, "events");
    assert_int_equal(json_array_size(list), want->n_events);
    for (size_t i = 0; i < want->n_events; i++) {
        json_t *got = json_array_get(list, i);
        check_u64(got, "timeUnixNano", want->events[i]->time_unix_nano);
        check_text(got, "name", want->events[i]->name);
        check_u32(got, "droppedAttributesCount", want->events[i]->dropped_attributes_count);
        take_attributes(got, want->events[i]->attributes, want->events[i]->n_attributes);
        check_empty(got);
    }
    if (list)
        take(span, "events");
}

static void take_links(json_t *span, const Span *want)
{
    json_t *list = json_object_get(span, "links");
    assert_int_equal(json_array_size(list), want->n_links);
    for (size_t i = 0; i < want->n_links; i++) {
        json_t *got = json_array_get(list, i);
        check_hex(got, "traceId", want->links[i]->trace_id);
        check_hex(got, "spanId", want->links[i]->span_id);
        check_text(got, "traceState", want->links[i]->trace_state);
        check_u32(got, "flags", want->links[i]->flags);
        check_u32(got, "droppedAttributesCount", want->links[i]->dropped_attributes_count);
        take_attributes(got, want->links[i]->attributes, want->links[i]->n_attributes);
        check_empty(got);
    }
    if (list)
        take(span, "links");
}

static void take_status(json_t *span, const Status *want)
{
    json_t *got = json_object_get(span, "status");
    if (!want || (want->code == 0 && !*want->message)) {
        assert_null(got);
        return;
    }
    assert_true(json_is_integer(json_object_get(got, "code")));
    assert_int_equal(json_integer_value(json_object_get(got, "code")), want->code);
    take(got, "code");
    check_text(got, "message", want->message);
    check_empty(got);
    take(span, "status");
}

static void check_span(json_t *got, const Span *want)
{
    check_hex(got, "traceId", want->trace_id);
    check_hex(got, "spanId", want->span_id);
    check_hex(got, "parentSpanId", want->parent_span_id);
    check_text(got, "traceState", want->trace_state);
    check_text(got, "name", want->name);
    check_u32(got, "kind", want->kind);
    check_u32(got, "flags", want->flags);
    check_u64(got, "startTimeUnixNano", want->start_time_unix_nano);
    check_u64(got, "endTimeUnixNano", want->end_time_unix_nano);
    check_u32(got, "droppedAttributesCount", want->dropped_attributes_count);
    check_u32(got, "droppedEventsCount", want->dropped_events_count);
    check_u32(got, "droppedLinksCount", want->dropped_links_count);
    take_attributes(got, want->attributes, want->n_attributes);
    take_events(got, want);
    take_links(got, want);
    take_status(got, want->status);
    check_empty(got);
}

static void check_request(json_t *got, const Request *want)
{
    json_t *resource_spans = json_array_get(json_object_get(got, "resourceSpans"), 0);
    assert_int_equal(json_array_size(json_object_get(got, "resourceSpans")), 1);
    json_t *resource = json_object_get(resource_spans, "resource");
    take_attributes(resource, want->resource_spans[0]->resource->attributes, want->resource_spans[0]->resource->n_attributes);
    check_empty(resource);
    json_t *groups = json_object_get(resource_spans, "scopeSpans");
    assert_int_equal(json_array_size(groups), want->resource_spans[0]->n_scope_spans);
    for (size_t g = 0; g < json_array_size(groups); g++) {
        json_t *group = json_array_get(groups, g);
        const Opentelemetry__Proto__Trace__V1__ScopeSpans *want_group = want->resource_spans[0]->scope_spans[g];
        json_t *scope = json_object_get(group, "scope");
        check_text(scope, "name", want_group->scope->name);
        check_text(scope, "version", want_group->scope->version);
        take_attributes(scope, want_group->scope->attributes, want_group->scope->n_attributes);
        check_u32(scope, "droppedAttributesCount", want_group->scope->dropped_attributes_count);
        check_empty(scope);
        check_text(group, "schemaUrl", want_group->schema_url);
        json_t *spans = json_object_get(group, "spans");
        assert_int_equal(json_array_size(spans), want_group->n_spans);
        for (size_t i = 0; i < json_array_size(spans); i++)
            check_span(json_array_get(spans, i), want_group->spans[i]);
        assert_int_equal(json_object_size(group), 2);
    }
    check_text(resource_spans, "schemaUrl", want->resource_spans[0]->schema_url);
    assert_int_equal(json_object_size(resource_spans), 2);
    assert_int_equal(json_object_size(got), 1);
}

/* ---- tests ---- */

static json_t *parse(const struct spw__json *out)
{
    json_error_t error;
    assert_null(memchr(out->data, '\n', out->size));
    json_t *json = json_loadb(out->data, out->size, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s at %d of %.*s", error.text, error.position, (int)out->size, out->data);
    return json;
}

static enum spw__otlp_json_step encode(struct spw__otlp_json *json, const spw_batch *batch, size_t slice)
{
    enum spw__otlp_json_step step;
    spw__otlp_json_begin(json, batch);
    do {
        step = spw__otlp_json_step(json, slice);
    } while (step == SPW__OTLP_JSON_MORE);
    return step;
}

static void says_what_protobuf_says(void **state)
{
    (void)state;
    struct spw__otlp_json json = { .out.most = MOST };
    for (int round = 0; round < 300; round++) {
        spw_batch *batch = random_batch(1 + draw(12));
        assert_int_equal(encode(&json, batch, SIZE_MAX / 2), SPW__OTLP_JSON_DONE);
        spw_view wire = fake_batch_request(batch);
        assert_true(json.out.size < wire.size * SPW__OTLP_JSON_EXPANSION);
        Request *want = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, wire.size, (const uint8_t *)wire.data);
        assert_non_null(want);
        json_t *got = parse(&json.out);
        check_request(got, want);
        json_decref(got);
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(want, NULL);
        fake_batch_free(batch);
    }
    spw__json_free(&json.out);
}

static void steps_come_to_the_same(void **state)
{
    (void)state;
    struct spw__otlp_json whole = { .out.most = MOST }, slices = { .out.most = MOST };
    spw_batch *batch = random_batch(20);
    assert_int_equal(encode(&whole, batch, SIZE_MAX / 2), SPW__OTLP_JSON_DONE);
    for (size_t slice = 1; slice < 3000; slice += 700) {
        assert_int_equal(encode(&slices, batch, slice), SPW__OTLP_JSON_DONE);
        assert_int_equal(slices.out.size, whole.out.size);
        assert_memory_equal(slices.out.data, whole.out.data, whole.out.size);
    }
    fake_batch_free(batch);
    spw__json_free(&whole.out);
    spw__json_free(&slices.out);
}

static void an_exact_line(void **state)
{
    (void)state;
    fake_span wish = { "chat \"x\"", 0, "gen_ai.system", "a\nb", "retry", "it broke", true };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    struct spw__otlp_json json = { .out.most = MOST };
    assert_int_equal(encode(&json, batch, 1), SPW__OTLP_JSON_DONE);
    static const char want[] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"fake-service\"}}]},"
        "\"scopeSpans\":[{\"scope\":{\"name\":\"fake-scope\",\"version\":\"1.2\"},\"spans\":[{\"traceId\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\","
        "\"spanId\":\"a0a0a0a0a0a0a001\",\"parentSpanId\":\"a0a0a0a0a0a0a0a0\",\"flags\":257,\"name\":\"chat \\\"x\\\"\",\"kind\":3,"
        "\"startTimeUnixNano\":\"1767322800000000000\",\"endTimeUnixNano\":\"1767322800001500000\","
        "\"attributes\":[{\"key\":\"gen_ai.system\",\"value\":{\"stringValue\":\"a\\nb\"}}],"
        "\"events\":[{\"timeUnixNano\":\"1767322800000500000\",\"name\":\"retry\",\"attributes\":[{\"key\":\"event.key\",\"value\":{\"stringValue\":\"one\"}}]}],"
        "\"status\":{\"code\":2,\"message\":\"it broke\"}}]}]}]}";
    assert_int_equal(json.out.size, sizeof want - 1);
    assert_memory_equal(json.out.data, want, sizeof want - 1);
    fake_batch_free(batch);
    spw__json_free(&json.out);
}

static void escape(const char *text, size_t size, const char *want)
{
    struct spw__json j = { .most = MOST };
    spw__json_put_string(&j, (spw_view){ text, size });
    assert_int_equal(j.size, strlen(want));
    assert_memory_equal(j.data, want, j.size);
    spw__json_free(&j);
}

static void strings_are_json_whatever_they_hold(void **state)
{
    (void)state;
    escape("", 0, "\"\"");
    escape("\0", 1, "\"\\u0000\"");
    escape("\b\f\n\r\t\x0b\x7f\"\\/", 10, "\"\\b\\f\\n\\r\\t\\u000b\\u007f\\\"\\\\/\"");
    escape("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", 9, "\"\\u2028\\u2029\xe2\x80\xa7\"");
    escape("a\xff\xc3", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");                                     /* not UTF-8, and cut */
    escape("\xed\xa0\x80\xc0\x80", 5, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* a surrogate, overlong */
    escape("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");        /* above U+10FFFF */
}

static void doubles_read_back_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double want = random_double();
        struct spw__json j = { .most = 64 };
        spw__json_put_double(&j, want);
        if (isfinite(want)) {
            json_t *got = json_loadb(j.data, j.size, JSON_DECODE_ANY, NULL);
            assert_non_null(got);
            check_double(got, want);
            json_decref(got);
        }
        spw__json_free(&j);
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE" };
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++)
        found = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!found) {
        print_message("skip - no locale with a decimal comma is installed (Debian: locales-all)\n");
        skip();
    }
    struct spw__json j = { .most = 64 };
    spw__json_put_double(&j, -1234.5e-300);
    setlocale(LC_NUMERIC, "C");
    assert_memory_equal(j.data, "-1.2345e-297", j.size);
    spw__json_free(&j);
}

/* An attribute whose value is `depth` arrays in one another, framed as a record. */
static void set_deep_record(spw_batch *batch, unsigned depth)
{
    AnyValue *value = must(sizeof *value);
    opentelemetry__proto__common__v1__any_value__init(value);
    for (unsigned i = 0; i < depth; i++) {
        AnyValue *outer = must(sizeof *outer);
        opentelemetry__proto__common__v1__any_value__init(outer);
        outer->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE;
        outer->array_value = must(sizeof *outer->array_value);
        opentelemetry__proto__common__v1__array_value__init(outer->array_value);
        outer->array_value->n_values = 1;
        outer->array_value->values = must(sizeof *outer->array_value->values);
        outer->array_value->values[0] = value;
        value = outer;
    }
    Span *span = random_span();
    opentelemetry__proto__common__v1__any_value__free_unpacked(span->n_attributes ? span->attributes[0]->value : NULL, NULL);
    if (!span->n_attributes) {
        free(span->attributes);
        span->attributes = must(sizeof *span->attributes);
        span->attributes[0] = must(sizeof **span->attributes);
        opentelemetry__proto__common__v1__key_value__init(span->attributes[0]);
        span->attributes[0]->key = strdup("deep");
        span->n_attributes = 1;
    }
    span->attributes[0]->value = value;
    set_record(batch, 0, span);
    opentelemetry__proto__trace__v1__span__free_unpacked(span, NULL);
}

static void deep_values_end_at_a_depth(void **state)
{
    (void)state;
    static const unsigned depths[] = { 64, SPW__OTLP_JSON_MAX_DEPTH, SPW__OTLP_JSON_MAX_DEPTH + 1, 5000 };
    spw_batch *batch = fake_batch_simple(1, 1);
    struct spw__otlp_json json = { .out.most = MOST };
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        set_deep_record(batch, depths[i]);
        assert_int_equal(encode(&json, batch, 1), SPW__OTLP_JSON_DONE);
        json_t *got = parse(&json.out);
        json_t *span = json_array_get(json_object_get(json_array_get(json_object_get(json_array_get(json_object_get(got, "resourceSpans"), 0), "scopeSpans"), 0), "spans"), 0);
        json_t *at = json_object_get(json_array_get(json_object_get(span, "attributes"), 0), "value");
        unsigned depth = 0;
        for (json_t *next; (next = json_array_get(json_object_get(json_object_get(at, "arrayValue"), "values"), 0)); depth++)
            at = next;
        assert_int_equal(depth, depths[i] < SPW__OTLP_JSON_MAX_DEPTH ? depths[i] : SPW__OTLP_JSON_MAX_DEPTH);
        json_decref(got);
    }
    fake_batch_free(batch);
    spw__json_free(&json.out);
}

/* What grows most: empty arrays in an array; control characters; empty attributes. */
static void no_batch_grows_past_its_expansion(void **state)
{
    (void)state;
    static uint8_t record[300000];
    for (int kind = 0; kind < 3; kind++) {
        enum { COUNT = 50000 };
        static const uint8_t pieces[3][4] = { { 0x0a, 2, 0x2a, 0 }, { 1, 2, 3, 4 }, { 0x0a, 2, 0x0a, 0 } };
        static const uint8_t any[] = { 0x2a, 0x0a, 0x32 }; /* array, string, map */
        size_t body = COUNT * 4, lists = body + 4, value = lists + 4, kv = value + 4;
        size_t n = 0;
        const size_t sizes[] = { kv, value, lists, body };
        const uint8_t tags[] = { 0x12, 0x4a, 0x12, any[kind] };
        for (int i = 0; i < 4; i++) {
            record[n++] = tags[i];
            record[n++] = (uint8_t)(sizes[i] & 127) | 128;
            record[n++] = (uint8_t)(sizes[i] >> 7 & 127) | 128;
            record[n++] = (uint8_t)(sizes[i] >> 14);
        }
        for (int i = 0; i < COUNT; i++, n += 4)
            memcpy(record + n, pieces[kind], 4);
        spw_batch *batch = fake_batch_simple(1, 1);
        fake_batch_set_record(batch, 0, record, n);
        struct spw__otlp_json json = { .out.most = MOST };
        assert_int_equal(encode(&json, batch, 1), SPW__OTLP_JSON_DONE);
        assert_true(json.out.size > n * 5);
        assert_true(json.out.size < spw_batch_encoded_size(batch) * SPW__OTLP_JSON_EXPANSION);
        json_decref(parse(&json.out));
        spw__json_free(&json.out);
        fake_batch_free(batch);
    }
}

static void a_maximum_is_kept(void **state)
{
    (void)state;
    spw_batch *batch = random_batch(10);
    struct spw__otlp_json json = { .out.most = 500 };
    assert_int_equal(encode(&json, batch, 100), SPW__OTLP_JSON_TOO_LARGE);
    assert_true(json.out.size <= 500);
    json.out.most = MOST;
    assert_int_equal(encode(&json, batch, 100), SPW__OTLP_JSON_DONE); /* it can be used again */
    spw__json_free(&json.out);
    fake_batch_free(batch);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    spw_batch *batch = random_batch(200);
    unsigned failures = 0;
    for (bool done = false; !done;) {
        struct spw__otlp_json json = { .out.most = MOST };
        fail_alloc_at(++failures);
        enum spw__otlp_json_step step = encode(&json, batch, 100);
        done = !fail_alloc_stop();
        assert_int_equal(step, done ? SPW__OTLP_JSON_DONE : SPW__OTLP_JSON_NO_MEMORY);
        spw__json_free(&json.out);
    }
    assert_true(failures > 2);
    fake_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_protobuf_says),
        cmocka_unit_test(steps_come_to_the_same),
        cmocka_unit_test(an_exact_line),
        cmocka_unit_test(strings_are_json_whatever_they_hold),
        cmocka_unit_test(doubles_read_back_the_same),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(deep_values_end_at_a_depth),
        cmocka_unit_test(no_batch_grows_past_its_expansion),
        cmocka_unit_test(a_maximum_is_kept),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
