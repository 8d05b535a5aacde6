/*
 * Writes JSON into a buffer: commas, escapes and 64-bit numbers as strings are its business, balance is the caller's.
 *
 * Ownership: the buffer is the caller's. Threads: one. Failure: the buffer's `failed`. Limits: the buffer's maximum.
 * Strings may hold any bytes: what is below 0x20, quotes, backslashes, DEL, U+2028 and U+2029 are escaped, bad UTF-8 becomes U+FFFD.
 */
#ifndef SPWV_JSON_H
#define SPWV_JSON_H

#include "buf.h"

struct spwv_json {
    struct spwv_buf *out;
    bool comma; /* a value stands before the next one */
};

void spwv_json_begin(struct spwv_json *json, char bracket); /* '{' or '[' */
void spwv_json_end(struct spwv_json *json, char bracket);   /* '}' or ']' */
void spwv_json_key(struct spwv_json *json, const char *key); /* a literal of ours: not escaped */
void spwv_json_key_string(struct spwv_json *json, struct spwv_slice key); /* anybody's */
void spwv_json_string(struct spwv_json *json, struct spwv_slice text);
void spwv_json_text(struct spwv_json *json, const char *text);
void spwv_json_count(struct spwv_json *json, uint64_t value);      /* a number: below 2^53 by nature */
void spwv_json_int32(struct spwv_json *json, int32_t value);       /* a number */
void spwv_json_micros(struct spwv_json *json, uint64_t ns);        /* a number of microseconds, all digits of the nanoseconds behind the point */
void spwv_json_since(struct spwv_json *json, uint64_t from_ns, uint64_t to_ns); /* a number: to - from, below 0 when it is earlier */
void spwv_json_u64(struct spwv_json *json, uint64_t value);        /* "123" */
void spwv_json_i64(struct spwv_json *json, int64_t value);         /* "-123" */
void spwv_json_double(struct spwv_json *json, double value);       /* 1.5, or "NaN", "Infinity", "-Infinity" */
void spwv_json_bool(struct spwv_json *json, bool value);
void spwv_json_null(struct spwv_json *json);
void spwv_json_hex(struct spwv_json *json, struct spwv_slice bytes);
void spwv_json_base64(struct spwv_json *json, struct spwv_slice bytes);

#endif
