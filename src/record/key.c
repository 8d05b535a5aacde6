#include "key.h"

#include "utf8.h"

#define TABLED 1024u       /* entries of a list whose keys are looked up in a table */
#define PLACES (2 * TABLED)
#define FEW 8u             /* entries that are compared with each other */
#define MOST_PROBES 16u    /* an entry's share; hashes that meet more often were made to */

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
    uint16_t table[PLACES] = { 0 }; /* entry + 1 */
    size_t probes = 0;
    for (size_t i = 0; i < list->count; i++) {
        spw_view key = key_at(list, i);
        size_t at = key.size <= SPW__MAX_KEY ? spw__key_digest(key.data, key.size) % PLACES : 0;
        for (; table[at]; at = (at + 1) % PLACES)
            if (same_bytes(key_at(list, table[at] - 1u), key) || ++probes > MOST_PROBES * TABLED)
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
        ++*looked;
        if (doubles == SPW__DOUBLES_SOME ? same_bytes(key, other) : same_repaired(key, other))
            return true;
    }
    return false;
}
