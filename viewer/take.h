/*
 * One request of OTLP into a store: what POST /v1/traces, /v1/logs and /v1/metrics and an opened file have in common.
 *
 * Ownership: the bytes are the caller's and are not kept. Threads: any; the store has its lock. Failure: below; nothing of the request is
 * stored then. Limits: otlp.h's and otlp_from_json.h's; a conversion takes its memory from `memory` (NULL: no budget).
 */
#ifndef SPWV_TAKE_H
#define SPWV_TAKE_H

#include "store.h"

/* What the three signals call the same things. */
struct spwv_signal {
    enum spwv_message request;
    const char *path;
    const char *items;    /* what is counted: "spans" */
    const char *rejected; /* in JSON: "rejectedSpans" */
};

enum { SPWV_SIGNALS = 3 };
extern const struct spwv_signal spwv_signals[SPWV_SIGNALS];

/* NULL: none has this path. */
const struct spwv_signal *spwv_signal_of_path(const char *path);
const struct spwv_signal *spwv_signal_of_request(enum spwv_message request);

enum spwv_taken {
    SPWV_TAKEN,
    SPWV_REFUSED, /* it is no such request */
    SPWV_BUSY     /* no memory, or the store failed: the same request may be taken later */
};

struct spwv_take {
    uint64_t items; /* spans, log records or data points in the request */
    uint64_t rejected;
    const char *reason; /* of the first one rejected */
};

enum spwv_taken spwv_take_protobuf(struct spwv_store *store, const struct spwv_signal *signal, struct spwv_slice body, struct spwv_take *take,
                                   struct spwv_error *error);
enum spwv_taken spwv_take_json(struct spwv_store *store, const struct spwv_signal *signal, struct spwv_slice json, struct spwv_budget *memory,
                               struct spwv_take *take, struct spwv_error *error);

#endif
