/* A trace out of the store. Contract: export_trace.h. */
#include "export_trace.h"

#include <limits.h>
#include <string.h>

static struct spwv_export_part keep(struct spwv_export_trace *trace, struct spwv_slice bytes)
{
    struct spwv_export_part part = {trace->raw.size, bytes.size};
    spwv_buf_add(&trace->raw, bytes.data, bytes.size);
    return part;
}

static void keep_origin(struct spwv_export_trace *trace, struct spwv_buf *origins, const struct spwv_origin *origin)
{
    struct spwv_export_origin kept = {.raw = keep(trace, origin->raw)};
    kept.schema_url = keep(trace, origin->schema_url);
    spwv_buf_add(origins, &kept, sizeof kept);
}

/* ---- the store's sink ---- */

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    struct spwv_export_trace *trace = arg;
    (void)revision;
    memcpy(trace->trace_id, trace_id, SPWV_TRACE_ID_SIZE);
}

static void on_resource(void *arg, const struct spwv_origin *resource)
{
    struct spwv_export_trace *trace = arg;
    keep_origin(trace, &trace->resources, resource);
}

static void on_scope(void *arg, const struct spwv_origin *scope)
{
    struct spwv_export_trace *trace = arg;
    keep_origin(trace, &trace->scopes, scope);
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct spwv_export_trace *trace = arg;
    struct spwv_export_span kept = {.start = span->start_unix_ns,
                                    .end = span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns : span->start_unix_ns,
                                    .resource = resource,
                                    .scope = scope,
                                    .parent = -1,
                                    .below = -1,
                                    .has_parent = spwv_otlp_has_parent(span)};
    if (trace->spans.failed || trace->raw.failed)
        return;
    memcpy(kept.id, span->span_id.data, sizeof kept.id); /* the store gives no span without 8 bytes */
    if (kept.has_parent)
        memcpy(kept.parent_id, span->parent_span_id.data, sizeof kept.parent_id);
    kept.raw = keep(trace, span->raw);
    trace->start = trace->spans.size && trace->start < kept.start ? trace->start : kept.start;
    trace->end = trace->end > kept.end ? trace->end : kept.end;
    spwv_buf_add(&trace->spans, &kept, sizeof kept);
}

bool spwv_export_read(struct spwv_export_trace *trace, struct spwv_store *store, const uint8_t *trace_id, const struct spwv_buf *out,
                      struct spwv_error *error)
{
    struct spwv_trace_sink sink = {trace, on_trace, on_resource, on_scope, on_span};
    memset(trace, 0, sizeof *trace);
    spwv_buf_init(&trace->raw, out->max, out->budget);
    spwv_buf_init(&trace->resources, out->max, out->budget);
    spwv_buf_init(&trace->scopes, out->max, out->budget);
    spwv_buf_init(&trace->spans, out->max, out->budget);
    if (!store->read(store, trace_id, &sink, error))
        return false;
    trace->failed = trace->raw.failed || trace->resources.failed || trace->scopes.failed || trace->spans.failed ||
                    trace->spans.size / sizeof(struct spwv_export_span) > INT_MAX;
    return true;
}

void spwv_export_fini(struct spwv_export_trace *trace)
{
    spwv_buf_fini(&trace->raw);
    spwv_buf_fini(&trace->resources);
    spwv_buf_fini(&trace->scopes);
    spwv_buf_fini(&trace->spans);
}

/* ---- what it holds ---- */

int spwv_export_span_count(const struct spwv_export_trace *trace)
{
    return (int)(trace->spans.size / sizeof(struct spwv_export_span));
}

struct spwv_export_span *spwv_export_spans(const struct spwv_export_trace *trace)
{
    return (struct spwv_export_span *)(void *)trace->spans.data;
}

static const struct spwv_export_origin *origin(const struct spwv_buf *origins, unsigned number)
{
    static const struct spwv_export_origin none;
    const struct spwv_export_origin *all = (const struct spwv_export_origin *)(const void *)origins->data;
    return number < origins->size / sizeof *all ? &all[number] : &none;
}

const struct spwv_export_origin *spwv_export_resource(const struct spwv_export_trace *trace, unsigned number)
{
    return origin(&trace->resources, number);
}

const struct spwv_export_origin *spwv_export_scope(const struct spwv_export_trace *trace, unsigned number)
{
    return origin(&trace->scopes, number);
}

struct spwv_slice spwv_export_bytes(const struct spwv_export_trace *trace, struct spwv_export_part part)
{
    if (!part.size)
        return (struct spwv_slice){NULL, 0};
    return (struct spwv_slice){(const uint8_t *)trace->raw.data + part.at, part.size};
}

struct spwv_slice spwv_export_service(const struct spwv_export_trace *trace, unsigned resource)
{
    return spwv_otlp_service(spwv_export_bytes(trace, spwv_export_resource(trace, resource)->raw));
}
