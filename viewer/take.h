/*
 * One ExportTraceServiceRequest into a store: what POST /v1/traces and an opened file have in common.
 *
 * Ownership: the bytes are the caller's and are not kept. Threads: any; the store has its lock. Failure: below; nothing of the request is
 * stored then. Limits: otlp.h's and otlp_from_json.h's; a conversion takes its memory from `memory` (NULL: no budget).
 */
#ifndef SPWV_TAKE_H
#define SPWV_TAKE_H

#include "store.h"

enum spwv_taken {
    SPWV_TAKEN,
    SPWV_REFUSED, /* it is no such request */
    SPWV_BUSY     /* no memory, or the store failed: the same request may be taken later */
};

struct spwv_take {
    uint64_t spans; /* in the request */
    uint64_t rejected;
    const char *reason; /* of the first one rejected */
};

enum spwv_taken spwv_take_protobuf(struct spwv_store *store, struct spwv_slice body, struct spwv_take *take, struct spwv_error *error);
enum spwv_taken spwv_take_json(struct spwv_store *store, struct spwv_slice json, struct spwv_budget *memory, struct spwv_take *take,
                               struct spwv_error *error);

#endif
