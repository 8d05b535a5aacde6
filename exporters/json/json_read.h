/*
 * Reads JSON that a stranger sent, token by token, in place. Strict (RFC 8259), no recursion, no allocation; deeper than 64 levels is an error.
 *
 *     struct spw__json_reader r = SPW__JSON_READER(text);
 *     while ((token = spw__json_next(&r)) != SPW__JSON_END && token != SPW__JSON_ERROR) ...   // r.text, r.depth
 */
#ifndef SPW_EXPORTERS_JSON_READ_H
#define SPW_EXPORTERS_JSON_READ_H

#include <spanwire/common.h>

enum spw__json_token {
    SPW__JSON_ERROR,
    SPW__JSON_END, /* of the text, after one whole value */
    SPW__JSON_BEGIN_OBJECT,
    SPW__JSON_END_OBJECT,
    SPW__JSON_BEGIN_ARRAY,
    SPW__JSON_END_ARRAY,
    SPW__JSON_KEY,    /* text: between the quotes, escapes as written */
    SPW__JSON_STRING, /* likewise */
    SPW__JSON_NUMBER, /* text: as written */
    SPW__JSON_TRUE,
    SPW__JSON_FALSE,
    SPW__JSON_NULL,
};

struct spw__json_reader {
    const char *at, *end;
    unsigned depth;   /* open objects and arrays, after the token */
    uint64_t objects; /* a bit a level: it is an object */
    unsigned state;   /* what may come next */
    spw_view text;
};
#define SPW__JSON_READER(view) { (view).data, (view).data ? (view).data + (view).size : NULL, 0, 0, 0, { NULL, 0 } }

/* After ERROR and END it gives the same again. */
enum spw__json_token spw__json_next(struct spw__json_reader *reader);

/* Writes a string's characters as UTF-8, at most `size`, cut between characters; returns how many bytes. Half a surrogate pair becomes U+FFFD. */
size_t spw__json_unescape(spw_view text, char *out, size_t size);

#endif
