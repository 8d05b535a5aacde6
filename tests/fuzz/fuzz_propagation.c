/* Headers from strangers: what is extracted can be injected again and is then extracted the same. */
#include <spanwire/propagation.h>

#include "fuzz/input.h"

enum { FIELDS = 16 };

struct carrier {
    char names[FIELDS][64];
    char *values[FIELDS];
    size_t count;
};

static const char *const fields[] = { "traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags" };

static void put(void *arg, const char *name, const char *value)
{
    struct carrier *c = arg;
    for (const char *p = value; *p; p++) /* nothing that splits a header may come out */
        must(((unsigned char)*p >= 0x20 && *p != 0x7f) || *p == '\t'); /* a property of baggage may hold white space */
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->names[i], name) == 0) {
            free(c->values[i]);
            c->values[i] = strdup(value);
            return;
        }
    }
    must(c->count < FIELDS && strlen(name) < sizeof c->names[0]);
    strcpy(c->names[c->count], name);
    c->values[c->count++] = strdup(value);
}

static const char *get(void *arg, const char *name)
{
    const struct carrier *c = arg;
    for (size_t i = 0; i < c->count; i++)
        if (strcasecmp(c->names[i], name) == 0)
            return c->values[i];
    return NULL;
}

static void fini(struct carrier *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->values[i]);
}

static void same(const struct carrier *a, struct carrier *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const char *other = get(b, a->names[i]);
        must(other && strcmp(a->values[i], other) == 0);
    }
}

/* One way to carry a span, and baggage beside it: several at once say the same with different precision (B3 knows no random flag). */
static void choose(uint8_t choice)
{
    static const char *const names[] = { "tracecontext", "b3", "b3multi" };
    const spw_propagator *list[2] = { spw_propagator_find(names[choice % 3]), spw_propagator_find("baggage") };
    must(list[0] && list[1] && spw_propagators_set(list, 2) == SPW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    choose(input_byte(&in));
    struct carrier from = { .count = 0 }, once = { .count = 0 }, twice = { .count = 0 };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && in.left; i++) {
        const uint8_t *end = memchr(in.at, '\n', in.left);
        strcpy(from.names[from.count], fields[i]);
        from.values[from.count++] = input_text(&in, end ? (size_t)(end - in.at) : in.left, NULL);
        (void)input_byte(&in);
    }
    spw_context first = spw_extract(NULL, get, &from);
    spw_inject(&first, put, &once);
    spw_context second = spw_extract(NULL, get, &once);
    spw_inject(&second, put, &twice);
    same(&once, &twice);
    must(memcmp(first.span.trace_id, second.span.trace_id, 16) == 0 && memcmp(first.span.span_id, second.span.span_id, 8) == 0);
    must(!first.span.handle && !second.span.handle);
    spw_context_release(&first);
    spw_context_release(&second);
    fini(&from);
    fini(&once);
    fini(&twice);
    return 0;
}
