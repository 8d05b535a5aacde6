/* Reading: one trace, the small questions. Each holds the lock while it runs. */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

bool spwv_sqlite_services(struct spwv_store *base, const struct spwv_list_sink *sink, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *services = spwv_sqlite_get(store, ALL_SERVICES);
    while (sqlite3_step(services) == SQLITE_ROW)
        sink->service(sink->arg, spwv_sqlite_column(services, 0));
    bool ok = sqlite3_reset(services) == SQLITE_OK || spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    return ok;
}

bool spwv_sqlite_latest(struct spwv_store *base, uint8_t *trace_id)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *latest = spwv_sqlite_get(store, LATEST_TRACE);
    bool found = false;
    if (sqlite3_step(latest) == SQLITE_ROW) {
        struct spwv_slice id = spwv_sqlite_column(latest, 0);
        found = id.size == SPWV_TRACE_ID_SIZE;
        if (found)
            memcpy(trace_id, id.data, SPWV_TRACE_ID_SIZE);
    }
    sqlite3_reset(latest);
    pthread_mutex_unlock(&store->lock);
    return found;
}

static uint64_t find(struct sqlite_store *store, const uint8_t *trace_id, int64_t *trace)
{
    sqlite3_stmt *statement = spwv_sqlite_get(store, TRACE_REVISION);
    spwv_sqlite_blob(statement, 1, (struct spwv_slice){trace_id, SPWV_TRACE_ID_SIZE});
    uint64_t revision = 0;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        *trace = sqlite3_column_int64(statement, 0);
        revision = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    return revision;
}

uint64_t spwv_sqlite_revision(struct spwv_store *base, const uint8_t *trace_id)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    int64_t trace;
    pthread_mutex_lock(&store->lock);
    uint64_t revision = find(store, trace_id, &trace);
    pthread_mutex_unlock(&store->lock);
    return revision;
}

/* ---- one trace ---- */

struct numbering { /* origin ids in ascending order: an origin's number is its place */
    int64_t *ids;
    size_t count;
    size_t capacity;
};

static bool number(struct numbering *numbering, int64_t id)
{
    if (numbering->count == numbering->capacity) {
        size_t capacity = numbering->capacity ? numbering->capacity * 2 : 16; /* bounded by the trace's spans */
        int64_t *ids = realloc(numbering->ids, capacity * sizeof *ids);
        if (!ids)
            return false;
        numbering->ids = ids;
        numbering->capacity = capacity;
    }
    numbering->ids[numbering->count++] = id;
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static unsigned number_of(const struct numbering *numbering, int64_t id)
{
    if (!numbering->count)
        return 0;
    const int64_t *found = bsearch(&id, numbering->ids, numbering->count, sizeof id, compare_ids);
    return found ? (unsigned)(found - numbering->ids) : 0;
}

static bool give_origins(struct sqlite_store *store, int64_t trace, int kind, struct numbering *numbering,
                         void (*give)(void *, const struct spwv_origin *), void *arg)
{
    sqlite3_stmt *origins = spwv_sqlite_get(store, TRACE_ORIGINS);
    sqlite3_bind_int64(origins, 1, trace);
    sqlite3_bind_int(origins, 2, kind);
    bool ok = true;
    while (ok && sqlite3_step(origins) == SQLITE_ROW) {
        ok = number(numbering, sqlite3_column_int64(origins, 0));
        struct spwv_origin origin = {spwv_sqlite_column(origins, 1), spwv_sqlite_column(origins, 2)};
        give(arg, &origin);
    }
    return sqlite3_reset(origins) == SQLITE_OK && ok;
}

static bool give_spans(struct sqlite_store *store, int64_t trace, const struct numbering *numberings, const struct spwv_trace_sink *sink)
{
    sqlite3_stmt *spans = spwv_sqlite_get(store, TRACE_SPANS);
    sqlite3_bind_int64(spans, 1, trace);
    while (sqlite3_step(spans) == SQLITE_ROW) {
        struct spwv_span span;
        spwv_otlp_read_span(spwv_sqlite_column(spans, 0), &span);
        if (span.span_id.size == 8)
            sink->span(sink->arg, &span, number_of(&numberings[0], sqlite3_column_int64(spans, 1)),
                       number_of(&numberings[1], sqlite3_column_int64(spans, 2)));
    }
    return sqlite3_reset(spans) == SQLITE_OK;
}

bool spwv_sqlite_read(struct spwv_store *base, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct numbering numberings[2] = {{0}};
    int64_t trace;
    error->text[0] = 0;
    pthread_mutex_lock(&store->lock);
    uint64_t revision = find(store, trace_id, &trace);
    bool ok = revision != 0;
    if (ok) {
        sink->trace(sink->arg, trace_id, revision);
        ok = give_origins(store, trace, 0, &numberings[0], sink->resource, sink->arg) &&
             give_origins(store, trace, 1, &numberings[1], sink->scope, sink->arg) && give_spans(store, trace, numberings, sink);
        if (!ok)
            spwv_sqlite_fail(store, error);
    }
    pthread_mutex_unlock(&store->lock);
    free(numberings[0].ids);
    free(numberings[1].ids);
    return ok;
}
