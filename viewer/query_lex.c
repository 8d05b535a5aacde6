/* Words of queries. Contract: query_lex.h. */
#include "query_lex.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_scalar.h"

bool spwv_query_fail(struct spwv_query_error *error, size_t at, size_t length, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    error->at = at;
    error->length = length;
    return false;
}

bool spwv_query_is(const char *word, size_t size, const char *wanted)
{
    return strlen(wanted) == size && strncasecmp(word, wanted, size) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
    return (unsigned char)c > ' ' && c != 0x7F && !strchr("\"(){}=!<>~", c);
}

static bool read_quoted(struct spwv_lexer *lexer, struct spwv_token *token, struct spwv_query_error *error)
{
    size_t start = lexer->at++; /* the quote */
    token->kind = SPWV_TOKEN_QUOTED;
    for (; lexer->at < lexer->size; lexer->at++) {
        char c = lexer->text[lexer->at];
        if (c == '"') {
            lexer->at++;
            token->size = lexer->at - token->at;
            return true;
        }
        if (!c)
            return spwv_query_fail(error, lexer->at, 1, "there is a NUL byte between the quotes; leave it out");
        if (c != '\\')
            continue;
        lexer->at++;
        if (lexer->at < lexer->size && lexer->text[lexer->at] != '"' && lexer->text[lexer->at] != '\\')
            return spwv_query_fail(error, lexer->at - 1, 2, "only \\\" and \\\\ are escapes; write \\\\ for a backslash");
    }
    return spwv_query_fail(error, start, lexer->size - start, "the quote is not closed; put \" behind the text");
}

static bool read_word(struct spwv_lexer *lexer, struct spwv_token *token, struct spwv_query_error *error)
{
    while (lexer->at < lexer->size && is_word(lexer->text[lexer->at]))
        lexer->at++;
    token->kind = SPWV_TOKEN_WORD;
    token->size = lexer->at - token->at;
    const char *word = lexer->text + token->at;
    if (spwv_query_is(word, token->size, "&&") || spwv_query_is(word, token->size, "||"))
        return spwv_query_fail(error, token->at, 2, "%.2s is not a word of this language; write %s", word, *word == '&' ? "and" : "or");
    bool quote = lexer->at < lexer->size && lexer->text[lexer->at] == '"';
    if (!quote || !(spwv_query_is(word, token->size, "span.") || spwv_query_is(word, token->size, "resource.")))
        return true;
    token->prefix = token->size;
    return read_quoted(lexer, token, error);
}

static bool read_compare(struct spwv_lexer *lexer, struct spwv_token *token, struct spwv_query_error *error)
{
    const char *at = lexer->text + lexer->at;
    bool equal = lexer->at + 1 < lexer->size && at[1] == '=';
    token->kind = SPWV_TOKEN_COMPARE;
    token->size = equal && *at != '=' && *at != '~' ? 2 : 1;
    lexer->at += token->size;
    switch (*at) {
    case '<': token->compare = equal ? SPWV_LE : SPWV_LT; break;
    case '>': token->compare = equal ? SPWV_GE : SPWV_GT; break;
    case '=': token->compare = SPWV_EQ; break;
    case '!': token->compare = SPWV_NE; break;
    default: token->compare = SPWV_CONTAINS;
    }
    if (*at == '!' && !equal)
        return spwv_query_fail(error, token->at, 1, "! stands only in !=; write not before a condition");
    char next = lexer->at < lexer->size ? lexer->text[lexer->at] : ' ';
    if (next == '=' || next == '~' || next == '<' || next == '>')
        return spwv_query_fail(error, token->at, token->size + 1, "%.*s is no operator; there are = != < <= > >= and ~ (contains)",
                               (int)token->size + 1, at);
    return true;
}

bool spwv_query_next(struct spwv_lexer *lexer, struct spwv_token *token, struct spwv_query_error *error)
{
    while (lexer->at < lexer->size && is_space(lexer->text[lexer->at]))
        lexer->at++;
    *token = (struct spwv_token){.kind = SPWV_TOKEN_END, .at = lexer->at};
    if (lexer->at == lexer->size)
        return true;
    char c = lexer->text[lexer->at];
    if (c == '"')
        return read_quoted(lexer, token, error);
    if (is_word(c))
        return read_word(lexer, token, error);
    if (!c || (unsigned char)c < ' ' || c == 0x7F)
        return spwv_query_fail(error, lexer->at, 1, "there is a control character (0x%02x); leave it out, or quote the text", (unsigned)c);
    if (!strchr("(){}", c))
        return read_compare(lexer, token, error);
    token->kind = SPWV_TOKEN_BRACKET;
    token->size = 1;
    lexer->at++;
    return true;
}

/* ---- numbers ---- */

bool spwv_query_number(const char *word, size_t size, struct spwv_query_node *node)
{
    struct spwv_slice text = {(const uint8_t *)word, size};
    uint64_t magnitude;
    bool negative;
    double real;
    if (!size || strchr("NI", word[0]) || (word[0] == '-' && size > 1 && word[1] == 'I')) /* the names of JSON's NaN and infinities are words */
        return false;
    if (spwv_scalar_whole(text, &magnitude, &negative) && magnitude <= (uint64_t)INT64_MAX + negative) {
        node->value = SPWV_VALUE_INT;
        node->number.integer = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
        return true;
    }
    if (!spwv_scalar_double(text, &real) || !isfinite(real))
        return false;
    node->value = SPWV_VALUE_DOUBLE;
    node->number.real = real;
    return true;
}

bool spwv_query_duration(const char *word, size_t size, int64_t *ns, bool *unit)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    size_t digits = 0;
    while (digits < size && strchr("0123456789.", word[digits]))
        digits++;
    struct spwv_query_node number;
    *unit = digits < size;
    if (!digits || !spwv_query_number(word, digits, &number))
        return false;
    double value = number.value == SPWV_VALUE_INT ? (double)number.number.integer : number.number.real;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (spwv_query_is(word + digits, size - digits, units[i].name) && value * units[i].ns < 9.2e18) {
            *ns = units[i].ns == 1 && number.value == SPWV_VALUE_INT ? number.number.integer : (int64_t)llround(value * units[i].ns);
            return true;
        }
    return false;
}

/* ---- times ---- */

/* `count` digits at *at, which moves past them and the character behind them; 0 as that character stands for none. */
static bool read_digits(const char **at, const char *end, int count, char behind, int *value)
{
    *value = 0;
    for (; count; count--, ++*at) {
        if (*at == end || **at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    if (!behind)
        return true;
    return *at < end && *(*at)++ == behind;
}

/* Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day is a year's last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t shifted = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

static bool read_clock(const char **at, const char *end, int64_t *ns)
{
    int hour, minute, second;
    int64_t fraction = 0;
    if (!read_digits(at, end, 2, ':', &hour) || !read_digits(at, end, 2, ':', &minute) || !read_digits(at, end, 2, 0, &second) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    if (*at < end && **at == '.') {
        int64_t place = 100000000;
        for (++*at; *at < end && **at >= '0' && **at <= '9'; ++*at, place /= 10)
            fraction += (**at - '0') * place;
    }
    *ns = (((int64_t)hour * 60 + minute) * 60 + second) * 1000000000 + fraction;
    return *at < end && (*(*at)++ | 0x20) == 'z';
}

bool spwv_query_time(const char *word, size_t size, int64_t *ns)
{
    const char *at = word;
    const char *end = word + size;
    struct spwv_query_node number;
    int year, month, day;
    int64_t clock = 0;
    if (spwv_query_number(word, size, &number) && number.value == SPWV_VALUE_INT) {
        *ns = number.number.integer;
        return true;
    }
    if (!read_digits(&at, end, 4, '-', &year) || !read_digits(&at, end, 2, '-', &month) || !read_digits(&at, end, 2, 0, &day))
        return false;
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    if (at < end && ((*at++ | 0x20) != 't' || !read_clock(&at, end, &clock)))
        return false;
    *ns = days_of(year, month, day) * 86400 * 1000000000 + clock;
    return at == end;
}
