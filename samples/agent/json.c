/* Reading JSON one does not trust, and making JSON of bytes that may be anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

json_t *failed(failure *why, const char *type, const char *format, ...)
{
    snprintf(why->type, sizeof why->type, "%s", type);
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return NULL;
}

const char *get_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t get_int(const json_t *object, const char *key, int64_t fallback, int64_t least, int64_t most)
{
    const json_t *value = json_object_get(object, key);
    int64_t n = json_is_integer(value) ? json_integer_value(value) : fallback;
    return n < least ? least : n > most ? most : n;
}

bool get_bool(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

json_t *text_json(const char *text, size_t size)
{
    if (!memchr(text, 0, size)) {
        json_t *string = json_stringn(text, size); /* NULL when the text is not UTF-8 */
        if (string)
            return string;
    }
    char *copy = malloc(size + 1);
    if (!copy)
        return json_string("(out of memory)");
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i] > 0 ? text[i] : '?';
    json_t *string = json_stringn(copy, size);
    free(copy);
    return string;
}

const char *human_bytes(int64_t bytes, char out[32])
{
    if (bytes < 10000)
        snprintf(out, 32, "%jd bytes", (intmax_t)bytes);
    else if (bytes < 10000000)
        snprintf(out, 32, "%jd KB", (intmax_t)(bytes / 1000));
    else
        snprintf(out, 32, "%jd MB", (intmax_t)(bytes / 1000000));
    return out;
}
