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

/* Copies of records, for what was redacted. Blocks are freed with the batch, or when it is used anew; one is kept. */
struct spw__batch_block {
    struct spw__batch_block *next;
    size_t used, capacity;
    uint8_t bytes[];
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
    spw_view resource;              /* framed `1: Resource`, then `3: schema_url` if there is one; owned by the SDK */
    uint8_t *owned;                 /* a detached copy's records, or NULL */
    struct spw__batch_block *blocks;
};

/* Makes an empty batch for up to `capacity` records; NULL out of memory. */
struct spw_batch *spw__batch_new(struct spw__engine *engine, size_t capacity, spw_view resource);
void spw__batch_free(struct spw_batch *batch);

/* Empties it and gives it a new number. */
void spw__batch_reset(struct spw_batch *batch, uint64_t sequence);

/* Adds a record; there must be room. */
void spw__batch_add(struct spw_batch *batch, const uint8_t *data, uint32_t length, uint32_t scope);

/* Adds a copy of a record, which the batch owns. False: out of memory. */
bool spw__batch_add_copy(struct spw_batch *batch, spw_view record, uint32_t scope);

/* The attributes in an encoded ResourceSpans without its scopes. */
spw_attr_iter spw__resource_attributes(spw_view resource);

/* Reads a record as it lies in a row, its scope and the resource included. False: it is not one. */
bool spw__batch_read_record(struct spw__engine *engine, const uint8_t *data, uint32_t length, uint32_t scope, spw_span_view *out);

/* Groups by scope, keeping the order within each. After the last add. */
void spw__batch_group(struct spw_batch *batch);

/* The encoded size with one more record of `length`, never too small. */
size_t spw__batch_size_with(const struct spw_batch *batch, size_t length, uint32_t scope);

/* A copy that owns its records, for an exporter that may keep them past our patience; NULL out of memory. */
struct spw_batch *spw__batch_detach(const struct spw_batch *batch);

/* The record at index and its scope; false past the end. */
bool spw__batch_record(const struct spw_batch *batch, size_t index, spw_view *record, spw_instrumentation_scope *scope);

#endif
