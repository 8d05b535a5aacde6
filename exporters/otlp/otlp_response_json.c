/* The JSON half of reading an answer: otlp_response.h. */
#include <stdlib.h>
#include <string.h>

#include "../json/json_read.h"
#include "otlp_response.h"

static bool is_key(spw_view key, const char *camel, const char *plain)
{
    return (key.size == strlen(camel) && memcmp(key.data, camel, key.size) == 0) ||
           (key.size == strlen(plain) && memcmp(key.data, plain, key.size) == 0);
}

/* An int64 as protobuf's JSON has it: a number, or a string that holds one. Negative ones are none. False: not a number. */
static bool read_count(enum spw__json_token token, spw_view text, uint64_t most, uint64_t *out)
{
    char digits[32];
    char *end;
    if (token == SPW__JSON_NULL) {
        *out = 0;
        return true;
    }
    if ((token != SPW__JSON_NUMBER && token != SPW__JSON_STRING) || !text.size || text.size >= sizeof digits || !strchr("-0123456789", text.data[0]))
        return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    bool negative = digits[0] == '-';
    unsigned long long count = strtoull(digits + negative, &end, 10);
    if (end == digits + negative || (*end && strspn(end, ".0") != strlen(end)))
        return false;
    *out = negative ? 0 : count < most ? count : most;
    return true;
}

/* Goes on behind the token until its value is over. */
static enum spw__json_token skip(struct spw__json_reader *r, enum spw__json_token token)
{
    unsigned depth = r->depth;
    if (token != SPW__JSON_BEGIN_OBJECT && token != SPW__JSON_BEGIN_ARRAY)
        return token;
    while (r->depth >= depth && token != SPW__JSON_ERROR)
        token = spw__json_next(r);
    return token;
}

static bool read_partial_success(struct spw__json_reader *r, uint64_t sent, struct spw__otlp_partial *out)
{
    enum spw__json_token token;
    while ((token = spw__json_next(r)) == SPW__JSON_KEY) {
        spw_view key = r->text;
        token = spw__json_next(r);
        if (is_key(key, "rejectedSpans", "rejected_spans")) {
            if (!read_count(token, r->text, sent, &out->rejected))
                return false;
        } else if (is_key(key, "errorMessage", "error_message") && token == SPW__JSON_STRING) {
            out->message[spw__json_unescape(r->text, out->message, sizeof out->message - 1)] = '\0';
        } else if (skip(r, token) == SPW__JSON_ERROR) {
            return false;
        }
    }
    return token == SPW__JSON_END_OBJECT;
}

void spw__otlp_response_partial_json(spw_view body, uint64_t sent, struct spw__otlp_partial *out)
{
    struct spw__json_reader r = SPW__JSON_READER(body);
    enum spw__json_token token = spw__json_next(&r);
    bool valid = token == SPW__JSON_BEGIN_OBJECT;
    memset(out, 0, sizeof *out);
    while (valid && (token = spw__json_next(&r)) == SPW__JSON_KEY) {
        spw_view key = r.text;
        token = spw__json_next(&r);
        if (is_key(key, "partialSuccess", "partial_success") && token == SPW__JSON_BEGIN_OBJECT)
            valid = read_partial_success(&r, sent, out);
        else
            valid = skip(&r, token) != SPW__JSON_ERROR; /* what is unknown is ignored, so the protocol wants it */
    }
    if (!valid || token != SPW__JSON_END_OBJECT || spw__json_next(&r) != SPW__JSON_END) {
        memset(out, 0, sizeof *out);
        out->malformed = true;
    }
}

size_t spw__otlp_response_message_json(spw_view body, char *out, size_t size)
{
    struct spw__json_reader r = SPW__JSON_READER(body);
    if (spw__json_next(&r) != SPW__JSON_BEGIN_OBJECT)
        return 0;
    while (spw__json_next(&r) == SPW__JSON_KEY) {
        spw_view key = r.text;
        enum spw__json_token token = spw__json_next(&r);
        if (token == SPW__JSON_STRING && is_key(key, "message", "message"))
            return spw__json_unescape(r.text, out, size);
        if (skip(&r, token) == SPW__JSON_ERROR)
            break;
    }
    return 0;
}
