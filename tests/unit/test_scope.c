/* What a tracer says of itself, on the wire: attributes of instrumentation scopes. (Names and versions: test_span.c, test_tracestate.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/capture.h"

static capture *c;

static int start(void **state)
{
    (void)state;
    c = capture_new();
    capture_start(c, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    capture_stop(c);
    return 0;
}

static void scopes_carry_their_attributes(void **state)
{
    (void)state;
    static const spw_attr storage[] = { SPW_ATTR_STRING_INIT("team", "storage"), SPW_ATTR_STRING_INIT("tier", "1") };
    spw_attr many[200];
    char keys[200][8], long_text[5000];
    for (size_t i = 0; i < 200; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        many[i] = spw_attr_int(keys[i], (int64_t)i);
    }
    memset(long_text, 'x', sizeof long_text);
    const spw_attr large[] = { spw_attr_string_n("large", long_text, sizeof long_text), spw_attr_bool("small", true) };
    const spw_value pair[] = { spw_value_int(1), spw_value_string("b") };
    const spw_attr tree[] = { spw_attr_int("n", 1), spw_attr_array("pair", pair, 2), spw_attr_int("n", 2) };
    spw_tracer tracers[] = { SPW_TRACER_INIT("a", "1"), SPW_TRACER_INIT_WITH("a", "1", NULL, storage, 2), { 0, "a", "1", NULL, storage, 1 },
                             { 0, "a", "1", NULL, many, 200 }, { 0, "a", "1", NULL, large, 2 }, { 0, NULL, NULL, NULL, tree, 3 },
                             SPW_TRACER_INIT_WITH("a", "1", NULL, storage, 2) };
    static const size_t kept[] = { 0, 2, 1, 128, 0, 2, 2 }, dropped[] = { 0, 0, 0, 72, 2, 0, 0 };
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6" };
    for (size_t i = 0; i < 7; i++)
        spw_span_end(spw_span_start(&tracers[i], names[i], NULL));
    assert_int_equal(tracers[1].cache, tracers[6].cache);
    assert_int_not_equal(tracers[0].cache, tracers[1].cache);
    assert_int_not_equal(tracers[1].cache, tracers[2].cache);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(c), 7);
    for (size_t i = 0; i < 7; i++) {
        const Opentelemetry__Proto__Common__V1__InstrumentationScope *scope = capture_scope_at(c, i);
        size_t number = (size_t)(capture_at(c, i)->name[0] - '0');
        assert_int_equal(scope->n_attributes, kept[number]);
        assert_int_equal(scope->dropped_attributes_count, dropped[number]);
        if (number == 1)
            assert_string_equal(capture_find(scope->attributes, 2, "team")->value->string_value, "storage");
        if (number == 5) {
            assert_int_equal(capture_find(scope->attributes, 2, "n")->value->int_value, 2);
            assert_int_equal(capture_find(scope->attributes, 2, "pair")->value->array_value->n_values, 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(scopes_carry_their_attributes, start, stop) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
