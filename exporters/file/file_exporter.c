/*
 * The file exporter: OTLP JSON lines into a file or to standard output. (Specification: OTLP File Exporter; exporter.h.)
 *
 * Threads    Flagged SPW_EXPORTER_BLOCKS: everything but the factory runs on its own thread.
 * Ownership  Copies its settings. The text of a batch is made anew at each try: it is the file that may be slow, not this.
 * Failure    lines.h; a batch is written whole or not at all, and tried again.
 */
#include "../builtin.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../json/otlp_json.h"
#include "../stdout/lines_stdout.h"
#include "lines.h"

#define PATH_VARIABLE "SPANWIRE_TRACES_FILE"
#define LINE_BYTES ((size_t)512 * 1024) /* readers of lines have limits: 1 MiB in the collector */
#define MAX_TEXT ((size_t)64 << 20)
#define MAX_HEADS (MAX_TEXT / 2) /* of that: for the resource, again at the head of each line */
#define KEEP_TEXT ((size_t)4 << 20)
#define DEFAULT_FILE_BYTES ((uint64_t)100 << 20)

enum { DEFAULT_FILES = 4, MAX_FILES = 1000, MAX_PATH = 4000 };

struct file_exporter {
    spw_exporter base;
    struct spw__otlp_json json;
    struct spw__lines_file file; /* path NULL: standard output */
    struct spw__lines_stdout out;
};

static void write_lines(struct file_exporter *self, spw_export_result *result)
{
    spw_view text = { self->json.out.data, self->json.out.size };
    if (self->file.path)
        spw__lines_file_write(&self->file, text, result);
    else
        spw__lines_stdout_write(&self->out, text, result);
}

static void file_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct file_exporter *self = (struct file_exporter *)base;
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    spw__otlp_json_begin(&self->json, batch);
    enum spw__otlp_json_step step;
    do {
        step = spw__otlp_json_step(&self->json, MAX_TEXT);
    } while (step == SPW__OTLP_JSON_MORE);
    if (step == SPW__OTLP_JSON_DONE) {
        write_lines(self, &result);
    } else {
        result.status = step == SPW__OTLP_JSON_TOO_LARGE ? SPW_EXPORT_PERMANENT : SPW_EXPORT_RETRY;
        snprintf(result.text, sizeof result.text, step == SPW__OTLP_JSON_TOO_LARGE ? "a batch is over 64 MiB as JSON" : "out of memory for a batch");
    }
    if (self->json.out.capacity > KEEP_TEXT)
        spw__json_free(&self->json.out);
    done(token, &result);
}

static void file_destroy(spw_exporter *base)
{
    struct file_exporter *self = (struct file_exporter *)base;
    spw__lines_file_close(&self->file);
    spw__json_free(&self->json.out);
    spw_free(self->file.path);
    spw_free(self);
}

static spw_exporter *fail(spw_error *error, spw_result code, const char *text)
{
    if (error) {
        error->code = code;
        snprintf(error->text, sizeof error->text, "%s", text);
    }
    return NULL;
}

/* A caller built against another version has another size: what is missing is zero. */
static bool read_options(spw_file_exporter_options *out, const spw_file_exporter_options *options)
{
    *out = (spw_file_exporter_options)SPW_FILE_EXPORTER_OPTIONS_INIT;
    if (!options)
        return true;
    if (options->struct_size < sizeof options->struct_size + sizeof options->path || options->struct_size > 4096)
        return false;
    memcpy(out, options, options->struct_size < sizeof *out ? options->struct_size : sizeof *out);
    return true;
}

/* Absolute: the program may change its folder later, and its spans must not move with it. */
static spw_result copy_path(char **out, const char *path)
{
    char folder[MAX_PATH + 1] = "";
    if (path[0] != '/' && !getcwd(folder, sizeof folder))
        return SPW_ERR_SYSTEM;
    size_t size = strlen(folder) + strlen(path) + 2;
    *out = spw_allocate(size);
    if (!*out)
        return SPW_ERR_NO_MEMORY;
    snprintf(*out, size, "%s%s%s", folder, folder[0] ? "/" : "", path);
    return SPW_OK;
}

spw_exporter *spw_file_exporter_new(const spw_file_exporter_options *options, spw_error *error)
{
    spw_file_exporter_options o;
    if (!read_options(&o, options))
        return fail(error, SPW_ERR_INVALID, "spw_file_exporter_options.struct_size is wrong; begin with SPW_FILE_EXPORTER_OPTIONS_INIT");
    if (o.path && (!*o.path || strlen(o.path) > MAX_PATH))
        return fail(error, SPW_ERR_INVALID, "the file exporter's path is empty or longer than 4,000 bytes");
    if (o.max_files > MAX_FILES)
        return fail(error, SPW_ERR_INVALID, "the file exporter keeps at most 1,000 files; lower max_files");
    char *path = NULL;
    spw_result result = o.path ? copy_path(&path, o.path) : SPW_OK;
    if (result == SPW_ERR_SYSTEM)
        return fail(error, result, "the current folder has no name, or one of over 4,000 bytes; give the file exporter an absolute path");
    struct file_exporter *self = result == SPW_OK ? spw_allocate_zeroed(1, sizeof *self) : NULL;
    if (!self) {
        spw_free(path);
        return fail(error, SPW_ERR_NO_MEMORY, "out of memory for the file exporter");
    }
    self->base = (spw_exporter){ .struct_size = sizeof self->base, .name = path ? "file" : "otlp/stdout", .flags = SPW_EXPORTER_BLOCKS,
                                 .max_request_bytes = (MAX_TEXT - MAX_HEADS) / SPW__OTLP_JSON_EXPANSION, .submit = file_submit, .destroy = file_destroy };
    self->json.out.most = MAX_TEXT;
    self->json.line_bytes = LINE_BYTES;
    self->json.most_heads = MAX_HEADS;
    self->file = (struct spw__lines_file){ path, o.max_file_bytes ? o.max_file_bytes : DEFAULT_FILE_BYTES, o.max_files ? o.max_files : DEFAULT_FILES, -1 };
    return &self->base;
}

/* Not from the environment of a program with more rights than its caller: that one could name any file. */
spw_exporter *spw__file_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    (void)settings;
    spw_file_exporter_options options = SPW_FILE_EXPORTER_OPTIONS_INIT;
    options.path = secure_getenv(PATH_VARIABLE);
    if (!options.path || !*options.path)
        return fail(error, SPW_ERR_INVALID,
                    "the exporter 'file' has no path; set " PATH_VARIABLE ", or use spw_file_exporter_new(), or otlp/stdout for standard output");
    return spw_file_exporter_new(&options, error);
}

spw_exporter *spw__stdout_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg;
    (void)settings;
    return spw_file_exporter_new(NULL, error);
}
