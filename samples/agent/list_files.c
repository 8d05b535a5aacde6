/* The tool list_files: the largest files of the folder, and how much there is of each kind. */
#include <stdlib.h>
#include <string.h>

#include "agent.h"

typedef struct entry {
    char *path;
    int64_t bytes;
} entry;

typedef struct listing {
    bool source_only;
    entry *entries;
    size_t count, room;
    int64_t bytes;
    json_t *extensions; /* how many files of each */
} listing;

static void count_extension(listing *self, const char *path)
{
    const char *extension = path_extension(path);
    if (!*extension)
        extension = "(none)";
    json_t *seen = json_object_get(self->extensions, extension);
    if (seen)
        json_integer_set(seen, json_integer_value(seen) + 1);
    else if (json_object_size(self->extensions) < 64) /* names are not ours: bounded */
        json_object_set_new(self->extensions, extension, json_integer(1));
}

static void add_entry(void *arg, const char *path, int64_t bytes)
{
    listing *self = arg;
    if (self->source_only && !is_source_file(path))
        return;
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : 256;
        entry *entries = realloc(self->entries, room * sizeof *entries);
        if (!entries)
            return;
        self->entries = entries;
        self->room = room;
    }
    char *copy = strdup(path);
    if (!copy)
        return;
    self->entries[self->count++] = (entry){ copy, bytes };
    self->bytes += bytes;
    count_extension(self, path);
}

/* Largest first, then by name, so that two runs say the same. */
static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return strcmp(x->path, y->path);
}

static json_t *take_entries(listing *self, size_t limit)
{
    if (self->count > 0)
        qsort(self->entries, self->count, sizeof *self->entries, compare);
    json_t *files = json_array();
    for (size_t i = 0; i < self->count; i++) {
        if (i < limit)
            json_array_append_new(files, json_pack("{s:s, s:I}", "path", self->entries[i].path, "bytes", (json_int_t)self->entries[i].bytes));
        free(self->entries[i].path);
    }
    free(self->entries);
    return files;
}

json_t *list_files(const agent *self, const json_t *arguments, failure *why)
{
    const char *kind = get_string(arguments, "kind");
    if (kind && strcmp(kind, "source") != 0 && strcmp(kind, "any") != 0)
        return failed(why, "bad_arguments", "`kind` must be `source` or `any`, not `%.40s`", kind);

    listing found = { .source_only = kind && strcmp(kind, "source") == 0, .extensions = json_object() };
    walk_stats walked = folder_walk(self->folder, add_entry, &found);
    json_t *files = take_entries(&found, (size_t)get_int(arguments, "limit", 20, 1, 100));

    char size[32], summary[96];
    snprintf(summary, sizeof summary, "%zu %sfiles, %s%s", found.count, found.source_only ? "source " : "", human_bytes(found.bytes, size),
             walked.truncated ? " (stopped early: a huge folder)" : "");
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:b}", "summary", summary, "file_count", (json_int_t)found.count, "total_bytes",
                     (json_int_t)found.bytes, "largest_first", files, "extensions", found.extensions, "skipped", (json_int_t)walked.skipped,
                     "unreadable_folders", (json_int_t)walked.unreadable, "truncated", walked.truncated);
}
