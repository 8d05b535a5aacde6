/* Deleting: what keeps the store under its size (traces whole, logs and points in batches), one trace, all of a signal. */
#include "store_sqlite.h"

static uint64_t read_number(struct sqlite_store *store, enum statement which)
{
    sqlite3_stmt *statement = spwv_sqlite_get(store, which);
    uint64_t number = sqlite3_step(statement) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return number;
}

/* Pages in use. A file keeps its free pages for the next spans, so it does not grow past the cap by much either. */
uint64_t spwv_sqlite_bytes(struct sqlite_store *store)
{
    return (read_number(store, PAGE_COUNT) - read_number(store, FREE_COUNT)) * store->page_size;
}

static bool run_for(struct sqlite_store *store, enum statement which, int64_t trace)
{
    sqlite3_bind_int64(spwv_sqlite_get(store, which), 1, trace);
    return spwv_sqlite_run(store, which);
}

static bool delete_trace(struct sqlite_store *store, int64_t trace, uint64_t spans)
{
    static const enum statement steps[] = {RELEASE_RESOURCES, RELEASE_SCOPES, DELETE_SPANS, DELETE_SERVICES, DELETE_TRACE};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (!run_for(store, steps[i], trace))
            return false;
    store->info.traces--;
    store->info.spans -= spans;
    return true;
}

/* ---- what came first leaves first, of whatever signal ---- */

enum { BATCH = 256 }; /* logs or points that leave at once */

struct oldest {
    bool there;
    int64_t id;
    int64_t arrived;
    uint64_t spans; /* of a trace */
};

static bool find_oldest(struct sqlite_store *store, enum statement which, struct oldest *oldest)
{
    sqlite3_stmt *statement = spwv_sqlite_get(store, which);
    *oldest = (struct oldest){.there = sqlite3_step(statement) == SQLITE_ROW};
    if (oldest->there) {
        oldest->id = sqlite3_column_int64(statement, 0);
        oldest->arrived = sqlite3_column_int64(statement, 1);
        oldest->spans = which == OLDEST_TRACE ? (uint64_t)sqlite3_column_int64(statement, 2) : 0;
    }
    return sqlite3_reset(statement) == SQLITE_OK;
}

static bool evict_trace(struct sqlite_store *store, const struct oldest *trace)
{
    if (!delete_trace(store, trace->id, trace->spans))
        return false;
    store->info.evicted_traces++;
    return spwv_index_drop(store, trace->id);
}

static bool evict_logs(struct sqlite_store *store, const struct oldest *log)
{
    int64_t last = log->id + BATCH - 1;
    if (!run_for(store, RELEASE_LOG_RESOURCES, last) || !run_for(store, RELEASE_LOG_SCOPES, last) || !run_for(store, DELETE_LOGS, last))
        return false;
    uint64_t count = (uint64_t)sqlite3_changes64(store->db);
    store->info.logs -= count;
    store->info.evicted_logs += count;
    return true;
}

static bool evict_points(struct sqlite_store *store, const struct oldest *point)
{
    int64_t last = point->id + BATCH - 1;
    if (!run_for(store, RELEASE_SERIES, last) || !run_for(store, DELETE_POINTS, last))
        return false;
    uint64_t count = (uint64_t)sqlite3_changes64(store->db);
    store->info.metric_points -= count;
    store->info.evicted_metric_points += count;
    return true;
}

/* Ids grow with arrival within a signal, `arrived` tells between them. */
static bool evict_oldest(struct sqlite_store *store, bool *empty)
{
    static const enum statement which[] = {OLDEST_TRACE, OLDEST_LOG, OLDEST_POINT};
    static bool (*const evict[])(struct sqlite_store *, const struct oldest *) = {evict_trace, evict_logs, evict_points};
    struct oldest oldest = {.there = false};
    size_t signal = 0;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        struct oldest candidate;
        if (!find_oldest(store, which[i], &candidate))
            return false;
        if (!candidate.there || (oldest.there && oldest.arrived <= candidate.arrived))
            continue;
        oldest = candidate;
        signal = i;
    }
    *empty = !oldest.there;
    return *empty || evict[signal](store, &oldest);
}

/* What nothing refers to any more. */
static bool sweep(struct sqlite_store *store)
{
    static const enum statement steps[] = {RELEASE_SERIES_RESOURCES, RELEASE_SERIES_SCOPES, DELETE_SERIES, DELETE_INSTRUMENTS,
                                           DELETE_SERVICE_NAMES,     DELETE_ORIGINS};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (!spwv_sqlite_run(store, steps[i]))
            return false;
    return true;
}

bool spwv_sqlite_evict(struct sqlite_store *store)
{
    uint64_t max = store->info.max_bytes;
    if (spwv_sqlite_bytes(store) <= max)
        return true;
    uint64_t target = max - max / 20; /* a little more, so that not every request evicts */
    bool empty = false;
    while (!empty && spwv_sqlite_bytes(store) > target)
        if (!evict_oldest(store, &empty))
            return false;
    return sweep(store);
}

static bool remove_found(struct sqlite_store *store, int64_t trace, uint64_t spans)
{
    if (spwv_sqlite_run(store, BEGIN_WRITE) && delete_trace(store, trace, spans) && spwv_index_remove(store, trace) &&
        spwv_sqlite_run(store, DELETE_ORIGINS) && spwv_sqlite_run(store, COMMIT_WRITE))
        return true;
    spwv_sqlite_run(store, ROLLBACK_WRITE);
    return false;
}

bool spwv_sqlite_remove(struct spwv_store *base, const uint8_t *trace_id, bool *found, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_TRACE);
    spwv_sqlite_blob(find, 1, (struct spwv_slice){trace_id, SPWV_TRACE_ID_SIZE});
    *found = sqlite3_step(find) == SQLITE_ROW;
    int64_t trace = *found ? sqlite3_column_int64(find, 0) : 0;
    uint64_t spans = *found ? (uint64_t)sqlite3_column_int64(find, 3) : 0;
    bool ok = sqlite3_reset(find) == SQLITE_OK;
    struct spwv_store_info before = store->info;
    if (ok && *found) {
        ok = remove_found(store, trace, spans);
        store->info.revision++;
    }
    if (!ok) {
        store->info = before;
        spwv_sqlite_fail(store, error);
    }
    pthread_mutex_unlock(&store->lock);
    return ok;
}

/* ---- everything of one signal ---- */

static bool execute(struct sqlite_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool clear_traces(struct sqlite_store *store)
{
    store->info.traces = store->info.spans = 0;
    static const char release[] = "UPDATE origins SET uses = uses - n FROM (SELECT resource AS origin, count(*) AS n FROM spans GROUP BY resource)"
                                  " WHERE id = origin;"
                                  "UPDATE origins SET uses = uses - n FROM (SELECT scope AS origin, count(*) AS n FROM spans GROUP BY scope)"
                                  " WHERE id = origin";
    bool alone = !store->info.logs && !store->info.metric_points; /* then no span has to be read */
    return execute(store, alone ? "UPDATE origins SET uses = 0" : release) &&
           execute(store, "DELETE FROM spans; DELETE FROM trace_services; DELETE FROM attributes; DELETE FROM attribute_keys; DELETE FROM blocks;"
                          " DELETE FROM traces");
}

static bool clear_logs(struct sqlite_store *store)
{
    store->info.logs = 0;
    return run_for(store, RELEASE_LOG_RESOURCES, INT64_MAX) && run_for(store, RELEASE_LOG_SCOPES, INT64_MAX) && execute(store, "DELETE FROM logs");
}

static bool clear_metrics(struct sqlite_store *store)
{
    store->info.metric_points = 0;
    return execute(store, "DELETE FROM points; UPDATE series SET points = 0");
}

static bool clear(struct spwv_store *base, bool (*forget)(struct sqlite_store *), struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    struct spwv_store_info before = store->info;
    bool ok = spwv_sqlite_run(store, BEGIN_WRITE) && forget(store) && sweep(store) && spwv_sqlite_run(store, COMMIT_WRITE);
    if (ok) {
        store->info.revision++;
    } else {
        store->info = before;
        spwv_sqlite_fail(store, error);
        spwv_sqlite_run(store, ROLLBACK_WRITE);
    }
    spwv_index_forget(store);
    pthread_mutex_unlock(&store->lock);
    return ok;
}

bool spwv_sqlite_clear(struct spwv_store *base, struct spwv_error *error)
{
    return clear(base, clear_traces, error);
}

bool spwv_sqlite_clear_logs(struct spwv_store *base, struct spwv_error *error)
{
    return clear(base, clear_logs, error);
}

bool spwv_sqlite_clear_metrics(struct spwv_store *base, struct spwv_error *error)
{
    return clear(base, clear_metrics, error);
}
