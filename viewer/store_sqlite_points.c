/* Writing metrics: instrument, series, point. Contract: store_metrics.h. */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

/* ---- the instrument ---- */

static void bind_instrument(sqlite3_stmt *statement, const struct spwv_metric *metric, int64_t service, struct spwv_slice scope)
{
    sqlite3_bind_int64(statement, 1, service);
    spwv_sqlite_text(statement, 2, spwv_sqlite_shorten(metric->name));
    spwv_sqlite_text(statement, 3, spwv_sqlite_shorten(scope));
    spwv_sqlite_text(statement, 4, spwv_sqlite_shorten(metric->unit));
    sqlite3_bind_int(statement, 5, (int)metric->type);
    sqlite3_bind_int64(statement, 6, metric->temporality);
    sqlite3_bind_int(statement, 7, metric->monotonic);
}

static bool find_instrument(struct sqlite_store *store, const struct spwv_metric *metric, const struct spwv_cursor *from, int64_t *id)
{
    struct spwv_scope scope;
    int64_t service;
    spwv_otlp_read_scope(from->scope.raw, &scope);
    if (!spwv_sqlite_find_service(store, from, &service))
        return false;
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_INSTRUMENT);
    bind_instrument(find, metric, service, scope.name);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    *id = found ? sqlite3_column_int64(find, 0) : 0;
    if (sqlite3_reset(find) != SQLITE_OK)
        return false;
    if (found)
        return true;
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_INSTRUMENT);
    bind_instrument(insert, metric, service, scope.name);
    spwv_sqlite_text(insert, 8, spwv_sqlite_shorten(metric->description));
    bool ok = spwv_sqlite_run(store, INSERT_INSTRUMENT);
    *id = sqlite3_last_insert_rowid(store->db);
    return ok;
}

/* The points of a metric come one after another. */
static bool enter_instrument(struct sqlite_store *store, const struct spwv_metric *metric, const struct spwv_cursor *from)
{
    struct instrument_use *instrument = &store->instrument;
    if (instrument->metric == metric->data.data && instrument->group == from->group)
        return true;
    if (!find_instrument(store, metric, from, &instrument->id))
        return false;
    instrument->metric = metric->data.data;
    instrument->group = from->group;
    return true;
}

/* ---- the series ---- */

enum { MAX_SORTED = 128, TAG = 1 << 3 | SPWV_BYTES, MAX_HEAD = 11 };

static int compare_bytes(const void *a, const void *b)
{
    const struct spwv_slice *left = a, *right = b;
    size_t size = left->size < right->size ? left->size : right->size;
    int difference = size ? memcmp(left->data, right->data, size) : 0;
    return difference ? difference : (left->size > right->size) - (left->size < right->size);
}

static void add_value(struct spwv_buf *key, struct spwv_slice value)
{
    char head[MAX_HEAD] = {TAG};
    size_t size = 1;
    uint64_t rest = value.size;
    for (; rest >= 0x80; rest >>= 7)
        head[size++] = (char)(rest | 0x80);
    head[size++] = (char)rest;
    spwv_buf_add(key, head, size);
    spwv_buf_add(key, value.data, value.size);
}

/* The attributes as a KeyValueList, sorted: senders may give them in any order. More than MAX_SORTED stay in theirs. */
static void write_key(struct spwv_buf *key, const struct spwv_metric *metric, const struct spwv_point *point)
{
    struct spwv_slice values[MAX_SORTED], value;
    struct spwv_wire wire = spwv_wire_of(point->raw);
    size_t count = 0;
    while (spwv_otlp_each(&wire, spwv_otlp_point_attributes(metric->type), &value)) {
        if (count == MAX_SORTED) {
            add_value(key, value);
            continue;
        }
        values[count++] = value;
    }
    qsort(values, count, sizeof *values, compare_bytes);
    for (size_t i = 0; i < count; i++)
        add_value(key, values[i]);
}

static void bind_series(struct sqlite_store *store, sqlite3_stmt *statement, struct spwv_slice key)
{
    sqlite3_bind_int64(statement, 1, store->instrument.id);
    sqlite3_bind_int64(statement, 2, spwv_sqlite_hash(key, (struct spwv_slice){NULL, 0}));
    sqlite3_bind_int64(statement, 3, store->origin.resource);
    sqlite3_bind_int64(statement, 4, store->origin.scope);
    spwv_sqlite_blob(statement, 5, key);
}

static bool find_series(struct sqlite_store *store, struct spwv_slice key, int64_t *id)
{
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_SERIES);
    bind_series(store, find, key);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    *id = found ? sqlite3_column_int64(find, 0) : 0;
    if (sqlite3_reset(find) != SQLITE_OK)
        return false;
    if (found)
        return true;
    bind_series(store, spwv_sqlite_get(store, INSERT_SERIES), key);
    bool ok = spwv_sqlite_run(store, INSERT_SERIES);
    *id = sqlite3_last_insert_rowid(store->db);
    store->origin.uses++;
    return ok;
}

static bool enter_series(struct sqlite_store *store, const struct spwv_metric *metric, const struct spwv_point *point, int64_t *id)
{
    struct spwv_buf key;
    spwv_buf_init(&key, point->raw.size + MAX_HEAD * (point->raw.size / 2 + 1), NULL); /* an attribute in a point is two bytes at least */
    write_key(&key, metric, point);
    bool ok = !key.failed && find_series(store, (struct spwv_slice){(const uint8_t *)key.data, key.size}, id);
    spwv_buf_fini(&key);
    return ok;
}

/* ---- the point ---- */

static bool insert_point(struct sqlite_store *store, int64_t series, int64_t time_ns, const struct spwv_point *point)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_POINT);
    sqlite3_bind_int64(insert, 1, (int64_t)store->info.revision);
    sqlite3_bind_int64(insert, 2, series);
    sqlite3_bind_int64(insert, 3, time_ns);
    sqlite3_bind_int64(insert, 4, spwv_sqlite_time(point->start_unix_ns));
    spwv_sqlite_blob(insert, 5, point->raw);
    return spwv_sqlite_run(store, INSERT_POINT);
}

static bool use_series(struct sqlite_store *store, int64_t series, int64_t time_ns)
{
    sqlite3_stmt *use = spwv_sqlite_get(store, USE_SERIES);
    sqlite3_bind_int64(use, 1, series);
    sqlite3_bind_int64(use, 2, time_ns);
    return spwv_sqlite_run(store, USE_SERIES);
}

bool spwv_sqlite_add_point(struct spwv_store *base, const struct spwv_metric *metric, const struct spwv_point *point,
                           const struct spwv_cursor *from, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    int64_t time_ns = point->time_unix_ns ? spwv_sqlite_time(point->time_unix_ns) : spwv_sqlite_now_ns(store);
    int64_t series;
    if (!spwv_sqlite_make_room(store) || !spwv_sqlite_enter_origin(store, from) || !enter_instrument(store, metric, from) || !enter_series(store, metric, point, &series) ||
        !insert_point(store, series, time_ns, point))
        return spwv_sqlite_fail(store, error);
    if (sqlite3_changes(store->db) == 0) {
        store->info.duplicates++;
        return true;
    }
    store->info.metric_points++;
    store->added++;
    return use_series(store, series, time_ns) || spwv_sqlite_fail(store, error);
}
