/* The store: summaries kept right whatever the order, duplicates, eviction, filters, files. */
#include "fixture.h"
#include "take.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct spwv_error error;

static int open_memory(void **state)
{
    *state = spwv_store_sqlite_open(NULL, 64 << 20, &error);
    return *state ? 0 : -1;
}

static int close_store(void **state)
{
    struct spwv_store *store = *state;
    store->destroy(store);
    return 0;
}

static struct spwv_store_info info_of(struct spwv_store *store)
{
    struct spwv_store_info info;
    store->info(store, &info);
    return info;
}

/* ---- the list as text: "NN root|- service spans errors duration complete[services];" ---- */

struct listing {
    char text[4096];
    size_t traces;
    struct spwv_trace_summary last;
    bool more;
};

static void list_trace(void *arg, const struct spwv_trace_summary *trace)
{
    struct listing *listing = arg;
    size_t used = strlen(listing->text);
    listing->traces++;
    listing->last = *trace;
    snprintf(listing->text + used, sizeof listing->text - used, ";%02x %.*s %.*s %u/%u %u%s", trace->trace_id[15],
             trace->complete ? (int)trace->root_name.size : 1, trace->complete ? (const char *)trace->root_name.data : "-",
             (int)trace->root_service.size, (const char *)trace->root_service.data, (unsigned)trace->error_count, (unsigned)trace->span_count,
             (unsigned)trace->duration_ns, trace->complete ? "" : " open");
}

static void list_service(void *arg, struct spwv_slice service)
{
    struct listing *listing = arg;
    size_t used = strlen(listing->text);
    snprintf(listing->text + used, sizeof listing->text - used, " %.*s", (int)service.size, (const char *)service.data);
}

static struct listing list(struct spwv_store *store, struct spwv_trace_filter filter)
{
    static struct listing listing;
    listing = (struct listing){.text = ""};
    struct spwv_list_sink sink = {&listing, list_trace, list_service};
    filter.limit = filter.limit ? filter.limit : 100;
    struct spwv_list_result result;
    assert_true(store->list(store, &filter, &sink, &result, &error));
    listing.more = result.more;
    return listing;
}

static struct listing find(struct spwv_store *store, const char *text)
{
    static struct spwv_query query;
    struct spwv_query_error mistake;
    if (!spwv_query_parse(text, strlen(text), &query, &mistake))
        fail_msg("%s: %s", text, mistake.text);
    return list(store, (struct spwv_trace_filter){.query = &query});
}

static void spans_in_any_order_make_one_summary(void **state)
{
    struct spwv_store *store = *state;
    put(store, ENCODE({.trace = 1, .id = 3, .parent = 2, .name = "leaf", .start = 130, .end = 150, .error = true, .service = "b"}));
    assert_string_equal(list(store, (struct spwv_trace_filter){0}).text, ";01 - b 1/1 20 open b");
    put(store, ENCODE({.trace = 1, .id = 2, .parent = 1, .name = "mid", .start = 120, .end = 160, .service = "b"}));
    put(store, ENCODE({.trace = 1, .id = 1, .name = "root", .start = 100, .end = 200, .service = "a"}));
    assert_string_equal(list(store, (struct spwv_trace_filter){0}).text, ";01 root a 1/3 100 a b");
    put(store, ENCODE({.trace = 1, .id = 9, .parent = 1, .name = "late", .start = 190, .end = 250, .service = "c"}));
    assert_string_equal(list(store, (struct spwv_trace_filter){0}).text, ";01 root a 1/4 150 a b c");
    assert_int_equal(info_of(store).traces, 1);
    assert_int_equal(info_of(store).spans, 4);
}

static void a_span_received_twice_is_one(void **state)
{
    struct spwv_store *store = *state;
    struct sample sample = {.trace = 1, .id = 1, .name = "root", .start = 1, .end = 2, .error = true};
    assert_int_equal(put(store, encode(&sample, 1)), 1);
    uint64_t revision = info_of(store).revision;
    assert_int_equal(put(store, encode(&sample, 1)), 0);
    assert_int_equal(put(store, encode((struct sample[]){sample, sample}, 2)), 0);
    assert_int_equal(info_of(store).duplicates, 3);
    assert_int_equal(info_of(store).spans, 1);
    assert_int_equal(info_of(store).revision, revision); /* nothing to see: no poll should refetch */
    assert_string_equal(list(store, (struct spwv_trace_filter){0}).text, ";01 root svc 1/1 1 svc");
}

static void filters_choose(void **state)
{
    struct spwv_store *store = *state;
    put(store, ENCODE({.trace = 1, .id = 1, .name = "GET /users", .start = 1000, .end = 3000000, .service = "web"},
                      {.trace = 1, .id = 2, .parent = 1, .name = "100% SELECT", .start = 1000, .end = 2000, .service = "db"},
                      {.trace = 2, .id = 1, .name = "job", .start = 2000, .end = 2500, .error = true, .service = "worker"},
                      {.trace = 3, .id = 1, .name = "idle", .start = 3000, .end = 3000, .service = "worker"}));
    assert_int_equal(list(store, (struct spwv_trace_filter){0}).traces, 3);
    assert_int_equal(list(store, (struct spwv_trace_filter){0}).last.trace_id[15], 1); /* newest first, oldest last */
    assert_int_equal(find(store, "service = worker").traces, 2);
    assert_int_equal(find(store, "service = db").traces, 1);
    assert_int_equal(find(store, "service = nobody").traces, 0);
    assert_int_equal(find(store, "error").last.trace_id[15], 2);
    assert_int_equal(find(store, "duration >= 1ms").traces, 1);
    assert_int_equal(find(store, "select").traces, 1);
    assert_int_equal(find(store, "0%").traces, 1); /* % and _ are themselves */
    assert_int_equal(find(store, "GET_").traces, 0);
    assert_int_equal(find(store, "ab0000").traces, 3);
    assert_int_equal(find(store, "ab000000000000000000000000000002").traces, 1);
    assert_int_equal(find(store, "ab1").traces, 0);
    assert_int_equal(find(store, "job service = web").traces, 0);
}

static void pages_meet_without_gap_or_overlap(void **state)
{
    struct spwv_store *store = *state;
    for (unsigned i = 1; i <= 25; i++) /* several with one start */
        put(store, ENCODE({.trace = (uint8_t)i, .id = 1, .name = "n", .start = 1000 + i / 4, .end = 2000}));
    struct spwv_trace_filter filter = {.limit = 10};
    bool seen[26] = {false};
    size_t total = 0;
    struct listing page;
    do {
        page = list(store, filter);
        for (const char *at = page.text; (at = strchr(at, ';')) != NULL; at++) {
            unsigned long id = strtoul(at + 1, NULL, 16);
            assert_false(seen[id]);
            seen[id] = true;
            total++;
        }
        filter.before = true;
        filter.before_key = page.last.position_key;
        filter.before_id = page.last.position_id;
    } while (page.more);
    assert_int_equal(total, 25);
}

static void the_cap_holds_and_evictions_are_counted(void **state)
{
    (void)state;
    struct spwv_store *store = spwv_store_sqlite_open(NULL, 1 << 20, &error);
    char *name = malloc(4001);
    memset(name, 'n', 4000);
    name[4000] = 0;
    for (unsigned i = 0; i < 200; i++) {
        put(store, ENCODE({.trace = (uint8_t)(i + 1), .id = 1, .name = name, .start = 1000 + i, .end = 2000, .service = i % 2 ? "odd" : "even"},
                          {.trace = (uint8_t)(i + 1), .id = 2, .parent = 1, .name = name, .start = 1000 + i, .end = 2000}));
        assert_true(info_of(store).bytes <= 1 << 20);
    }
    struct spwv_store_info info = info_of(store);
    assert_true(info.evicted_traces > 50);
    assert_int_equal(info.traces + info.evicted_traces, 200);
    assert_int_equal(info.spans, info.traces * 2);
    assert_int_equal(list(store, (struct spwv_trace_filter){.limit = 1}).last.trace_id[15], 200); /* the newest stay */
    struct sample whole = {.trace = 1, .id = 77, .name = "again", .start = 1, .end = 2};
    put(store, encode(&whole, 1)); /* one that left may come again */
    assert_int_equal(find(store, "again").traces, 1);
    assert_true(store->clear(store, &error));
    assert_int_equal(info_of(store).traces, 0);
    assert_int_equal(list(store, (struct spwv_trace_filter){0}).traces, 0);
    free(name);
    store->destroy(store);
}

static void summaries_of_long_texts_are_short(void **state)
{
    struct spwv_store *store = *state;
    static char name[3 * 2000 + 2] = "x";
    for (size_t i = 0; i < 2000; i++)
        memcpy(name + 1 + 3 * i, "\xe2\x82\xac", 3);
    put(store, ENCODE({.trace = 1, .id = 1, .name = name, .start = 1, .end = 2, .service = name}));
    struct listing listing = list(store, (struct spwv_trace_filter){0});
    assert_int_equal(listing.last.root_name.size, 1 + 3 * 341); /* whole characters only */
    assert_int_equal(listing.last.root_service.size, 1 + 3 * 341);
}

static void a_rollback_leaves_nothing(void **state)
{
    struct spwv_store *store = *state;
    struct bytes request = ENCODE({.trace = 1, .id = 1, .name = "gone", .start = 1, .end = 2});
    struct spwv_cursor cursor;
    struct spwv_span span;
    uint64_t revision = info_of(store).revision;
    assert_true(store->begin(store, &error));
    spwv_otlp_items(&cursor, (struct spwv_slice){request.data, request.size});
    assert_true(next_span(&cursor, &span));
    assert_true(store->add(store, &span, &cursor, &error));
    store->rollback(store);
    assert_int_equal(info_of(store).spans, 0);
    assert_int_equal(info_of(store).traces, 0);
    assert_int_equal(info_of(store).revision, revision);
    assert_int_equal(list(store, (struct spwv_trace_filter){0}).traces, 0);
    free(request.data);
}

/* ---- files ---- */

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/spwv-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/traces.db", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails when a -wal stayed behind */
}

static void a_file_keeps_its_traces_and_is_private(void **state)
{
    (void)state;
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    put(store, ENCODE({.trace = 1, .id = 1, .name = "kept", .start = 1, .end = 2}));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_null(spwv_store_sqlite_open(path, 64 << 20, &error)); /* one process at a time */
    assert_non_null(strstr(error.text, "another process"));
    uint64_t revision = info_of(store).revision;
    store->destroy(store);
    store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    assert_string_equal(list(store, (struct spwv_trace_filter){0}).text, ";01 kept svc 0/1 1 svc");
    assert_true(info_of(store).revision > revision);
    assert_int_equal(info_of(store).spans, 1);
    assert_string_equal(info_of(store).kind, "file");
    store->destroy(store);
}

/* ---- schema URLs and the file's versions ---- */

struct origins {
    char text[1024]; /* "r:url s:url ..." in the order they are given, then " span:resource,scope" for each span */
};

static void add_text(struct origins *origins, const char *what, struct spwv_slice url)
{
    size_t used = strlen(origins->text);
    snprintf(origins->text + used, sizeof origins->text - used, "%s%s:%.*s", used ? " " : "", what, (int)url.size, (const char *)url.data);
}

static void note_resource(void *arg, const struct spwv_origin *resource)
{
    add_text(arg, "r", resource->schema_url);
}

static void note_scope(void *arg, const struct spwv_origin *scope)
{
    add_text(arg, "s", scope->schema_url);
}

static void note_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    (void)arg;
    (void)trace_id;
    (void)revision;
}

static void note_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct origins *origins = arg;
    size_t used = strlen(origins->text);
    snprintf(origins->text + used, sizeof origins->text - used, " %.*s:%u,%u", (int)span->name.size, (const char *)span->name.data, resource, scope);
}

static const char *origins_of(struct spwv_store *store)
{
    static struct origins origins;
    static const uint8_t trace_id[SPWV_TRACE_ID_SIZE] = {0xAB, [15] = 1};
    struct spwv_trace_sink sink = {&origins, note_trace, note_resource, note_scope, note_span};
    origins.text[0] = 0;
    assert_true(store->read(store, trace_id, &sink, &error));
    return origins.text;
}

static void schema_urls_tell_origins_apart(void **state)
{
    struct spwv_store *store = *state;
    put(store, ENCODE({.trace = 1, .id = 1, .name = "a", .start = 1, .end = 9, .resource_schema_url = "r1", .scope_schema_url = "s1"},
                      {.trace = 1, .id = 2, .name = "b", .start = 2, .end = 9, .resource_schema_url = "r1", .scope_schema_url = "s2"},
                      {.trace = 1, .id = 3, .name = "c", .start = 3, .end = 9}));
    put(store, ENCODE({.trace = 1, .id = 4, .name = "d", .start = 4, .end = 9, .resource_schema_url = "r1", .scope_schema_url = "s1"}));
    assert_string_equal(origins_of(store), "r:r1 r: s:s1 s:s2 s: a:0,0 b:0,1 c:1,2 d:0,0");
}

static void change_file(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* What version 2 wrote, made of a file of this version: its tables and indexes, letter by letter, and the rows it had. */
static const char version_3[] =
    "DROP TABLE logs; DROP TABLE points; DROP TABLE series; DROP TABLE instruments; DROP TABLE services; ALTER TABLE traces DROP COLUMN arrived;"
    "PRAGMA user_version = 3";
static const char version_2[] =
    "ALTER TABLE traces RENAME TO new_traces; DROP INDEX traces_scan;"
    "CREATE TABLE traces(id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id BLOB NOT NULL UNIQUE, start_ns INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL, spans INTEGER NOT NULL, errors INTEGER NOT NULL, revision INTEGER NOT NULL, has_root INTEGER NOT NULL,"
    " root_start INTEGER NOT NULL, root_name TEXT, root_service TEXT NOT NULL);"
    "CREATE INDEX traces_start ON traces(start_ns, id);"
    "INSERT INTO traces SELECT id, trace_id, start_ns, end_ns, spans, errors, revision, has_root, root_start, root_name, root_service"
    " FROM new_traces;"
    "DROP TABLE new_traces;"
    "CREATE TABLE trace_names(trace INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(trace, name)) WITHOUT ROWID;"
    "INSERT INTO trace_names SELECT DISTINCT trace, value FROM attributes WHERE key = 1;"
    "DROP TABLE attributes; DROP TABLE attribute_keys; DROP TABLE blocks; PRAGMA user_version = 2";

/* What a span of an agent's run says. */
static void finish_chat(pb_span *span)
{
    static any_value values[3];
    static key_value pairs[3], *pointers[3];
    static const char *const keys[] = {"gen_ai.operation.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"};
    for (int i = 0; i < 3; i++) {
        opentelemetry__proto__common__v1__any_value__init(&values[i]);
        opentelemetry__proto__common__v1__key_value__init(&pairs[i]);
        values[i].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        values[i].int_value = 100 * i;
        pairs[i].key = (char *)(uintptr_t)keys[i];
        pairs[i].value = &values[i];
        pointers[i] = &pairs[i];
    }
    values[0].value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    values[0].string_value = (char *)(uintptr_t) "chat";
    span->n_attributes = 3;
    span->attributes = pointers;
}

static void check_migrated(struct spwv_store *store)
{
    assert_int_equal(find(store, "gen_ai.usage.input_tokens = 100").traces, 1);
    assert_int_equal(find(store, "{ name = say gen_ai.usage.output_tokens > 150 }").traces, 1);
    assert_int_equal(find(store, "{ name = other has gen_ai.operation.name }").traces, 0);
    assert_int_equal(find(store, "service = b").traces, 1);
    assert_int_equal(find(store, "resource.service.name = b").traces, 1);
    struct listing chat = find(store, "tokens = 300 span.duration = 7ns span.duration = 2ns spans = 2");
    assert_int_equal(chat.traces, 1);
    assert_int_equal(chat.last.input_tokens, 100);
    assert_int_equal(chat.last.output_tokens, 200);
}

static void a_file_of_version_2_is_migrated(void **state)
{
    (void)state;
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    put(store, ENCODE({.trace = 1, .id = 1, .name = "say", .start = 1, .end = 8, .finish = finish_chat},
                      {.trace = 2, .id = 1, .name = "job", .start = 4, .end = 9, .error = true, .service = "b"},
                      {.trace = 1, .id = 2, .name = "other", .start = 2, .end = 4}));
    check_migrated(store);
    store->destroy(store);
    change_file(version_3);
    change_file(version_2);
    store = spwv_store_sqlite_open(path, 64 << 20, &error);
    if (!store)
        fail_msg("%s", error.text);
    assert_int_equal(info_of(store).migrated_from, 2);
    check_migrated(store);
    put(store, ENCODE({.trace = 2, .id = 2, .name = "late", .start = 5, .end = 6, .service = "c"}));
    assert_int_equal(find(store, "{ service = b name = job } service = c").traces, 1);
    store->destroy(store);
    store = spwv_store_sqlite_open(path, 64 << 20, &error); /* for good */
    assert_non_null(store);
    assert_int_equal(info_of(store).migrated_from, 0);
    check_migrated(store);
    store->destroy(store);
}

static void a_file_of_version_3_is_migrated(void **state)
{
    (void)state;
    static const char logs[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":5,\"body\":{\"stringValue\":\"b\"}}]}]}]}";
    const struct spwv_signal *signal = spwv_signal_of_path("/v1/logs");
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    struct spwv_take take;
    assert_non_null(store);
    put(store, ENCODE({.trace = 1, .id = 1, .name = "old", .start = 1, .end = 2}));
    store->destroy(store);
    change_file(version_3);
    store = spwv_store_sqlite_open(path, 64 << 20, &error);
    if (!store)
        fail_msg("%s", error.text);
    assert_int_equal(info_of(store).migrated_from, 3);
    assert_int_equal(info_of(store).spans, 1);
    assert_int_equal(spwv_take_json(store, signal, (struct spwv_slice){(const uint8_t *)logs, sizeof logs - 1}, NULL, &take, &error), SPWV_TAKEN);
    assert_int_equal(find(store, "name = old").traces, 1);
    store->destroy(store);
    store = spwv_store_sqlite_open(path, 64 << 20, &error); /* for good, and the log with it */
    assert_non_null(store);
    assert_int_equal(info_of(store).migrated_from, 0);
    assert_int_equal(info_of(store).logs, 1);
    store->destroy(store);
}

static void a_file_of_version_1_is_migrated(void **state)
{
    (void)state;
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    put(store, ENCODE({.trace = 1, .id = 1, .name = "old", .start = 1, .end = 2}));
    store->destroy(store);
    change_file(version_3);
    change_file(version_2);
    change_file("ALTER TABLE origins DROP COLUMN schema_url; PRAGMA user_version = 1"); /* what version 1 wrote */
    store = spwv_store_sqlite_open(path, 64 << 20, &error);
    if (!store)
        fail_msg("%s", error.text);
    put(store, ENCODE({.trace = 1, .id = 2, .name = "same", .start = 2, .end = 3},
                      {.trace = 1, .id = 3, .name = "new", .start = 3, .end = 4, .resource_schema_url = "r", .scope_schema_url = "s"}));
    assert_string_equal(origins_of(store), "r: r:r s: s:s old:0,0 same:0,0 new:1,1");
    store->destroy(store);
    store = spwv_store_sqlite_open(path, 64 << 20, &error); /* the migration was for good */
    assert_non_null(store);
    assert_string_equal(origins_of(store), "r: r:r s: s:s old:0,0 same:0,0 new:1,1");
    store->destroy(store);
}

static void a_file_of_a_later_version_is_refused(void **state)
{
    (void)state;
    struct spwv_store *store = spwv_store_sqlite_open(path, 64 << 20, &error);
    assert_non_null(store);
    store->destroy(store);
    change_file("PRAGMA user_version = 99");
    assert_null(spwv_store_sqlite_open(path, 64 << 20, &error));
    assert_non_null(strstr(error.text, "has store version 99, this program knows 4; name another file or delete it"));
}

static void foreign_files_are_refused_with_a_cure(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_null(spwv_store_sqlite_open(path, 64 << 20, &error));
    assert_non_null(strstr(error.text, "name another file"));
    assert_null(spwv_store_sqlite_open("/nowhere/at/all.db", 64 << 20, &error));
    assert_non_null(strstr(error.text, "directory you may write"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(spans_in_any_order_make_one_summary, open_memory, close_store),
        cmocka_unit_test_setup_teardown(a_span_received_twice_is_one, open_memory, close_store),
        cmocka_unit_test_setup_teardown(filters_choose, open_memory, close_store),
        cmocka_unit_test_setup_teardown(pages_meet_without_gap_or_overlap, open_memory, close_store),
        cmocka_unit_test(the_cap_holds_and_evictions_are_counted),
        cmocka_unit_test_setup_teardown(summaries_of_long_texts_are_short, open_memory, close_store),
        cmocka_unit_test_setup_teardown(a_rollback_leaves_nothing, open_memory, close_store),
        cmocka_unit_test_setup_teardown(a_file_keeps_its_traces_and_is_private, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(schema_urls_tell_origins_apart, open_memory, close_store),
        cmocka_unit_test_setup_teardown(a_file_of_version_2_is_migrated, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_file_of_version_3_is_migrated, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_file_of_version_1_is_migrated, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_file_of_a_later_version_is_refused, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(foreign_files_are_refused_with_a_cure, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
