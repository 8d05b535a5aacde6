/* Scalars of JSON. Contracts: json_scalar.h. */
#include "json_scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { MAX_DOUBLE_TEXT = 1000 };

/* ---- whole numbers ---- */

struct decimal {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t magnitude;
    int64_t exponent;    /* of ten, behind the digits taken so far */
    size_t zeros;        /* digits 0 not taken yet: they count only when another digit follows */
    bool overflow;
};

static bool is_digit(const struct decimal *decimal)
{
    return decimal->at < decimal->end && *decimal->at >= '0' && *decimal->at <= '9';
}

static void times_ten(struct decimal *decimal, uint64_t digit)
{
    if (decimal->magnitude > (UINT64_MAX - digit) / 10)
        decimal->overflow = true;
    else
        decimal->magnitude = decimal->magnitude * 10 + digit;
}

/* Zeros are kept back, so that "1.000" needs no fraction and a million of them no arithmetic. */
static bool take_digits(struct decimal *decimal, bool fraction)
{
    const uint8_t *first = decimal->at;
    for (; is_digit(decimal); decimal->at++) {
        decimal->exponent -= fraction;
        if (*decimal->at == '0') {
            decimal->zeros++;
            continue;
        }
        for (; decimal->zeros && decimal->magnitude && !decimal->overflow; decimal->zeros--)
            times_ten(decimal, 0);
        decimal->zeros = 0;
        times_ten(decimal, (uint64_t)(*decimal->at - '0'));
    }
    return decimal->at > first;
}

static bool take_exponent(struct decimal *decimal)
{
    bool negative = decimal->at < decimal->end && *decimal->at == '-';
    if (decimal->at < decimal->end && (*decimal->at == '-' || *decimal->at == '+'))
        decimal->at++;
    if (!is_digit(decimal))
        return false;
    int64_t value = 0;
    for (; is_digit(decimal); decimal->at++)
        if (value < 1000000000)
            value = value * 10 + (*decimal->at - '0');
    decimal->exponent += negative ? -value : value;
    return true;
}

static bool finish(struct decimal *decimal)
{
    if (decimal->magnitude == 0)
        return true;
    if (decimal->exponent + (int64_t)decimal->zeros < 0 || decimal->overflow)
        return false;
    for (int64_t left = decimal->exponent + (int64_t)decimal->zeros; left && !decimal->overflow; left--)
        times_ten(decimal, 0);
    return !decimal->overflow;
}

bool spwv_scalar_whole(struct spwv_slice text, uint64_t *magnitude, bool *negative)
{
    struct decimal decimal = {.at = text.data, .end = text.size ? text.data + text.size : text.data};
    *negative = text.size && *decimal.at == '-';
    decimal.at += *negative;
    if (!take_digits(&decimal, false))
        return false;
    if (decimal.at < decimal.end && *decimal.at == '.') {
        decimal.at++;
        if (!take_digits(&decimal, true))
            return false;
    }
    if (decimal.at < decimal.end && (*decimal.at == 'e' || *decimal.at == 'E')) {
        decimal.at++;
        if (!take_exponent(&decimal))
            return false;
    }
    if (decimal.at != decimal.end || !finish(&decimal))
        return false;
    *magnitude = decimal.magnitude;
    return true;
}

/* ---- others ---- */

static bool is_text(struct spwv_slice text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

bool spwv_scalar_double(struct spwv_slice text, double *value)
{
    char copy[MAX_DOUBLE_TEXT + 1];
    if (is_text(text, "NaN") || is_text(text, "Infinity") || is_text(text, "-Infinity")) {
        *value = is_text(text, "NaN") ? (double)NAN : *text.data == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    if (!text.size || text.size > MAX_DOUBLE_TEXT)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    if (strspn(copy, "+-.0123456789eE") != text.size) /* strtod's own words for infinity, hex and leading spaces are not JSON's */
        return false;
    char *end;
    *value = strtod(copy, &end);
    return end == copy + text.size && !isinf(*value);
}

bool spwv_scalar_hex(struct spwv_slice text, uint8_t *bytes)
{
    return text.size % 2 == 0 && spwv_hex_decode((const char *)text.data, text.size, bytes);
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool spwv_scalar_base64(struct spwv_slice text, uint8_t *bytes, size_t *size)
{
    size_t digits = text.size;
    while (digits && text.size - digits < 2 && text.data[digits - 1] == '=')
        digits--;
    if ((digits < text.size && text.size % 4) || digits % 4 == 1)
        return false;
    uint32_t group = 0;
    *size = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0)
            return false;
        group = group << 6 | (uint32_t)digit;
        if (i % 4)
            bytes[(*size)++] = (uint8_t)(group >> (6 - 2 * (i % 4)));
    }
    return true;
}
