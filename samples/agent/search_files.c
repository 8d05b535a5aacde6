/* The tool search_files: a literal text in every text file of the folder, with its line. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "agent.h"

enum { MAX_SEARCHED_BYTES = 2 * 1024 * 1024, MAX_LINE_SHOWN = 160 };

typedef struct search {
    const agent *self;
    const char *text;
    size_t size;
    bool ignore_case, whole_word;
    size_t limit;
    char *buffer; /* MAX_SEARCHED_BYTES */
    json_t *matches;
    size_t match_count, files_matched, files_searched, files_skipped;
} search;

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool matches_at(const search *self, const char *line, const char *at, const char *end)
{
    int differs = self->ignore_case ? strncasecmp(at, self->text, self->size) : memcmp(at, self->text, self->size);
    if (differs != 0)
        return false;
    bool cut_left = at > line && is_word(at[-1]) && is_word(self->text[0]);
    bool cut_right = at + self->size < end && is_word(at[self->size]) && is_word(self->text[self->size - 1]);
    return !self->whole_word || (!cut_left && !cut_right);
}

static bool line_matches(const search *self, const char *line, const char *end)
{
    for (const char *at = line; (size_t)(end - at) >= self->size; at++)
        if (matches_at(self, line, at, end))
            return true;
    return false;
}

static void add_match(search *self, const char *path, int64_t number, const char *line, const char *end)
{
    self->match_count++;
    if (json_array_size(self->matches) >= self->limit)
        return;
    size_t shown = (size_t)(end - line) < MAX_LINE_SHOWN ? (size_t)(end - line) : MAX_LINE_SHOWN;
    json_array_append_new(self->matches,
                          json_pack("{s:s, s:I, s:o}", "path", path, "line", (json_int_t)number, "text", text_json(line, shown)));
}

static void search_text(search *self, const char *path, const char *text, size_t size)
{
    if (!self->ignore_case && !memmem(text, size, self->text, self->size))
        return; /* most files, and quickly */
    size_t before = self->match_count;
    const char *end = text + size;
    int64_t number = 1;
    for (const char *line = text; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        if (line_matches(self, line, stop))
            add_match(self, path, number, line, stop);
        line = stop + 1;
    }
    self->files_matched += self->match_count > before;
}

/* Reads up to the buffer's size; -1 when the file cannot be read, or is a binary. */
static ssize_t load(const search *self, const char *path)
{
    failure ignored = { 0 };
    int fd = folder_open_file(self->self->folder, path, &ignored);
    if (fd < 0)
        return -1;
    size_t size = 0;
    for (ssize_t n; size < MAX_SEARCHED_BYTES && (n = read(fd, self->buffer + size, MAX_SEARCHED_BYTES - size)) > 0;)
        size += (size_t)n;
    close(fd);
    return memchr(self->buffer, 0, size < 8192 ? size : 8192) ? -1 : (ssize_t)size;
}

static void search_file(void *arg, const char *path, int64_t bytes)
{
    search *self = arg;
    ssize_t size = bytes > MAX_SEARCHED_BYTES ? -1 : load(self, path);
    if (size < 0) {
        self->files_skipped++;
        return;
    }
    self->files_searched++;
    search_text(self, path, self->buffer, (size_t)size);
}

json_t *search_files(const agent *self, const json_t *arguments, failure *why)
{
    const char *text = get_string(arguments, "text");
    if (!text || !*text || strlen(text) > 200)
        return failed(why, "bad_arguments", "`text` must have 1 to 200 bytes");

    search s = { .self = self, .text = text, .size = strlen(text) };
    s.ignore_case = get_bool(arguments, "ignore_case");
    s.whole_word = get_bool(arguments, "whole_word");
    s.limit = (size_t)get_int(arguments, "limit", 50, 1, 200);
    s.buffer = malloc(MAX_SEARCHED_BYTES);
    if (!s.buffer)
        return failed(why, "ENOMEM", "out of memory");
    s.matches = json_array();
    walk_stats walked = folder_walk(self->folder, search_file, &s);
    free(s.buffer);

    char summary[96];
    snprintf(summary, sizeof summary, "%zu match%s in %zu of %zu files", s.match_count, s.match_count == 1 ? "" : "es", s.files_matched, s.files_searched);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:o}", "summary", summary, "match_count", (json_int_t)s.match_count, "files_matched",
                     (json_int_t)s.files_matched, "files_searched", (json_int_t)s.files_searched, "files_skipped",
                     (json_int_t)s.files_skipped, "truncated", walked.truncated || s.match_count > json_array_size(s.matches), "matches",
                     s.matches);
}
