/*
 * A trace as Chrome's trace events: a process a service, a thread a lane, times in microseconds from the trace's start. Opens in Perfetto
 * and in chrome://tracing. Contract: export.h.
 */
#include "export.h"

#include "export_trace.h"
#include "json_member.h"
#include "value_plain.h"

struct writer {
    struct spwv_json json;
    struct spwv_export_trace trace;
};

static void time_from_start(struct writer *writer, const char *key, uint64_t time)
{
    spwv_json_key(&writer->json, key);
    spwv_json_micros(&writer->json, time > writer->trace.start ? time - writer->trace.start : 0);
}

/* An event is an object that stays open. */
static void begin_event(struct writer *writer, const char *phase, const struct spwv_export_span *span)
{
    struct spwv_json *json = &writer->json;
    spwv_json_begin(json, '{');
    spwv_member_text(json, "ph", phase);
    spwv_member_count(json, "pid", span->resource + 1);
    spwv_member_count(json, "tid", span->lane + 1);
}

static void name_process(struct writer *writer, const struct spwv_export_span *span)
{
    struct spwv_json *json = &writer->json;
    begin_event(writer, "M", span);
    spwv_member_text(json, "name", "process_name");
    spwv_json_key(json, "args");
    spwv_json_begin(json, '{');
    spwv_member_string(json, "name", spwv_export_service(&writer->trace, span->resource));
    spwv_json_end(json, '}');
    spwv_json_end(json, '}');
}

static void write_span(struct writer *writer, const struct spwv_export_span *kept, const struct spwv_span *span)
{
    static const char *const kinds[] = {"unspecified", "internal", "server", "client", "producer", "consumer"};
    static const char *const codes[] = {"UNSET", "OK", "ERROR"};
    struct spwv_json *json = &writer->json;
    begin_event(writer, "X", kept);
    time_from_start(writer, "ts", kept->start);
    spwv_json_key(json, "dur");
    spwv_json_micros(json, kept->end - kept->start);
    spwv_member_string(json, "name", span->name);
    spwv_member_text(json, "cat", span->status_code == SPWV_STATUS_ERROR ? "error" : kinds[span->kind < 6 ? span->kind : 0]);
    spwv_json_key(json, "args");
    spwv_json_begin(json, '{');
    spwv_member_hex(json, "span_id", span->span_id);
    if (kept->has_parent)
        spwv_member_hex(json, "parent_span_id", span->parent_span_id);
    spwv_member_text(json, "kind", kinds[span->kind < 6 ? span->kind : 0]);
    spwv_member_text(json, "status", codes[span->status_code < 3 ? span->status_code : 0]);
    if (span->status_message.size)
        spwv_member_string(json, "status_message", span->status_message);
    spwv_json_key(json, "attributes");
    spwv_json_begin(json, '{');
    spwv_json_plain_members(json, span->raw, SPWV_SPAN_ATTRIBUTES);
    spwv_json_end(json, '}');
    spwv_json_end(json, '}');
    spwv_json_end(json, '}');
}

static void write_events(struct writer *writer, const struct spwv_export_span *kept)
{
    struct spwv_json *json = &writer->json;
    struct spwv_wire wire = spwv_wire_of(spwv_export_bytes(&writer->trace, kept->raw));
    struct spwv_slice raw;
    while (!json->out->failed && spwv_otlp_each(&wire, SPWV_SPAN_EVENTS, &raw)) {
        struct spwv_event event;
        spwv_otlp_read_event(raw, &event);
        begin_event(writer, "i", kept);
        spwv_member_text(json, "s", "t");
        time_from_start(writer, "ts", event.time_unix_ns);
        spwv_member_string(json, "name", event.name);
        spwv_member_text(json, "cat", "event");
        spwv_json_key(json, "args");
        spwv_json_begin(json, '{');
        spwv_member_hex(json, "span_id", (struct spwv_slice){kept->id, sizeof kept->id});
        spwv_json_key(json, "attributes");
        spwv_json_begin(json, '{');
        spwv_json_plain_members(json, raw, SPWV_EVENT_ATTRIBUTES);
        spwv_json_end(json, '}');
        spwv_json_end(json, '}');
        spwv_json_end(json, '}');
    }
}

static void write_all(struct writer *writer)
{
    const struct spwv_export_span *spans = spwv_export_spans(&writer->trace);
    struct spwv_json *json = &writer->json;
    spwv_json_begin(json, '{');
    spwv_member_text(json, "displayTimeUnit", "ns");
    spwv_json_key(json, "otherData");
    spwv_json_begin(json, '{');
    spwv_member_hex(json, "trace_id", (struct spwv_slice){writer->trace.trace_id, sizeof writer->trace.trace_id});
    spwv_json_key(json, "start_unix_ns");
    spwv_json_u64(json, writer->trace.start);
    spwv_json_end(json, '}');
    spwv_json_key(json, "traceEvents");
    spwv_json_begin(json, '[');
    for (int i = 0; i < spwv_export_span_count(&writer->trace) && !json->out->failed; i++) {
        struct spwv_span span;
        spwv_otlp_read_span(spwv_export_bytes(&writer->trace, spans[i].raw), &span);
        if (i == 0 || spans[i].resource != spans[i - 1].resource)
            name_process(writer, &spans[i]);
        write_span(writer, &spans[i], &span);
        write_events(writer, &spans[i]);
    }
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
    spwv_buf_add_char(json->out, '\n');
}

bool spwv_export_chrome(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct writer writer = {.json = {.out = out}};
    bool found = spwv_export_read(&writer.trace, store, trace_id, out, error);
    if (found && !writer.trace.failed && spwv_export_lanes(&writer.trace))
        write_all(&writer);
    else if (found)
        out->failed = true;
    spwv_export_fini(&writer.trace);
    return found;
}
