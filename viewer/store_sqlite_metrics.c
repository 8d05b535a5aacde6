/* Reading metrics: the list of instruments, and one with its series and points. Contract: store_metrics.h. */
#include "store_sqlite.h"

#include <string.h>

/* ---- instruments ---- */

static void read_instrument(sqlite3_stmt *row, struct spwv_stored_metric *metric)
{
    *metric = (struct spwv_stored_metric){.id = sqlite3_column_int64(row, 0)};
    metric->metric.name = spwv_sqlite_column(row, 1);
    metric->metric.description = spwv_sqlite_column(row, 2);
    metric->metric.unit = spwv_sqlite_column(row, 3);
    metric->metric.type = (enum spwv_metric_type)sqlite3_column_int(row, 4);
    metric->metric.temporality = (uint32_t)sqlite3_column_int64(row, 5);
    metric->metric.monotonic = sqlite3_column_int(row, 6) != 0;
    metric->service = spwv_sqlite_column(row, 7);
    metric->scope_name = spwv_sqlite_column(row, 8);
    metric->series = (uint64_t)sqlite3_column_int64(row, 9);
    metric->points = (uint64_t)sqlite3_column_int64(row, 10);
    metric->last_unix_ns = (uint64_t)sqlite3_column_int64(row, 11);
}

bool spwv_sqlite_list_metrics(struct spwv_store *base, const struct spwv_metric_filter *filter, const struct spwv_metric_sink *sink,
                              struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *list = spwv_sqlite_get(store, LIST_INSTRUMENTS);
    spwv_sqlite_text(list, 1, filter->name);
    spwv_sqlite_text(list, 2, filter->service);
    sqlite3_bind_int64(list, 3, filter->limit);
    while (sqlite3_step(list) == SQLITE_ROW) {
        struct spwv_stored_metric metric;
        read_instrument(list, &metric);
        sink->metric(sink->arg, &metric);
    }
    bool ok = sqlite3_reset(list) == SQLITE_OK || spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    return ok;
}

/* ---- one ---- */

struct reading {
    struct sqlite_store *store;
    const struct spwv_point_filter *filter;
    const struct spwv_point_sink *sink;
    bool *more;
    enum spwv_metric_type type;
    struct given_origins resources;
    struct given_origins scopes;
    size_t bytes;
};

static void bind_points(sqlite3_stmt *statement, int64_t series, const struct spwv_point_filter *filter)
{
    sqlite3_bind_int64(statement, 1, series);
    sqlite3_bind_int64(statement, 2, filter->from_ns);
    sqlite3_bind_int64(statement, 3, filter->to_ns ? filter->to_ns - 1 : INT64_MAX);
    sqlite3_bind_int64(statement, 4, filter->limit);
}

static bool look_behind(struct reading *reading, int64_t series)
{
    sqlite3_stmt *behind = spwv_sqlite_get(reading->store, POINTS_BEHIND);
    bind_points(behind, series, reading->filter);
    *reading->more = *reading->more || sqlite3_step(behind) == SQLITE_ROW;
    return sqlite3_reset(behind) == SQLITE_OK;
}

static bool give_points(struct reading *reading, int64_t series)
{
    sqlite3_stmt *points = spwv_sqlite_get(reading->store, POINTS_OF_SERIES);
    bind_points(points, series, reading->filter);
    while (sqlite3_step(points) == SQLITE_ROW) {
        struct spwv_point point;
        spwv_otlp_read_point(spwv_sqlite_column(points, 0), reading->type, &point);
        reading->bytes += point.raw.size;
        if (reading->bytes > SPWV_MAX_POINT_BYTES) {
            *reading->more = true;
            break;
        }
        reading->sink->point(reading->sink->arg, &point);
    }
    return sqlite3_reset(points) == SQLITE_OK && look_behind(reading, series);
}

static bool give_series(struct reading *reading, sqlite3_stmt *series)
{
    const struct spwv_point_sink *sink = reading->sink;
    int64_t resource = sqlite3_column_int64(series, 1), scope = sqlite3_column_int64(series, 2);
    if (!spwv_sqlite_give_origin(reading->store, &reading->resources, resource, sink->arg, sink->resource) ||
        !spwv_sqlite_give_origin(reading->store, &reading->scopes, scope, sink->arg, sink->scope))
        return false;
    sink->series(sink->arg, spwv_sqlite_column(series, 3), resource, scope);
    return give_points(reading, sqlite3_column_int64(series, 0));
}

static bool give_all_series(struct reading *reading)
{
    sqlite3_stmt *series = spwv_sqlite_get(reading->store, SERIES_OF_INSTRUMENT);
    sqlite3_bind_int64(series, 1, reading->filter->metric);
    sqlite3_bind_int64(series, 2, SPWV_MAX_SERIES + 1);
    bool ok = true;
    for (unsigned count = 0; ok && sqlite3_step(series) == SQLITE_ROW; count++) {
        if (count == SPWV_MAX_SERIES || reading->bytes > SPWV_MAX_POINT_BYTES) {
            *reading->more = true;
            break;
        }
        ok = give_series(reading, series);
    }
    return sqlite3_reset(series) == SQLITE_OK && ok;
}

static bool give_metric(struct reading *reading, bool *found)
{
    sqlite3_stmt *one = spwv_sqlite_get(reading->store, ONE_INSTRUMENT);
    sqlite3_bind_int64(one, 1, reading->filter->metric);
    *found = sqlite3_step(one) == SQLITE_ROW;
    if (*found) {
        struct spwv_stored_metric metric;
        read_instrument(one, &metric);
        reading->type = metric.metric.type;
        reading->sink->metric(reading->sink->arg, &metric);
    }
    return sqlite3_reset(one) == SQLITE_OK;
}

bool spwv_sqlite_read_metric(struct spwv_store *base, const struct spwv_point_filter *filter, const struct spwv_point_sink *sink, bool *more,
                             struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct reading reading = {.store = store, .filter = filter, .sink = sink, .more = more};
    bool found = false;
    *more = false;
    error->text[0] = 0;
    pthread_mutex_lock(&store->lock);
    bool ok = give_metric(&reading, &found) && (!found || give_all_series(&reading));
    if (!ok)
        spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    return ok && found;
}
