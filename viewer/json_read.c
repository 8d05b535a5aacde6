/* The JSON reader. Contract: json_read.h. */
#include "json_read.h"

#include <string.h>

#include "text.h"

enum expect { VALUE, FIRST_VALUE, FIRST_KEY, MORE, AFTER_KEY, NOTHING, BROKEN };

static enum spwv_json_token fail(struct spwv_json_reader *reader, const char *cause)
{
    reader->cause = cause;
    reader->expect = BROKEN;
    return SPWV_JSON_ERROR;
}

void spwv_json_open(struct spwv_json_reader *reader, struct spwv_slice text)
{
    memset(reader, 0, sizeof *reader);
    reader->start = reader->at = text.data;
    reader->end = text.size ? text.data + text.size : text.data;
    if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        reader->at += 3;
}

static void skip_space(struct spwv_json_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* ---- strings ---- */

static int four_digits(const uint8_t *at, const uint8_t *end)
{
    uint8_t bytes[2];
    if (end - at < 4 || !spwv_hex_decode((const char *)at, 4, bytes))
        return -1;
    return bytes[0] << 8 | bytes[1];
}

static bool is_surrogate(int unit, int first)
{
    return (unit & 0xFC00) == first;
}

/* Behind "\u". False: no four digits. A pair is one character; half a pair is U+FFFD. */
static bool read_unicode(const uint8_t **at, const uint8_t *end, uint32_t *c)
{
    int unit = four_digits(*at, end);
    if (unit < 0)
        return false;
    *at += 4;
    *c = (uint32_t)unit;
    if (is_surrogate(unit, 0xD800) && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        int low = four_digits(*at + 2, end);
        if (low >= 0 && is_surrogate(low, 0xDC00)) {
            *at += 6;
            *c = 0x10000 + (((uint32_t)unit & 0x3FF) << 10) + ((uint32_t)low & 0x3FF);
            return true;
        }
    }
    if (unit >= 0xD800 && unit <= 0xDFFF)
        *c = 0xFFFD;
    return true;
}

/* The character at *at, which is neither a quote nor a control; false: a bad escape. */
static bool read_char(const uint8_t **at, const uint8_t *end, uint32_t *c)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (**at != '\\') {
        *c = spwv_utf8_next(at, end);
        if (*c == SPWV_BAD_CHAR)
            *c = 0xFFFD;
        return true;
    }
    if (end - *at < 2)
        return false;
    uint8_t escape = (*at)[1];
    *at += 2;
    if (escape == 'u')
        return read_unicode(at, end, c);
    const char *found = escape ? strchr(escapes, escape) : NULL;
    if (!found)
        return false;
    *c = (uint8_t)meant[found - escapes];
    return true;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static const uint8_t *end_of_plain(const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_plain(*at))
        at++;
    return at;
}

/* From behind the opening quote to behind the closing one. */
static enum spwv_json_token read_string(struct spwv_json_reader *reader, enum spwv_json_token token)
{
    const uint8_t *first = ++reader->at;
    reader->text_size = 0;
    for (;;) {
        const uint8_t *run = reader->at;
        reader->at = end_of_plain(run, reader->end);
        reader->text_size += (size_t)(reader->at - run);
        if (reader->at == reader->end)
            return fail(reader, "a string without its end");
        if (*reader->at == '"')
            break;
        if (*reader->at < 0x20)
            return fail(reader, "a control character in a string (it must be escaped)");
        uint32_t c;
        char bytes[4];
        if (!read_char(&reader->at, reader->end, &c))
            return fail(reader, "a bad escape in a string");
        reader->text_size += spwv_utf8_encode(c, bytes);
    }
    reader->text = (struct spwv_slice){first, (size_t)(reader->at - first)};
    reader->at++;
    return token;
}

void spwv_json_decode(const struct spwv_json_reader *reader, char *to)
{
    const uint8_t *at = reader->text.data;
    const uint8_t *end = at + reader->text.size;
    while (at < end) {
        const uint8_t *run = at;
        at = end_of_plain(at, end);
        memcpy(to, run, (size_t)(at - run));
        to += at - run;
        uint32_t c;
        if (at < end && read_char(&at, end, &c))
            to += spwv_utf8_encode(c, to);
    }
}

/* ---- numbers and words ---- */

static bool skip_digits(struct spwv_json_reader *reader)
{
    const uint8_t *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > first;
}

static bool skip_one_of(struct spwv_json_reader *reader, const char *characters)
{
    if (reader->at == reader->end || !*reader->at || !strchr(characters, *reader->at))
        return false;
    reader->at++;
    return true;
}

static enum spwv_json_token read_number(struct spwv_json_reader *reader)
{
    const uint8_t *first = reader->at;
    skip_one_of(reader, "-");
    bool ok = skip_one_of(reader, "0") || skip_digits(reader);
    if (ok && skip_one_of(reader, "."))
        ok = skip_digits(reader);
    if (ok && skip_one_of(reader, "eE")) {
        skip_one_of(reader, "+-");
        ok = skip_digits(reader);
    }
    if (!ok)
        return fail(reader, "a number that is none");
    reader->text = (struct spwv_slice){first, (size_t)(reader->at - first)};
    return SPWV_JSON_NUMBER;
}

static enum spwv_json_token read_word(struct spwv_json_reader *reader, const char *word, enum spwv_json_token token)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return fail(reader, "no JSON value");
    reader->at += size;
    return token;
}

/* ---- structure ---- */

static bool in_object(const struct spwv_json_reader *reader)
{
    unsigned top = reader->depth - 1;
    return reader->is_object[top / 64] >> top % 64 & 1;
}

static enum spwv_json_token enter(struct spwv_json_reader *reader, bool object)
{
    if (reader->depth == SPWV_JSON_DEPTH)
        return fail(reader, "objects and arrays nested more than 512 deep");
    unsigned top = reader->depth++;
    uint64_t bit = (uint64_t)1 << top % 64;
    reader->is_object[top / 64] = object ? reader->is_object[top / 64] | bit : reader->is_object[top / 64] & ~bit;
    reader->expect = object ? FIRST_KEY : FIRST_VALUE;
    reader->at++;
    return object ? SPWV_JSON_OBJECT : SPWV_JSON_ARRAY;
}

static enum spwv_json_token leave(struct spwv_json_reader *reader)
{
    bool object = in_object(reader);
    reader->at++;
    reader->expect = --reader->depth ? MORE : NOTHING;
    return object ? SPWV_JSON_OBJECT_END : SPWV_JSON_ARRAY_END;
}

static enum spwv_json_token read_value(struct spwv_json_reader *reader)
{
    uint8_t c = *reader->at;
    if (c == '{' || c == '[')
        return enter(reader, c == '{');
    reader->expect = reader->depth ? MORE : NOTHING;
    switch (c) {
    case '"': return read_string(reader, SPWV_JSON_STRING);
    case 't': return read_word(reader, "true", SPWV_JSON_TRUE);
    case 'f': return read_word(reader, "false", SPWV_JSON_FALSE);
    case 'n': return read_word(reader, "null", SPWV_JSON_NULL);
    default: return c == '-' || (c >= '0' && c <= '9') ? read_number(reader) : fail(reader, "no JSON value");
    }
}

static enum spwv_json_token read_key(struct spwv_json_reader *reader)
{
    if (*reader->at != '"')
        return fail(reader, "a key must be a string in quotes");
    reader->expect = AFTER_KEY;
    return read_string(reader, SPWV_JSON_KEY);
}

/* True: the reader stands on the next character that is no space. */
static bool find_next(struct spwv_json_reader *reader)
{
    skip_space(reader);
    return reader->at < reader->end;
}

enum spwv_json_token spwv_json_next(struct spwv_json_reader *reader)
{
    if (reader->expect == BROKEN)
        return SPWV_JSON_ERROR;
    if (!find_next(reader))
        return reader->expect == NOTHING ? SPWV_JSON_END : fail(reader, reader->depth ? "the JSON is cut short" : "no JSON in it");
    switch (reader->expect) {
    case NOTHING: return fail(reader, "more text behind the end of the JSON");
    case FIRST_KEY: return *reader->at == '}' ? leave(reader) : read_key(reader);
    case FIRST_VALUE: return *reader->at == ']' ? leave(reader) : read_value(reader);
    case AFTER_KEY:
        if (*reader->at++ != ':')
            return fail(reader, "no colon behind a key");
        break;
    case MORE:
        if (*reader->at == (in_object(reader) ? '}' : ']'))
            return leave(reader);
        if (*reader->at++ != ',')
            return fail(reader, "no comma between two values");
        break;
    default: break;
    }
    if (!find_next(reader))
        return fail(reader, "the JSON is cut short");
    return reader->expect == MORE && in_object(reader) ? read_key(reader) : read_value(reader);
}
