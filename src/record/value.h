/*
 * Values as AnyValue bytes. A scalar is at most 16 bytes beside its text; a tree (an array or a map) is walked twice without recursion: once
 * for the sizes of its containers, kept in the order they are met, then written forward.
 */
#ifndef SPW_RECORD_VALUE_H
#define SPW_RECORD_VALUE_H

#include "slot.h"
#include "utf8.h"
#include "wire.h"

enum {
    SPW__ANY_STRING = 0x0a,
    SPW__ANY_BOOL = 0x10,
    SPW__ANY_INT = 0x18,
    SPW__ANY_DOUBLE = 0x21,
    SPW__ANY_ARRAY = 0x2a,
    SPW__ANY_MAP = 0x32,
    SPW__ANY_BYTES = 0x3a,
};
enum { SPW__TAG_KEY = 0x0a, SPW__TAG_VALUE = 0x12 }; /* of a KeyValue */

#define SPW__MAX_CONTAINERS 1024u
#define SPW__MAX_MAP 1024u /* entries of one map */

/* The bytes of an AnyValue: `middle`, then `value_size` more, which are `value`'s or a tree's. */
struct spw__scalar {
    const char *value;
    uint32_t value_size;
    uint8_t middle_size;
    uint8_t middle[16]; /* tag and length, or a number's bytes */
};

static inline bool spw__is_tree(const spw_value *value)
{
    return value->type == SPW_VALUE_ARRAY || value->type == SPW_VALUE_MAP;
}

static inline uint32_t spw__framed(uint32_t size)
{
    return (uint32_t)(1 + spw__varint_size(size)) + size;
}

static inline void spw__measure_text(const struct spw__limits *limits, const spw_value *value, struct spw__scalar *out)
{
    const char *data = value->u.view.data;
    size_t size = data ? value->u.view.size : 0;
    uint8_t tag = SPW__ANY_BYTES;
    if (value->type == SPW_VALUE_STRING) {
        if (__builtin_expect(size > spw__limit(&limits->value_length), 0))
            size = spw__utf8_prefix(data, size, spw__limit(&limits->value_length));
        tag = spw__utf8_valid(data ? data : "", size) ? SPW__ANY_STRING : SPW__ANY_BYTES;
    } else if (size > spw__limit(&limits->value_length)) {
        size = spw__limit(&limits->value_length);
    }
    if (size > UINT32_MAX / 4)
        size = UINT32_MAX / 4; /* far over the span's limit: dropped there */
    out->value = data;
    out->value_size = (uint32_t)size;
    out->middle[0] = tag;
    out->middle_size = (uint8_t)(spw__put_varint(out->middle + 1, size) - out->middle);
}

/* False for what is no scalar. */
static inline bool spw__measure_scalar(const struct spw__limits *limits, const spw_value *value, struct spw__scalar *out)
{
    uint8_t *p = out->middle;
    out->value = NULL;
    out->value_size = 0;
    switch (value->type) {
    case SPW_VALUE_STRING:
    case SPW_VALUE_BYTES:
        spw__measure_text(limits, value, out);
        return true;
    case SPW_VALUE_BOOL:
        *p++ = SPW__ANY_BOOL;
        *p++ = value->u.b;
        break;
    case SPW_VALUE_INT:
        *p++ = SPW__ANY_INT;
        p = spw__put_varint(p, (uint64_t)value->u.i);
        break;
    case SPW_VALUE_DOUBLE: {
        uint64_t bits;
        memcpy(&bits, &value->u.d, 8);
        *p++ = SPW__ANY_DOUBLE;
        p = spw__put_fixed64(p, bits);
        break;
    }
    case SPW_VALUE_EMPTY:
        break;
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY: /* these are for reading: recording takes nobody's bytes for OTLP */
    case SPW_VALUE_ENCODED_MAP:
    default:
        return false;
    }
    out->middle_size = (uint8_t)(p - out->middle);
    return true;
}

/* Makes `out` the head of a container of `size` bytes; `tag` SPW__ANY_ARRAY or SPW__ANY_MAP. */
static inline void spw__measure_container(uint8_t tag, uint32_t size, struct spw__scalar *out)
{
    out->value = NULL;
    out->value_size = size;
    out->middle[0] = tag;
    out->middle_size = (uint8_t)(spw__put_varint(out->middle + 1, size) - out->middle);
}

/* The sizes of a tree's ArrayValues and KeyValueLists, in the order in which they are met; the root's comes first. */
struct spw__sizes {
    uint32_t count;
    uint32_t of[SPW__MAX_CONTAINERS];
};

/* False when the tree is over a budget (depth, containers, entries of a map, bytes, comparisons of equal keys) or holds what no value is. */
bool spw__tree_measure(const struct spw__limits *limits, const spw_value *tree, struct spw__sizes *out);

/* Writes the root's elements, exactly as measured; its own head the caller writes. */
void spw__tree_write(const struct spw__limits *limits, const spw_value *tree, const struct spw__sizes *sizes, struct spw__writer *writer);

/* A C array of one type, as the elements of an ArrayValue. A NULL string is an empty value. */
struct spw__row {
    spw_value_type type; /* STRING: const char *const *; INT: const int64_t *; DOUBLE: const double *; BOOL: const bool * */
    const void *items;
    size_t count;
};

/* False when it is over the bytes a span may hold. */
bool spw__row_measure(const struct spw__limits *limits, const struct spw__row *row, uint32_t *size);
void spw__row_write(const struct spw__limits *limits, const struct spw__row *row, struct spw__writer *writer);

#endif
