/* The parser: operators wait on a stack of their own until their operands are out. Contract and grammar: query.h. */
#include <string.h>

#include "query_condition.h"

/* At each level of depth one bracket or "not" and, above it, one "or" and one "and" at most. */
enum { MAX_WAITING = 3 * (SPWV_QUERY_MAX_DEPTH + 1) };

enum waiting { OR = 1, AND, NOT, ROUND, CURLY }; /* in the order of how strongly they bind; brackets wait for their end */

struct parser {
    struct spwv_lexer lexer;
    struct spwv_query *query;
    struct spwv_query_error *error;
    struct {
        uint8_t what;
        uint16_t at;
    } waiting[MAX_WAITING];
    size_t waits;
    unsigned depth;
    unsigned terms;
    bool in_span;
    bool wants_operand; /* else: an operator, the end of a bracket, or the next operand, with "and" meant */
};

static bool emit(struct parser *parser, const struct spwv_query_node *node, const struct spwv_token *token)
{
    struct spwv_query *query = parser->query;
    if (query->count == SPWV_QUERY_MAX_NODES)
        return spwv_query_fail(parser->error, token->at, token->size, "the query has too many parts; make it shorter");
    query->nodes[query->count++] = *node;
    return true;
}

static bool emit_op(struct parser *parser, enum spwv_query_op op, const struct spwv_token *token)
{
    return emit(parser, &(struct spwv_query_node){.op = (uint8_t)op}, token);
}

/* Operators on top that bind at least as strongly come out. */
static bool reduce(struct parser *parser, enum waiting least, const struct spwv_token *token)
{
    while (parser->waits) {
        uint8_t top = parser->waiting[parser->waits - 1].what;
        if (top > NOT || top < least)
            return true;
        parser->waits--;
        parser->depth -= top == NOT;
        enum spwv_query_op op = top == OR ? SPWV_QUERY_OR : top == AND ? SPWV_QUERY_AND : SPWV_QUERY_NOT;
        if (!emit_op(parser, op, token))
            return false;
    }
    return true;
}

static bool hold(struct parser *parser, enum waiting what, const struct spwv_token *token)
{
    if (what >= NOT && ++parser->depth > SPWV_QUERY_MAX_DEPTH)
        return spwv_query_fail(parser->error, token->at, token->size, "more than %d levels of ( { and not; make it flatter", SPWV_QUERY_MAX_DEPTH);
    parser->waiting[parser->waits].what = (uint8_t)what;
    parser->waiting[parser->waits++].at = (uint16_t)token->at;
    parser->wants_operand = true;
    return true;
}

static bool is_word(const struct parser *parser, const struct spwv_token *token, const char *word)
{
    return token->kind == SPWV_TOKEN_WORD && spwv_query_is(parser->lexer.text + token->at, token->size, word);
}

static bool is_bracket(const struct parser *parser, const struct spwv_token *token, char bracket)
{
    return token->kind == SPWV_TOKEN_BRACKET && parser->lexer.text[token->at] == bracket;
}

/* Whether an operator is next; then a word is a field, whatever it says. */
static bool compares(const struct parser *parser)
{
    struct spwv_lexer ahead = parser->lexer;
    while (ahead.at < ahead.size && strchr(" \t\r\n", ahead.text[ahead.at]) && ahead.text[ahead.at])
        ahead.at++;
    return ahead.at < ahead.size && ahead.text[ahead.at] && strchr("=!<>~", ahead.text[ahead.at]);
}

/* ---- operands ---- */

static bool condition(struct parser *parser, const struct spwv_query_node *node, const struct spwv_token *token)
{
    if (++parser->terms > SPWV_QUERY_MAX_TERMS)
        return spwv_query_fail(parser->error, token->at, token->size, "more than %d conditions; leave some out", SPWV_QUERY_MAX_TERMS);
    parser->wants_operand = false;
    return emit(parser, node, token);
}

static bool no_room(struct parser *parser, const struct spwv_token *token)
{
    return spwv_query_fail(parser->error, token->at, token->size, "the query is too long; make it shorter");
}

static bool has(struct parser *parser, const struct spwv_token *token)
{
    struct spwv_token key;
    struct spwv_query_node node = {.op = SPWV_QUERY_CONDITION, .compare = SPWV_HAS};
    if (!spwv_query_next(&parser->lexer, &key, parser->error))
        return false;
    if (key.kind != SPWV_TOKEN_WORD && key.kind != SPWV_TOKEN_QUOTED)
        return spwv_query_fail(parser->error, token->at, token->size, "has needs an attribute's key behind it: has gen_ai.tool.name");
    if (!spwv_query_attribute(parser->query, &parser->lexer, &key, &node))
        return no_room(parser, &key);
    return condition(parser, &node, token);
}

static bool text(struct parser *parser, const struct spwv_token *token)
{
    struct spwv_query_node node = {.op = SPWV_QUERY_CONDITION, .field = SPWV_FIELD_TEXT, .compare = SPWV_CONTAINS, .value = SPWV_VALUE_QUOTED};
    if (!spwv_query_keep(parser->query, &parser->lexer, token, &node.text))
        return no_room(parser, token);
    return condition(parser, &node, token);
}

static bool failed(struct parser *parser, const struct spwv_token *token)
{
    struct spwv_query_node node = {
        .op = SPWV_QUERY_CONDITION, .field = SPWV_FIELD_STATUS, .compare = SPWV_EQ, .value = SPWV_VALUE_INT, .number = {.integer = 2}};
    if (!spwv_query_keep(parser->query, &parser->lexer, token, &node.text))
        return no_room(parser, token);
    return condition(parser, &node, token);
}

static bool word(struct parser *parser, const struct spwv_token *token)
{
    struct spwv_query_node node;
    if (compares(parser))
        return spwv_query_comparison(parser->query, &parser->lexer, token, parser->in_span, &node, parser->error) && condition(parser, &node, token);
    if (token->prefix)
        return spwv_query_fail(parser->error, token->at, token->size, "an attribute needs an operator and a value behind it, or has before it");
    if (is_word(parser, token, "not"))
        return hold(parser, NOT, token);
    if (is_word(parser, token, "has"))
        return has(parser, token);
    if (is_word(parser, token, "error"))
        return failed(parser, token);
    if (is_word(parser, token, "and") || is_word(parser, token, "or"))
        return spwv_query_fail(parser->error, token->at, token->size, "%.*s needs a condition before it; quote it to search for the word",
                               (int)token->size, parser->lexer.text + token->at);
    return text(parser, token);
}

static bool open_bracket(struct parser *parser, const struct spwv_token *token)
{
    bool curly = is_bracket(parser, token, '{');
    if (curly && parser->in_span)
        return spwv_query_fail(parser->error, token->at, 1, "{ } cannot stand inside { }: both would be one span; use ( ) inside");
    parser->in_span = parser->in_span || curly;
    return hold(parser, curly ? CURLY : ROUND, token) && (!curly || emit_op(parser, SPWV_QUERY_SPAN_BEGIN, token));
}

static bool operand(struct parser *parser, const struct spwv_token *token)
{
    const char *before = parser->waits ? "behind the operator or bracket before it" : "here";
    switch (token->kind) {
    case SPWV_TOKEN_WORD:
    case SPWV_TOKEN_QUOTED: return word(parser, token);
    case SPWV_TOKEN_COMPARE:
        return spwv_query_fail(parser->error, token->at, token->size, "there is no field before %.*s; write one, such as service",
                               (int)token->size, parser->lexer.text + token->at);
    case SPWV_TOKEN_BRACKET:
        if (is_bracket(parser, token, '(') || is_bracket(parser, token, '{'))
            return open_bracket(parser, token);
        break;
    default: break;
    }
    return spwv_query_fail(parser->error, token->at, token->size, "a condition is missing %s; write one, such as service = api", before);
}

/* ---- behind an operand ---- */

static bool close_bracket(struct parser *parser, const struct spwv_token *token)
{
    char closing = parser->lexer.text[token->at];
    if (!reduce(parser, OR, token))
        return false;
    if (!parser->waits)
        return spwv_query_fail(parser->error, token->at, 1, "this %c has no %c before it; take it out", closing, closing == ')' ? '(' : '{');
    bool curly = parser->waiting[parser->waits - 1].what == CURLY;
    if (curly != (closing == '}'))
        return spwv_query_fail(parser->error, token->at, 1, "%c closes a %c here; write %c", closing, curly ? '{' : '(', curly ? '}' : ')');
    parser->waits--;
    parser->depth--;
    parser->in_span = parser->in_span && !curly;
    return !curly || emit_op(parser, SPWV_QUERY_SPAN_END, token);
}

static bool joined(struct parser *parser, const struct spwv_token *token)
{
    if (is_bracket(parser, token, ')') || is_bracket(parser, token, '}'))
        return close_bracket(parser, token);
    if (token->kind == SPWV_TOKEN_COMPARE)
        return spwv_query_fail(parser->error, token->at, token->size, "%.*s compares nothing here; put the field right before it, in quotes if it has signs",
                               (int)token->size, parser->lexer.text + token->at);
    bool keyword = !compares(parser);
    bool either = keyword && is_word(parser, token, "or");
    bool both = keyword && is_word(parser, token, "and");
    enum waiting what = either ? OR : AND;
    if (!reduce(parser, what, token) || !hold(parser, what, token))
        return false;
    return either || both || operand(parser, token);
}

static bool finish(struct parser *parser, const struct spwv_token *end)
{
    if (parser->wants_operand)
        return (!parser->waits && !parser->query->count) || operand(parser, end);
    if (!reduce(parser, OR, end))
        return false;
    if (!parser->waits)
        return true;
    bool curly = parser->waiting[parser->waits - 1].what == CURLY;
    return spwv_query_fail(parser->error, parser->waiting[parser->waits - 1].at, 1, "this %c is not closed; write %c behind its conditions",
                           curly ? '{' : '(', curly ? '}' : ')');
}

bool spwv_query_parse(const char *text, size_t size, struct spwv_query *query, struct spwv_query_error *error)
{
    struct parser parser = {.lexer = {.text = text, .size = size}, .query = query, .error = error, .wants_operand = true};
    struct spwv_token token;
    query->count = query->text_size = 0;
    if (size > SPWV_QUERY_MAX_TEXT)
        return spwv_query_fail(error, SPWV_QUERY_MAX_TEXT, size - SPWV_QUERY_MAX_TEXT, "a query may have %d bytes; make it shorter", SPWV_QUERY_MAX_TEXT);
    for (;;) {
        if (!spwv_query_next(&parser.lexer, &token, error))
            return false;
        if (token.kind == SPWV_TOKEN_END)
            return finish(&parser, &token);
        if (!(parser.wants_operand ? operand(&parser, &token) : joined(&parser, &token)))
            return false;
    }
}
