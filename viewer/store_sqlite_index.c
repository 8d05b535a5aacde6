/* Writing the index of attributes. Contract and layout: store_sqlite_index.h. */
#include "store_sqlite_index.h"

#include <stdlib.h>
#include <string.h>

#include "query_match.h"
#include "store_sqlite.h"

enum { CACHED_KEYS = 1024, MAX_PENDING = 16384, FIRST_PENDING = 1024, MIN_BLOCK = 256, MAX_BLOCK = 16384 };

enum entry_type { ENTRY_INT, ENTRY_DOUBLE, ENTRY_TEXT, ENTRY_MARK };

struct entry {
    uint32_t key;
    uint8_t type;
    uint8_t mark;
    uint64_t rank; /* of the value among those of its key and type: what differs here differs */
    int64_t integer;
    double real;
    struct spwv_slice text;
    int64_t trace;
    uint64_t spans;
};

struct cached_key {
    int64_t id;
    int64_t block; /* the newest one it is noted for */
    uint16_t size;
    uint8_t bytes[MAX_INDEXED_KEY];
};

struct attribute_index {
    struct cached_key *keys[CACHED_KEYS]; /* each at its hash's place, the last one of several */
    struct entry *entries;
    size_t count;
    size_t capacity;
    size_t block_max;
    int64_t block;
    uint64_t block_rows;
    int64_t first_trace; /* of the block */
    int64_t last_trace;
    int64_t oldest_last; /* the last trace of the oldest closed block */
};

/* ---- keys ---- */

static uint64_t hash_of(struct spwv_slice key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ key.data[i]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static int64_t find_key(struct sqlite_store *store, struct spwv_slice key, int64_t *block)
{
    sqlite3_stmt *find = spwv_sqlite_get(store, FIND_KEY);
    spwv_sqlite_blob(find, 1, key);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    int64_t id = found ? sqlite3_column_int64(find, 0) : 0;
    *block = found ? sqlite3_column_int64(find, 1) : -1;
    sqlite3_reset(find);
    return id;
}

int64_t spwv_index_key(struct sqlite_store *store, struct spwv_slice key)
{
    int64_t block;
    return find_key(store, key, &block);
}

static bool insert_key(struct sqlite_store *store, struct cached_key *cached)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_KEY);
    spwv_sqlite_blob(insert, 1, (struct spwv_slice){cached->bytes, cached->size});
    sqlite3_bind_int64(insert, 2, store->index->block);
    if (!spwv_sqlite_run(store, INSERT_KEY))
        return false;
    cached->id = sqlite3_last_insert_rowid(store->db);
    return true;
}

static bool note_block(struct sqlite_store *store, struct cached_key *cached)
{
    sqlite3_stmt *note = spwv_sqlite_get(store, USE_KEY);
    sqlite3_bind_int64(note, 1, cached->id);
    sqlite3_bind_int64(note, 2, store->index->block);
    return spwv_sqlite_run(store, USE_KEY);
}

/* Its number, which from now on stays while the newest block does. 0: it failed. */
static int64_t number_of(struct sqlite_store *store, struct spwv_slice key)
{
    struct attribute_index *index = store->index;
    struct cached_key **place = &index->keys[hash_of(key) % CACHED_KEYS];
    struct cached_key *cached = *place;
    if (cached && cached->block == index->block && cached->size == key.size && (!key.size || memcmp(cached->bytes, key.data, key.size) == 0))
        return cached->id;
    if (!cached && !(cached = *place = malloc(sizeof *cached)))
        return 0;
    cached->size = (uint16_t)key.size;
    if (key.size)
        memcpy(cached->bytes, key.data, key.size);
    cached->id = find_key(store, key, &cached->block);
    bool ok = !cached->id ? insert_key(store, cached) : cached->block == index->block || note_block(store, cached);
    cached->block = ok ? index->block : -1;
    return ok ? cached->id : 0;
}

/* ---- entries ---- */

static uint64_t rank_of(const struct entry *entry)
{
    uint64_t rank = 0;
    if (entry->type == ENTRY_INT)
        return (uint64_t)entry->integer;
    if (entry->type == ENTRY_DOUBLE) {
        memcpy(&rank, &entry->real, sizeof rank);
        return rank;
    }
    for (size_t i = 0; i < 8; i++)
        rank = rank << 8 | (i < entry->text.size ? entry->text.data[i] : 0);
    return rank;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->type != y->type)
        return x->type - y->type;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->mark != y->mark)
        return x->mark - y->mark;
    size_t size = x->text.size < y->text.size ? x->text.size : y->text.size;
    int order = size ? memcmp(x->text.data, y->text.data, size) : 0;
    if (order || x->text.size != y->text.size)
        return order ? order : x->text.size < y->text.size ? -1 : 1;
    return (x->trace > y->trace) - (x->trace < y->trace);
}

static bool grow(struct attribute_index *index)
{
    size_t capacity = index->capacity ? index->capacity * 2 : FIRST_PENDING;
    struct entry *entries = realloc(index->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    index->entries = entries;
    index->capacity = capacity;
    return true;
}

static bool add_entry(struct sqlite_store *store, struct entry entry)
{
    struct attribute_index *index = store->index;
    if (index->count == MAX_PENDING && !spwv_index_flush(store))
        return false;
    if (index->count == index->capacity && !grow(index))
        return false;
    entry.rank = rank_of(&entry);
    index->entries[index->count++] = entry;
    return true;
}

/* As much of it as is indexed, up to a whole character. */
static size_t cut_size(struct spwv_slice text)
{
    size_t size = MAX_INDEXED_TEXT;
    while (size > MAX_INDEXED_TEXT - 4 && (text.data[size] & 0xC0) == 0x80)
        size--;
    return size;
}

static bool add_text(struct sqlite_store *store, struct entry entry, struct spwv_slice text)
{
    entry.type = ENTRY_TEXT;
    entry.text = text;
    if (text.size > MAX_INDEXED_TEXT) {
        entry.type = ENTRY_MARK;
        entry.mark = MARK_CUT;
        entry.text.size = cut_size(text);
    }
    return add_entry(store, entry);
}

static bool add_int(struct sqlite_store *store, struct entry entry, enum index_key key, int64_t value)
{
    entry.key = key;
    entry.integer = value;
    return add_entry(store, entry);
}

static bool add_operand(struct sqlite_store *store, struct entry entry, const struct spwv_operand *operand)
{
    switch (operand->type) {
    case SPWV_OPERAND_TEXT: return add_text(store, entry, operand->text);
    case SPWV_OPERAND_INT: entry.integer = operand->integer; break;
    case SPWV_OPERAND_DOUBLE:
        entry.type = ENTRY_DOUBLE;
        entry.real = operand->real;
        break;
    default:
        entry.type = ENTRY_MARK;
        entry.mark = operand->type != SPWV_OPERAND_BOOL ? MARK_THERE : operand->integer ? MARK_TRUE : MARK_FALSE;
    }
    return add_entry(store, entry);
}

static bool add_attribute(struct sqlite_store *store, struct entry entry, const struct spwv_key_value *kv)
{
    struct spwv_operands operands;
    struct spwv_operand operand;
    entry.key = (uint32_t)number_of(store, kv->key);
    bool ok = entry.key != 0;
    spwv_operands_of(&operands, kv->value);
    for (unsigned i = 0; ok && spwv_next_operand(&operands, &operand); i++) {
        if (i == MAX_INDEXED_ELEMENTS) {
            entry.type = ENTRY_MARK;
            entry.mark = MARK_LONG;
            return add_entry(store, entry);
        }
        ok = add_operand(store, entry, &operand);
    }
    return ok;
}

static bool add_attributes(struct sqlite_store *store, struct entry entry, const struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_slice raw;
    bool whole = true;
    for (unsigned i = 0; whole && spwv_otlp_each(&wire, SPWV_SPAN_ATTRIBUTES, &raw); i++) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(raw, &kv);
        if (i == MAX_INDEXED_ATTRIBUTES || kv.key.size > MAX_INDEXED_KEY)
            whole = false; /* the rest of them is not indexed either: one mark a span says so */
        else if (!add_attribute(store, entry, &kv))
            return false;
    }
    return whole || add_int(store, entry, KEY_UNINDEXED, 0);
}

static int64_t duration_of(const struct spwv_span *span)
{
    uint64_t end = span->end_unix_ns < INT64_MAX ? span->end_unix_ns : INT64_MAX;
    return end > span->start_unix_ns ? (int64_t)(end - span->start_unix_ns) : 0;
}

bool spwv_index_span(struct sqlite_store *store, int64_t trace, uint64_t number, const struct spwv_span *span, struct spwv_slice service)
{
    struct entry entry = {.trace = trace, .spans = (uint64_t)1 << number % 64};
    struct entry name = entry, of_service = entry;
    name.key = KEY_NAME;
    of_service.key = KEY_SERVICE;
    return add_text(store, name, span->name) && add_text(store, of_service, service) && add_int(store, entry, KEY_KIND, span->kind) &&
           add_int(store, entry, KEY_STATUS, span->status_code) && add_int(store, entry, KEY_DURATION, duration_of(span)) &&
           add_int(store, entry, KEY_ORIGIN, store->origin.resource) &&
           add_int(store, entry, KEY_ORIGIN, store->origin.scope) && add_attributes(store, entry, span);
}

/* ---- the table ---- */

static bool write_entry(struct sqlite_store *store, const struct entry *entry)
{
    sqlite3_stmt *insert = spwv_sqlite_get(store, INSERT_ATTRIBUTE);
    uint8_t marked[1 + MAX_INDEXED_TEXT];
    sqlite3_bind_int64(insert, 1, store->index->block);
    sqlite3_bind_int64(insert, 2, entry->key);
    switch (entry->type) {
    case ENTRY_INT: sqlite3_bind_int64(insert, 3, entry->integer); break;
    case ENTRY_DOUBLE: sqlite3_bind_double(insert, 3, entry->real); break;
    case ENTRY_TEXT: spwv_sqlite_text(insert, 3, entry->text); break;
    default:
        marked[0] = entry->mark;
        if (entry->text.size)
            memcpy(marked + 1, entry->text.data, entry->text.size);
        spwv_sqlite_blob(insert, 3, (struct spwv_slice){marked, 1 + entry->text.size});
    }
    sqlite3_bind_int64(insert, 4, entry->trace);
    sqlite3_bind_int64(insert, 5, (int64_t)entry->spans);
    return spwv_sqlite_run(store, INSERT_ATTRIBUTE);
}

static void note_trace(struct attribute_index *index, int64_t trace)
{
    index->first_trace = !index->block_rows || trace < index->first_trace ? trace : index->first_trace;
    index->last_trace = !index->block_rows || trace > index->last_trace ? trace : index->last_trace;
    index->block_rows++;
}

static bool write_block(struct sqlite_store *store)
{
    struct attribute_index *index = store->index;
    sqlite3_stmt *write = spwv_sqlite_get(store, WRITE_BLOCK);
    sqlite3_bind_int64(write, 1, index->block);
    sqlite3_bind_int64(write, 2, index->first_trace);
    sqlite3_bind_int64(write, 3, index->last_trace);
    sqlite3_bind_int64(write, 4, (int64_t)index->block_rows);
    if (!spwv_sqlite_run(store, WRITE_BLOCK))
        return false;
    if (index->block_rows < index->block_max)
        return true;
    if (index->oldest_last < 0)
        index->oldest_last = index->last_trace;
    index->block++;
    index->block_rows = 0;
    return true;
}

bool spwv_index_flush(struct sqlite_store *store)
{
    struct attribute_index *index = store->index;
    size_t count = index->count;
    index->count = 0;
    if (!count)
        return true;
    qsort(index->entries, count, sizeof *index->entries, compare_entries);
    for (size_t i = 0; i < count;) {
        struct entry *entry = &index->entries[i++];
        while (i < count && compare_entries(entry, &index->entries[i]) == 0)
            entry->spans |= index->entries[i++].spans;
        if (!write_entry(store, entry))
            return false;
        note_trace(index, entry->trace);
    }
    return write_block(store);
}

/* ---- life ---- */

static void read_blocks(struct sqlite_store *store)
{
    struct attribute_index *index = store->index;
    sqlite3_stmt *newest = spwv_sqlite_get(store, NEWEST_BLOCK);
    index->block = 1;
    index->block_rows = 0;
    index->oldest_last = -1;
    if (sqlite3_step(newest) == SQLITE_ROW) {
        index->block = sqlite3_column_int64(newest, 0);
        index->first_trace = sqlite3_column_int64(newest, 1);
        index->last_trace = sqlite3_column_int64(newest, 2);
        index->block_rows = (uint64_t)sqlite3_column_int64(newest, 3);
    }
    sqlite3_reset(newest);
    sqlite3_stmt *oldest = spwv_sqlite_get(store, OLDEST_BLOCK);
    if (sqlite3_step(oldest) == SQLITE_ROW && sqlite3_column_int64(oldest, 0) < index->block)
        index->oldest_last = sqlite3_column_int64(oldest, 1);
    sqlite3_reset(oldest);
}

bool spwv_index_open(struct sqlite_store *store)
{
    struct attribute_index *index = store->index = calloc(1, sizeof *index);
    if (!index)
        return false;
    uint64_t rows = store->info.max_bytes / 4096; /* of some 30 bytes: a block is below 1 % of the store */
    index->block_max = rows < MIN_BLOCK ? MIN_BLOCK : rows > MAX_BLOCK ? MAX_BLOCK : (size_t)rows;
    read_blocks(store);
    return true;
}

static void forget_keys(struct attribute_index *index)
{
    for (size_t i = 0; i < CACHED_KEYS; i++) {
        free(index->keys[i]);
        index->keys[i] = NULL;
    }
}

void spwv_index_close(struct sqlite_store *store)
{
    if (!store->index)
        return;
    forget_keys(store->index);
    free(store->index->entries);
    free(store->index);
}

void spwv_index_forget(struct sqlite_store *store)
{
    store->index->count = 0;
    forget_keys(store->index);
    read_blocks(store);
}

/* ---- deleting ---- */

static bool run_with(struct sqlite_store *store, enum statement which, int64_t first, int64_t second)
{
    sqlite3_stmt *statement = spwv_sqlite_get(store, which);
    sqlite3_bind_int64(statement, 1, first);
    if (sqlite3_bind_parameter_count(statement) > 1)
        sqlite3_bind_int64(statement, 2, second);
    return spwv_sqlite_run(store, which);
}

bool spwv_index_drop(struct sqlite_store *store, int64_t trace)
{
    struct attribute_index *index = store->index;
    bool dropped = false;
    while (index->oldest_last >= 0 && index->oldest_last <= trace) {
        sqlite3_stmt *oldest = spwv_sqlite_get(store, OLDEST_BLOCK);
        int64_t block = sqlite3_step(oldest) == SQLITE_ROW ? sqlite3_column_int64(oldest, 0) : 0;
        sqlite3_reset(oldest);
        if (!run_with(store, DELETE_ROWS, block, 0) || !run_with(store, DELETE_BLOCK, block, 0))
            return false;
        dropped = true;
        read_blocks(store);
    }
    if (!dropped)
        return true;
    forget_keys(index);
    return spwv_sqlite_run(store, DELETE_KEYS);
}

bool spwv_index_remove(struct sqlite_store *store, int64_t trace)
{
    sqlite3_stmt *blocks = spwv_sqlite_get(store, BLOCKS_OF_TRACE);
    sqlite3_bind_int64(blocks, 1, trace);
    bool ok = true;
    while (ok && sqlite3_step(blocks) == SQLITE_ROW)
        ok = run_with(store, REMOVE_ROWS, sqlite3_column_int64(blocks, 0), trace);
    return sqlite3_reset(blocks) == SQLITE_OK && ok;
}
