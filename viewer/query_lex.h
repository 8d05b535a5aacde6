/*
 * The words of a query, and the numbers, durations and times among them. Grammar: query.h.
 *
 * Ownership: tokens are places in the text. Threads: pure. Failure: false with the error filled. Limits: none of its own.
 */
#ifndef SPWV_QUERY_LEX_H
#define SPWV_QUERY_LEX_H

#include "query.h"

enum spwv_token_kind { SPWV_TOKEN_END, SPWV_TOKEN_WORD, SPWV_TOKEN_QUOTED, SPWV_TOKEN_COMPARE, SPWV_TOKEN_BRACKET };

struct spwv_token {
    enum spwv_token_kind kind;
    size_t at;
    size_t size;      /* as written, quotes and all */
    uint8_t compare;  /* of COMPARE */
    size_t prefix;    /* of QUOTED: the bytes of "span." or "resource." before the quote */
};

struct spwv_lexer {
    const char *text;
    size_t size;
    size_t at;
};

bool spwv_query_next(struct spwv_lexer *lexer, struct spwv_token *token, struct spwv_query_error *error);

bool spwv_query_fail(struct spwv_query_error *error, size_t at, size_t length, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether the word is that one, ASCII case aside. */
bool spwv_query_is(const char *word, size_t size, const char *wanted);

/* A whole number or one with a point or an exponent: the node's value and number. False for other words. */
bool spwv_query_number(const char *word, size_t size, struct spwv_query_node *node);
/* A number and its unit, as nanoseconds. *unit false: it is a number without one. */
bool spwv_query_duration(const char *word, size_t size, int64_t *ns, bool *unit);
bool spwv_query_time(const char *word, size_t size, int64_t *ns);

#endif
