/*
 * Whether a trace's spans satisfy a query, from their wire bytes: what a store asks when its index cannot tell. Meaning: query.h.
 *
 * Ownership: everything points into the caller's bytes and its query. Threads: pure. Failure: none. No allocation, no recursion; the work is
 * linear in the spans' bytes times the conditions.
 */
#ifndef SPWV_QUERY_MATCH_H
#define SPWV_QUERY_MATCH_H

#include "otlp.h"
#include "query.h"

enum spwv_operand_type { SPWV_OPERAND_OTHER, SPWV_OPERAND_INT, SPWV_OPERAND_DOUBLE, SPWV_OPERAND_TEXT, SPWV_OPERAND_BOOL };

/* A value that a condition compares. OTHER: maps, bytes, NaN and nothing, which are only there, and unequal to all that can be written. */
struct spwv_operand {
    enum spwv_operand_type type;
    int64_t integer; /* BOOL: 0 or 1 */
    double real;
    struct spwv_slice text;
};

/* The scalars of an AnyValue: itself, or the elements of its array; an empty array is one OTHER. False at the end. */
struct spwv_operands {
    struct spwv_slice any;
    struct spwv_wire elements;
    bool is_array;
    bool started;
};
void spwv_operands_of(struct spwv_operands *operands, struct spwv_slice any);
bool spwv_next_operand(struct spwv_operands *operands, struct spwv_operand *operand);

/* One value against a condition; its field is not looked at. */
bool spwv_query_compare(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_operand *operand);
bool spwv_query_compare_int(const struct spwv_query_node *node, int64_t value);

/* Whether some attribute of the message (its repeated field of that number) satisfies the condition. */
bool spwv_query_attribute_holds(const struct spwv_query *query, const struct spwv_query_node *node, struct spwv_slice message, uint32_t field);

/* ASCII case aside. */
bool spwv_text_contains(struct spwv_slice text, struct spwv_slice part);

/* ---- a trace, span by span ---- */

struct spwv_match_span {
    const struct spwv_span *span;
    struct spwv_slice service;
    struct spwv_slice resource;
    struct spwv_slice scope;
};

/* What is known of the whole trace. */
struct spwv_match_trace {
    const uint8_t *trace_id; /* 16 bytes */
    int64_t start;
    int64_t duration;
    int64_t spans;
    int64_t errors;
    int64_t tokens;
};

struct spwv_match {
    const struct spwv_query *query;
    uint64_t conditions; /* by their order in the query: some span satisfied it */
    uint64_t groups;     /* by their order: one span satisfied all of this { } */
};

void spwv_match_begin(struct spwv_match *match, const struct spwv_query *query);
void spwv_match_add(struct spwv_match *match, const struct spwv_match_span *span);
bool spwv_match_end(const struct spwv_match *match, const struct spwv_match_trace *trace);

/* True: the field is the trace's, or a text that its id may start with. *holds: whether the trace itself satisfies the condition. */
bool spwv_query_trace_condition(const struct spwv_query *query, const struct spwv_query_node *node, const struct spwv_match_trace *trace,
                                bool *holds);

/* The ids that start with those hex digits; false when they are none. */
bool spwv_query_id_range(struct spwv_slice hex, uint8_t first[16], uint8_t last[16]);

#endif
