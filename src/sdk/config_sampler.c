/* The sampler that OTEL_TRACES_SAMPLER names, and its argument. */
#include <spanwire/allocator.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/diag.h"

enum { MAX_DIGITS = 15, MAX_EXPONENT = 22 }; /* so that mantissa and power of ten are exact doubles, and their quotient is the nearest one */

static double power_of_ten(unsigned exponent)
{
    double power = 1;
    while (exponent--)
        power *= 10;
    return power;
}

/* `0.25`, `1`, `.5`, `1e-3`, whatever the locale's decimal point is. False: something else. */
static bool parse_number(const char *text, double *out)
{
    uint64_t mantissa = 0;
    unsigned digits = 0, significant = 0, fraction = 0, exponent = 0;
    bool point = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        digits++;
        if (significant == MAX_DIGITS && point)
            continue; /* too fine to matter */
        mantissa = mantissa * 10 + (uint64_t)(*text - '0');
        significant += mantissa != 0;
        fraction += point;
        if (significant > MAX_DIGITS || fraction > MAX_EXPONENT)
            return false;
    }
    if ((*text == 'e' || *text == 'E') && text[1] == '-' && text[2] >= '0' && text[2] <= '9') {
        for (text += 2; *text >= '0' && *text <= '9' && exponent <= MAX_EXPONENT; text++)
            exponent = exponent * 10 + (unsigned)(*text - '0');
    }
    if (*text || !digits || fraction + exponent > MAX_EXPONENT)
        return false;
    *out = (double)mantissa / power_of_ten(fraction + exponent);
    return true;
}

static void forget_argument(struct spw__config *out)
{
    spw_free((void *)out->sampler_text);
    out->sampler_text = NULL;
    out->sources[SPW__SET_SAMPLER_ARG] = (struct spw__source){ SPW__FROM_DEFAULT, NULL };
}

/* "Invalid or unrecognized input MUST be logged and MUST be otherwise ignored" */
static void judge_argument(struct spw__config *out)
{
    double ratio = 1.0;
    const char *text = out->sampler_text;
    out->sampler_ratio = 1.0;
    if (!text)
        return;
    if (!strstr(out->sampler_name, "traceidratio")) {
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_SAMPLER_ARG=%.40s is ignored: %s takes no argument", text, out->sampler_name);
        forget_argument(out);
    } else if (!parse_number(text, &ratio) || ratio > 1.0) {
        spw__diag(SPW_LOG_WARN, "OTEL_TRACES_SAMPLER_ARG=%.40s is not a number from 0 to 1: ignored, so every new trace is sampled", text);
        forget_argument(out);
    } else {
        out->sampler_ratio = ratio;
    }
}

spw_result spw__config_sampler(struct spw__config *out, spw_error *error)
{
    static const char below[] = "parentbased_";
    size_t prefix = sizeof below - 1;
    if (out->sampler) {
        forget_argument(out); /* the environment's */
        return SPW_OK;
    }
    judge_argument(out);
    bool parent_based = strncmp(out->sampler_name, below, prefix) == 0;
    const char *root = out->sampler_name + (parent_based ? prefix : 0);
    spw_sampler *sampler = strcmp(root, "always_on") == 0    ? spw_sampler_always_on()
                           : strcmp(root, "always_off") == 0 ? spw_sampler_always_off()
                                                             : spw_sampler_trace_id_ratio(out->sampler_ratio);
    if (sampler && parent_based)
        sampler = spw_sampler_parent_based(sampler, NULL);
    out->sampler = sampler;
    out->sampler_made = true;
    return sampler ? SPW_OK : spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while making the sampler");
}
