/*
 * What the files of the SQLite store share: its state and its prepared statements. Contract of the whole: store.h.
 *
 * Tables: traces hold the summary of the list, kept up to date by every request; spans hold each span's wire bytes; origins hold the
 * bytes of resources and scopes with their schema URLs, once each, with the number of spans that use them; trace_services say who took part;
 * attributes, attribute_keys and blocks are the index of attributes (store_sqlite_index.h). logs hold each log record's wire bytes; instruments,
 * series and points are metrics; services has the services of these two. `arrived` is the revision something came with: eviction goes by it.
 */
#ifndef SPWV_STORE_SQLITE_H
#define SPWV_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "store.h"
#include "store_sqlite_index.h"
#include "tokens.h"

enum statement {
    BEGIN_WRITE,
    COMMIT_WRITE,
    ROLLBACK_WRITE,
    FIND_TRACE,
    INSERT_TRACE,
    UPDATE_TRACE,
    INSERT_SPAN,
    INSERT_SERVICE,
    FIND_ORIGIN,
    INSERT_ORIGIN,
    USE_ORIGIN,
    OLDEST_TRACE,
    RELEASE_RESOURCES,
    RELEASE_SCOPES,
    DELETE_ORIGINS,
    DELETE_SPANS,
    DELETE_SERVICES,
    DELETE_TRACE,
    PAGE_COUNT,
    FREE_COUNT,
    FIND_KEY,
    INSERT_KEY,
    USE_KEY,
    DELETE_KEYS,
    ALL_KEYS,
    INSERT_ATTRIBUTE,
    READ_ATTRIBUTES,
    WRITE_BLOCK,
    NEWEST_BLOCK,
    OLDEST_BLOCK,
    NEXT_BLOCK,
    DELETE_ROWS,
    DELETE_BLOCK,
    BLOCKS_OF_TRACE,
    REMOVE_ROWS,
    ID_RANGE,
    TRACES_BY_ID,
    SCAN_DOWN,
    SCAN_UP,
    TRACE_SUMMARY,
    ALL_ORIGINS,
    ORIGIN_RAW,
    SPANS_AS_THEY_CAME,
    SUMMARIZE_TRACE,
    TRACE_SERVICES,
    ALL_SERVICES,
    LATEST_TRACE,
    TRACE_REVISION,
    TRACE_ORIGINS,
    TRACE_SPANS,
    OLDEST_LOG,
    OLDEST_POINT,
    FIND_SERVICE,
    INSERT_SERVICE_NAME,
    FIND_LOGS,
    INSERT_LOG,
    LOGS_BY_TIME,
    LOGS_OF_SERVICE,
    LOGS_OF_TRACE,
    READ_LOG,
    RELEASE_LOG_RESOURCES,
    RELEASE_LOG_SCOPES,
    DELETE_LOGS,
    FIND_INSTRUMENT,
    INSERT_INSTRUMENT,
    FIND_SERIES,
    INSERT_SERIES,
    USE_SERIES,
    INSERT_POINT,
    LIST_INSTRUMENTS,
    ONE_INSTRUMENT,
    SERIES_OF_INSTRUMENT,
    POINTS_OF_SERIES,
    POINTS_BEHIND,
    RELEASE_SERIES,
    DELETE_POINTS,
    RELEASE_SERIES_RESOURCES,
    RELEASE_SERIES_SCOPES,
    DELETE_SERIES,
    DELETE_INSTRUMENTS,
    DELETE_SERVICE_NAMES,
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
    int64_t longest; /* span */
    int64_t shortest;
    struct spwv_tokens tokens;
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

/* The service of logs or metrics that was looked up last in the open transaction. */
struct service_use {
    uint32_t group;
    int64_t id;
};

/* The instrument whose points come now. */
struct instrument_use {
    const uint8_t *metric; /* its bytes in the request */
    uint32_t group;
    int64_t id;
};

/* The resources, or the scopes, that an answer has got: no more than its items. */
struct given_origins {
    int64_t ids[SPWV_MAX_PAGE];
    size_t count;
};
typedef void give_origin(void *arg, int64_t id, const struct spwv_origin *origin);

struct sqlite_store {
    struct spwv_store base;
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct spwv_store_info info;
    uint64_t page_size;
    struct trace_row trace;
    struct origin_use origin;
    uint64_t added; /* by the open transaction */
    unsigned until_look; /* logs and points until the cap is looked at */
    int64_t last_now_ns;
    struct service_use service;
    struct instrument_use instrument;
    struct attribute_index *index;
    struct spwv_store_info before; /* the counts to return to on rollback */
};

sqlite3_stmt *spwv_sqlite_get(struct sqlite_store *store, enum statement which);

/* Steps a statement without rows and resets it. */
bool spwv_sqlite_run(struct sqlite_store *store, enum statement which);

/* A bound blob or text; the bytes must outlive the statement's reset. An empty slice binds an empty value, not NULL. */
void spwv_sqlite_blob(sqlite3_stmt *statement, int index, struct spwv_slice bytes);
void spwv_sqlite_text(sqlite3_stmt *statement, int index, struct spwv_slice text);
struct spwv_slice spwv_sqlite_column(sqlite3_stmt *statement, int column);

int64_t spwv_sqlite_span_key(struct spwv_slice id); /* an id of eight bytes as the table has it */
bool spwv_sqlite_fail(struct sqlite_store *store, struct spwv_error *error);
int64_t spwv_sqlite_time(uint64_t ns);
int64_t spwv_sqlite_hash(struct spwv_slice a, struct spwv_slice b);
struct spwv_slice spwv_sqlite_shorten(struct spwv_slice text); /* to SPWV_MAX_SUMMARY_TEXT, on a character's boundary */
int64_t spwv_sqlite_now_ns(struct sqlite_store *store); /* never the same twice */
bool spwv_sqlite_make_room(struct sqlite_store *store); /* before each log and point: a large request must not outgrow the cap while it comes */
bool spwv_sqlite_enter_origin(struct sqlite_store *store, const struct spwv_cursor *from); /* store->origin is that of what comes from there */
bool spwv_sqlite_find_service(struct sqlite_store *store, const struct spwv_cursor *from, int64_t *id);
bool spwv_sqlite_give_origin(struct sqlite_store *store, struct given_origins *given, int64_t id, void *arg, give_origin *give); /* the first time only */
void spwv_sqlite_add_up(int64_t *sum, int64_t more); /* neither is negative; stays below half of what 64 bits hold */
bool spwv_sqlite_reindex(struct sqlite_store *store); /* store_sqlite_migrate.c */

/* Opening (store_sqlite_open.c), writing (_write.c), deleting (_evict.c), lists (_list.c), completion (_seen.c), traces (_read.c), logs (_logs.c), metrics (_points.c, _metrics.c). */
bool spwv_sqlite_prepare(struct sqlite_store *store, const char *path, struct spwv_error *error);
bool spwv_sqlite_begin(struct spwv_store *base, struct spwv_error *error);
bool spwv_sqlite_add(struct spwv_store *base, const struct spwv_span *span, const struct spwv_cursor *from, struct spwv_error *error);
bool spwv_sqlite_commit(struct spwv_store *base, uint64_t *added, struct spwv_error *error);
void spwv_sqlite_rollback(struct spwv_store *base);
bool spwv_sqlite_clear(struct spwv_store *base, struct spwv_error *error);
bool spwv_sqlite_evict(struct sqlite_store *store);
uint64_t spwv_sqlite_bytes(struct sqlite_store *store);
bool spwv_sqlite_remove(struct spwv_store *base, const uint8_t *trace_id, bool *found, struct spwv_error *error);
bool spwv_sqlite_list(struct spwv_store *base, const struct spwv_trace_filter *filter, const struct spwv_list_sink *sink,
                      struct spwv_list_result *result, struct spwv_error *error);
bool spwv_sqlite_histogram(struct spwv_store *base, const struct spwv_trace_filter *filter, struct spwv_histogram *histogram,
                           struct spwv_list_result *result, struct spwv_error *error);
bool spwv_sqlite_seen(struct spwv_store *base, const struct spwv_seen_request *request, const struct spwv_seen_sink *sink,
                      struct spwv_error *error);
bool spwv_sqlite_services(struct spwv_store *base, const struct spwv_list_sink *sink, struct spwv_error *error);
bool spwv_sqlite_latest(struct spwv_store *base, uint8_t *trace_id);
uint64_t spwv_sqlite_revision(struct spwv_store *base, const uint8_t *trace_id);
bool spwv_sqlite_read(struct spwv_store *base, const uint8_t *trace_id, const struct spwv_trace_sink *sink, struct spwv_error *error);
bool spwv_sqlite_read_span(struct spwv_store *base, const uint8_t *trace_id, const uint8_t *span_id, const struct spwv_trace_sink *sink,
                           struct spwv_error *error);

bool spwv_sqlite_add_log(struct spwv_store *base, const struct spwv_log *log, const struct spwv_cursor *from, struct spwv_error *error);
bool spwv_sqlite_list_logs(struct spwv_store *base, const struct spwv_log_filter *filter, const struct spwv_log_sink *sink,
                           struct spwv_log_result *result, struct spwv_error *error);
bool spwv_sqlite_add_point(struct spwv_store *base, const struct spwv_metric *metric, const struct spwv_point *point,
                           const struct spwv_cursor *from, struct spwv_error *error);
bool spwv_sqlite_list_metrics(struct spwv_store *base, const struct spwv_metric_filter *filter, const struct spwv_metric_sink *sink,
                              struct spwv_error *error);
bool spwv_sqlite_read_metric(struct spwv_store *base, const struct spwv_point_filter *filter, const struct spwv_point_sink *sink, bool *more,
                             struct spwv_error *error);
bool spwv_sqlite_clear_logs(struct spwv_store *base, struct spwv_error *error);
bool spwv_sqlite_clear_metrics(struct spwv_store *base, struct spwv_error *error);

#endif
