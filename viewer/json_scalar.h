/*
 * Numbers and bytes as the JSON mapping of protobuf writes them, from the text of one token.
 *
 * Ownership: nothing is kept. Threads: pure functions. Failure: false, with nothing written but to the caller's room.
 */
#ifndef SPWV_JSON_SCALAR_H
#define SPWV_JSON_SCALAR_H

#include "buf.h"

/* A whole number as a magnitude and a sign: digits, and a fraction or an exponent as long as the value stays whole ("1.5e3"). */
bool spwv_scalar_whole(struct spwv_slice text, uint64_t *magnitude, bool *negative);

/* A JSON number, or "NaN", "Infinity", "-Infinity". False for a number larger than a double's, and for one of more than 1000 characters. */
bool spwv_scalar_double(struct spwv_slice text, double *value);

/* Hex digits of either case into half as many bytes. */
bool spwv_scalar_hex(struct spwv_slice text, uint8_t *bytes);

/* Base64 with either alphabet (+/ or -_), padded or not. `bytes` has room for 3 bytes of every 4 characters begun. */
bool spwv_scalar_base64(struct spwv_slice text, uint8_t *bytes, size_t *size);

#endif
