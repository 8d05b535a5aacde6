/* Keys of attributes: their hashes, and whether a list says one twice. */
#ifndef SPW_RECORD_KEY_H
#define SPW_RECORD_KEY_H

#include <spanwire/common.h>
#include <string.h>

#include "hash.h"

#define SPW__MAX_KEY 1024u

/* Enough to tell most keys apart; a meeting of hashes is settled by the bytes. */
static inline uint16_t spw__key_hash(const char *key, size_t size)
{
    uint64_t a = 0, b = 0;
    if (size >= 8) {
        memcpy(&a, key, 8);
        memcpy(&b, key + size - 8, 8);
    } else if (size >= 4) {
        uint32_t x, y;
        memcpy(&x, key, 4);
        memcpy(&y, key + size - 4, 4);
        a = x;
        b = y;
    } else {
        for (size_t i = 0; i < size; i++)
            a = a << 8 | (unsigned char)key[i];
    }
    uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15u) ^ size) * 0xff51afd7ed558ccdu;
    return (uint16_t)(h >> 48);
}

/* A hash of every byte, the same in every process. */
static inline uint64_t spw__key_digest(const char *key, size_t size)
{
    return spw__hash(0x9e3779b97f4a7c15u, key, size);
}

#define SPW__MAX_PINS 16u

/* Keys that are kept past a span's limits, as their hashes: read by setters without regard to starts and stops. Atomic. */
struct spw__pins {
    uint32_t count;
    uint64_t keys[SPW__MAX_PINS]; /* spw__pin_of() */
};

/* The digest with the short hash in its low bits, so that most keys are told apart without a digest of theirs. */
static inline uint64_t spw__pin_of(const char *key, size_t size)
{
    return (spw__key_digest(key, size) & ~(uint64_t)0xffff) | spw__key_hash(key, size);
}

void spw__pins_set(struct spw__pins *pins, const char *const *keys, size_t count);

/* Whether a key with this short hash may be pinned. */
static inline bool spw__pins_hit(const struct spw__pins *pins, uint16_t hash)
{
    uint32_t count = __atomic_load_n(&pins->count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++)
        if ((uint16_t)__atomic_load_n(&pins->keys[i], __ATOMIC_RELAXED) == hash)
            return true;
    return false;
}

bool spw__pins_hold(const struct spw__pins *pins, const char *key, size_t size);

/* A list of attributes in two parts, read as one: `own` comes first, so that of equal keys the caller's counts. */
struct spw__attrs {
    const spw_attr *own;
    size_t own_count;
    const spw_attr *given;
    size_t count; /* of both */
};

static inline const spw_attr *spw__attrs_at(const struct spw__attrs *list, size_t i)
{
    return i < list->own_count ? &list->own[i] : &list->given[i - list->own_count];
}

enum spw__doubles {
    SPW__DOUBLES_NONE,
    SPW__DOUBLES_SOME,     /* of equal bytes, or the list is too long to be sure */
    SPW__DOUBLES_REPAIRED, /* a key is not UTF-8: those are compared as they will stand on the wire */
};

/* Whether a key may stand twice. Linear up to 1,024 entries; a longer list is not looked at. */
enum spw__doubles spw__attrs_doubles(const struct spw__attrs *list);

/* Whether a later entry has the same key as entry `i`: then that one counts. Adds what it took to *looked, in comparisons of usual keys. */
bool spw__attrs_overwritten(const struct spw__attrs *list, size_t i, enum spw__doubles doubles, uint32_t *looked);

/* The same for all entries at once, up to SPW__MAX_LIST, as a bit each. Linear whatever the keys are. */
void spw__attrs_mark_overwritten(const struct spw__attrs *list, uint64_t marks[]);
#define SPW__MAX_LIST 4096u

/* For hashes of keys in memory, see hash.h: drawn once for a process and its children. Async-signal-safe. */
uint64_t spw__key_secret(void);

/* A key as it may stand on the wire: itself, or repaired in `scratch`. Of at most SPW__MAX_KEY bytes. */
spw_view spw__key_text(spw_view key, char scratch[SPW__MAX_KEY]);

#endif
