/*
 * Writing: one transaction a request. Spans mostly come grouped by trace and by origin, so the current trace's summary and the current
 * origin's count are kept here and written when the next one begins.
 */
#include "store_sqlite.h"

#include <string.h>
#include <time.h>

enum { LOOK_EVERY = 4096 };

int64_t spwv_sqlite_time(uint64_t ns)
{
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

int64_t spwv_sqlite_now_ns(struct sqlite_store *store)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    store->last_now_ns = now > store->last_now_ns ? now : store->last_now_ns + 1;
    return store->last_now_ns;
}

static uint64_t hash_on(uint64_t hash, struct spwv_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
    return hash;
}

/* FNV-1a: only finds candidates, the bytes decide. Of an origin without a schema URL it is what version 1 of the file had. */
int64_t spwv_sqlite_hash(struct spwv_slice a, struct spwv_slice b)
{
    return (int64_t)hash_on(hash_on(0xcbf29ce484222325u, a), b);
}

static void bind_origin(sqlite3_stmt *statement, int kind, const struct spwv_origin *origin)
{
    sqlite3_bind_int64(statement, 1, spwv_sqlite_hash(origin->raw, origin->schema_url));
    sqlite3_bind_int(statement, 2, kind);
    spwv_sqlite_blob(statement, 3, origin->raw);
    spwv_sqlite_blob(statement, 4, origin->schema_url);
}

int64_t spwv_sqlite_span_key(struct spwv_slice id)
{
    int64_t key;
    memcpy(&key, id.data, sizeof key);
    return key;
}

/* Texts of the list and of the filters are cut, on a character's boundary: a page of the list must stay small. The span keeps all. */
struct spwv_slice spwv_sqlite_shorten(struct spwv_slice text)
{
    if (text.size <= SPWV_MAX_SUMMARY_TEXT)
        return text;
    size_t size = SPWV_MAX_SUMMARY_TEXT;
    while (size > SPWV_MAX_SUMMARY_TEXT - 4 && (text.data[size] & 0xC0) == 0x80)
        size--;
    return (struct spwv_slice){text.data, size};
}

/* ---- origins ---- */

static bool find_origin(struct sqlite_store *store, int kind, const struct spwv_origin *origin, int64_t *id)
{
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_ORIGIN);
    bind_origin(find, kind, origin);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    if (found)
        *id = sqlite3_column_int64(find, 0);
    if (sqlite3_reset(find) != SQLITE_OK)
        return false;
    if (found)
        return true;
    bind_origin(spwv_sqlite_get(store, INSERT_ORIGIN), kind, origin);
    bool ok = spwv_sqlite_run(store, INSERT_ORIGIN);
    *id = sqlite3_last_insert_rowid(store->db);
    return ok;
}

static bool use_origin(struct sqlite_store *store, int64_t id, uint64_t uses)
{
    sqlite3_stmt *use = spwv_sqlite_get(store, USE_ORIGIN);
    sqlite3_bind_int64(use, 1, id);
    sqlite3_bind_int64(use, 2, (int64_t)uses);
    return spwv_sqlite_run(store, USE_ORIGIN);
}

static bool flush_origin(struct sqlite_store *store)
{
    struct origin_use *origin = &store->origin;
    uint64_t uses = origin->uses;
    origin->uses = 0;
    return uses == 0 || (use_origin(store, origin->resource, uses) && use_origin(store, origin->scope, uses));
}

bool spwv_sqlite_enter_origin(struct sqlite_store *store, const struct spwv_cursor *from)
{
    struct origin_use *origin = &store->origin;
    if (origin->group == from->group)
        return true;
    if (!flush_origin(store) || !find_origin(store, 0, &from->resource, &origin->resource) ||
        !find_origin(store, 1, &from->scope, &origin->scope))
        return false;
    origin->group = from->group;
    origin->last_service_trace = 0;
    return true;
}

bool spwv_sqlite_make_room(struct sqlite_store *store)
{
    if (store->until_look--)
        return true;
    store->until_look = LOOK_EVERY;
    if (!flush_origin(store) || !spwv_sqlite_evict(store))
        return false;
    store->origin = (struct origin_use){0}; /* what was looked up may be gone */
    store->service = (struct service_use){0};
    store->instrument = (struct instrument_use){0};
    return true;
}

bool spwv_sqlite_find_service(struct sqlite_store *store, const struct spwv_cursor *from, int64_t *id)
{
    struct service_use *service = &store->service;
    *id = service->id;
    if (service->group == from->group)
        return true;
    struct spwv_slice name = spwv_sqlite_shorten(from->service);
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_SERVICE);
    spwv_sqlite_text(find, 1, name);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    *id = found ? sqlite3_column_int64(find, 0) : 0;
    if (sqlite3_reset(find) != SQLITE_OK)
        return false;
    if (!found) {
        spwv_sqlite_text(spwv_sqlite_get(store, INSERT_SERVICE_NAME), 1, name);
        if (!spwv_sqlite_run(store, INSERT_SERVICE_NAME))
            return false;
        *id = sqlite3_last_insert_rowid(store->db);
    }
    *service = (struct service_use){from->group, *id};
    return true;
}

/* ---- the trace's summary ---- */

static bool flush_trace(struct sqlite_store *store, const struct spwv_span *root, struct spwv_slice root_service)
{
    struct trace_row *row = &store->trace;
    sqlite3_stmt *update = spwv_sqlite_get(store, UPDATE_TRACE);
    sqlite3_bind_int64(update, 1, row->id);
    sqlite3_bind_int64(update, 2, row->start);
    sqlite3_bind_int64(update, 3, row->end);
    sqlite3_bind_int64(update, 4, (int64_t)row->spans);
    sqlite3_bind_int64(update, 5, (int64_t)row->errors);
    sqlite3_bind_int64(update, 6, (int64_t)store->info.revision);
    sqlite3_bind_int(update, 7, row->has_root);
    sqlite3_bind_int64(update, 8, row->root_start);
    sqlite3_bind_int64(update, 11, row->longest);
    sqlite3_bind_int64(update, 12, row->shortest);
    sqlite3_bind_int64(update, 13, row->tokens.input);
    sqlite3_bind_int64(update, 14, row->tokens.output);
    sqlite3_bind_null(update, 9);
    sqlite3_bind_null(update, 10);
    if (root) {
        spwv_sqlite_text(update, 9, spwv_sqlite_shorten(root->name));
        spwv_sqlite_text(update, 10, root_service);
    }
    return spwv_sqlite_run(store, UPDATE_TRACE);
}

static bool leave_trace(struct sqlite_store *store)
{
    bool open = store->trace.open;
    store->trace.open = false;
    return !open || flush_trace(store, NULL, (struct spwv_slice){NULL, 0});
}

static bool insert_trace(struct sqlite_store *store, const struct spwv_span *span, struct spwv_slice service)
{
    struct trace_row *row = &store->trace;
    row->start = spwv_sqlite_time(span->start_unix_ns);
    row->end = spwv_sqlite_time(span->end_unix_ns);
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_TRACE);
    spwv_sqlite_blob(insert, 1, span->trace_id);
    sqlite3_bind_int64(insert, 2, row->start);
    sqlite3_bind_int64(insert, 3, row->end);
    sqlite3_bind_int64(insert, 4, (int64_t)store->info.revision);
    spwv_sqlite_text(insert, 5, service); /* until the root comes, the first span's */
    if (!spwv_sqlite_run(store, INSERT_TRACE))
        return false;
    row->id = sqlite3_last_insert_rowid(store->db);
    store->info.traces++;
    return true;
}

static bool enter_trace(struct sqlite_store *store, const struct spwv_span *span, struct spwv_slice service)
{
    struct trace_row *row = &store->trace;
    if (row->open && memcmp(row->trace_id, span->trace_id.data, SPWV_TRACE_ID_SIZE) == 0)
        return true;
    if (!leave_trace(store))
        return false;
    *row = (struct trace_row){0};
    memcpy(row->trace_id, span->trace_id.data, SPWV_TRACE_ID_SIZE);
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_TRACE);
    spwv_sqlite_blob(find, 1, span->trace_id);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    if (found) {
        row->id = sqlite3_column_int64(find, 0);
        row->start = sqlite3_column_int64(find, 1);
        row->end = sqlite3_column_int64(find, 2);
        row->spans = (uint64_t)sqlite3_column_int64(find, 3);
        row->errors = (uint64_t)sqlite3_column_int64(find, 4);
        row->has_root = sqlite3_column_int(find, 5) != 0;
        row->root_start = sqlite3_column_int64(find, 6);
        row->longest = sqlite3_column_int64(find, 7);
        row->shortest = sqlite3_column_int64(find, 8);
        row->tokens = (struct spwv_tokens){sqlite3_column_int64(find, 9), sqlite3_column_int64(find, 10)};
    }
    if (sqlite3_reset(find) != SQLITE_OK || (!found && !insert_trace(store, span, service)))
        return false;
    row->open = true;
    return true;
}

void spwv_sqlite_add_up(int64_t *sum, int64_t more)
{
    *sum = *sum > INT64_MAX / 2 - more ? INT64_MAX / 2 : *sum + more;
}

static bool sum_up(struct sqlite_store *store, const struct spwv_span *span, struct spwv_slice service)
{
    struct trace_row *row = &store->trace;
    int64_t start = spwv_sqlite_time(span->start_unix_ns);
    int64_t end = spwv_sqlite_time(span->end_unix_ns);
    int64_t duration = end > start ? end - start : 0;
    struct spwv_tokens tokens = spwv_tokens_of(span);
    row->longest = !row->spans || duration > row->longest ? duration : row->longest;
    row->shortest = !row->spans || duration < row->shortest ? duration : row->shortest;
    spwv_sqlite_add_up(&row->tokens.input, tokens.input);
    spwv_sqlite_add_up(&row->tokens.output, tokens.output);
    row->spans++;
    row->errors += span->status_code == SPWV_STATUS_ERROR;
    row->start = start < row->start ? start : row->start;
    row->end = end > row->end ? end : row->end;
    if (spwv_otlp_has_parent(span) || (row->has_root && row->root_start <= start))
        return true;
    row->has_root = true;
    row->root_start = start;
    return flush_trace(store, span, service);
}

/* ---- the transaction ---- */

static bool insert_span(struct sqlite_store *store, const struct spwv_span *span)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_SPAN);
    sqlite3_bind_int64(insert, 1, store->trace.id);
    sqlite3_bind_int64(insert, 2, spwv_sqlite_span_key(span->span_id));
    sqlite3_bind_int64(insert, 3, spwv_sqlite_time(span->start_unix_ns));
    sqlite3_bind_int64(insert, 4, store->origin.resource);
    sqlite3_bind_int64(insert, 5, store->origin.scope);
    spwv_sqlite_blob(insert, 6, span->raw);
    return spwv_sqlite_run(store, INSERT_SPAN);
}

static bool note_text(struct sqlite_store *store, enum statement which, struct spwv_slice text)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, which);
    sqlite3_bind_int64(insert, 1, store->trace.id);
    spwv_sqlite_text(insert, 2, text);
    return spwv_sqlite_run(store, which);
}

static bool note_service(struct sqlite_store *store, struct spwv_slice service)
{
    if (store->origin.last_service_trace == store->trace.id)
        return true;
    store->origin.last_service_trace = store->trace.id;
    return note_text(store, INSERT_SERVICE, service);
}

bool spwv_sqlite_begin(struct spwv_store *base, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    store->before = store->info;
    store->trace = (struct trace_row){0};
    store->origin = (struct origin_use){0};
    store->service = (struct service_use){0};
    store->instrument = (struct instrument_use){0};
    store->until_look = LOOK_EVERY;
    store->added = 0;
    store->info.revision++;
    if (spwv_sqlite_run(store, BEGIN_WRITE))
        return true;
    spwv_sqlite_fail(store, error);
    store->info = store->before;
    pthread_mutex_unlock(&store->lock);
    return false;
}

bool spwv_sqlite_add(struct spwv_store *base, const struct spwv_span *span, const struct spwv_cursor *from, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct spwv_slice service = spwv_sqlite_shorten(from->service);
    if (!spwv_sqlite_enter_origin(store, from) || !enter_trace(store, span, service) || !insert_span(store, span))
        return spwv_sqlite_fail(store, error);
    if (sqlite3_changes(store->db) == 0) {
        store->info.duplicates++;
        return true;
    }
    store->info.spans++;
    store->added++;
    store->origin.uses++;
    if (!spwv_index_span(store, store->trace.id, store->trace.spans, span, from->service) || !note_service(store, service) ||
        !sum_up(store, span, service))
        return spwv_sqlite_fail(store, error);
    return true;
}

bool spwv_sqlite_commit(struct spwv_store *base, uint64_t *added, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    *added = store->added;
    if (!leave_trace(store) || !flush_origin(store) || !spwv_index_flush(store) || !spwv_sqlite_evict(store) || !spwv_sqlite_run(store, COMMIT_WRITE)) {
        spwv_sqlite_fail(store, error);
        spwv_sqlite_rollback(base);
        return false;
    }
    if (!*added)
        store->info.revision = store->before.revision; /* duplicates change nothing that is shown */
    pthread_mutex_unlock(&store->lock);
    return true;
}

void spwv_sqlite_rollback(struct spwv_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    spwv_sqlite_run(store, ROLLBACK_WRITE); /* fails when SQLite has done it already */
    store->info = store->before;
    spwv_index_forget(store);
    pthread_mutex_unlock(&store->lock);
}
