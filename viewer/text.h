/*
 * UTF-8 read with suspicion, and small conversions of text.
 *
 * Ownership: nothing is kept. Threads: pure functions. Failure: bad bytes come out as SPWV_BAD_CHAR, never as an error.
 */
#ifndef SPWV_TEXT_H
#define SPWV_TEXT_H

#include "buf.h"

#define SPWV_BAD_CHAR UINT32_MAX

/* The code point at *at, which moves past it. Bad bytes (overlong, surrogates, truncated): SPWV_BAD_CHAR, and *at moves one byte. */
uint32_t spwv_utf8_next(const uint8_t **at, const uint8_t *end);

/* Its bytes, and how many; no end mark. */
size_t spwv_utf8_encode(uint32_t code_point, char bytes[4]);

/* Columns it takes in a terminal: 0 (combining), 1 or 2 (East Asian wide, emoji). */
unsigned spwv_char_width(uint32_t code_point);

/* True for what could steer a terminal or reorder its text: C0, DEL, C1, bidirectional and invisible format characters. */
bool spwv_char_is_control(uint32_t code_point);

/* Its beginning, of at most `max` bytes, without half a code point at its end. */
struct spwv_slice spwv_cut_text(struct spwv_slice text, size_t max);

/* `digits` hex digits, either case, into bytes (two a byte, high first). False for any other character. */
bool spwv_hex_decode(const char *text, size_t digits, uint8_t *bytes);
void spwv_hex_encode(const uint8_t *bytes, size_t size, char *text); /* 2 * size + 1 characters */

/* Decimal digits only, the whole text. False for anything else and for what passes max. */
bool spwv_parse_u64(const char *text, uint64_t max, uint64_t *value);

#endif
