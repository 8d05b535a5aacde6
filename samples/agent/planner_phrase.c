/*
 * The rule for questions of place without a name, such as "where is a door left when the bell rings?": two neighbouring words often
 * make a name (bell_rings, bellRings), so it searches for those, then for single words, and looks at the best line.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "planner.h"

enum { SHOWN_MATCHES = 5 };

static void search(decision *d, const char *text)
{
    if (json_array_size(d->calls) < MAX_CALLS_A_TURN)
        decide_call(d, "search_files", json_pack("{s:s, s:b, s:i}", "text", text, "ignore_case", 1, "limit", 200));
}

static void search_pairs(const facts *f, decision *d)
{
    char text[100];
    for (size_t i = 0; i + 1 < f->keyword_count; i++) {
        snprintf(text, sizeof text, "%s_%s", f->keywords[i], f->keywords[i + 1]);
        search(d, text);
        snprintf(text, sizeof text, "%s%s", f->keywords[i], f->keywords[i + 1]);
        search(d, text);
    }
}

/* ---- which search, and which of its matches, is most to the point ---- */

static int64_t match_count(const json_t *call)
{
    return get_int(json_object_get(call, "result"), "match_count", 0, 0, INT64_MAX);
}

/* Of the pairs the one found most often; of the single words, which come after, the rarest. */
static const json_t *best_search(const facts *f)
{
    const json_t *best = NULL;
    size_t i, pairs = f->keyword_count > 1 ? 2 * (f->keyword_count - 1) : 0, seen = 0;
    if (pairs > MAX_CALLS_A_TURN)
        pairs = MAX_CALLS_A_TURN;
    const json_t *call;
    json_array_foreach(f->results, i, call)
    {
        if (strcmp(get_string(call, "tool"), "search_files") != 0)
            continue;
        bool is_pair = seen++ < pairs;
        int64_t count = match_count(call);
        if (count > 0 && (!best || (is_pair ? count > match_count(best) : count < match_count(best))))
            best = call;
    }
    return best;
}

/* Code before headers, headers before prose, tests last; lines and paths that speak of the question's other words first. */
static int score(const facts *f, const json_t *match)
{
    const char *path = get_string(match, "path"), *text = get_string(match, "text");
    if (!path || !text)
        return -100;
    text += strspn(text, " \t");
    int points = is_source_file(path) ? 4 : 0;
    points -= path_extension(path)[0] == 'h' ? 2 : 0;
    points -= strstr(path, "test") ? 4 : 0;
    points -= text[0] == '/' || text[0] == '*' || text[0] == '#' ? 2 : 0;
    for (size_t i = 0; i < f->keyword_count; i++) {
        size_t stem = strlen(f->keywords[i]) > 5 ? 4 : strlen(f->keywords[i]); /* dropped, drops: drop */
        char word[40];
        snprintf(word, sizeof word, "%.*s", (int)stem, f->keywords[i]);
        points += strcasestr(text, word) ? 2 : 0;
        points += strcasestr(path, word) ? 1 : 0;
    }
    return points;
}

static const json_t *best_match(const facts *f, const json_t *matches)
{
    size_t i;
    const json_t *match, *best = NULL;
    json_array_foreach(matches, i, match)
    {
        if (!best || score(f, match) > score(f, best))
            best = match;
    }
    return best;
}

/* ---- the answer ---- */

static void print_match(FILE *out, const json_t *match)
{
    const char *text = get_string(match, "text");
    fprintf(out, "  %s, line %jd: %s\n", get_string(match, "path"), (intmax_t)get_int(match, "line", 0, 0, INT64_MAX),
            text ? text + strspn(text, " \t") : "");
}

/* The best line first, then others as good, each of another file. */
static void print_matches(const facts *f, decision *d, const json_t *matches, const json_t *best)
{
    const char *last = get_string(best, "path");
    size_t i, shown = 1;
    const json_t *match;
    print_match(d->answer, best);
    json_array_foreach(matches, i, match)
    {
        const char *path = get_string(match, "path");
        if (match == best || score(f, match) < 4 || shown == SHOWN_MATCHES || !path || strcmp(path, last) == 0 ||
            strcmp(path, get_string(best, "path")) == 0)
            continue;
        print_match(d->answer, match);
        last = path;
        shown++;
    }
}

static void answer(const facts *f, decision *d, const json_t *call, const json_t *best)
{
    const json_t *found = json_object_get(call, "result");
    const char *lines = get_string(json_object_get(facts_success(f, "read_file"), "result"), "text");
    const char *reader = readers_answer(f);
    fprintf(d->answer, "The name to look for seems to be %s: %s. Most to the point:\n", get_string(json_object_get(call, "arguments"), "text"),
            get_string(found, "summary"));
    print_matches(f, d, json_object_get(found, "matches"), best);
    if (lines)
        fprintf(d->answer, "\n%s%s", lines, lines[0] && lines[strlen(lines) - 1] == '\n' ? "" : "\n");
    if (reader)
        fprintf(d->answer, "\nThe file: %s", reader);
}

void rule_phrase(const facts *f, decision *d)
{
    const json_t *call = best_search(f);
    if (!call) {
        size_t asked = facts_count(f, "search_files");
        size_t pairs = f->keyword_count > 1 ? 2 * (f->keyword_count - 1) : 0;
        if (asked == 0)
            search_pairs(f, d);
        else if (asked <= pairs)
            for (size_t i = 0; i < f->keyword_count; i++)
                search(d, f->keywords[i]);
        if (json_array_size(d->calls) == 0)
            fputs("None of the words of your question occur in the files of this folder.", d->answer);
        return;
    }
    const json_t *best = best_match(f, json_object_get(json_object_get(call, "result"), "matches"));
    const char *path = get_string(best, "path");
    json_int_t line = (json_int_t)get_int(best, "line", 1, 1, INT32_MAX);
    if (!facts_last(f, "read_file"))
        decide_call(d, "read_file", json_pack("{s:s, s:I, s:i}", "path", path, "start_line", line > 5 ? line - 5 : 1, "line_count", 12));
    step_ask(f, d, path);
    if (json_array_size(d->calls) == 0)
        answer(f, d, call, best);
}
