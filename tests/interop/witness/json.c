#include "json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Valid UTF-8 only. */
static void put_text(FILE *out, const char *text, size_t size)
{
    fputc('"', out);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == '"' || c == '\\')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_hex(FILE *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", bytes[i]);
}

static void put_base64(FILE *out, const uint8_t *in, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)in[i] << 16 | (i + 1 < size ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < size ? in[i + 2] : 0);
        fputc(digits[group >> 18], out);
        fputc(digits[group >> 12 & 63], out);
        fputc(i + 1 < size ? digits[group >> 6 & 63] : '=', out);
        fputc(i + 2 < size ? digits[group & 63] : '=', out);
    }
}

static void put_double(FILE *out, double d)
{
    if (d != d)
        fputs("\"NaN\"", out);
    else if (d - d != 0)
        fputs(d > 0 ? "\"Infinity\"" : "\"-Infinity\"", out);
    else
        fprintf(out, "%.17g", d);
}

static void put_value(FILE *out, const spw_value *v)
{
    switch (v->type) {
    case SPW_VALUE_STRING:
        fputs("\"stringValue\":", out);
        put_text(out, v->u.view.data, v->u.view.size);
        break;
    case SPW_VALUE_BYTES:
        fputs("\"bytesValue\":\"", out);
        put_base64(out, (const uint8_t *)v->u.view.data, v->u.view.size);
        fputc('"', out);
        break;
    case SPW_VALUE_INT: fprintf(out, "\"intValue\":\"%" PRId64 "\"", v->u.i); break;
    case SPW_VALUE_BOOL: fprintf(out, "\"boolValue\":%s", v->u.b ? "true" : "false"); break;
    case SPW_VALUE_DOUBLE:
        fputs("\"doubleValue\":", out);
        put_double(out, v->u.d);
        break;
    default: break; /* empty */
    }
}

void json_put_attr(FILE *out, bool first, const spw_attr *a)
{
    fputs(first ? "{\"key\":" : ",{\"key\":", out);
    put_text(out, a->key.data, a->key.size);
    fputs(",\"value\":{", out);
    put_value(out, &a->value);
    fputs("}}", out);
}

static void put_attrs(FILE *out, spw_attr_iter it)
{
    bool first = true;
    for (spw_attr a; spw_attr_next(&it, &a); first = false)
        json_put_attr(out, first, &a);
}

void json_put_field(FILE *out, const char *name, spw_view text)
{
    fprintf(out, ",\"%s\":", name);
    put_text(out, text.data, text.size);
}

static void put_id(FILE *out, const char *before, const uint8_t *id, size_t size)
{
    fputs(before, out);
    put_hex(out, id, id ? size : 0);
    fputc('"', out);
}

void json_put_line(FILE *out, const line *l)
{
    fputs("{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":", out);
    put_text(out, l->scope.name.data, l->scope.name.size);
    json_put_field(out, "version", l->scope.version);
    fputc('}', out);
    json_put_field(out, "schemaUrl", l->scope.schema_url);
    put_id(out, ",\"spans\":[{\"traceId\":\"", l->trace_id, 16);
    put_id(out, ",\"spanId\":\"", l->span_id, 8);
    put_id(out, ",\"parentSpanId\":\"", l->parent_id, 8);
    json_put_field(out, "name", l->name);
    json_put_field(out, "traceState", l->trace_state);
    fprintf(out, ",\"flags\":%u,\"kind\":%d", l->flags, (int)l->kind);
    fprintf(out, ",\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64 "\"", l->start_unix_ns, l->end_unix_ns);
    fprintf(out, ",\"droppedAttributesCount\":%u,\"droppedEventsCount\":%u", l->dropped_attributes, l->dropped_events);
    fprintf(out, ",\"status\":{\"code\":%d", (int)l->status);
    json_put_field(out, "message", l->status_message);
    fprintf(out, "},\"attributes\":[%s],\"events\":[%s]}]}]}]}\n", l->attributes, l->events);
}

/* ---- KEPT: what the memory exporter has ---- */

static void put_event(FILE *out, bool first, const spw_event_view *event)
{
    fprintf(out, "%s{\"timeUnixNano\":\"%" PRIu64 "\"", first ? "" : ",", event->unix_ns);
    json_put_field(out, "name", event->name);
    fprintf(out, ",\"droppedAttributesCount\":%u,\"attributes\":[", event->dropped_attributes);
    put_attrs(out, event->attributes);
    fputs("]}", out);
}

static char *attributes_json(spw_attr_iter it)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    put_attrs(out, it);
    fclose(out);
    return text;
}

static char *events_json(spw_event_iter it)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool first = true;
    for (spw_event_view event; spw_event_next(&it, &event); first = false)
        put_event(out, first, &event);
    fclose(out);
    return text;
}

bool json_write_kept(const char *path, spw_exporter *memory)
{
    static const uint8_t none[8] = { 0 };
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    spw_span_view s;
    for (size_t i = 0; spw_memory_exporter_span(memory, i, &s); i++) {
        char *attributes = attributes_json(s.attributes), *events = events_json(s.events);
        line l = { .trace_id = s.trace_id, .span_id = s.span_id, .parent_id = memcmp(s.parent_span_id, none, 8) ? s.parent_span_id : NULL,
                   .flags = s.flags, .name = s.name, .trace_state = s.trace_state, .status_message = s.status_message, .kind = s.kind,
                   .status = s.status, .start_unix_ns = s.start_unix_ns, .end_unix_ns = s.end_unix_ns,
                   .dropped_attributes = s.dropped_attributes, .dropped_events = s.dropped_events, .scope = s.scope,
                   .attributes = attributes, .events = events };
        json_put_line(out, &l);
        free(attributes);
        free(events);
    }
    return fclose(out) == 0;
}
