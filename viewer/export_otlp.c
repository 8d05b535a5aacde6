/* A trace as OTLP JSON: one ExportTraceServiceRequest on one line. Contract: export.h. */
#include "export.h"

#include <stdlib.h>

#include "export_trace.h"
#include "json.h"
#include "otlp_to_json.h"

static int compare(const void *a, const void *b)
{
    const struct spwv_export_span *left = a;
    const struct spwv_export_span *right = b;
    if (left->resource != right->resource)
        return left->resource < right->resource ? -1 : 1;
    if (left->scope != right->scope)
        return left->scope < right->scope ? -1 : 1;
    return (left->raw.at > right->raw.at) - (left->raw.at < right->raw.at); /* as they came */
}

static void begin_origin(struct spwv_json *json, const struct spwv_export_trace *trace, const struct spwv_export_origin *origin,
                         enum spwv_message message, const char *spans)
{
    spwv_json_begin(json, '{');
    spwv_json_key(json, message == SPWV_RESOURCE ? "resource" : "scope");
    spwv_otlp_to_json(json, message, spwv_export_bytes(trace, origin->raw));
    if (origin->schema_url.size) {
        spwv_json_key(json, "schemaUrl");
        spwv_json_string(json, spwv_export_bytes(trace, origin->schema_url));
    }
    spwv_json_key(json, spans);
    spwv_json_begin(json, '[');
}

static void end_origin(struct spwv_json *json)
{
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
}

static void write_spans(struct spwv_json *json, const struct spwv_export_trace *trace)
{
    const struct spwv_export_span *spans = spwv_export_spans(trace);
    int count = spwv_export_span_count(trace);
    for (int i = 0; i < count && !json->out->failed; i++) {
        bool resource = i == 0 || spans[i].resource != spans[i - 1].resource;
        bool scope = resource || spans[i].scope != spans[i - 1].scope;
        if (scope && i)
            end_origin(json);
        if (resource && i)
            end_origin(json);
        if (resource)
            begin_origin(json, trace, spwv_export_resource(trace, spans[i].resource), SPWV_RESOURCE, "scopeSpans");
        if (scope)
            begin_origin(json, trace, spwv_export_scope(trace, spans[i].scope), SPWV_SCOPE, "spans");
        spwv_otlp_to_json(json, SPWV_SPAN, spwv_export_bytes(trace, spans[i].raw));
    }
    if (count) {
        end_origin(json);
        end_origin(json);
    }
}

bool spwv_export_otlp(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct spwv_export_trace trace;
    bool found = spwv_export_read(&trace, store, trace_id, out, error);
    if (found && !trace.failed) {
        struct spwv_json json = {.out = out};
        if (trace.spans.size)
            qsort(trace.spans.data, (size_t)spwv_export_span_count(&trace), sizeof(struct spwv_export_span), compare);
        spwv_json_begin(&json, '{');
        spwv_json_key(&json, "resourceSpans");
        spwv_json_begin(&json, '[');
        write_spans(&json, &trace);
        spwv_json_end(&json, ']');
        spwv_json_end(&json, '}');
        spwv_buf_add_char(out, '\n');
    }
    out->failed = out->failed || trace.failed;
    spwv_export_fini(&trace);
    return found;
}
