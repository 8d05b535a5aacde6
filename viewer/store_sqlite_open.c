/* Opening the database: the file, its settings, its schema and the statements. */
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Raise it with every change of the schema, and say in migrations[] how the one before becomes it; application_id tells our files from other programs' databases ("spnw"). */
#define SCHEMA_VERSION 4
#define APPLICATION_ID 0x73706e77

/* What lists and histograms walk over: all they ask of a trace, so that they read nothing else of those they leave out. */
#define CREATE_SCAN \
    "CREATE INDEX traces_scan ON traces(start_ns, id, end_ns, spans, errors, input_tokens, output_tokens, longest, shortest);"
#define CREATE_ATTRIBUTES                                                                                                                 \
    "CREATE TABLE attributes(block INTEGER NOT NULL, key INTEGER NOT NULL, value BLOB NOT NULL, trace INTEGER NOT NULL,"                  \
    " spans INTEGER NOT NULL, PRIMARY KEY(block, key, value, trace)) WITHOUT ROWID;"                                                      \
    "CREATE TABLE attribute_keys(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, last_block INTEGER NOT NULL);"                         \
    "CREATE TABLE blocks(block INTEGER PRIMARY KEY, first_trace INTEGER NOT NULL, last_trace INTEGER NOT NULL, rows INTEGER NOT NULL);"

/* Logs: an index for each way to ask, and each tells the severity, so that what is left out is not read. */
#define CREATE_LOGS                                                                                                                        \
    "CREATE TABLE services(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"                                                            \
    "CREATE TABLE logs(id INTEGER PRIMARY KEY AUTOINCREMENT, arrived INTEGER NOT NULL, time_ns INTEGER NOT NULL, severity INTEGER NOT NULL,"\
    " service INTEGER NOT NULL, trace_id BLOB, span_id BLOB, resource INTEGER NOT NULL, scope INTEGER NOT NULL, hash INTEGER NOT NULL,"     \
    " raw BLOB NOT NULL);"                                                                                                                 \
    "CREATE INDEX logs_time ON logs(time_ns, id, severity);"                                                                               \
    "CREATE INDEX logs_service ON logs(service, time_ns, id, severity);"                                                                   \
    "CREATE INDEX logs_trace ON logs(trace_id, time_ns, id, severity, span_id) WHERE trace_id IS NOT NULL;"                                \
    "CREATE INDEX logs_hash ON logs(hash);"
#define CREATE_METRICS                                                                                                                     \
    "CREATE TABLE instruments(id INTEGER PRIMARY KEY, service INTEGER NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,"\
    " type INTEGER NOT NULL, temporality INTEGER NOT NULL, monotonic INTEGER NOT NULL, description TEXT NOT NULL,"                          \
    " UNIQUE(service, name, scope, unit, type, temporality, monotonic));"                                                                  \
    "CREATE TABLE series(id INTEGER PRIMARY KEY, instrument INTEGER NOT NULL, hash INTEGER NOT NULL, resource INTEGER NOT NULL,"           \
    " scope INTEGER NOT NULL, attributes BLOB NOT NULL, points INTEGER NOT NULL, last_ns INTEGER NOT NULL);"                                \
    "CREATE INDEX series_key ON series(instrument, hash);"                                                                                 \
    "CREATE TABLE points(id INTEGER PRIMARY KEY AUTOINCREMENT, arrived INTEGER NOT NULL, series INTEGER NOT NULL, time_ns INTEGER NOT NULL,"\
    " start_ns INTEGER NOT NULL, raw BLOB NOT NULL);"                                                                                      \
    "CREATE UNIQUE INDEX points_key ON points(series, time_ns, start_ns);"

/* Times are signed here: what is past the year 2262 is kept as the last moment before it, for sorting; the bytes keep the truth. */
static const char schema[] =
    "CREATE TABLE traces(id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id BLOB NOT NULL UNIQUE, start_ns INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL, spans INTEGER NOT NULL, errors INTEGER NOT NULL, revision INTEGER NOT NULL, has_root INTEGER NOT NULL,"
    " root_start INTEGER NOT NULL, root_name TEXT, root_service TEXT NOT NULL, longest INTEGER NOT NULL DEFAULT 0,"
    " shortest INTEGER NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,"
    " arrived INTEGER NOT NULL DEFAULT 0);" CREATE_SCAN
    "CREATE TABLE origins(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, hash INTEGER NOT NULL, uses INTEGER NOT NULL, raw BLOB NOT NULL,"
    " schema_url BLOB NOT NULL DEFAULT x'');"
    "CREATE INDEX origins_hash ON origins(hash);"
    "CREATE TABLE spans(id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, span_id INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
    " resource INTEGER NOT NULL, scope INTEGER NOT NULL, raw BLOB NOT NULL);"
    "CREATE UNIQUE INDEX spans_key ON spans(trace, span_id);"
    "CREATE TABLE trace_services(trace INTEGER NOT NULL, service TEXT NOT NULL, PRIMARY KEY(trace, service)) WITHOUT ROWID;"
    "CREATE INDEX services_trace ON trace_services(service, trace);" CREATE_ATTRIBUTES CREATE_LOGS CREATE_METRICS;

/* By the version they start from. Up to 2 spans are indexed again besides: store_sqlite_migrate.c. */
static const char *const migrations[SCHEMA_VERSION] = {
    [1] = "ALTER TABLE origins ADD COLUMN schema_url BLOB NOT NULL DEFAULT x''",
    [2] = "DROP TABLE trace_names; DROP INDEX traces_start;"
          "ALTER TABLE traces ADD COLUMN longest INTEGER NOT NULL DEFAULT 0; ALTER TABLE traces ADD COLUMN shortest INTEGER NOT NULL DEFAULT 0;"
          "ALTER TABLE traces ADD COLUMN input_tokens INTEGER NOT NULL DEFAULT 0;"
          "ALTER TABLE traces ADD COLUMN output_tokens INTEGER NOT NULL DEFAULT 0;" CREATE_SCAN CREATE_ATTRIBUTES,
    [3] = "ALTER TABLE traces ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;" CREATE_LOGS CREATE_METRICS,
};

#define SELECT_INSTRUMENTS                                                                                                                \
    "SELECT i.id, i.name, i.description, i.unit, i.type, i.temporality, i.monotonic, s.name, i.scope,"                                    \
    " (SELECT count(*) FROM series WHERE instrument = i.id), (SELECT total(points) FROM series WHERE instrument = i.id),"                 \
    " (SELECT max(last_ns) FROM series WHERE instrument = i.id) FROM instruments i JOIN services s ON s.id = i.service"

static const char *const sql[STATEMENTS] = {
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT_WRITE] = "COMMIT",
    [ROLLBACK_WRITE] = "ROLLBACK",
    [FIND_TRACE] = "SELECT id, start_ns, end_ns, spans, errors, has_root, root_start, longest, shortest, input_tokens, output_tokens"
                   " FROM traces WHERE trace_id = ?1",
    [INSERT_TRACE] = "INSERT INTO traces(trace_id, start_ns, end_ns, spans, errors, revision, has_root, root_start, root_service, arrived)"
                     " VALUES(?1, ?2, ?3, 0, 0, ?4, 0, 0, ?5, ?4)",
    [UPDATE_TRACE] = "UPDATE traces SET start_ns = ?2, end_ns = ?3, spans = ?4, errors = ?5, revision = ?6, has_root = ?7, root_start = ?8,"
                     " root_name = ifnull(?9, root_name), root_service = ifnull(?10, root_service), longest = ?11, shortest = ?12,"
                     " input_tokens = ?13, output_tokens = ?14 WHERE id = ?1",
    [INSERT_SPAN] = "INSERT OR IGNORE INTO spans(trace, span_id, start_ns, resource, scope, raw) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [INSERT_SERVICE] = "INSERT OR IGNORE INTO trace_services(trace, service) VALUES(?1, ?2)",
    [FIND_ORIGIN] = "SELECT id FROM origins WHERE hash = ?1 AND kind = ?2 AND raw = ?3 AND schema_url = ?4",
    [INSERT_ORIGIN] = "INSERT INTO origins(hash, kind, raw, schema_url, uses) VALUES(?1, ?2, ?3, ?4, 0)",
    [USE_ORIGIN] = "UPDATE origins SET uses = uses + ?2 WHERE id = ?1",
    [OLDEST_TRACE] = "SELECT id, arrived, spans FROM traces ORDER BY id LIMIT 1",
    [RELEASE_RESOURCES] = "UPDATE origins SET uses = uses - n FROM (SELECT resource AS origin, count(*) AS n FROM spans WHERE trace = ?1"
                          " GROUP BY resource) WHERE id = origin",
    [RELEASE_SCOPES] = "UPDATE origins SET uses = uses - n FROM (SELECT scope AS origin, count(*) AS n FROM spans WHERE trace = ?1"
                       " GROUP BY scope) WHERE id = origin",
    [DELETE_ORIGINS] = "DELETE FROM origins WHERE uses = 0",
    [DELETE_SPANS] = "DELETE FROM spans WHERE trace = ?1",
    [DELETE_SERVICES] = "DELETE FROM trace_services WHERE trace = ?1",
    [DELETE_TRACE] = "DELETE FROM traces WHERE id = ?1",
    [PAGE_COUNT] = "PRAGMA page_count",
    [FREE_COUNT] = "PRAGMA freelist_count",
    [FIND_KEY] = "SELECT id, last_block FROM attribute_keys WHERE key = ?1",
    [INSERT_KEY] = "INSERT INTO attribute_keys(id, key, last_block) VALUES((SELECT max(15, ifnull(max(id), 0)) + 1 FROM attribute_keys), ?1, ?2)",
    [USE_KEY] = "UPDATE attribute_keys SET last_block = ?2 WHERE id = ?1",
    [DELETE_KEYS] = "DELETE FROM attribute_keys WHERE last_block < (SELECT min(block) FROM blocks)",
    [ALL_KEYS] = "SELECT id, key FROM attribute_keys",
    [INSERT_ATTRIBUTE] = "INSERT INTO attributes(block, key, value, trace, spans) VALUES(?1, ?2, ?3, ?4, ?5)"
                         " ON CONFLICT DO UPDATE SET spans = spans | excluded.spans",
    [READ_ATTRIBUTES] = "SELECT trace, spans, value FROM attributes WHERE block = ?1 AND key = ?2 AND value BETWEEN ?3 AND ?4",
    [WRITE_BLOCK] = "INSERT OR REPLACE INTO blocks(block, first_trace, last_trace, rows) VALUES(?1, ?2, ?3, ?4)",
    [NEWEST_BLOCK] = "SELECT block, first_trace, last_trace, rows FROM blocks ORDER BY block DESC LIMIT 1",
    [OLDEST_BLOCK] = "SELECT block, last_trace FROM blocks ORDER BY block LIMIT 1",
    [NEXT_BLOCK] = "SELECT block FROM blocks WHERE block < ?1 ORDER BY block DESC LIMIT 1",
    [DELETE_ROWS] = "DELETE FROM attributes WHERE block = ?1",
    [DELETE_BLOCK] = "DELETE FROM blocks WHERE block = ?1",
    [BLOCKS_OF_TRACE] = "SELECT block FROM blocks WHERE ?1 BETWEEN first_trace AND last_trace",
    [REMOVE_ROWS] = "DELETE FROM attributes WHERE block = ?1 AND trace = ?2",
    [ID_RANGE] = "SELECT (SELECT min(id) FROM traces), (SELECT max(id) FROM traces)",
    [TRACES_BY_ID] = "SELECT id FROM traces WHERE trace_id BETWEEN ?1 AND ?2",
    [SCAN_DOWN] = "SELECT id, start_ns, end_ns, spans, errors, input_tokens + output_tokens, longest, shortest FROM traces INDEXED BY traces_scan"
                  " WHERE start_ns BETWEEN ?1 AND ?2 ORDER BY start_ns DESC, id DESC",
    [SCAN_UP] = "SELECT id, start_ns, end_ns, spans, errors, input_tokens + output_tokens, longest, shortest FROM traces INDEXED BY traces_scan"
                " WHERE start_ns BETWEEN ?1 AND ?2 ORDER BY start_ns, id",
    [TRACE_SUMMARY] = "SELECT trace_id, root_name, root_service, start_ns, end_ns, spans, errors, has_root, input_tokens, output_tokens"
                      " FROM traces WHERE id = ?1",
    [ALL_ORIGINS] = "SELECT id, kind, raw, uses FROM origins ORDER BY id",
    [ORIGIN_RAW] = "SELECT raw, schema_url FROM origins WHERE id = ?1",
    [SPANS_AS_THEY_CAME] = "SELECT raw, resource, scope FROM spans WHERE trace = ?1 ORDER BY id",
    [SUMMARIZE_TRACE] = "UPDATE traces SET longest = ?2, shortest = ?3, input_tokens = ?4, output_tokens = ?5 WHERE id = ?1",
    [TRACE_SERVICES] = "SELECT service FROM trace_services WHERE trace = ?1 LIMIT 64",
    /* From one to the next in the index, however many traces each has. */
    [ALL_SERVICES] = "WITH RECURSIVE s(service) AS (SELECT min(service) FROM trace_services UNION ALL"
                     " SELECT (SELECT min(service) FROM trace_services WHERE service > s.service) FROM s WHERE s.service IS NOT NULL)"
                     " SELECT service FROM s WHERE service IS NOT NULL UNION SELECT name FROM services ORDER BY 1 LIMIT 1000",
    [LATEST_TRACE] = "SELECT trace_id FROM traces ORDER BY start_ns DESC, id DESC LIMIT 1",
    [TRACE_REVISION] = "SELECT id, revision FROM traces WHERE trace_id = ?1",
    [TRACE_ORIGINS] = "SELECT resource, scope FROM spans WHERE trace = ?1 AND span_id BETWEEN ?2 AND ?3",
    [TRACE_SPANS] = "SELECT raw, resource, scope FROM spans WHERE trace = ?1 AND span_id BETWEEN ?2 AND ?3 ORDER BY start_ns, id",
    [OLDEST_LOG] = "SELECT id, arrived FROM logs ORDER BY id LIMIT 1",
    [OLDEST_POINT] = "SELECT id, arrived FROM points ORDER BY id LIMIT 1",
    [FIND_SERVICE] = "SELECT id FROM services WHERE name = ?1",
    [INSERT_SERVICE_NAME] = "INSERT INTO services(name) VALUES(?1)",
    [FIND_LOGS] = "SELECT raw FROM logs WHERE hash = ?1 AND resource = ?2 AND scope = ?3",
    [INSERT_LOG] = "INSERT INTO logs(arrived, time_ns, severity, service, trace_id, span_id, resource, scope, hash, raw)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [LOGS_BY_TIME] = "SELECT id, severity FROM logs INDEXED BY logs_time WHERE time_ns >= ?1 AND (time_ns, id) < (?2, ?3)"
                     " ORDER BY time_ns DESC, id DESC",
    [LOGS_OF_SERVICE] = "SELECT id, severity FROM logs INDEXED BY logs_service WHERE service = (SELECT id FROM services WHERE name = ?4)"
                        " AND time_ns >= ?1 AND (time_ns, id) < (?2, ?3) ORDER BY time_ns DESC, id DESC",
    [LOGS_OF_TRACE] = "SELECT id, severity, span_id FROM logs INDEXED BY logs_trace WHERE trace_id = ?4 AND time_ns >= ?1"
                      " AND (time_ns, id) < (?2, ?3) ORDER BY time_ns DESC, id DESC",
    [READ_LOG] = "SELECT l.time_ns, l.resource, l.scope, l.raw, s.name FROM logs l JOIN services s ON s.id = l.service WHERE l.id = ?1",
    [RELEASE_LOG_RESOURCES] = "UPDATE origins SET uses = uses - n FROM (SELECT resource AS origin, count(*) AS n FROM logs WHERE id <= ?1"
                              " GROUP BY resource) WHERE id = origin",
    [RELEASE_LOG_SCOPES] = "UPDATE origins SET uses = uses - n FROM (SELECT scope AS origin, count(*) AS n FROM logs WHERE id <= ?1"
                           " GROUP BY scope) WHERE id = origin",
    [DELETE_LOGS] = "DELETE FROM logs WHERE id <= ?1",
    [FIND_INSTRUMENT] = "SELECT id FROM instruments WHERE service = ?1 AND name = ?2 AND scope = ?3 AND unit = ?4 AND type = ?5"
                        " AND temporality = ?6 AND monotonic = ?7",
    [INSERT_INSTRUMENT] = "INSERT INTO instruments(service, name, scope, unit, type, temporality, monotonic, description)"
                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [FIND_SERIES] = "SELECT id FROM series WHERE instrument = ?1 AND hash = ?2 AND resource = ?3 AND scope = ?4 AND attributes = ?5",
    [INSERT_SERIES] = "INSERT INTO series(instrument, hash, resource, scope, attributes, points, last_ns) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0)",
    [USE_SERIES] = "UPDATE series SET points = points + 1, last_ns = max(last_ns, ?2) WHERE id = ?1",
    [INSERT_POINT] = "INSERT OR IGNORE INTO points(arrived, series, time_ns, start_ns, raw) VALUES(?1, ?2, ?3, ?4, ?5)",
    [LIST_INSTRUMENTS] = SELECT_INSTRUMENTS " WHERE (?1 = '' OR instr(lower(i.name), lower(?1))) AND (?2 = '' OR s.name = ?2)"
                                            " ORDER BY s.name, i.name, i.scope, i.id LIMIT ?3",
    [ONE_INSTRUMENT] = SELECT_INSTRUMENTS " WHERE i.id = ?1",
    [SERIES_OF_INSTRUMENT] = "SELECT id, resource, scope, attributes FROM series WHERE instrument = ?1 ORDER BY last_ns DESC, id LIMIT ?2",
    [POINTS_OF_SERIES] = "SELECT raw FROM (SELECT time_ns, start_ns, raw FROM points WHERE series = ?1 AND time_ns BETWEEN ?2 AND ?3"
                         " ORDER BY time_ns DESC, start_ns DESC LIMIT ?4) ORDER BY time_ns, start_ns",
    [POINTS_BEHIND] = "SELECT 1 FROM points WHERE series = ?1 AND time_ns BETWEEN ?2 AND ?3 LIMIT 1 OFFSET ?4",
    [RELEASE_SERIES] = "UPDATE series SET points = points - n FROM (SELECT series AS whose, count(*) AS n FROM points NOT INDEXED WHERE id <= ?1 GROUP BY series)"
                       " WHERE id = whose",
    [DELETE_POINTS] = "DELETE FROM points WHERE id <= ?1",
    [RELEASE_SERIES_RESOURCES] = "UPDATE origins SET uses = uses - n FROM (SELECT resource AS origin, count(*) AS n FROM series WHERE points = 0"
                                 " GROUP BY resource) WHERE id = origin",
    [RELEASE_SERIES_SCOPES] = "UPDATE origins SET uses = uses - n FROM (SELECT scope AS origin, count(*) AS n FROM series WHERE points = 0"
                              " GROUP BY scope) WHERE id = origin",
    [DELETE_SERIES] = "DELETE FROM series WHERE points = 0",
    [DELETE_INSTRUMENTS] = "DELETE FROM instruments WHERE NOT EXISTS (SELECT 1 FROM series WHERE instrument = instruments.id)",
    [DELETE_SERVICE_NAMES] = "DELETE FROM services WHERE NOT EXISTS (SELECT 1 FROM logs WHERE service = services.id)"
                             " AND NOT EXISTS (SELECT 1 FROM instruments WHERE service = services.id)",
};

static int64_t ask(struct sqlite_store *store, const char *question)
{
    int64_t answer = -1;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, question, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

/* SQLite would create it readable for all, and its helpers take over the mode: prompts and answers are in there. */
static bool create_private(const char *path, struct spwv_error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(error->text, sizeof error->text, "cannot open --db %.120s: %s; name a file in a directory you may write", path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool open_failed(struct sqlite_store *store, const char *path, struct spwv_error *error)
{
    int code = sqlite3_errcode(store->db);
    const char *cure = code == SQLITE_BUSY     ? "another process has it open: stop that one or name another file"
                       : code == SQLITE_NOTADB ? "it is not a database: name another file"
                                               : "name another file, or none to keep the traces in memory";
    snprintf(error->text, sizeof error->text, "cannot open --db %.100s: %s; %s", path ? path : "(memory)", sqlite3_errmsg(store->db), cure);
    return false;
}

/* *version: 0 for a fresh file. */
static bool check_owner(struct sqlite_store *store, const char *path, int64_t *version, struct spwv_error *error)
{
    *version = ask(store, "PRAGMA user_version");
    int64_t owner = ask(store, "PRAGMA application_id");
    int64_t tables = ask(store, "SELECT count(*) FROM sqlite_schema");
    if (*version < 0 || tables < 0)
        return open_failed(store, path, error);
    bool fresh = *version == 0 && owner == 0 && tables == 0;
    if (fresh || (*version > 0 && *version <= SCHEMA_VERSION && owner == APPLICATION_ID))
        return true;
    if (owner != APPLICATION_ID)
        snprintf(error->text, sizeof error->text, "--db %.100s is another program's database; name another file", path);
    else
        snprintf(error->text, sizeof error->text, "--db %.100s has store version %lld, this program knows %d; name another file or delete it", path,
                 (long long)*version, SCHEMA_VERSION);
    return false;
}

static bool execute(struct sqlite_store *store, const char *text)
{
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

static bool create_schema(struct sqlite_store *store)
{
    char owner[96];
    snprintf(owner, sizeof owner, "PRAGMA user_version = %d; PRAGMA application_id = %d;", SCHEMA_VERSION, APPLICATION_ID);
    return execute(store, "BEGIN IMMEDIATE") && execute(store, schema) && execute(store, owner) && execute(store, "COMMIT");
}

/* With the statements of the new form, but in the transaction that brings it about: the caller closes the database on failure, which rolls back. */
static bool change_schema(struct sqlite_store *store, int64_t version)
{
    bool ok = execute(store, "BEGIN IMMEDIATE");
    for (; ok && version < SCHEMA_VERSION; version++)
        ok = execute(store, migrations[version]);
    return ok;
}

static bool finish_migration(struct sqlite_store *store, int64_t version)
{
    char stamp[48];
    snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", SCHEMA_VERSION);
    return (version > 2 || spwv_sqlite_reindex(store)) && execute(store, stamp) && execute(store, "COMMIT");
}

static bool prepare_statements(struct sqlite_store *store)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

static void read_counts(struct sqlite_store *store)
{
    store->page_size = (uint64_t)ask(store, "PRAGMA page_size");
    store->info.traces = (uint64_t)ask(store, "SELECT count(*) FROM traces");
    store->info.spans = (uint64_t)ask(store, "SELECT total(spans) FROM traces");
    store->info.logs = (uint64_t)ask(store, "SELECT count(*) FROM logs");
    store->info.metric_points = (uint64_t)ask(store, "SELECT total(points) FROM series");
    store->info.revision = (uint64_t)ask(store, "SELECT 1 + max((SELECT ifnull(max(revision), 0) FROM traces),"
                                                " (SELECT ifnull(max(arrived), 0) FROM logs WHERE id = (SELECT max(id) FROM logs)),"
                                                " (SELECT ifnull(max(arrived), 0) FROM points WHERE id = (SELECT max(id) FROM points)))");
}

static bool bring_up_to_date(struct sqlite_store *store, int64_t version)
{
    bool old = version > 0 && version < SCHEMA_VERSION;
    bool ok = version == 0 ? create_schema(store) : !old || change_schema(store, version);
    if (!ok || !prepare_statements(store) || !spwv_index_open(store))
        return false;
    store->info.migrated_from = old ? (unsigned)version : 0;
    return !old || finish_migration(store, version);
}

bool spwv_sqlite_prepare(struct sqlite_store *store, const char *path, struct spwv_error *error)
{
    if (path && !create_private(path, error))
        return false;
    /* One connection behind one lock: SQLite needs none of its own. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path ? path : ":memory:", &store->db, flags, NULL) != SQLITE_OK)
        return open_failed(store, path, error);
    execute(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192");
    int64_t version;
    if (!check_owner(store, path, &version, error))
        return false;
    /* Losing the last requests in a power cut is fine for a viewer; a broken file is not. */
    if (path && !execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216"))
        return open_failed(store, path, error);
    if (!bring_up_to_date(store, version))
        return open_failed(store, path, error);
    if (!execute(store, "BEGIN IMMEDIATE; COMMIT")) /* takes the exclusive lock now, not at the first request */
        return open_failed(store, path, error);
    read_counts(store);
    return true;
}
