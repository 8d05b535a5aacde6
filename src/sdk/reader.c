/*
 * The public record reader: views into wire bytes. (exporter.h, "reading records".)
 *
 * Threads    Pure functions over their arguments.
 * Ownership  Views point into the bytes they were read from.
 * Failure    The bytes may be anything: every length is checked against what is left, nothing recurses, nothing is copied but ids.
 */
#include "sdk/batch.h"

#include <spanwire/exporter.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Field numbers of Span, Span.Event, Span.Link, Status, KeyValue and AnyValue in OTLP. */
enum {
    SPAN_TRACE_ID = 1,
    SPAN_SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_SPAN_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_DROPPED_ATTRIBUTES = 10,
    SPAN_EVENTS = 11,
    SPAN_DROPPED_EVENTS = 12,
    SPAN_LINKS = 13,
    SPAN_DROPPED_LINKS = 14,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
    EVENT_TIME = 1,
    EVENT_NAME = 2,
    EVENT_ATTRIBUTES = 3,
    EVENT_DROPPED_ATTRIBUTES = 4,
    LINK_TRACE_ID = 1,
    LINK_SPAN_ID = 2,
    LINK_TRACE_STATE = 3,
    LINK_ATTRIBUTES = 4,
    LINK_DROPPED_ATTRIBUTES = 5,
    LINK_FLAGS = 6,
    STATUS_MESSAGE = 2,
    STATUS_CODE = 3,
    KEY_VALUE_KEY = 1,
    KEY_VALUE_VALUE = 2,
    LIST_VALUES = 1, /* of an ArrayValue and of a KeyValueList */
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

struct field {
    uint32_t number;
    enum wire_type type;
    uint64_t number_value; /* VARINT, FIXED64, FIXED32 */
    spw_view bytes;        /* BYTES */
};

static struct cursor cursor_over(spw_view view)
{
    struct cursor c = { (const uint8_t *)view.data, (const uint8_t *)view.data };
    if (view.size)
        c.end += view.size;
    return c;
}

static bool read_varint(struct cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (c->at == c->end)
            return false;
        uint8_t byte = *c->at++;
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            *out = value;
            return true;
        }
    }
    return false; /* more than ten bytes */
}

static bool read_fixed(struct cursor *c, unsigned size, uint64_t *out)
{
    if ((size_t)(c->end - c->at) < size)
        return false;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)c->at[i] << (8 * i);
    c->at += size;
    *out = value;
    return true;
}

static bool read_bytes(struct cursor *c, spw_view *out)
{
    uint64_t size;
    if (!read_varint(c, &size) || size > (uint64_t)(c->end - c->at))
        return false;
    out->data = (const char *)c->at;
    out->size = (size_t)size;
    c->at += size;
    return true;
}

/* Reads the next field whole. False when it is malformed (groups, which OTLP has none of, included); call only before the end. */
static bool read_field(struct cursor *c, struct field *f)
{
    uint64_t tag;
    if (!read_varint(c, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->type = (enum wire_type)(tag & 7u);
    f->number_value = 0;
    f->bytes = (spw_view){ NULL, 0 };
    switch (f->type) {
    case WIRE_VARINT: return read_varint(c, &f->number_value);
    case WIRE_FIXED64: return read_fixed(c, 8, &f->number_value);
    case WIRE_FIXED32: return read_fixed(c, 4, &f->number_value);
    case WIRE_BYTES: return read_bytes(c, &f->bytes);
    default: return false;
    }
}

/* ---- typed takers: false when the field has the wrong wire type ---- */

static bool take_view(const struct field *f, spw_view *out)
{
    *out = f->bytes;
    return f->type == WIRE_BYTES;
}

static bool take_u64(const struct field *f, enum wire_type type, uint64_t *out)
{
    *out = f->number_value;
    return f->type == type;
}

static bool take_u32(const struct field *f, enum wire_type type, uint32_t *out)
{
    *out = (uint32_t)f->number_value;
    return f->type == type;
}

/* An id of exactly `size` bytes, or an empty one (all zero). */
static bool take_id(const struct field *f, uint8_t *out, size_t size)
{
    if (f->type != WIRE_BYTES || (f->bytes.size != 0 && f->bytes.size != size))
        return false;
    memset(out, 0, size);
    if (f->bytes.size)
        memcpy(out, f->bytes.data, size);
    return true;
}

/* ---- messages ---- */

static bool read_status(spw_view encoded, spw_span_view *out)
{
    struct cursor c = cursor_over(encoded);
    struct field f;
    while (c.at < c.end) {
        if (!read_field(&c, &f))
            return false;
        if (f.number == STATUS_MESSAGE && !take_view(&f, &out->status_message))
            return false;
        if (f.number == STATUS_CODE) {
            if (f.type != WIRE_VARINT)
                return false;
            out->status = f.number_value <= SPW_STATUS_ERROR ? (spw_status_code)f.number_value : SPW_STATUS_UNSET;
        }
    }
    return true;
}

static bool take_kind(const struct field *f, spw_span_kind *out)
{
    *out = f->number_value <= SPW_KIND_CONSUMER ? (spw_span_kind)f->number_value : SPW_KIND_UNSET; /* a kind of the future */
    return f->type == WIRE_VARINT;
}

static bool take_span_field(const struct field *f, spw_span_view *out)
{
    switch (f->number) {
    case SPAN_TRACE_ID: return take_id(f, out->trace_id, sizeof out->trace_id);
    case SPAN_SPAN_ID: return take_id(f, out->span_id, sizeof out->span_id);
    case SPAN_PARENT_SPAN_ID: return take_id(f, out->parent_span_id, sizeof out->parent_span_id);
    case SPAN_TRACE_STATE: return take_view(f, &out->trace_state);
    case SPAN_NAME: return take_view(f, &out->name);
    case SPAN_KIND: return take_kind(f, &out->kind);
    case SPAN_START: return take_u64(f, WIRE_FIXED64, &out->start_unix_ns);
    case SPAN_END: return take_u64(f, WIRE_FIXED64, &out->end_unix_ns);
    case SPAN_DROPPED_ATTRIBUTES: return take_u32(f, WIRE_VARINT, &out->dropped_attributes);
    case SPAN_DROPPED_EVENTS: return take_u32(f, WIRE_VARINT, &out->dropped_events);
    case SPAN_DROPPED_LINKS: return take_u32(f, WIRE_VARINT, &out->dropped_links);
    case SPAN_FLAGS: return take_u32(f, WIRE_FIXED32, &out->flags);
    case SPAN_STATUS: return f->type == WIRE_BYTES && read_status(f->bytes, out);
    default: return true; /* attributes, events and links are walked by their iterators */
    }
}

bool spw_span_view_read(const void *data, size_t size, spw_span_view *out)
{
    memset(out, 0, sizeof *out);
    out->encoded = (spw_view){ data, size };
    struct cursor c = cursor_over(out->encoded);
    out->attributes = (spw_attr_iter){ c.at, c.end, SPAN_ATTRIBUTES, 0 };
    out->events = (spw_event_iter){ c.at, c.end, 0 };
    out->links = (spw_link_iter){ c.at, c.end, 0 };
    struct field f;
    while (c.at < c.end)
        if (!read_field(&c, &f) || !take_span_field(&f, out))
            return false;
    return true;
}

bool spw_span_next(spw_span_iter *it, spw_span_view *out)
{
    spw_view record;
    spw_instrumentation_scope scope;
    while (spw__batch_record(it->batch, it->index, &record, &scope)) {
        it->index++;
        struct cursor c = cursor_over(record);
        struct field f;
        if (c.at == c.end || !read_field(&c, &f) || f.type != WIRE_BYTES)
            continue; /* not a record of ours: the next one may be */
        if (!spw_span_view_read(f.bytes.data, f.bytes.size, out))
            continue;
        out->scope = scope;
        out->resource = spw_batch_resource(it->batch);
        return true;
    }
    return false;
}

/* ---- values and attributes ---- */

static bool take_value_field(const struct field *f, spw_value *out)
{
    bool fits = true;
    switch (f->number) {
    case SPW_VALUE_STRING:
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    case SPW_VALUE_BYTES: fits = take_view(f, &out->u.view); break;
    case SPW_VALUE_BOOL:
        out->u.b = f->number_value != 0;
        fits = f->type == WIRE_VARINT;
        break;
    case SPW_VALUE_INT:
        out->u.i = (int64_t)f->number_value;
        fits = f->type == WIRE_VARINT;
        break;
    case SPW_VALUE_DOUBLE:
        memcpy(&out->u.d, &f->number_value, sizeof out->u.d);
        fits = f->type == WIRE_FIXED64;
        break;
    default: return true; /* a value type of the future reads as empty */
    }
    bool tree = f->number == SPW_VALUE_ARRAY || f->number == SPW_VALUE_MAP;
    out->type = (spw_value_type)(f->number | (tree ? SPW_VALUE_ENCODED_ARRAY & ~SPW_VALUE_ARRAY : 0u));
    return fits;
}

static bool read_value(spw_view encoded, spw_value *out)
{
    struct cursor c = cursor_over(encoded);
    struct field f;
    memset(out, 0, sizeof *out);
    while (c.at < c.end)
        if (!read_field(&c, &f) || !take_value_field(&f, out))
            return false;
    return true;
}

static bool read_key_value(spw_view encoded, spw_attr *out)
{
    struct cursor c = cursor_over(encoded);
    struct field f;
    memset(out, 0, sizeof *out);
    while (c.at < c.end) {
        if (!read_field(&c, &f))
            return false;
        if (f.number == KEY_VALUE_KEY && !take_view(&f, &out->key))
            return false;
        if (f.number == KEY_VALUE_VALUE && (f.type != WIRE_BYTES || !read_value(f.bytes, &out->value)))
            return false;
    }
    return true;
}

/* Moves to the next field of that number that holds bytes; at the end, or where it is malformed, stays at the end. */
static bool next_message(const uint8_t **at, const uint8_t *end, uint32_t number, spw_view *out)
{
    struct cursor c = { *at, end };
    struct field f;
    while (c.at < c.end) {
        if (!read_field(&c, &f))
            break;
        if (f.number == number && f.type == WIRE_BYTES) {
            *at = c.at;
            *out = f.bytes;
            return true;
        }
    }
    *at = end;
    return false;
}

bool spw_attr_next(spw_attr_iter *it, spw_attr *out)
{
    spw_view encoded;
    if (!next_message(&it->at, it->end, it->field, &encoded))
        return false;
    if (read_key_value(encoded, out))
        return true;
    it->at = it->end;
    return false;
}

spw_value_iter spw_value_elements(const spw_value *array)
{
    bool is_array = array->type == SPW_VALUE_ENCODED_ARRAY;
    struct cursor c = cursor_over(is_array ? array->u.view : (spw_view){ NULL, 0 });
    return (spw_value_iter){ c.at, c.end, 0 };
}

bool spw_value_next(spw_value_iter *it, spw_value *out)
{
    spw_view encoded;
    if (!next_message(&it->at, it->end, LIST_VALUES, &encoded))
        return false;
    if (read_value(encoded, out))
        return true;
    it->at = it->end;
    return false;
}

spw_attr_iter spw_value_entries(const spw_value *map)
{
    bool is_map = map->type == SPW_VALUE_ENCODED_MAP;
    struct cursor c = cursor_over(is_map ? map->u.view : (spw_view){ NULL, 0 });
    return (spw_attr_iter){ c.at, c.end, LIST_VALUES, 0 };
}

/* ---- events and links ---- */

static bool take_event_field(const struct field *f, spw_event_view *out)
{
    switch (f->number) {
    case EVENT_TIME: return take_u64(f, WIRE_FIXED64, &out->unix_ns);
    case EVENT_NAME: return take_view(f, &out->name);
    case EVENT_DROPPED_ATTRIBUTES: return take_u32(f, WIRE_VARINT, &out->dropped_attributes);
    default: return true;
    }
}

bool spw_event_next(spw_event_iter *it, spw_event_view *out)
{
    spw_view encoded;
    if (!next_message(&it->at, it->end, SPAN_EVENTS, &encoded))
        return false;
    memset(out, 0, sizeof *out);
    struct cursor c = cursor_over(encoded);
    out->attributes = (spw_attr_iter){ c.at, c.end, EVENT_ATTRIBUTES, 0 };
    struct field f;
    while (c.at < c.end) {
        if (!read_field(&c, &f) || !take_event_field(&f, out)) {
            it->at = it->end;
            return false;
        }
    }
    return true;
}

static bool take_link_field(const struct field *f, spw_link_view *out)
{
    switch (f->number) {
    case LINK_TRACE_ID: return take_id(f, out->trace_id, sizeof out->trace_id);
    case LINK_SPAN_ID: return take_id(f, out->span_id, sizeof out->span_id);
    case LINK_TRACE_STATE: return take_view(f, &out->trace_state);
    case LINK_DROPPED_ATTRIBUTES: return take_u32(f, WIRE_VARINT, &out->dropped_attributes);
    case LINK_FLAGS: return take_u32(f, WIRE_FIXED32, &out->flags);
    default: return true;
    }
}

bool spw_link_next(spw_link_iter *it, spw_link_view *out)
{
    spw_view encoded;
    if (!next_message(&it->at, it->end, SPAN_LINKS, &encoded))
        return false;
    memset(out, 0, sizeof *out);
    struct cursor c = cursor_over(encoded);
    out->attributes = (spw_attr_iter){ c.at, c.end, LINK_ATTRIBUTES, 0 };
    struct field f;
    while (c.at < c.end) {
        if (!read_field(&c, &f) || !take_link_field(&f, out)) {
            it->at = it->end;
            return false;
        }
    }
    return true;
}
