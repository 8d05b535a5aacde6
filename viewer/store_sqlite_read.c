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

static bool is_given(struct given_origins *given, int64_t id)
{
    for (size_t i = 0; i < given->count; i++)
        if (given->ids[i] == id)
            return true;
    given->ids[given->count++] = id;
    return false;
}

bool spwv_sqlite_give_origin(struct sqlite_store *store, struct given_origins *given, int64_t id, void *arg, give_origin *give)
{
    if (is_given(given, id))
        return true;
    sqlite3_stmt *read = spwv_sqlite_get(store, ORIGIN_RAW);
    struct spwv_origin origin = {{NULL, 0}, {NULL, 0}};
    sqlite3_bind_int64(read, 1, id);
    if (sqlite3_step(read) == SQLITE_ROW) {
        origin.raw = spwv_sqlite_column(read, 0);
        origin.schema_url = spwv_sqlite_column(read, 1);
    }
    give(arg, id, &origin);
    return sqlite3_reset(read) == SQLITE_OK;
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

/* In ascending order, each once. */
static void settle(struct numbering *numbering)
{
    size_t kept = 0;
    if (numbering->count)
        qsort(numbering->ids, numbering->count, sizeof *numbering->ids, compare_ids);
    for (size_t i = 0; i < numbering->count; i++)
        if (!kept || numbering->ids[i] != numbering->ids[kept - 1])
            numbering->ids[kept++] = numbering->ids[i];
    numbering->count = kept;
}

/* A trace, or one span of it: a range of the index of spans. */
struct asked {
    int64_t trace;
    int64_t first;
    int64_t last;
};

static sqlite3_stmt *ask(struct sqlite_store *store, enum statement which, const struct asked *asked)
{
    sqlite3_stmt *statement = spwv_sqlite_get(store, which);
    sqlite3_bind_int64(statement, 1, asked->trace);
    sqlite3_bind_int64(statement, 2, asked->first);
    sqlite3_bind_int64(statement, 3, asked->last);
    return statement;
}

/* Resources and scopes of the spans. Spans of one resource mostly lie together: what repeats the one before is not noted again. */
static bool note_origins(struct sqlite_store *store, const struct asked *asked, struct numbering *numberings)
{
    sqlite3_stmt *origins = ask(store, TRACE_ORIGINS, asked);
    int64_t last[2] = {-1, -1};
    bool ok = true;
    while (ok && sqlite3_step(origins) == SQLITE_ROW)
        for (int kind = 0; kind < 2; kind++) {
            int64_t id = sqlite3_column_int64(origins, kind);
            ok = ok && (id == last[kind] || number(&numberings[kind], id));
            last[kind] = id;
        }
    ok = sqlite3_reset(origins) == SQLITE_OK && ok;
    settle(&numberings[0]);
    settle(&numberings[1]);
    return ok;
}

static bool give_origins(struct sqlite_store *store, const struct numbering *numbering, void (*give)(void *, const struct spwv_origin *), void *arg)
{
    sqlite3_stmt *read = spwv_sqlite_get(store, ORIGIN_RAW);
    bool ok = true;
    for (size_t i = 0; ok && i < numbering->count; i++) {
        sqlite3_bind_int64(read, 1, numbering->ids[i]);
        struct spwv_origin origin = {{NULL, 0}, {NULL, 0}};
        if (sqlite3_step(read) == SQLITE_ROW) {
            origin.raw = spwv_sqlite_column(read, 0);
            origin.schema_url = spwv_sqlite_column(read, 1);
        }
        give(arg, &origin); /* even without its row: the numbers of the others depend on it */
        ok = sqlite3_reset(read) == SQLITE_OK;
    }
    return ok;
}

static bool give_spans(struct sqlite_store *store, const struct asked *asked, const struct numbering *numberings, const struct spwv_trace_sink *sink)
{
    sqlite3_stmt *spans = ask(store, TRACE_SPANS, asked);
    while (sqlite3_step(spans) == SQLITE_ROW) {
        struct spwv_span span;
        spwv_otlp_read_span(spwv_sqlite_column(spans, 0), &span);
        if (span.span_id.size == SPWV_SPAN_ID_SIZE)
            sink->span(sink->arg, &span, number_of(&numberings[0], sqlite3_column_int64(spans, 1)),
                       number_of(&numberings[1], sqlite3_column_int64(spans, 2)));
    }
    return sqlite3_reset(spans) == SQLITE_OK;
}

static bool has_span(struct sqlite_store *store, const struct asked *asked)
{
    sqlite3_stmt *origins = ask(store, TRACE_ORIGINS, asked);
    bool found = sqlite3_step(origins) == SQLITE_ROW;
    sqlite3_reset(origins);
    return found;
}

static bool give(struct sqlite_store *store, const struct asked *asked, const uint8_t *trace_id, uint64_t revision, const struct spwv_trace_sink *sink)
{
    struct numbering numberings[2] = {{0}};
    sink->trace(sink->arg, trace_id, revision);
    bool ok = note_origins(store, asked, numberings) && give_origins(store, &numberings[0], sink->resource, sink->arg) &&
              give_origins(store, &numberings[1], sink->scope, sink->arg) && give_spans(store, asked, numberings, sink);
    free(numberings[0].ids);
    free(numberings[1].ids);
    return ok;
}

bool spwv_sqlite_read(struct spwv_store *base, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct asked asked = {.first = INT64_MIN, .last = INT64_MAX};
    error->text[0] = 0;
    pthread_mutex_lock(&store->lock);
    uint64_t revision = find(store, trace_id, &asked.trace);
    bool ok = revision != 0;
    if (ok && !give(store, &asked, trace_id, revision, sink))
        ok = spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    return ok;
}

bool spwv_sqlite_read_span(struct spwv_store *base, const uint8_t *trace_id, const uint8_t *span_id, const struct spwv_trace_sink *sink,
                           struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct asked asked;
    error->text[0] = 0;
    asked.first = asked.last = spwv_sqlite_span_key((struct spwv_slice){span_id, SPWV_SPAN_ID_SIZE});
    pthread_mutex_lock(&store->lock);
    uint64_t revision = find(store, trace_id, &asked.trace);
    bool ok = revision != 0 && has_span(store, &asked);
    if (ok && !give(store, &asked, trace_id, revision, sink))
        ok = spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    return ok;
}
