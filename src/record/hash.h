/*
 * A hash of bytes under a secret: who chooses the bytes cannot choose which of them meet. For tables in memory; says nothing outside.
 */
#ifndef SPW_RECORD_HASH_H
#define SPW_RECORD_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Both halves of the product: in the lower one alone, a difference in the uppermost bit would pass any multiplier unchanged. */
static inline uint64_t spw__hash_mix(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    const wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    const uint64_t product = a * b;
    return product ^ ((a >> 32) * (b >> 32) + ((a >> 32) * (uint32_t)b >> 32));
#endif
}

/* `secret` is odd and random. All 64 bits are as good as each other. */
static inline uint64_t spw__hash(uint64_t secret, const void *data, size_t size)
{
    const uint8_t *p = data;
    uint64_t h = secret ^ size, word = 0;
    for (; size > 8; p += 8, size -= 8) {
        memcpy(&word, p, 8);
        h = spw__hash_mix(h ^ word, secret);
    }
    word = 0;
    memcpy(&word, p, size);
    return spw__hash_mix(h ^ word, secret);
}

#endif
