/*
 * What the file knows of spans from version 3 on and version 2 did not: the index of attributes, tokens, the longest and the shortest span. All
 * spans are read once, trace by trace, in the transaction of the migration: some 10 us a span. The memory is that of a batch and of the page
 * cache; the file's write-ahead log grows by the size of the index, about a fifth of the file, until the transaction is over.
 */
#include <stdlib.h>
#include <string.h>

#include "store_sqlite.h"

enum { BATCH = 1 << 20 }; /* bytes of spans whose entries wait: they point into it */

struct migration {
    struct sqlite_store *store;
    uint8_t *batch;
    size_t used;
    int64_t resource; /* whose service this is */
    uint8_t service[SPWV_MAX_SUMMARY_TEXT];
    size_t service_size;
};

static bool read_service(struct migration *migration, int64_t resource)
{
    if (resource == migration->resource)
        return true;
    sqlite3_stmt *origin = spwv_sqlite_get(migration->store, ORIGIN_RAW);
    sqlite3_bind_int64(origin, 1, resource);
    struct spwv_slice raw = {NULL, 0};
    if (sqlite3_step(origin) == SQLITE_ROW)
        raw = spwv_sqlite_column(origin, 0);
    struct spwv_slice service = spwv_otlp_service(raw);
    if (!spwv_index_flush(migration->store)) /* entries point at the service before */
        return false;
    migration->service_size = service.size < sizeof migration->service ? service.size : sizeof migration->service;
    memcpy(migration->service, service.data, migration->service_size);
    migration->resource = resource;
    return sqlite3_reset(origin) == SQLITE_OK;
}

static bool keep(struct migration *migration, struct spwv_slice *raw)
{
    if (migration->used + raw->size > BATCH) {
        if (!spwv_index_flush(migration->store))
            return false;
        migration->used = 0;
    }
    if (raw->size > BATCH)
        return true; /* stays SQLite's, which has it until the next step: flushed behind it */
    if (raw->size)
        memcpy(migration->batch + migration->used, raw->data, raw->size);
    raw->data = migration->batch + migration->used;
    migration->used += raw->size;
    return true;
}

static void sum_up(struct trace_row *row, const struct spwv_span *span)
{
    uint64_t end = span->end_unix_ns < INT64_MAX ? span->end_unix_ns : INT64_MAX;
    int64_t duration = end > span->start_unix_ns ? (int64_t)(end - span->start_unix_ns) : 0;
    struct spwv_tokens tokens = spwv_tokens_of(span);
    row->longest = !row->spans || duration > row->longest ? duration : row->longest;
    row->shortest = !row->spans || duration < row->shortest ? duration : row->shortest;
    spwv_sqlite_add_up(&row->tokens.input, tokens.input);
    spwv_sqlite_add_up(&row->tokens.output, tokens.output);
    row->spans++;
}

static bool take_span(struct migration *migration, struct trace_row *row, sqlite3_stmt *spans)
{
    struct sqlite_store *store = migration->store;
    struct spwv_slice raw = spwv_sqlite_column(spans, 0);
    struct spwv_slice service = {migration->service, 0};
    bool large = raw.size > BATCH;
    struct spwv_span span;
    store->origin.resource = sqlite3_column_int64(spans, 1);
    store->origin.scope = sqlite3_column_int64(spans, 2);
    if (!keep(migration, &raw) || !read_service(migration, store->origin.resource))
        return false;
    service.size = migration->service_size;
    spwv_otlp_read_span(raw, &span);
    if (!spwv_index_span(store, row->id, row->spans, &span, service) || (large && !spwv_index_flush(store)))
        return false;
    sum_up(row, &span);
    return true;
}

static bool take_trace(struct migration *migration, int64_t id)
{
    struct sqlite_store *store = migration->store;
    struct trace_row row = {.id = id};
    sqlite3_stmt *spans = spwv_sqlite_get(store, SPANS_AS_THEY_CAME);
    sqlite3_bind_int64(spans, 1, id);
    bool ok = true;
    while (ok && sqlite3_step(spans) == SQLITE_ROW)
        ok = take_span(migration, &row, spans);
    if (sqlite3_reset(spans) != SQLITE_OK || !ok)
        return false;
    sqlite3_stmt *write = spwv_sqlite_get(store, SUMMARIZE_TRACE);
    sqlite3_bind_int64(write, 1, id);
    sqlite3_bind_int64(write, 2, row.longest);
    sqlite3_bind_int64(write, 3, row.shortest);
    sqlite3_bind_int64(write, 4, row.tokens.input);
    sqlite3_bind_int64(write, 5, row.tokens.output);
    return spwv_sqlite_run(store, SUMMARIZE_TRACE);
}

bool spwv_sqlite_reindex(struct sqlite_store *store)
{
    struct migration migration = {.store = store, .batch = malloc(BATCH)};
    sqlite3_stmt *traces = NULL;
    bool ok = migration.batch && sqlite3_prepare_v2(store->db, "SELECT id FROM traces ORDER BY id", -1, &traces, NULL) == SQLITE_OK;
    while (ok && sqlite3_step(traces) == SQLITE_ROW)
        ok = take_trace(&migration, sqlite3_column_int64(traces, 0));
    ok = sqlite3_finalize(traces) == SQLITE_OK && ok && spwv_index_flush(store);
    free(migration.batch);
    store->origin = (struct origin_use){0};
    return ok;
}
