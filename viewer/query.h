/*
 * The query language of the list of traces, as a parsed tree. docs/viewer/query.md says it by examples; the grammar:
 *
 *     query   = [ or ]
 *     or      = and { "or" and }
 *     and     = not { [ "and" ] not }
 *     not     = { "not" } primary
 *     primary = "(" or ")" | "{" or "}" | "error" | "has" KEY | FIELD op VALUE | TEXT       no { } inside { }
 *     FIELD   = "service" | "name" | "kind" | "status" | "span.duration"                    a span's
 *             | "duration" | "spans" | "errors" | "tokens" | "trace" | "start"              the trace's: not inside { }
 *             | [ "span." | "resource." ] KEY                                               any other word: an attribute
 *     op      = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"                                  ~: contains, ASCII case does not matter
 *     KEY, TEXT = word | quoted;  VALUE = word | quoted | number | duration | time
 *     quoted  = '"' { any but '"' and '\' | '\"' | '\\' } '"'
 *     word    = any run of characters but white space, control characters and  " ( ) { } = ! < > ~
 *
 * A word with an operator behind it is a FIELD, also "error" or "and"; keywords do not mind case. A quoted FIELD is an attribute's key.
 * Durations are a number and ns, us, ms, s, m or h; a time is 2026-11-22 or 2026-11-22T10:00:00[.5]Z, or nanoseconds of the Unix epoch.
 *
 * Meaning: a condition outside { } holds for a trace when some span of it satisfies it; those inside one { } must hold on the same span.
 * An attribute's condition holds when an attribute of that key on the span, its resource or its scope satisfies it. Numbers compare as
 * numbers; a number also equals a string of the same text. An array satisfies what one of its elements satisfies. `a != x`: the key is there
 * with another value; `not a = x`: it is nowhere x.
 *
 * Ownership: a query is a value without pointers. Threads: pure. Failure: false, with what, where and the cure. No recursion, no allocation;
 * limits: SPWV_QUERY_MAX_TEXT bytes, SPWV_QUERY_MAX_TERMS conditions, SPWV_QUERY_MAX_DEPTH levels of ( { and not.
 */
#ifndef SPWV_QUERY_H
#define SPWV_QUERY_H

#include "buf.h"

enum {
    SPWV_QUERY_MAX_TEXT = 4096,
    SPWV_QUERY_MAX_TERMS = 64,
    SPWV_QUERY_MAX_DEPTH = 16,
    SPWV_QUERY_MAX_NODES = 512 /* more than the other limits let through, but for runs of "not" */
};

enum spwv_query_op {
    SPWV_QUERY_CONDITION,
    SPWV_QUERY_AND,
    SPWV_QUERY_OR,
    SPWV_QUERY_NOT,
    SPWV_QUERY_SPAN_BEGIN, /* what comes up to END is about one span */
    SPWV_QUERY_SPAN_END
};

enum spwv_query_field {
    SPWV_FIELD_ATTRIBUTE,
    SPWV_FIELD_SERVICE,
    SPWV_FIELD_NAME,
    SPWV_FIELD_KIND,
    SPWV_FIELD_STATUS,
    SPWV_FIELD_SPAN_DURATION,
    SPWV_FIELD_TEXT, /* part of a span's name, or the start of a trace id */
    SPWV_FIELD_DURATION,
    SPWV_FIELD_SPANS,
    SPWV_FIELD_ERRORS,
    SPWV_FIELD_TOKENS,
    SPWV_FIELD_TRACE,
    SPWV_FIELD_START
};

enum spwv_query_where { SPWV_ANYWHERE, SPWV_ON_SPAN, SPWV_ON_RESOURCE };
enum spwv_query_compare { SPWV_HAS, SPWV_EQ, SPWV_NE, SPWV_LT, SPWV_LE, SPWV_GT, SPWV_GE, SPWV_CONTAINS };
enum spwv_query_value { SPWV_VALUE_NONE, SPWV_VALUE_WORD, SPWV_VALUE_QUOTED, SPWV_VALUE_INT, SPWV_VALUE_DOUBLE };

/* A place in the text of the query itself. */
struct spwv_query_span {
    uint16_t at;
    uint16_t size;
};

struct spwv_query_node {
    uint8_t op;
    uint8_t field;   /* the rest: of a condition */
    uint8_t where;   /* of an attribute */
    uint8_t compare;
    uint8_t value;   /* times and durations are INT, in nanoseconds; so are kinds and statuses, by OTLP's numbers */
    struct spwv_query_span key;
    struct spwv_query_span text; /* the value as text, of numbers too */
    union {
        int64_t integer;
        double real;
    } number;
};

/* In postfix order: operands before their operator, the left one first. No nodes: everything matches. */
struct spwv_query {
    size_t count;
    size_t text_size;
    struct spwv_query_node nodes[SPWV_QUERY_MAX_NODES];
    char text[SPWV_QUERY_MAX_TEXT]; /* keys and values without their quotes */
};

struct spwv_query_error {
    size_t at; /* byte of the query's text */
    size_t length;
    char text[256];
};

bool spwv_query_parse(const char *text, size_t size, struct spwv_query *query, struct spwv_query_error *error);

/* As a query that parses to the same nodes, with the few parentheses it needs. */
void spwv_query_print(const struct spwv_query *query, struct spwv_buf *out);

static inline struct spwv_slice spwv_query_text(const struct spwv_query *query, struct spwv_query_span span)
{
    return (struct spwv_slice){(const uint8_t *)query->text + span.at, span.size};
}

#endif
