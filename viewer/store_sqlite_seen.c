/* What has been seen, for completion: keys and values, counted over the blocks that came last. Contract: store.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query_match.h"
#include "store_sqlite.h"

enum {
    LAST_BLOCKS = 8,
    MAX_ROWS = 100000,  /* read for one answer */
    SLOTS = 4096,       /* a power of two */
    MAX_DISTINCT = 3000 /* more are not told apart from those not seen */
};

struct slot {
    uint64_t count;
    uint16_t size;
    bool used;
    bool quoted;
    char text[MAX_INDEXED_KEY];
};

struct table {
    struct sqlite_store *store;
    const struct spwv_seen_request *request;
    struct slot *slots;
    unsigned distinct;
    unsigned rows;
};

static bool starts(struct spwv_slice text, struct spwv_slice prefix)
{
    struct spwv_slice head = {text.data, prefix.size};
    return text.size >= prefix.size && spwv_text_contains(head, prefix);
}

static void count(struct table *table, struct spwv_slice text, bool quoted, uint64_t more)
{
    uint64_t hash = 0xcbf29ce484222325u + quoted;
    if (text.size > MAX_INDEXED_KEY || !starts(text, table->request->prefix))
        return;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ text.data[i]) * 0x100000001b3u;
    for (size_t at = (size_t)(hash ^ hash >> 29) % SLOTS;; at = (at + 1) % SLOTS) {
        struct slot *slot = &table->slots[at];
        if (slot->used && (slot->size != text.size || slot->quoted != quoted || (text.size && memcmp(slot->text, text.data, text.size) != 0)))
            continue;
        if (!slot->used && table->distinct++ >= MAX_DISTINCT)
            return;
        if (!slot->used && text.size)
            memcpy(slot->text, text.data, text.size);
        slot->used = true;
        slot->size = (uint16_t)text.size;
        slot->quoted = quoted;
        slot->count += more;
        return;
    }
}

/* ---- the last blocks ---- */

static void count_value(struct table *table, sqlite3_stmt *row)
{
    char number[40];
    struct spwv_slice blob;
    switch (sqlite3_column_type(row, 2)) {
    case SQLITE_INTEGER: snprintf(number, sizeof number, "%" PRId64, (int64_t)sqlite3_column_int64(row, 2)); break;
    case SQLITE_FLOAT: snprintf(number, sizeof number, "%.17g", sqlite3_column_double(row, 2)); break;
    case SQLITE_TEXT: count(table, spwv_sqlite_column(row, 2), true, 1); return;
    default:
        blob = spwv_sqlite_column(row, 2);
        if (!blob.size || (blob.data[0] != MARK_FALSE && blob.data[0] != MARK_TRUE))
            return; /* not as a whole, or nothing that a query can say */
        snprintf(number, sizeof number, "%s", blob.data[0] == MARK_TRUE ? "true" : "false");
    }
    count(table, (struct spwv_slice){(const uint8_t *)number, strlen(number)}, false, 1);
}

/* The rows of a key in the last blocks; key_text: count it for each row, else the row's value. */
static bool count_rows(struct table *table, int64_t key, struct spwv_slice key_text)
{
    static const uint8_t last = 0xFF;
    sqlite3_stmt *next = spwv_sqlite_get(table->store, NEXT_BLOCK);
    sqlite3_stmt *read = spwv_sqlite_get(table->store, READ_ATTRIBUTES);
    int64_t block = INT64_MAX;
    bool ok = true;
    for (unsigned i = 0; ok && i < LAST_BLOCKS && table->rows < MAX_ROWS; i++) {
        sqlite3_bind_int64(next, 1, block);
        bool found = sqlite3_step(next) == SQLITE_ROW;
        block = found ? sqlite3_column_int64(next, 0) : 0;
        sqlite3_reset(next);
        if (!found)
            break;
        sqlite3_bind_int64(read, 1, block);
        sqlite3_bind_int64(read, 2, key);
        sqlite3_bind_double(read, 3, -HUGE_VAL);
        spwv_sqlite_blob(read, 4, (struct spwv_slice){&last, 1});
        while (table->rows++ < MAX_ROWS && sqlite3_step(read) == SQLITE_ROW) {
            if (key_text.data)
                count(table, key_text, false, 1);
            else
                count_value(table, read);
        }
        ok = sqlite3_reset(read) == SQLITE_OK;
    }
    return ok;
}

static bool count_keys(struct table *table)
{
    sqlite3_stmt *keys = spwv_sqlite_get(table->store, ALL_KEYS);
    bool ok = true;
    while (ok && sqlite3_step(keys) == SQLITE_ROW) {
        struct spwv_slice key = spwv_sqlite_column(keys, 1);
        if (!starts(key, table->request->prefix))
            continue;
        count(table, key, false, 0); /* there, though perhaps not in the last blocks */
        ok = count_rows(table, sqlite3_column_int64(keys, 0), key);
    }
    return sqlite3_reset(keys) == SQLITE_OK && ok;
}

/* ---- resources ---- */

static void count_operand(struct table *table, const struct spwv_operand *operand, uint64_t uses)
{
    char number[40];
    switch (operand->type) {
    case SPWV_OPERAND_TEXT: count(table, operand->text, true, uses); return;
    case SPWV_OPERAND_INT: snprintf(number, sizeof number, "%" PRId64, operand->integer); break;
    case SPWV_OPERAND_DOUBLE: snprintf(number, sizeof number, "%.17g", operand->real); break;
    case SPWV_OPERAND_BOOL: snprintf(number, sizeof number, "%s", operand->integer ? "true" : "false"); break;
    default: return;
    }
    count(table, (struct spwv_slice){(const uint8_t *)number, strlen(number)}, false, uses);
}

static void count_resource(struct table *table, struct spwv_slice resource, uint64_t uses)
{
    const struct spwv_seen_request *request = table->request;
    struct spwv_wire wire = spwv_wire_of(resource);
    struct spwv_slice raw;
    while (spwv_otlp_each(&wire, SPWV_RESOURCE_ATTRIBUTES, &raw)) {
        struct spwv_key_value kv;
        struct spwv_operands operands;
        struct spwv_operand operand;
        spwv_otlp_read_key_value(raw, &kv);
        if (request->what == SPWV_SEEN_KEYS) {
            count(table, kv.key, false, uses);
            continue;
        }
        if (kv.key.size != request->key.size || (kv.key.size && memcmp(kv.key.data, request->key.data, kv.key.size) != 0))
            continue;
        spwv_operands_of(&operands, kv.value);
        while (spwv_next_operand(&operands, &operand))
            count_operand(table, &operand, uses);
    }
}

static bool count_resources(struct table *table)
{
    sqlite3_stmt *origins = spwv_sqlite_get(table->store, ALL_ORIGINS);
    while (table->rows++ < MAX_ROWS && sqlite3_step(origins) == SQLITE_ROW)
        if (sqlite3_column_int(origins, 1) == 0)
            count_resource(table, spwv_sqlite_column(origins, 2), (uint64_t)sqlite3_column_int64(origins, 3));
    return sqlite3_reset(origins) == SQLITE_OK;
}

/* ---- the answer ---- */

static bool fill(struct table *table)
{
    const struct spwv_seen_request *request = table->request;
    struct spwv_slice none = {NULL, 0};
    bool attributes = request->what == SPWV_SEEN_KEYS || request->field == SPWV_FIELD_ATTRIBUTE;
    if (attributes && request->where != SPWV_ON_SPAN && !count_resources(table))
        return false;
    if (attributes && request->where == SPWV_ON_RESOURCE)
        return true;
    table->rows = 0;
    if (request->what == SPWV_SEEN_KEYS)
        return count_keys(table);
    if (request->field == SPWV_FIELD_NAME || request->field == SPWV_FIELD_SERVICE)
        return count_rows(table, request->field == SPWV_FIELD_NAME ? KEY_NAME : KEY_SERVICE, none);
    int64_t key = spwv_index_key(table->store, request->key);
    return !key || count_rows(table, key, none);
}

static int more_frequent(const void *a, const void *b)
{
    const struct slot *x = a;
    const struct slot *y = b;
    if (x->used != y->used)
        return x->used ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t size = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->text, y->text, size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

bool spwv_sqlite_seen(struct spwv_store *base, const struct spwv_seen_request *request, const struct spwv_seen_sink *sink, struct spwv_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct table table = {.store = store, .request = request, .slots = calloc(SLOTS, sizeof(struct slot))};
    if (!table.slots) {
        snprintf(error->text, sizeof error->text, "no memory for completion: retry");
        return false;
    }
    pthread_mutex_lock(&store->lock);
    bool ok = fill(&table) || spwv_sqlite_fail(store, error);
    pthread_mutex_unlock(&store->lock);
    if (ok) {
        qsort(table.slots, SLOTS, sizeof *table.slots, more_frequent);
        for (unsigned i = 0; i < request->limit && i < SPWV_MAX_SEEN && table.slots[i].used; i++) {
            const struct slot *slot = &table.slots[i];
            struct spwv_seen_item item = {{(const uint8_t *)slot->text, slot->size}, slot->quoted, slot->count};
            sink->item(sink->arg, &item);
        }
    }
    free(table.slots);
    return ok;
}
