/* W3C Trace Context level 2, in and out. */
#include <spanwire/propagation.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "tracestate.h"

#define MAX_MEMBERS 32u

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

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

static bool is_value_char(char c)
{
    return c >= 0x20 && c <= 0x7e && c != ',' && c != '=';
}

/* One `key=value` member; level 2 lets keys start with a digit, at most 256 characters each side, no trailing space in values. */
static bool valid_member(const char *member, size_t size)
{
    const char *equals = memchr(member, '=', size);
    if (!equals)
        return false;
    size_t key = (size_t)(equals - member);
    size_t value = size - key - 1;
    if (!key || key > 256 || !value || value > 256)
        return false;
    if (!((member[0] >= 'a' && member[0] <= 'z') || (member[0] >= '0' && member[0] <= '9')))
        return false;
    for (size_t i = 0; i < key; i++)
        if (!is_key_char(member[i]))
            return false;
    for (size_t i = key + 1; i < size; i++)
        if (!is_value_char(member[i]))
            return false;
    return true;
}

static bool seen_before(const char *list, size_t size, const char *key, size_t key_size)
{
    for (size_t i = 0; i < size;) {
        const char *comma = memchr(list + i, ',', size - i);
        size_t end = comma ? (size_t)(comma - list) : size;
        if (end - i > key_size && list[i + key_size] == '=' && memcmp(list + i, key, key_size) == 0)
            return true;
        i = end + 1;
    }
    return false;
}

/* Copies the members without the optional white space; 0 when the header as a whole must be dropped. */
static size_t clean_state(const char *text, char out[SPW__TRACE_STATE_MAX])
{
    size_t length = strnlen(text, 4 * SPW__TRACE_STATE_MAX);
    size_t used = 0;
    unsigned members = 0;
    for (size_t i = 0; i < length;) {
        const char *comma = memchr(text + i, ',', length - i);
        size_t end = comma ? (size_t)(comma - text) : length;
        size_t from = i, to = end;
        while (from < to && (text[from] == ' ' || text[from] == '\t'))
            from++;
        while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t'))
            to--;
        i = end + 1;
        if (from == to)
            continue; /* empty members are allowed */
        size_t size = to - from;
        if (!valid_member(text + from, size) || ++members > MAX_MEMBERS || used + (used ? 1 : 0) + size > SPW__TRACE_STATE_MAX)
            return 0;
        const char *equals = memchr(text + from, '=', size);
        if (seen_before(out, used, text + from, (size_t)(equals - (text + from))))
            return 0;
        if (used)
            out[used++] = ',';
        memcpy(out + used, text + from, size);
        used += size;
    }
    return length < 4 * SPW__TRACE_STATE_MAX ? used : 0;
}

bool spw_traceparent_parse(const char *traceparent, const char *tracestate, spw_span *out)
{
    *out = (spw_span){ 0 };
    if (!traceparent)
        return false;
    size_t size = strnlen(traceparent, 512);
    uint8_t version, flags;
    spw_span span = { 0 };
    if (size < 55 || !spw__unhex(&version, traceparent, 1) || version == 0xff)
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
    if (tracestate) {
        char clean[SPW__TRACE_STATE_MAX];
        span.trace_state = spw__trace_state_intern(clean, clean_state(tracestate, clean));
    }
    *out = span;
    return true;
}

void spw_inject(const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    char parent[SPW_TRACEPARENT_SIZE];
    if (!context || !set || !spw_traceparent_format(context->span, parent))
        return;
    set(carrier, "traceparent", parent);
    char state[SPW__TRACE_STATE_MAX + 1];
    if (context->span.trace_state && spw_trace_state(context->span, state, sizeof state))
        set(carrier, "tracestate", state);
}

spw_context spw_extract(const spw_context *base, spw_carrier_get_fn get, void *carrier)
{
    spw_context context = base ? *base : (spw_context){ 0 };
    if (!get)
        return context;
    /* The getter may reuse its storage: read the parent before asking for the state. */
    char parent[512];
    const char *field = get(carrier, "traceparent");
    if (!field || strnlen(field, sizeof parent) == sizeof parent)
        return context;
    memcpy(parent, field, strlen(field) + 1);
    spw_span span;
    if (spw_traceparent_parse(parent, get(carrier, "tracestate"), &span))
        context.span = span;
    return context;
}

static const char *environment_field(void *carrier, const char *name)
{
    (void)carrier;
    return getenv(strcmp(name, "traceparent") == 0 ? "TRACEPARENT" : "TRACESTATE");
}

spw_context spw_context_from_environment(void)
{
    return spw_extract(NULL, environment_field, NULL);
}
