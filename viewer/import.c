/* OTLP JSON lines, read in pieces. Contract: import.h. */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "otlp_from_json.h"

enum { PIECE = 64 << 10 };

struct import {
    struct spwv_store *store;
    const char *path;
    const struct spwv_import_sink *sink;
    struct spwv_import_report *report;
    struct spwv_error *error;
    struct spwv_buf line; /* what has come of it */
    bool too_long;        /* its rest is passed over */
    uint64_t number;
};

static gzFile open_file(const char *path, struct spwv_error *error)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    gzFile file = fd >= 0 ? gzdopen(fd, "rb") : NULL; /* reads what is no gzip as it is */
    if (file)
        return file;
    snprintf(error->text, sizeof error->text, "cannot open %.150s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static bool bad_line(struct import *import, const char *cause)
{
    import->report->bad++;
    import->sink->bad_line(import->sink->arg, import->number, cause);
    return true;
}

static bool is_blank(const struct spwv_buf *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (line->data[i] != ' ' && line->data[i] != '\t' && line->data[i] != '\r')
            return false;
    return true;
}

static bool take_line(struct import *import)
{
    struct spwv_take take;
    struct spwv_error cause;
    struct spwv_slice json = {(const uint8_t *)import->line.data, import->line.size};
    const struct spwv_signal *signal = spwv_signal_of_request(spwv_otlp_request_of_json(json));
    switch (spwv_take_json(import->store, signal, json, NULL, &take, &cause)) {
    case SPWV_REFUSED: return bad_line(import, cause.text);
    case SPWV_BUSY:
        snprintf(import->error->text, sizeof import->error->text, "%.100s:%llu: %.120s", import->path, (unsigned long long)import->number,
                 cause.text);
        return false;
    default: break;
    }
    import->report->requests++;
    import->report->empty += take.items == 0;
    import->report->items[signal - spwv_signals] += take.items;
    import->report->rejected += take.rejected;
    return true;
}

/* False: the reading is over. */
static bool end_line(struct import *import)
{
    const struct spwv_import_sink *sink = import->sink;
    bool ok = true;
    import->number++;
    if (sink->go_on && !sink->go_on(sink->arg)) {
        import->report->stopped = true;
        return false;
    }
    if (import->too_long)
        bad_line(import, "the line is longer than a request may be");
    else if (!is_blank(&import->line))
        ok = take_line(import);
    import->line.size = 0;
    import->too_long = false;
    return ok;
}

static bool add_piece(struct import *import, const char *data, size_t size)
{
    while (size) {
        const char *newline = memchr(data, '\n', size);
        size_t part = newline ? (size_t)(newline - data) : size;
        if (!import->too_long)
            spwv_buf_add(&import->line, data, part);
        if (import->line.failed) {
            import->too_long = true;
            spwv_buf_fini(&import->line);
        }
        if (newline && !end_line(import))
            return false;
        data += part + (newline != NULL);
        size -= part + (newline != NULL);
    }
    return true;
}

static bool fail_read(struct import *import, gzFile file)
{
    int code;
    const char *text = gzerror(file, &code);
    if (code == Z_OK || code == Z_STREAM_END)
        return false;
    snprintf(import->error->text, sizeof import->error->text, "cannot read on in %.100s behind line %llu: %.100s", import->path,
             (unsigned long long)import->number, code == Z_ERRNO ? strerror(errno) : code == Z_BUF_ERROR ? "the gzip is cut short" : text);
    return true;
}

static bool read_file(struct import *import, gzFile file, char *piece)
{
    int size;
    errno = 0;
    while ((size = gzread(file, piece, PIECE)) > 0)
        if (!add_piece(import, piece, (size_t)size))
            return import->report->stopped;
    if (fail_read(import, file))
        return false;
    return (!import->line.size && !import->too_long) || end_line(import) || import->report->stopped;
}

bool spwv_import(struct spwv_store *store, const char *path, size_t max_line, const struct spwv_import_sink *sink,
                 struct spwv_import_report *report, struct spwv_error *error)
{
    struct import import = {.store = store, .path = path, .sink = sink, .report = report, .error = error};
    *report = (struct spwv_import_report){0};
    gzFile file = open_file(path, error);
    if (!file)
        return false;
    char *piece = malloc(PIECE);
    spwv_buf_init(&import.line, max_line, NULL);
    bool ok = piece && read_file(&import, file, piece);
    if (!piece)
        snprintf(error->text, sizeof error->text, "no memory");
    spwv_buf_fini(&import.line);
    free(piece);
    gzclose_r(file);
    return ok;
}
