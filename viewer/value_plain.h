/*
 * Attributes as a plain JSON object, {"key": value}, for programs that know nothing of OTLP: an integer beyond 2^53 and bytes become strings.
 *
 * Ownership, threads, failure: as json.h. No recursion. Keys that came twice are written twice. What types there were is in value_json.h.
 */
#ifndef SPWV_VALUE_PLAIN_H
#define SPWV_VALUE_PLAIN_H

#include "json.h"
#include "otlp.h"

/* The members of an object that is open: every KeyValue in that repeated field of the message. */
void spwv_json_plain_members(struct spwv_json *json, struct spwv_slice message, uint32_t field);

/*
 * One KeyValue, of which a value of more than `max` bytes is cut: a string to its beginning with a word on its length, anything else to that word
 * alone; so is a key. An AnyValue likewise.
 */
void spwv_json_plain_value_cut(struct spwv_json *json, struct spwv_slice any, size_t max);
void spwv_json_plain_member_cut(struct spwv_json *json, struct spwv_slice key_value, size_t max);

#endif
