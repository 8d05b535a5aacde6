#include "null_exporter.h"

#include <stdlib.h>

static uint64_t spans;   /* atomic */
static size_t span_size; /* atomic */

static void null_submit(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self;
    spw_span_iter it = spw_batch_spans(batch);
    spw_span_view view;
    if (spw_span_next(&it, &view))
        __atomic_store_n(&span_size, view.encoded.size, __ATOMIC_RELAXED);
    __atomic_add_fetch(&spans, spw_batch_count(batch), __ATOMIC_RELAXED);
    const spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    done(token, &ok);
}

static void null_destroy(spw_exporter *self)
{
    free(self);
}

spw_exporter *bench_null_exporter_new(void)
{
    spw_exporter *exporter = calloc(1, sizeof *exporter);
    if (!exporter)
        return NULL;
    exporter->struct_size = sizeof *exporter;
    exporter->name = "null";
    exporter->submit = null_submit;
    exporter->destroy = null_destroy;
    return exporter;
}

uint64_t bench_null_exporter_spans(void)
{
    return __atomic_load_n(&spans, __ATOMIC_RELAXED);
}

size_t bench_null_exporter_span_size(void)
{
    return __atomic_load_n(&span_size, __ATOMIC_RELAXED);
}
