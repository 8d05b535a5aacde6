/*
 * One trace as the JSON of GET /api/traces/{id}, written by a sink for the store's read().
 *
 * Ownership: the buffer is the caller's. Threads: one. Failure and limits: the buffer's.
 */
#ifndef SPWV_TRACE_JSON_H
#define SPWV_TRACE_JSON_H

#include "store.h"
#include "json.h"

/* What is handed to the sink is written to the buffer; end() closes it. A program that writes other spans than the sink's ends the head, and goes on with `json`. */
struct spwv_trace_writer {
    struct spwv_json json;
    int part;
};

struct spwv_trace_sink spwv_trace_writer_init(struct spwv_trace_writer *writer, struct spwv_buf *out);
void spwv_trace_writer_end_head(struct spwv_trace_writer *writer);
void spwv_trace_writer_end(struct spwv_trace_writer *writer);

/* A resource, a scope, as every answer has them. */
void spwv_json_resource(struct spwv_json *json, const struct spwv_origin *resource);
void spwv_json_scope(struct spwv_json *json, const struct spwv_origin *scope);

/* False with an empty error text: no such trace. */
bool spwv_trace_json(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error);

#endif
