/* UTF-8 as the wire wants it. Nothing here allocates. */
#ifndef SPW_RECORD_UTF8_H
#define SPW_RECORD_UTF8_H

#include <spanwire/common.h>
#include <string.h>

/* The bytes of the valid sequence at text, 1 to 4, or 0. `left` is at least 1. */
SPW_API size_t spw__utf8_sequence(const char *text, size_t left);

SPW_API bool spw__utf8_valid_slow(const char *text, size_t size);

/* Eight bytes at a time, the tail overlapping. */
static inline bool spw__is_ascii(const char *text, size_t size)
{
    uint64_t any = 0, word;
    uint32_t left, right;
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            memcpy(&word, text + i, 8);
            any |= word;
        }
        memcpy(&word, text + size - 8, 8);
        any |= word;
    } else if (size >= 4) {
        memcpy(&left, text, 4);
        memcpy(&right, text + size - 4, 4);
        any = left | right;
    } else {
        for (size_t i = 0; i < size; i++)
            any |= (uint64_t)(unsigned char)text[i];
    }
    return (any & 0x8080808080808080u) == 0;
}

/* Valid as a protobuf string: no overlong forms, no surrogates, nothing above U+10FFFF. ASCII is decided inline. */
static inline bool spw__utf8_valid(const char *text, size_t size)
{
    return spw__is_ascii(text, size) || spw__utf8_valid_slow(text, size);
}

/* Copies with U+FFFD in place of each invalid byte, cut on a code point to at most `room` bytes; returns the size written. */
size_t spw__utf8_repair(char *out, size_t room, const char *text, size_t size);

/* The size of the longest prefix with at most `characters` code points. */
size_t spw__utf8_prefix(const char *text, size_t size, size_t characters);

#endif
