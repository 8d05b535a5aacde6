/* Encoding a value: value.h. */
#include "sdk/value.h"

#include <string.h>

#include "record/utf8.h"
#include "record/wire.h"

enum { MAX_DEPTH = SPW_MAX_VALUE_DEPTH, MAX_CONTAINERS = 1024, MAX_ENTRIES = 1024 };

/* Fields of AnyValue, and of what arrays and maps hold. */
enum {
    TAG_STRING = 0x0a,
    TAG_BOOL = 0x10,
    TAG_INT = 0x18,
    TAG_DOUBLE = 0x21,
    TAG_ARRAY = 0x2a,
    TAG_MAP = 0x32,
    TAG_BYTES = 0x3a,
    TAG_ELEMENT = 0x0a, /* ArrayValue.values, KeyValueList.values */
    TAG_KEY = 0x0a,
    TAG_VALUE = 0x12,
};

/* An array or map being written. The lengths before its body, and before the element it is the value of, are put in when it is closed. */
struct level {
    const spw_value *values; /* the next one, of an array */
    const spw_attr *entries; /* of a map */
    size_t left;
    size_t body;
    size_t marks[2]; /* of the element around it, inner first */
    unsigned mark_count;
};

struct encoder {
    struct spw__buffer *out;
    struct level levels[MAX_DEPTH];
    unsigned depth;
    unsigned containers;
};

static void put_tag(struct spw__buffer *out, uint8_t tag)
{
    spw__buffer_put(out, &tag, 1);
}

/* Puts the length of what follows `from` in front of it. */
static void put_length_at(struct spw__buffer *out, size_t from)
{
    uint8_t length[10];
    if (spw__buffer_failed(out))
        return;
    size_t size = out->size - from;
    size_t more = (size_t)(spw__put_varint(length, size) - length);
    if (!spw__buffer_extend(out, more))
        return;
    memmove(out->data + from + more, out->data + from, size);
    memcpy(out->data + from, length, more);
}

/* A size without bytes is no text. */
static bool is_there(spw_view view)
{
    return view.data || !view.size;
}

static bool put_view(struct spw__buffer *out, uint8_t tag, spw_view view)
{
    if (is_there(view))
        spw__buffer_put_field(out, tag, view.data, view.size);
    return is_there(view);
}

static bool put_scalar(struct spw__buffer *out, const spw_value *value)
{
    uint8_t number[11];
    spw_view view = value->u.view;
    switch (value->type) {
    case SPW_VALUE_EMPTY: break;
    case SPW_VALUE_STRING:
        return is_there(view) && put_view(out, spw__utf8_valid(view.data, view.size) ? TAG_STRING : TAG_BYTES, view);
    case SPW_VALUE_BYTES: return put_view(out, TAG_BYTES, view);
    case SPW_VALUE_ENCODED_ARRAY: return put_view(out, TAG_ARRAY, view);
    case SPW_VALUE_ENCODED_MAP: return put_view(out, TAG_MAP, view);
    case SPW_VALUE_BOOL:
        number[0] = TAG_BOOL;
        number[1] = value->u.b;
        spw__buffer_put(out, number, 2);
        break;
    case SPW_VALUE_INT:
        number[0] = TAG_INT;
        spw__buffer_put(out, number, (size_t)(spw__put_varint(number + 1, (uint64_t)value->u.i) - number));
        break;
    case SPW_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->u.d, sizeof bits);
        number[0] = TAG_DOUBLE;
        spw__put_fixed64(number + 1, bits);
        spw__buffer_put(out, number, 9);
        break;
    }
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    default: return false;
    }
    return true;
}

static bool open_level(struct encoder *e, const spw_value *value, const size_t *marks, unsigned mark_count)
{
    bool is_map = value->type == SPW_VALUE_MAP;
    if (e->depth == MAX_DEPTH || ++e->containers > MAX_CONTAINERS)
        return false;
    put_tag(e->out, is_map ? TAG_MAP : TAG_ARRAY);
    struct level *l = &e->levels[e->depth++];
    *l = (struct level){ .body = e->out->size, .mark_count = mark_count };
    for (unsigned i = 0; i < mark_count; i++)
        l->marks[i] = marks[i];
    if (is_map) {
        l->entries = value->u.map.entries;
        l->left = l->entries ? value->u.map.count : 0;
        return l->left <= MAX_ENTRIES;
    }
    l->values = value->u.array.values;
    l->left = l->values ? value->u.array.count : 0;
    return true;
}

static void close_level(struct encoder *e)
{
    const struct level *l = &e->levels[--e->depth];
    put_length_at(e->out, l->body);
    for (unsigned i = 0; i < l->mark_count; i++)
        put_length_at(e->out, l->marks[i]);
}

static bool put_value(struct encoder *e, const spw_value *value, const size_t *marks, unsigned mark_count)
{
    if (value->type == SPW_VALUE_ARRAY || value->type == SPW_VALUE_MAP)
        return open_level(e, value, marks, mark_count);
    if (!put_scalar(e->out, value))
        return false;
    for (unsigned i = 0; i < mark_count; i++)
        put_length_at(e->out, marks[i]);
    return true;
}

/* Of equal keys the last counts. */
static bool is_overwritten(const struct level *l, const spw_attr *entry)
{
    spw_view key = entry->key;
    for (size_t i = 1; i <= l->left; i++) {
        spw_view later = entry[i].key;
        if (later.size == key.size && is_there(later) && (key.size == 0 || memcmp(later.data, key.data, key.size) == 0))
            return true;
    }
    return false;
}

static bool put_element(struct encoder *e, struct level *l)
{
    size_t marks[2];
    l->left--;
    if (l->values) {
        put_tag(e->out, TAG_ELEMENT);
        marks[0] = e->out->size;
        return put_value(e, l->values++, marks, 1);
    }
    const spw_attr *entry = l->entries++;
    if (!is_there(entry->key))
        return false;
    if (is_overwritten(l, entry))
        return true;
    put_tag(e->out, TAG_ELEMENT);
    marks[1] = e->out->size;
    spw__buffer_put_field(e->out, TAG_KEY, entry->key.data, entry->key.size);
    put_tag(e->out, TAG_VALUE);
    marks[0] = e->out->size;
    return spw__utf8_valid(entry->key.data, entry->key.size) && put_value(e, &entry->value, marks, 2);
}

bool spw__value_encode(struct spw__buffer *out, const spw_value *value)
{
    struct encoder e;
    e.out = out;
    e.depth = e.containers = 0;
    if (!put_value(&e, value, NULL, 0))
        return false;
    while (e.depth && !spw__buffer_failed(out)) {
        struct level *l = &e.levels[e.depth - 1];
        if (!l->left)
            close_level(&e);
        else if (!put_element(&e, l))
            return false;
    }
    return !spw__buffer_failed(out);
}
