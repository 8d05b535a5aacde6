/*
 * One condition of a query: what its field may be compared with, and how. Grammar and meaning: query.h.
 *
 * Ownership, threads, limits: query.h's. Failure: false with the error filled.
 */
#ifndef SPWV_QUERY_CONDITION_H
#define SPWV_QUERY_CONDITION_H

#include "query_lex.h"

/* A place in the query's text for what the token says, without its quotes. False: no room is left, which the limit of the text rules out. */
bool spwv_query_keep(struct spwv_query *query, const struct spwv_lexer *lexer, const struct spwv_token *token, struct spwv_query_span *kept);

/* FIELD, its operator and its VALUE, the last two read from the lexer. */
bool spwv_query_comparison(struct spwv_query *query, struct spwv_lexer *lexer, const struct spwv_token *field, bool in_span,
                           struct spwv_query_node *node, struct spwv_query_error *error);

/* Where the attribute of that token is, and its key. */
bool spwv_query_attribute(struct spwv_query *query, const struct spwv_lexer *lexer, const struct spwv_token *token, struct spwv_query_node *node);

#endif
