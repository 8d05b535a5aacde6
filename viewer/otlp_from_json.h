/*
 * OTLP JSON into the protobuf bytes that everything behind the intake reads.
 *
 * What is taken: the JSON mapping of protobuf with OTLP's deviations (ids in hex, unknown fields ignored). More than OTLP asks of a receiver,
 * as the Collector does: names as in the .proto file (trace_id) and the names of enum values. A field named twice counts the last time, a
 * repeated one adds up; null is a field left out.
 *
 * Ownership: `out` is the caller's, empty at the call. Threads: any, nothing is shared. Failure: *error says where and why, `out` holds
 *   nothing of use; out->failed tells that memory (its maximum or its budget) was the reason. Blocks: no.
 * Limits: SPWV_JSON_DEPTH levels, SPWV_MAX_ELEMENTS messages, the memory of `out`: less than four times the text. No recursion. What comes
 *   out is well formed; spwv_otlp_check() still has to judge how deep its values are nested.
 */
#ifndef SPWV_OTLP_FROM_JSON_H
#define SPWV_OTLP_FROM_JSON_H

#include "otlp.h"

/* `message`: the request that it is. */
bool spwv_otlp_from_json(enum spwv_message message, struct spwv_slice json, struct spwv_buf *out, struct spwv_error *error);

/* Which request the text is by its first known key: SPWV_TRACES_REQUEST when there is none, or no JSON. */
enum spwv_message spwv_otlp_request_of_json(struct spwv_slice json);

/* A maximum for `out` that no text of that many bytes reaches: a packed number is a digit and a comma at least,
 * and 8 bytes here; a message two characters and a comma, and 9 bytes at first. */
#define SPWV_FROM_JSON_MAX(json_size) (4 * (json_size) + 64)

#endif
