/*
 * A pool of equal items in one reserved range: type-stable (an item's memory is never given to anything else, so a stale handle may look at
 * it), lock-free, safe in signal handlers. Items are named by index, 0-based. Free items form a tagged stack; memory is committed as it grows.
 */
#ifndef SPW_RECORD_POOL_H
#define SPW_RECORD_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPW__POOL_NONE UINT32_MAX

struct spw__pool {
    uint8_t *base;
    uint32_t *next; /* of each free item: index + 1 of the one below; atomic */
    uint32_t item_size;
    uint32_t capacity; /* reserved */
    uint32_t limit;    /* that may be in use; atomic */
    uint32_t fresh;    /* never used so far start here; atomic */
    uint32_t in_use;   /* atomic */
    uint64_t head;     /* tag << 32 | index + 1; atomic */
    uint64_t newborn;  /* what the first word of an item says before it is first taken, for who looks at it by a made-up name; set after init */
};

/* Reserves room for `capacity` items, or fewer if the address space is short. False: not even one. */
bool spw__pool_init(struct spw__pool *pool, uint32_t item_size, uint32_t capacity);

/* Gives the whole range back; nobody may be in it, or come. Harmless for one that was never made (all zero). */
void spw__pool_fini(struct spw__pool *pool);
void spw__pool_limit(struct spw__pool *pool, uint64_t limit);

/* SPW__POOL_NONE at the limit or when the system has no memory. A fresh item is zeroed but for `newborn`, a used one is as it was left. */
uint32_t spw__pool_take(struct spw__pool *pool);
void spw__pool_give(struct spw__pool *pool, uint32_t index);

static inline void *spw__pool_at(const struct spw__pool *pool, uint32_t index)
{
    return pool->base + (size_t)index * pool->item_size;
}

#endif
