/*
 * The record reader on bytes from anywhere: every view it gives must lie in them, and every walk must end. What protobuf-c can also read has
 * the same fields, and as many attributes, events and links with the same keys and scalars.
 */
#include <spanwire/exporter.h>

#include "fuzz/input.h"
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"

typedef Opentelemetry__Proto__Trace__V1__Span pb_span;
typedef Opentelemetry__Proto__Common__V1__KeyValue pb_pair;
typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;

struct bounds {
    const char *from;
    size_t size;
};

static void inside(const struct bounds *b, spw_view view)
{
    must(!view.size || (view.data >= b->from && view.size <= b->size && (size_t)(view.data - b->from) <= b->size - view.size));
}

/* Walks a value: the containers met are kept in a list, so that depth costs no stack. */
static void walk_value(const struct bounds *b, spw_value value)
{
    enum { MOST = 256 };
    spw_value open[MOST];
    size_t count = 0;
    open[count++] = value;
    while (count) {
        spw_value v = open[--count], element;
        spw_attr entry;
        switch (v.type) {
        case SPW_VALUE_STRING:
        case SPW_VALUE_BYTES: inside(b, v.u.view); break;
        case SPW_VALUE_ENCODED_ARRAY:
            inside(b, v.u.view);
            for (spw_value_iter it = spw_value_elements(&v); spw_value_next(&it, &element);)
                if (count < MOST)
                    open[count++] = element;
            break;
        case SPW_VALUE_ENCODED_MAP:
            inside(b, v.u.view);
            for (spw_attr_iter it = spw_value_entries(&v); spw_attr_next(&it, &entry);) {
                inside(b, entry.key);
                if (count < MOST)
                    open[count++] = entry.value;
            }
            break;
        case SPW_VALUE_EMPTY:
        case SPW_VALUE_BOOL:
        case SPW_VALUE_INT:
        case SPW_VALUE_DOUBLE: break;
        case SPW_VALUE_ARRAY:
        case SPW_VALUE_MAP:
        default: must(0); /* a reader gives the encoded ones */
        }
    }
}

static void walk_attributes(const struct bounds *b, spw_attr_iter it)
{
    spw_attr attr;
    while (spw_attr_next(&it, &attr)) {
        inside(b, attr.key);
        walk_value(b, attr.value);
    }
}

/* ---- against protobuf-c ---- */

/* protobuf-c copies a string with its terminator: of one that holds a NUL the rest is there, too. */
static void same_text(const char *text, spw_view view)
{
    must((!view.size || memcmp(text, view.data, view.size) == 0) && text[view.size] == '\0');
}

static void same_bytes(ProtobufCBinaryData bytes, const uint8_t *id, size_t size)
{
    static const uint8_t none[16];
    must(memcmp(id, bytes.len ? bytes.data : none, size) == 0);
}

static void same_scalar(const pb_value *v, const spw_value *value)
{
    if (!v)
        return;
    switch ((int)v->value_case) {
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE:
        if (value->type == SPW_VALUE_STRING) /* bytes, when it is not UTF-8 */
            same_text(v->string_value, value->u.view);
        return;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE:
        must(value->type == SPW_VALUE_INT && value->u.i == v->int_value);
        return;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE:
        must(value->type == SPW_VALUE_DOUBLE && memcmp(&value->u.d, &v->double_value, 8) == 0);
        return;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE:
        must(value->type == SPW_VALUE_BOOL && value->u.b == (v->bool_value != 0));
        return;
    default: return;
    }
}

static void same_attributes(pb_pair *const *pairs, size_t count, spw_attr_iter it)
{
    spw_attr attr;
    size_t i = 0;
    for (; spw_attr_next(&it, &attr); i++) {
        must(i < count);
        same_text(pairs[i]->key, attr.key);
        same_scalar(pairs[i]->value, &attr.value);
    }
    must(i == count);
}

static bool is_id(ProtobufCBinaryData id, size_t size)
{
    return id.len == 0 || id.len == size;
}

static bool known_pairs(pb_pair *const *pairs, size_t count)
{
    bool known = true;
    for (size_t i = 0; i < count; i++)
        known &= !pairs[i]->base.n_unknown_fields && (!pairs[i]->value || !pairs[i]->value->base.n_unknown_fields);
    return known;
}

/* What protobuf-c knows, and writes as it was read. In the rest it overlooks what the reader refuses: a bool that is no varint, a tag past what a tag
 * is, ids of another size. */
static bool plain(const pb_span *s, const char *bytes, size_t size)
{
    bool plain = opentelemetry__proto__trace__v1__span__get_packed_size(s) == size;
    uint8_t *again = plain ? malloc(size + 1) : NULL;
    if (again) {
        plain = opentelemetry__proto__trace__v1__span__pack(s, again) == size && memcmp(again, bytes, size) == 0;
        free(again);
    }
    plain &= known_pairs(s->attributes, s->n_attributes);
    for (size_t i = 0; i < s->n_events; i++)
        plain &= !s->events[i]->base.n_unknown_fields && known_pairs(s->events[i]->attributes, s->events[i]->n_attributes);
    for (size_t i = 0; i < s->n_links; i++)
        plain &= !s->links[i]->base.n_unknown_fields && known_pairs(s->links[i]->attributes, s->links[i]->n_attributes) &&
                 is_id(s->links[i]->trace_id, 16) && is_id(s->links[i]->span_id, 8);
    return plain;
}

static void same_span(const pb_span *s, spw_span_view view)
{
    same_bytes(s->trace_id, view.trace_id, 16);
    same_bytes(s->span_id, view.span_id, 8);
    same_bytes(s->parent_span_id, view.parent_span_id, 8);
    same_text(s->name, view.name);
    same_text(s->trace_state, view.trace_state);
    must(s->start_time_unix_nano == view.start_unix_ns && s->end_time_unix_nano == view.end_unix_ns && s->flags == view.flags);
    must(s->dropped_attributes_count == view.dropped_attributes && s->dropped_events_count == view.dropped_events &&
         s->dropped_links_count == view.dropped_links);
    must((int)view.kind == (s->kind >= 0 && s->kind <= 5 ? (int)s->kind : 0));
    same_attributes(s->attributes, s->n_attributes, view.attributes);
    spw_event_view event;
    size_t i = 0;
    for (; spw_event_next(&view.events, &event); i++) {
        must(i < s->n_events && event.unix_ns == s->events[i]->time_unix_nano);
        same_text(s->events[i]->name, event.name);
        same_attributes(s->events[i]->attributes, s->events[i]->n_attributes, event.attributes);
    }
    must(i == s->n_events);
    spw_link_view link;
    for (i = 0; spw_link_next(&view.links, &link); i++) {
        must(i < s->n_links && link.flags == s->links[i]->flags);
        same_bytes(s->links[i]->span_id, link.span_id, 8);
        same_attributes(s->links[i]->attributes, s->links[i]->n_attributes, link.attributes);
    }
    must(i == s->n_links);
}

static void walk(const struct bounds *b, spw_span_view span)
{
    inside(b, span.name);
    inside(b, span.status_message);
    inside(b, span.trace_state);
    walk_attributes(b, span.attributes);
    spw_event_view event;
    while (spw_event_next(&span.events, &event)) {
        inside(b, event.name);
        walk_attributes(b, event.attributes);
    }
    spw_link_view link;
    while (spw_link_next(&span.links, &link)) {
        inside(b, link.trace_state);
        walk_attributes(b, link.attributes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    char *bytes = input_text(&in, size, NULL);
    spw_span_view span;
    if (spw_span_view_read(bytes, size, &span)) {
        walk(&(struct bounds){ bytes, size }, span);
        pb_span *same = opentelemetry__proto__trace__v1__span__unpack(NULL, size, (const uint8_t *)bytes);
        if (same) {
            if (plain(same, bytes, size))
                same_span(same, span);
            opentelemetry__proto__trace__v1__span__free_unpacked(same, NULL);
        }
    }
    free(bytes);
    return 0;
}
