/* Reading the environment: the rules for text, numbers, lists and pairs. */
#include "sdk/config_env.h"

#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/utf8.h"
#include "sdk/diag.h"

const char *spw__env_text(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return NULL;
    size_t size = strlen(value);
    if (size > SPW__ENV_MAX_BYTES) {
        spw__diag(SPW_LOG_WARN, "%s is %zu bytes long, more than %d: ignored", name, size, SPW__ENV_MAX_BYTES);
        return NULL;
    }
    if (!spw__utf8_valid(value, size)) {
        spw__diag(SPW_LOG_WARN, "%s is not valid UTF-8: ignored", name);
        return NULL;
    }
    return value;
}

bool spw__env_bool(const char *name, uint64_t *out)
{
    const char *text = spw__env_text(name);
    if (!text)
        return false;
    *out = strcasecmp(text, "true") == 0;
    if (!*out && strcasecmp(text, "false") != 0)
        spw__diag(SPW_LOG_WARN, "%s=%.40s is neither true nor false: taken as false", name, text);
    return true;
}

bool spw__env_uint(const char *name, uint32_t min, uint32_t *out)
{
    const char *text = spw__env_text(name);
    if (!text)
        return false;
    uint64_t value = 0;
    const char *p = text + strspn(text, " \t");
    bool digits = *p >= '0' && *p <= '9';
    while (*p >= '0' && *p <= '9' && value <= SPW__ENV_MAX_NUMBER)
        value = value * 10 + (uint64_t)(*p++ - '0');
    if (!digits || p[strspn(p, " \t")] || value < min || value > SPW__ENV_MAX_NUMBER) {
        spw__diag(SPW_LOG_WARN, "%s=%.40s is not an integer from %u to %u: ignored", name, text, min, SPW__ENV_MAX_NUMBER);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static spw_view trimmed(const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (from < to && is_blank(to[-1]))
        to--;
    spw_view view = { from, (size_t)(to - from) };
    return view;
}

const char *spw__choose(const char *const *choices, const char *text, size_t size)
{
    spw_view trimmed_text = trimmed(text, text + size);
    text = trimmed_text.data;
    size = trimmed_text.size;
    for (; *choices; choices++) {
        if (strlen(*choices) == size && strncasecmp(*choices, text, size) == 0)
            return *choices;
    }
    return NULL;
}

bool spw__list_next(const char **list, spw_view *item)
{
    while (**list) {
        const char *end = strchrnul(*list, ',');
        *item = trimmed(*list, end);
        *list = *end ? end + 1 : end;
        if (item->size)
            return true;
    }
    return false;
}

const char spw__pairs_no_memory[] = "out of memory";

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes into `out`, which has room for the encoded size. False on a broken escape or a result that is not UTF-8. */
static bool percent_decode(spw_view in, char *out, size_t *size)
{
    size_t at = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '%') {
            int high = i + 2 < in.size ? hex_digit(in.data[i + 1]) : -1;
            int low = i + 2 < in.size ? hex_digit(in.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        }
        out[at++] = c;
    }
    *size = at;
    return spw__utf8_valid(out, at);
}

static const char *pair_decode(spw_view item, char *buffer, spw__pair_fn put, void *arg)
{
    const char *equals = memchr(item.data, '=', item.size);
    if (!equals)
        return "a member has no '='";
    spw_view raw_key = trimmed(item.data, equals), raw_value = trimmed(equals + 1, item.data + item.size);
    spw_view key = { buffer, 0 }, value = { buffer + raw_key.size, 0 };
    if (!percent_decode(raw_key, buffer, &key.size) || !percent_decode(raw_value, buffer + raw_key.size, &value.size))
        return "a member has a broken percent-encoding";
    if (key.size == 0)
        return "a member has no key";
    return put(arg, key, value) ? NULL : spw__pairs_no_memory;
}

const char *spw__pairs_decode(const char *list, spw__pair_fn put, void *arg)
{
    char *buffer = spw_allocate(strlen(list) + 1);
    if (!buffer)
        return spw__pairs_no_memory;
    const char *problem = NULL;
    spw_view item;
    while (!problem && spw__list_next(&list, &item))
        problem = pair_decode(item, buffer, put, arg);
    spw_free(buffer);
    return problem;
}

static bool ignore(void *arg, spw_view key, spw_view value)
{
    (void)arg, (void)key, (void)value;
    return true;
}

const char *spw__pairs_problem(const char *list)
{
    return spw__pairs_decode(list, ignore, NULL);
}
