/* Writing protobuf by hand: the few primitives the hot path needs. Sizes first, then bytes; no bounds checks here, callers reserve. */
#ifndef SPW_RECORD_WIRE_H
#define SPW_RECORD_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Field numbers of opentelemetry.proto.trace.v1.Span as one-byte tags. */
enum {
    SPW__TAG_TRACE_ID = 0x0a,
    SPW__TAG_SPAN_ID = 0x12,
    SPW__TAG_TRACE_STATE = 0x1a,
    SPW__TAG_PARENT_ID = 0x22,
    SPW__TAG_NAME = 0x2a,
    SPW__TAG_KIND = 0x30,
    SPW__TAG_START = 0x39,
    SPW__TAG_END = 0x41,
    SPW__TAG_ATTRIBUTE = 0x4a,
    SPW__TAG_DROPPED_ATTRIBUTES = 0x50,
    SPW__TAG_EVENT = 0x5a,
    SPW__TAG_DROPPED_EVENTS = 0x60,
    SPW__TAG_LINK = 0x6a,
    SPW__TAG_DROPPED_LINKS = 0x70,
    SPW__TAG_STATUS = 0x7a,
    /* Span.flags, field 16: two bytes 0x85 0x01 */
    SPW__TAG_FLAGS_0 = 0x85,
    SPW__TAG_FLAGS_1 = 0x01,
};

static inline size_t spw__varint_size(uint64_t v)
{
    /* 9 bits of "bits per byte" arithmetic: ceil(bits / 7) with at least one */
    unsigned bits = 64u - (unsigned)__builtin_clzll(v | 1);
    return (bits * 9 + 64) / 64;
}

static inline uint8_t *spw__put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Little-endian, as protobuf wants them: on such a machine one store. */
static inline uint8_t *spw__put_fixed32(uint8_t *p, uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    memcpy(p, &v, 4);
    return p + 4;
}

static inline uint8_t *spw__put_fixed64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, 8);
    return p + 8;
}

/* memcpy whose short sizes, nearly all here, stay inline: two overlapping loads and stores instead of a call. */
static inline void spw__copy(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (n >= 8 && n <= 32) {
        uint64_t a, b;
        if (n > 16) {
            memcpy(d, s, 16);
            uint64_t c, e;
            memcpy(&c, s + n - 16, 8);
            memcpy(&e, s + n - 8, 8);
            memcpy(d + n - 16, &c, 8);
            memcpy(d + n - 8, &e, 8);
            return;
        }
        memcpy(&a, s, 8);
        memcpy(&b, s + n - 8, 8);
        memcpy(d, &a, 8);
        memcpy(d + n - 8, &b, 8);
    } else if (n < 8) {
        if (n >= 4) {
            uint32_t a, b;
            memcpy(&a, s, 4);
            memcpy(&b, s + n - 4, 4);
            memcpy(d, &a, 4);
            memcpy(d + n - 4, &b, 4);
        } else if (n) {
            d[0] = s[0];
            d[n / 2] = s[n / 2];
            d[n - 1] = s[n - 1];
        }
    } else {
        memcpy(d, s, n);
    }
}

static inline uint8_t *spw__put_bytes(uint8_t *p, const void *from, size_t n)
{
    spw__copy(p, from, n);
    return p + n;
}

#endif
