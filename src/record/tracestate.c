#include "tracestate.h"

#include <spanwire/context.h>
#include <string.h>

#include "engine.h"

#define SETS 512u
#define WAYS 8u

/* A place: `lock` is odd while it is written, and twice its generation otherwise. The text is stored in atomic words, so that a reader
 * who loses the race reads rubbish, sees it by the generation, and throws it away. */
struct place {
    uint32_t lock;
    uint16_t size;
    uint16_t wanted; /* asked for since its turn to go came last: then it stays for another round; atomic */
    uint64_t hash;
    uint64_t words[SPW__TRACE_STATE_MAX / 8];
};

static struct place places[SETS * WAYS];
static uint32_t turns[SETS];
static uint64_t lost;

uint64_t spw__trace_states_lost(void)
{
    return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

/* Stored once a round at most: a state that everybody asks for must not be everybody's cache line to write. */
static void want(struct place *p)
{
    if (!__atomic_load_n(&p->wanted, __ATOMIC_RELAXED))
        __atomic_store_n(&p->wanted, 1, __ATOMIC_RELAXED);
}

static uint64_t hash_text(const char *text, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u; /* states differ in their last bytes: let those reach the bits that pick the set */
    h ^= h >> 32;
    return h ? h : 1;
}

/* index 12 bits, generation 20 bits; never 0 because a written place has a generation of at least 1 */
static uint32_t reference_of(uint32_t index, uint32_t lock)
{
    return index | (lock >> 1 & 0xfffff) << 12;
}

static size_t copy_out(const struct place *p, uint32_t lock, char *out)
{
    uint32_t size = __atomic_load_n(&p->size, __ATOMIC_ACQUIRE);
    if (size > SPW__TRACE_STATE_MAX)
        return 0;
    for (uint32_t i = 0; i * 8 < size; i++) {
        uint64_t word = __atomic_load_n(&p->words[i], __ATOMIC_ACQUIRE); /* the second look at the lock comes after */
        memcpy(out + i * 8, &word, 8);
    }
    return __atomic_load_n(&p->lock, __ATOMIC_RELAXED) == lock ? size : 0;
}

size_t spw__trace_state_read(uint32_t reference, char out[SPW__TRACE_STATE_MAX])
{
    if (!reference)
        return 0;
    uint32_t index = reference & 0xfff;
    struct place *p = &places[index];
    uint32_t lock = __atomic_load_n(&p->lock, __ATOMIC_ACQUIRE);
    size_t size = !(lock & 1) && reference_of(index, lock) == reference ? copy_out(p, lock, out) : 0;
    if (size)
        want(p);
    else
        __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
    return size;
}

static uint32_t find(uint32_t first, uint64_t hash, const char *text, size_t size)
{
    char kept[SPW__TRACE_STATE_MAX];
    for (uint32_t i = first; i < first + WAYS; i++) {
        uint32_t lock = __atomic_load_n(&places[i].lock, __ATOMIC_ACQUIRE);
        if (!lock || (lock & 1) || __atomic_load_n(&places[i].hash, __ATOMIC_RELAXED) != hash)
            continue;
        if (copy_out(&places[i], lock, kept) == size && memcmp(kept, text, size) == 0) {
            want(&places[i]);
            return reference_of(i, lock);
        }
    }
    return 0;
}

static uint32_t fill(uint32_t index, uint64_t hash, const char *text, size_t size)
{
    struct place *p = &places[index];
    uint32_t lock = __atomic_load_n(&p->lock, __ATOMIC_RELAXED);
    if ((lock & 1) || !__atomic_compare_exchange_n(&p->lock, &lock, lock + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return 0;
    /* Releases, so that who reads a new word then sees the lock taken. */
    __atomic_store_n(&p->hash, hash, __ATOMIC_RELEASE);
    __atomic_store_n(&p->size, (uint16_t)size, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i * 8 < size; i++) {
        uint64_t word = 0;
        memcpy(&word, text + i * 8, size - i * 8 < 8 ? size - i * 8 : 8);
        __atomic_store_n(&p->words[i], word, __ATOMIC_RELEASE);
    }
    uint32_t done = lock + 2;
    if (!(done >> 1 & 0xfffff))
        done += 2; /* generation 0 means "never written" */
    __atomic_store_n(&p->lock, done, __ATOMIC_RELEASE);
    return reference_of(index, done);
}

/* The place in the set whose turn it is, but for those that were asked for since their last one. */
static uint32_t next_place(uint32_t set)
{
    for (uint32_t i = 0;; i++) {
        uint32_t index = set * WAYS + __atomic_fetch_add(&turns[set], 1, __ATOMIC_RELAXED) % WAYS;
        if (i == WAYS || !__atomic_exchange_n(&places[index].wanted, 0, __ATOMIC_RELAXED))
            return index;
    }
}

uint32_t spw__trace_state_intern(const char *text, size_t size)
{
    if (!size || size > SPW__TRACE_STATE_MAX)
        return 0;
    uint64_t hash = hash_text(text, size);
    uint32_t set = (uint32_t)(hash >> 32) % SETS;
    uint32_t reference = find(set * WAYS, hash, text, size);
    for (uint32_t tries = 0; !reference && tries < WAYS; tries++) {
        reference = fill(next_place(set), hash, text, size);
    }
    if (!reference)
        __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
    return reference;
}

size_t spw_trace_state(spw_span span, char *out, size_t size)
{
    char text[SPW__TRACE_STATE_MAX];
    size_t length = spw__trace_state_read(span.trace_state, text);
    if (size) {
        size_t n = length < size - 1 ? length : size - 1;
        memcpy(out, text, n);
        out[n] = '\0';
    }
    return length;
}
