#include "sweep_keys.h"

#include <string.h>

#include "frame.h"
#include "hash.h"
#include "platform.h"

/* Finds an attribute frame's key: `4a size 0a size key ...`. */
static uint32_t key_of(struct spw__engine *engine, const struct spw__slot *slot, uint32_t frame, uint32_t frame_size, uint32_t *key_size)
{
    uint8_t head[12];
    uint32_t at = frame + (uint32_t)sizeof(struct spw__frame);
    spw__slot_read(engine, slot, at, head, frame_size < sizeof head ? frame_size : (uint32_t)sizeof head);
    uint32_t i = 1;
    while (head[i++] & 0x80)
        ;
    i++; /* the key's tag */
    uint32_t size = head[i] & 0x7f;
    if (head[i++] & 0x80)
        size |= (uint32_t)head[i++] << 7; /* a key has at most SPW__MAX_KEY bytes: two */
    *key_size = size;
    return at + i;
}

static bool same_key(struct spw__engine *engine, const struct spw__slot *slot, uint32_t a, uint32_t b)
{
    const struct spw__frame *fa = spw__frame_at(engine, slot, a), *fb = spw__frame_at(engine, slot, b);
    if (fa->hash != fb->hash)
        return false;
    uint32_t na, nb;
    uint32_t ka = key_of(engine, slot, a, fa->size, &na), kb = key_of(engine, slot, b, fb->size, &nb);
    if (na != nb)
        return false;
    while (na) {
        uint8_t left[64], right[64];
        uint32_t n = na < 64 ? na : 64;
        spw__slot_read(engine, slot, ka, left, n);
        spw__slot_read(engine, slot, kb, right, n);
        if (memcmp(left, right, n) != 0)
            return false;
        ka += n;
        kb += n;
        na -= n;
    }
    return true;
}

/* The key in one piece: in the log, or in `copy`. */
static const uint8_t *flat_key(struct spw__engine *engine, const struct spw__slot *slot, uint32_t frame, uint8_t copy[SPW__MAX_KEY], uint32_t *size)
{
    uint32_t at = key_of(engine, slot, frame, spw__frame_at(engine, slot, frame)->size, size);
    const uint8_t *key = spw__slot_flat(engine, slot, at, *size);
    if (key)
        return key;
    spw__slot_read(engine, slot, at, copy, *size);
    return copy;
}

/* Every byte counts: keys that begin and end alike are common. */
static uint64_t hash_of(struct spw__engine *engine, const struct spw__slot *slot, uint32_t frame, uint64_t secret)
{
    uint8_t copy[SPW__MAX_KEY];
    uint32_t size;
    const uint8_t *key = flat_key(engine, slot, frame, copy, &size);
    return spw__hash(secret, key, size);
}

bool spw__keys_pinned(struct spw__engine *engine, const struct spw__slot *slot, uint32_t frame, uint16_t hash)
{
    if (__builtin_expect(!spw__pins_hit(&engine->pins, hash), 1))
        return false;
    uint8_t copy[SPW__MAX_KEY];
    uint32_t size;
    const uint8_t *key = flat_key(engine, slot, frame, copy, &size);
    return spw__pins_hold(&engine->pins, (const char *)key, size);
}

/* The entry of the frame's key, or the empty one where it would be, with its tag. */
static struct spw__sweep_entry *table_find(struct spw__recorder *recorder, const struct spw__slot *slot, uint32_t frame)
{
    struct spw__engine *engine = recorder->engine;
    struct spw__sweep_table *table = recorder->sweep_table;
    uint64_t hash = hash_of(engine, slot, frame, table->secret);
    uint16_t tag = (uint16_t)(hash >> 48);
    for (uint32_t i = (uint32_t)hash % SPW__SWEEP_ENTRIES;; i = (i + 1) % SPW__SWEEP_ENTRIES) {
        struct spw__sweep_entry *entry = &table->entries[i];
        if (entry->stamp != table->stamp) {
            entry->tag = tag;
            return entry;
        }
        if (entry->tag == tag && same_key(engine, slot, entry->frame, frame))
            return entry;
    }
}

static void table_note(const struct spw__sweep_table *table, struct spw__sweep_entry *room, uint32_t frame)
{
    room->frame = frame;
    room->stamp = table->stamp;
}

static bool start_table(struct spw__recorder *recorder, const struct spw__slot *slot, struct spw__sweep_keys *keys)
{
    if (!recorder->sweep_table && !(recorder->sweep_table = spw__map(sizeof *recorder->sweep_table)))
        return false;
    struct spw__sweep_table *table = recorder->sweep_table;
    table->secret = spw__key_secret();
    if (!++table->stamp) {
        memset(table->entries, 0, sizeof table->entries);
        table->stamp = 1;
    }
    for (uint32_t i = 0; i < keys->count; i++)
        table_note(table, table_find(recorder, slot, keys->frames[i]), keys->frames[i]);
    return keys->tabled = true;
}

uint32_t *spw__keys_find(struct spw__recorder *recorder, const struct spw__slot *slot, struct spw__sweep_keys *keys, uint32_t frame,
                         uint16_t hash)
{
    if (keys->tabled) {
        struct spw__sweep_entry *entry = table_find(recorder, slot, frame);
        keys->room = entry;
        return entry->stamp == recorder->sweep_table->stamp ? &entry->frame : NULL;
    }
    if (!(keys->filter >> (hash & 63) & 1))
        return NULL;
    for (uint32_t i = 0; i < keys->count; i++)
        if (same_key(recorder->engine, slot, keys->frames[i], frame))
            return &keys->frames[i];
    return NULL;
}

bool spw__keys_note(struct spw__recorder *recorder, const struct spw__slot *slot, struct spw__sweep_keys *keys, uint32_t frame,
                    uint16_t hash)
{
    if (keys->count == SPW__MAX_ATTRIBUTES + SPW__MAX_PINS)
        return false; /* the table must keep empty places, or a search in it would not end */
    if (!keys->tabled && keys->count == SPW__FEW_KEYS) {
        if (!start_table(recorder, slot, keys))
            return false;
        keys->room = table_find(recorder, slot, frame);
    }
    keys->count++;
    if (keys->tabled) {
        table_note(recorder->sweep_table, keys->room, frame);
    } else {
        keys->filter |= 1ull << (hash & 63);
        keys->frames[keys->count - 1] = frame;
    }
    return true;
}
