#include "segment.h"

#include "platform.h"

#define WORDS (SPW__SEGMENT_PAGES / 64)

void spw__segments_limit(struct spw__segments *segments, uint64_t bytes)
{
    uint64_t n = bytes / SPW__SEGMENT_SIZE;
    n = n < 1 ? 1 : n > SPW__MAX_SEGMENTS ? SPW__MAX_SEGMENTS : n;
    __atomic_store_n(&segments->limit, (uint32_t)n, __ATOMIC_RELAXED);
}

static uint64_t low_bits(uint32_t n)
{
    return n >= 64 ? UINT64_MAX : (1ull << n) - 1;
}

/* Takes the lowest run of n <= 64 free pages in one word; 64 when there is none. */
static uint32_t take_in_word(uint64_t *word, uint32_t n)
{
    uint64_t taken = __atomic_load_n(word, __ATOMIC_RELAXED);
    for (;;) {
        uint64_t starts = ~taken; /* after the loop: bit i set if pages i..i+n-1 are free */
        for (uint32_t have = 1; have < n && starts;) {
            uint32_t step = have < n - have ? have : n - have;
            starts &= starts >> step;
            have += step;
        }
        if (n > 1)
            starts &= low_bits(64 - n + 1);
        if (!starts)
            return 64;
        uint32_t at = (uint32_t)__builtin_ctzll(starts);
        if (__atomic_compare_exchange_n(word, &taken, taken | low_bits(n) << at, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return at;
    }
}

static bool take_bits(uint64_t *word, uint64_t bits)
{
    uint64_t taken = __atomic_load_n(word, __ATOMIC_RELAXED);
    do {
        if (taken & bits)
            return false;
    } while (!__atomic_compare_exchange_n(word, &taken, taken | bits, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return true;
}

static void give_run(uint64_t *taken, uint32_t page, uint32_t pages)
{
    while (pages) {
        uint32_t at = page % 64;
        uint32_t n = pages < 64 - at ? pages : 64 - at;
        __atomic_and_fetch(&taken[page / 64], ~(low_bits(n) << at), __ATOMIC_RELEASE);
        page += n;
        pages -= n;
    }
}

/* A run longer than a word starts at a word, so that it needs whole words and the low bits of one more. */
static uint32_t take_words(uint64_t *taken, uint32_t pages)
{
    uint32_t words = (pages + 63) / 64;
    for (uint32_t first = 0; first + words <= WORDS; first++) {
        uint32_t got = 0;
        while (got < pages) {
            uint32_t n = pages - got < 64 ? pages - got : 64;
            if (!take_bits(&taken[first + got / 64], low_bits(n)))
                break;
            got += n;
        }
        if (got == pages)
            return first * 64;
        give_run(taken, first * 64, got);
    }
    return 0;
}

static uint32_t take_in_segment(struct spw__segment *segment, uint32_t pages)
{
    if (pages > 64)
        return take_words(segment->taken, pages);
    for (uint32_t w = 0; w < WORDS; w++) {
        uint32_t at = take_in_word(&segment->taken[w], pages);
        if (at < 64)
            return w * 64 + at;
    }
    return 0;
}

/* Adds a segment behind `count`. Two threads may both map one; the loser gives its own back. */
static bool grow(struct spw__segments *segments, uint32_t count, uint32_t limit)
{
    if (count >= limit)
        return false;
    struct spw__segment *made = spw__map(SPW__SEGMENT_SIZE);
    if (!made)
        return __atomic_load_n(&segments->count, __ATOMIC_ACQUIRE) > count;
    /* A forked child looks at none of it. To copy its page tables would hold up who forks, and its copy-on-write who records afterwards. */
    (void)spw__wipe_on_fork(made, SPW__SEGMENT_SIZE);
    *made = (struct spw__segment){
        .magic = SPW__SEGMENT_MAGIC,
        .version = SPW__LAYOUT_VERSION,
        .page_size = SPW__PAGE_SIZE,
        .page_count = SPW__SEGMENT_PAGES,
        .index = count,
        .taken = { 1 }, /* this header */
    };
    struct spw__segment *none = NULL;
    if (!__atomic_compare_exchange_n(&segments->at[count], &none, made, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        spw__unreserve(made, SPW__SEGMENT_SIZE);
    uint32_t expected = count;
    (void)__atomic_compare_exchange_n(&segments->count, &expected, count + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    return true;
}

/* Looks for a run in the first `usable` segments, from where the last one was found. */
static uint32_t take_among(struct spw__segments *segments, uint32_t usable, uint32_t pages)
{
    uint32_t hint = __atomic_load_n(&segments->hint, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < usable; i++) {
        uint32_t s = (hint + i) % usable;
        uint32_t page = take_in_segment(__atomic_load_n(&segments->at[s], __ATOMIC_ACQUIRE), pages);
        if (page) {
            if (s != hint)
                __atomic_store_n(&segments->hint, s, __ATOMIC_RELAXED);
            __atomic_add_fetch(&segments->pages_taken, pages, __ATOMIC_RELAXED);
            return s * SPW__SEGMENT_PAGES + page;
        }
    }
    return 0;
}

/* Whether there are as many free pages in all. */
static bool has_pages(const struct spw__segments *segments, uint32_t pages)
{
    uint32_t limit = __atomic_load_n(&segments->limit, __ATOMIC_RELAXED);
    uint32_t taken = __atomic_load_n(&segments->pages_taken, __ATOMIC_RELAXED);
    return taken + pages <= limit * (SPW__SEGMENT_PAGES - 1);
}

/* How many segments may be used: those of the limit, and a stand-in for the one that a trim holds. */
static uint32_t segments_allowed(const struct spw__segments *segments, bool trimming)
{
    uint32_t limit = __atomic_load_n(&segments->limit, __ATOMIC_RELAXED);
    return trimming ? limit + 1 : limit;
}

uint32_t spw__segments_take(struct spw__segments *segments, uint32_t pages)
{
    if (pages == 0 || pages > SPW__SEGMENT_PAGES - 64)
        return 0;
    while (has_pages(segments, pages)) { /* a look through all of them in vain, at each record, would be what an outage costs */
        uint32_t trims = __atomic_load_n(&segments->trims, __ATOMIC_ACQUIRE);
        uint32_t count = __atomic_load_n(&segments->count, __ATOMIC_ACQUIRE);
        uint32_t allowed = segments_allowed(segments, trims & 1);
        uint32_t reference = take_among(segments, count < allowed ? count : allowed, pages);
        if (reference)
            return reference;
        __atomic_thread_fence(__ATOMIC_ACQUIRE); /* who has seen pages held by a trim sees that it is at work */
        if (!grow(segments, count, allowed) && __atomic_load_n(&segments->trims, __ATOMIC_RELAXED) == trims)
            return 0;
    }
    return 0;
}

void spw__segments_give(struct spw__segments *segments, uint32_t reference, uint32_t pages)
{
    struct spw__segment *segment = __atomic_load_n(&segments->at[reference / SPW__SEGMENT_PAGES], __ATOMIC_ACQUIRE);
    give_run(segment->taken, reference % SPW__SEGMENT_PAGES, pages);
    __atomic_sub_fetch(&segments->pages_taken, pages, __ATOMIC_RELAXED);
}

static bool wholly_free(const struct spw__segment *segment)
{
    for (uint32_t w = 0; w < WORDS; w++)
        if (__atomic_load_n(&segment->taken[w], __ATOMIC_RELAXED) != (w ? 0 : 1))
            return false;
    return true;
}

static void trim_segment(struct spw__segment *segment)
{
    /* Taking every page first keeps others from filling what is being given back. */
    uint32_t held = 0;
    while (held < WORDS && take_bits(&segment->taken[held], held ? UINT64_MAX : UINT64_MAX - 1))
        held++;
    if (held == WORDS)
        spw__release_pages((uint8_t *)segment + SPW__PAGE_SIZE, SPW__SEGMENT_SIZE - SPW__PAGE_SIZE);
    while (held-- > 0)
        __atomic_and_fetch(&segment->taken[held], held ? 0 : 1ull, __ATOMIC_RELEASE);
}

void spw__segments_trim(struct spw__segments *segments)
{
    uint32_t count = __atomic_load_n(&segments->count, __ATOMIC_ACQUIRE);
    for (uint32_t s = 0; s < count; s++) {
        struct spw__segment *segment = __atomic_load_n(&segments->at[s], __ATOMIC_ACQUIRE);
        if (!wholly_free(segment))
            continue;
        /* Said before and after: who finds no pages in between knows the reason. */
        __atomic_add_fetch(&segments->trims, 1, __ATOMIC_SEQ_CST);
        trim_segment(segment);
        __atomic_add_fetch(&segments->trims, 1, __ATOMIC_SEQ_CST);
    }
}
