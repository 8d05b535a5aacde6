/* Drawing the text waterfall. Contract: waterfall.h. */
#include "waterfall.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"
#include "waterfall_tree.h"

enum { DURATION_WIDTH = 9, MAX_SERVICE_WIDTH = 16, MIN_BAR = 12, INDENT = 3, MIN_NAME = 24 };

#define RED "\x1b[31m"
#define DIM "\x1b[2m"
#define BOLD "\x1b[1m"
#define PLAIN "\x1b[0m"

struct glyphs {
    const char *branch, *last, *pipe, *gap, *cut, *error, *orphan, *dot, *micro;
    const char *eighths[9]; /* of a cell, from the left; [0] is not drawn */
};

static const struct glyphs unicode = {"├─ ", "└─ ", "│  ", "   ", "…", "✗ ", "┄ ", " · ", "µs",
                                      {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}};
static const struct glyphs ascii = {"|- ", "`- ", "|  ", "   ", "~", "! ", "? ", " | ", "us", {"", "#", "#", "#", "#", "#", "#", "#", "#"}};

struct drawing {
    struct spwv_tree tree;
    const struct spwv_waterfall_options *options;
    const struct glyphs *glyphs;
    struct spwv_buf *out;
    unsigned width, name_width, service_width, bar_width;
    bool *more; /* by depth: that level's list goes on below */
};

/* ---- text that is safe in a terminal ---- */

/* One character as it may be shown, with its end mark; returns its columns. */
static unsigned escape(const struct drawing *d, uint32_t c, char text[24])
{
    if (c == SPWV_BAD_CHAR)
        return (void)snprintf(text, 24, "%s", d->options->ascii ? "?" : "\xEF\xBF\xBD"), 1;
    if (c == '\n' || c == '\r' || c == '\t')
        return (unsigned)snprintf(text, 24, "%s", c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    if (spwv_char_is_control(c))
        return (unsigned)snprintf(text, 24, c < 0x100 ? "\\x%02" PRIx32 : "\\u{%" PRIx32 "}", c);
    text[spwv_utf8_encode(d->options->ascii && c > 0x7E ? '?' : c, text)] = 0;
    return d->options->ascii ? 1 : spwv_char_width(c);
}

/* Draws at most `width` columns of the text, its end cut with a mark when there is more; returns the columns taken. */
static unsigned draw_text(struct drawing *d, struct spwv_slice text, unsigned width)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size ? text.data + text.size : text.data;
    unsigned used = 0;
    size_t cut_at = d->out->size; /* where the mark would go: the last place that leaves a column for it */
    unsigned cut_used = 0;
    char piece[24];
    while (at < end) {
        unsigned columns = escape(d, spwv_utf8_next(&at, end), piece);
        if (used + columns > width) {
            d->out->size = cut_at;
            spwv_buf_add_str(d->out, d->glyphs->cut);
            return cut_used + 1;
        }
        used += columns;
        spwv_buf_add_str(d->out, piece);
        if (used < width) {
            cut_at = d->out->size;
            cut_used = used;
        }
    }
    return used;
}

static unsigned text_width(struct drawing *d, struct spwv_slice text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size ? text.data + text.size : text.data;
    unsigned width = 0;
    char piece[24];
    while (at < end && width < SPWV_MAX_WIDTH)
        width += escape(d, spwv_utf8_next(&at, end), piece);
    return width;
}

static void pad(struct drawing *d, unsigned used, unsigned width)
{
    if (used < width)
        spwv_buf_add_repeated(d->out, " ", width - used);
}

static void color(struct drawing *d, const char *code)
{
    if (d->options->color)
        spwv_buf_add_str(d->out, code);
}

/* Three digits and a unit; at most DURATION_WIDTH columns. */
static void format_duration(const struct glyphs *glyphs, uint64_t ns, char *text, size_t size)
{
    static const uint64_t scale[] = {1000000000, 1000000, 1000};
    const char *units[] = {"s", "ms", glyphs->micro};
    if (ns >= 60 * scale[0]) {
        uint64_t seconds = ns / scale[0];
        if (seconds >= 100 * 3600)
            snprintf(text, size, "%" PRIu64 " d", seconds / 86400);
        else if (seconds >= 3600)
            snprintf(text, size, "%" PRIu64 "h %02" PRIu64 "m", seconds / 3600, seconds / 60 % 60);
        else
            snprintf(text, size, "%" PRIu64 "m %02" PRIu64 "s", seconds / 60, seconds % 60);
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (ns < scale[i])
            continue;
        double value = (double)ns / (double)scale[i];
        snprintf(text, size, "%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[i]);
        return;
    }
    snprintf(text, size, "%" PRIu64 " ns", ns);
}

static void draw_duration(struct drawing *d, uint64_t ns)
{
    char text[32];
    format_duration(d->glyphs, ns, text, sizeof text);
    pad(d, text_width(d, (struct spwv_slice){(const uint8_t *)text, strlen(text)}), DURATION_WIDTH);
    spwv_buf_add_str(d->out, text);
}

/* ---- one row ---- */

static unsigned visible_levels(const struct drawing *d, unsigned depth)
{
    unsigned max = d->name_width / 2 / INDENT;
    return depth < max ? depth : max;
}

/* The lines of the tree before a name (own = true) or before a line below it. A deep tree shows its nearest levels only. */
static unsigned draw_tree(struct drawing *d, const struct spwv_tree_row *row, bool own)
{
    unsigned levels = visible_levels(d, row->depth);
    if (!levels)
        return 0;
    color(d, DIM);
    for (unsigned i = 0; i < levels; i++) {
        unsigned level = row->depth - levels + i + 1;
        if (i == 0 && levels < row->depth) {
            spwv_buf_add_str(d->out, d->glyphs->cut);
            spwv_buf_add_str(d->out, "  ");
        } else if (own && level == row->depth) {
            spwv_buf_add_str(d->out, row->last ? d->glyphs->last : d->glyphs->branch);
        } else {
            spwv_buf_add_str(d->out, d->more[level] ? d->glyphs->pipe : d->glyphs->gap);
        }
    }
    color(d, PLAIN);
    return levels * INDENT;
}

static void draw_name(struct drawing *d, const struct spwv_tree_row *row)
{
    const struct spwv_tree_span *span = &d->tree.spans[row->span];
    unsigned used = draw_tree(d, row, true);
    if (span->orphan) {
        spwv_buf_add_str(d->out, d->glyphs->orphan);
        used += 2;
    }
    color(d, span->error ? RED : row->depth == 0 ? BOLD : "");
    if (span->error) {
        spwv_buf_add_str(d->out, d->glyphs->error);
        used += 2;
    }
    struct spwv_slice name = spwv_tree_slice(&d->tree, span->name);
    static const char nameless[] = "(no name)";
    if (!name.size)
        name = (struct spwv_slice){(const uint8_t *)nameless, sizeof nameless - 1};
    used += draw_text(d, name, d->name_width - used);
    color(d, PLAIN);
    pad(d, used, d->name_width);
}

static struct spwv_slice service_of(const struct drawing *d, const struct spwv_tree_span *span)
{
    return span->service < d->tree.service_count ? spwv_tree_slice(&d->tree, d->tree.services[span->service]) : (struct spwv_slice){NULL, 0};
}

static const char *service_color(struct spwv_slice service)
{
    static const char *const colors[] = {"\x1b[36m", "\x1b[33m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[96m", "\x1b[93m", "\x1b[95m"};
    unsigned hash = 5381;
    for (size_t i = 0; i < service.size; i++)
        hash = hash * 33 + service.data[i];
    return colors[hash % (sizeof colors / sizeof *colors)];
}

/* Eighths of a cell at the end; the start is on a whole cell. A span shorter than a cell shows its length there, at least one eighth. */
static void draw_bar(struct drawing *d, const struct spwv_tree_span *span)
{
    double whole = d->tree.end > d->tree.start ? (double)(d->tree.end - d->tree.start) : 1;
    double from = (double)(span->start - d->tree.start) / whole * d->bar_width;
    double to = (double)(span->end - d->tree.start) / whole * d->bar_width;
    unsigned first = (unsigned)from < d->bar_width ? (unsigned)from : d->bar_width - 1;
    unsigned eighths = (unsigned)((to - from < 1 ? to - from : to - first) * 8 + 0.5);
    unsigned most = (d->bar_width - first) * 8;
    eighths = eighths < 1 ? 1 : eighths > most ? most : eighths;
    spwv_buf_add_repeated(d->out, " ", first);
    color(d, span->error ? RED : service_color(service_of(d, span)));
    spwv_buf_add_repeated(d->out, d->glyphs->eighths[8], eighths / 8);
    spwv_buf_add_str(d->out, d->glyphs->eighths[eighths % 8]);
    color(d, PLAIN);
}

static void draw_row(struct drawing *d, const struct spwv_tree_row *row)
{
    const struct spwv_tree_span *span = &d->tree.spans[row->span];
    draw_name(d, row);
    if (d->service_width) {
        spwv_buf_add(d->out, "  ", 2);
        color(d, service_color(service_of(d, span)));
        pad(d, draw_text(d, service_of(d, span), d->service_width), d->service_width);
        color(d, PLAIN);
    }
    spwv_buf_add(d->out, "  ", 2);
    draw_duration(d, span->end - span->start);
    spwv_buf_add(d->out, "  ", 2);
    draw_bar(d, span);
    spwv_buf_add_char(d->out, '\n');
    d->more[row->depth] = !row->last;
    if (!span->error || !span->message.size)
        return;
    unsigned used = draw_tree(d, row, false);
    bool has_children = span->first_child >= 0;
    color(d, DIM);
    spwv_buf_add_str(d->out, has_children && used + INDENT < d->width ? d->glyphs->pipe : d->glyphs->gap);
    color(d, PLAIN);
    color(d, RED);
    draw_text(d, spwv_tree_slice(&d->tree, span->message), d->width - used - INDENT);
    color(d, PLAIN);
    spwv_buf_add_char(d->out, '\n');
}

/* ---- the whole ---- */

static void measure(struct drawing *d)
{
    unsigned longest = MIN_NAME;
    unsigned service = 0;
    struct spwv_slice first = {NULL, 0};
    for (int i = 0; i < d->tree.count; i++) {
        const struct spwv_tree_span *span = &d->tree.spans[d->tree.rows[i].span];
        unsigned depth = d->tree.rows[i].depth < SPWV_MAX_WIDTH ? d->tree.rows[i].depth : SPWV_MAX_WIDTH;
        unsigned width = depth * INDENT + 2 * span->error + 2 * span->orphan + text_width(d, spwv_tree_slice(&d->tree, span->name));
        longest = width > longest ? width : longest;
        struct spwv_slice name = service_of(d, span);
        if (i == 0)
            first = name;
        if (name.size != first.size || (name.size && memcmp(name.data, first.data, name.size) != 0))
            service = MAX_SERVICE_WIDTH;
    }
    if (service) { /* one service needs no column: it is the header's */
        service = 0;
        for (unsigned i = 0; i < d->tree.service_count; i++) {
            unsigned width = text_width(d, spwv_tree_slice(&d->tree, d->tree.services[i]));
            service = width > service ? width : service;
        }
        service = service > MAX_SERVICE_WIDTH ? MAX_SERVICE_WIDTH : service;
    }
    d->service_width = service;
    unsigned fixed = (service ? service + 2 : 0) + DURATION_WIDTH + 4;
    unsigned most = d->width * 9 / 20;
    if (most + fixed + MIN_BAR > d->width)
        most = d->width - fixed - MIN_BAR;
    d->name_width = longest > most ? most : longest;
    d->bar_width = d->width - fixed - d->name_width;
}

static void draw_count(struct drawing *d, uint64_t count, const char *noun)
{
    spwv_buf_printf(d->out, "%s%" PRIu64 " %s%s", d->glyphs->dot, count, noun, count == 1 ? "" : "s");
}

static void draw_header(struct drawing *d)
{
    char id[2 * SPWV_TRACE_ID_SIZE + 1];
    spwv_hex_encode(d->tree.trace_id, SPWV_TRACE_ID_SIZE, id);
    color(d, BOLD);
    spwv_buf_printf(d->out, "trace %s", id);
    color(d, PLAIN);
    char duration[32];
    format_duration(d->glyphs, d->tree.end - d->tree.start, duration, sizeof duration);
    spwv_buf_printf(d->out, "%s%s", d->glyphs->dot, duration);
    draw_count(d, d->tree.total, "span");
    if (d->tree.errors) {
        color(d, RED);
        draw_count(d, d->tree.errors, "error");
        color(d, PLAIN);
    }
    if (!d->service_width && d->tree.count) {
        spwv_buf_add_str(d->out, d->glyphs->dot);
        draw_text(d, service_of(d, &d->tree.spans[0]), 32);
    }
    if (!d->tree.has_root) {
        spwv_buf_add_str(d->out, d->glyphs->dot);
        spwv_buf_add_str(d->out, "root not here yet");
    }
    spwv_buf_add_char(d->out, '\n');
}

static void draw_footer(struct drawing *d)
{
    bool orphans = false;
    for (int i = 0; i < d->tree.count; i++)
        orphans |= d->tree.spans[i].orphan;
    if (orphans)
        spwv_buf_printf(d->out, "%sits parent is not here\n", d->glyphs->orphan);
    if (d->tree.total > (uint64_t)d->tree.count)
        spwv_buf_printf(d->out, "%s %" PRIu64 " later spans not shown; the web page shows all\n", d->glyphs->cut,
                        d->tree.total - (uint64_t)d->tree.count);
}

static bool draw(struct drawing *d, struct spwv_error *error)
{
    unsigned width = d->options->width;
    d->width = width < SPWV_MIN_WIDTH ? SPWV_MIN_WIDTH : width > SPWV_MAX_WIDTH ? SPWV_MAX_WIDTH : width;
    d->glyphs = d->options->ascii ? &ascii : &unicode;
    d->more = calloc((size_t)d->tree.count + 2, sizeof *d->more);
    if (!d->more) {
        snprintf(error->text, sizeof error->text, "no memory to show the trace");
        return false;
    }
    measure(d);
    draw_header(d);
    for (int i = 0; i < d->tree.count; i++)
        draw_row(d, &d->tree.rows[i]);
    draw_footer(d);
    free(d->more);
    return true;
}

bool spwv_waterfall(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_waterfall_options *options, struct spwv_buf *out,
                    struct spwv_error *error)
{
    struct drawing d = {.options = options, .out = out};
    bool ok = spwv_tree_read(&d.tree, store, trace_id, error) && draw(&d, error);
    spwv_tree_fini(&d.tree);
    return ok;
}
