/*
 * An exporter of your own. The built-in ones use the same interface, <spanwire/exporter.h>. This one sends nothing: it adds up how long
 * the spans of each name took, and prints the table when the SDK is shut down.
 */
#include <inttypes.h>
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 32 };

typedef struct table_row {
    char name[48];
    uint64_t count, total_ns;
} table_row;

typedef struct table_exporter {
    spw_exporter base; /* first, so that a pointer to one is a pointer to the other */
    table_row rows[MAX_NAMES];
    size_t row_count;
} table_exporter;

/* The row of a name; when the table is full, the last row takes the rest. */
static table_row *row_of(table_exporter *self, spw_view name)
{
    size_t size = name.size < sizeof self->rows[0].name - 1 ? name.size : sizeof self->rows[0].name - 1;
    for (size_t i = 0; i < self->row_count; i++)
        if (strlen(self->rows[i].name) == size && memcmp(self->rows[i].name, name.data, size) == 0)
            return &self->rows[i];
    if (self->row_count == MAX_NAMES)
        return &self->rows[MAX_NAMES - 1];
    table_row *row = &self->rows[self->row_count++];
    if (size > 0)
        memcpy(row->name, name.data, size);
    return row;
}

/* Called by the SDK's worker, one batch at a time. The span's views point into the batch: copy what is kept. */
static void table_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    table_exporter *self = (table_exporter *)base;
    spw_span_view span;
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span);) {
        table_row *row = row_of(self, span.name);
        row->count++;
        row->total_ns += span.end_unix_ns - span.start_unix_ns;
    }
    spw_export_result delivered = SPW_EXPORT_RESULT_INIT;
    done(token, &delivered); /* at once here; an exporter that waits for a network calls it later */
}

static void table_destroy(spw_exporter *base)
{
    table_exporter *self = (table_exporter *)base;
    printf("%-20s %8s %12s\n", "span", "count", "total ms");
    for (size_t i = 0; i < self->row_count; i++)
        printf("%-20s %8" PRIu64 " %12.3f\n", self->rows[i].name, self->rows[i].count, (double)self->rows[i].total_ns / 1e6);
    free(self);
}

static spw_exporter *table_exporter_new(void)
{
    table_exporter *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->base = (spw_exporter)SPW_EXPORTER_INIT;
    self->base.name = "table";
    self->base.submit = table_submit;
    self->base.destroy = table_destroy;
    return &self->base;
}

static double work(int size)
{
    SPW_SPAN(span, size % 2 ? "odd work" : "even work");
    double sum = 0;
    for (int i = 1; i < size * 1000; i++)
        sum += 1.0 / i;
    spw_set(span, "work.sum", sum);
    return sum;
}

int main(void)
{
    spw_error why = SPW_ERROR_INIT;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = table_exporter_new(); /* the SDK owns it from spw_start() on */
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.error = &why;
    if (!pipeline.exporter || spw_start(&options) != SPW_OK)
        fprintf(stderr, "no telemetry: %s\n", why.text);

    for (int i = 0; i < 100; i++)
        work(i);
    return spw_shutdown(SPW_DEFAULT_TIMEOUT_MS) == SPW_OK ? 0 : 1;
}
