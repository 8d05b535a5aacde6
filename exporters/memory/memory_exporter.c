/*
 * The memory exporter: keeps the encoded spans it is given, for tests. (exporter.h, "the memory exporter".)
 *
 * Threads    A mutex guards all; the worker adds, any thread reads.
 * Ownership  Every span is one allocation of its own, so that views stay valid while others are added; their resource is shared and counted.
 * Failure    What does not fit, or finds no memory, is answered as rejected: counted, never lost in silence.
 */
#include "../builtin.h"

#include <pthread.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_MAX_SPANS = 65536, FIRST_SPANS = 64 };

/* A resource as it was encoded. Its count is guarded by the exporter's lock. */
struct resource {
    size_t references;
    size_t size;
    uint32_t field;
    uint8_t bytes[];
};

struct kept {
    struct resource *resource;
    size_t size;
    spw_instrumentation_scope scope; /* into bytes[], behind the span */
    uint8_t bytes[];
};

struct memory_exporter {
    spw_exporter base;
    pthread_mutex_t lock;
    struct resource *resource; /* of the last span */
    struct kept **spans;
    size_t count;
    size_t capacity;
    size_t max_spans;
};

static spw_view append(uint8_t **at, spw_view view)
{
    spw_view copy = { (const char *)*at, view.size };
    if (view.size)
        memcpy(*at, view.data, view.size);
    *at += view.size;
    return copy;
}

static struct kept *copy_span(const spw_span_view *span)
{
    const spw_instrumentation_scope *scope = &span->scope;
    const spw_view attributes = { (const char *)scope->attributes.at, (size_t)(scope->attributes.end - scope->attributes.at) };
    size_t size = span->encoded.size + scope->name.size + scope->version.size + scope->schema_url.size + attributes.size;
    struct kept *kept = spw_allocate(sizeof *kept + size);
    if (!kept)
        return NULL;
    uint8_t *at = kept->bytes;
    kept->size = append(&at, span->encoded).size;
    kept->scope.name = append(&at, scope->name);
    kept->scope.version = append(&at, scope->version);
    kept->scope.schema_url = append(&at, scope->schema_url);
    kept->scope.attributes = (spw_attr_iter){ at, at + attributes.size, scope->attributes.field, 0 };
    kept->scope.dropped_attributes = scope->dropped_attributes;
    (void)append(&at, attributes);
    return kept;
}

static void release_resource(struct resource *resource)
{
    if (resource && --resource->references == 0)
        spw_free(resource);
}

/* The one it has of these bytes, or a copy. NULL: no memory. */
static struct resource *take_resource(struct memory_exporter *self, const spw_attr_iter *it)
{
    size_t size = (size_t)(it->end - it->at);
    struct resource *resource = self->resource;
    if (!resource || resource->size != size || (size && memcmp(resource->bytes, it->at, size) != 0)) {
        resource = spw_allocate(sizeof *resource + size);
        if (!resource)
            return NULL;
        *resource = (struct resource){ 1, size, it->field };
        if (size)
            memcpy(resource->bytes, it->at, size);
        release_resource(self->resource);
        self->resource = resource;
    }
    resource->references++;
    return resource;
}

static void release_span(struct kept *kept)
{
    release_resource(kept->resource);
    spw_free(kept);
}

/* With the lock held. */
static bool keep(struct memory_exporter *self, const spw_span_view *span)
{
    if (self->count == self->max_spans)
        return false;
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? self->capacity * 2 : FIRST_SPANS;
        struct kept **grown = spw_reallocate(self->spans, capacity * sizeof *grown);
        if (!grown)
            return false;
        self->spans = grown;
        self->capacity = capacity;
    }
    struct resource *resource = take_resource(self, &span->resource);
    struct kept *kept = resource ? copy_span(span) : NULL;
    if (!kept) {
        release_resource(resource);
        return false;
    }
    kept->resource = resource;
    self->spans[self->count++] = kept;
    return true;
}

static void memory_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct memory_exporter *self = (struct memory_exporter *)base;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    spw_span_view span;
    size_t kept = 0;
    pthread_mutex_lock(&self->lock);
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span);)
        kept += keep(self, &span) ? 1 : 0;
    pthread_mutex_unlock(&self->lock);
    size_t count = spw_batch_count(batch);
    result.rejected = kept < count ? count - kept : 0;
    if (result.rejected)
        snprintf(result.text, sizeof result.text, "the memory exporter is full at %zu spans; reset it, or make it larger", self->max_spans);
    done(token, &result);
}

static void memory_destroy(spw_exporter *base)
{
    struct memory_exporter *self = (struct memory_exporter *)base;
    spw_memory_exporter_reset(base);
    pthread_mutex_destroy(&self->lock);
    release_resource(self->resource);
    spw_free(self->spans);
    spw_free(self);
}

spw_exporter *spw_memory_exporter_new(size_t max_spans)
{
    struct memory_exporter *self = spw_allocate_zeroed(1, sizeof *self);
    if (!self)
        return NULL;
    self->base = (spw_exporter){ .struct_size = sizeof self->base, .name = "memory", .submit = memory_submit, .destroy = memory_destroy };
    self->max_spans = max_spans;
    pthread_mutex_init(&self->lock, NULL);
    return &self->base;
}

spw_exporter *spw__memory_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    (void)settings;
    spw_exporter *exporter = spw_memory_exporter_new(DEFAULT_MAX_SPANS);
    if (!exporter && error) {
        error->code = SPW_ERR_NO_MEMORY;
        snprintf(error->text, sizeof error->text, "out of memory for the memory exporter");
    }
    return exporter;
}

/* NULL for an exporter of another kind: asking it is a mistake that must not crash. */
static struct memory_exporter *as_memory(spw_exporter *exporter)
{
    return exporter && exporter->submit == memory_submit ? (struct memory_exporter *)exporter : NULL;
}

bool spw_memory_exporter_span(spw_exporter *exporter, size_t index, spw_span_view *out)
{
    struct memory_exporter *self = as_memory(exporter);
    if (!self)
        return false;
    pthread_mutex_lock(&self->lock);
    const struct kept *kept = index < self->count ? self->spans[index] : NULL;
    pthread_mutex_unlock(&self->lock);
    if (!kept || !spw_span_view_read(kept->bytes, kept->size, out))
        return false;
    const struct resource *resource = kept->resource;
    out->scope = kept->scope;
    out->resource = (spw_attr_iter){ resource->bytes, resource->bytes + resource->size, resource->field, 0 };
    return true;
}

size_t spw_memory_exporter_count(spw_exporter *exporter)
{
    struct memory_exporter *self = as_memory(exporter);
    if (!self)
        return 0;
    pthread_mutex_lock(&self->lock);
    size_t count = self->count;
    pthread_mutex_unlock(&self->lock);
    return count;
}

void spw_memory_exporter_reset(spw_exporter *exporter)
{
    struct memory_exporter *self = as_memory(exporter);
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->count; i++)
        release_span(self->spans[i]);
    self->count = 0;
    pthread_mutex_unlock(&self->lock);
}
