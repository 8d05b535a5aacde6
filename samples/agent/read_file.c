/* The tool read_file: some lines of a text file. A wrong name is answered with names that might have been meant. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

enum { MAX_SUGGESTIONS = 5 };

/* ---- files of the same name elsewhere in the folder, largest first ---- */

typedef struct suggestions {
    const char *name;
    char *paths[MAX_SUGGESTIONS];
    int64_t bytes[MAX_SUGGESTIONS];
    size_t count;
} suggestions;

static void suggest(void *arg, const char *path, int64_t bytes)
{
    suggestions *self = arg;
    if (strcasecmp(path_basename(path), self->name) != 0)
        return;
    size_t at = self->count;
    while (at > 0 && self->bytes[at - 1] < bytes)
        at--;
    char *copy = at < MAX_SUGGESTIONS ? strdup(path) : NULL;
    if (!copy)
        return;
    if (self->count == MAX_SUGGESTIONS)
        free(self->paths[--self->count]);
    memmove(&self->paths[at + 1], &self->paths[at], (self->count - at) * sizeof self->paths[0]);
    memmove(&self->bytes[at + 1], &self->bytes[at], (self->count - at) * sizeof self->bytes[0]);
    self->paths[at] = copy;
    self->bytes[at] = bytes;
    self->count++;
}

static json_t *similar_names(const agent *self, const char *path)
{
    suggestions found = { .name = path_basename(path) };
    folder_walk(self->folder, suggest, &found);
    json_t *names = json_array();
    for (size_t i = 0; i < found.count; i++) {
        json_array_append_new(names, json_string(found.paths[i]));
        free(found.paths[i]);
    }
    return names;
}

/* ---- reading ---- */

typedef struct window {
    int64_t first, last; /* lines wanted, counted from 1 */
    int64_t line;        /* the line now read */
    char text[MAX_TOOL_TEXT];
    size_t size;
    bool more;
} window;

/* Takes one piece of a line; false when nothing more is wanted. */
static bool window_take(window *self, const char *piece, size_t size)
{
    if (self->line > self->last || (self->line >= self->first && self->size + size > sizeof self->text)) {
        self->more = true;
        return false;
    }
    if (self->line >= self->first) {
        memcpy(self->text + self->size, piece, size);
        self->size += size;
    }
    if (piece[size - 1] == '\n')
        self->line++;
    return true;
}

static json_t *read_window(FILE *in, const char *path, window *w, failure *why)
{
    char piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof piece, in)) > 0;) {
        if (memchr(piece, 0, size))
            return failed(why, "binary", "%.300s is a binary file", path);
        for (size_t at = 0; at < size;) {
            const char *newline = memchr(piece + at, '\n', size - at);
            size_t length = newline ? (size_t)(newline - piece) + 1 - at : size - at;
            if (!window_take(w, piece + at, length))
                return text_json(w->text, w->size);
            at += length;
        }
    }
    return ferror(in) ? failed(why, "EIO", "%.300s could not be read", path) : text_json(w->text, w->size);
}

/* The descriptor's owner from here on is the stream. */
static json_t *read_lines(int fd, const char *path, const json_t *arguments, failure *why)
{
    struct stat st;
    bool whole = !json_is_integer(json_object_get(arguments, "line_count"));
    if (whole && fstat(fd, &st) == 0 && st.st_size > MAX_TOOL_TEXT) {
        close(fd);
        return failed(why, "too_large", "%.300s has %jd bytes and at most %d are read at once: give start_line and line_count", path,
                      (intmax_t)st.st_size, MAX_TOOL_TEXT);
    }
    FILE *in = fdopen(fd, "r");
    window *w = in ? calloc(1, sizeof *w) : NULL;
    if (!w) {
        in ? fclose(in) : close(fd);
        return failed(why, "ENOMEM", "out of memory");
    }
    w->line = 1;
    w->first = get_int(arguments, "start_line", 1, 1, INT32_MAX);
    w->last = w->first - 1 + get_int(arguments, "line_count", INT32_MAX, 1, INT32_MAX);
    json_t *text = read_window(in, path, w, why);
    fclose(in);

    json_t *result = NULL;
    if (text) {
        char summary[64], size[32];
        snprintf(summary, sizeof summary, "%s from line %jd%s", human_bytes((int64_t)w->size, size), (intmax_t)w->first,
                 w->more ? ", there is more" : "");
        result = json_pack("{s:s, s:s, s:I, s:b, s:o}", "summary", summary, "path", path, "start_line", (json_int_t)w->first, "more", w->more,
                           "text", text);
    }
    free(w);
    return result;
}

json_t *read_file(const agent *self, const json_t *arguments, failure *why)
{
    const char *path = get_string(arguments, "path");
    int fd = folder_open_file(self->folder, path, why);
    if (fd >= 0)
        return read_lines(fd, path, arguments, why);
    if (strcmp(why->type, "ENOENT") == 0)
        why->did_you_mean = similar_names(self, path);
    return NULL;
}
