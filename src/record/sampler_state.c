/* Thresholds, and the OpenTelemetry member of a tracestate. (Specification: TraceState Handling; TraceState: Probability Sampling.) */
#include <string.h>

#include "sampler.h"
#include "tracestate.h"

#define DIGITS 14u  /* hex digits of 56 bits */
#define OT_MAX 256u /* characters of the member's value */

/* ---- numbers ---- */

/* "Raise precision by the number of leading 'f' digits": the exponent e of p = m x 2^e, m in [0.5, 1), in hex digits. */
static unsigned leading_f(double probability)
{
    uint64_t bits;
    memcpy(&bits, &probability, 8);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1022;
    return exponent < 0 ? (unsigned)-exponent / 4 : 0;
}

uint64_t spw__threshold_of(double probability, unsigned precision)
{
    if (!(probability >= 0x1p-56))
        return SPW_THRESHOLD_NEVER;
    if (probability >= 1)
        return 0;
    uint64_t threshold = SPW_THRESHOLD_NEVER - (uint64_t)(probability * 0x1p56 + 0.5);
    precision += leading_f(probability);
    if (precision >= DIGITS)
        return threshold;
    unsigned shift = 4 * (DIGITS - precision);
    uint64_t rounded = (threshold + (UINT64_C(1) << (shift - 1))) >> shift << shift;
    return rounded < SPW_THRESHOLD_NEVER ? rounded : SPW_THRESHOLD_NEVER - (UINT64_C(1) << shift);
}

void spw__threshold_format(uint64_t threshold, char out[15])
{
    size_t size = 1; /* "0": every span */
    for (unsigned i = 0; i < DIGITS; i++) {
        unsigned digit = (unsigned)(threshold >> 4 * (DIGITS - 1 - i)) & 15;
        out[i] = "0123456789abcdef"[digit];
        if (digit)
            size = i + 1;
    }
    out[size] = '\0';
}

/* Lower-case digits only; fewer than 14 are the leading ones. */
static bool parse_hex(const char *text, size_t size, uint64_t *out)
{
    uint64_t value = 0;
    if (!size || size > DIGITS)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = value << 4 * (DIGITS - size);
    return true;
}

/* ---- the member ---- */

/* The list member with the key `ot`: where it begins, and its size; NULL when there is none. */
static const char *find_member(const char *state, size_t size, size_t *member_size)
{
    for (size_t i = 0; i < size;) {
        const char *comma = memchr(state + i, ',', size - i);
        size_t end = comma ? (size_t)(comma - state) : size;
        if (end - i >= 3 && memcmp(state + i, "ot=", 3) == 0) {
            *member_size = end - i;
            return state + i;
        }
        i = end + 1;
    }
    return NULL;
}

static void keep_other(struct spw__ot *out, const char *item, size_t size)
{
    size_t separator = out->others_size ? 1 : 0;
    if (!size || out->others_size + separator + size >= sizeof out->others)
        return;
    if (separator)
        out->others[out->others_size++] = ';';
    memcpy(out->others + out->others_size, item, size);
    out->others_size += size;
}

static void read_item(struct spw__ot *out, const char *item, size_t size)
{
    if (size >= 3 && memcmp(item, "th:", 3) == 0)
        out->has_threshold = parse_hex(item + 3, size - 3, &out->threshold);
    else if (size >= 3 && memcmp(item, "rv:", 3) == 0)
        out->has_randomness = size == 3 + DIGITS && parse_hex(item + 3, DIGITS, &out->randomness);
    else
        keep_other(out, item, size);
}

void spw__ot_read(uint32_t trace_state, struct spw__ot *out)
{
    char state[SPW__TRACE_STATE_MAX];
    size_t member_size;
    out->has_threshold = out->has_randomness = false;
    out->others_size = 0;
    size_t size = spw__trace_state_read(trace_state, state);
    const char *member = find_member(state, size, &member_size);
    for (size_t i = 3; member && i < member_size;) {
        const char *semicolon = memchr(member + i, ';', member_size - i);
        size_t end = semicolon ? (size_t)(semicolon - member) : member_size;
        read_item(out, member + i, end - i);
        i = end + 1;
    }
}

/* The value of `ot`: `th` and `rv` come first, so that of too much the rest goes. */
static size_t format_value(const struct spw__ot *ot, char out[OT_MAX])
{
    size_t size = 0;
    if (ot->has_threshold) {
        char digits[15];
        spw__threshold_format(ot->threshold, digits);
        memcpy(out, "th:", 3);
        size = 3 + strlen(digits);
        memcpy(out + 3, digits, size - 3);
    }
    if (ot->has_randomness) {
        if (size)
            out[size++] = ';';
        memcpy(out + size, "rv:", 3);
        size += 3;
        for (unsigned i = 0; i < DIGITS; i++)
            out[size++] = "0123456789abcdef"[ot->randomness >> 4 * (DIGITS - 1 - i) & 15];
    }
    size_t separator = size ? 1 : 0;
    if (ot->others_size && size + separator + ot->others_size <= OT_MAX) {
        if (separator)
            out[size++] = ';';
        memcpy(out + size, ot->others, ot->others_size);
        size += ot->others_size;
    }
    return size;
}

/* The list without `ot`, behind what is in `out` already; members that do not fit leave from the end. */
static size_t put_rest(const char *state, size_t size, char out[SPW__TRACE_STATE_MAX], size_t used)
{
    unsigned members = used ? 1 : 0;
    for (size_t i = 0; i < size;) {
        const char *comma = memchr(state + i, ',', size - i);
        size_t end = comma ? (size_t)(comma - state) : size;
        bool ours = end - i >= 3 && memcmp(state + i, "ot=", 3) == 0;
        size_t separator = used ? 1 : 0;
        if (!ours && (members == 32 || used + separator + (end - i) > SPW__TRACE_STATE_MAX))
            break;
        if (!ours) {
            if (separator)
                out[used++] = ',';
            memcpy(out + used, state + i, end - i);
            used += end - i;
            members++;
        }
        i = end + 1;
    }
    return used;
}

uint32_t spw__ot_write(uint32_t trace_state, const struct spw__ot *ot)
{
    char before[SPW__TRACE_STATE_MAX], after[SPW__TRACE_STATE_MAX], value[OT_MAX];
    size_t size = spw__trace_state_read(trace_state, before);
    size_t value_size = format_value(ot, value), used = 0;
    if (value_size) {
        memcpy(after, "ot=", 3);
        memcpy(after + 3, value, value_size);
        used = 3 + value_size;
    }
    used = put_rest(before, size, after, used);
    return used == size && memcmp(before, after, size) == 0 ? trace_state : spw__trace_state_intern(after, used);
}

uint32_t spw__ot_without_threshold(uint32_t trace_state)
{
    struct spw__ot ot;
    if (!trace_state)
        return 0;
    spw__ot_read(trace_state, &ot);
    if (!ot.has_threshold)
        return trace_state;
    ot.has_threshold = false;
    return spw__ot_write(trace_state, &ot);
}
