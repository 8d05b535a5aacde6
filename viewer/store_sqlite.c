/* The SQLite store: life and the small tools of its files. Contract: store.h; layout: store_sqlite.h. */
#include "store_sqlite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sqlite3_stmt *spwv_sqlite_get(struct sqlite_store *store, enum statement which)
{
    return store->statements[which];
}

bool spwv_sqlite_run(struct sqlite_store *store, enum statement which)
{
    sqlite3_stmt *statement = store->statements[which];
    sqlite3_step(statement);
    return sqlite3_reset(statement) == SQLITE_OK; /* says what the step met */
}

void spwv_sqlite_blob(sqlite3_stmt *statement, int index, struct spwv_slice bytes)
{
    sqlite3_bind_blob64(statement, index, bytes.size ? (const void *)bytes.data : "", bytes.size, SQLITE_STATIC);
}

void spwv_sqlite_text(sqlite3_stmt *statement, int index, struct spwv_slice text)
{
    sqlite3_bind_text64(statement, index, text.size ? (const char *)text.data : "", text.size, SQLITE_STATIC, SQLITE_UTF8);
}

struct spwv_slice spwv_sqlite_column(sqlite3_stmt *statement, int column)
{
    /* The blob first: it leaves the bytes as they are, and sizes are of the last form asked for. */
    const uint8_t *data = sqlite3_column_blob(statement, column);
    return (struct spwv_slice){data, (size_t)sqlite3_column_bytes(statement, column)};
}

bool spwv_sqlite_fail(struct sqlite_store *store, struct spwv_error *error)
{
    int code = sqlite3_errcode(store->db);
    const char *cure = code == SQLITE_FULL ? "; free some disk space" : code == SQLITE_IOERR ? "; check the disk of --db" : "";
    snprintf(error->text, sizeof error->text, "the store failed: %s%s", sqlite3_errmsg(store->db), cure);
    return false;
}

static void get_info(struct spwv_store *base, struct spwv_store_info *info)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    *info = store->info;
    info->bytes = spwv_sqlite_bytes(store);
    pthread_mutex_unlock(&store->lock);
}

static void destroy(struct spwv_store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    spwv_index_close(store);
    sqlite3_close(store->db);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

struct spwv_store *spwv_store_sqlite_open(const char *path, uint64_t max_bytes, struct spwv_error *error)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (!store) {
        snprintf(error->text, sizeof error->text, "no memory for the store");
        return NULL;
    }
    store->base = (struct spwv_store){.destroy = destroy,
                                      .begin = spwv_sqlite_begin,
                                      .add = spwv_sqlite_add,
                                      .commit = spwv_sqlite_commit,
                                      .rollback = spwv_sqlite_rollback,
                                      .clear = spwv_sqlite_clear,
                                      .remove = spwv_sqlite_remove,
                                      .info = get_info,
                                      .list = spwv_sqlite_list,
                                      .histogram = spwv_sqlite_histogram,
                                      .seen = spwv_sqlite_seen,
                                      .services = spwv_sqlite_services,
                                      .latest = spwv_sqlite_latest,
                                      .revision = spwv_sqlite_revision,
                                      .add_log = spwv_sqlite_add_log,
                                      .list_logs = spwv_sqlite_list_logs,
                                      .clear_logs = spwv_sqlite_clear_logs,
                                      .add_point = spwv_sqlite_add_point,
                                      .list_metrics = spwv_sqlite_list_metrics,
                                      .read_metric = spwv_sqlite_read_metric,
                                      .clear_metrics = spwv_sqlite_clear_metrics,
                                      .read = spwv_sqlite_read,
                                      .read_span = spwv_sqlite_read_span};
    pthread_mutex_init(&store->lock, NULL);
    store->info = (struct spwv_store_info){.kind = path ? "file" : "memory", .max_bytes = max_bytes, .revision = 1};
    if (!spwv_sqlite_prepare(store, path, error)) {
        destroy(&store->base);
        return NULL;
    }
    return &store->base;
}
