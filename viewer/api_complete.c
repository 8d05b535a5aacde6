/*
 * GET /api/complete?q=TEXT&at=BYTE: what may stand at that byte of a query, the most frequent first, with how often it was seen:
 * {"from", "to", "items": [{"text", "kind", "count"}]}. The bytes from..to are what an item replaces.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "json.h"
#include "query_lex.h"
#include "text.h"

enum { MAX_ITEMS = 30 };

/* What the words before the place say about it. */
struct place {
    enum { AT_OPERAND, AT_KEY, AT_VALUE, BEHIND_FIELD, BEHIND_OPERAND } is;
    const char *text;
    size_t from;
    size_t to;
    struct spwv_slice prefix; /* what is written of the item already */
    struct spwv_token field;  /* of AT_VALUE */
};

struct writer {
    struct spwv_json json;
    const struct place *place;
    const char *kind;
    unsigned items;
};

/* ---- where ---- */

static bool is_word(const struct place *place, const struct spwv_token *token, const char *word)
{
    return token->kind == SPWV_TOKEN_WORD && spwv_query_is(place->text + token->at, token->size, word);
}

/* What a whole token leads to, from what was there before it. */
static void step(struct place *place, const struct spwv_token *token)
{
    bool was_value = place->is == AT_VALUE;
    bool was_key = place->is == AT_KEY;
    switch (token->kind) {
    case SPWV_TOKEN_COMPARE: place->is = AT_VALUE; return;
    case SPWV_TOKEN_BRACKET: place->is = place->text[token->at] == ')' || place->text[token->at] == '}' ? BEHIND_OPERAND : AT_OPERAND; return;
    default: break;
    }
    if (was_value || was_key)
        place->is = BEHIND_OPERAND;
    else if (is_word(place, token, "and") || is_word(place, token, "or") || is_word(place, token, "not"))
        place->is = AT_OPERAND;
    else if (is_word(place, token, "has"))
        place->is = AT_KEY;
    else
        place->is = BEHIND_FIELD;
    place->field = place->is == BEHIND_FIELD ? *token : place->field;
}

static void find_place(const char *text, size_t at, struct place *place)
{
    struct spwv_lexer lexer = {.text = text, .size = at};
    struct spwv_query_error error;
    struct spwv_token token;
    *place = (struct place){.is = AT_OPERAND, .text = text, .from = at, .to = at};
    for (;;) {
        size_t before = lexer.at;
        bool ok = spwv_query_next(&lexer, &token, &error);
        bool open = !ok && text[error.at] == '"' && error.at + error.length == at; /* a quote that is still being written */
        bool touches = ok && (token.kind == SPWV_TOKEN_WORD || token.kind == SPWV_TOKEN_QUOTED) && token.at + token.size == at;
        if (!ok && !open) {
            lexer.at = error.at + (error.length ? error.length : 1); /* a mistake: go on behind it */
            if (lexer.at >= at || lexer.at <= before)
                return;
            continue;
        }
        if (ok && token.kind == SPWV_TOKEN_END)
            return;
        if (open || touches) {
            place->from = open ? error.at : token.at;
            size_t skip = open || token.kind == SPWV_TOKEN_QUOTED;
            place->prefix = (struct spwv_slice){(const uint8_t *)text + place->from + skip, at - place->from - skip};
            place->is = place->is == BEHIND_FIELD || place->is == BEHIND_OPERAND ? BEHIND_OPERAND : place->is;
            return;
        }
        step(place, &token);
    }
}

/* The rest of the word that the place is in. */
static void extend(struct place *place, size_t size)
{
    while (place->from < place->to && place->to < size && !strchr(" \t\r\n\"(){}=!<>~", place->text[place->to]))
        place->to++;
}

/* ---- items ---- */

static void write_item(struct writer *writer, struct spwv_slice text, const char *kind, uint64_t count)
{
    struct spwv_json *json = &writer->json;
    if (writer->items++ >= MAX_ITEMS)
        return;
    spwv_json_begin(json, '{');
    spwv_json_key(json, "text");
    spwv_json_string(json, text);
    spwv_json_key(json, "kind");
    spwv_json_text(json, kind);
    spwv_json_key(json, "count");
    spwv_json_count(json, count);
    spwv_json_end(json, '}');
}

static void write_words(struct writer *writer, const char *const *words, const char *kind)
{
    struct spwv_slice prefix = writer->place->prefix;
    for (; *words; words++)
        if (strlen(*words) >= prefix.size && strncasecmp(*words, prefix.size ? (const char *)prefix.data : "", prefix.size) == 0)
            write_item(writer, (struct spwv_slice){(const uint8_t *)*words, strlen(*words)}, kind, 0);
}

/* Whether it says the same without quotes: as a value, or as a key. */
static bool is_plain(struct spwv_slice text, bool value)
{
    static const char *const words[] = {"service", "name",   "kind",  "status", "span.duration", "duration", "spans", "errors",
                                        "tokens",  "trace",  "start", "true",   "false",         "and",      "or",    "not",
                                        "has",     "error"};
    struct spwv_lexer lexer = {.text = (const char *)text.data, .size = text.size};
    struct spwv_query_error error;
    struct spwv_query_node node;
    struct spwv_token token;
    int64_t ns;
    bool unit;
    if (!text.size || !spwv_query_next(&lexer, &token, &error) || token.kind != SPWV_TOKEN_WORD || token.size != text.size)
        return false;
    if (value && (spwv_query_number(lexer.text, text.size, &node) || spwv_query_duration(lexer.text, text.size, &ns, &unit)))
        return false;
    if (!value && (spwv_query_is(lexer.text, text.size < 5 ? text.size : 5, "span.") ||
                   spwv_query_is(lexer.text, text.size < 9 ? text.size : 9, "resource.")))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (spwv_query_is(lexer.text, text.size, words[i]))
            return false;
    return true;
}

static void on_item(void *arg, const struct spwv_seen_item *item)
{
    struct writer *writer = arg;
    bool value = strcmp(writer->kind, "value") == 0;
    struct spwv_buf quoted;
    if ((value && !item->quoted) || is_plain(item->text, value)) {
        write_item(writer, item->text, writer->kind, item->count);
        return;
    }
    spwv_buf_init(&quoted, 4096, NULL);
    spwv_buf_add_char(&quoted, '"');
    for (size_t i = 0; i < item->text.size; i++) {
        if (item->text.data[i] == '"' || item->text.data[i] == '\\')
            spwv_buf_add_char(&quoted, '\\');
        spwv_buf_add_char(&quoted, (char)item->text.data[i]);
    }
    spwv_buf_add_char(&quoted, '"');
    if (!quoted.failed)
        write_item(writer, (struct spwv_slice){(const uint8_t *)quoted.data, quoted.size}, writer->kind, item->count);
    spwv_buf_fini(&quoted);
}

static bool write_seen(struct writer *writer, struct spwv_store *store, struct spwv_seen_request *request, struct spwv_error *error)
{
    struct spwv_seen_sink sink = {writer, on_item};
    request->limit = MAX_ITEMS;
    writer->kind = request->what == SPWV_SEEN_KEYS ? "key" : "value";
    return store->seen(store, request, &sink, error);
}

/* Values of the field before the operator, as the parser sees that field: "x = 0" is a query for every one of them but those with fixed values. */
static bool write_values(struct writer *writer, struct spwv_store *store, struct spwv_error *error)
{
    static const char *const kinds[] = {"internal", "server", "client", "producer", "consumer", "unspecified", NULL};
    static const char *const statuses[] = {"error", "ok", "unset", NULL};
    const struct place *place = writer->place;
    const struct spwv_token *field = &place->field;
    static const char *const none[] = {"duration", "span.duration", "spans", "errors", "tokens", "trace", "start", NULL};
    struct spwv_seen_request request = {.what = SPWV_SEEN_VALUES, .field = SPWV_FIELD_ATTRIBUTE, .prefix = place->prefix};
    if (is_word(place, field, "kind") || is_word(place, field, "status")) {
        write_words(writer, is_word(place, field, "kind") ? kinds : statuses, "value");
        return true;
    }
    for (size_t i = 0; none[i]; i++)
        if (is_word(place, field, none[i]))
            return true;
    if (is_word(place, field, "name") || is_word(place, field, "service"))
        request.field = is_word(place, field, "name") ? SPWV_FIELD_NAME : SPWV_FIELD_SERVICE;
    struct spwv_query parsed;
    struct spwv_query_error mistake;
    char condition[SPWV_QUERY_MAX_TEXT];
    if (request.field == SPWV_FIELD_ATTRIBUTE) {
        if (!field->size || field->size > sizeof condition - 2)
            return true;
        memcpy(condition, place->text + field->at, field->size);
        memcpy(condition + field->size, "=x", 2);
        if (!spwv_query_parse(condition, field->size + 2, &parsed, &mistake) || parsed.count != 1)
            return true;
        request.where = parsed.nodes[0].where;
        request.key = spwv_query_text(&parsed, parsed.nodes[0].key);
    }
    return write_seen(writer, store, &request, error);
}

static bool write_operands(struct writer *writer, struct spwv_store *store, struct spwv_error *error)
{
    static const char *const fields[] = {"service", "name",   "kind",  "status", "duration", "span.duration", "spans", "errors",
                                         "tokens",  "start",  "trace", NULL};
    static const char *const words[] = {"error", "has", "not", NULL};
    struct spwv_seen_request request = {.what = SPWV_SEEN_KEYS, .prefix = writer->place->prefix};
    if (writer->place->is == AT_OPERAND) {
        write_words(writer, fields, "field");
        write_words(writer, words, "word");
    }
    return write_seen(writer, store, &request, error);
}

static bool write_items(struct writer *writer, struct spwv_store *store, struct spwv_error *error)
{
    static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">=", "~", NULL};
    static const char *const words[] = {"and", "or", NULL};
    switch (writer->place->is) {
    case AT_VALUE: return write_values(writer, store, error);
    case AT_OPERAND:
    case AT_KEY: return write_operands(writer, store, error);
    case BEHIND_FIELD: write_words(writer, operators, "operator"); break;
    default: break;
    }
    write_words(writer, words, "word");
    /* Behind an operand the next one may follow at once, with "and" meant. */
    return writer->place->is == BEHIND_FIELD || !writer->place->prefix.size || write_operands(writer, store, error);
}

void spwv_api_complete(const struct spwv_request *request, struct spwv_answer *answer)
{
    const char *text = request->query(request->arg, "q");
    const char *at_text = request->query(request->arg, "at");
    size_t size = text ? strlen(text) : 0;
    uint64_t at = size;
    struct spwv_error error;
    struct place place;
    if (size > SPWV_QUERY_MAX_TEXT || (at_text && *at_text && !spwv_parse_u64(at_text, size, &at))) {
        spwv_answer_json_error(answer, 400, "q may have 4096 bytes, and at must be a byte of it or its end");
        return;
    }
    find_place(text ? text : "", (size_t)at, &place);
    extend(&place, size);
    struct writer writer = {.json = {.out = &answer->body}, .place = &place};
    answer->status = 200;
    answer->content_type = "application/json";
    spwv_json_begin(&writer.json, '{');
    spwv_json_key(&writer.json, "from");
    spwv_json_count(&writer.json, place.from);
    spwv_json_key(&writer.json, "to");
    spwv_json_count(&writer.json, place.to);
    spwv_json_key(&writer.json, "items");
    spwv_json_begin(&writer.json, '[');
    if (!write_items(&writer, request->app->store, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    spwv_json_end(&writer.json, ']');
    spwv_json_end(&writer.json, '}');
}
