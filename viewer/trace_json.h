/*
 * One trace as the JSON of GET /api/traces/{id}: a sink for the store's read().
 *
 * Ownership: the buffer is the caller's. Threads: one. Failure and limits: the buffer's.
 */
#ifndef SPWV_TRACE_JSON_H
#define SPWV_TRACE_JSON_H

#include "store.h"
#include "json.h"

/* False with an empty error text: no such trace. */
bool spwv_trace_json(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);

#endif
