/* Reading JSON: json_read.h. */
#include "json_read.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

/* What may come next. */
enum state { VALUE, FIRST_VALUE, FIRST_KEY, KEY, COLON, AFTER, FAILED };

static enum spw__json_token fail(struct spw__json_reader *r)
{
    r->state = FAILED;
    return SPW__JSON_ERROR;
}

static bool in_object(const struct spw__json_reader *r)
{
    return r->depth && (r->objects >> (r->depth - 1) & 1);
}

static void skip_blanks(struct spw__json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind the opening quote; steps over the closing one. */
static bool take_string(struct spw__json_reader *r)
{
    const char *from = r->at;
    for (; r->at < r->end && *r->at != '"'; r->at++) {
        if ((unsigned char)*r->at < 0x20)
            return false;
        if (*r->at != '\\')
            continue;
        if (++r->at == r->end || !strchr("\"\\/bfnrtu", *r->at) || !*r->at)
            return false;
        for (int i = 0; *r->at == 'u' && i < 4; i++)
            if (r->end - r->at < 5 || !is_hex(r->at[1 + i]))
                return false;
    }
    if (r->at == r->end)
        return false;
    r->text = (spw_view){ from, (size_t)(r->at - from) };
    r->at++;
    return true;
}

static size_t take_digits(struct spw__json_reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - from);
}

static bool take_char(struct spw__json_reader *r, const char *any)
{
    if (r->at == r->end || !*r->at || !strchr(any, *r->at))
        return false;
    r->at++;
    return true;
}

static bool take_number(struct spw__json_reader *r)
{
    const char *from = r->at;
    (void)take_char(r, "-");
    const char *first = r->at;
    size_t digits = take_digits(r);
    bool valid = digits == 1 || (digits > 1 && *first != '0');
    if (take_char(r, "."))
        valid = valid && take_digits(r);
    if (take_char(r, "eE")) {
        (void)take_char(r, "+-");
        valid = valid && take_digits(r);
    }
    r->text = (spw_view){ from, (size_t)(r->at - from) };
    return valid;
}

static bool take_word(struct spw__json_reader *r, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
        return false;
    r->at += size;
    return true;
}

static enum spw__json_token open_level(struct spw__json_reader *r, bool is_object)
{
    if (r->depth == MAX_DEPTH)
        return fail(r);
    r->at++;
    r->objects = (r->objects & ~(1ull << r->depth)) | (uint64_t)is_object << r->depth;
    r->depth++;
    r->state = is_object ? FIRST_KEY : FIRST_VALUE;
    return is_object ? SPW__JSON_BEGIN_OBJECT : SPW__JSON_BEGIN_ARRAY;
}

static enum spw__json_token close_level(struct spw__json_reader *r)
{
    bool is_object = in_object(r);
    if (!r->depth || *r->at != (is_object ? '}' : ']'))
        return fail(r);
    r->at++;
    r->depth--;
    r->state = AFTER;
    return is_object ? SPW__JSON_END_OBJECT : SPW__JSON_END_ARRAY;
}

static enum spw__json_token take_value(struct spw__json_reader *r)
{
    r->state = AFTER;
    switch (*r->at) {
    case '{': return open_level(r, true);
    case '[': return open_level(r, false);
    case '"': r->at++; return take_string(r) ? SPW__JSON_STRING : fail(r);
    case 't': return take_word(r, "true") ? SPW__JSON_TRUE : fail(r);
    case 'f': return take_word(r, "false") ? SPW__JSON_FALSE : fail(r);
    case 'n': return take_word(r, "null") ? SPW__JSON_NULL : fail(r);
    default: return take_number(r) ? SPW__JSON_NUMBER : fail(r);
    }
}

static enum spw__json_token take_key(struct spw__json_reader *r)
{
    if (!take_char(r, "\"") || !take_string(r))
        return fail(r);
    spw_view key = r->text;
    skip_blanks(r);
    if (!take_char(r, ":"))
        return fail(r);
    r->text = key;
    r->state = VALUE;
    return SPW__JSON_KEY;
}

enum spw__json_token spw__json_next(struct spw__json_reader *r)
{
    if (r->state == FAILED)
        return SPW__JSON_ERROR;
    skip_blanks(r);
    if (r->at == r->end)
        return r->state == AFTER && !r->depth ? SPW__JSON_END : fail(r);
    if (r->state == AFTER) {
        if (!take_char(r, ","))
            return close_level(r);
        if (!r->depth)
            return fail(r);
        r->state = in_object(r) ? KEY : VALUE;
        skip_blanks(r);
        if (r->at == r->end)
            return fail(r);
    }
    if ((r->state == FIRST_KEY && *r->at == '}') || (r->state == FIRST_VALUE && *r->at == ']'))
        return close_level(r);
    return r->state == KEY || r->state == FIRST_KEY ? take_key(r) : take_value(r);
}

/* ---- characters ---- */

static uint32_t hex4(const char *s)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++)
        code = code << 4 | (uint32_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
    return code;
}

/* The character an escape stands for; `s` is behind the backslash. *used: how many bytes it takes from there. */
static uint32_t escaped(const char *s, size_t left, size_t *used)
{
    static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";
    *used = 1;
    if (*s != 'u') {
        const char *name = strchr(names, *s);
        return name && *name ? (uint32_t)codes[name - names] : (uint32_t)(unsigned char)*s;
    }
    *used = 5;
    uint32_t code = hex4(s + 1);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || left < 11 || s[5] != '\\' || s[6] != 'u')
        return 0xfffd;
    uint32_t low = hex4(s + 7);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *used = 11;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00u >> size & 0xf0) | code);
    return size;
}

size_t spw__json_unescape(spw_view text, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size;) {
        char bytes[4] = { text.data[i] };
        size_t count = 1, used = 1;
        if (text.data[i] == '\\' && i + 1 < text.size) {
            count = put_utf8(bytes, escaped(text.data + i + 1, text.size - i - 1, &used));
            used++;
        } else {
            while (used < 4 && i + used < text.size && ((unsigned char)text.data[i + used] & 0xc0) == 0x80) {
                bytes[count++] = text.data[i + used]; /* the rest of a character goes with its head */
                used++;
            }
        }
        if (n + count > size)
            break;
        memcpy(out + n, bytes, count);
        n += count;
        i += used;
    }
    return n;
}
