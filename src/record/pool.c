#include "pool.h"

#include "platform.h"

#define COMMIT_STEP (64u * 1024)

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* The two parts of the range, items and links. */
static size_t items_size(uint32_t item_size, uint32_t capacity)
{
    return round_up((size_t)capacity * item_size, COMMIT_STEP);
}

static size_t links_size(uint32_t capacity)
{
    return round_up((size_t)capacity * sizeof(uint32_t), COMMIT_STEP);
}

bool spw__pool_init(struct spw__pool *pool, uint32_t item_size, uint32_t capacity)
{
    *pool = (struct spw__pool){ .item_size = item_size };
    for (; capacity > 0; capacity /= 2) {
        size_t items = items_size(item_size, capacity);
        uint8_t *at = spw__reserve(items + links_size(capacity));
        if (!at)
            continue;
        pool->base = at;
        pool->next = (uint32_t *)(void *)(at + items);
        pool->capacity = pool->limit = capacity;
        return true;
    }
    return false;
}

void spw__pool_fini(struct spw__pool *pool)
{
    if (pool->base)
        spw__unreserve(pool->base, items_size(pool->item_size, pool->capacity) + links_size(pool->capacity));
    *pool = (struct spw__pool){ 0 };
}

void spw__pool_limit(struct spw__pool *pool, uint64_t limit)
{
    uint32_t bounded = limit < pool->capacity ? (uint32_t)limit : pool->capacity;
    __atomic_store_n(&pool->limit, bounded, __ATOMIC_RELAXED);
}

/* Makes the page range of one item and its link usable. Committing twice is harmless, so no thread waits for another. */
static bool commit_item(struct spw__pool *pool, uint32_t index)
{
    size_t from = (size_t)index * pool->item_size / COMMIT_STEP * COMMIT_STEP;
    size_t to = round_up((size_t)(index + 1) * pool->item_size, COMMIT_STEP);
    size_t link = (size_t)index * sizeof(uint32_t) / COMMIT_STEP * COMMIT_STEP;
    return spw__commit(pool->base + from, to - from) && spw__commit((uint8_t *)pool->next + link, COMMIT_STEP);
}

static bool starts_step(const struct spw__pool *pool, uint32_t index)
{
    size_t from = (size_t)index * pool->item_size;
    return from % COMMIT_STEP < pool->item_size || (size_t)index * sizeof(uint32_t) % COMMIT_STEP == 0;
}

/* Before it is claimed, too. An item that another thread has claimed meanwhile has its mark, or its owner's word, and is left alone. */
static void mark_newborn(const struct spw__pool *pool, uint32_t index)
{
    uint64_t zero = 0, *word = spw__pool_at(pool, index);
    if (pool->newborn)
        (void)__atomic_compare_exchange_n(word, &zero, pool->newborn, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static uint32_t take_fresh(struct spw__pool *pool)
{
    uint32_t index = __atomic_load_n(&pool->fresh, __ATOMIC_RELAXED);
    do {
        if (index >= pool->capacity)
            return SPW__POOL_NONE;
        /* Committed before it is claimed: a claim that fails has cost a system call, never an unusable item. */
        if (starts_step(pool, index) && !commit_item(pool, index))
            return SPW__POOL_NONE;
        mark_newborn(pool, index);
    } while (!__atomic_compare_exchange_n(&pool->fresh, &index, index + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return index;
}

uint32_t spw__pool_take(struct spw__pool *pool)
{
    if (__atomic_add_fetch(&pool->in_use, 1, __ATOMIC_RELAXED) > __atomic_load_n(&pool->limit, __ATOMIC_RELAXED)) {
        __atomic_sub_fetch(&pool->in_use, 1, __ATOMIC_RELAXED);
        return SPW__POOL_NONE;
    }
    uint64_t head = __atomic_load_n(&pool->head, __ATOMIC_ACQUIRE);
    while ((uint32_t)head) {
        uint32_t index = (uint32_t)head - 1;
        uint64_t below = __atomic_load_n(&pool->next[index], __ATOMIC_RELAXED);
        uint64_t want = ((head >> 32) + 1) << 32 | below;
        if (__atomic_compare_exchange_n(&pool->head, &head, want, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return index;
    }
    uint32_t index = take_fresh(pool);
    if (index == SPW__POOL_NONE)
        __atomic_sub_fetch(&pool->in_use, 1, __ATOMIC_RELAXED);
    return index;
}

void spw__pool_give(struct spw__pool *pool, uint32_t index)
{
    uint64_t head = __atomic_load_n(&pool->head, __ATOMIC_RELAXED);
    uint64_t want;
    do {
        __atomic_store_n(&pool->next[index], (uint32_t)head, __ATOMIC_RELAXED);
        want = ((head >> 32) + 1) << 32 | (index + 1);
    } while (!__atomic_compare_exchange_n(&pool->head, &head, want, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    __atomic_sub_fetch(&pool->in_use, 1, __ATOMIC_RELAXED);
}
