/*
 * The keys a sweep has met: a few in a list behind a filter, many in a table that belongs to the thread's recorder. Linear in the number of
 * attributes whatever their keys are: 16 are compared at most, and in the table only those whose hashes meet, under a secret nobody knows.
 */
#ifndef SPW_RECORD_SWEEP_KEYS_H
#define SPW_RECORD_SWEEP_KEYS_H

#include "finish.h"

#define SPW__FEW_KEYS 16u

struct spw__sweep_entry {
    uint16_t stamp; /* of the sweep that made it; another: empty */
    uint16_t tag;   /* of the key's hash; other bits than its place */
    uint32_t frame;
};

struct spw__sweep_table {
    uint64_t secret; /* see hash.h */
    uint16_t stamp;  /* of the sweep at hand */
    struct spw__sweep_entry entries[SPW__SWEEP_ENTRIES];
};

struct spw__sweep_keys {
    uint64_t filter; /* by 6 bits of the frames' hashes */
    uint32_t count;
    uint32_t frames[SPW__FEW_KEYS];
    bool tabled;
    struct spw__sweep_entry *room; /* where the last search in the table ended without a find */
};

static inline void spw__keys_begin(struct spw__sweep_keys *keys)
{
    keys->filter = 0;
    keys->count = 0;
    keys->tabled = false;
}

/* The place that holds the earlier frame with this frame's key, for a later one to be put in; NULL: it is new. */
uint32_t *spw__keys_find(struct spw__recorder *recorder, const struct spw__slot *slot, struct spw__sweep_keys *keys, uint32_t frame,
                         uint16_t hash);

/* Notes the key that has just not been found. False: there is no room for more, or no memory for the table. */
bool spw__keys_note(struct spw__recorder *recorder, const struct spw__slot *slot, struct spw__sweep_keys *keys, uint32_t frame,
                    uint16_t hash);

/* Whether the frame's key is one that is kept past the limits. */
bool spw__keys_pinned(struct spw__engine *engine, const struct spw__slot *slot, uint32_t frame, uint16_t hash);

#endif
