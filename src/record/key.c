#include "key.h"

#include "platform.h"
#include "utf8.h"

#define TABLED 1024u /* entries of a map whose keys are looked up in a table */
#define BLOCK 256u   /* the same of a list, at a time: little stack, for signal handlers */
#define FEW 8u       /* entries that are compared with each other */

uint64_t spw__key_secret(void)
{
    static uint64_t secret; /* atomic */
    uint64_t drawn, known = __atomic_load_n(&secret, __ATOMIC_RELAXED);
    if (known)
        return known;
    spw__random(&drawn, sizeof drawn);
    drawn |= 1;
    return __atomic_compare_exchange_n(&secret, &known, drawn, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ? drawn : known;
}

void spw__pins_set(struct spw__pins *pins, const char *const *keys, size_t count)
{
    size_t most = count < SPW__MAX_PINS ? count : SPW__MAX_PINS;
    for (size_t i = 0; i < most; i++)
        __atomic_store_n(&pins->keys[i], spw__pin_of(keys[i], strlen(keys[i])), __ATOMIC_RELAXED);
    __atomic_store_n(&pins->count, (uint32_t)most, __ATOMIC_RELAXED);
}

bool spw__pins_hold(const struct spw__pins *pins, const char *key, size_t size)
{
    uint64_t pin = spw__pin_of(key, size);
    uint32_t count = __atomic_load_n(&pins->count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++)
        if (__atomic_load_n(&pins->keys[i], __ATOMIC_RELAXED) == pin)
            return true;
    return false;
}

static bool same_bytes(spw_view a, spw_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A NULL key is an empty one. */
static spw_view key_at(const struct spw__attrs *list, size_t i)
{
    spw_view key = spw__attrs_at(list, i)->key;
    return key.data ? key : (spw_view){ "", 0 };
}

static bool all_utf8(const struct spw__attrs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        spw_view key = key_at(list, i);
        if (key.size <= SPW__MAX_KEY && !spw__utf8_valid(key.data, key.size))
            return false;
    }
    return true;
}

static enum spw__doubles compare_few(const struct spw__attrs *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = i + 1; j < list->count; j++)
            if (same_bytes(key_at(list, i), key_at(list, j)))
                return SPW__DOUBLES_SOME;
    return SPW__DOUBLES_NONE;
}

static __attribute__((noinline)) enum spw__doubles look_up_all(const struct spw__attrs *list)
{
    uint16_t table[2 * TABLED] = { 0 }; /* entry + 1 */
    uint64_t secret = spw__key_secret();
    for (size_t i = 0; i < list->count; i++) {
        spw_view key = key_at(list, i);
        if (key.size > SPW__MAX_KEY)
            continue; /* none */
        size_t at = spw__hash(secret, key.data, key.size) % (2 * TABLED);
        for (; table[at]; at = (at + 1) % (2 * TABLED))
            if (same_bytes(key_at(list, table[at] - 1u), key))
                return SPW__DOUBLES_SOME;
        table[at] = (uint16_t)(i + 1);
    }
    return SPW__DOUBLES_NONE;
}

enum spw__doubles spw__attrs_doubles(const struct spw__attrs *list)
{
    if (list->count < 2)
        return SPW__DOUBLES_NONE;
    if (!all_utf8(list))
        return SPW__DOUBLES_REPAIRED;
    if (list->count <= FEW)
        return compare_few(list);
    return list->count <= TABLED ? look_up_all(list) : SPW__DOUBLES_SOME;
}

spw_view spw__key_text(spw_view key, char scratch[SPW__MAX_KEY])
{
    if (!key.data)
        return (spw_view){ "", 0 };
    if (spw__utf8_valid(key.data, key.size))
        return key;
    return (spw_view){ scratch, spw__utf8_repair(scratch, SPW__MAX_KEY, key.data, key.size) };
}

static bool same_repaired(spw_view a, spw_view b)
{
    char left[SPW__MAX_KEY], right[SPW__MAX_KEY];
    if (a.size > SPW__MAX_KEY || b.size > SPW__MAX_KEY)
        return false; /* no key at all */
    return same_bytes(spw__key_text(a, left), spw__key_text(b, right));
}

bool spw__attrs_overwritten(const struct spw__attrs *list, size_t i, enum spw__doubles doubles, uint32_t *looked)
{
    if (doubles == SPW__DOUBLES_NONE)
        return false;
    spw_view key = key_at(list, i);
    for (size_t j = i + 1; j < list->count; j++) {
        spw_view other = key_at(list, j);
        *looked += doubles == SPW__DOUBLES_SOME ? 1 : 2 + (uint32_t)((key.size + other.size) % (2 * SPW__MAX_KEY)) / 16;
        if (doubles == SPW__DOUBLES_SOME ? same_bytes(key, other) : same_repaired(key, other))
            return true;
    }
    return false;
}

/* ---- a whole list at once ---- */

/* Keys of a part of the list. */
struct key_table {
    uint64_t secret;
    bool clean; /* every key is UTF-8 */
    struct {
        uint16_t entry; /* + 1; 0: empty */
        uint16_t tag;   /* of its hash; other bits than its place */
    } places[2 * BLOCK];
};

static void mark(uint64_t marks[], size_t i)
{
    marks[i / 64] |= 1ull << (i % 64);
}

static bool marked(const uint64_t marks[], size_t i)
{
    return marks[i / 64] >> (i % 64) & 1;
}

static bool no_key(const struct spw__attrs *list, size_t i)
{
    spw_view key = key_at(list, i);
    return !key.size || key.size > SPW__MAX_KEY;
}

/* Whether the table holds the key of entry `i`. If not, adds it when asked to. */
static bool meet(struct key_table *table, const struct spw__attrs *list, size_t i, bool add)
{
    char scratch[SPW__MAX_KEY], other[SPW__MAX_KEY];
    spw_view key = table->clean ? key_at(list, i) : spw__key_text(key_at(list, i), scratch);
    uint64_t hash = spw__hash(table->secret, key.data, key.size);
    uint16_t tag = (uint16_t)(hash >> 48);
    size_t at = hash % (2 * BLOCK);
    for (; table->places[at].entry; at = (at + 1) % (2 * BLOCK)) {
        spw_view met = key_at(list, table->places[at].entry - 1u);
        if (table->places[at].tag == tag && same_bytes(key, table->clean ? met : spw__key_text(met, other)))
            return true;
    }
    if (add) {
        table->places[at].entry = (uint16_t)(i + 1);
        table->places[at].tag = tag;
    }
    return false;
}

/* From the last block to the first: the keys of one in a table, against themselves and all before them. */
static __attribute__((noinline)) void mark_many(const struct spw__attrs *list, bool clean, uint64_t marks[])
{
    struct key_table table;
    table.secret = spw__key_secret();
    table.clean = clean;
    for (size_t end = list->count; end > 0;) {
        size_t begin = (end - 1) / BLOCK * BLOCK;
        memset(table.places, 0, sizeof table.places);
        for (size_t i = end; i-- > 0;)
            if (!marked(marks, i) && !no_key(list, i) && meet(&table, list, i, i >= begin))
                mark(marks, i);
        end = begin;
    }
}

void spw__attrs_mark_overwritten(const struct spw__attrs *list, uint64_t marks[])
{
    memset(marks, 0, (list->count + 63) / 64 * sizeof *marks);
    if (list->count < 2)
        return;
    bool clean = all_utf8(list);
    if (list->count > FEW) {
        mark_many(list, clean, marks);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = i + 1; j < list->count && !marked(marks, i); j++)
            if (clean ? same_bytes(key_at(list, i), key_at(list, j)) : same_repaired(key_at(list, i), key_at(list, j)))
                mark(marks, i);
}
