/* A batch as OTLP JSON: otlp_json.h. */
#include "otlp_json.h"

#include <string.h>

#include "otlp_json_value.h"

static bool same(spw_view a, spw_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static spw_view encoded(const spw_attr_iter *attributes)
{
    return (spw_view){ (const char *)attributes->at, (size_t)(attributes->end - attributes->at) };
}

static bool same_scope(const spw_instrumentation_scope *a, const spw_instrumentation_scope *b)
{
    return same(a->name, b->name) && same(a->version, b->version) && same(a->schema_url, b->schema_url) &&
           same(encoded(&a->attributes), encoded(&b->attributes));
}

/* ---- fields ---- */

/* `,"name":` */
#define PUT_NAME(j, name) SPW__JSON_PUT((j), ",\"" name "\":")

#define PUT_TEXT(j, name, view)                                                                                                            \
    do {                                                                                                                                   \
        if ((view).size) {                                                                                                                 \
            PUT_NAME(j, name);                                                                                                             \
            spw__json_put_string((j), (view));                                                                                             \
        }                                                                                                                                  \
    } while (0)

#define PUT_U32(j, name, number)                                                                                                           \
    do {                                                                                                                                   \
        if (number) {                                                                                                                      \
            PUT_NAME(j, name);                                                                                                             \
            spw__json_put_u32((j), (uint32_t)(number));                                                                                    \
        }                                                                                                                                  \
    } while (0)

static void put_events(struct spw__json *j, spw_event_iter it)
{
    bool any = false;
    for (spw_event_view event; !spw__json_failed(j) && spw_event_next(&it, &event); any = true) {
        if (any)
            SPW__JSON_PUT(j, ",");
        else
            SPW__JSON_PUT(j, ",\"events\":[");
        SPW__JSON_PUT(j, "{\"timeUnixNano\":");
        spw__json_put_u64(j, event.unix_ns);
        PUT_TEXT(j, "name", event.name);
        spw__otlp_json_attributes(j, ",\"attributes\":", event.attributes);
        PUT_U32(j, "droppedAttributesCount", event.dropped_attributes);
        SPW__JSON_PUT(j, "}");
    }
    if (any)
        SPW__JSON_PUT(j, "]");
}

static void put_links(struct spw__json *j, spw_link_iter it)
{
    bool any = false;
    for (spw_link_view link; !spw__json_failed(j) && spw_link_next(&it, &link); any = true) {
        if (any)
            SPW__JSON_PUT(j, ",");
        else
            SPW__JSON_PUT(j, ",\"links\":[");
        SPW__JSON_PUT(j, "{\"traceId\":");
        spw__json_put_hex(j, link.trace_id, sizeof link.trace_id);
        PUT_NAME(j, "spanId");
        spw__json_put_hex(j, link.span_id, sizeof link.span_id);
        PUT_TEXT(j, "traceState", link.trace_state);
        spw__otlp_json_attributes(j, ",\"attributes\":", link.attributes);
        PUT_U32(j, "droppedAttributesCount", link.dropped_attributes);
        PUT_U32(j, "flags", link.flags);
        SPW__JSON_PUT(j, "}");
    }
    if (any)
        SPW__JSON_PUT(j, "]");
}

static void put_status(struct spw__json *j, const spw_span_view *span)
{
    if (span->status == SPW_STATUS_UNSET && !span->status_message.size)
        return;
    SPW__JSON_PUT(j, ",\"status\":{\"code\":");
    spw__json_put_u32(j, (uint32_t)span->status);
    PUT_TEXT(j, "message", span->status_message);
    SPW__JSON_PUT(j, "}");
}

static void put_ids(struct spw__json *j, const spw_span_view *span)
{
    static const uint8_t none[8] = { 0 };
    SPW__JSON_PUT(j, "{\"traceId\":");
    spw__json_put_hex(j, span->trace_id, sizeof span->trace_id);
    PUT_NAME(j, "spanId");
    spw__json_put_hex(j, span->span_id, sizeof span->span_id);
    PUT_TEXT(j, "traceState", span->trace_state);
    if (memcmp(span->parent_span_id, none, sizeof none) != 0) {
        PUT_NAME(j, "parentSpanId");
        spw__json_put_hex(j, span->parent_span_id, sizeof span->parent_span_id);
    }
    PUT_U32(j, "flags", span->flags);
}

static void put_span(struct spw__json *j, const spw_span_view *span)
{
    put_ids(j, span);
    PUT_TEXT(j, "name", span->name);
    PUT_U32(j, "kind", span->kind);
    PUT_NAME(j, "startTimeUnixNano");
    spw__json_put_u64(j, span->start_unix_ns);
    PUT_NAME(j, "endTimeUnixNano");
    spw__json_put_u64(j, span->end_unix_ns);
    spw__otlp_json_attributes(j, ",\"attributes\":", span->attributes);
    PUT_U32(j, "droppedAttributesCount", span->dropped_attributes);
    put_events(j, span->events);
    PUT_U32(j, "droppedEventsCount", span->dropped_events);
    put_links(j, span->links);
    PUT_U32(j, "droppedLinksCount", span->dropped_links);
    put_status(j, span);
    SPW__JSON_PUT(j, "}");
}

/* ---- scopes and the whole ---- */

static void open_scope(struct spw__otlp_json *json, const spw_instrumentation_scope *scope)
{
    struct spw__json *j = &json->out;
    json->scope = *scope;
    json->in_scope = true;
    bool any = scope->name.size || scope->version.size;
    SPW__JSON_PUT(j, "{\"scope\":{");
    if (scope->name.size) {
        SPW__JSON_PUT(j, "\"name\":");
        spw__json_put_string(j, scope->name);
    }
    if (scope->version.size) {
        spw__json_put(j, ",\"version\":", scope->name.size ? 11 : 0);
        if (!scope->name.size)
            SPW__JSON_PUT(j, "\"version\":");
        spw__json_put_string(j, scope->version);
    }
    spw__otlp_json_attributes(j, any ? ",\"attributes\":" : "\"attributes\":", scope->attributes);
    if (scope->dropped_attributes) {
        spw_attr_iter it = scope->attributes;
        any = spw_attr_next(&it, &(spw_attr){ 0 }) || any;
        spw__json_put(j, ",", any ? 1 : 0);
        SPW__JSON_PUT(j, "\"droppedAttributesCount\":");
        spw__json_put_u32(j, scope->dropped_attributes);
    }
    SPW__JSON_PUT(j, "},\"spans\":[");
}

static void close_scope(struct spw__otlp_json *json)
{
    SPW__JSON_PUT(&json->out, "]");
    PUT_TEXT(&json->out, "schemaUrl", json->scope.schema_url);
    SPW__JSON_PUT(&json->out, "}");
}

static void open_request(struct spw__otlp_json *json)
{
    struct spw__json *j = &json->out;
    json->line_start = j->size;
    json->in_scope = false;
    SPW__JSON_PUT(j, "{\"resourceSpans\":[{\"resource\":{");
    spw__otlp_json_attributes(j, "\"attributes\":", spw_batch_resource(json->batch));
    SPW__JSON_PUT(j, "},\"scopeSpans\":[");
    json->head_end = j->size;
    json->heads += j->size - json->line_start;
}

/* Whether the next span begins another line. A line is not mostly a large resource, which each of them repeats. */
static bool is_line_full(const struct spw__otlp_json *json)
{
    size_t head = json->head_end - json->line_start, line = json->out.size - json->line_start;
    return json->line_bytes && json->in_scope && line >= json->line_bytes && line - head >= json->line_bytes / 4 &&
           head <= json->most_heads && json->heads <= json->most_heads - head;
}

void spw__otlp_json_begin(struct spw__otlp_json *json, const spw_batch *batch)
{
    spw__json_clear(&json->out);
    json->batch = batch;
    json->heads = 0;
    json->it = spw_batch_spans(batch);
    open_request(json);
}

static void close_request(struct spw__otlp_json *json)
{
    spw_view schema_url = spw_batch_resource_schema_url(json->batch);
    if (json->in_scope)
        close_scope(json);
    SPW__JSON_PUT(&json->out, "]");
    PUT_TEXT(&json->out, "schemaUrl", schema_url);
    SPW__JSON_PUT(&json->out, "}]}");
    if (json->line_bytes)
        SPW__JSON_PUT(&json->out, "\n");
}

enum spw__otlp_json_step spw__otlp_json_step(struct spw__otlp_json *json, size_t bytes)
{
    struct spw__json *j = &json->out;
    size_t enough = j->size + bytes;
    spw_span_view span;
    bool more = true;
    while (!spw__json_failed(j) && j->size < enough && (more = spw_span_next(&json->it, &span))) {
        if (is_line_full(json)) {
            close_request(json);
            open_request(json);
        }
        if (json->in_scope && same_scope(&json->scope, &span.scope)) {
            SPW__JSON_PUT(j, ",");
        } else {
            if (json->in_scope) {
                close_scope(json);
                SPW__JSON_PUT(j, ",");
            }
            open_scope(json, &span.scope);
        }
        put_span(j, &span);
    }
    if (!more)
        close_request(json);
    if (spw__json_failed(j))
        return j->too_large ? SPW__OTLP_JSON_TOO_LARGE : SPW__OTLP_JSON_NO_MEMORY;
    return more ? SPW__OTLP_JSON_MORE : SPW__OTLP_JSON_DONE;
}
