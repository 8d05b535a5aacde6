/* Collects a trace's outline while the store reads it. Contract: trace_outline.h. */
#include "trace_outline.h"

#include <string.h>

#include "outline_rows.h"
#include "text.h"
#include "trace_json.h"

struct outline {
    const struct spwv_outline_options *options;
    struct spwv_trace_writer head; /* of the outline: resources and scopes */
    struct spwv_trace_sink to_head;
    struct spwv_buf whole_text;
    struct spwv_trace_writer whole;
    struct spwv_trace_sink to_whole;
    struct spwv_outline_rows rows;
};

/* ---- what is kept ---- */

static void init_rows(struct spwv_outline_rows *rows, size_t max, struct spwv_budget *budget)
{
    struct spwv_buf *const lists[] = {&rows->rows, &rows->events, &rows->links, &rows->messages, &rows->values};
    struct spwv_intern *const tables[] = {&rows->ids, &rows->texts, &rows->targets, &rows->attributes};
    rows->first_ns = UINT64_MAX;
    rows->count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        spwv_buf_init(lists[i], max, budget);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        spwv_intern_init(tables[i], max, budget);
}

static void fini_rows(struct spwv_outline_rows *rows)
{
    struct spwv_buf *const lists[] = {&rows->rows, &rows->events, &rows->links, &rows->messages, &rows->values};
    struct spwv_intern *const tables[] = {&rows->ids, &rows->texts, &rows->targets, &rows->attributes};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        spwv_buf_fini(lists[i]);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        spwv_intern_fini(tables[i]);
}

static bool has_failed(const struct spwv_outline_rows *rows)
{
    return rows->rows.failed || rows->events.failed || rows->links.failed || rows->messages.failed || rows->values.failed ||
           rows->ids.failed || rows->texts.failed || rows->targets.failed || rows->attributes.failed;
}

static uint32_t text_number(struct spwv_outline_rows *rows, struct spwv_slice text)
{
    return spwv_intern_add(&rows->texts, spwv_cut_text(text, SPWV_MAX_SUMMARY_TEXT));
}

static void add_item(struct spwv_buf *list, uint32_t span, uint32_t what, uint64_t time_ns)
{
    struct spwv_outline_item item = {time_ns, span, what};
    spwv_buf_add(list, &item, sizeof item);
}

/* ---- what lies in a span ---- */

static bool is_wanted(const struct spwv_outline_options *options, struct spwv_slice key)
{
    for (unsigned i = 0; i < options->key_count; i++)
        if (key.size == options->keys[i].size && memcmp(key.data, options->keys[i].data, key.size) == 0)
            return true;
    return false;
}

static void take_attribute(struct outline *outline, uint32_t span, struct spwv_slice raw)
{
    struct spwv_key_value attribute;
    spwv_otlp_read_key_value(raw, &attribute);
    if (attribute.key.size && raw.size <= SPWV_MAX_SUMMARY_TEXT && is_wanted(outline->options, attribute.key))
        add_item(&outline->rows.values, span, spwv_intern_add(&outline->rows.attributes, raw), 0);
}

static void take_event(struct outline *outline, uint32_t span, struct spwv_slice raw)
{
    struct spwv_event event;
    spwv_otlp_read_event(raw, &event);
    add_item(&outline->rows.events, span, text_number(&outline->rows, event.name), event.time_unix_ns);
}

/* Of links only those within the trace are drawn; whether it has their span is known at the end. */
static void take_link(struct outline *outline, uint32_t span, struct spwv_slice trace_id, struct spwv_slice raw)
{
    struct spwv_link link;
    spwv_otlp_read_link(raw, &link);
    if (link.span_id.size == SPWV_SPAN_ID_SIZE && link.trace_id.size == trace_id.size && memcmp(link.trace_id.data, trace_id.data, trace_id.size) == 0)
        add_item(&outline->rows.links, span, spwv_intern_add(&outline->rows.targets, link.span_id), 0);
}

static void take_inside(struct outline *outline, uint32_t number, const struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_field field;
    unsigned events = 0, links = 0;
    while (spwv_wire_next(&wire, &field) > 0) {
        if (field.type != SPWV_BYTES)
            continue;
        if (field.number == SPWV_SPAN_ATTRIBUTES)
            take_attribute(outline, number, field.bytes);
        else if (field.number == SPWV_SPAN_EVENTS && events++ < SPWV_OUTLINE_EVENTS)
            take_event(outline, number, field.bytes);
        else if (field.number == SPWV_SPAN_LINKS && links++ < SPWV_OUTLINE_LINKS)
            take_link(outline, number, span->trace_id, field.bytes);
    }
}

static void take_span(struct outline *outline, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct spwv_outline_rows *rows = &outline->rows;
    uint32_t number = spwv_intern_add(&rows->ids, span->span_id);
    if (number != rows->count) /* no memory: an id comes once */
        return;
    rows->count++;
    struct spwv_outline_row row = {.start_ns = span->start_unix_ns,
                                   .end_ns = span->end_unix_ns,
                                   .name = text_number(rows, span->name),
                                   .resource = resource,
                                   .scope = scope,
                                   .kind = span->kind < 6 ? (uint8_t)span->kind : 0,
                                   .status = span->status_code < 3 ? (uint8_t)span->status_code : 0,
                                   .has_parent = spwv_otlp_has_parent(span)};
    if (row.has_parent)
        memcpy(row.parent_id, span->parent_span_id.data, sizeof row.parent_id);
    if (row.start_ns < rows->first_ns)
        rows->first_ns = row.start_ns;
    spwv_buf_add(&rows->rows, &row, sizeof row);
    if (span->status_message.size)
        add_item(&rows->messages, number, text_number(rows, span->status_message), 0);
    take_inside(outline, number, span);
}

/* ---- the store's sink ---- */

static bool is_short(const struct outline *outline)
{
    return outline->options->whole_below && !outline->whole_text.failed;
}

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    struct outline *outline = arg;
    outline->to_head.trace(outline->to_head.arg, trace_id, revision);
    if (is_short(outline))
        outline->to_whole.trace(outline->to_whole.arg, trace_id, revision);
}

static void on_resource(void *arg, const struct spwv_origin *resource)
{
    struct outline *outline = arg;
    outline->to_head.resource(outline->to_head.arg, resource);
    if (is_short(outline))
        outline->to_whole.resource(outline->to_whole.arg, resource);
}

static void on_scope(void *arg, const struct spwv_origin *scope)
{
    struct outline *outline = arg;
    outline->to_head.scope(outline->to_head.arg, scope);
    if (is_short(outline))
        outline->to_whole.scope(outline->to_whole.arg, scope);
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct outline *outline = arg;
    if (!has_failed(&outline->rows))
        take_span(outline, span, resource, scope);
    if (is_short(outline))
        outline->to_whole.span(outline->to_whole.arg, span, resource, scope);
}

/* ---- the answer ---- */

static void finish(struct outline *outline, struct spwv_buf *out)
{
    if (is_short(outline))
        spwv_trace_writer_end(&outline->whole);
    if (is_short(outline)) {
        spwv_buf_fini(out);
        *out = outline->whole_text;
        spwv_buf_init(&outline->whole_text, 0, NULL); /* its bytes are the answer's now */
        return;
    }
    if (has_failed(&outline->rows)) { /* and the columns are not of one length */
        out->failed = true;
        return;
    }
    spwv_trace_writer_end_head(&outline->head);
    spwv_outline_json(&outline->head.json, &outline->rows);
    spwv_json_end(&outline->head.json, '}');
}

bool spwv_trace_outline(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_outline_options *options, struct spwv_buf *out,
                        struct spwv_error *error)
{
    struct outline outline = {.options = options};
    struct spwv_trace_sink sink = {&outline, on_trace, on_resource, on_scope, on_span};
    init_rows(&outline.rows, out->max, out->budget);
    spwv_buf_init(&outline.whole_text, options->whole_below < out->max ? options->whole_below : out->max, out->budget);
    outline.to_head = spwv_trace_writer_init(&outline.head, out);
    outline.to_whole = spwv_trace_writer_init(&outline.whole, &outline.whole_text);
    bool found = store->read(store, trace_id, &sink, error);
    if (found)
        finish(&outline, out);
    spwv_buf_fini(&outline.whole_text);
    fini_rows(&outline.rows);
    return found;
}
