/* Encoding what a user sets into frames of a span's log. Sizes are worked out first, then room is reserved once, then bytes are written. */
#ifndef SPW_RECORD_FRAME_H
#define SPW_RECORD_FRAME_H

#include "slot.h"

#define SPW__MAX_KEY 1024u

/* One attribute, measured: the bytes of its KeyValue are prefix, key, middle, then value. */
struct spw__measured {
    uint32_t size; /* of the KeyValue message */
    uint32_t key_size, value_size;
    const char *key;
    const char *value; /* of a string or bytes */
    uint8_t middle[16]; /* the AnyValue's tag and length, and a scalar's bytes */
    uint8_t middle_size;
    char repaired[SPW__MAX_KEY]; /* the key, when it was not UTF-8 */
};

/* False when the key is empty or too long, or the type is not one that can be recorded. */
bool spw__measure(const struct spw__limits *limits, spw_view key, const spw_value *value, struct spw__measured *out);

/*
 * Sets one attribute the quick way: ASCII, short, and with room in the slot's own log, which is nearly always. `tag` is the AnyValue's; a
 * string has its length written. False: nothing was done, take the common way.
 */
bool spw__frame_short(struct spw__engine *engine, uint64_t handle, const char *key, size_t key_size, uint8_t tag, bool has_length,
                      const void *value, size_t value_size);

enum { SPW__ANY_STRING = 0x0a, SPW__ANY_BOOL = 0x10, SPW__ANY_INT = 0x18, SPW__ANY_DOUBLE = 0x21, SPW__ANY_BYTES = 0x3a };

/* Sets one attribute on a live span. */
void spw__frame_attribute(struct spw__engine *engine, uint64_t handle, spw_view key, const spw_value *value);

/* Writes one into a span that is being started; false when the inline part is full (set it later then). */
bool spw__frame_attribute_new(struct spw__engine *engine, struct spw__slot *slot, uint32_t *cursor, uint8_t mark, spw_view key,
                              const spw_value *value);

void spw__frame_event(struct spw__engine *engine, uint64_t handle, spw_view name, uint64_t unix_ns, const spw_attr *attrs, size_t count);
void spw__frame_status(struct spw__engine *engine, uint64_t handle, spw_status_code code, spw_view text);

/* The span's name. Cut at 64 KiB; one that is not UTF-8 is repaired, and cut at 1 KiB. */
void spw__frame_name(struct spw__engine *engine, uint64_t handle, spw_view name);

#endif
