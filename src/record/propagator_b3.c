/* B3, in one header or in several. (Specification: Propagators API, B3 Requirements.) */
#include <string.h>

#include "context_values.h"
#include "propagation.h"
#include "text.h"

#define MAX_FIELD 96u /* the longest valid one has 68 */

/* A field of the carrier, copied: a getter may reuse its storage. False when it is not there or too long. */
static bool read_field(const spw_getter *getter, void *carrier, const char *name, char out[MAX_FIELD])
{
    const char *field = spw__getter_at(getter, carrier, name, 0);
    size_t size = field ? strnlen(field, MAX_FIELD) : MAX_FIELD;
    if (size == MAX_FIELD)
        return false;
    memcpy(out, field, size + 1);
    return true;
}

/* 32 lower-case digits, or 16 for the lower half. */
static bool read_trace_id(const char *digits, size_t size, uint8_t out[16])
{
    memset(out, 0, 16);
    return (size == 32 && spw__unhex(out, digits, 16)) || (size == 16 && spw__unhex(out + 8, digits, 8));
}

/* `0`, `1`, `d`, and what older tracers say. */
static bool read_sampling(const char *text, size_t size, spw_span *span, bool *debug)
{
    *debug = size == 1 && text[0] == 'd';
    bool accept = *debug || (size == 1 && text[0] == '1') || (size == 4 && memcmp(text, "true", 4) == 0);
    bool deny = (size == 1 && text[0] == '0') || (size == 5 && memcmp(text, "false", 5) == 0);
    span->flags = accept ? SPW_FLAG_SAMPLED : 0;
    return accept || deny;
}

/* trace id - span id [- sampling state [- parent's span id]] */
static bool read_single(const char *field, spw_span *span, bool *debug)
{
    const char *parts[4];
    size_t sizes[4], count = 0;
    for (const char *at = field; count < 4; at += sizes[count++] + 1) {
        parts[count] = at;
        sizes[count] = strcspn(at, "-");
        if (!at[sizes[count]]) {
            count++;
            break;
        }
    }
    if (count < 2 || parts[count - 1][sizes[count - 1]] || !read_trace_id(parts[0], sizes[0], span->trace_id) || sizes[1] != 16 ||
        !spw__unhex(span->span_id, parts[1], 8))
        return false;
    uint8_t parent[8];
    if (count > 2 && !read_sampling(parts[2], sizes[2], span, debug))
        return false;
    return count < 4 || (sizes[3] == 16 && spw__unhex(parent, parts[3], 8));
}

static bool read_multi(const spw_getter *getter, void *carrier, spw_span *span, bool *debug)
{
    char field[MAX_FIELD];
    if (!read_field(getter, carrier, "x-b3-traceid", field) || !read_trace_id(field, strlen(field), span->trace_id) ||
        !read_field(getter, carrier, "x-b3-spanid", field) || strlen(field) != 16 || !spw__unhex(span->span_id, field, 8))
        return false;
    if (read_field(getter, carrier, "x-b3-sampled", field) && !read_sampling(field, strlen(field), span, debug))
        return false;
    if (read_field(getter, carrier, "x-b3-flags", field) && strcmp(field, "1") == 0) {
        *debug = true;
        span->flags = SPW_FLAG_SAMPLED;
    }
    return true;
}

static void extract(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier)
{
    (void)self;
    spw_span span = { .is_remote = 1 };
    char field[MAX_FIELD];
    bool debug = false;
    bool found = read_field(getter, carrier, "b3", field) && read_single(field, &span, &debug) && spw_span_is_valid(span);
    if (!found) {
        span = (spw_span){ .is_remote = 1 };
        debug = false;
        if (!read_multi(getter, carrier, &span, &debug) || !spw_span_is_valid(span))
            return;
    }
    spw_context changed = spw__context_with_flag(context, SPW__VALUES_DEBUG, debug);
    changed.span = span;
    spw_context_release(context);
    *context = changed;
}

static char sampling_of(const spw_context *context)
{
    return spw__values_have(context->values, SPW__VALUES_DEBUG) ? 'd' : spw_span_is_sampled(context->span) ? '1' : '0';
}

static void inject_single(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    (void)self;
    if (!spw_span_is_valid(context->span))
        return;
    char field[53];
    spw__hex(field, context->span.trace_id, 16);
    field[32] = '-';
    spw__hex(field + 33, context->span.span_id, 8);
    field[49] = '-';
    field[50] = sampling_of(context);
    field[51] = '\0';
    set(carrier, "b3", field);
}

static void inject_multi(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    (void)self;
    if (!spw_span_is_valid(context->span))
        return;
    char id[33];
    char sampling[2] = { sampling_of(context), '\0' };
    spw_trace_id_hex(context->span, id);
    set(carrier, "x-b3-traceid", id);
    spw_span_id_hex(context->span, id);
    set(carrier, "x-b3-spanid", id);
    if (sampling[0] == 'd')
        set(carrier, "x-b3-flags", "1"); /* "Debug implies an accept decision, so don't also send the X-B3-Sampled header." */
    else
        set(carrier, "x-b3-sampled", sampling);
}

static const char *const single_fields[] = { "b3", NULL };
static const char *const multi_fields[] = { "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags", NULL };

const spw_propagator spw_propagator_b3 = {
    .struct_size = sizeof(spw_propagator),
    .name = "b3",
    .inject = inject_single,
    .extract = extract,
    .fields = single_fields,
};

const spw_propagator spw_propagator_b3multi = {
    .struct_size = sizeof(spw_propagator),
    .name = "b3multi",
    .inject = inject_multi,
    .extract = extract,
    .fields = multi_fields,
};
