/* Slow, obvious readers of UTF-8 and JSON, to judge others by. No recursion. */
#ifndef SPW_FUZZ_SLOW_H
#define SPW_FUZZ_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool is_utf8(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        uint32_t c = (unsigned char)text[i++], most = 0;
        unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 9;
        if (more == 9 || more > size - i)
            return false;
        most = more == 1 ? 0x1f : more == 2 ? 0xf : 7;
        c = more ? c & most : c;
        for (unsigned j = 0; j < more; j++, i++) {
            if (((unsigned char)text[i] & 0xc0) != 0x80)
                return false;
            c = c << 6 | ((unsigned char)text[i] & 0x3f);
        }
        if (more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000)))
            return false;
        if (more == 3 && (c < 0x10000 || c > 0x10ffff))
            return false;
    }
    return true;
}

/* One past the string that begins at p, or NULL. */
static inline const char *json_string(const char *p, const char *end)
{
    if (p == end || *p++ != '"')
        return NULL;
    while (p < end && *p != '"') {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p++ != '\\')
            continue;
        if (p == end || !*p || !strchr("\"\\/bfnrtu", *p))
            return NULL;
        if (*p++ == 'u')
            for (int i = 0; i < 4; i++, p++)
                if (p == end || !*p || !strchr("0123456789abcdefABCDEF", *p))
                    return NULL;
    }
    return p < end ? p + 1 : NULL;
}

static inline const char *json_digits(const char *p, const char *end)
{
    const char *from = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p > from ? p : NULL;
}

static inline const char *json_number(const char *p, const char *end)
{
    p += p < end && *p == '-';
    const char *whole = p;
    p = json_digits(p, end);
    if (!p || (*whole == '0' && p != whole + 1))
        return NULL;
    if (p < end && *p == '.' && !(p = json_digits(p + 1, end)))
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        p = json_digits(p, end);
    }
    return p;
}

static inline const char *json_space(const char *p, const char *end)
{
    while (p < end && *p && strchr(" \t\r\n", *p))
        p++;
    return p;
}

static inline const char *json_scalar(const char *p, const char *end)
{
    static const char *const words[] = { "true", "false", "null" };
    for (size_t i = 0; i < 3; i++)
        if ((size_t)(end - p) >= strlen(words[i]) && memcmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    return p < end && *p == '"' ? json_string(p, end) : json_number(p, end);
}

/* A member's name and its colon. */
static inline const char *json_name(const char *p, const char *end)
{
    p = json_string(json_space(p, end), end);
    p = p ? json_space(p, end) : NULL;
    return p && p < end && *p == ':' ? p + 1 : NULL;
}

/* One JSON text (RFC 8259), at most 512 deep. */
static inline bool is_json(const char *p, size_t size)
{
    const char *end = p + size;
    char open[512];
    size_t depth = 0;
    bool value = true; /* one must come; else a comma or an end */
    if (!is_utf8(p, size))
        return false;
    while ((p = json_space(p, end)) < end && (value || depth)) {
        if (!value && *p == ',') {
            value = true;
            p = open[depth - 1] == '{' ? json_name(p + 1, end) : p + 1;
        } else if (!value) {
            if (*p++ != (open[--depth] == '{' ? '}' : ']'))
                return false;
        } else if (*p == '{' || *p == '[') {
            if (depth == sizeof open)
                return false;
            open[depth++] = *p;
            const char *inner = json_space(p + 1, end);
            value = inner == end || *inner != (*p == '{' ? '}' : ']');
            p = value && *p == '{' ? json_name(inner, end) : inner;
        } else {
            p = json_scalar(p, end);
            value = false;
        }
        if (!p)
            return false;
    }
    return p == end && !value && !depth;
}

#endif
