/* A batch made of nothing but a test's wishes: fake_batch.h. */
#include "fake_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

typedef Opentelemetry__Proto__Trace__V1__Span Span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event Event;
typedef Opentelemetry__Proto__Trace__V1__Status Status;
typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;
typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;

struct record {
    uint8_t *bytes; /* framed: 0x12, length, Span */
    size_t size;
    spw_instrumentation_scope scope;
};

struct spw_batch {
    uint64_t sequence;
    size_t count;
    struct record *records;
    uint8_t *resource; /* a Resource message */
    size_t resource_size;
    uint8_t *request; /* an ExportTraceServiceRequest */
    size_t request_size;
    unsigned encodings;
    spw_view schema_url;
};

static const spw_instrumentation_scope fake_scope = { .name = { "fake-scope", 10 }, .version = { "1.2", 3 } };

bool spw__batch_record(const spw_batch *batch, size_t index, spw_view *record, spw_instrumentation_scope *scope);

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- making it ---- */

static void string_attr(KeyValue *kv, AnyValue *value, const char *key, char *text)
{
    opentelemetry__proto__common__v1__key_value__init(kv);
    opentelemetry__proto__common__v1__any_value__init(value);
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = text;
    kv->key = (char *)(uintptr_t)key;
    kv->value = value;
}

static size_t put_varint(uint8_t *out, size_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static struct record pack_span(const fake_span *wish, size_t index)
{
    uint8_t ids[24];
    memset(ids, 0xa0, sizeof ids);
    ids[23] = (uint8_t)(index + 1);
    Span span;
    opentelemetry__proto__trace__v1__span__init(&span);
    span.trace_id = (ProtobufCBinaryData){ 16, ids };
    span.span_id = (ProtobufCBinaryData){ 8, ids + 16 };
    if (wish->has_parent)
        span.parent_span_id = (ProtobufCBinaryData){ 8, ids };
    span.name = (char *)(uintptr_t)wish->name;
    span.kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT;
    span.start_time_unix_nano = 1767322800000000000u;
    span.end_time_unix_nano = 1767322800000000000u + 1500000u;
    span.flags = 0x101;
    KeyValue kvs[2];
    AnyValue values[2];
    KeyValue *list[2];
    char *payload = must(malloc(wish->payload_bytes + 1));
    for (size_t i = 0; i < wish->payload_bytes; i++)
        payload[i] = (char)('a' + (i * 7 + i / 31) % 26);
    payload[wish->payload_bytes] = '\0';
    if (wish->attr_key)
        string_attr(&kvs[span.n_attributes], &values[span.n_attributes], wish->attr_key, (char *)(uintptr_t)wish->attr_value), span.n_attributes++;
    if (wish->payload_bytes)
        string_attr(&kvs[span.n_attributes], &values[span.n_attributes], "payload", payload), span.n_attributes++;
    list[0] = &kvs[0];
    list[1] = &kvs[1];
    span.attributes = list;
    Event event;
    Event *events[1] = { &event };
    KeyValue event_kv;
    AnyValue event_value;
    KeyValue *event_list[1] = { &event_kv };
    char one[] = "one";
    if (wish->event_name) {
        opentelemetry__proto__trace__v1__span__event__init(&event);
        event.name = (char *)(uintptr_t)wish->event_name;
        event.time_unix_nano = 1767322800000500000u;
        string_attr(&event_kv, &event_value, "event.key", one);
        event.n_attributes = 1;
        event.attributes = event_list;
        span.n_events = 1;
        span.events = events;
    }
    Status status;
    if (wish->status_text) {
        opentelemetry__proto__trace__v1__status__init(&status);
        status.code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
        status.message = (char *)(uintptr_t)wish->status_text;
        span.status = &status;
    }
    size_t size = opentelemetry__proto__trace__v1__span__get_packed_size(&span);
    struct record record = { must(malloc(size + 11)), 0, fake_scope };
    record.bytes[0] = 0x12;
    record.size = 1 + put_varint(record.bytes + 1, size);
    record.size += opentelemetry__proto__trace__v1__span__pack(&span, record.bytes + record.size);
    free(payload);
    return record;
}

static size_t frame(uint8_t *out, uint8_t tag, const uint8_t *bytes, size_t size)
{
    out[0] = tag;
    size_t n = 1 + put_varint(out + 1, size);
    memcpy(out + n, bytes, size);
    return n + size;
}

static size_t frame_text(uint8_t *out, uint8_t tag, spw_view text)
{
    return text.size ? frame(out, tag, (const uint8_t *)text.data, text.size) : 0;
}

static bool same_scope(const spw_instrumentation_scope *a, const spw_instrumentation_scope *b)
{
    return a->name.data == b->name.data && a->version.data == b->version.data && a->schema_url.data == b->schema_url.data &&
           a->attributes.at == b->attributes.at;
}

/* scope_spans { scope, records, schema_url } of the records from *at on that share a scope. */
static size_t put_scope_spans(const spw_batch *b, size_t *at, uint8_t *out, uint8_t *scratch)
{
    const spw_instrumentation_scope scope = b->records[*at].scope;
    uint8_t head[300];
    size_t used = frame_text(head, 0x0a, scope.name);
    used += frame_text(head + used, 0x12, scope.version);
    const size_t attributes = (size_t)(scope.attributes.end - scope.attributes.at);
    if (attributes)
        memcpy(head + used, scope.attributes.at, attributes);
    size_t size = frame(scratch, 0x0a, head, used + attributes);
    for (; *at < b->count && same_scope(&b->records[*at].scope, &scope); ++*at) {
        memcpy(scratch + size, b->records[*at].bytes, b->records[*at].size);
        size += b->records[*at].size;
    }
    size += frame_text(scratch + size, 0x1a, scope.schema_url);
    return frame(out, 0x12, scratch, size);
}

/* resource_spans { resource, scope_spans, ..., schema_url } */
static void build_request(spw_batch *b)
{
    size_t total = b->resource_size + 1000;
    for (size_t i = 0; i < b->count; i++)
        total += b->records[i].size + 300;
    uint8_t *scratch = must(malloc(total));
    uint8_t *resource_spans = must(malloc(total));
    size_t size = frame(resource_spans, 0x0a, b->resource, b->resource_size);
    size_t at = 0;
    do {
        size += b->count ? put_scope_spans(b, &at, resource_spans + size, scratch) : 0;
    } while (at < b->count);
    size += frame_text(resource_spans + size, 0x1a, b->schema_url);
    free(b->request);
    b->request = must(malloc(size + 12));
    b->request_size = frame(b->request, 0x0a, resource_spans, size);
    free(scratch);
    free(resource_spans);
}

spw_batch *fake_batch_new(uint64_t sequence, const fake_span *spans, size_t count)
{
    static const uint8_t resource[] = "\x0a\x1e\x0a\x0c" "service.name" "\x12\x0e\x0a\x0c" "fake-service";
    spw_batch *b = must(calloc(1, sizeof *b));
    b->sequence = sequence;
    b->count = count;
    b->records = must(calloc(count + 1, sizeof *b->records));
    for (size_t i = 0; i < count; i++)
        b->records[i] = pack_span(&spans[i], i);
    b->resource_size = sizeof resource - 1;
    b->resource = must(malloc(b->resource_size));
    memcpy(b->resource, resource, b->resource_size);
    build_request(b);
    return b;
}

spw_batch *fake_batch_simple(uint64_t sequence, size_t count)
{
    fake_span *spans = must(calloc(count + 1, sizeof *spans));
    for (size_t i = 0; i < count; i++)
        spans[i].name = "simple";
    spw_batch *b = fake_batch_new(sequence, spans, count);
    free(spans);
    return b;
}

void fake_batch_set_record(spw_batch *b, size_t index, const void *bytes, size_t size)
{
    free(b->records[index].bytes);
    b->records[index].bytes = must(malloc(size + 1));
    memcpy(b->records[index].bytes, bytes, size);
    b->records[index].size = size;
    build_request(b);
}

void fake_batch_set_scope(spw_batch *b, size_t index, spw_instrumentation_scope scope)
{
    for (size_t i = index; i < b->count; i++)
        b->records[i].scope = scope;
    build_request(b);
}

void fake_batch_set_schema_url(spw_batch *b, const char *url)
{
    b->schema_url = (spw_view){ url, strlen(url) };
    build_request(b);
}

/* resource { attributes { key: "text", value { string_value } } } */
void fake_batch_set_resource_text(spw_batch *b, size_t letters)
{
    uint8_t *value = must(malloc(letters + 100)), *attribute = must(malloc(letters + 100)), *text = must(malloc(letters + 1));
    memset(text, 't', letters);
    size_t size = frame(value, 0x0a, text, letters);
    memcpy(attribute, "\x0a\x04text", 6);
    size = 6 + frame(attribute + 6, 0x12, value, size);
    free(b->resource);
    b->resource = must(malloc(letters + 100));
    b->resource_size = frame(b->resource, 0x0a, attribute, size);
    free(text);
    free(value);
    free(attribute);
}

spw_view fake_batch_request(const spw_batch *b)
{
    return (spw_view){ (const char *)b->request, b->request_size };
}

unsigned fake_batch_encodings(const spw_batch *b)
{
    return b->encodings;
}

void fake_batch_free(spw_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->records[i].bytes);
    free(b->records);
    free(b->resource);
    free(b->request);
    free(b);
}

/* ---- what exporters see ---- */

size_t spw_batch_count(const spw_batch *b)
{
    return b->count;
}

uint64_t spw_batch_sequence(const spw_batch *b)
{
    return b->sequence;
}

size_t spw_batch_encoded_size(const spw_batch *b)
{
    return b->request_size;
}

size_t spw_batch_encode(const spw_batch *b, uint8_t *out, size_t size)
{
    ((spw_batch *)(uintptr_t)b)->encodings++;
    if (size < b->request_size)
        return 0;
    memcpy(out, b->request, b->request_size);
    return b->request_size;
}

spw_attr_iter spw_batch_resource(const spw_batch *b)
{
    return (spw_attr_iter){ b->resource, b->resource + b->resource_size, 1, 0 };
}

spw_view spw_batch_resource_schema_url(const spw_batch *b)
{
    return b->schema_url;
}

bool spw__batch_record(const spw_batch *b, size_t index, spw_view *record, spw_instrumentation_scope *scope)
{
    if (index >= b->count)
        return false;
    *record = (spw_view){ (const char *)b->records[index].bytes, b->records[index].size };
    *scope = b->records[index].scope;
    return true;
}
