/*
 * A trace in speedscope's format: an evented profile a lane, named by its service, in nanoseconds from the trace's start; a frame a name, so
 * that speedscope can add up its calls. Contract: export.h.
 */
#include "export.h"

#include <stdlib.h>
#include <string.h>

#include "export_trace.h"
#include "json_member.h"

struct name {
    struct spwv_slice text;
    int span;
};

struct writer {
    struct spwv_json json;
    struct spwv_export_trace trace;
    struct spwv_export_span *spans;
    int count;
};

/* ---- frames ---- */

static int compare_names(const void *a, const void *b)
{
    const struct name *left = a;
    const struct name *right = b;
    size_t common = left->text.size < right->text.size ? left->text.size : right->text.size;
    int order = common ? memcmp(left->text.data, right->text.data, common) : 0;
    if (!order)
        order = (left->text.size > right->text.size) - (left->text.size < right->text.size);
    return order ? order : left->span - right->span;
}

static bool is_same(struct spwv_slice a, struct spwv_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Writes the frames; each span's `scope`, which is not needed any more, becomes the number of its frame. */
static void write_frames(struct writer *writer, struct name *names)
{
    unsigned frames = 0;
    for (int i = 0; i < writer->count; i++) {
        struct spwv_span span;
        spwv_otlp_read_span(spwv_export_bytes(&writer->trace, writer->spans[i].raw), &span);
        names[i] = (struct name){span.name, i};
    }
    if (writer->count)
        qsort(names, (size_t)writer->count, sizeof *names, compare_names);
    for (int i = 0; i < writer->count && !writer->json.out->failed; i++) {
        if (i == 0 || !is_same(names[i].text, names[i - 1].text)) {
            spwv_json_begin(&writer->json, '{');
            spwv_json_key(&writer->json, "name");
            spwv_json_string(&writer->json, names[i].text);
            spwv_json_end(&writer->json, '}');
            frames++;
        }
        writer->spans[names[i].span].scope = frames - 1;
    }
}

/* ---- profiles ---- */

static void write_event(struct writer *writer, const char *type, const struct spwv_export_span *span, uint64_t at)
{
    spwv_json_begin(&writer->json, '{');
    spwv_member_text(&writer->json, "type", type);
    spwv_member_count(&writer->json, "at", at - writer->trace.start);
    spwv_member_count(&writer->json, "frame", span->scope);
    spwv_json_end(&writer->json, '}');
}

/* Closes what has ended by then; returns what is still open, the innermost. */
static int close_spans(struct writer *writer, int open, uint64_t time)
{
    for (; open >= 0 && writer->spans[open].end <= time; open = writer->spans[open].below)
        write_event(writer, "C", &writer->spans[open], writer->spans[open].end);
    return open;
}

static void write_profile(struct writer *writer, int from, int to)
{
    struct spwv_json *json = &writer->json;
    const struct spwv_export_span *first = &writer->spans[from];
    spwv_json_begin(json, '{');
    spwv_member_text(json, "type", "evented");
    spwv_json_key(json, "name");
    spwv_json_string(json, spwv_export_service(&writer->trace, first->resource));
    spwv_member_text(json, "unit", "nanoseconds");
    spwv_member_count(json, "startValue", 0);
    spwv_member_count(json, "endValue", writer->trace.end - writer->trace.start);
    spwv_json_key(json, "events");
    spwv_json_begin(json, '[');
    int open = -1;
    for (int i = from; i < to && !json->out->failed; i++) {
        open = close_spans(writer, open, writer->spans[i].start);
        writer->spans[i].below = open;
        open = i;
        write_event(writer, "O", &writer->spans[i], writer->spans[i].start);
    }
    close_spans(writer, open, UINT64_MAX);
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
}

static void write_profiles(struct writer *writer)
{
    const struct spwv_export_span *spans = writer->spans;
    for (int from = 0, to; from < writer->count && !writer->json.out->failed; from = to) {
        to = from + 1;
        while (to < writer->count && spans[to].resource == spans[from].resource && spans[to].lane == spans[from].lane)
            to++;
        write_profile(writer, from, to);
    }
}

static void write_all(struct writer *writer, struct name *names)
{
    struct spwv_json *json = &writer->json;
    spwv_json_begin(json, '{');
    spwv_member_text(json, "$schema", "https://www.speedscope.app/file-format-schema.json");
    spwv_json_key(json, "name");
    spwv_json_hex(json, (struct spwv_slice){writer->trace.trace_id, SPWV_TRACE_ID_SIZE});
    spwv_member_text(json, "exporter", "spanwire");
    spwv_json_key(json, "shared");
    spwv_json_begin(json, '{');
    spwv_json_key(json, "frames");
    spwv_json_begin(json, '[');
    write_frames(writer, names);
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
    spwv_json_key(json, "profiles");
    spwv_json_begin(json, '[');
    write_profiles(writer);
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
    spwv_buf_add_char(json->out, '\n');
}

bool spwv_export_speedscope(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct writer writer = {.json = {.out = out}};
    bool found = spwv_export_read(&writer.trace, store, trace_id, out, error);
    bool ok = found && !writer.trace.failed && spwv_export_lanes(&writer.trace);
    struct spwv_buf names;
    spwv_buf_init(&names, out->max, out->budget);
    if (ok) {
        writer.spans = spwv_export_spans(&writer.trace);
        writer.count = spwv_export_span_count(&writer.trace);
        struct name *room = (struct name *)(void *)spwv_buf_reserve(&names, (size_t)writer.count * sizeof *room);
        ok = room || !writer.count;
        if (ok)
            write_all(&writer, room);
    }
    out->failed = out->failed || (found && !ok);
    spwv_buf_fini(&names);
    spwv_export_fini(&writer.trace);
    return found;
}
