/* The process's list of propagators, names, one of one's own, and B3. Without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/propagation.h"

#define TRACE "80f198ee56343ba864fe8b2a57d3eff7"
#define SPAN "e457b5a2e4d86bd1"
#define PARENT "05e3ac9a4f6e3b90"

enum { MOST = 16 };

struct carrier {
    char names[MOST][32], values[MOST][200];
    size_t count;
};

static void put(void *arg, const char *name, const char *value)
{
    struct carrier *c = arg;
    snprintf(c->names[c->count], sizeof c->names[0], "%s", name);
    snprintf(c->values[c->count++], sizeof c->values[0], "%s", value);
}

static const char *get(void *arg, const char *name)
{
    static char answer[200]; /* the same storage each time, as the contract allows */
    struct carrier *c = arg;
    for (size_t i = 0; i < c->count; i++)
        if (strcasecmp(c->names[i], name) == 0)
            return strcpy(answer, c->values[i]);
    return NULL;
}

/* `name=value|...` of what an injection by the process's list gives. */
static const char *injected(const spw_context *context)
{
    static char text[1000];
    struct carrier carrier = { .count = 0 };
    size_t used = 0;
    text[0] = '\0';
    spw_inject(context, put, &carrier);
    for (size_t i = 0; i < carrier.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? "|" : "", carrier.names[i], carrier.values[i]);
    return text;
}

static void use(const spw_propagator *propagator)
{
    assert_int_equal(spw_propagators_set(&propagator, 1), SPW_OK);
}

static spw_context extract_one(const char *name, const char *value)
{
    struct carrier carrier = { .count = 0 };
    put(&carrier, name, value);
    return spw_extract(NULL, get, &carrier);
}

/* ---- the list ---- */

/* First of all tests: nothing was set yet. */
static void trace_context_and_baggage_are_the_default(void **state)
{
    (void)state;
    const spw_propagator *list[4];
    assert_int_equal(spw_propagators_get(list, 4), 2);
    assert_ptr_equal(list[0], &spw_propagator_tracecontext);
    assert_ptr_equal(list[1], &spw_propagator_baggage);
    const char *fields[8];
    assert_int_equal(spw_propagation_fields(fields, 8), 3);
    assert_string_equal(fields[0], "traceparent");
    assert_string_equal(fields[1], "tracestate");
    assert_string_equal(fields[2], "baggage");
    fields[1] = NULL;
    assert_int_equal(spw_propagation_fields(fields, 1), 3);
    assert_null(fields[1]);
}

static char unknown_names[200];

static void note_unknown(void *arg, const char *name)
{
    (void)arg;
    strcat(strcat(unknown_names, name), ";");
}

static const char *names_in_force(void)
{
    static char text[200];
    const spw_propagator *list[SPW_MAX_PROPAGATORS];
    text[0] = '\0';
    size_t count = spw_propagators_get(list, SPW_MAX_PROPAGATORS);
    for (size_t i = 0; i < count; i++)
        strcat(strcat(text, i ? "," : ""), list[i]->name);
    return text;
}

/* Before any spw_propagators_set(), which wins for good. */
static void lists_of_names_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *list, *want, *unknown;
        bool in_force;
    } rows[] = {
        { "b3", "b3", "", true },
        { " b3multi ,\ttracecontext", "b3multi,tracecontext", "", true },
        { "b3,b3,tracecontext,b3", "b3,tracecontext", "", true },
        { "", "b3,tracecontext", "", false }, /* says nothing: what was stays */
        { " , ", "b3,tracecontext", "", false },
        { "jaeger", "b3,tracecontext", "jaeger;", false },
        { "jaeger,baggage,xray", "baggage", "jaeger;xray;", true },
        { "none", "", "", true },
        { "none,b3", "b3", "", true },
        { "jaeger,none", "", "jaeger;", true },
        { "B3", "", "B3;", false },
        { "tracecontext,baggage", "tracecontext,baggage", "", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unknown_names[0] = '\0';
        bool in_force = spw__propagators_from_list(rows[i].list, note_unknown, NULL);
        if (in_force != rows[i].in_force || strcmp(names_in_force(), rows[i].want) != 0 || strcmp(unknown_names, rows[i].unknown) != 0)
            fail_msg("\"%s\" gave %s, unknown %s", rows[i].list, names_in_force(), unknown_names);
    }
    assert_false(spw__propagators_from_list(NULL, note_unknown, NULL));
    char *endless = malloc(100001);
    memset(endless, 'x', 100000);
    endless[100000] = '\0';
    unknown_names[0] = '\0';
    assert_false(spw__propagators_from_list(endless, note_unknown, NULL));
    assert_int_equal(strlen(unknown_names), 64);
    free(endless);
}

static void the_programs_list_wins_over_the_environments(void **state)
{
    (void)state;
    use(&spw_propagator_b3);
    assert_false(spw__propagators_from_list("tracecontext", NULL, NULL));
    assert_string_equal(names_in_force(), "b3");
}

static void a_list_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    static const spw_propagator nameless = SPW_PROPAGATOR_INIT;
    const spw_propagator *list[SPW_MAX_PROPAGATORS + 1] = { &spw_propagator_b3, &nameless };
    use(&spw_propagator_baggage);
    assert_int_equal(spw_propagators_set(list, 2), SPW_ERR_INVALID);
    list[1] = NULL;
    assert_int_equal(spw_propagators_set(list, 2), SPW_ERR_INVALID);
    assert_int_equal(spw_propagators_set(NULL, 1), SPW_ERR_INVALID);
    assert_int_equal(spw_propagators_set(list, SPW_MAX_PROPAGATORS + 1), SPW_ERR_INVALID);
    assert_string_equal(names_in_force(), "baggage");
    for (size_t i = 0; i < SPW_MAX_PROPAGATORS; i++)
        list[i] = &spw_propagator_b3;
    assert_int_equal(spw_propagators_set(list, SPW_MAX_PROPAGATORS), SPW_OK);
    assert_string_equal(names_in_force(), "b3"); /* once */
    assert_int_equal(spw_propagators_set(NULL, 0), SPW_OK);
    assert_int_equal(spw_propagators_get(NULL, 0), 0);
    spw_context context = extract_one("b3", TRACE "-" SPAN "-1");
    assert_false(spw_span_is_valid(context.span)); /* nothing is propagated */
}

/* ---- one of one's own ---- */

static void inject_shout(const spw_propagator *self, const spw_context *context, spw_carrier_set_fn set, void *carrier)
{
    const char *tenant = spw_baggage_get(context, "tenant");
    if (tenant)
        set(carrier, self->state, tenant);
}

/* Reads every field that begins with `x-tenant`, whatever follows. */
static void extract_shout(const spw_propagator *self, spw_context *context, const spw_getter *getter, void *carrier)
{
    const char *name;
    for (size_t i = 0; getter->name_at && (name = getter->name_at(carrier, i)) != NULL; i++) {
        if (strncasecmp(name, self->state, strlen(self->state)) != 0)
            continue;
        spw_context next = spw_baggage_set(context, "tenant", getter->get(carrier, name));
        spw_context_release(context);
        *context = next;
    }
}

static const char *const shout_fields[] = { "x-tenant", "traceparent", NULL };
static char shout_state[] = "x-tenant";
static const spw_propagator shout = { sizeof shout, "shout", inject_shout, extract_shout, shout_fields, shout_state };

static void a_propagator_of_ones_own_takes_part(void **state)
{
    (void)state;
    assert_null(spw_propagator_find("shout"));
    assert_int_equal(spw_propagator_register(&shout), SPW_OK);
    assert_ptr_equal(spw_propagator_find("shout"), &shout);
    assert_int_equal(spw_propagator_register(&shout), SPW_ERR_INVALID); /* the name is taken */
    const spw_propagator *list[] = { &spw_propagator_tracecontext, &shout };
    assert_int_equal(spw_propagators_set(list, 2), SPW_OK);
    const char *fields[4];
    assert_int_equal(spw_propagation_fields(fields, 4), 3); /* traceparent once */
    assert_string_equal(fields[2], "x-tenant");
    static const spw_header headers[] = { { "Accept", "*/*" }, { "X-Tenant-Name", "acme" }, { "traceparent", "00-" TRACE "-" SPAN "-01" } };
    spw_context context = spw_extract_headers(NULL, headers, 3);
    assert_string_equal(spw_baggage_get(&context, "tenant"), "acme");
    assert_string_equal(injected(&context), "traceparent=00-" TRACE "-" SPAN "-01|x-tenant=acme");
    spw_context_release(&context);
}

static void names_are_taken_once_and_32_at_most(void **state)
{
    (void)state;
    static spw_propagator many[40];
    static char names[40][16];
    assert_int_equal(spw_propagator_register(&spw_propagator_b3), SPW_ERR_INVALID);
    assert_int_equal(spw_propagator_register(NULL), SPW_ERR_INVALID);
    for (int i = 0; i < 40; i++) {
        many[i] = shout;
        many[i].name = strcpy(names[i], i ? "" : "none");
        if (i)
            snprintf(names[i], sizeof names[i], "own-%d", i);
        spw_result want = i == 0 ? SPW_ERR_INVALID : i <= 31 ? SPW_OK : SPW_ERR_NO_MEMORY; /* `shout` is there already */
        assert_int_equal(spw_propagator_register(&many[i]), want);
    }
    assert_ptr_equal(spw_propagator_find("own-31"), &many[31]);
    assert_null(spw_propagator_find("own-32"));
    assert_null(spw_propagator_find(NULL));
}

static void a_list_of_ones_own_leaves_the_process_alone(void **state)
{
    (void)state;
    use(&spw_propagator_baggage);
    const spw_propagator *list[] = { &spw_propagator_b3, &spw_propagator_tracecontext };
    struct carrier carrier = { .count = 0 };
    spw_context context = { 0 };
    assert_true(spw_traceparent_parse("00-" TRACE "-" SPAN "-01", NULL, &context.span));
    spw_inject_by(list, 2, &context, put, &carrier);
    assert_int_equal(carrier.count, 2);
    assert_string_equal(carrier.names[0], "b3"); /* in their order */
    spw_getter getter = SPW_GETTER_INIT;
    getter.get = get;
    spw_context back = spw_extract_by(list, 2, NULL, &getter, &carrier);
    assert_memory_equal(&back.span, &context.span, sizeof back.span);
    back = spw_extract_by(list, 2, NULL, NULL, &carrier);
    assert_false(spw_span_is_valid(back.span));
}

/* ---- B3 ---- */

/* 'd' debug, '1' sampled, '0' not, 'x' refused */
static char judge(spw_context context)
{
    char verdict = 'x';
    if (spw_span_is_valid(context.span)) {
        use(&spw_propagator_b3);
        const char *out = injected(&context);
        verdict = out[strlen(out) - 1];
        assert_int_equal(context.span.is_remote, 1);
        assert_int_equal(spw_span_is_sampled(context.span), verdict != '0');
    }
    spw_context_release(&context);
    return verdict;
}

static void single_headers_are_read_as_b3_says(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        char want;
    } rows[] = {
        { TRACE "-" SPAN "-1", '1' },
        { TRACE "-" SPAN "-0", '0' },
        { TRACE "-" SPAN "-d", 'd' },
        { TRACE "-" SPAN, '0' }, /* deferred: not sampled */
        { TRACE "-" SPAN "-1-" PARENT, '1' },
        { TRACE "-" SPAN "-d-" PARENT, 'd' },
        { "64fe8b2a57d3eff7-" SPAN "-1", '1' },
        { TRACE "-" SPAN "-true", '1' },
        { TRACE "-" SPAN "-false-" PARENT, '0' },
        { "0", 'x' },
        { "1", 'x' },
        { "d", 'x' },
        { "", 'x' },
        { "-", 'x' },
        { "---", 'x' },
        { TRACE, 'x' },
        { TRACE "-", 'x' },
        { TRACE "-" SPAN "-", 'x' },
        { TRACE "-" SPAN "-2", 'x' },
        { TRACE "-" SPAN "-D", 'x' },
        { TRACE "-" SPAN "-1-", 'x' },
        { TRACE "-" SPAN "-1-" PARENT "-", 'x' },
        { TRACE "-" SPAN "-1-" PARENT "-1", 'x' },
        { TRACE "-" SPAN "-1-05e3ac9a4f6e3b9", 'x' },
        { TRACE "-" SPAN "-1-05e3ac9a4f6e3b9g", 'x' },
        { TRACE "-" SPAN "f-1", 'x' },
        { TRACE "f-" SPAN "-1", 'x' },
        { "80F198EE56343BA864FE8B2A57D3EFF7-" SPAN "-1", 'x' },
        { TRACE "-E457B5A2E4D86BD1-1", 'x' },
        { "00000000000000000000000000000000-" SPAN "-1", 'x' },
        { "0000000000000000-" SPAN "-1", 'x' },
        { TRACE "-0000000000000000-1", 'x' },
        { " " TRACE "-" SPAN "-1", 'x' },
        { TRACE "-" SPAN "-1 ", 'x' },
        { TRACE "-" SPAN "-1-" PARENT PARENT PARENT PARENT PARENT, 'x' },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        use(i % 2 ? &spw_propagator_b3 : &spw_propagator_b3multi); /* either reads it */
        char got = judge(extract_one("b3", rows[i].header));
        if (got != rows[i].want)
            fail_msg("%s: %c, not %c", rows[i].header, got, rows[i].want);
    }
}

static void several_headers_are_read_as_b3_says(void **state)
{
    (void)state;
    static const struct {
        const char *trace, *span, *sampled, *flags;
        char want;
    } rows[] = {
        { TRACE, SPAN, "1", NULL, '1' },
        { TRACE, SPAN, "0", NULL, '0' },
        { TRACE, SPAN, "true", NULL, '1' },
        { TRACE, SPAN, "false", NULL, '0' },
        { TRACE, SPAN, NULL, NULL, '0' },
        { TRACE, SPAN, NULL, "1", 'd' },
        { TRACE, SPAN, "0", "1", 'd' },
        { TRACE, SPAN, "1", "0", '1' },
        { TRACE, SPAN, NULL, "3", '0' },
        { "64fe8b2a57d3eff7", SPAN, "1", NULL, '1' },
        { TRACE, NULL, "1", NULL, 'x' },
        { NULL, SPAN, "1", NULL, 'x' },
        { NULL, NULL, "0", NULL, 'x' },
        { TRACE, SPAN, "", NULL, 'x' },
        { TRACE, SPAN, "yes", NULL, 'x' },
        { TRACE, "e457b5a2e4d86bd", "1", NULL, 'x' },
        { TRACE, SPAN "0", "1", NULL, 'x' },
        { "80f198ee", SPAN, "1", NULL, 'x' },
        { "00000000000000000000000000000000", SPAN, "1", NULL, 'x' },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct carrier carrier = { .count = 0 };
        if (rows[i].trace)
            put(&carrier, "X-B3-TraceId", rows[i].trace);
        if (rows[i].span)
            put(&carrier, "X-B3-SpanId", rows[i].span);
        if (rows[i].sampled)
            put(&carrier, "X-B3-Sampled", rows[i].sampled);
        if (rows[i].flags)
            put(&carrier, "X-B3-Flags", rows[i].flags);
        use(i % 2 ? &spw_propagator_b3 : &spw_propagator_b3multi);
        char got = judge(spw_extract(NULL, get, &carrier));
        if (got != rows[i].want)
            fail_msg("row %zu: %c, not %c", i, got, rows[i].want);
    }
}

static void the_single_header_wins_unless_it_is_malformed(void **state)
{
    (void)state;
    use(&spw_propagator_b3multi);
    struct carrier carrier = { .count = 0 };
    put(&carrier, "x-b3-traceid", "64fe8b2a57d3eff7");
    put(&carrier, "x-b3-spanid", PARENT);
    put(&carrier, "x-b3-sampled", "0");
    put(&carrier, "b3", TRACE "-" SPAN "-1");
    char id[33];
    spw_context context = spw_extract(NULL, get, &carrier);
    spw_trace_id_hex(context.span, id);
    assert_string_equal(id, TRACE);
    strcpy(carrier.values[3], "0");
    context = spw_extract(NULL, get, &carrier);
    spw_trace_id_hex(context.span, id);
    assert_string_equal(id, "000000000000000064fe8b2a57d3eff7");
}

static void each_form_sends_its_own(void **state)
{
    (void)state;
    use(&spw_propagator_b3);
    spw_context context = extract_one("b3", TRACE "-" SPAN "-1-" PARENT);
    assert_string_equal(injected(&context), "b3=" TRACE "-" SPAN "-1");
    use(&spw_propagator_b3multi);
    assert_string_equal(injected(&context), "x-b3-traceid=" TRACE "|x-b3-spanid=" SPAN "|x-b3-sampled=1");
    const char *fields[8];
    assert_int_equal(spw_propagation_fields(fields, 8), 4);
    context.span.flags = 0;
    assert_string_equal(injected(&context), "x-b3-traceid=" TRACE "|x-b3-spanid=" SPAN "|x-b3-sampled=0");
    spw_context root = { 0 };
    assert_string_equal(injected(&root), "");
    use(&spw_propagator_b3);
    assert_string_equal(injected(&root), "");
}

static void the_debug_flag_travels_with_the_context(void **state)
{
    (void)state;
    use(&spw_propagator_b3multi);
    spw_context context = extract_one("b3", TRACE "-" SPAN "-d");
    assert_string_equal(injected(&context), "x-b3-traceid=" TRACE "|x-b3-spanid=" SPAN "|x-b3-flags=1");
    spw_context more = spw_baggage_set(&context, "a", "1");
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &more;
    {
        SPW_SPAN_WITH(span, "handle", NULL, &options);
        assert_string_equal(injected(NULL), "x-b3-traceid=" TRACE "|x-b3-spanid=" SPAN "|x-b3-flags=1");
    }
    struct carrier carrier = { .count = 0 };
    put(&carrier, "b3", TRACE "-" SPAN "-0");
    spw_context next = spw_extract(&context, get, &carrier); /* another request's: no debug flag */
    assert_string_equal(injected(&next), "x-b3-traceid=" TRACE "|x-b3-spanid=" SPAN "|x-b3-sampled=0");
    spw_context_release(&next);
    spw_context_release(&more);
    spw_context_release(&context);
}

/* ---- threads ---- */

static void *inject_often(void *arg)
{
    const spw_context *context = arg;
    for (int i = 0; i < 5000; i++) {
        struct carrier carrier = { .count = 0 };
        spw_inject(context, put, &carrier);
        if (carrier.count > 4)
            return NULL;
    }
    return arg;
}

static void the_list_may_change_under_threads(void **state)
{
    (void)state;
    spw_context context = { 0 };
    assert_true(spw_traceparent_parse("00-" TRACE "-" SPAN "-01", NULL, &context.span));
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, inject_often, &context), 0);
    const spw_propagator *list[] = { &spw_propagator_tracecontext, &spw_propagator_b3 };
    for (int i = 0; i < 2000; i++)
        assert_int_equal(spw_propagators_set(list + i % 2, (size_t)(2 - i % 2)), SPW_OK);
    for (int i = 0; i < 2; i++) {
        void *fine;
        pthread_join(threads[i], &fine);
        assert_non_null(fine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace_context_and_baggage_are_the_default),
        cmocka_unit_test(lists_of_names_are_read),
        cmocka_unit_test(the_programs_list_wins_over_the_environments),
        cmocka_unit_test(a_list_is_taken_whole_or_not_at_all),
        cmocka_unit_test(a_propagator_of_ones_own_takes_part),
        cmocka_unit_test(names_are_taken_once_and_32_at_most),
        cmocka_unit_test(a_list_of_ones_own_leaves_the_process_alone),
        cmocka_unit_test(single_headers_are_read_as_b3_says),
        cmocka_unit_test(several_headers_are_read_as_b3_says),
        cmocka_unit_test(the_single_header_wins_unless_it_is_malformed),
        cmocka_unit_test(each_form_sends_its_own),
        cmocka_unit_test(the_debug_flag_travels_with_the_context),
        cmocka_unit_test(the_list_may_change_under_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
