/*
 * The rules: what to do next, from the question and from what has come out so far. Nothing is remembered between requests; the state is
 * the conversation, as it is for a model.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "planner.h"

enum { MAX_READS = 4, WINDOW_LINES = 150 };

void decide_call(decision *d, const char *tool, json_t *arguments)
{
    static atomic_uint number;
    char *text = json_dumps(arguments, 0);
    json_array_append_new(d->calls, json_pack("{s:o, s:s, s:{s:s, s:s}}", "id", json_sprintf("call_%04u", atomic_fetch_add(&number, 1) + 1),
                                              "type", "function", "function", "name", tool, "arguments", text ? text : "{}"));
    free(text);
    json_decref(arguments);
}

const char *step_read(const facts *f, decision *d, const char *path, bool *gave_up)
{
    const json_t *last = facts_last(f, "read_file");
    *gave_up = false;
    if (!last) {
        decide_call(d, "read_file", json_pack("{s:s}", "path", path));
        return NULL;
    }
    const json_t *error = facts_error(last);
    if (!error)
        return get_string(json_object_get(last, "result"), "text");

    const char *type = get_string(error, "type"), *tried = get_string(json_object_get(last, "arguments"), "path");
    const char *meant = json_string_value(json_array_get(json_object_get(error, "did_you_mean"), 0));
    if (facts_count(f, "read_file") < MAX_READS && meant)
        decide_call(d, "read_file", json_pack("{s:s}", "path", meant));
    else if (facts_count(f, "read_file") < MAX_READS && tried && type && strcmp(type, "too_large") == 0)
        decide_call(d, "read_file", json_pack("{s:s, s:i, s:i}", "path", tried, "start_line", 1, "line_count", WINDOW_LINES));
    else
        *gave_up = true;
    return NULL;
}

const char *readers_answer(const facts *f)
{
    return get_string(json_object_get(facts_success(f, "ask_reader"), "result"), "answer");
}

bool step_ask(const facts *f, decision *d, const char *path)
{
    size_t asked = facts_count(f, "ask_reader");
    const char *answer = readers_answer(f), *name = asked == 0 ? path_basename(path) : path;
    if (!facts_can(f, "ask_reader") || asked == 2 || (asked == 1 && (!answer || strstr(answer, path))))
        return false;
    decide_call(d, "ask_reader", json_pack("{s:o}", "question", json_sprintf("What does \"%s\" do?", name)));
    return true;
}

/* ---- "what does this file do?": read it, see who mentions it ---- */

static void print_mentions(FILE *out, const char *path, const json_t *matches)
{
    json_t *seen = json_object();
    size_t i;
    const json_t *match;
    json_array_foreach(matches, i, match)
    {
        const char *where = get_string(match, "path");
        if (where && strcmp(where, path) != 0)
            json_object_set_new(seen, where, json_true());
    }
    size_t count = json_object_size(seen), shown = 0;
    if (count > 0)
        fprintf(out, " %zu other file%s it", count, count == 1 ? " mentions" : "s mention");
    const char *where;
    json_t *unused;
    json_object_foreach(seen, where, unused)
    {
        if (shown < 3)
            fprintf(out, "%s %s", shown ? "," : ":", where);
        shown++;
    }
    fprintf(out, count > 3 ? ", ..." : "");
    fprintf(out, count > 0 ? "." : "");
    json_decref(seen);
}

void rule_file(const facts *f, decision *d)
{
    bool gave_up;
    const char *text = step_read(f, d, f->subject, &gave_up);
    if (!text) {
        if (gave_up)
            fprintf(d->answer, "I could not read %s: %s.", f->subject, get_string(facts_error(facts_last(f, "read_file")), "message"));
        return;
    }
    const json_t *read = json_object_get(facts_success(f, "read_file"), "result");
    const char *path = get_string(read, "path");
    const json_t *search = facts_last(f, "search_files");
    if (!search) {
        decide_call(d, "search_files", json_pack("{s:s, s:b, s:i}", "text", path_basename(path), "whole_word", 1, "limit", 100));
        return;
    }
    fprintf(d->answer, "%s", path);
    if (get_bool(read, "more"))
        fprintf(d->answer, " (I read its beginning)");
    planner_describe_text(d->answer, path, text);
    print_mentions(d->answer, path, json_object_get(json_object_get(search, "result"), "matches"));
}

/* ---- "where is X defined?": search, read around the best match, ask what its file does ---- */

/* The first match that looks like the definition, else the first. */
static const json_t *best_match(const json_t *matches, const char *name, bool *is_definition)
{
    size_t i;
    const json_t *match;
    json_array_foreach(matches, i, match)
    {
        const char *text = get_string(match, "text"), *path = get_string(match, "path");
        *is_definition = text && path && is_source_file(path) && planner_is_definition(text, name);
        if (*is_definition)
            return match;
    }
    return json_array_get(matches, 0);
}

static void answer_location(const facts *f, decision *d, const json_t *found, const json_t *best, bool defined)
{
    const char *lines = get_string(json_object_get(facts_success(f, "read_file"), "result"), "text");
    const char *reader = readers_answer(f);
    fprintf(d->answer, "%s is %s in %s, line %jd.", f->subject, defined ? "defined" : "found first", get_string(best, "path"),
            (intmax_t)get_int(best, "line", 0, 0, INT64_MAX));
    fprintf(d->answer, " In all: %s.\n", get_string(found, "summary"));
    if (lines)
        fprintf(d->answer, "\n%s%s", lines, lines[0] && lines[strlen(lines) - 1] == '\n' ? "" : "\n");
    if (reader)
        fprintf(d->answer, "\nThe file: %s", reader);
}

void rule_locate(const facts *f, decision *d)
{
    const json_t *search = facts_last(f, "search_files");
    const json_t *found = json_object_get(search, "result");
    if (!search) {
        decide_call(d, "search_files", json_pack("{s:s, s:b, s:i}", "text", f->subject, "whole_word", 1, "limit", 200));
        return;
    }
    if (get_int(found, "match_count", 0, 0, INT64_MAX) == 0) {
        if (facts_count(f, "search_files") == 1) /* perhaps it was spelt differently */
            decide_call(d, "search_files", json_pack("{s:s, s:b, s:i}", "text", f->subject, "ignore_case", 1, "limit", 200));
        else
            fprintf(d->answer, "%s does not occur in the files of this folder (%s).", f->subject, get_string(found, "summary"));
        return;
    }
    bool defined = false;
    const json_t *best = best_match(json_object_get(found, "matches"), f->subject, &defined);
    const char *path = get_string(best, "path");
    json_int_t line = (json_int_t)get_int(best, "line", 1, 1, INT32_MAX);
    if (!facts_last(f, "read_file"))
        decide_call(d, "read_file", json_pack("{s:s, s:I, s:i}", "path", path, "start_line", line > 3 ? line - 3 : 1, "line_count", 10));
    step_ask(f, d, path);
    if (json_array_size(d->calls) == 0)
        answer_location(f, d, found, best, defined);
}

/* ---- deciding ---- */

static const char *plan_text(const facts *f)
{
    switch (f->intent) {
    case INTENT_LONGEST:
        return "1. List the source files, largest first.\n2. Count the lines of the largest.\n3. Ask the reader what the longest one does.";
    case INTENT_LOCATE:
        return "1. Search all files for the name.\n2. Read the lines around what looks like its definition.\n3. Ask the reader what "
               "that file does.";
    case INTENT_PHRASE:
        return "1. Search all files for names made of the question's words.\n2. Read the lines around the best match.\n3. Ask the reader "
               "what that file does.";
    case INTENT_FILE:
        return "1. Read the file.\n2. Search for files that mention it.";
    case INTENT_OVERVIEW:
        break;
    }
    return "1. List the files and look for a README.\n2. Ask the reader about the largest source file.\n3. Put it together.";
}

static void decide(const facts *f, decision *d)
{
    if (json_object_size(f->tool_names) == 0)
        fputs(plan_text(f), d->answer);
    else if (f->intent == INTENT_LONGEST)
        rule_longest(f, d);
    else if (f->intent == INTENT_LOCATE)
        rule_locate(f, d);
    else if (f->intent == INTENT_PHRASE)
        rule_phrase(f, d);
    else if (f->intent == INTENT_FILE)
        rule_file(f, d);
    else
        rule_overview(f, d);
}

json_t *planner_decide(const json_t *request)
{
    facts f;
    char *text = NULL;
    size_t size = 0;
    decision d = { .calls = json_array(), .answer = open_memstream(&text, &size) };
    facts_read(&f, request);
    if (d.answer) {
        decide(&f, &d);
        fclose(d.answer);
    }
    facts_free(&f);

    bool calls = json_array_size(d.calls) > 0;
    json_t *message = calls ? json_pack("{s:s, s:n, s:O}", "role", "assistant", "content", "tool_calls", d.calls)
                            : json_pack("{s:s, s:o}", "role", "assistant", "content", text_json(text ? text : "", size));
    json_decref(d.calls);
    free(text);
    return json_pack("{s:o, s:s}", "message", message, "finish_reason", calls ? "tool_calls" : "stop");
}
