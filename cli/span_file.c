#include "span_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spanwire/propagation.h>

enum { MAX_BYTES = 1 << 20, MAX_LINES = 4096 };

/* ---- where it is ---- */

static bool is_ours(const char *directory)
{
    struct stat s;
    return lstat(directory, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() && !(s.st_mode & (S_IWGRP | S_IWOTH));
}

static bool find_directory(char *path, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int written = runtime && *runtime == '/' ? snprintf(path, size, "%s/spanwire", runtime) : snprintf(path, size, "/tmp/spanwire-%u", geteuid());
    if (written < 0 || (size_t)written >= size || (mkdir(path, 0700) != 0 && errno != EEXIST) || !is_ours(path)) {
        fprintf(stderr, "spanwire: open spans cannot be kept in %s; set XDG_RUNTIME_DIR to a directory of your own\n", path);
        return false;
    }
    return true;
}

static bool find_path(struct span_file *file, const char *traceparent)
{
    spw_span span;
    char trace_id[SPW_TRACE_ID_HEX_SIZE], span_id[SPW_SPAN_ID_HEX_SIZE], directory[400];
    *file = (struct span_file){.fd = -1};
    if (!traceparent || !spw_traceparent_parse(traceparent, NULL, &span)) {
        fputs("spanwire: which span? TRACEPARENT must be what span start has printed (or give it with --traceparent)\n", stderr);
        return false;
    }
    if (!find_directory(directory, sizeof directory))
        return false;
    spw_trace_id_hex(span, trace_id);
    spw_span_id_hex(span, span_id);
    snprintf(file->path, sizeof file->path, "%s/%s-%s", directory, trace_id, span_id);
    return true;
}

static bool open_it(struct span_file *file, int flags)
{
    file->fd = open(file->path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd >= 0)
        return true;
    if (errno == ENOENT)
        fputs("spanwire: that span is not open: it has ended, or was started by another user\n", stderr);
    else
        fprintf(stderr, "spanwire: %s: %s\n", file->path, strerror(errno));
    return false;
}

bool span_file_create(struct span_file *file, const char *traceparent)
{
    return find_path(file, traceparent) && open_it(file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
}

bool span_file_append(struct span_file *file, const char *traceparent)
{
    return find_path(file, traceparent) && open_it(file, O_WRONLY | O_APPEND);
}

void span_file_remove(struct span_file *file)
{
    unlink(file->path);
}

/* ---- writing ---- */

/* A newline would begin another line: it becomes \n, and a backslash two. */
static char *escaped(char *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\\')
            *to++ = '\\';
        *to++ = *text == '\n' ? 'n' : *text;
    }
    return to;
}

bool span_file_put(struct span_file *file, const char *what, uint64_t number, const char *text)
{
    size_t room = 64 + 2 * (text ? strlen(text) : 0);
    char *pending = room < MAX_BYTES ? realloc(file->pending, file->pending_size + room) : NULL;
    if (!pending) {
        fprintf(stderr, "spanwire: \"%s\" is not recorded: %s\n", what, room < MAX_BYTES ? "no memory" : "it is longer than 1 MiB");
        return false;
    }
    file->pending = pending;
    char *line = pending + file->pending_size;
    char *end = escaped(line + sprintf(line, "%.20s %" PRIu64 " ", what, number), text ? text : "");
    *end++ = '\n';
    file->pending_size = (size_t)(end - pending);
    return true;
}

static bool write_pending(const struct span_file *file)
{
    struct stat s;
    if (!file->pending_size)
        return true;
    if (fstat(file->fd, &s) != 0 || s.st_size + (off_t)file->pending_size > MAX_BYTES) {
        fputs("spanwire: the span is full: 1 MiB\n", stderr);
        return false;
    }
    if (write(file->fd, file->pending, file->pending_size) == (ssize_t)file->pending_size)
        return true;
    fprintf(stderr, "spanwire: %s: %s\n", file->path, strerror(errno));
    return false;
}

bool span_file_close(struct span_file *file)
{
    bool ok = file->fd < 0 || write_pending(file);
    free(file->pending);
    free(file->bytes);
    free(file->lines);
    int fd = file->fd;
    file->fd = -1;
    return (fd < 0 || close(fd) == 0) && ok;
}

/* ---- reading ---- */

static void unescape(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (*text == '\\' && text[1])
            *to++ = *++text == 'n' ? '\n' : *text;
        else
            *to++ = *text;
    }
    *to = 0;
}

static bool take_bytes(struct span_file *file)
{
    size_t size = 0;
    file->bytes = malloc(MAX_BYTES + 1);
    file->lines = calloc(MAX_LINES, sizeof *file->lines);
    if (!file->bytes || !file->lines)
        return false;
    for (ssize_t got = 1; got > 0 && size < MAX_BYTES; size += got > 0 ? (size_t)got : 0)
        got = read(file->fd, file->bytes + size, MAX_BYTES - size);
    file->bytes[size] = 0;
    return true;
}

static void take_line(struct span_file *file, char *text)
{
    char *number = strchr(text, ' '), *rest;
    if (!number)
        return;
    *number++ = 0;
    uint64_t value = strtoull(number, &rest, 10);
    if (*rest != ' ')
        return;
    unescape(++rest);
    file->lines[file->line_count++] = (struct span_file_line){text, value, rest};
}

bool span_file_read(struct span_file *file, const char *traceparent)
{
    if (!find_path(file, traceparent) || !open_it(file, O_RDONLY))
        return false;
    if (!take_bytes(file)) {
        fputs("spanwire: no memory\n", stderr);
        (void)span_file_close(file);
        return false;
    }
    char *rest = NULL;
    for (char *line = strtok_r(file->bytes, "\n", &rest); line && file->line_count < MAX_LINES; line = strtok_r(NULL, "\n", &rest))
        take_line(file, line);
    return true;
}

static const struct span_file_line *find(const struct span_file *file, const char *what)
{
    for (size_t i = 0; i < file->line_count; i++)
        if (strcmp(file->lines[i].what, what) == 0)
            return &file->lines[i];
    return NULL;
}

char *span_file_text(const struct span_file *file, const char *what)
{
    const struct span_file_line *line = find(file, what);
    return line ? line->text : NULL;
}

uint64_t span_file_number(const struct span_file *file, const char *what)
{
    const struct span_file_line *line = find(file, what);
    return line ? line->number : 0;
}
