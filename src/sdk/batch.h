/*
 * A batch: references to records in the rows, gathered by scope, encoded on request as one ExportTraceServiceRequest. The references stay
 * valid because the pipeline's cursor passes their chunks only after the batch is done. Public half in spanwire/exporter.h.
 */
#ifndef SPW_SDK_BATCH_H
#define SPW_SDK_BATCH_H

#include <spanwire/exporter.h>

struct spw__engine;

struct spw__batch_ref {
    const uint8_t *data; /* `0x12 size Span` */
    uint32_t length;
    uint32_t scope;
};

struct spw_batch {
    struct spw__engine *engine;
    uint64_t sequence;
    size_t count;
    size_t capacity;
    struct spw__batch_ref *refs;
    struct spw__batch_ref *scratch; /* for sorting, as many */
    size_t bytes;                   /* of the records */
    size_t scope_bytes;             /* of the scopes they bring, counted again at each change: at least what grouping needs */
    spw_view resource;              /* framed `1: Resource`, owned by the SDK */
    uint8_t *owned;                 /* a detached copy's records, or NULL */
};

/* Makes an empty batch for up to `capacity` records; NULL out of memory. */
struct spw_batch *spw__batch_new(struct spw__engine *engine, size_t capacity, spw_view resource);
void spw__batch_free(struct spw_batch *batch);

/* Empties it and gives it a new number. */
void spw__batch_reset(struct spw_batch *batch, uint64_t sequence);

/* Adds a record; there must be room. */
void spw__batch_add(struct spw_batch *batch, const uint8_t *data, uint32_t length, uint32_t scope);

/* Groups by scope, keeping the order within each. After the last add. */
void spw__batch_group(struct spw_batch *batch);

/* The encoded size with one more record of `length`, never too small. */
size_t spw__batch_size_with(const struct spw_batch *batch, uint32_t length, uint32_t scope);

/* A copy that owns its records, for an exporter that may keep them past our patience; NULL out of memory. */
struct spw_batch *spw__batch_detach(const struct spw_batch *batch);

/* The record at index and its scope; false past the end. */
bool spw__batch_record(const struct spw_batch *batch, size_t index, spw_view *record, spw_scope_view *scope);

#endif
