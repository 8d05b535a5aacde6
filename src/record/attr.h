/* One attribute as the bytes of a KeyValue field: measured, then put where there is room for it. */
#ifndef SPW_RECORD_ATTR_H
#define SPW_RECORD_ATTR_H

#include "key.h"
#include "value.h"

/* A KeyValue: key, middle, then the value. */
struct spw__measured {
    uint32_t size; /* of the KeyValue message */
    uint32_t key_size;
    const char *key;
    struct spw__scalar any;
    char repaired[SPW__MAX_KEY]; /* the key, when it was not UTF-8 */
};

/* False when it is empty or too long. */
static inline bool spw__measure_key(spw_view key, struct spw__measured *out)
{
    if (__builtin_expect(!key.data || key.size == 0 || key.size > SPW__MAX_KEY, 0))
        return false;
    out->key = key.data;
    out->key_size = (uint32_t)key.size;
    if (__builtin_expect(!spw__utf8_valid(key.data, key.size), 0)) {
        out->key_size = (uint32_t)spw__utf8_repair(out->repaired, SPW__MAX_KEY, key.data, key.size);
        out->key = out->repaired;
    }
    return true;
}

/* Once key and value are measured. */
static inline void spw__measure_pair(struct spw__measured *m)
{
    m->size = spw__framed(m->key_size) + spw__framed(m->any.middle_size + m->any.value_size);
}

/* False when the key is none, or the value is no scalar. */
static inline bool spw__measure(const struct spw__limits *limits, spw_view key, const spw_value *value, struct spw__measured *out)
{
    if (!spw__measure_key(key, out) || !spw__measure_scalar(limits, value, &out->any))
        return false;
    spw__measure_pair(out);
    return true;
}

/* The same of an array or a map. */
bool spw__measure_tree(const struct spw__limits *limits, spw_view key, const spw_value *value, struct spw__measured *out,
                       struct spw__sizes *sizes);

/* Writes all of the field but the value; for values that are written piece by piece. `tag` is the field's in its message. */
void spw__put_measured_head(struct spw__writer *writer, uint8_t tag, const struct spw__measured *m);

/* Writes a field whose value is a scalar. The flat way goes straight into the log; the other through small pieces. */
static inline void spw__put_measured(struct spw__writer *writer, uint8_t tag, const struct spw__measured *m)
{
    if (__builtin_expect(writer->flat == NULL, 0)) {
        spw__put_measured_head(writer, tag, m);
        spw__writer_put(writer, m->any.value, m->any.value_size);
        return;
    }
    uint8_t *p = writer->flat;
    *p++ = tag;
    p = spw__put_varint(p, m->size);
    *p++ = SPW__TAG_KEY;
    p = spw__put_varint(p, m->key_size);
    p = spw__put_bytes(p, m->key, m->key_size);
    *p++ = SPW__TAG_VALUE;
    p = spw__put_varint(p, m->any.middle_size + m->any.value_size);
    p = spw__put_bytes(p, m->any.middle, m->any.middle_size);
    writer->flat = spw__put_bytes(p, m->any.value, m->any.value_size);
}

/* The limits that two passes over the same values must agree on, although a start may change the engine's in between. */
static inline struct spw__limits spw__limits_now(const struct spw__limits *from)
{
    return (struct spw__limits){ .event_attributes = spw__limit(&from->event_attributes),
                                 .link_attributes = spw__limit(&from->link_attributes),
                                 .value_length = spw__limit(&from->value_length) };
}

#endif
