/* Trace and span ids: a generator for each thread (xoshiro256++), seeded from the system. Not for secrets. */
#ifndef SPW_RECORD_IDS_H
#define SPW_RECORD_IDS_H

#include <stdint.h>

struct spw__ids {
    uint64_t s[4];
};

/* Seeds with fresh bytes from the system: a new thread, or a forked child, never repeats another's ids. */
void spw__ids_seed(struct spw__ids *ids);

static inline uint64_t spw__rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t spw__ids_next(struct spw__ids *ids)
{
    uint64_t *s = ids->s;
    uint64_t result = spw__rotl(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = spw__rotl(s[3], 45);
    return result;
}

/* Never zero: an all-zero id is invalid. */
static inline uint64_t spw__ids_nonzero(struct spw__ids *ids)
{
    uint64_t v;
    do
        v = spw__ids_next(ids);
    while (__builtin_expect(v == 0, 0));
    return v;
}

#endif
