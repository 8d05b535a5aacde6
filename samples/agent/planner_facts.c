/* Reading a conversation: what is asked, which tools there are, and what has come out of the calls so far. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "planner.h"

/* ---- the question ---- */

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(word, *words) == 0)
            return true;
    return false;
}

static bool names_a_file(const char *word)
{
    const char *dot = strrchr(word, '.');
    return strchr(word, '/') || (dot && dot != word && isalnum((unsigned char)dot[1]));
}

/* A name of a program, rather than a word of English: with an underscore, a digit, or a capital inside. */
static bool looks_like_name(const char *word)
{
    bool name = false;
    for (const char *c = word; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
        name = name || *c == '_' || isdigit((unsigned char)*c) || (c > word && isupper((unsigned char)*c));
    }
    return name;
}

/* The part in quotes, the last quote closing, so that a name may hold one. Blanks it out of the question. */
static void take_quoted(char *question, char subject[200])
{
    for (char *open = strpbrk(question, "\"`"); open; open = strpbrk(open + 1, "\"`")) {
        char *close = strrchr(open + 1, *open);
        if (!close || close == open + 1)
            continue;
        snprintf(subject, 200, "%.*s", (int)(close - open - 1), open + 1);
        memset(open, ' ', (size_t)(close - open + 1));
        return;
    }
}

static void add_keyword(facts *self, const char *word)
{
    static const char *const empty[] = { "where", "what",  "which", "who",  "how",  "why",    "does",   "do",    "is",     "are",   "was", "the",
                                         "an",    "of",    "in",    "on",   "to",   "for",    "and",    "or",    "when",   "it",    "its", "this",
                                         "that",  "these", "with",  "from", "by",   "be",     "can",    "find",  "search", "show",  "me",  "us",
                                         "there", "happens", "folder", "file", "files", "code", "defined", "used", "if", "happen", NULL };
    if (strlen(word) > 2 && strlen(word) < sizeof self->keywords[0] && !one_of(word, empty) && self->keyword_count < MAX_KEYWORDS)
        strcpy(self->keywords[self->keyword_count++], word);
}

/* Looks at every word: some tell the kind of question, some may be what it is about. */
static void read_words(facts *self, char *question)
{
    static const char *const locate[] = { "where", "find", "search", "defined", "declared", "implemented", "used", "uses", "mentions", NULL };
    static const char *const longest[] = { "longest", "largest", "biggest", "lines", "size", NULL };
    static const char *const verbs[] = { "defined", "declared", "implemented", "used", NULL };
    static const char *const fillers[] = { "is", "are", "the", "a", "function", "variable", "macro", "type", "it", NULL };
    bool quoted = self->subject[0], found = quoted, wants_place = false, wants_sizes = false;
    char *rest = NULL, before[200] = "";
    for (char *word = strtok_r(question, " \t\r\n,;:?!()\"'`", &rest); word; word = strtok_r(NULL, " \t\r\n,;:?!()\"'`", &rest)) {
        size_t n = strlen(word);
        if (word[n - 1] == '.')
            word[n - 1] = 0;
        add_keyword(self, word);
        wants_place = wants_place || one_of(word, locate);
        wants_sizes = wants_sizes || one_of(word, longest);
        if (!found && (names_a_file(word) || looks_like_name(word))) {
            snprintf(self->subject, sizeof self->subject, "%s", word);
            found = true;
        } else if (!found && one_of(word, verbs) && before[0]) {
            snprintf(self->subject, sizeof self->subject, "%s", before); /* "where is main defined" */
        }
        if (!one_of(word, fillers))
            snprintf(before, sizeof before, "%s", word);
    }
    if (wants_place && !self->subject[0] && self->keyword_count == 1)
        snprintf(self->subject, sizeof self->subject, "%s", self->keywords[0]); /* "find main" */
    if (wants_place && (self->subject[0] || self->keyword_count > 0))
        self->intent = self->subject[0] ? INTENT_LOCATE : INTENT_PHRASE;
    else if (wants_sizes && !quoted)
        self->intent = INTENT_LONGEST;
    else
        self->intent = self->subject[0] && (quoted || names_a_file(self->subject)) ? INTENT_FILE : INTENT_OVERVIEW;
}

static void read_question(facts *self)
{
    self->intent = INTENT_OVERVIEW;
    char *copy = strdup(self->question);
    if (!copy)
        return;
    take_quoted(copy, self->subject);
    read_words(self, copy);
    free(copy);
}

/* ---- the messages ---- */

/* Remembers the calls of an assistant's message by their ids, until their results come. */
static void read_calls(const json_t *message, json_t *open_calls)
{
    size_t i;
    const json_t *call;
    json_array_foreach(json_object_get(message, "tool_calls"), i, call)
    {
        const json_t *function = json_object_get(call, "function");
        const char *id = get_string(call, "id"), *name = get_string(function, "name"), *arguments = get_string(function, "arguments");
        if (id && name)
            json_object_set_new(open_calls, id, json_pack("{s:s, s:o*}", "tool", name, "arguments", json_loads(arguments ? arguments : "{}", 0, NULL)));
    }
}

static void read_result(facts *self, const json_t *message, json_t *open_calls)
{
    const char *id = get_string(message, "tool_call_id"), *content = get_string(message, "content");
    json_t *call = id ? json_object_get(open_calls, id) : NULL;
    if (!call || !content)
        return;
    json_object_set_new(call, "result", json_loads(content, 0, NULL));
    json_array_append(self->results, call);
}

void facts_read(facts *self, const json_t *request)
{
    *self = (facts){ .question = "", .tool_names = json_object(), .results = json_array() };
    json_t *open_calls = json_object();
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(request, "messages"), i, item)
    {
        const char *role = get_string(item, "role"), *content = get_string(item, "content");
        if (role && content && strcmp(role, "user") == 0)
            self->question = content;
        read_calls(item, open_calls);
        if (role && strcmp(role, "tool") == 0)
            read_result(self, item, open_calls);
    }
    json_array_foreach(json_object_get(request, "tools"), i, item)
    {
        const char *name = get_string(json_object_get(item, "function"), "name");
        if (name)
            json_object_set_new(self->tool_names, name, json_true());
    }
    json_decref(open_calls);
    read_question(self);
}

void facts_free(facts *self)
{
    json_decref(self->tool_names);
    json_decref(self->results);
}

bool facts_can(const facts *self, const char *tool)
{
    return json_object_get(self->tool_names, tool) != NULL;
}

const json_t *facts_error(const json_t *call)
{
    const json_t *result = json_object_get(call, "result");
    return json_is_object(result) ? json_object_get(result, "error") : result;
}

static const json_t *newest(const facts *self, const char *tool, bool must_work)
{
    for (size_t i = json_array_size(self->results); i-- > 0;) {
        const json_t *call = json_array_get(self->results, i);
        if (strcmp(get_string(call, "tool"), tool) == 0 && (!must_work || !facts_error(call)))
            return call;
    }
    return NULL;
}

const json_t *facts_success(const facts *self, const char *tool)
{
    return newest(self, tool, true);
}

const json_t *facts_last(const facts *self, const char *tool)
{
    return newest(self, tool, false);
}

size_t facts_count(const facts *self, const char *tool)
{
    size_t i, count = 0;
    const json_t *call;
    json_array_foreach(self->results, i, call)
    {
        count += strcmp(get_string(call, "tool"), tool) == 0;
    }
    return count;
}
