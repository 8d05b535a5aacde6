/*
 * A trace copied out of the store, and its spans laid out in lanes: what the exports share.
 *
 * Ownership: the caller's struct, spwv_export_fini() frees. Threads: one. Failure: `failed` without memory. Limits: export.h's.
 */
#ifndef SPWV_EXPORT_TRACE_H
#define SPWV_EXPORT_TRACE_H

#include "store.h"

struct spwv_export_part { /* bytes in the trace's `raw` */
    size_t at;
    size_t size;
};

struct spwv_export_origin {
    struct spwv_export_part raw;
    struct spwv_export_part schema_url;
};

struct spwv_export_span {
    struct spwv_export_part raw;
    uint64_t start;
    uint64_t end; /* not before start */
    uint8_t id[8];
    uint8_t parent_id[8];
    unsigned resource;
    unsigned scope;
    int parent; /* its place; -1: none here */
    int below;  /* in its lane: the open span it starts inside of; -1: none */
    unsigned depth;
    unsigned lane; /* of its resource, from 0 */
    bool has_parent;
};

struct spwv_export_trace {
    struct spwv_buf raw;
    struct spwv_buf resources; /* of spwv_export_origin */
    struct spwv_buf scopes;
    struct spwv_buf spans; /* of spwv_export_span */
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    uint64_t start;
    uint64_t end;
    bool failed;
};

/* The spans come in the store's order, by start. `out` gives the maximum and the budget. False as of the store's read(). */
bool spwv_export_read(struct spwv_export_trace *trace, struct spwv_store *store, const uint8_t *trace_id, const struct spwv_buf *out,
                      struct spwv_error *error);
void spwv_export_fini(struct spwv_export_trace *trace);

int spwv_export_span_count(const struct spwv_export_trace *trace);
struct spwv_export_span *spwv_export_spans(const struct spwv_export_trace *trace);
const struct spwv_export_origin *spwv_export_resource(const struct spwv_export_trace *trace, unsigned number);
const struct spwv_export_origin *spwv_export_scope(const struct spwv_export_trace *trace, unsigned number);
struct spwv_slice spwv_export_bytes(const struct spwv_export_trace *trace, struct spwv_export_part part);

/* service.name of that resource. */
struct spwv_slice spwv_export_service(const struct spwv_export_trace *trace, unsigned resource);

/*
 * Sorts the spans by resource, lane and start, and gives each a lane in which spans contain each other or follow each other, as a thread's do.
 * A span shares the lane of its parent when it is inside of it and no other child is running there; else it has the first lane that is free.
 */
bool spwv_export_lanes(struct spwv_export_trace *trace);

#endif
