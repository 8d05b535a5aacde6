/*
 * Attributes and their values as JSON: {"key","type","value"}, typed, nothing lost.
 *
 * Ownership, threads, failure: as json.h. No recursion: nested values sit on a stack of SPWV_MAX_VALUE_DEPTH; what is deeper
 * (it cannot be after spwv_otlp_check) comes out empty.
 */
#ifndef SPWV_VALUE_JSON_H
#define SPWV_VALUE_JSON_H

#include "json.h"
#include "otlp.h"

/* "attributes":[...] of every KeyValue in that repeated field of the message. */
void spwv_json_attributes(struct spwv_json *json, struct spwv_slice message, uint32_t field);

/* An AnyValue, {"type","value"}; an empty one is of type "empty". */
void spwv_json_value(struct spwv_json *json, struct spwv_slice any);

/* One KeyValue. */
void spwv_json_key_value(struct spwv_json *json, struct spwv_slice raw);

#endif
