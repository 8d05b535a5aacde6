/* Small texts of the OTLP exporter: otlp_text.h. */
#include "otlp_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

spw_result spw__otlp_fail(spw_error *error, spw_result code, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
        error->code = code;
    }
    return code;
}

/* Takes away the beginning of a character that was cut off at the end. */
static void trim_partial_utf8(char *text, size_t size)
{
    size_t back = 0;
    while (back < size && back < 3 && ((unsigned char)text[size - 1 - back] & 0xc0u) == 0x80u)
        back++;
    if (back == size)
        return;
    unsigned char lead = (unsigned char)text[size - 1 - back];
    size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (need > back)
        text[size - 1 - back] = '\0';
}

void spw__otlp_append(char *out, size_t capacity, const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out + used, capacity - used, format, args);
    va_end(args);
    if (n > 0 && (size_t)n >= capacity - used)
        trim_partial_utf8(out, strlen(out));
}

bool spw__otlp_append_byte(char *out, size_t capacity, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = strlen(out);
    if (byte >= 0x20 && byte < 0x7f) {
        if (used + 2 > capacity)
            return false;
        out[used] = (char)byte;
        out[used + 1] = '\0';
        return true;
    }
    if (byte == '\n' || byte == '\r' || byte == '\t') { /* white space between words, nothing more */
        return used > 0 && out[used - 1] == ' ' ? true : spw__otlp_append_byte(out, capacity, ' ');
    }
    if (used + 5 > capacity)
        return false;
    memcpy(out + used, (char[]){ '\\', 'x', hex[byte >> 4], hex[byte & 15], '\0' }, 5);
    return true;
}
