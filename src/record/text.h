/* Hexadecimal, as ids and traceparent have it. */
#ifndef SPW_RECORD_TEXT_H
#define SPW_RECORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2 * size lower-case digits, no terminator. */
void spw__hex(char *out, const uint8_t *bytes, size_t size);

/* Reads 2 * size lower-case digits; false at anything else (W3C ids are lower-case only). */
bool spw__unhex(uint8_t *out, const char *digits, size_t size);

#endif
