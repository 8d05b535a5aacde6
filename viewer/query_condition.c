/* Conditions: a table of fields, and a reader for each kind of value. Contract: query_condition.h. */
#include "query_condition.h"

#include <string.h>

enum kind_of_value { TEXTS, KINDS, STATUSES, DURATIONS, COUNTS, IDS, TIMES, ANYTHING };

static const struct field {
    const char *name;
    uint8_t field;
    uint8_t values;
    bool of_trace;
} fields[] = {
    {"service", SPWV_FIELD_SERVICE, TEXTS, false},
    {"name", SPWV_FIELD_NAME, TEXTS, false},
    {"kind", SPWV_FIELD_KIND, KINDS, false},
    {"status", SPWV_FIELD_STATUS, STATUSES, false},
    {"span.duration", SPWV_FIELD_SPAN_DURATION, DURATIONS, false},
    {"duration", SPWV_FIELD_DURATION, DURATIONS, true},
    {"spans", SPWV_FIELD_SPANS, COUNTS, true},
    {"errors", SPWV_FIELD_ERRORS, COUNTS, true},
    {"tokens", SPWV_FIELD_TOKENS, COUNTS, true},
    {"trace", SPWV_FIELD_TRACE, IDS, true},
    {"start", SPWV_FIELD_START, TIMES, true},
};
static const struct field attribute = {"", SPWV_FIELD_ATTRIBUTE, ANYTHING, false};

static const struct field *find_field(const char *word, const struct spwv_token *token)
{
    if (token->kind != SPWV_TOKEN_WORD)
        return &attribute;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (spwv_query_is(word, token->size, fields[i].name))
            return &fields[i];
    return &attribute;
}

bool spwv_query_keep(struct spwv_query *query, const struct spwv_lexer *lexer, const struct spwv_token *token, struct spwv_query_span *kept)
{
    bool quoted = token->kind == SPWV_TOKEN_QUOTED;
    const char *at = lexer->text + token->at + token->prefix + quoted;
    const char *end = lexer->text + token->at + token->size - quoted;
    kept->at = (uint16_t)query->text_size;
    for (; at < end; at++) {
        at += quoted && *at == '\\';
        if (query->text_size == sizeof query->text)
            return false;
        query->text[query->text_size++] = *at;
    }
    kept->size = (uint16_t)(query->text_size - kept->at);
    return true;
}

bool spwv_query_attribute(struct spwv_query *query, const struct spwv_lexer *lexer, const struct spwv_token *token, struct spwv_query_node *node)
{
    struct spwv_token key = *token;
    const char *word = lexer->text + token->at;
    size_t prefix = token->prefix;
    for (size_t i = 0; i < 2 && !prefix && token->kind == SPWV_TOKEN_WORD; i++) {
        size_t size = i ? 9 : 5;
        if (token->size > size && spwv_query_is(word, size, i ? "resource." : "span."))
            key.prefix = prefix = size;
    }
    node->field = SPWV_FIELD_ATTRIBUTE;
    node->where = prefix == 5 ? SPWV_ON_SPAN : prefix == 9 ? SPWV_ON_RESOURCE : SPWV_ANYWHERE;
    return spwv_query_keep(query, lexer, &key, &node->key);
}

/* ---- values ---- */

static bool read_named(const char *word, const struct spwv_token *token, const char *const *names, int count, struct spwv_query_node *node)
{
    node->value = SPWV_VALUE_INT;
    for (int i = 0; i < count; i++)
        if (spwv_query_is(word, token->size, names[i])) {
            node->number.integer = i;
            return true;
        }
    return false;
}

static bool read_duration(const char *word, const struct spwv_token *token, struct spwv_query_node *node, struct spwv_query_error *error)
{
    bool unit;
    node->value = SPWV_VALUE_INT;
    if (token->kind == SPWV_TOKEN_WORD && spwv_query_duration(word, token->size, &node->number.integer, &unit))
        return true;
    return spwv_query_fail(error, token->at, token->size, "a duration is a number with its unit, such as 100ms; units are ns, us, ms, s, m, h");
}

static bool read_id(const char *word, const struct spwv_token *token, struct spwv_query_node *node, struct spwv_query_error *error)
{
    size_t digits = 0;
    while (digits < token->size && strchr("0123456789abcdefABCDEF", word[digits]))
        digits++;
    node->value = SPWV_VALUE_WORD;
    if (token->kind == SPWV_TOKEN_WORD && digits == token->size && digits <= 32)
        return true;
    return spwv_query_fail(error, token->at, token->size, "a trace is said by its id or the start of it: up to 32 hex digits, without quotes");
}

static bool read_anything(const char *word, const struct spwv_token *token, struct spwv_query_node *node, struct spwv_query_error *error)
{
    int64_t ns;
    bool unit;
    node->value = token->kind == SPWV_TOKEN_QUOTED ? SPWV_VALUE_QUOTED : SPWV_VALUE_WORD;
    if (token->kind == SPWV_TOKEN_QUOTED || node->compare == SPWV_CONTAINS || spwv_query_number(word, token->size, node))
        return true;
    if (spwv_query_duration(word, token->size, &ns, &unit) && unit)
        return spwv_query_fail(error, token->at, token->size,
                               "attributes have no unit: give the number in the attribute's own, or quote the text \"%.*s\"", (int)token->size, word);
    return true;
}

static bool read_value(const struct field *field, const char *word, const struct spwv_token *token, struct spwv_query_node *node,
                       struct spwv_query_error *error)
{
    static const char *const kinds[] = {"unspecified", "internal", "server", "client", "producer", "consumer"};
    static const char *const statuses[] = {"unset", "ok", "error"};
    switch (field->values) {
    case KINDS:
        return read_named(word, token, kinds, 6, node) ||
               spwv_query_fail(error, token->at, token->size, "a kind is one of internal, server, client, producer, consumer, unspecified");
    case STATUSES:
        return read_named(word, token, statuses, 3, node) ||
               spwv_query_fail(error, token->at, token->size, "a status is one of unset, ok, error");
    case DURATIONS: return read_duration(word, token, node, error);
    case COUNTS:
        return (token->kind == SPWV_TOKEN_WORD && spwv_query_number(word, token->size, node) && node->value == SPWV_VALUE_INT) ||
               spwv_query_fail(error, token->at, token->size, "%s is compared with a whole number, such as %s > 5", field->name, field->name);
    case IDS: return read_id(word, token, node, error);
    case TIMES:
        node->value = SPWV_VALUE_INT;
        return (token->kind == SPWV_TOKEN_WORD && spwv_query_time(word, token->size, &node->number.integer)) ||
               spwv_query_fail(error, token->at, token->size, "a time is 2026-11-22, 2026-11-22T10:00:00Z (UTC), or nanoseconds since 1970");
    case TEXTS: node->value = token->kind == SPWV_TOKEN_QUOTED ? SPWV_VALUE_QUOTED : SPWV_VALUE_WORD; return true;
    default: return read_anything(word, token, node, error);
    }
}

static bool check_compare(const struct field *field, const struct spwv_token *operator, struct spwv_query_error *error)
{
    bool equality = operator->compare == SPWV_EQ || operator->compare == SPWV_NE;
    bool ordered = operator->compare >= SPWV_LT && operator->compare <= SPWV_GE;
    if (equality || field->values == TEXTS || field->values == ANYTHING)
        return true;
    if (ordered && (field->values == DURATIONS || field->values == COUNTS || field->values == TIMES))
        return true;
    return spwv_query_fail(error, operator->at, operator->size, ordered ? "%s has no order; use = or !=" : "%s is no text to search in; use = or !=",
                           field->name);
}

static bool check_place(const struct field *field, const struct spwv_token *token, bool in_span, struct spwv_query_error *error)
{
    if (!in_span || !field->of_trace)
        return true;
    if (field->field == SPWV_FIELD_DURATION)
        return spwv_query_fail(error, token->at, token->size, "duration is the trace's; inside { } write span.duration");
    return spwv_query_fail(error, token->at, token->size, "%s is the trace's; write this condition outside of the { }", field->name);
}

bool spwv_query_comparison(struct spwv_query *query, struct spwv_lexer *lexer, const struct spwv_token *token, bool in_span,
                           struct spwv_query_node *node, struct spwv_query_error *error)
{
    const struct field *field = find_field(lexer->text + token->at, token);
    struct spwv_token operator, value;
    if (!check_place(field, token, in_span, error) || !spwv_query_next(lexer, &operator, error) || !check_compare(field, &operator, error) ||
        !spwv_query_next(lexer, &value, error))
        return false;
    if (value.kind != SPWV_TOKEN_WORD && value.kind != SPWV_TOKEN_QUOTED)
        return spwv_query_fail(error, operator.at, operator.size, "there is no value behind %.*s; write one, in quotes if it has spaces or signs",
                               (int)operator.size, lexer->text + operator.at);
    if (value.prefix) /* span."x" is a field's form: here its quotes belong to the text after it */
        return spwv_query_fail(error, value.at, value.size, "a value is a word or is in quotes from its start; quote all of it");
    *node = (struct spwv_query_node){.op = SPWV_QUERY_CONDITION, .field = field->field, .compare = operator.compare};
    if (field->field == SPWV_FIELD_ATTRIBUTE && !spwv_query_attribute(query, lexer, token, node))
        return false;
    return read_value(field, lexer->text + value.at, &value, node, error) && spwv_query_keep(query, lexer, &value, &node->text);
}
