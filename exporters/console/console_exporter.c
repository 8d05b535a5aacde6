/*
 * The console exporter: spans on standard output, for people; those that end together as trees. (Specification: Trace SDK, Standard output.)
 *
 * Threads    Flagged SPW_EXPORTER_BLOCKS: a full pipe behind stdout holds up its own thread and nothing else.
 * Failure    Writes a span at a time, whole among what the program prints (lines_stdout.h). A closed stdout is permanent; one that takes nothing is
 *            tried again, from the span on that it did not take.
 */
#include "../builtin.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../stdout/lines_stdout.h"
#include "console_tree.h"

struct console_exporter {
    spw_exporter base;
    struct spw__console_text text;
    struct spw__console_tree tree;
    struct spw__lines_stdout out;
    spw_export_result result; /* of the running batch */
    uint64_t sequence;        /* of the last batch; a retry has the same */
    size_t pieces, written;   /* of that: met in this try, and written in any */
};

static bool out_of_memory(spw_export_result *result)
{
    result->status = SPW_EXPORT_RETRY;
    snprintf(result->text, sizeof result->text, "out of memory for the text of a span");
    return false;
}

/* The same batch always comes in the same pieces: a retry goes on where the try before had to stop. */
static bool write_text(void *arg, const struct spw__console_text *text)
{
    struct console_exporter *self = arg;
    if (self->pieces++ < self->written)
        return true;
    if (!text->data)
        return out_of_memory(&self->result);
    spw__lines_stdout_write(&self->out, (spw_view){ text->data, text->size }, &self->result);
    if (self->result.status != SPW_EXPORT_DELIVERED)
        return false;
    self->written++;
    return true;
}

static void console_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct console_exporter *self = (struct console_exporter *)base;
    self->result = (spw_export_result)SPW_EXPORT_RESULT_INIT;
    if (spw_batch_sequence(batch) != self->sequence) {
        self->written = 0;
        self->tree.flat = false;
    }
    self->sequence = spw_batch_sequence(batch);
    self->pieces = 0;
    (void)spw__console_tree_print(&self->tree, &self->text, batch, write_text, self);
    done(token, &self->result);
}

static void console_destroy(spw_exporter *base)
{
    struct console_exporter *self = (struct console_exporter *)base;
    spw__console_tree_fini(&self->tree);
    spw__console_text_fini(&self->text);
    spw_free(self);
}

/* Colours are for terminals, and for people who have not asked for none (https://no-color.org). */
static bool wants_colours(void)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return !(none && *none) && terminal && *terminal && strcmp(terminal, "dumb") != 0 && isatty(STDOUT_FILENO);
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
    self->text.colours = wants_colours();
    self->base = (spw_exporter){ .struct_size = sizeof self->base, .name = "console", .flags = SPW_EXPORTER_BLOCKS, .submit = console_submit,
                                 .destroy = console_destroy };
    return &self->base;
}
