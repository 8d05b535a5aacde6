/* Messages live on the heap, every string a copy, so that protobuf-c's own free_unpacked() takes a whole request down. */
#include "traces.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest pb_request;
typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue pb_pair;
typedef Opentelemetry__Proto__Trace__V1__ResourceSpans pb_resource_spans;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans pb_scope_spans;
typedef Opentelemetry__Proto__Trace__V1__Span pb_span;

#define MS UINT64_C(1000000)
#define VALUE(WHICH) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##WHICH
#define NEW(name, pointer) ((pointer) = heap(sizeof *(pointer)), opentelemetry__proto__##name##__init(pointer))

static void *heap(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(heap(size), text, size);
}

static ProtobufCBinaryData copy_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = memcpy(heap(size), data, size)};
}

static ProtobufCBinaryData from_hex(const char *hex)
{
    ProtobufCBinaryData bytes = {.len = strlen(hex) / 2, .data = heap(strlen(hex) / 2)};
    for (size_t i = 0; i < bytes.len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes.data[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes;
}

/* Appends to one of protobuf-c's pointer arrays, whatever it points at. */
#define APPEND(count, array, item) ((array) = grown((array), (count)), (array)[(count)++] = (item))

static void *grown(void *array, size_t count)
{
    void *larger = realloc(array, (count + 1) * sizeof(void *));
    if (!larger)
        abort();
    return larger;
}

/* ---- values and attributes ---- */

static pb_value *value_of(int which)
{
    pb_value *value;
    NEW(common__v1__any_value, value);
    value->value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)which;
    return value;
}

static pb_value *text_value(const char *text)
{
    pb_value *value = value_of(VALUE(STRING_VALUE));
    value->string_value = copy(text);
    return value;
}

static pb_value *int_value(int64_t number)
{
    pb_value *value = value_of(VALUE(INT_VALUE));
    value->int_value = number;
    return value;
}

static pb_value *double_value(double number)
{
    pb_value *value = value_of(VALUE(DOUBLE_VALUE));
    value->double_value = number;
    return value;
}

static pb_value *bool_value(bool yes)
{
    pb_value *value = value_of(VALUE(BOOL_VALUE));
    value->bool_value = yes;
    return value;
}

static pb_value *bytes_value(const void *data, size_t size)
{
    pb_value *value = value_of(VALUE(BYTES_VALUE));
    value->bytes_value = copy_bytes(data, size);
    return value;
}

static pb_value *array_value(pb_value *first, pb_value *second)
{
    pb_value *value = value_of(VALUE(ARRAY_VALUE));
    NEW(common__v1__array_value, value->array_value);
    APPEND(value->array_value->n_values, value->array_value->values, first);
    APPEND(value->array_value->n_values, value->array_value->values, second);
    return value;
}

static pb_pair *pair(const char *key, pb_value *value)
{
    pb_pair *pair;
    NEW(common__v1__key_value, pair);
    pair->key = copy(key);
    pair->value = value;
    return pair;
}

static pb_value *map_value(const char *key, pb_value *item)
{
    pb_value *value = value_of(VALUE(KVLIST_VALUE));
    NEW(common__v1__key_value_list, value->kvlist_value);
    APPEND(value->kvlist_value->n_values, value->kvlist_value->values, pair(key, item));
    return value;
}

static void set(pb_span *span, const char *key, pb_value *value)
{
    APPEND(span->n_attributes, span->attributes, pair(key, value));
}

/* ---- spans ---- */

static pb_span *add_span(pb_scope_spans *scope, const char *trace_id, unsigned id, unsigned parent, const char *name, uint64_t start, uint64_t end)
{
    char hex[24];
    pb_span *span;
    NEW(trace__v1__span, span);
    span->trace_id = from_hex(trace_id);
    snprintf(hex, sizeof hex, "%016x", id);
    span->span_id = from_hex(hex);
    snprintf(hex, sizeof hex, "%016x", parent);
    if (parent)
        span->parent_span_id = from_hex(hex);
    span->name = copy(name);
    span->kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL;
    span->start_time_unix_nano = start;
    span->end_time_unix_nano = end;
    APPEND(scope->n_spans, scope->spans, span);
    return span;
}

static void add_hostile_event(pb_span *span, uint64_t time)
{
    Opentelemetry__Proto__Trace__V1__Span__Event *event;
    NEW(trace__v1__span__event, event);
    event->name = copy(HOSTILE);
    event->time_unix_nano = time;
    APPEND(event->n_attributes, event->attributes, pair(HOSTILE, text_value(HOSTILE)));
    APPEND(span->n_events, span->events, event);
}

static void add_hostile_link(pb_span *span)
{
    Opentelemetry__Proto__Trace__V1__Span__Link *link;
    NEW(trace__v1__span__link, link);
    link->trace_id = from_hex(AGENT_TRACE_ID);
    link->span_id = from_hex(AGENT_FAILED_SPAN_ID);
    link->trace_state = copy(HOSTILE);
    APPEND(link->n_attributes, link->attributes, pair(HOSTILE, text_value(HOSTILE)));
    APPEND(span->n_links, span->links, link);
}

static void set_every_type(pb_span *span)
{
    static const uint8_t bytes[] = {0x00, 0xff, 0x3c};
    set(span, "type.string", text_value("plain text"));
    set(span, "type.int", int_value(INT64_MIN));
    set(span, "type.double", double_value(0.5));
    set(span, "type.bool", bool_value(true));
    set(span, "type.bytes", bytes_value(bytes, sizeof bytes));
    set(span, "type.array", array_value(int_value(1), text_value(HOSTILE)));
    set(span, "type.map", map_value(HOSTILE, bool_value(false)));
    set(span, "type.empty", value_of(VALUE(_NOT_SET)));
    set(span, "gen_ai.tool.call.arguments", text_value("{\"query\":\"" "prices\",\"limit\":12345678901234567890}"));
}

static void fail_span(pb_span *span, const char *message)
{
    NEW(trace__v1__status, span->status);
    span->status->code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
    span->status->message = copy(message);
}

static void set_model_call(pb_span *span, int64_t input, int64_t output)
{
    set(span, "gen_ai.operation.name", text_value("chat"));
    set(span, "gen_ai.usage.input_tokens", int_value(input));
    set(span, "gen_ai.usage.output_tokens", int_value(output));
    set(span, "gen_ai.input.messages", text_value("[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"<img src=x onerror=window.__pwned=3>\"}]}]"));
}

/* ---- requests ---- */

static pb_request *begin(const char *service, pb_scope_spans **scope)
{
    pb_request *request;
    pb_resource_spans *resource;
    NEW(collector__trace__v1__export_trace_service_request, request);
    NEW(trace__v1__resource_spans, resource);
    NEW(resource__v1__resource, resource->resource);
    NEW(trace__v1__scope_spans, *scope);
    NEW(common__v1__instrumentation_scope, (*scope)->scope);
    APPEND(request->n_resource_spans, request->resource_spans, resource);
    APPEND(resource->n_scope_spans, resource->scope_spans, *scope);
    APPEND(resource->resource->n_attributes, resource->resource->attributes, pair("service.name", text_value(service)));
    APPEND(resource->resource->n_attributes, resource->resource->attributes, pair(HOSTILE, text_value(HOSTILE)));
    (*scope)->scope->name = copy(HOSTILE);
    (*scope)->scope->version = copy(HOSTILE);
    APPEND((*scope)->scope->n_attributes, (*scope)->scope->attributes, pair(HOSTILE, text_value(HOSTILE)));
    return request;
}

static struct request finish(pb_request *request)
{
    struct request encoded = {.size = opentelemetry__proto__collector__trace__v1__export_trace_service_request__get_packed_size(request)};
    encoded.data = heap(encoded.size);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__pack(request, encoded.data);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
    return encoded;
}

struct request agent_trace(uint64_t start)
{
    char long_name[LONG_NAME_SIZE + 1];
    pb_scope_spans *scope;
    pb_request *request = begin(HOSTILE, &scope);
    memset(long_name, 'x', LONG_NAME_SIZE);
    long_name[LONG_NAME_SIZE] = 0;

    pb_span *run = add_span(scope, AGENT_TRACE_ID, 1, 0, HOSTILE, start, start + 900 * MS);
    set(run, "gen_ai.operation.name", text_value("invoke_agent"));
    set(run, "gen_ai.usage.input_tokens", int_value(99999)); /* an agent's own total: not to be counted again */
    run->trace_state = copy(HOSTILE);

    set_model_call(add_span(scope, AGENT_TRACE_ID, 2, 1, "chat gpt-x", start + 10 * MS, start + 300 * MS), 812, 96);

    pb_span *tool = add_span(scope, AGENT_TRACE_ID, 3, 1, "execute_tool web_search", start + 310 * MS, start + 600 * MS);
    set(tool, "gen_ai.operation.name", text_value("execute_tool"));
    set_every_type(tool);
    set(tool, HOSTILE, text_value(HOSTILE));
    add_hostile_event(tool, start + 400 * MS);
    add_hostile_link(tool);
    fail_span(tool, HOSTILE);

    set(add_span(scope, AGENT_TRACE_ID, 4, 3, long_name, start + 320 * MS, start + 500 * MS), "long", text_value(long_name));
    set_model_call(add_span(scope, AGENT_TRACE_ID, 5, 1, "chat gpt-x", start + 610 * MS, start + 890 * MS), 1000, 4);
    add_span(scope, AGENT_TRACE_ID, 6, 0x77, "its parent is lost", start + 20 * MS, start + 30 * MS);
    return finish(request);
}

struct request large_trace(uint64_t start)
{
    pb_scope_spans *scope;
    pb_request *request = begin("batch", &scope);
    add_span(scope, LARGE_TRACE_ID, 1, 0, "nightly import", start, start + LARGE_SPANS * MS);
    for (unsigned i = 2; i <= LARGE_SPANS; i++)
        add_span(scope, LARGE_TRACE_ID, i, 1, "read row", start + i * MS / 2, start + i * MS);
    return finish(request);
}
