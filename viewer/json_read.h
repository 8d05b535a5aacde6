/*
 * Reads JSON (RFC 8259) as tokens, one after another, where it lies.
 *
 *     struct spwv_json_reader reader;
 *     spwv_json_open(&reader, text);
 *     while ((token = spwv_json_next(&reader)) > SPWV_JSON_END)
 *         ...
 *
 * Ownership: tokens point into the caller's text. Threads: one a reader. Failure: SPWV_JSON_ERROR, again at every further call, with `cause`
 *   and the place of it in `at`. Nothing is allocated, nothing recurses.
 * Limits: SPWV_JSON_DEPTH objects and arrays inside each other, one bit each. A byte order mark before the text is passed over.
 * Strings are taken as browsers and Go take them: bad UTF-8 and lone halves of surrogate pairs become U+FFFD.
 */
#ifndef SPWV_JSON_READ_H
#define SPWV_JSON_READ_H

#include "buf.h"

enum { SPWV_JSON_DEPTH = 512 };

enum spwv_json_token {
    SPWV_JSON_ERROR,
    SPWV_JSON_END, /* the one value is over, and nothing follows it */
    SPWV_JSON_OBJECT,
    SPWV_JSON_OBJECT_END,
    SPWV_JSON_ARRAY,
    SPWV_JSON_ARRAY_END,
    SPWV_JSON_KEY,
    SPWV_JSON_STRING,
    SPWV_JSON_NUMBER,
    SPWV_JSON_TRUE,
    SPWV_JSON_FALSE,
    SPWV_JSON_NULL
};

struct spwv_json_reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct spwv_slice text; /* KEY, STRING: between the quotes, escapes and all; NUMBER: its characters */
    size_t text_size;       /* KEY, STRING: of what spwv_json_decode() writes */
    const char *cause;
    unsigned depth;
    uint8_t expect;
    uint64_t is_object[SPWV_JSON_DEPTH / 64];
};

void spwv_json_open(struct spwv_json_reader *reader, struct spwv_slice text);
enum spwv_json_token spwv_json_next(struct spwv_json_reader *reader);

/* The characters of the KEY or STRING just read, as UTF-8: exactly text_size bytes. */
void spwv_json_decode(const struct spwv_json_reader *reader, char *to);

#endif
