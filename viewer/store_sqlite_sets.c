/* Conditions as sets of traces, from the index of attributes. Contract: store_sqlite_plan.h; the values' forms: store_sqlite_index.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store_sqlite_plan.h"

/* With fewer origins than this each is looked up, else all traces' origins are read. */
enum {
    FEW_ORIGINS = 16,
    ROWS_BEFORE_SEEK = 8 /* of a value that does not satisfy: then the next value is looked up */
};

/* ---- sets ---- */

static uint64_t *new_set(struct plan *plan, bool in_span)
{
    size_t words = in_span ? (size_t)plan->range : (size_t)(plan->range + 63) / 64;
    size_t size = words * sizeof(uint64_t);
    if (plan->used + size > MAX_SETS)
        return NULL;
    plan->used += size;
    return calloc(words ? words : 1, sizeof(uint64_t));
}

static void mark(struct plan *plan, struct condition_sets *sets, bool sure, int64_t trace, uint64_t spans)
{
    uint64_t at = (uint64_t)trace - (uint64_t)plan->first;
    uint64_t **set = sure ? &sets->sure : &sets->unsure;
    if (trace < plan->first || at >= plan->range || sets->opaque)
        return; /* a trace that is gone, or nothing to add */
    if (!*set && !(*set = new_set(plan, sets->in_span)))
        sets->opaque = true;
    else if (sets->in_span)
        (*set)[at] |= spans;
    else
        (*set)[at / 64] |= (uint64_t)1 << at % 64;
}

/* ---- one value of the index ---- */

static struct spwv_operand operand_of(sqlite3_stmt *row, int column)
{
    struct spwv_operand operand = {.type = SPWV_OPERAND_OTHER};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        operand.type = SPWV_OPERAND_INT;
        operand.integer = sqlite3_column_int64(row, column);
        break;
    case SQLITE_FLOAT:
        operand.type = SPWV_OPERAND_DOUBLE;
        operand.real = sqlite3_column_double(row, column);
        break;
    default:
        operand.type = SPWV_OPERAND_TEXT;
        operand.text = spwv_sqlite_column(row, column);
    }
    return operand;
}

/* A text of which only the beginning is known. */
static enum answer judge_cut(const struct plan *plan, const struct spwv_query_node *node, struct spwv_slice start)
{
    struct spwv_slice text = spwv_query_text(plan->query, node->text);
    size_t common = start.size < text.size ? start.size : text.size;
    int order = common ? memcmp(start.data, text.data, common) : 0;
    struct spwv_operand operand = {.type = SPWV_OPERAND_TEXT, .text = start};
    if (node->compare == SPWV_CONTAINS)
        return spwv_text_contains(start, text) ? YES : MAYBE;
    if (order == 0 && text.size > start.size)
        return MAYBE;
    /* It differs within the part, or goes on where the other one ends: the part itself compares the same, unless it is that other one. */
    if (order == 0 && text.size == start.size)
        return node->compare == SPWV_NE || ((node->compare == SPWV_GT || node->compare == SPWV_GE) && node->value >= SPWV_VALUE_WORD &&
                                            node->value <= SPWV_VALUE_QUOTED)
                   ? YES
                   : NO;
    return spwv_query_compare(plan->query, node, &operand) ? YES : NO;
}

static enum answer judge(const struct plan *plan, const struct spwv_query_node *node, sqlite3_stmt *row, int column)
{
    struct spwv_operand operand;
    if (node->compare == SPWV_HAS)
        return YES;
    if (sqlite3_column_type(row, column) != SQLITE_BLOB) {
        operand = operand_of(row, column);
        return spwv_query_compare(plan->query, node, &operand) ? YES : NO;
    }
    struct spwv_slice blob = spwv_sqlite_column(row, column);
    switch (blob.size ? blob.data[0] : MARK_THERE) {
    case MARK_CUT: return judge_cut(plan, node, (struct spwv_slice){blob.data + 1, blob.size - 1});
    case MARK_LONG: return MAYBE;
    case MARK_FALSE:
    case MARK_TRUE: operand = (struct spwv_operand){.type = SPWV_OPERAND_BOOL, .integer = blob.data[0] == MARK_TRUE}; break;
    default: operand = (struct spwv_operand){.type = SPWV_OPERAND_OTHER};
    }
    return spwv_query_compare(plan->query, node, &operand) ? YES : NO;
}

/* ---- ranges of values ---- */

/* Where in SQLite's order of values (numbers, texts, blobs) what satisfies a condition can be. A superset: judge() decides. */
enum range { ALL_VALUES, NUMBERS, NUMBERS_BELOW, NUMBERS_ABOVE, ONE_NUMBER, TEXTS, ONE_TEXT, CUT_OF_TEXT, CUT, LONG, TRUTHS };

static const uint8_t blobs[] = {MARK_THERE, MARK_CUT, MARK_LONG, MARK_FALSE, MARK_TRUE, 0xFF};

static void bind_blob(sqlite3_stmt *read, int index, size_t which)
{
    spwv_sqlite_blob(read, index, (struct spwv_slice){&blobs[which], 1});
}

static void bind_number(sqlite3_stmt *read, int index, const struct spwv_query_node *node)
{
    if (node->value == SPWV_VALUE_INT)
        sqlite3_bind_int64(read, index, node->number.integer);
    else
        sqlite3_bind_double(read, index, node->number.real);
}

static void bind_range(const struct plan *plan, const struct spwv_query_node *node, enum range range, sqlite3_stmt *read, uint8_t *cut)
{
    struct spwv_slice text = spwv_query_text(plan->query, node->text);
    double infinite = HUGE_VAL;
    switch (range) {
    case NUMBERS_BELOW:
    case NUMBERS: sqlite3_bind_double(read, 3, -infinite); break;
    case ONE_NUMBER:
    case NUMBERS_ABOVE: bind_number(read, 3, node); break;
    case TEXTS: spwv_sqlite_text(read, 3, (struct spwv_slice){NULL, 0}); break;
    case ONE_TEXT: spwv_sqlite_text(read, 3, text); break;
    case CUT: bind_blob(read, 3, 1); break;
    case LONG: bind_blob(read, 3, 2); break;
    case TRUTHS: bind_blob(read, 3, 3); break;
    case CUT_OF_TEXT: /* every cut of a text is one of these: their beginnings are as long as the last characters let them */
        cut[0] = MARK_CUT;
        memcpy(cut + 1, text.data, MAX_INDEXED_TEXT - 4);
        spwv_sqlite_blob(read, 3, (struct spwv_slice){cut, 1 + MAX_INDEXED_TEXT - 4});
        break;
    default: sqlite3_bind_double(read, 3, -infinite);
    }
    switch (range) {
    case NUMBERS_ABOVE:
    case NUMBERS: sqlite3_bind_double(read, 4, infinite); break;
    case ONE_NUMBER:
    case NUMBERS_BELOW: bind_number(read, 4, node); break;
    case TEXTS: bind_blob(read, 4, 0); break;
    case ONE_TEXT: spwv_sqlite_text(read, 4, text); break;
    case CUT: bind_blob(read, 4, 2); break;
    case LONG: bind_blob(read, 4, 2); break;
    case TRUTHS: bind_blob(read, 4, 4); break;
    case CUT_OF_TEXT:
        memcpy(cut + 1 + MAX_INDEXED_TEXT, cut, 1 + MAX_INDEXED_TEXT - 4);
        memset(cut + 2 * (1 + MAX_INDEXED_TEXT) - 4, 0xFF, 4);
        spwv_sqlite_blob(read, 4, (struct spwv_slice){cut + 1 + MAX_INDEXED_TEXT, 1 + MAX_INDEXED_TEXT});
        break;
    default: bind_blob(read, 4, 5);
    }
}

static size_t find_ranges(const struct spwv_query_node *node, enum range *ranges)
{
    bool number = node->value == SPWV_VALUE_INT || node->value == SPWV_VALUE_DOUBLE;
    size_t count = 0;
    switch (node->compare) {
    case SPWV_EQ:
        if (number)
            ranges[count++] = ONE_NUMBER;
        ranges[count++] = ONE_TEXT;
        if (node->text.size > MAX_INDEXED_TEXT)
            ranges[count++] = CUT_OF_TEXT;
        if (node->value == SPWV_VALUE_WORD)
            ranges[count++] = TRUTHS;
        ranges[count++] = LONG;
        return count;
    case SPWV_LT:
    case SPWV_LE:
    case SPWV_GT:
    case SPWV_GE:
        if (number) {
            ranges[count++] = node->compare <= SPWV_LE ? NUMBERS_BELOW : NUMBERS_ABOVE;
        } else {
            ranges[count++] = TEXTS;
            ranges[count++] = CUT;
        }
        ranges[count++] = LONG;
        return count;
    case SPWV_CONTAINS:
        ranges[count++] = TEXTS;
        ranges[count++] = CUT;
        ranges[count++] = LONG;
        return count;
    default: ranges[0] = ALL_VALUES; return 1;
    }
}

/* The text of the row before, and what was said of it: rows come in the order of their values. */
struct judged {
    enum answer answer;
    unsigned repeated;
    size_t size; /* SIZE_MAX: it was no text */
    uint8_t text[MAX_INDEXED_TEXT + 1];
};

static enum answer judge_row(const struct plan *plan, const struct spwv_query_node *node, sqlite3_stmt *row, struct judged *last)
{
    bool is_text = sqlite3_column_type(row, 2) == SQLITE_TEXT;
    struct spwv_slice text = is_text ? spwv_sqlite_column(row, 2) : (struct spwv_slice){NULL, SIZE_MAX};
    if (is_text && text.size == last->size && (!text.size || memcmp(text.data, last->text, text.size) == 0)) {
        last->repeated++;
        return last->answer;
    }
    last->answer = judge(plan, node, row, 2);
    last->repeated = 0;
    last->size = text.size <= MAX_INDEXED_TEXT ? text.size : SIZE_MAX;
    if (last->size != SIZE_MAX && text.size)
        memcpy(last->text, text.data, text.size);
    return last->answer;
}

/* The range from behind that text on: the least text that is greater ends with a NUL more. */
static void go_behind(sqlite3_stmt *read, struct judged *last)
{
    sqlite3_reset(read);
    last->text[last->size] = 0;
    spwv_sqlite_text(read, 3, (struct spwv_slice){last->text, last->size + 1});
    last->size = SIZE_MAX;
    last->repeated = 0;
}

static bool read_rows(struct plan *plan, struct condition_sets *sets, sqlite3_stmt *read)
{
    struct judged last = {.size = SIZE_MAX};
    while (sqlite3_step(read) == SQLITE_ROW) {
        enum answer answer = judge_row(plan, sets->node, read, &last);
        if (answer != NO)
            mark(plan, sets, answer == YES, sqlite3_column_int64(read, 0), (uint64_t)sqlite3_column_int64(read, 1));
        else if (last.repeated >= ROWS_BEFORE_SEEK)
            go_behind(read, &last);
    }
    return sqlite3_reset(read) == SQLITE_OK;
}

/* The blocks from the newest one on; false behind the oldest. */
static bool next_block(struct plan *plan, int64_t *block)
{
    sqlite3_stmt *next = spwv_sqlite_get(plan->store, NEXT_BLOCK);
    sqlite3_bind_int64(next, 1, *block);
    bool found = sqlite3_step(next) == SQLITE_ROW;
    if (found)
        *block = sqlite3_column_int64(next, 0);
    sqlite3_reset(next);
    return found;
}

static bool read_key(struct plan *plan, struct condition_sets *sets, int64_t key)
{
    enum range ranges[8];
    size_t count = find_ranges(sets->node, ranges);
    sqlite3_stmt *read = spwv_sqlite_get(plan->store, READ_ATTRIBUTES);
    uint8_t cut[2 * (1 + MAX_INDEXED_TEXT)];
    int64_t block = INT64_MAX;
    while (next_block(plan, &block)) {
        sqlite3_bind_int64(read, 1, block);
        sqlite3_bind_int64(read, 2, key);
        for (size_t i = 0; i < count; i++) {
            bind_range(plan, sets->node, ranges[i], read, cut);
            if (!read_rows(plan, sets, read))
                return false;
        }
    }
    return true;
}

/* All rows of a key, whatever their values: of spans about which an attribute's condition cannot be sure. */
static bool read_unindexed(struct plan *plan, struct condition_sets *sets)
{
    sqlite3_stmt *read = spwv_sqlite_get(plan->store, READ_ATTRIBUTES);
    int64_t block = INT64_MAX;
    while (next_block(plan, &block)) {
        sqlite3_bind_int64(read, 1, block);
        sqlite3_bind_int64(read, 2, KEY_UNINDEXED);
        bind_range(plan, sets->node, ALL_VALUES, read, NULL);
        while (sqlite3_step(read) == SQLITE_ROW)
            mark(plan, sets, false, sqlite3_column_int64(read, 0), (uint64_t)sqlite3_column_int64(read, 1));
        if (sqlite3_reset(read) != SQLITE_OK)
            return false;
    }
    return true;
}

/* ---- resources and scopes ---- */

struct origins {
    int64_t *ids; /* ascending */
    size_t count;
    size_t capacity;
};

static bool add_origin(struct origins *origins, int64_t id)
{
    if (origins->count == origins->capacity) {
        size_t capacity = origins->capacity ? origins->capacity * 2 : 64; /* bounded by the store's origins */
        int64_t *ids = realloc(origins->ids, capacity * sizeof *ids);
        if (!ids)
            return false;
        origins->ids = ids;
        origins->capacity = capacity;
    }
    origins->ids[origins->count++] = id;
    return true;
}

static bool find_origins(struct plan *plan, const struct spwv_query_node *node, struct origins *origins)
{
    sqlite3_stmt *all = spwv_sqlite_get(plan->store, ALL_ORIGINS);
    bool ok = true;
    while (ok && sqlite3_step(all) == SQLITE_ROW) {
        bool scope = sqlite3_column_int(all, 1) != 0;
        if (scope && node->where == SPWV_ON_RESOURCE)
            continue;
        if (spwv_query_attribute_holds(plan->query, node, spwv_sqlite_column(all, 2), scope ? SPWV_SCOPE_ATTRIBUTES : SPWV_RESOURCE_ATTRIBUTES))
            ok = add_origin(origins, sqlite3_column_int64(all, 0));
    }
    return sqlite3_reset(all) == SQLITE_OK && ok;
}

static bool has_origin(const struct origins *origins, int64_t id)
{
    size_t low = 0, high = origins->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (origins->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < origins->count && origins->ids[low] == id;
}

static bool read_origin_rows(struct plan *plan, struct condition_sets *sets, const struct origins *origins, sqlite3_stmt *read)
{
    while (sqlite3_step(read) == SQLITE_ROW)
        if (has_origin(origins, sqlite3_column_int64(read, 2)))
            mark(plan, sets, true, sqlite3_column_int64(read, 0), (uint64_t)sqlite3_column_int64(read, 1));
    return sqlite3_reset(read) == SQLITE_OK;
}

static bool mark_origins(struct plan *plan, struct condition_sets *sets, const struct origins *origins)
{
    sqlite3_stmt *read = spwv_sqlite_get(plan->store, READ_ATTRIBUTES);
    bool few = origins->count <= FEW_ORIGINS;
    int64_t block = INT64_MAX;
    while (origins->count && next_block(plan, &block)) {
        sqlite3_bind_int64(read, 1, block);
        sqlite3_bind_int64(read, 2, KEY_ORIGIN);
        for (size_t i = 0; i < (few ? origins->count : 1); i++) {
            sqlite3_bind_int64(read, 3, few ? origins->ids[i] : 0);
            sqlite3_bind_int64(read, 4, few ? origins->ids[i] : INT64_MAX);
            if (!read_origin_rows(plan, sets, origins, read))
                return false;
        }
    }
    return true;
}

static bool fill_from_origins(struct plan *plan, struct condition_sets *sets)
{
    struct origins origins = {0};
    bool ok = find_origins(plan, sets->node, &origins) && mark_origins(plan, sets, &origins);
    free(origins.ids);
    return ok;
}

/* ---- conditions ---- */

static bool fill_attribute(struct plan *plan, struct condition_sets *sets)
{
    const struct spwv_query_node *node = sets->node;
    int64_t key = spwv_index_key(plan->store, spwv_query_text(plan->query, node->key));
    if (node->where != SPWV_ON_RESOURCE && ((key && !read_key(plan, sets, key)) || !read_unindexed(plan, sets)))
        return false;
    return node->where == SPWV_ON_SPAN || fill_from_origins(plan, sets);
}

static bool fill_ids(struct plan *plan, struct condition_sets *sets)
{
    uint8_t first[SPWV_TRACE_ID_SIZE], last[SPWV_TRACE_ID_SIZE];
    if (!spwv_query_id_range(spwv_query_text(plan->query, sets->node->text), first, last))
        return true;
    sqlite3_stmt *find = spwv_sqlite_get(plan->store, TRACES_BY_ID);
    spwv_sqlite_blob(find, 1, (struct spwv_slice){first, sizeof first});
    spwv_sqlite_blob(find, 2, (struct spwv_slice){last, sizeof last});
    while (sqlite3_step(find) == SQLITE_ROW)
        mark(plan, sets, true, sqlite3_column_int64(find, 0), UINT64_MAX);
    return sqlite3_reset(find) == SQLITE_OK;
}

bool spwv_plan_fill(struct plan *plan, struct condition_sets *sets)
{
    switch (sets->node->field) {
    case SPWV_FIELD_ATTRIBUTE: return fill_attribute(plan, sets);
    case SPWV_FIELD_SERVICE: return read_key(plan, sets, KEY_SERVICE);
    case SPWV_FIELD_NAME: return read_key(plan, sets, KEY_NAME);
    case SPWV_FIELD_KIND: return read_key(plan, sets, KEY_KIND);
    case SPWV_FIELD_STATUS: return read_key(plan, sets, KEY_STATUS);
    case SPWV_FIELD_SPAN_DURATION: return !sets->in_span || read_key(plan, sets, KEY_DURATION); /* else the longest and the shortest tell */
    case SPWV_FIELD_TEXT: return read_key(plan, sets, KEY_NAME) && fill_ids(plan, sets);
    case SPWV_FIELD_TRACE: return fill_ids(plan, sets); /* of !=, the others: store_sqlite_plan.c */
    default: return true;                              /* in the walk's row */
    }
}
