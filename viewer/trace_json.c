/* One trace as JSON, written while the store reads it. Contract: trace_json.h. */
#include "trace_json.h"

#include <string.h>

#include "json_member.h"
#include "value_json.h"

/* Resources, scopes and spans come in this order; each is an array of the answer. */
enum part { HEAD, RESOURCES, SCOPES, SPANS };

static void enter(struct spwv_trace_writer *writer, int part)
{
    static const char *const keys[] = {NULL, "resources", "scopes", "spans"};
    while (writer->part < part) {
        if (writer->part != HEAD)
            spwv_json_end(&writer->json, ']');
        writer->part++;
        spwv_json_key(&writer->json, keys[writer->part]);
        spwv_json_begin(&writer->json, '[');
    }
}

static void events(struct spwv_json *json, struct spwv_slice span)
{
    spwv_json_key(json, "events");
    spwv_json_begin(json, '[');
    struct spwv_wire wire = spwv_wire_of(span);
    struct spwv_slice raw;
    while (!json->out->failed && spwv_otlp_each(&wire, SPWV_SPAN_EVENTS, &raw)) {
        struct spwv_event event;
        spwv_otlp_read_event(raw, &event);
        spwv_json_begin(json, '{');
        spwv_member_string(json, "name", event.name);
        spwv_member_u64(json, "time_unix_ns", event.time_unix_ns);
        spwv_json_attributes(json, raw, SPWV_EVENT_ATTRIBUTES);
        spwv_member_count(json, "dropped_attributes_count", event.dropped_attributes_count);
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
}

static void links(struct spwv_json *json, struct spwv_slice span)
{
    spwv_json_key(json, "links");
    spwv_json_begin(json, '[');
    struct spwv_wire wire = spwv_wire_of(span);
    struct spwv_slice raw;
    while (!json->out->failed && spwv_otlp_each(&wire, SPWV_SPAN_LINKS, &raw)) {
        struct spwv_link link;
        spwv_otlp_read_link(raw, &link);
        spwv_json_begin(json, '{');
        spwv_member_hex(json, "trace_id", link.trace_id);
        spwv_member_hex(json, "span_id", link.span_id);
        spwv_member_string(json, "trace_state", link.trace_state);
        spwv_member_count(json, "flags", link.flags);
        spwv_json_attributes(json, raw, SPWV_LINK_ATTRIBUTES);
        spwv_member_count(json, "dropped_attributes_count", link.dropped_attributes_count);
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
}

static void status(struct spwv_json *json, const struct spwv_span *span)
{
    static const char *const codes[] = {"UNSET", "OK", "ERROR"};
    spwv_json_key(json, "status");
    spwv_json_begin(json, '{');
    spwv_json_key(json, "code");
    spwv_json_text(json, span->status_code < 3 ? codes[span->status_code] : "UNSET");
    spwv_member_string(json, "message", span->status_message);
    spwv_json_end(json, '}');
}

/* ---- the store's sink ---- */

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    struct spwv_trace_writer *writer = arg;
    spwv_json_begin(&writer->json, '{');
    spwv_member_hex(&writer->json, "trace_id", (struct spwv_slice){trace_id, SPWV_TRACE_ID_SIZE});
    spwv_member_count(&writer->json, "revision", revision);
}

void spwv_json_resource(struct spwv_json *json, const struct spwv_origin *resource)
{
    spwv_json_begin(json, '{');
    spwv_json_attributes(json, resource->raw, SPWV_RESOURCE_ATTRIBUTES);
    spwv_member_string(json, "service", spwv_otlp_service(resource->raw));
    spwv_member_string(json, "schema_url", resource->schema_url);
    spwv_json_end(json, '}');
}

void spwv_json_scope(struct spwv_json *json, const struct spwv_origin *origin)
{
    struct spwv_scope scope;
    spwv_otlp_read_scope(origin->raw, &scope);
    spwv_json_begin(json, '{');
    spwv_member_string(json, "name", scope.name);
    spwv_member_string(json, "version", scope.version);
    spwv_member_string(json, "schema_url", origin->schema_url);
    spwv_json_attributes(json, origin->raw, SPWV_SCOPE_ATTRIBUTES);
    spwv_json_end(json, '}');
}

static void on_resource(void *arg, const struct spwv_origin *resource)
{
    struct spwv_trace_writer *writer = arg;
    enter(writer, RESOURCES);
    spwv_json_resource(&writer->json, resource);
}

static void on_scope(void *arg, const struct spwv_origin *scope)
{
    struct spwv_trace_writer *writer = arg;
    enter(writer, SCOPES);
    spwv_json_scope(&writer->json, scope);
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    static const char *const kinds[] = {"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"};
    struct spwv_trace_writer *writer = arg;
    struct spwv_json *json = &writer->json;
    if (json->out->failed)
        return;
    enter(writer, SPANS);
    spwv_json_begin(json, '{');
    spwv_member_hex(json, "span_id", span->span_id);
    spwv_member_hex(json, "parent_span_id", spwv_otlp_has_parent(span) ? span->parent_span_id : (struct spwv_slice){NULL, 0});
    spwv_member_string(json, "name", span->name);
    spwv_json_key(json, "kind");
    spwv_json_text(json, span->kind < 6 ? kinds[span->kind] : kinds[0]);
    spwv_member_u64(json, "start_unix_ns", span->start_unix_ns);
    spwv_member_u64(json, "end_unix_ns", span->end_unix_ns);
    status(json, span);
    spwv_member_string(json, "trace_state", span->trace_state);
    spwv_member_count(json, "flags", span->flags);
    spwv_member_count(json, "resource", resource);
    spwv_member_count(json, "scope", scope);
    spwv_json_attributes(json, span->raw, SPWV_SPAN_ATTRIBUTES);
    events(json, span->raw);
    links(json, span->raw);
    spwv_member_count(json, "dropped_attributes_count", span->dropped_attributes_count);
    spwv_member_count(json, "dropped_events_count", span->dropped_events_count);
    spwv_member_count(json, "dropped_links_count", span->dropped_links_count);
    spwv_json_end(json, '}');
}

struct spwv_trace_sink spwv_trace_writer_init(struct spwv_trace_writer *writer, struct spwv_buf *out)
{
    *writer = (struct spwv_trace_writer){.json = {.out = out}, .part = HEAD};
    return (struct spwv_trace_sink){writer, on_trace, on_resource, on_scope, on_span};
}

void spwv_trace_writer_end_head(struct spwv_trace_writer *writer)
{
    enter(writer, SCOPES);
    spwv_json_end(&writer->json, ']');
}

void spwv_trace_writer_end(struct spwv_trace_writer *writer)
{
    enter(writer, SPANS);
    spwv_json_end(&writer->json, ']');
    spwv_json_end(&writer->json, '}');
}

bool spwv_trace_json(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct spwv_trace_writer writer;
    struct spwv_trace_sink sink = spwv_trace_writer_init(&writer, out);
    if (!store->read(store, trace_id, &sink, error))
        return false;
    spwv_trace_writer_end(&writer);
    return true;
}
