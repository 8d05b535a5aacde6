/* Keeping the store under its size: the traces that arrived first leave first, whole. */
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

static bool evict_oldest(struct sqlite_store *store, bool *empty)
{
    sqlite3_stmt *oldest = spwv_sqlite_get(store, OLDEST_TRACE);
    *empty = sqlite3_step(oldest) != SQLITE_ROW;
    int64_t trace = *empty ? 0 : sqlite3_column_int64(oldest, 0);
    uint64_t spans = *empty ? 0 : (uint64_t)sqlite3_column_int64(oldest, 1);
    if (sqlite3_reset(oldest) != SQLITE_OK)
        return false;
    if (*empty)
        return true;
    if (!delete_trace(store, trace, spans))
        return false;
    store->info.evicted_traces++;
    return spwv_index_drop(store, trace);
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
    return spwv_sqlite_run(store, DELETE_ORIGINS);
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

bool spwv_sqlite_clear(struct spwv_store *base, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    bool ok = sqlite3_exec(store->db,
                           "BEGIN IMMEDIATE; DELETE FROM spans; DELETE FROM origins; DELETE FROM trace_services; DELETE FROM attributes;"
                           " DELETE FROM attribute_keys; DELETE FROM blocks;"
                           " DELETE FROM traces; COMMIT",
                           NULL, NULL, NULL) == SQLITE_OK;
    if (ok) {
        store->info.traces = store->info.spans = 0;
        store->info.revision++;
        spwv_index_forget(store);
    } else {
        spwv_sqlite_fail(store, error);
        spwv_sqlite_run(store, ROLLBACK_WRITE);
    }
    pthread_mutex_unlock(&store->lock);
    return ok;
}
