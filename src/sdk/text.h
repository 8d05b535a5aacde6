/* Small readers of text the SDK did not write: environment values, diagnostics, resource attributes. No state, no allocation. */
#ifndef SPW_SDK_TEXT_H
#define SPW_SDK_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the UTF-8 character at `text`, 1 to 4; 0 when what is there is none (truncated, overlong, a surrogate, past U+10FFFF). */
static inline size_t spw__text_utf8_char(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t need = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (need == 0 || need > size)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* the second byte's range is narrower after these leads */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return need;
}

static inline bool spw__text_is_utf8(const char *text, size_t size)
{
    while (size > 0) {
        size_t n = spw__text_utf8_char(text, size);
        if (n == 0)
            return false;
        text += n;
        size -= n;
    }
    return true;
}

#endif
