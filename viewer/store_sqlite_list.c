/* Pages of the list, in any order, and the histogram of when traces start. Contract: store.h; how: store_sqlite_plan.h. */
#include <stdlib.h>
#include <string.h>

#include "store_sqlite_plan.h"

/* ---- the page: the first traces of the order, sorted when the walk is not in it ---- */

struct place {
    int64_t key;
    int64_t id;
};

struct page {
    const struct spwv_trace_filter *filter;
    struct place places[SPWV_MAX_PAGE + 1]; /* one more tells whether there is more */
    size_t count;
    size_t wanted;
};

static int64_t key_of(enum spwv_sort sort, const struct walked *row)
{
    switch (sort) {
    case SPWV_SORT_DURATION: return row->end > row->start ? row->end - row->start : 0;
    case SPWV_SORT_SPANS: return row->spans;
    case SPWV_SORT_ERRORS: return row->errors;
    case SPWV_SORT_TOKENS: return row->tokens;
    default: return row->start;
    }
}

/* Whether a comes before b in the filter's order. */
static bool comes_first(const struct spwv_trace_filter *filter, struct place a, struct place b)
{
    bool less = a.key != b.key ? a.key < b.key : a.id < b.id;
    bool same = a.key == b.key && a.id == b.id;
    return !same && less == filter->ascending;
}

static bool is_wanted(const struct page *page, struct place place)
{
    const struct spwv_trace_filter *filter = page->filter;
    if (filter->before && !comes_first(filter, (struct place){filter->before_key, filter->before_id}, place))
        return false;
    return page->count < page->wanted || comes_first(filter, place, page->places[0]);
}

/* A heap with the last of the order on top: what comes before it takes its place. */
static void sift_down(struct page *page)
{
    size_t at = 0;
    for (;;) {
        size_t next = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < page->count; child++)
            if (comes_first(page->filter, page->places[next], page->places[child]))
                next = child;
        if (next == at)
            return;
        struct place swap = page->places[at];
        page->places[at] = page->places[next];
        page->places[next] = swap;
        at = next;
    }
}

static void sift_up(struct page *page)
{
    for (size_t at = page->count - 1; at;) {
        size_t parent = (at - 1) / 2;
        if (!comes_first(page->filter, page->places[parent], page->places[at]))
            return;
        struct place swap = page->places[at];
        page->places[at] = page->places[parent];
        page->places[parent] = swap;
        at = parent;
    }
}

static void put(struct page *page, struct place place)
{
    if (page->count < page->wanted) {
        page->places[page->count++] = place;
        sift_up(page);
    } else {
        page->places[0] = place;
        sift_down(page);
    }
}

static void sort(struct page *page)
{
    size_t count = page->count;
    while (page->count > 1) {
        struct place last = page->places[0];
        page->places[0] = page->places[--page->count];
        sift_down(page);
        page->places[page->count] = last;
    }
    page->count = count;
}

static bool collect(struct plan *plan, struct page *page)
{
    bool in_order = page->filter->sort == SPWV_SORT_START;
    sqlite3_stmt *walk = spwv_plan_walk(plan, page->filter);
    struct walked row;
    bool ok = true;
    while (ok && !(in_order && page->count == page->wanted) && spwv_plan_next(plan, walk, &row)) {
        struct place place = {key_of(page->filter->sort, &row), row.id};
        bool accepted = false;
        ok = !is_wanted(page, place) || spwv_plan_accepts(plan, &row, &accepted);
        if (ok && accepted)
            put(page, place);
    }
    sort(page);
    return sqlite3_reset(walk) == SQLITE_OK && ok && !plan->stopped;
}

/* ---- giving ---- */

static void give_services(struct sqlite_store *store, int64_t trace, const struct spwv_list_sink *sink)
{
    sqlite3_stmt *services = spwv_sqlite_get(store, TRACE_SERVICES);
    sqlite3_bind_int64(services, 1, trace);
    while (sqlite3_step(services) == SQLITE_ROW)
        sink->service(sink->arg, spwv_sqlite_column(services, 0));
    sqlite3_reset(services);
}

static void give_row(struct sqlite_store *store, struct place place, sqlite3_stmt *row, const struct spwv_list_sink *sink)
{
    struct spwv_trace_summary trace = {.position_key = place.key, .position_id = place.id};
    struct spwv_slice id = spwv_sqlite_column(row, 0);
    if (id.size != sizeof trace.trace_id)
        return; /* not ours: a file someone edited */
    memcpy(trace.trace_id, id.data, sizeof trace.trace_id);
    trace.complete = sqlite3_column_int(row, 7) != 0;
    if (trace.complete)
        trace.root_name = spwv_sqlite_column(row, 1);
    trace.root_service = spwv_sqlite_column(row, 2);
    int64_t start = sqlite3_column_int64(row, 3);
    int64_t end = sqlite3_column_int64(row, 4);
    trace.start_unix_ns = (uint64_t)start;
    trace.duration_ns = end > start ? (uint64_t)(end - start) : 0;
    trace.span_count = (uint64_t)sqlite3_column_int64(row, 5);
    trace.error_count = (uint64_t)sqlite3_column_int64(row, 6);
    trace.input_tokens = (uint64_t)sqlite3_column_int64(row, 8);
    trace.output_tokens = (uint64_t)sqlite3_column_int64(row, 9);
    sink->trace(sink->arg, &trace);
    give_services(store, place.id, sink);
}

static bool give(struct sqlite_store *store, const struct page *page, const struct spwv_list_sink *sink)
{
    sqlite3_stmt *summary = spwv_sqlite_get(store, TRACE_SUMMARY);
    for (size_t i = 0; i < page->count && i < page->filter->limit; i++) {
        sqlite3_bind_int64(summary, 1, page->places[i].id);
        if (sqlite3_step(summary) == SQLITE_ROW)
            give_row(store, page->places[i], summary, sink);
        if (sqlite3_reset(summary) != SQLITE_OK)
            return false;
    }
    return true;
}

bool spwv_sqlite_list(struct spwv_store *base, const struct spwv_trace_filter *filter, const struct spwv_list_sink *sink,
                      struct spwv_list_result *result, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct plan plan;
    struct page page;
    *result = (struct spwv_list_result){false, false, 0};
    page.filter = filter;
    page.count = 0;
    page.wanted = (filter->limit < SPWV_MAX_PAGE ? filter->limit : SPWV_MAX_PAGE) + 1;
    pthread_mutex_lock(&store->lock);
    bool ok = spwv_plan_init(&plan, store, filter) && collect(&plan, &page);
    if (!ok)
        spwv_plan_fail(&plan, filter, result, error);
    result->verified = plan.verified;
    spwv_plan_fini(&plan);
    result->more = page.count == page.wanted;
    ok = ok && (give(store, &page, sink) || spwv_sqlite_fail(store, error));
    pthread_mutex_unlock(&store->lock);
    return ok;
}

/* ---- the histogram ---- */

struct found {
    uint64_t *traces; /* a bit each; NULL: nothing needs to be kept */
    int64_t first;
    int64_t last;
    bool any;
};

static void count_trace(struct spwv_histogram *histogram, const struct walked *row)
{
    uint64_t at = ((uint64_t)row->start - (uint64_t)histogram->from_ns) / (uint64_t)histogram->bucket_ns;
    if (row->start < histogram->from_ns || at >= histogram->count)
        return;
    histogram->buckets[at].traces++;
    histogram->buckets[at].errors += row->errors > 0;
}

static void set_range(struct spwv_histogram *histogram, int64_t from, int64_t to)
{
    uint64_t size = to > from ? (uint64_t)to - (uint64_t)from : 1;
    histogram->from_ns = from;
    histogram->to_ns = to > from ? to : from;
    histogram->bucket_ns = (int64_t)((size - 1) / histogram->count + 1);
}

/* Which traces match and when they start; with `histogram` they are counted at once. */
static bool find_all(struct plan *plan, const struct spwv_trace_filter *filter, struct found *found, struct spwv_histogram *histogram)
{
    sqlite3_stmt *walk = spwv_plan_walk(plan, filter);
    struct walked row;
    bool ok = true;
    while (ok && spwv_plan_next(plan, walk, &row)) {
        bool accepted;
        ok = spwv_plan_accepts(plan, &row, &accepted);
        if (!ok || !accepted)
            continue;
        found->first = !found->any || row.start < found->first ? row.start : found->first;
        found->last = !found->any || row.start > found->last ? row.start : found->last;
        found->any = true;
        uint64_t at = (uint64_t)row.id - (uint64_t)plan->first;
        if (histogram)
            count_trace(histogram, &row);
        else if (found->traces)
            found->traces[at / 64] |= (uint64_t)1 << at % 64;
    }
    return sqlite3_reset(walk) == SQLITE_OK && ok && !plan->stopped;
}

static bool count_found(struct plan *plan, const struct spwv_trace_filter *filter, const struct found *found, struct spwv_histogram *histogram)
{
    sqlite3_stmt *walk = spwv_plan_walk(plan, filter);
    struct walked row;
    while (spwv_plan_next(plan, walk, &row)) {
        uint64_t at = (uint64_t)row.id - (uint64_t)plan->first;
        if (!found->traces || (found->traces[at / 64] >> at % 64 & 1))
            count_trace(histogram, &row);
    }
    return sqlite3_reset(walk) == SQLITE_OK && !plan->stopped;
}

/* Of all traces the index knows both ends. */
static bool find_ends(struct plan *plan, const struct spwv_trace_filter *filter, struct found *found)
{
    struct spwv_trace_filter end = *filter;
    struct walked row;
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        end.ascending = i == 1;
        sqlite3_stmt *walk = spwv_plan_walk(plan, &end);
        found->any = spwv_plan_next(plan, walk, &row);
        if (found->any)
            *(i ? &found->first : &found->last) = row.start;
        ok = sqlite3_reset(walk) == SQLITE_OK && !plan->stopped;
    }
    return ok;
}

static bool fill_histogram(struct plan *plan, const struct spwv_trace_filter *filter, struct spwv_histogram *histogram)
{
    struct found found = {0};
    bool has_query = filter->query && filter->query->count;
    if (filter->from_ns && filter->to_ns) {
        set_range(histogram, filter->from_ns, filter->to_ns);
        return find_all(plan, filter, &found, histogram);
    }
    if (has_query && !(found.traces = calloc((size_t)(plan->range / 64 + 1), sizeof(uint64_t)))) {
        plan->mistake = "no memory for this query: retry";
        return false;
    }
    bool ok = has_query ? find_all(plan, filter, &found, NULL) : find_ends(plan, filter, &found);
    if (ok && found.any) {
        set_range(histogram, filter->from_ns ? filter->from_ns : found.first, filter->to_ns ? filter->to_ns : found.last + (found.last < INT64_MAX));
        ok = count_found(plan, filter, &found, histogram);
    }
    free(found.traces);
    return ok;
}

bool spwv_sqlite_histogram(struct spwv_store *base, const struct spwv_trace_filter *filter, struct spwv_histogram *histogram,
                           struct spwv_list_result *result, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct spwv_trace_filter all = *filter;
    struct plan plan;
    *result = (struct spwv_list_result){false, false, 0};
    all.sort = SPWV_SORT_START;
    all.before = all.ascending = false;
    histogram->from_ns = histogram->to_ns = 0;
    histogram->bucket_ns = 1;
    memset(histogram->buckets, 0, sizeof histogram->buckets);
    pthread_mutex_lock(&store->lock);
    bool ok = spwv_plan_init(&plan, store, &all) && fill_histogram(&plan, &all, histogram);
    if (!ok)
        spwv_plan_fail(&plan, filter, result, error);
    result->verified = plan.verified;
    spwv_plan_fini(&plan);
    pthread_mutex_unlock(&store->lock);
    return ok;
}
