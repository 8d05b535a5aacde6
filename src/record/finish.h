/* Turning a closed slot into a record. */
#ifndef SPW_RECORD_FINISH_H
#define SPW_RECORD_FINISH_H

#include "slot.h"

static inline struct spw__frame *spw__frame_at(struct spw__engine *engine, const struct spw__slot *slot, uint32_t at)
{
    return (struct spw__frame *)(void *)spw__slot_flat(engine, slot, at, sizeof(struct spw__frame));
}

#define SPW__SWEEP_ENTRIES 8192u /* places for keys; see sweep_keys.h */
#define SPW__MAX_ATTRIBUTES (SPW__SWEEP_ENTRIES / 4)

/* What a sweep found: the frames that count, and their sum. */
struct spw__sweep {
    uint32_t attributes, events, links; /* pinned attributes aside */
    uint32_t name_frame, status_frame; /* offset + 1; 0: none */
    uint32_t bytes;                    /* wire bytes of all live frames */
};

/*
 * Walks `size` bytes of log and marks dead what does not count: overwritten keys, names and statuses, and whatever is over the limits
 * (counted on the span). The caller has the slot to itself; `recorder` is this thread's, entered.
 */
void spw__sweep(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t size, struct spw__sweep *out);

/* Drops dead frames by moving the live ones together; returns the new size. Caller as above. */
uint32_t spw__compact(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t size);

/*
 * The span as its record would be now, `12 size Span`; returns its length, 0 when `size` is less. The caller has the slot to itself;
 * `recorder` is this thread's, entered.
 */
uint32_t spw__encode(struct spw__recorder *recorder, struct spw__slot *slot, uint64_t end_unix_ns, uint8_t *out, size_t size);

#endif
