/*
 * Traces and queries as a model that knows values, not bytes: random ones, the requests that say them, and a slow, obvious evaluator.
 *
 * Ownership: all is static; a term lives until model_used is set to 0. Threads: one. Failure: none.
 */
#ifndef QUERY_MODEL_H
#define QUERY_MODEL_H

#include "otlp_messages.h"

enum { MODEL_TRACES = 60, MODEL_SPANS = 70, MODEL_LONG = 200 };

enum value { NONE, INT_5, DOUBLE_5, INT_7, TEXT_5, TEXT_AB, TEXT_XABX, TEXT_LONG_A, TEXT_LONG_B, TRUE_, FALSE_, ARRAY_5_AB, ARRAY_LONG, MAP, VALUES };

struct model_span {
    unsigned name, kind, status, service, duration;
    enum value a, b, resource_c;
    bool many; /* attributes before a and b: they are not indexed */
};

struct model_trace {
    struct model_span spans[MODEL_SPANS];
    unsigned count;
    uint64_t start;
};

enum what { IS_A, IS_B, IS_RESOURCE_C, IS_ANY_C, HAS_A, HAS_B, IS_NAME, IS_SERVICE, IS_KIND, IS_STATUS, IS_SPAN_DURATION, SPAN_CONDITIONS,
            IS_SPANS = SPAN_CONDITIONS, IS_DURATION, IS_ERRORS, IS_TEXT, CONDITIONS };

struct term { /* a node of a binary tree; leaves are conditions */
    enum { LEAF, AND_, OR_, NOT_, GROUP } is;
    struct term *left, *right;
    enum what what;
    unsigned compare, literal, number;
};

extern struct model_trace model_traces[MODEL_TRACES];
extern unsigned model_used; /* terms */

unsigned model_below(unsigned limit); /* a random number */
void model_fill(void);
struct request model_request(unsigned trace, unsigned number); /* one span */

struct term *model_random_term(unsigned depth, bool in_span);
void model_print(const struct term *term, char *to, size_t size);
bool model_trace_holds(const struct term *term, const struct model_trace *trace);

unsigned model_duration_of(const struct model_trace *trace);
unsigned model_errors_of(const struct model_trace *trace);

#endif
