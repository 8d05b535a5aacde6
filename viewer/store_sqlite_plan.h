/*
 * A query over the store, as sets of traces: what list and histogram have in common.
 *
 * Each condition that the index can answer becomes two sets: the traces that satisfy it for sure, and those about which the index cannot
 * tell. A set is a bit a trace; of conditions inside { } it is a word a trace, a bit a span (or every 64th of a trace with more). Then the
 * traces are walked in an index that has all else a condition asks for, and each gets a yes, a no or a maybe; of a maybe the spans are read.
 *
 * Ownership: the caller's, spwv_plan_fini() frees the sets. Threads: under the store's lock. Failure: false, with SQLite's error or `mistake`.
 * Limits: MAX_SETS bytes; without room for its words a { } is read in the spans. Time: the deadline, checked while SQLite and we work.
 */
#ifndef SPWV_STORE_SQLITE_PLAN_H
#define SPWV_STORE_SQLITE_PLAN_H

#include "query_match.h"
#include "store_sqlite.h"

enum { MAX_SETS = 128 << 20 };

enum answer { NO, MAYBE, YES };

/* Of one condition. A set that is NULL is empty, unless `opaque`: then the index cannot tell about any trace. */
struct condition_sets {
    const struct spwv_query_node *node;
    bool in_span;
    bool opaque;
    uint64_t *sure; /* bits of traces, or of their spans */
    uint64_t *unsure;
};

struct plan {
    struct sqlite_store *store;
    const struct spwv_query *query;
    int64_t first; /* trace: bit 0 */
    uint64_t range;
    struct condition_sets conditions[SPWV_QUERY_MAX_TERMS];
    unsigned count;
    size_t used; /* bytes of the sets */
    int64_t deadline_ms;
    bool stopped;
    const char *mistake; /* NULL: SQLite's */
    uint64_t verified;
    struct {
        int64_t id;
        struct spwv_buf raw;
    } origins[4]; /* read last, for the spans of the traces that come next */
};

/* A row of the walk. */
struct walked {
    int64_t id;
    int64_t start;
    int64_t end;
    int64_t spans;
    int64_t errors;
    int64_t tokens;
    int64_t longest;
    int64_t shortest;
};

bool spwv_plan_init(struct plan *plan, struct sqlite_store *store, const struct spwv_trace_filter *filter);
void spwv_plan_fini(struct plan *plan);

/* Binds the start times the filter lets through, and the position when it is one of start times. */
sqlite3_stmt *spwv_plan_walk(struct plan *plan, const struct spwv_trace_filter *filter);

/* store_sqlite_sets.c: what the index knows of one condition. */
bool spwv_plan_fill(struct plan *plan, struct condition_sets *sets);

/* Steps the walk's statement; false at its end or the deadline. */
bool spwv_plan_next(struct plan *plan, sqlite3_stmt *walk, struct walked *row);

/* Whether the trace satisfies the query; reads its spans when it must. */
bool spwv_plan_accepts(struct plan *plan, const struct walked *row, bool *accepted);

bool spwv_plan_is_late(struct plan *plan);

/* What to say after a failure. */
bool spwv_plan_fail(const struct plan *plan, const struct spwv_trace_filter *filter, struct spwv_list_result *result, struct spwv_error *error);

#endif
