#include "sdk/batch.h"

#include <spanwire/allocator.h>
#include <string.h>

#include "record/engine.h"
#include "record/wire.h"

enum { TAG_RESOURCE = 0x0a, TAG_RESOURCE_SPANS = 0x0a, TAG_SCOPE_SPANS = 0x12, TAG_SCHEMA_URL = 0x1a, TAG_RECORD = 0x12 };
enum { BLOCK_BYTES = 64 * 1024 };

struct spw_batch *spw__batch_new(struct spw__engine *engine, size_t capacity, spw_view resource)
{
    struct spw_batch *batch = spw_allocate_zeroed(1, sizeof *batch);
    if (!batch)
        return NULL;
    batch->refs = spw_allocate_zeroed(capacity, sizeof *batch->refs);
    batch->scratch = spw_allocate_zeroed(capacity, sizeof *batch->scratch);
    if (!batch->refs || !batch->scratch) {
        spw__batch_free(batch);
        return NULL;
    }
    batch->engine = engine;
    batch->capacity = capacity;
    batch->resource = resource;
    return batch;
}

/* But for `keep` of the ordinary size. */
static void free_blocks(struct spw_batch *batch, unsigned keep)
{
    struct spw__batch_block *block = batch->blocks;
    batch->blocks = NULL;
    while (block) {
        struct spw__batch_block *next = block->next;
        if (keep && block->capacity == BLOCK_BYTES) {
            keep--;
            *block = (struct spw__batch_block){ batch->blocks, 0, BLOCK_BYTES };
            batch->blocks = block;
        } else {
            spw_free(block);
        }
        block = next;
    }
}

void spw__batch_free(struct spw_batch *batch)
{
    if (!batch)
        return;
    free_blocks(batch, 0);
    spw_free(batch->refs);
    spw_free(batch->scratch);
    spw_free(batch->owned);
    spw_free(batch);
}

void spw__batch_reset(struct spw_batch *batch, uint64_t sequence)
{
    batch->sequence = sequence;
    batch->count = 0;
    batch->bytes = 0;
    batch->scope_bytes = 0;
    free_blocks(batch, 1);
}

/* A scope's own bytes in a request: itself, its schema URL, their tags and lengths. */
static size_t scope_size(const struct spw_batch *batch, uint32_t scope)
{
    struct spw__scope_parts parts;
    spw__scope_lookup(batch->engine, scope, &parts);
    return parts.framed.size + parts.schema_url.size + 32;
}

static bool brings_scope(const struct spw_batch *batch, uint32_t scope)
{
    return !batch->count || batch->refs[batch->count - 1].scope != scope;
}

void spw__batch_add(struct spw_batch *batch, const uint8_t *data, uint32_t length, uint32_t scope)
{
    if (brings_scope(batch, scope))
        batch->scope_bytes += scope_size(batch, scope);
    batch->refs[batch->count++] = (struct spw__batch_ref){ data, length, scope };
    batch->bytes += length;
}

bool spw__batch_add_copy(struct spw_batch *batch, spw_view record, uint32_t scope)
{
    struct spw__batch_block *block = batch->blocks;
    if (!block || block->capacity - block->used < record.size) {
        size_t capacity = record.size > BLOCK_BYTES ? record.size : BLOCK_BYTES;
        block = spw_allocate(sizeof *block + capacity);
        if (!block)
            return false;
        *block = (struct spw__batch_block){ batch->blocks, 0, capacity };
        batch->blocks = block;
    }
    uint8_t *copy = block->bytes + block->used;
    memcpy(copy, record.data, record.size);
    block->used += record.size;
    spw__batch_add(batch, copy, (uint32_t)record.size, scope);
    return true;
}

/* Stable, one pass a distinct scope; nearly always there is one, or a handful. */
void spw__batch_group(struct spw_batch *batch)
{
    struct spw__batch_ref *refs = batch->refs;
    size_t same = 1;
    while (same < batch->count && refs[same].scope == refs[0].scope)
        same++;
    if (same >= batch->count)
        return;
    uint8_t done[SPW__MAX_SCOPES / 8] = { 0 };
    size_t used = 0;
    for (size_t i = 0; i < batch->count && used < batch->count; i++) {
        uint32_t scope = refs[i].scope % SPW__MAX_SCOPES;
        if (done[scope / 8] >> (scope % 8) & 1)
            continue;
        done[scope / 8] |= (uint8_t)(1u << (scope % 8));
        for (size_t j = i; j < batch->count; j++)
            if (refs[j].scope == scope)
                batch->scratch[used++] = refs[j];
    }
    batch->refs = batch->scratch;
    batch->scratch = refs;
}

size_t spw__batch_size_with(const struct spw_batch *batch, size_t length, uint32_t scope)
{
    size_t more = brings_scope(batch, scope) ? scope_size(batch, scope) : 0;
    return batch->bytes + length + batch->scope_bytes + more + batch->resource.size + 32;
}

/* ---- encoding ---- */

struct group {
    size_t from, to;
    struct spw__scope_parts scope;
    size_t inner; /* bytes of the ScopeSpans message */
};

static size_t field_size(size_t size)
{
    return 1 + spw__varint_size(size) + size;
}

/* The group of records that starts at `from`. */
static struct group group_at(const struct spw_batch *batch, size_t from)
{
    struct group g = { .from = from, .to = from };
    spw__scope_lookup(batch->engine, batch->refs[from].scope, &g.scope);
    g.inner = g.scope.framed.size + (g.scope.schema_url.size ? field_size(g.scope.schema_url.size) : 0);
    while (g.to < batch->count && batch->refs[g.to].scope == batch->refs[from].scope)
        g.inner += batch->refs[g.to++].length;
    return g;
}

static size_t resource_spans_size(const struct spw_batch *batch)
{
    size_t size = batch->resource.size;
    for (size_t i = 0; i < batch->count;) {
        struct group g = group_at(batch, i);
        size += field_size(g.inner);
        i = g.to;
    }
    return size;
}

static uint8_t *put_group(const struct spw_batch *batch, const struct group *g, uint8_t *p)
{
    *p++ = TAG_SCOPE_SPANS;
    p = spw__put_varint(p, g->inner);
    p = spw__put_bytes(p, g->scope.framed.data, g->scope.framed.size);
    for (size_t i = g->from; i < g->to; i++)
        p = spw__put_bytes(p, batch->refs[i].data, batch->refs[i].length);
    if (g->scope.schema_url.size) {
        *p++ = TAG_SCHEMA_URL;
        p = spw__put_varint(p, g->scope.schema_url.size);
        p = spw__put_bytes(p, g->scope.schema_url.data, g->scope.schema_url.size);
    }
    return p;
}

size_t spw_batch_encoded_size(const spw_batch *batch)
{
    return batch->count ? field_size(resource_spans_size(batch)) : 0;
}

size_t spw_batch_encode(const spw_batch *batch, uint8_t *out, size_t size)
{
    size_t inner = resource_spans_size(batch);
    if (!batch->count || field_size(inner) > size)
        return 0;
    uint8_t *p = out;
    *p++ = TAG_RESOURCE_SPANS;
    p = spw__put_varint(p, inner);
    p = spw__put_bytes(p, batch->resource.data, batch->resource.size);
    for (size_t i = 0; i < batch->count;) {
        struct group g = group_at(batch, i);
        p = put_group(batch, &g, p);
        i = g.to;
    }
    return (size_t)(p - out);
}

size_t spw_batch_count(const spw_batch *batch)
{
    return batch->count;
}

uint64_t spw_batch_sequence(const spw_batch *batch)
{
    return batch->sequence;
}

/* ---- reading ---- */

static spw_instrumentation_scope scope_view(const struct spw__scope_parts *parts)
{
    const uint8_t *attributes = (const uint8_t *)parts->attributes.data;
    return (spw_instrumentation_scope){ .name = parts->name,
                             .version = parts->version,
                             .schema_url = parts->schema_url,
                             .attributes = { .at = attributes, .end = attributes + parts->attributes.size, .field = 3 },
                             .dropped_attributes = parts->dropped };
}

bool spw__batch_read_record(struct spw__engine *engine, const uint8_t *data, uint32_t length, uint32_t scope, spw_span_view *out)
{
    const uint8_t *end = data + length, *at = data + 1;
    if (length < 2 || data[0] != TAG_RECORD)
        return false;
    while (at < end && *at++ & 0x80)
        ;
    if (!spw_span_view_read(at, (size_t)(end - at), out))
        return false;
    struct spw__scope_parts parts;
    spw__scope_lookup(engine, scope, &parts);
    out->scope = scope_view(&parts);
    out->resource = engine->hooks.resource;
    return true;
}

bool spw__batch_record(const struct spw_batch *batch, size_t index, spw_view *record, spw_instrumentation_scope *scope)
{
    if (index >= batch->count)
        return false;
    const struct spw__batch_ref *ref = &batch->refs[index];
    struct spw__scope_parts parts;
    spw__scope_lookup(batch->engine, ref->scope, &parts);
    *record = (spw_view){ (const char *)ref->data, ref->length };
    *scope = scope_view(&parts);
    return true;
}

/* The framed message at *at, of our own making: steps over it. */
static spw_view take_frame(const uint8_t **at, const uint8_t *end)
{
    size_t size = 0;
    unsigned shift = 0;
    const uint8_t *p = *at + 1;
    while (p < end && *p & 0x80) {
        size |= (size_t)(*p++ & 0x7f) << shift;
        shift += 7;
    }
    size |= p < end ? (size_t)*p++ << shift : 0;
    size = size < (size_t)(end - p) ? size : (size_t)(end - p);
    *at = p + size;
    return (spw_view){ (const char *)p, size };
}

/* The Resource message; *url is what stands behind it, ResourceSpans.schema_url. */
static spw_view resource_of(spw_view resource, spw_view *url)
{
    const uint8_t *at = (const uint8_t *)resource.data;
    const uint8_t *end = at ? at + resource.size : at;
    spw_view message = { NULL, 0 };
    *url = (spw_view){ NULL, 0 };
    if (at < end && *at == TAG_RESOURCE)
        message = take_frame(&at, end);
    if (at < end && *at == TAG_SCHEMA_URL)
        *url = take_frame(&at, end);
    return message;
}

spw_attr_iter spw__resource_attributes(spw_view resource)
{
    spw_view url, message = resource_of(resource, &url);
    const uint8_t *at = (const uint8_t *)message.data;
    return (spw_attr_iter){ at, at ? at + message.size : at, 1, 0 };
}

spw_attr_iter spw_batch_resource(const spw_batch *batch)
{
    return spw__resource_attributes(batch->resource);
}

spw_view spw_batch_resource_schema_url(const spw_batch *batch)
{
    spw_view url;
    (void)resource_of(batch->resource, &url);
    return url;
}

struct spw_batch *spw__batch_detach(const struct spw_batch *batch)
{
    struct spw_batch *copy = spw__batch_new(batch->engine, batch->count, batch->resource);
    if (!copy || !(copy->owned = spw_allocate(batch->bytes + batch->resource.size + 1))) {
        spw__batch_free(copy);
        return NULL;
    }
    spw__batch_reset(copy, batch->sequence);
    uint8_t *p = copy->owned;
    copy->resource = (spw_view){ (const char *)p, batch->resource.size };
    p = spw__put_bytes(p, batch->resource.data, batch->resource.size);
    for (size_t i = 0; i < batch->count; i++) {
        memcpy(p, batch->refs[i].data, batch->refs[i].length);
        spw__batch_add(copy, p, batch->refs[i].length, batch->refs[i].scope);
        p += batch->refs[i].length;
    }
    return copy;
}
