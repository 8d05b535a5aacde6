/* Contexts and what travels in them: scenario.h. */
#include <spanwire/spanwire.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/scenario.h"

bool scenario_fail(struct scenario *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!s->why[0])
        vsnprintf(s->why, sizeof s->why, format, args);
    va_end(args);
    return false;
}

/* Values with a count of their own: every one that was handed over is released once. */
struct counted {
    int released;
};

static void count_release(struct counted *value)
{
    value->released++;
}

SPW_CONTEXT_KEY_OWNED(counted, struct counted, count_release);
SPW_CONTEXT_KEY(plain, const char);

static struct counted values[8];

static spw_context replace(spw_context *old, spw_context made)
{
    spw_context_release(old);
    return made;
}

static void set_nothing(void *carrier, const char *name, const char *value)
{
    (void)name;
    *(size_t *)carrier += strlen(value);
}

/* Baggage and values, one upon the other; attached, nested, taken off in the wrong order. */
static void use_contexts(void)
{
    size_t written = 0;
    spw_context c = counted_with(NULL, &values[0]);
    c = replace(&c, spw_baggage_set(&c, "user", "someone"));
    c = replace(&c, spw_baggage_set_with_metadata(&c, "tenant", "one of many", "ttl=1"));
    c = replace(&c, counted_with(&c, &values[1]));
    c = replace(&c, plain_with(&c, "kept"));
    c = replace(&c, spw_baggage_remove(&c, "user"));
    spw_token outer = spw_context_attach(&c);
    spw_context inner = spw_context_with_suppression(NULL);
    spw_token token = spw_context_attach(&inner);
    spw_context captured = spw_context_capture();
    spw_inject(&captured, set_nothing, &written);
    spw_context_release(&captured);
    spw_context_release(&inner);
    (void)spw_context_detach(outer);
    (void)spw_context_detach(token);
    c = replace(&c, spw_baggage_clear(&c));
    spw_context_release(&c);
}

static void use_nesting(void)
{
    enum { DEEP = 300 }; /* past what a thread has at hand */
    spw_token tokens[DEEP];
    spw_context c = counted_with(NULL, &values[2]);
    spw_context_stack *stack = spw_context_stack_new(), *before = NULL;
    if (stack)
        before = spw_context_stack_swap(stack);
    for (int i = 0; i < DEEP; i++)
        tokens[i] = spw_context_attach(&c);
    for (int i = DEEP; i-- > 0;)
        (void)spw_context_detach(tokens[i]);
    if (stack)
        (void)spw_context_stack_swap(before);
    spw_context_stack_destroy(stack);
    spw_context_release(&c);
}

static void use_carriers(void)
{
    static const spw_header headers[] = {
        { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
        { "tracestate", "a=1,b=2" },
        { "baggage", "k=v;m=n,other=%20" },
        { "b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d" },
    };
    static const char block[] = "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nBaggage: a=b\r\nBaggage: c=d\r\n\r\n";
    static char *const environment[] = { (char *)(uintptr_t) "HOME=/", (char *)(uintptr_t) "BAGGAGE=stale=1", NULL };
    spw_context c = spw_extract_headers(NULL, headers, 4);
    c.span = spw_trace_state_set(c.span, "ours", "here");
    c = replace(&c, spw_extract_header_block(&c, block, sizeof block - 1));
    char **made = spw_environment_new(environment, &c, 0);
    spw_environment_destroy(made);
    spw_context_release(&c);
    c = spw_context_from_environment();
    spw_context_release(&c);
}

bool scenario_contexts(struct scenario *s)
{
    const spw_propagator *const list[] = { &spw_propagator_b3, &spw_propagator_tracecontext, &spw_propagator_baggage };
    memset(values, 0, sizeof values);
    (void)spw_propagators_set(list, 3);
    use_contexts();
    use_nesting();
    use_carriers();
    for (int i = 0; i < 3; i++)
        if (values[i].released != 1)
            return scenario_fail(s, "value %d was released %d times", i, values[i].released);
    return true;
}
