/* Log records: writing, lists. Contract: store_logs.h. */
#include "store_sqlite.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_EVERY = 256, LOOK_BYTES = 1 << 20, SPAN_KEY = 2 };

/* ---- writing ---- */

/* A record without any time cannot be told from another like it: it is no duplicate. */
static bool is_known(struct sqlite_store *store, const struct spwv_log *log, int64_t hash, bool *known)
{
    *known = false;
    if (!spwv_otlp_log_time(log))
        return true;
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_LOGS);
    sqlite3_bind_int64(find, 1, hash);
    sqlite3_bind_int64(find, 2, store->origin.resource);
    sqlite3_bind_int64(find, 3, store->origin.scope);
    while (!*known && sqlite3_step(find) == SQLITE_ROW) {
        struct spwv_slice raw = spwv_sqlite_column(find, 0);
        *known = raw.size == log->raw.size && memcmp(raw.data, log->raw.data, raw.size) == 0;
    }
    return sqlite3_reset(find) == SQLITE_OK;
}

static void bind_id(sqlite3_stmt *statement, int index, struct spwv_slice id, size_t size)
{
    if (spwv_otlp_is_id(id, size))
        spwv_sqlite_blob(statement, index, id);
    else
        sqlite3_bind_null(statement, index);
}

static bool insert_log(struct sqlite_store *store, const struct spwv_log *log, int64_t service, int64_t hash)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_LOG);
    uint64_t time_ns = spwv_otlp_log_time(log);
    sqlite3_bind_int64(insert, 1, (int64_t)store->info.revision);
    sqlite3_bind_int64(insert, 2, time_ns ? spwv_sqlite_time(time_ns) : spwv_sqlite_now_ns(store));
    sqlite3_bind_int64(insert, 3, log->severity_number <= SPWV_MAX_SEVERITY ? log->severity_number : 0);
    sqlite3_bind_int64(insert, 4, service);
    bind_id(insert, 5, log->trace_id, SPWV_TRACE_ID_SIZE);
    bind_id(insert, 6, log->span_id, SPWV_SPAN_ID_SIZE);
    sqlite3_bind_int64(insert, 7, store->origin.resource);
    sqlite3_bind_int64(insert, 8, store->origin.scope);
    sqlite3_bind_int64(insert, 9, hash);
    spwv_sqlite_blob(insert, 10, log->raw);
    return spwv_sqlite_run(store, INSERT_LOG);
}

bool spwv_sqlite_add_log(struct spwv_store *base, const struct spwv_log *log, const struct spwv_cursor *from, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    int64_t hash = spwv_sqlite_hash(log->raw, (struct spwv_slice){NULL, 0});
    int64_t service;
    bool known;
    if (!spwv_sqlite_make_room(store) || !spwv_sqlite_enter_origin(store, from) || !is_known(store, log, hash, &known))
        return spwv_sqlite_fail(store, error);
    if (known) {
        store->info.duplicates++;
        return true;
    }
    if (!spwv_sqlite_find_service(store, from, &service) || !insert_log(store, log, service, hash))
        return spwv_sqlite_fail(store, error);
    store->info.logs++;
    store->added++;
    store->origin.uses++;
    return true;
}

/* ---- text ---- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* A text to look for, in time that grows with what is looked through alone (Knuth, Morris and Pratt), whatever a sender made it of. */
struct pattern {
    struct spwv_slice text;
    uint16_t back[SPWV_MAX_LOG_TEXT]; /* after so many bytes that fit and one that does not: how many of them still fit */
};

static void prepare_pattern(struct pattern *pattern, struct spwv_slice text)
{
    size_t same = 0;
    pattern->text = text;
    pattern->back[0] = 0;
    for (size_t at = 1; at < text.size; at++) {
        while (same && lower(text.data[at]) != lower(text.data[same]))
            same = pattern->back[same - 1];
        same += lower(text.data[at]) == lower(text.data[same]);
        pattern->back[at] = (uint16_t)same;
    }
}

static bool has_text(struct spwv_slice in, const struct pattern *pattern)
{
    size_t same = 0;
    for (size_t at = 0; at < in.size; at++) {
        while (same && lower(in.data[at]) != lower(pattern->text.data[same]))
            same = pattern->back[same - 1];
        same += lower(in.data[at]) == lower(pattern->text.data[same]);
        if (same == pattern->text.size)
            return true;
    }
    return false;
}

/* Of a value the strings in it, however deep: they stand in its bytes as they are. Numbers and bytes that happen to look like the text are found, too. */
static bool matches_text(const struct spwv_log *log, const struct pattern *text)
{
    struct spwv_wire wire = spwv_wire_of(log->raw);
    struct spwv_slice attribute;
    if (!text->text.size || has_text(log->body, text) || has_text(log->event_name, text))
        return true;
    while (spwv_otlp_each(&wire, SPWV_LOG_ATTRIBUTES, &attribute)) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(attribute, &kv);
        if (has_text(kv.value, text))
            return true;
    }
    return false;
}

/* ---- lists ---- */

struct listing {
    struct sqlite_store *store;
    const struct spwv_log_filter *filter;
    const struct spwv_log_sink *sink;
    struct spwv_log_result *result;
    struct given_origins resources;
    struct given_origins scopes;
    struct pattern text;
    unsigned given;
    size_t given_bytes;
    size_t read_bytes; /* since the clock was looked at */
    struct timespec deadline;
};

static bool is_late(struct listing *listing)
{
    struct timespec now;
    listing->read_bytes = 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const struct timespec *end = &listing->deadline;
    listing->result->stopped = now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
    return listing->result->stopped;
}

static bool has_service(struct spwv_slice service, struct spwv_slice wanted)
{
    return !wanted.size || (service.size == wanted.size && memcmp(service.data, wanted.data, wanted.size) == 0);
}

static bool give(struct listing *listing, const struct spwv_stored_log *log)
{
    struct sqlite_store *store = listing->store;
    const struct spwv_log_sink *sink = listing->sink;
    if (!spwv_sqlite_give_origin(store, &listing->resources, log->resource, sink->arg, sink->resource) ||
        !spwv_sqlite_give_origin(store, &listing->scopes, log->scope, sink->arg, sink->scope))
        return false;
    sink->log(sink->arg, log);
    return true;
}

static bool take_log(struct listing *listing, int64_t id)
{
    sqlite3_stmt *read = spwv_sqlite_get(listing->store, READ_LOG);
    bool ok = true;
    sqlite3_bind_int64(read, 1, id);
    if (sqlite3_step(read) == SQLITE_ROW) {
        struct spwv_stored_log log = {.id = id, .time_ns = sqlite3_column_int64(read, 0)};
        log.resource = sqlite3_column_int64(read, 1);
        log.scope = sqlite3_column_int64(read, 2);
        log.service = spwv_sqlite_column(read, 4);
        spwv_otlp_read_log(spwv_sqlite_column(read, 3), &log.log);
        listing->read_bytes += log.log.raw.size;
        if (has_service(log.service, listing->filter->service) && matches_text(&log.log, &listing->text)) {
            listing->given_bytes += log.log.raw.size;
            listing->result->more = listing->given == listing->filter->limit || (listing->given && listing->given_bytes > SPWV_MAX_LOG_BYTES);
            ok = listing->result->more || give(listing, &log);
            listing->given++;
        }
    }
    return sqlite3_reset(read) == SQLITE_OK && ok;
}

static sqlite3_stmt *start_walk(struct sqlite_store *store, const struct spwv_log_filter *filter)
{
    enum statement which = filter->trace_id ? LOGS_OF_TRACE : filter->service.size ? LOGS_OF_SERVICE : LOGS_BY_TIME;
    sqlite3_stmt *walk = spwv_sqlite_get(store, which);
    int64_t end = filter->to_ns ? filter->to_ns : INT64_MAX;
    bool continued = filter->before && (!filter->to_ns || filter->before_time < end); /* without an end also within the last moment there is */
    sqlite3_bind_int64(walk, 1, filter->from_ns);
    sqlite3_bind_int64(walk, 2, continued ? filter->before_time : end);
    sqlite3_bind_int64(walk, 3, continued ? filter->before_id : filter->to_ns ? 0 : INT64_MAX);
    if (which == LOGS_OF_TRACE)
        spwv_sqlite_blob(walk, 4, (struct spwv_slice){filter->trace_id, SPWV_TRACE_ID_SIZE});
    else if (which == LOGS_OF_SERVICE)
        spwv_sqlite_text(walk, 4, filter->service);
    return walk;
}

/* By what the index tells alone. */
static bool is_wanted(sqlite3_stmt *walk, const struct spwv_log_filter *filter)
{
    if (sqlite3_column_int64(walk, 1) < (int64_t)filter->severity)
        return false;
    if (!filter->trace_id || !filter->span_id)
        return true;
    struct spwv_slice id = spwv_sqlite_column(walk, SPAN_KEY);
    return id.size == SPWV_SPAN_ID_SIZE && memcmp(id.data, filter->span_id, SPWV_SPAN_ID_SIZE) == 0;
}

/* A page that is full is one, whatever follows it. */
static void end_late(struct listing *listing)
{
    bool full = listing->given == listing->filter->limit;
    listing->result->more = full;
    listing->result->stopped = !full;
}

static bool walk_logs(struct listing *listing)
{
    sqlite3_stmt *walk = start_walk(listing->store, listing->filter);
    bool ok = true;
    for (unsigned rows = 1; ok && !listing->result->more && sqlite3_step(walk) == SQLITE_ROW; rows++) {
        if ((rows % LOOK_EVERY == 0 || listing->read_bytes > LOOK_BYTES) && is_late(listing)) {
            end_late(listing);
            break;
        }
        if (is_wanted(walk, listing->filter))
            ok = take_log(listing, sqlite3_column_int64(walk, 0));
    }
    return sqlite3_reset(walk) == SQLITE_OK && ok;
}

bool spwv_sqlite_list_logs(struct spwv_store *base, const struct spwv_log_filter *filter, const struct spwv_log_sink *sink,
                           struct spwv_log_result *result, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct listing listing = {.store = store, .filter = filter, .sink = sink, .result = result};
    *result = (struct spwv_log_result){false, false};
    if (filter->text.size > SPWV_MAX_LOG_TEXT) {
        snprintf(error->text, sizeof error->text, "the text is longer than %d bytes; look for a part of it", SPWV_MAX_LOG_TEXT);
        return false;
    }
    pthread_mutex_lock(&store->lock);
    prepare_pattern(&listing.text, filter->text);
    clock_gettime(CLOCK_MONOTONIC, &listing.deadline);
    listing.deadline.tv_sec += SPWV_MAX_QUERY_MS / 1000;
    bool ok = walk_logs(&listing) || spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    if (result->stopped)
        snprintf(error->text, sizeof error->text, "the search was stopped after %d ms; narrow it: a service, a severity, a trace, or a time",
                 SPWV_MAX_QUERY_MS);
    return ok && !result->stopped;
}
