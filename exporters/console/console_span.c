/* A span as lines of text: console_span.h. */
#include "console_span.h"

#include <string.h>
#include <time.h>

static bool same(spw_view a, spw_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void put_time(struct spw__console_text *t, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / 1000000000u);
    struct tm tm;
    char text[32];
    if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
        spw__console_format(t, "%s.%06uZ", text, (unsigned)(unix_ns % 1000000000u / 1000u));
}

static void put_duration(struct spw__console_text *t, uint64_t ns)
{
    if (ns < 1000000u)
        spw__console_format(t, "%.3f us", (double)ns / 1e3);
    else if (ns < 1000000000u)
        spw__console_format(t, "%.3f ms", (double)ns / 1e6);
    else
        spw__console_format(t, "%.3f s", (double)ns / 1e9);
}

static uint64_t since(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

static void put_offset(struct spw__console_text *t, uint64_t from, uint64_t to)
{
    spw__console_puts(t, to < from ? " -" : " +");
    put_duration(t, to < from ? from - to : to - from);
}

static void put_status(struct spw__console_text *t, const spw_span_view *span)
{
    if (span->status == SPW_STATUS_ERROR)
        spw__console_style(t, SPW__CONSOLE_BAD);
    if (span->status != SPW_STATUS_UNSET)
        spw__console_puts(t, span->status == SPW_STATUS_ERROR ? " error" : " ok");
    if (span->status == SPW_STATUS_ERROR)
        spw__console_style(t, SPW__CONSOLE_PLAIN);
    if (span->status_message.size) {
        spw__console_puts(t, " ");
        spw__console_quoted(t, span->status_message);
    }
}

static void put_ids(struct spw__console_text *t, const spw_span_view *span, bool parent_too)
{
    static const uint8_t none[8] = { 0 };
    spw__console_style(t, SPW__CONSOLE_FAINT);
    spw__console_puts(t, "  ");
    spw__console_hex(t, span->span_id, sizeof span->span_id);
    if (parent_too && memcmp(span->parent_span_id, none, sizeof none) != 0) {
        spw__console_puts(t, " parent ");
        spw__console_hex(t, span->parent_span_id, sizeof span->parent_span_id);
    }
    spw__console_style(t, SPW__CONSOLE_PLAIN);
}

static spw_view bytes_of(const spw_attr_iter *it)
{
    return (spw_view){ (const char *)it->at, (size_t)(it->end - it->at) };
}

static bool same_scope(const spw_instrumentation_scope *a, const spw_instrumentation_scope *b)
{
    return same(a->name, b->name) && same(a->version, b->version) && same(bytes_of(&a->attributes), bytes_of(&b->attributes));
}

/* Where it differs from what stands above. */
static void put_scope(struct spw__console_text *t, const spw_span_view *span, const spw_span_view *parent)
{
    const spw_instrumentation_scope *scope = &span->scope;
    spw_attr_iter it = scope->attributes;
    bool says_nothing = !scope->name.size && it.at == it.end;
    if (says_nothing || (parent && same_scope(scope, &parent->scope)))
        return;
    spw__console_style(t, SPW__CONSOLE_FAINT);
    spw__console_puts(t, "  [");
    spw__console_escaped(t, scope->name);
    spw__console_puts(t, scope->version.size ? " " : "");
    spw__console_escaped(t, scope->version);
    const char *gap = scope->name.size || scope->version.size ? " " : "";
    for (spw_attr attr; !t->cut && spw_attr_next(&it, &attr); gap = " ") {
        spw__console_puts(t, gap);
        spw__console_attr(t, &attr);
        spw__console_style(t, SPW__CONSOLE_FAINT);
    }
    spw__console_puts(t, "]");
    spw__console_style(t, SPW__CONSOLE_PLAIN);
}

static void put_attrs(struct spw__console_text *t, spw_attr_iter it, const char *trunk, const char *indent)
{
    for (spw_attr attr; !t->cut && spw_attr_next(&it, &attr);) {
        spw__console_puts(t, trunk);
        spw__console_puts(t, indent);
        spw__console_attr(t, &attr);
        spw__console_puts(t, "\n");
    }
}

static void put_events(struct spw__console_text *t, const spw_span_view *span, const char *trunk)
{
    spw_event_iter it = span->events;
    for (spw_event_view event; !t->cut && spw_event_next(&it, &event);) {
        spw__console_puts(t, trunk);
        spw__console_puts(t, "  event ");
        spw__console_quoted(t, event.name);
        put_offset(t, span->start_unix_ns, event.unix_ns);
        spw__console_puts(t, "\n");
        put_attrs(t, event.attributes, trunk, "    ");
    }
}

static void put_links(struct spw__console_text *t, const spw_span_view *span, const char *trunk)
{
    spw_link_iter it = span->links;
    for (spw_link_view link; !t->cut && spw_link_next(&it, &link);) {
        spw__console_puts(t, trunk);
        spw__console_puts(t, "  link to span ");
        spw__console_hex(t, link.span_id, sizeof link.span_id);
        if (memcmp(link.trace_id, span->trace_id, sizeof link.trace_id) != 0) {
            spw__console_puts(t, " of trace ");
            spw__console_hex(t, link.trace_id, sizeof link.trace_id);
        }
        spw__console_puts(t, "\n");
        put_attrs(t, link.attributes, trunk, "    ");
    }
}

static void put_dropped(struct spw__console_text *t, const spw_span_view *span, const char *trunk)
{
    const struct {
        uint32_t count;
        const char *what;
    } dropped[] = { { span->dropped_attributes, "attributes" }, { span->dropped_events, "events" }, { span->dropped_links, "links" } };
    bool any = false;
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        if (!dropped[i].count)
            continue;
        spw__console_puts(t, any ? ", " : trunk);
        spw__console_format(t, any ? "%u %s" : "  dropped %u %s", dropped[i].count, dropped[i].what);
        any = true;
    }
    spw__console_puts(t, any ? "\n" : "");
}

void spw__console_trace(struct spw__console_text *t, const spw_span_view *first, spw_view service_name)
{
    spw__console_puts(t, "trace ");
    spw__console_hex(t, first->trace_id, sizeof first->trace_id);
    spw__console_puts(t, " at ");
    put_time(t, first->start_unix_ns);
    if (service_name.size) {
        spw__console_puts(t, " service ");
        spw__console_quoted(t, service_name);
    }
    if (first->trace_state.size) {
        spw__console_puts(t, " tracestate ");
        spw__console_quoted(t, first->trace_state);
    }
    spw__console_puts(t, "\n");
}

void spw__console_span(struct spw__console_text *t, const spw_span_view *span, const struct spw__console_place *place)
{
    static const char *const kinds[] = { "", "", " server", " client", " producer", " consumer" }; /* internal says nothing */
    spw__console_puts(t, place->branch);
    spw__console_style(t, SPW__CONSOLE_NAME);
    spw__console_quoted(t, span->name);
    spw__console_style(t, SPW__CONSOLE_PLAIN);
    spw__console_puts(t, (unsigned)span->kind < sizeof kinds / sizeof kinds[0] ? kinds[span->kind] : "");
    if (place->parent)
        put_offset(t, place->tree_start_unix_ns, span->start_unix_ns);
    spw__console_puts(t, " ");
    put_duration(t, since(span->start_unix_ns, span->end_unix_ns));
    put_status(t, span);
    put_ids(t, span, !place->parent);
    put_scope(t, span, place->parent);
    spw__console_puts(t, "\n");
    put_attrs(t, span->attributes, place->trunk, "  ");
    put_events(t, span, place->trunk);
    put_links(t, span, place->trunk);
    put_dropped(t, span, place->trunk);
}
