#include "text.h"

#include <spanwire/common.h>

void spw__hex(char *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static int value_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool spw__unhex(uint8_t *out, const char *digits, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = value_of(digits[2 * i]);
        int low = high < 0 ? -1 : value_of(digits[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

const char *spw_version(void)
{
    return SPW_VERSION;
}

const char *spw_result_text(spw_result result)
{
    static const char *const texts[] = {
        [SPW_OK] = "ok",
        [SPW_ERR_INVALID] = "invalid argument or setting",
        [SPW_ERR_ALREADY_STARTED] = "already started",
        [SPW_ERR_NOT_STARTED] = "not started",
        [SPW_ERR_TIMEOUT] = "deadline passed",
        [SPW_ERR_NO_MEMORY] = "out of memory",
        [SPW_ERR_SYSTEM] = "refused by the system",
        [SPW_ERR_NOT_FOUND] = "not found",
        [SPW_ERR_MISMATCH] = "library versions differ",
        [SPW_ERR_INCOMPLETE] = "done, but some records were dropped or refused",
    };
    return (unsigned)result < sizeof texts / sizeof texts[0] ? texts[result] : "unknown result";
}
