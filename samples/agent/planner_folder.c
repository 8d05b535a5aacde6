/* The rules for questions about the whole folder: which files are longest, and what is all this? */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "planner.h"

enum { COUNTED_FILES = 16, SHOWN_FILES = 6 };

/* ---- the folder's listing ---- */

static const json_t *listed(const facts *f)
{
    return json_object_get(json_object_get(facts_success(f, "list_files"), "result"), "largest_first");
}

/* ---- "which files are longest?" ---- */

typedef struct counted {
    const char *path;
    long lines;
} counted;

static int compare(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    return x->lines < y->lines ? 1 : x->lines > y->lines ? -1 : strcmp(x->path, y->path);
}

/* What line_count said about each file it could read, the longest first. */
static size_t read_counts(const facts *f, counted out[COUNTED_FILES])
{
    size_t i, count = 0;
    const json_t *call;
    json_array_foreach(f->results, i, call)
    {
        const json_t *result = json_object_get(call, "result");
        const char *command = get_string(result, "command"), *path = get_string(result, "path"), *output = get_string(result, "output");
        if (count < COUNTED_FILES && command && path && output && strcmp(command, "line_count") == 0)
            out[count++] = (counted){ path, strtol(output, NULL, 10) };
    }
    if (count > 0)
        qsort(out, count, sizeof *out, compare);
    return count;
}

/* Asks for the lines of the next few files: the largest in bytes need not be the longest in lines. False when enough are counted. */
static bool count_lines(const facts *f, decision *d, const json_t *files)
{
    size_t asked = facts_count(f, "run_command");
    size_t wanted = json_array_size(files) < COUNTED_FILES ? json_array_size(files) : COUNTED_FILES;
    for (size_t i = asked; i < wanted && i < asked + MAX_CALLS_A_TURN; i++) {
        const char *path = get_string(json_array_get(files, i), "path");
        decide_call(d, "run_command", json_pack("{s:s, s:s}", "command", "line_count", "path", path ? path : ""));
    }
    return asked < wanted;
}

/* The output of top_words is `   42 word` a line; names the first few. */
static void print_top_words(FILE *out, const json_t *call)
{
    const char *text = get_string(json_object_get(call, "result"), "output");
    int shown = 0;
    while (text && *text && shown < 6) {
        text += strspn(text, " 0123456789");
        size_t length = strcspn(text, "\n");
        if (length > 0)
            fprintf(out, "%s%.*s", shown++ ? ", " : " Its most frequent words: ", (int)length, text);
        text += length + (text[length] == '\n');
    }
    fputs(shown ? "." : "", out);
}

static void answer_longest(const facts *f, decision *d, const counted *counts, size_t count)
{
    const json_t *listing = json_object_get(facts_success(f, "list_files"), "result");
    const char *reader = readers_answer(f);
    const json_t *last = facts_last(f, "run_command");
    fprintf(d->answer, "The longest of %s:\n", get_string(listing, "summary"));
    for (size_t i = 0; i < count && i < SHOWN_FILES; i++)
        fprintf(d->answer, "  %zu. %s: %ld lines\n", i + 1, counts[i].path, counts[i].lines);
    if (count == 0) {
        size_t i;
        const json_t *file;
        fputs("(their lines could not be counted; largest first)\n", d->answer);
        json_array_foreach(listed(f), i, file)
        {
            if (i < SHOWN_FILES)
                fprintf(d->answer, "  %zu. %s: %jd bytes\n", i + 1, get_string(file, "path"), (intmax_t)get_int(file, "bytes", 0, 0, INT64_MAX));
        }
    }
    fprintf(d->answer, "\n%s", reader ? reader : "What the first one does I could not find out.");
    const char *command = get_string(json_object_get(last, "result"), "command");
    if (command && strcmp(command, "top_words") == 0)
        print_top_words(d->answer, last);
}

void rule_longest(const facts *f, decision *d)
{
    const json_t *files = listed(f);
    if (!files || json_array_size(files) == 0) {
        size_t tries = facts_count(f, "list_files");
        if (tries < 2) /* no source files: then any files */
            decide_call(d, "list_files", json_pack("{s:s, s:i}", "kind", tries == 0 ? "source" : "any", "limit", 40));
        else
            fputs("The folder holds no files that I can see.", d->answer);
        return;
    }
    if (count_lines(f, d, files))
        return;
    counted counts[COUNTED_FILES];
    size_t count = read_counts(f, counts);
    const char *longest = count > 0 ? counts[0].path : get_string(json_array_get(files, 0), "path");
    bool first = !facts_last(f, "ask_reader");
    if (longest && step_ask(f, d, longest)) {
        if (first)
            decide_call(d, "run_command", json_pack("{s:s, s:s}", "command", "top_words", "path", longest));
        return;
    }
    answer_longest(f, d, counts, count);
}

/* ---- "what is this?" ---- */

/* A README by another name than the usual one. */
static const char *other_readme(const json_t *files)
{
    size_t i;
    const json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *path = get_string(file, "path");
        if (path && strncasecmp(path_basename(path), "readme", 6) == 0)
            return path;
    }
    return NULL;
}

static const char *first_source(const json_t *files)
{
    size_t i;
    const json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *path = get_string(file, "path");
        if (path && is_source_file(path))
            return path;
    }
    return NULL;
}

static void answer_overview(const facts *f, decision *d, const char *readme)
{
    const json_t *listing = json_object_get(facts_success(f, "list_files"), "result");
    fprintf(d->answer, "The folder holds %s:", get_string(listing, "summary"));
    const char *extension;
    json_t *count;
    bool first = true;
    json_object_foreach(json_object_get(listing, "extensions"), extension, count)
    {
        fprintf(d->answer, "%s %jd %s", first ? "" : ",", (intmax_t)json_integer_value(count), extension);
        first = false;
    }
    fputs(".", d->answer);
    if (readme) {
        const char *path = get_string(json_object_get(facts_success(f, "read_file"), "result"), "path");
        fprintf(d->answer, "\n%s", path);
        planner_describe_text(d->answer, path, readme);
    }
    if (readers_answer(f))
        fprintf(d->answer, "\nIts largest source file: %s", readers_answer(f));
}

void rule_overview(const facts *f, decision *d)
{
    const json_t *listing = json_object_get(facts_success(f, "list_files"), "result");
    if (!listing) {
        if (facts_count(f, "list_files") == 0) {
            decide_call(d, "list_files", json_pack("{s:s, s:i}", "kind", "any", "limit", 100));
            decide_call(d, "read_file", json_pack("{s:s}", "path", "README.md")); /* most have one; if not, we shall be told */
        } else {
            fputs("The files could not be listed.", d->answer);
        }
        return;
    }
    bool gave_up;
    const char *readme = step_read(f, d, "README.md", &gave_up);
    const char *other = gave_up && facts_count(f, "read_file") == 1 ? other_readme(listed(f)) : NULL;
    if (other)
        decide_call(d, "read_file", json_pack("{s:s}", "path", other));
    if (json_array_size(d->calls) > 0)
        return;
    const char *source = first_source(listed(f));
    bool first = !facts_last(f, "ask_reader");
    if (source && step_ask(f, d, source)) {
        if (first)
            decide_call(d, "run_command", json_pack("{s:s, s:s}", "command", "line_count", "path", source));
        return;
    }
    answer_overview(f, d, readme);
}
