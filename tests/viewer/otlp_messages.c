/* Contract: otlp_messages.h. */
#include "otlp_messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE(WHICH) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##WHICH
#define NEW(name, pointer) ((pointer) = heap(sizeof *(pointer)), opentelemetry__proto__##name##__init(pointer))

/* Appends to one of protobuf-c's pointer arrays, whatever it points at. */
#define APPEND(count, array, item) ((array) = om_grown((array), (count)), (array)[(count)++] = (item))

static void *heap(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

void *om_grown(void *array, size_t count)
{
    void *larger = realloc(array, (count + 1) * sizeof(void *));
    if (!larger)
        abort();
    return larger;
}

char *om_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(heap(size), text, size);
}

void om_replace(char **field, const char *text)
{
    if (*field != protobuf_c_empty_string)
        free(*field);
    *field = om_copy(text);
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

/* ---- values ---- */

static om_value *value_of(int which)
{
    om_value *value;
    NEW(common__v1__any_value, value);
    value->value_case = (Opentelemetry__Proto__Common__V1__AnyValue__ValueCase)which;
    return value;
}

om_value *om_empty(void)
{
    return value_of(VALUE(_NOT_SET));
}

om_value *om_text(const char *text)
{
    om_value *value = value_of(VALUE(STRING_VALUE));
    value->string_value = om_copy(text);
    return value;
}

om_value *om_int(int64_t number)
{
    om_value *value = value_of(VALUE(INT_VALUE));
    value->int_value = number;
    return value;
}

om_value *om_double(double number)
{
    om_value *value = value_of(VALUE(DOUBLE_VALUE));
    value->double_value = number;
    return value;
}

om_value *om_bool(bool yes)
{
    om_value *value = value_of(VALUE(BOOL_VALUE));
    value->bool_value = yes;
    return value;
}

om_value *om_bytes(const void *data, size_t size)
{
    om_value *value = value_of(VALUE(BYTES_VALUE));
    value->bytes_value = (ProtobufCBinaryData){.len = size, .data = memcpy(heap(size), data, size)};
    return value;
}

om_value *om_array(void)
{
    om_value *value = value_of(VALUE(ARRAY_VALUE));
    NEW(common__v1__array_value, value->array_value);
    return value;
}

om_value *om_map(void)
{
    om_value *value = value_of(VALUE(KVLIST_VALUE));
    NEW(common__v1__key_value_list, value->kvlist_value);
    return value;
}

om_value *om_push(om_value *array, om_value *item)
{
    APPEND(array->array_value->n_values, array->array_value->values, item);
    return array;
}

om_pair *om_new_pair(const char *key, om_value *value)
{
    om_pair *pair;
    NEW(common__v1__key_value, pair);
    pair->key = om_copy(key);
    pair->value = value;
    return pair;
}

om_value *om_put(om_value *map, const char *key, om_value *item)
{
    APPEND(map->kvlist_value->n_values, map->kvlist_value->values, om_new_pair(key, item));
    return map;
}

/* ---- requests ---- */

om_request *om_begin(const char *service, om_resource_spans **resource, om_scope_spans **scope)
{
    om_request *request;
    NEW(collector__trace__v1__export_trace_service_request, request);
    NEW(trace__v1__resource_spans, *resource);
    NEW(resource__v1__resource, (*resource)->resource);
    NEW(trace__v1__scope_spans, *scope);
    NEW(common__v1__instrumentation_scope, (*scope)->scope);
    APPEND(request->n_resource_spans, request->resource_spans, *resource);
    APPEND((*resource)->n_scope_spans, (*resource)->scope_spans, *scope);
    om_set((*resource)->resource, "service.name", om_text(service));
    return request;
}

om_span *om_add_span(om_scope_spans *scope, const char *trace_id, unsigned id, unsigned parent, const char *name, uint64_t start, uint64_t end)
{
    char hex[24];
    om_span *span;
    NEW(trace__v1__span, span);
    span->trace_id = from_hex(trace_id);
    snprintf(hex, sizeof hex, "%016x", id);
    span->span_id = from_hex(hex);
    snprintf(hex, sizeof hex, "%016x", parent);
    if (parent)
        span->parent_span_id = from_hex(hex);
    span->name = om_copy(name);
    span->kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL;
    span->start_time_unix_nano = start;
    span->end_time_unix_nano = end;
    APPEND(scope->n_spans, scope->spans, span);
    return span;
}

om_event *om_add_event(om_span *span, const char *name, uint64_t time)
{
    om_event *event;
    NEW(trace__v1__span__event, event);
    event->name = om_copy(name);
    event->time_unix_nano = time;
    APPEND(span->n_events, span->events, event);
    return event;
}

om_link *om_add_link(om_span *span, const char *trace_id, const char *span_id)
{
    om_link *link;
    NEW(trace__v1__span__link, link);
    link->trace_id = from_hex(trace_id);
    link->span_id = from_hex(span_id);
    APPEND(span->n_links, span->links, link);
    return link;
}

void om_fail(om_span *span, const char *message)
{
    NEW(trace__v1__status, span->status);
    span->status->code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
    span->status->message = om_copy(message);
}

struct request om_finish(om_request *request)
{
    struct request encoded = {.size = opentelemetry__proto__collector__trace__v1__export_trace_service_request__get_packed_size(request)};
    encoded.data = heap(encoded.size);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__pack(request, encoded.data);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
    return encoded;
}
