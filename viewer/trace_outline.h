/*
 * One trace as the JSON of GET /api/traces/{id}/outline: what drawing it takes, in columns; what is inside of a span is asked for span by span.
 *
 * Ownership: the buffer is the caller's. Threads: one. Failure: the buffer's, whose maximum and budget hold for all that is kept meanwhile too.
 * Limits: texts are cut at SPWV_MAX_SUMMARY_TEXT bytes, attributes over that are left out; SPWV_OUTLINE_EVENTS events and SPWV_OUTLINE_LINKS
 *   links a span, the first ones; SPWV_OUTLINE_KEYS keys.
 */
#ifndef SPWV_TRACE_OUTLINE_H
#define SPWV_TRACE_OUTLINE_H

#include "json.h"
#include "store.h"

enum { SPWV_OUTLINE_EVENTS = 50, SPWV_OUTLINE_LINKS = 128, SPWV_OUTLINE_KEYS = 16 };

struct spwv_outline_options {
    struct spwv_slice keys[SPWV_OUTLINE_KEYS]; /* of attributes that are told of all spans */
    unsigned key_count;
    size_t whole_below; /* a trace whose JSON has at most so many bytes comes whole, as GET /api/traces/{id}; 0: none */
};

/* False with an empty error text: no such trace. */
bool spwv_trace_outline(struct spwv_store *store, const uint8_t *trace_id, const struct spwv_outline_options *options, struct spwv_buf *out,
                        struct spwv_error *error);

#endif
