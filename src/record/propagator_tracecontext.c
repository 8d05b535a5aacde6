/* W3C Trace Context level 2, in and out. */
#include <string.h>

#include "propagation.h"
#include "text.h"
#include "tracestate_list.h"

#define MAX_TRACEPARENT 512u

bool spw_traceparent_format(spw_span span, char out[SPW_TRACEPARENT_SIZE])
{
    out[0] = '\0';
    if (!spw_span_is_valid(span))
        return false;
    uint8_t flags = span.flags & (SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
    memcpy(out, "00-", 3);
    spw__hex(out + 3, span.trace_id, 16);
    out[35] = '-';
    spw__hex(out + 36, span.span_id, 8);
    out[52] = '-';
    spw__hex(out + 53, &flags, 1);
    out[55] = '\0';
    return true;
}

static bool parse_parent(const char *traceparent, spw_span *out)
{
    *out = (spw_span){ 0 };
    if (!traceparent)
        return false;
    size_t size = strnlen(traceparent, MAX_TRACEPARENT);
    uint8_t version, flags;
    spw_span span = { 0 };
    if (size == MAX_TRACEPARENT || size < 55 || !spw__unhex(&version, traceparent, 1) || version == 0xff)
        return false;
    if (version == 0 ? size != 55 : size > 55 && traceparent[55] != '-')
        return false;
    if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-')
        return false;
    if (!spw__unhex(span.trace_id, traceparent + 3, 16) || !spw__unhex(span.span_id, traceparent + 36, 8) ||
        !spw__unhex(&flags, traceparent + 53, 1) || !spw_span_is_valid(span))
        return false;
    span.flags = flags & (SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM);
    span.is_remote = 1;
    *out = span;
    return true;
}

static uint32_t intern(char *list, size_t size)
{
    return size == SIZE_MAX ? 0 : spw__trace_state_intern(list, spw__trace_state_fit(list, size));
}

bool spw_traceparent_parse(const char *traceparent, const char *tracestate, spw_span *out)
{
    if (!parse_parent(traceparent, out))
        return false;
    if (tracestate) {
        char list[SPW__TRACE_STATE_READ];
        out->trace_state = intern(list, spw__trace_state_add(list, 0, tracestate));
    }
    return true;
}

static void inject(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    (void)self;
    char parent[SPW_TRACEPARENT_SIZE];
    if (!spw_traceparent_format(context->span, parent))
        return;
    set(carrier, "traceparent", parent);
    char state[SPW__TRACE_STATE_MAX + 1];
    if (context->span.trace_state && spw_trace_state(context->span, state, sizeof state))
        set(carrier, "tracestate", state);
}

/* Several tracestate fields are one list; several traceparents are none. */
static void extract(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier)
{
    (void)self;
    spw_span span;
    if (!parse_parent(spw__getter_at(getter, carrier, "traceparent", 0), &span) ||
        (getter->get_at && getter->get_at(carrier, "traceparent", 1)))
        return;
    char list[SPW__TRACE_STATE_READ];
    size_t size = 0;
    const char *field;
    for (size_t i = 0; size != SIZE_MAX && (field = spw__getter_at(getter, carrier, "tracestate", i)) != NULL; i++)
        size = i < SPW__TRACE_STATE_READ ? spw__trace_state_add(list, size, field) : SIZE_MAX; /* a getter that never ends */
    span.trace_state = intern(list, size);
    context->span = span;
}

static const char *const fields[] = { "traceparent", "tracestate", NULL };

const spw_propagator spw_propagator_tracecontext = {
    .struct_size = sizeof(spw_propagator),
    .name = "tracecontext",
    .inject = inject,
    .extract = extract,
    .fields = fields,
};
