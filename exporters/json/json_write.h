/*
 * Writes JSON into a buffer that grows to a maximum given at init and no further. Not thread-safe.
 *
 * Failure    What does not fit is not written, and said; once failed it stays so until cleared. Strings that are not UTF-8 are written with U+FFFD
 *            in place of the bad bytes, so that what comes out is JSON in any case.
 */
#ifndef SPW_EXPORTERS_JSON_WRITE_H
#define SPW_EXPORTERS_JSON_WRITE_H

#include <spanwire/common.h>

/* Zero to start with, but for `most`. */
struct spw__json {
    char *data;
    size_t size;
    size_t capacity;
    size_t most;
    bool too_large;
    bool no_memory;
};

/* Text as it is. */
void spw__json_put(struct spw__json *json, const char *text, size_t size);

/* The same for a literal. */
#define SPW__JSON_PUT(json, literal) spw__json_put((json), "" literal, sizeof(literal) - 1)

/* A string, quoted and escaped. */
void spw__json_put_string(struct spw__json *json, spw_view text);

/* Bytes as a string: lower hex, as OTLP wants ids; base64, as protobuf wants other bytes. */
void spw__json_put_hex(struct spw__json *json, const uint8_t *bytes, size_t size);
void spw__json_put_base64(struct spw__json *json, spw_view bytes);

/* Numbers: 32 bits as they are, 64 bits as strings, doubles so that they read back the same; "NaN", "Infinity" and "-Infinity" as strings. */
void spw__json_put_u32(struct spw__json *json, uint32_t number);
void spw__json_put_u64(struct spw__json *json, uint64_t number);
void spw__json_put_i64(struct spw__json *json, int64_t number);
void spw__json_put_double(struct spw__json *json, double number);

static inline bool spw__json_failed(const struct spw__json *json)
{
    return json->too_large || json->no_memory;
}

/* Empties it, failure included; the memory stays. */
void spw__json_clear(struct spw__json *json);
void spw__json_free(struct spw__json *json);

#endif
