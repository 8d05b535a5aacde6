#include "utf8.h"

size_t spw__utf8_sequence(const char *text, size_t left)
{
    const unsigned char *t = (const unsigned char *)text;
    unsigned char c = t[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2)
        return 0; /* continuation, or an overlong form */
    if (c < 0xe0)
        return left >= 2 && (t[1] & 0xc0) == 0x80 ? 2 : 0;
    if (c < 0xf0) {
        if (left < 3 || (t[1] & 0xc0) != 0x80 || (t[2] & 0xc0) != 0x80)
            return 0;
        if ((c == 0xe0 && t[1] < 0xa0) || (c == 0xed && t[1] >= 0xa0))
            return 0; /* overlong; surrogates */
        return 3;
    }
    if (c > 0xf4 || left < 4 || (t[1] & 0xc0) != 0x80 || (t[2] & 0xc0) != 0x80 || (t[3] & 0xc0) != 0x80)
        return 0;
    if ((c == 0xf0 && t[1] < 0x90) || (c == 0xf4 && t[1] >= 0x90))
        return 0; /* overlong; above U+10FFFF */
    return 4;
}

bool spw__utf8_valid_slow(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t n = spw__utf8_sequence(text + i, size - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

size_t spw__utf8_repair(char *out, size_t room, const char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        size_t n = spw__utf8_sequence(text + i, size - i);
        const char *from = n ? text + i : "\xef\xbf\xbd";
        size_t bytes = n ? n : 3;
        if (used + bytes > room)
            break;
        memcpy(out + used, from, bytes);
        used += bytes;
        i += n ? n : 1;
    }
    return used;
}

size_t spw__utf8_prefix(const char *text, size_t size, size_t characters)
{
    if (size <= characters)
        return size; /* a code point has at least one byte */
    size_t i = 0;
    while (i < size && characters--) {
        size_t n = spw__utf8_sequence(text + i, size - i);
        i += n ? n : 1;
    }
    return i;
}
