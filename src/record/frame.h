/* Encoding what a user sets into frames of a span's log. Sizes are worked out first, then room is reserved once, then bytes are written. */
#ifndef SPW_RECORD_FRAME_H
#define SPW_RECORD_FRAME_H

#include "key.h"
#include "value.h"

/*
 * Sets one attribute the quick way: ASCII, short, and with room in the slot's own log, which is nearly always. `tag` is the AnyValue's; a
 * string has its length written. False: nothing was done, take the common way.
 */
bool spw__frame_short(struct spw__engine *engine, uint64_t handle, const char *key, size_t key_size, uint8_t tag, bool has_length,
                      const void *value, size_t value_size);

/* Sets one attribute on a live span. */
void spw__frame_attribute(struct spw__engine *engine, uint64_t handle, spw_view key, const spw_value *value);

/* Sets one attribute to an array of one type. */
void spw__frame_row(struct spw__engine *engine, uint64_t handle, spw_view key, const struct spw__row *row);

/* Writes one into a span that is being started; false when the inline part is full (set it later then). */
bool spw__frame_attribute_new(struct spw__engine *engine, struct spw__slot *slot, uint32_t *cursor, uint8_t mark, spw_view key,
                              const spw_value *value);

/* Adds an event. `own` attributes come before the caller's: of equal keys his count. */
void spw__frame_event(struct spw__engine *engine, uint64_t handle, spw_view name, uint64_t unix_ns, const struct spw__attrs *attrs);

void spw__frame_status(struct spw__engine *engine, uint64_t handle, spw_status_code code, spw_view text);

/* The span's name. Cut at 64 KiB; one that is not UTF-8 is repaired, and cut at 1 KiB. */
void spw__frame_name(struct spw__engine *engine, uint64_t handle, spw_view name);

#endif
