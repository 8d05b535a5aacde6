/* UTF-8 as the wire wants it. Nothing here allocates. */
#ifndef SPW_RECORD_UTF8_H
#define SPW_RECORD_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

bool spw__utf8_valid_slow(const char *text, size_t size);

/* Valid as a protobuf string: no overlong forms, no surrogates, nothing above U+10FFFF. ASCII is decided inline. */
static inline bool spw__utf8_valid(const char *text, size_t size)
{
    const uint64_t high = 0x8080808080808080u;
    uint64_t any = 0;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t w;
        memcpy(&w, text + i, 8);
        any |= w;
    }
    if (size >= 8) { /* the tail, overlapping */
        uint64_t w;
        memcpy(&w, text + size - 8, 8);
        any |= w;
    } else {
        for (; i < size; i++)
            any |= (uint64_t)(unsigned char)text[i];
    }
    return (any & high) == 0 || spw__utf8_valid_slow(text, size);
}

/* Copies with U+FFFD in place of each invalid byte, cut on a code point to at most `room` bytes; returns the size written. */
size_t spw__utf8_repair(char *out, size_t room, const char *text, size_t size);

/* The size of the longest prefix with at most `characters` code points. */
size_t spw__utf8_prefix(const char *text, size_t size, size_t characters);

#endif
