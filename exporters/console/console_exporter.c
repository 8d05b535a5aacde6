/*
 * The console exporter: a few readable lines for every span on standard output. (Specification: Trace SDK, stdout exporter.)
 *
 * Threads    Flagged SPW_EXPORTER_BLOCKS: a full pipe behind stdout holds up its own thread and nothing else.
 * Failure    Writes through stdio, one call a span, so that its lines stay whole among the program's. A closed stdout is permanent.
 */
#include "../builtin.h"

#include "console_text.h"

#include <errno.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>

struct console_exporter {
    spw_exporter base;
    struct spw__console_text text;
};

static bool find_service(spw_attr_iter resource, spw_attr *out)
{
    while (spw_attr_next(&resource, out))
        if (out->value.type == SPW_VALUE_STRING && out->key.size == 12 && memcmp(out->key.data, "service.name", 12) == 0)
            return true;
    return false;
}

static void console_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct console_exporter *self = (struct console_exporter *)base;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    spw_attr service;
    spw_view service_name = { NULL, 0 };
    if (find_service(spw_batch_resource(batch), &service))
        service_name = service.value.u.view;
    bool written = true;
    spw_span_view span;
    for (spw_batch_iter it = spw_batch_begin(batch); written && spw_batch_next_span(&it, &span);) {
        spw__console_text_span(&self->text, &span, service_name);
        written = fwrite(self->text.data, 1, self->text.size, stdout) == self->text.size;
    }
    if (!written || fflush(stdout) != 0) {
        result.status = SPW_EXPORT_PERMANENT;
        snprintf(result.text, sizeof result.text, "standard output does not take spans: %s", strerror(errno));
    }
    done(token, &result);
}

static void console_destroy(spw_exporter *base)
{
    struct console_exporter *self = (struct console_exporter *)base;
    spw__console_text_fini(&self->text);
    spw_free(self);
}

spw_exporter *spw__console_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    (void)settings;
    struct console_exporter *self = spw_allocate_zeroed(1, sizeof *self);
    if (!self) {
        if (error) {
            error->code = SPW_ERR_NO_MEMORY;
            snprintf(error->text, sizeof error->text, "out of memory for the console exporter");
        }
        return NULL;
    }
    self->base = (spw_exporter){ .struct_size = sizeof self->base, .name = "console", .flags = SPW_EXPORTER_BLOCKS, .submit = console_submit,
                                 .destroy = console_destroy };
    return &self->base;
}
