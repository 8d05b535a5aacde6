/* Queries over the store: the walk, and a yes, no or maybe for each trace. Contract: store_sqlite_plan.h. */
#include "store_sqlite_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_RANGE = 1 << 28, OPERATIONS_BETWEEN_LOOKS = 10000, MAX_ORIGIN = 64 << 20 };

/* ---- time ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool spwv_plan_is_late(struct plan *plan)
{
    plan->stopped = plan->stopped || now_ms() >= plan->deadline_ms;
    return plan->stopped;
}

static int look_at_clock(void *arg)
{
    return spwv_plan_is_late(arg);
}

bool spwv_plan_fail(const struct plan *plan, const struct spwv_trace_filter *filter, struct spwv_list_result *result, struct spwv_error *error)
{
    unsigned ms = filter->max_ms ? filter->max_ms : SPWV_MAX_QUERY_MS;
    result->stopped = plan->stopped;
    if (plan->stopped)
        snprintf(error->text, sizeof error->text,
                 "the query was stopped after %u ms; narrow it: a service, a start time, or = instead of ~ (%llu traces had to be read span by span)", ms,
                 (unsigned long long)plan->verified);
    else if (plan->mistake)
        snprintf(error->text, sizeof error->text, "%s", plan->mistake);
    else
        return spwv_sqlite_fail(plan->store, error);
    return false;
}

/* ---- life ---- */

static bool read_range(struct plan *plan)
{
    sqlite3_stmt *range = spwv_sqlite_get(plan->store, ID_RANGE);
    if (sqlite3_step(range) == SQLITE_ROW && sqlite3_column_type(range, 0) != SQLITE_NULL) {
        plan->first = sqlite3_column_int64(range, 0);
        plan->range = (uint64_t)sqlite3_column_int64(range, 1) - (uint64_t)plan->first + 1;
    }
    if (plan->range > MAX_RANGE)
        plan->mistake = "the store's traces lie too far apart for a query; export what is to be kept and delete the rest";
    return sqlite3_reset(range) == SQLITE_OK && !plan->mistake;
}

/* Failed spans are counted in the walk's row already. */
static bool is_error(const struct condition_sets *sets)
{
    return sets->node->field == SPWV_FIELD_STATUS && sets->node->compare == SPWV_EQ && sets->node->number.integer == SPWV_STATUS_ERROR &&
           !sets->in_span;
}

static bool fill(struct plan *plan)
{
    bool in_span = false;
    for (size_t i = 0; i < plan->query->count; i++) {
        const struct spwv_query_node *node = &plan->query->nodes[i];
        in_span = node->op == SPWV_QUERY_SPAN_BEGIN || (in_span && node->op != SPWV_QUERY_SPAN_END);
        if (node->op != SPWV_QUERY_CONDITION)
            continue;
        struct condition_sets *sets = &plan->conditions[plan->count++];
        *sets = (struct condition_sets){.node = node, .in_span = in_span};
        if (!is_error(sets) && !spwv_plan_fill(plan, sets))
            return false;
    }
    return true;
}

bool spwv_plan_init(struct plan *plan, struct sqlite_store *store, const struct spwv_trace_filter *filter)
{
    *plan = (struct plan){.store = store, .query = filter->query};
    plan->deadline_ms = now_ms() + (filter->max_ms ? filter->max_ms : SPWV_MAX_QUERY_MS);
    sqlite3_progress_handler(store->db, OPERATIONS_BETWEEN_LOOKS, look_at_clock, plan);
    for (size_t i = 0; i < sizeof plan->origins / sizeof *plan->origins; i++)
        spwv_buf_init(&plan->origins[i].raw, MAX_ORIGIN, NULL);
    return !plan->query || !plan->query->count || (read_range(plan) && fill(plan));
}

void spwv_plan_fini(struct plan *plan)
{
    sqlite3_progress_handler(plan->store->db, 0, NULL, NULL);
    for (unsigned i = 0; i < plan->count; i++) {
        free(plan->conditions[i].sure);
        free(plan->conditions[i].unsure);
    }
    for (size_t i = 0; i < sizeof plan->origins / sizeof *plan->origins; i++)
        spwv_buf_fini(&plan->origins[i].raw);
}

/* ---- the walk ---- */

sqlite3_stmt *spwv_plan_walk(struct plan *plan, const struct spwv_trace_filter *filter)
{
    bool up = filter->sort == SPWV_SORT_START && filter->ascending;
    bool behind = filter->before && filter->sort == SPWV_SORT_START;
    int64_t from = filter->from_ns;
    int64_t to = filter->to_ns ? filter->to_ns - 1 : INT64_MAX;
    if (behind && up)
        from = filter->before_key > from ? filter->before_key : from;
    if (behind && !up)
        to = filter->before_key < to ? filter->before_key : to;
    sqlite3_stmt *walk = spwv_sqlite_get(plan->store, up ? SCAN_UP : SCAN_DOWN);
    sqlite3_bind_int64(walk, 1, from);
    sqlite3_bind_int64(walk, 2, to);
    return walk;
}

bool spwv_plan_next(struct plan *plan, sqlite3_stmt *walk, struct walked *row)
{
    if (plan->stopped || sqlite3_step(walk) != SQLITE_ROW)
        return false;
    *row = (struct walked){.id = sqlite3_column_int64(walk, 0),
                           .start = sqlite3_column_int64(walk, 1),
                           .end = sqlite3_column_int64(walk, 2),
                           .spans = sqlite3_column_int64(walk, 3),
                           .errors = sqlite3_column_int64(walk, 4),
                           .tokens = sqlite3_column_int64(walk, 5),
                           .longest = sqlite3_column_int64(walk, 6),
                           .shortest = sqlite3_column_int64(walk, 7)};
    return true;
}

/* ---- answers ---- */

/* Of a trace, and inside { } of each of its spans: `sure` are those that satisfy it, `possible` these and those that may. */
struct truth {
    enum answer answer;
    uint64_t sure;
    uint64_t possible;
};

static struct spwv_match_trace facts_of(const struct walked *row)
{
    return (struct spwv_match_trace){.start = row->start,
                                     .duration = row->end > row->start ? row->end - row->start : 0,
                                     .spans = row->spans,
                                     .errors = row->errors,
                                     .tokens = row->tokens};
}

/* Whether some span has such a duration, known from the longest and the shortest. */
static enum answer judge_durations(const struct spwv_query_node *node, const struct walked *row)
{
    if (spwv_query_compare_int(node, row->longest) || spwv_query_compare_int(node, row->shortest))
        return YES;
    return node->compare == SPWV_EQ && node->number.integer > row->shortest && node->number.integer < row->longest ? MAYBE : NO;
}

static enum answer answer_of(const struct condition_sets *sets, uint64_t at, const struct walked *row)
{
    uint64_t bit = (uint64_t)1 << at % 64;
    struct spwv_match_trace facts = facts_of(row);
    bool holds;
    if (sets->node->field == SPWV_FIELD_TRACE) {
        holds = sets->sure && (sets->sure[at / 64] & bit);
        return sets->opaque ? MAYBE : holds == (sets->node->compare == SPWV_EQ) ? YES : NO;
    }
    if (spwv_query_trace_condition(NULL, sets->node, &facts, &holds))
        return holds ? YES : NO;
    if (sets->node->field == SPWV_FIELD_SPAN_DURATION)
        return judge_durations(sets->node, row);
    if (is_error(sets))
        return row->errors > 0 ? YES : NO;
    if (sets->sure && (sets->sure[at / 64] & bit))
        return YES;
    return sets->opaque || (sets->unsure && (sets->unsure[at / 64] & bit)) ? MAYBE : NO;
}

static struct truth spans_of(const struct condition_sets *sets, uint64_t at, const struct walked *row, uint64_t all)
{
    struct truth truth = {.sure = sets->sure && !sets->opaque ? sets->sure[at] & all : 0};
    truth.possible = sets->opaque ? all : (truth.sure | (sets->unsure ? sets->unsure[at] : 0)) & all;
    if (row->spans > 64)
        truth.sure = 0; /* a bit stands for several spans: one of them */
    return truth;
}

static void join(struct truth *stack, size_t *count, uint8_t op, uint64_t all)
{
    struct truth *left = &stack[*count - 1];
    if (op == SPWV_QUERY_NOT) {
        *left = (struct truth){(enum answer)(YES - left->answer), all & ~left->possible, all & ~left->sure};
        return;
    }
    const struct truth right = *left--;
    --*count;
    if (op == SPWV_QUERY_AND) {
        left->answer = right.answer < left->answer ? right.answer : left->answer;
        left->sure &= right.sure;
        left->possible &= right.possible;
    } else {
        left->answer = right.answer > left->answer ? right.answer : left->answer;
        left->sure |= right.sure;
        left->possible |= right.possible;
    }
}

static enum answer judge(const struct plan *plan, const struct walked *row)
{
    struct truth stack[SPWV_QUERY_MAX_TERMS + 1];
    size_t count = 0;
    unsigned condition = 0;
    uint64_t at = (uint64_t)row->id - (uint64_t)plan->first;
    uint64_t all = row->spans >= 0 && row->spans < 64 ? ((uint64_t)1 << row->spans) - 1 : UINT64_MAX;
    for (size_t i = 0; i < plan->query->count; i++) {
        const struct spwv_query_node *node = &plan->query->nodes[i];
        const struct condition_sets *sets = &plan->conditions[condition];
        switch (node->op) {
        case SPWV_QUERY_CONDITION:
            condition++;
            stack[count++] = sets->in_span ? spans_of(sets, at, row, all) : (struct truth){.answer = answer_of(sets, at, row)};
            break;
        case SPWV_QUERY_SPAN_BEGIN: break;
        case SPWV_QUERY_SPAN_END:
            stack[count - 1].answer = stack[count - 1].sure ? YES : stack[count - 1].possible ? MAYBE : NO;
            break;
        default: join(stack, &count, node->op, all);
        }
    }
    return stack[0].answer;
}

/* ---- maybe ---- */

static struct spwv_slice read_origin(struct plan *plan, int64_t id)
{
    size_t place = (size_t)id % (sizeof plan->origins / sizeof *plan->origins);
    struct spwv_buf *raw = &plan->origins[place].raw;
    if (plan->origins[place].id != id) {
        sqlite3_stmt *origin = spwv_sqlite_get(plan->store, ORIGIN_RAW);
        sqlite3_bind_int64(origin, 1, id);
        raw->size = 0;
        if (sqlite3_step(origin) == SQLITE_ROW) {
            struct spwv_slice bytes = spwv_sqlite_column(origin, 0);
            spwv_buf_add(raw, bytes.data, bytes.size);
        }
        sqlite3_reset(origin);
        plan->origins[place].id = id;
    }
    return (struct spwv_slice){(const uint8_t *)raw->data, raw->size};
}

/* The resource and the scope may share a place in the cache: the one read first would be gone. */
static void add_span(struct plan *plan, struct spwv_match *match, sqlite3_stmt *spans)
{
    struct spwv_span span;
    spwv_otlp_read_span(spwv_sqlite_column(spans, 0), &span);
    int64_t ids[2] = {sqlite3_column_int64(spans, 1), sqlite3_column_int64(spans, 2)};
    struct spwv_slice resource = read_origin(plan, ids[0]);
    struct spwv_slice scope = {NULL, 0};
    struct spwv_buf copy;
    spwv_buf_init(&copy, MAX_ORIGIN, NULL);
    if ((ids[0] - ids[1]) % 4 == 0) {
        spwv_buf_add(&copy, resource.data, resource.size);
        resource = (struct spwv_slice){(const uint8_t *)copy.data, copy.size};
    }
    scope = read_origin(plan, ids[1]);
    spwv_match_add(match, &(struct spwv_match_span){.span = &span, .service = spwv_otlp_service(resource), .resource = resource, .scope = scope});
    spwv_buf_fini(&copy);
}

static bool verify(struct plan *plan, const struct walked *row, bool *accepted)
{
    struct spwv_match match;
    struct spwv_match_trace facts = facts_of(row);
    uint8_t trace_id[SPWV_TRACE_ID_SIZE] = {0};
    sqlite3_stmt *spans = spwv_sqlite_get(plan->store, SPANS_AS_THEY_CAME);
    plan->verified++;
    facts.trace_id = trace_id;
    spwv_match_begin(&match, plan->query);
    sqlite3_bind_int64(spans, 1, row->id);
    while (!spwv_plan_is_late(plan) && sqlite3_step(spans) == SQLITE_ROW) {
        struct spwv_span span;
        spwv_otlp_read_span(spwv_sqlite_column(spans, 0), &span);
        if (span.trace_id.size == sizeof trace_id)
            memcpy(trace_id, span.trace_id.data, sizeof trace_id);
        add_span(plan, &match, spans);
    }
    if (sqlite3_reset(spans) != SQLITE_OK || plan->stopped)
        return false;
    *accepted = spwv_match_end(&match, &facts);
    return true;
}

bool spwv_plan_accepts(struct plan *plan, const struct walked *row, bool *accepted)
{
    enum answer answer = plan->query && plan->query->count ? judge(plan, row) : YES;
    *accepted = answer == YES;
    return answer != MAYBE || verify(plan, row, accepted);
}
