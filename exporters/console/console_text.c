/* A span as text for people: console_text.h. */
#include "console_text.h"

#include <spanwire/allocator.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FIRST_CAPACITY = 4096, TAIL = 16, MAX_DEPTH = 8 };

static const char hex_digits[] = "0123456789abcdef";

/* ---- the buffer ---- */

static bool reserve(struct spw__console_text *t, size_t more)
{
    if (t->cut || more > SPW__CONSOLE_MAX_BYTES - TAIL || t->size + more > SPW__CONSOLE_MAX_BYTES - TAIL) {
        t->cut = true;
        return false;
    }
    size_t capacity = t->capacity ? t->capacity : FIRST_CAPACITY;
    while (capacity < t->size + more + TAIL)
        capacity *= 2;
    if (capacity > t->capacity) {
        char *grown = spw_reallocate(t->data, capacity);
        if (!grown) {
            t->cut = true;
            return false;
        }
        t->data = grown;
        t->capacity = capacity;
    }
    return true;
}

static void put(struct spw__console_text *t, const char *data, size_t size)
{
    if (reserve(t, size)) {
        memcpy(t->data + t->size, data, size);
        t->size += size;
    }
}

static void put_text(struct spw__console_text *t, const char *text)
{
    put(t, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct spw__console_text *t, const char *format, ...)
{
    char line[160];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n > 0)
        put(t, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void put_hex(struct spw__console_text *t, const uint8_t *bytes, size_t size)
{
    char pair[2];
    for (size_t i = 0; i < size; i++) {
        pair[0] = hex_digits[bytes[i] >> 4];
        pair[1] = hex_digits[bytes[i] & 15];
        put(t, pair, 2);
    }
}

/* ---- escaping ---- */

/* The length of the printable UTF-8 character at `s`, or 0: a control character (C1 included) or not UTF-8. */
static size_t printable(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < size)
        return 0;
    uint32_t code = s[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = (code << 6) | (s[i] & 0x3fu);
    }
    bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool control = code < 0xa0 || code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return overlong || surrogate || control || code > 0x10ffff ? 0 : size;
}

static void put_escape(struct spw__console_text *t, uint8_t byte)
{
    switch (byte) {
    case '\n': put(t, "\\n", 2); return;
    case '\r': put(t, "\\r", 2); return;
    case '\t': put(t, "\\t", 2); return;
    default: put_format(t, "\\x%02x", byte); return;
    }
}

static void put_escaped(struct spw__console_text *t, spw_view view)
{
    const uint8_t *s = (const uint8_t *)view.data;
    size_t shown = view.size < SPW__CONSOLE_MAX_VALUE ? view.size : SPW__CONSOLE_MAX_VALUE;
    for (size_t i = 0; i < shown;) {
        size_t n = printable(s + i, view.size - i);
        if (s[i] == '"' || s[i] == '\\')
            put(t, "\\", 1);
        if (n)
            put(t, view.data + i, n);
        else
            put_escape(t, s[i]);
        i += n ? n : 1;
    }
    if (shown < view.size)
        put_format(t, "... (%zu bytes)", view.size);
}

static void put_quoted(struct spw__console_text *t, spw_view view)
{
    put(t, "\"", 1);
    put_escaped(t, view);
    put(t, "\"", 1);
}

/* ---- values ---- */

static void put_bytes(struct spw__console_text *t, spw_view view)
{
    size_t shown = view.size < 32 ? view.size : 32;
    put_text(t, "0x");
    put_hex(t, (const uint8_t *)view.data, shown);
    if (shown < view.size)
        put_format(t, "... (%zu bytes)", view.size);
}

static void put_scalar(struct spw__console_text *t, const spw_value *value)
{
    switch (value->type) {
    case SPW_VALUE_ARRAY: /* a reader gives the encoded ones */
    case SPW_VALUE_MAP:
    case SPW_VALUE_EMPTY: put_text(t, "(empty)"); break;
    case SPW_VALUE_STRING: put_quoted(t, value->u.view); break;
    case SPW_VALUE_BOOL: put_text(t, value->u.b ? "true" : "false"); break;
    case SPW_VALUE_INT: put_format(t, "%lld", (long long)value->u.i); break;
    case SPW_VALUE_DOUBLE: put_format(t, "%.17g", value->u.d); break;
    case SPW_VALUE_ENCODED_ARRAY: put_format(t, "[array of %zu bytes]", value->u.view.size); break;
    case SPW_VALUE_ENCODED_MAP: put_format(t, "{map of %zu bytes}", value->u.view.size); break;
    case SPW_VALUE_BYTES: put_bytes(t, value->u.view); break;
    }
}

static spw_attr_iter map_entries(spw_view map)
{
    const uint8_t *at = (const uint8_t *)map.data;
    spw_attr_iter it = { at, at ? at + map.size : at, 1 };
    return it;
}

/* One attribute as `key=value`; maps are opened without recursion, down to MAX_DEPTH. */
static void put_attr(struct spw__console_text *t, const spw_attr *attr)
{
    spw_attr_iter stack[MAX_DEPTH];
    size_t depth = 0;
    spw_attr at = *attr;
    for (;;) {
        put_escaped(t, at.key);
        put(t, "=", 1);
        bool opened = at.value.type == SPW_VALUE_ENCODED_MAP && depth < MAX_DEPTH;
        if (opened) {
            put(t, "{", 1);
            stack[depth++] = map_entries(at.value.u.view);
        } else {
            put_scalar(t, &at.value);
        }
        while (depth > 0 && !spw_attr_next(&stack[depth - 1], &at)) {
            put(t, "}", 1);
            depth--;
            opened = false;
        }
        if (depth == 0)
            return;
        if (!opened)
            put(t, ", ", 2);
    }
}

static void put_attrs(struct spw__console_text *t, spw_attr_iter it, const char *indent)
{
    for (spw_attr attr; !t->cut && spw_attr_next(&it, &attr);) {
        put_text(t, indent);
        put_attr(t, &attr);
        put(t, "\n", 1);
    }
}

/* ---- the span ---- */

static const char *kind_name(spw_span_kind kind)
{
    static const char *const names[] = { "unset", "internal", "server", "client", "producer", "consumer" };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

static void put_time(struct spw__console_text *t, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / 1000000000u);
    struct tm tm;
    char text[32];
    if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
        put_format(t, "%s.%09uZ", text, (unsigned)(unix_ns % 1000000000u));
}

static void put_duration(struct spw__console_text *t, uint64_t ns)
{
    if (ns < 1000000u)
        put_format(t, "%.3f us", (double)ns / 1e3);
    else if (ns < 1000000000u)
        put_format(t, "%.3f ms", (double)ns / 1e6);
    else
        put_format(t, "%.3f s", (double)ns / 1e9);
}

static void put_status(struct spw__console_text *t, const spw_span_view *span)
{
    static const char *const names[] = { "unset", "ok", "error" };
    put_text(t, (unsigned)span->status < 3 ? names[span->status] : "unknown");
    if (span->status_message.size) {
        put_text(t, " ");
        put_quoted(t, span->status_message);
    }
}

static void put_ids(struct spw__console_text *t, const spw_span_view *span)
{
    static const uint8_t none[8] = { 0 };
    put_text(t, "  trace ");
    put_hex(t, span->trace_id, sizeof span->trace_id);
    put_text(t, " span ");
    put_hex(t, span->span_id, sizeof span->span_id);
    if (memcmp(span->parent_span_id, none, sizeof none) != 0) {
        put_text(t, " parent ");
        put_hex(t, span->parent_span_id, sizeof span->parent_span_id);
    }
    if (span->trace_state.size) {
        put_text(t, " tracestate ");
        put_quoted(t, span->trace_state);
    }
    put(t, "\n", 1);
}

static void put_origin(struct spw__console_text *t, const spw_span_view *span, spw_view service_name)
{
    put_text(t, "  at ");
    put_time(t, span->start_unix_ns);
    if (service_name.size) {
        put_text(t, " service ");
        put_quoted(t, service_name);
    }
    if (span->scope.name.size) {
        put_text(t, " scope ");
        put_quoted(t, span->scope.name);
        put_text(t, span->scope.version.size ? " " : "");
        put_escaped(t, span->scope.version);
    }
    put(t, "\n", 1);
}

static void put_events(struct spw__console_text *t, const spw_span_view *span)
{
    spw_event_iter it = span->events;
    for (spw_event_view event; !t->cut && spw_event_next(&it, &event);) {
        put_text(t, "  event ");
        put_quoted(t, event.name);
        put_text(t, " at ");
        put_time(t, event.unix_ns);
        put(t, "\n", 1);
        put_attrs(t, event.attributes, "      ");
    }
}

void spw__console_text_span(struct spw__console_text *t, const spw_span_view *span, spw_view service_name)
{
    t->size = 0;
    t->cut = false;
    put_text(t, "span ");
    put_quoted(t, span->name);
    put_format(t, " %s ", kind_name(span->kind));
    put_duration(t, span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns - span->start_unix_ns : 0);
    put_text(t, " status ");
    put_status(t, span);
    put(t, "\n", 1);
    put_ids(t, span);
    put_origin(t, span, service_name);
    put_attrs(t, span->attributes, "    ");
    put_events(t, span);
    if (span->dropped_attributes || span->dropped_events)
        put_format(t, "  dropped %u attributes, %u events\n", span->dropped_attributes, span->dropped_events);
    if (t->cut && t->data) {
        memcpy(t->data + t->size, "... (cut)\n", 10); /* TAIL is kept free for it */
        t->size += 10;
    }
}

void spw__console_text_fini(struct spw__console_text *t)
{
    spw_free(t->data);
    *t = (struct spw__console_text){ NULL, 0, 0, false };
}
