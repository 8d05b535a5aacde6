#include "otlp_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;

static const key_value *find(key_value *const *attributes, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(attributes[i]->key, key) == 0)
            return attributes[i];
    return NULL;
}

static const char *string_of(const key_value *a)
{
    bool is_string = a && a->value && a->value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    return is_string ? a->value->string_value : NULL;
}

static void keep(otlp_trace *self, const resource_spans *from)
{
    const char *service = from->resource ? string_of(find(from->resource->attributes, from->resource->n_attributes, "service.name")) : NULL;
    for (size_t i = 0; i < from->n_scope_spans; i++)
        for (size_t j = 0; j < from->scope_spans[i]->n_spans && self->count < OTLP_TRACE_MAX_SPANS; j++)
            self->items[self->count++] = (otlp_item){ service ? service : "", from->scope_spans[i]->spans[j] };
}

static bool read_request(otlp_trace *self, const http_peer_request *request)
{
    size_t size = 0;
    uint8_t *body = http_peer_plain_body(request, &size);
    if (!body || self->request_count == OTLP_TRACE_MAX_REQUESTS) {
        free(body);
        return false;
    }
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *read =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, body);
    free(body);
    if (!read)
        return false;
    self->requests[self->request_count++] = read;
    for (size_t i = 0; i < read->n_resource_spans; i++)
        keep(self, read->resource_spans[i]);
    return true;
}

bool otlp_trace_init(otlp_trace *self, http_peer *from)
{
    bool ok = true;
    self->request_count = self->count = 0;
    for (size_t i = 0; i < http_peer_requests(from); i++)
        ok = read_request(self, http_peer_request_at(from, i)) && ok;
    return ok;
}

void otlp_trace_fini(otlp_trace *self)
{
    for (size_t i = 0; i < self->request_count; i++)
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(self->requests[i], NULL);
    self->request_count = self->count = 0;
}

const otlp_span *otlp_trace_parent(const otlp_trace *self, const otlp_span *span)
{
    for (size_t i = 0; i < self->count && span->parent_span_id.len > 0; i++)
        if (otlp_same_id(self->items[i].span->span_id, span->parent_span_id))
            return self->items[i].span;
    return NULL;
}

bool otlp_same_id(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool otlp_failed(const otlp_span *span)
{
    return span->status && span->status->code == OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
}

const char *otlp_string(const otlp_span *span, const char *key)
{
    return string_of(find(span->attributes, span->n_attributes, key));
}

const char *otlp_strings(const otlp_span *span, const char *key, char *out, size_t size)
{
    const key_value *a = find(span->attributes, span->n_attributes, key);
    if (!a || !a->value || a->value->value_case != OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE)
        return NULL;
    out[0] = '\0';
    for (size_t i = 0; i < a->value->array_value->n_values; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", i ? " " : "", a->value->array_value->values[i]->string_value);
    }
    return out;
}

int64_t otlp_int(const otlp_span *span, const char *key)
{
    const key_value *a = find(span->attributes, span->n_attributes, key);
    bool is_int = a && a->value && a->value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
    return is_int ? a->value->int_value : -1;
}

size_t otlp_events(const otlp_span *span, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < span->n_events; i++)
        count += strcmp(span->events[i]->name, name) == 0;
    return count;
}

size_t otlp_count(const otlp_trace *self, const char *name, const char *parent, const otlp_span **newest)
{
    size_t count = 0;
    const otlp_span *last = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const otlp_span *span = self->items[i].span, *above = otlp_trace_parent(self, span);
        if (strcmp(span->name, name) != 0 || strcmp(above ? above->name : "", parent) != 0)
            continue;
        count++;
        if (!last || span->start_time_unix_nano > last->start_time_unix_nano)
            last = span;
    }
    if (newest)
        *newest = last;
    return count;
}

size_t otlp_count_failed(const otlp_trace *self, const char *name, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const otlp_span *span = self->items[i].span;
        const char *error = otlp_string(span, "error.type");
        count += strcmp(span->name, name) == 0 && otlp_failed(span) && error && strcmp(error, type) == 0;
    }
    return count;
}
