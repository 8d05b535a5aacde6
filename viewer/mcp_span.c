/* show_span: one span as JSON a model can read at a glance. Contract: mcp.h. */
#include "mcp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "value_plain.h"

enum { MAX_VALUE = 1000, MAX_PARTS = 40 };

struct search {
    const uint8_t *id;
    struct spwv_json json;
    bool found;
};

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    (void)arg;
    (void)trace_id;
    (void)revision;
}

static void on_origin(void *arg, const struct spwv_origin *origin)
{
    (void)arg;
    (void)origin;
}

static void hex(struct spwv_json *json, const char *key, struct spwv_slice value)
{
    spwv_json_key(json, key);
    spwv_json_hex(json, value);
}

static void events(struct spwv_json *json, const struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_slice raw;
    unsigned left_out = 0;
    spwv_json_key(json, "events");
    spwv_json_begin(json, '[');
    for (unsigned i = 0; spwv_otlp_each(&wire, SPWV_SPAN_EVENTS, &raw); i++) {
        struct spwv_event event;
        spwv_otlp_read_event(raw, &event);
        if (i >= MAX_PARTS || event.name.size > MAX_VALUE || !spwv_mcp_has_room(json, MAX_VALUE)) {
            left_out++;
            continue;
        }
        spwv_json_begin(json, '{');
        spwv_json_key(json, "name");
        spwv_json_string(json, event.name);
        spwv_json_key(json, "after_us");
        spwv_json_micros(json, event.time_unix_ns > span->start_unix_ns ? event.time_unix_ns - span->start_unix_ns : 0);
        spwv_mcp_attributes(json, raw, SPWV_EVENT_ATTRIBUTES, MAX_VALUE);
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
    if (left_out) {
        spwv_json_key(json, "events_left_out");
        spwv_json_count(json, left_out);
    }
}

static void links(struct spwv_json *json, const struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_slice raw;
    spwv_json_key(json, "links");
    spwv_json_begin(json, '[');
    for (unsigned i = 0; i < MAX_PARTS && spwv_otlp_each(&wire, SPWV_SPAN_LINKS, &raw) && spwv_mcp_has_room(json, MAX_VALUE); i++) {
        struct spwv_link link;
        spwv_otlp_read_link(raw, &link);
        spwv_json_begin(json, '{');
        hex(json, "trace_id", (struct spwv_slice){link.trace_id.data, link.trace_id.size < 16 ? link.trace_id.size : 16});
        hex(json, "span_id", (struct spwv_slice){link.span_id.data, link.span_id.size < 8 ? link.span_id.size : 8});
        spwv_json_end(json, '}');
    }
    spwv_json_end(json, ']');
}

static struct spwv_slice cut(struct spwv_slice text)
{
    return spwv_cut_text(text, MAX_VALUE);
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    static const char *const kinds[] = {"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"};
    static const char *const codes[] = {"UNSET", "OK", "ERROR"};
    struct search *search = arg;
    struct spwv_json *json = &search->json;
    (void)resource;
    (void)scope;
    if (search->found || memcmp(span->span_id.data, search->id, 8) != 0)
        return;
    search->found = true;
    spwv_json_begin(json, '{');
    spwv_json_key(json, "name");
    spwv_json_string(json, cut(span->name));
    hex(json, "span_id", span->span_id);
    hex(json, "parent_span_id", spwv_otlp_has_parent(span) ? span->parent_span_id : (struct spwv_slice){NULL, 0});
    spwv_json_key(json, "kind");
    spwv_json_text(json, kinds[span->kind < 6 ? span->kind : 0]);
    spwv_json_key(json, "start_unix_ns");
    spwv_json_u64(json, span->start_unix_ns);
    spwv_json_key(json, "duration_us");
    spwv_json_micros(json, span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns - span->start_unix_ns : 0);
    spwv_json_key(json, "status");
    spwv_json_text(json, codes[span->status_code < 3 ? span->status_code : 0]);
    if (span->status_message.size) {
        spwv_json_key(json, "status_message");
        spwv_json_string(json, cut(span->status_message));
    }
    spwv_mcp_attributes(json, span->raw, SPWV_SPAN_ATTRIBUTES, MAX_VALUE);
    events(json, span);
    links(json, span);
    spwv_json_end(json, '}');
}

bool spwv_mcp_span(struct spwv_store *store, const uint8_t *trace_id, const uint8_t span_id[8], struct spwv_buf *text, struct spwv_error *error)
{
    struct search search = {.id = span_id, .json = {.out = text}};
    struct spwv_trace_sink sink = {&search, on_trace, on_origin, on_origin, on_span};
    return store->read(store, trace_id, &sink, error) && search.found;
}
