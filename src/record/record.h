/* A record in a chunk: this header, then `length` bytes: a span framed as an element of ScopeSpans.spans (tag 0x12, size, Span). */
#ifndef SPW_RECORD_RECORD_H
#define SPW_RECORD_RECORD_H

#include <stdint.h>

#define SPW__SIGNAL_TRACES 1u
#define SPW__RECORD_COMMITTED 0xc7u

struct spw__record {
    uint32_t length;
    uint16_t scope;
    uint16_t lanes; /* destination mask: a bit a pipeline */
    uint8_t commit; /* SPW__RECORD_COMMITTED once whole */
    uint8_t signal;
    uint16_t items;
    uint32_t spare;
};

/* What a record of `length` takes in its chunk. */
static inline uint32_t spw__record_stride(uint32_t length)
{
    return ((uint32_t)sizeof(struct spw__record) + length + 7u) & ~7u;
}

#endif
