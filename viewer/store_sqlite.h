/*
 * What the files of the SQLite store share: its state and its prepared statements. Contract of the whole: store.h.
 *
 * Tables: traces hold the summary of the list, kept up to date by every request; spans hold each span's wire bytes; origins hold the
 * bytes of resources and scopes with their schema URLs, once each, with the number of spans that use them; trace_services and trace_names serve the filters.
 */
#ifndef SPWV_STORE_SQLITE_H
#define SPWV_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "store.h"

enum statement {
    BEGIN_WRITE,
    COMMIT_WRITE,
    ROLLBACK_WRITE,
    FIND_TRACE,
    INSERT_TRACE,
    UPDATE_TRACE,
    INSERT_SPAN,
    INSERT_NAME,
    INSERT_SERVICE,
    FIND_ORIGIN,
    INSERT_ORIGIN,
    USE_ORIGIN,
    OLDEST_TRACE,
    RELEASE_RESOURCES,
    RELEASE_SCOPES,
    DELETE_ORIGINS,
    DELETE_SPANS,
    DELETE_NAMES,
    DELETE_SERVICES,
    DELETE_TRACE,
    PAGE_COUNT,
    FREE_COUNT,
    LIST_TRACES,
    TRACE_SERVICES,
    ALL_SERVICES,
    LATEST_TRACE,
    TRACE_REVISION,
    TRACE_ORIGINS,
    TRACE_SPANS,
    STATEMENTS
};

/* What the open transaction has added to one trace and not yet written to its row. */
struct trace_row {
    bool open;
    bool fresh; /* no row before this transaction */
    int64_t id;
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    int64_t start;
    int64_t end;
    uint64_t spans;
    uint64_t errors;
    bool has_root;
    int64_t root_start;
};

/* A resource or a scope of the open transaction; spans that use it are counted here and written once. */
struct origin_use {
    uint32_t group;
    int64_t resource;
    int64_t scope;
    uint64_t uses;
    int64_t last_service_trace; /* the trace this group's service was last noted for */
};

struct sqlite_store {
    struct spwv_store base;
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct spwv_store_info info;
    uint64_t page_size;
    struct trace_row trace;
    struct origin_use origin;
    struct spwv_store_info before; /* the counts to return to on rollback */
};

sqlite3_stmt *spwv_sqlite_get(struct sqlite_store *store, enum statement which);

/* Steps a statement without rows and resets it. */
bool spwv_sqlite_run(struct sqlite_store *store, enum statement which);

/* A bound blob or text; the bytes must outlive the statement's reset. An empty slice binds an empty value, not NULL. */
void spwv_sqlite_blob(sqlite3_stmt *statement, int index, struct spwv_slice bytes);
void spwv_sqlite_text(sqlite3_stmt *statement, int index, struct spwv_slice text);
struct spwv_slice spwv_sqlite_column(sqlite3_stmt *statement, int column);

bool spwv_sqlite_fail(struct sqlite_store *store, struct spwv_error *error);

/* Opening (store_sqlite_open.c), writing (store_sqlite_write.c), eviction (store_sqlite_evict.c), reading (store_sqlite_read.c). */
bool spwv_sqlite_prepare(struct sqlite_store *store, const char *path, struct spwv_error *error);
bool spwv_sqlite_begin(struct spwv_store *base, struct spwv_error *error);
bool spwv_sqlite_add(struct spwv_store *base, const struct spwv_span *span, const struct spwv_span_cursor *from, struct spwv_error *error);
bool spwv_sqlite_commit(struct spwv_store *base, uint64_t *added, struct spwv_error *error);
void spwv_sqlite_rollback(struct spwv_store *base);
bool spwv_sqlite_clear(struct spwv_store *base, struct spwv_error *error);
bool spwv_sqlite_evict(struct sqlite_store *store);
uint64_t spwv_sqlite_bytes(struct sqlite_store *store);
bool spwv_sqlite_list(struct spwv_store *base, const struct spwv_trace_filter *filter, const struct spwv_list_sink *sink, bool *more,
                      struct spwv_error *error);
bool spwv_sqlite_services(struct spwv_store *base, const struct spwv_list_sink *sink, struct spwv_error *error);
bool spwv_sqlite_latest(struct spwv_store *base, uint8_t *trace_id);
uint64_t spwv_sqlite_revision(struct spwv_store *base, const uint8_t *trace_id);
bool spwv_sqlite_read(struct spwv_store *base, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error);

#endif
