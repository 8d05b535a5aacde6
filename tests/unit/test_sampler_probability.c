/* Consistent probability: thresholds, `ot=th` and `ot=rv`, composite and composable samplers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/sampler.h"
#include "support/sampling.h"

/* The table of "Converting floating-point probability to threshold value". */
static void thresholds_are_those_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        double probability;
        const char *digits[3]; /* precision 3, 4, 5 */
    } table[] = {
        { 1, { "0", "0", "0" } },
        { 0.5, { "8", "8", "8" } },
        { 0.3333333333333333, { "aab", "aaab", "aaaab" } },
        { 0.25, { "c", "c", "c" } },
        { 0.2, { "ccd", "cccd", "ccccd" } },
        { 0.125, { "e", "e", "e" } },
        { 0.1, { "e66", "e666", "e6666" } },
        { 0.0625, { "f", "f", "f" } },
        { 0.01, { "fd71", "fd70a", "fd70a4" } },
        { 0.001, { "ffbe7", "ffbe77", "ffbe76d" } },
        { 0.0001, { "fff972", "fff9724", "fff97247" } },
        { 0.00001, { "ffff584", "ffff583a", "ffff583a5" } },
        { 0.000001, { "ffffef4", "ffffef39", "ffffef391" } },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (unsigned p = 0; p < 3; p++) {
            char digits[15];
            spw__threshold_format(spw__threshold_of(table[i].probability, p + 3), digits);
            assert_string_equal(digits, table[i].digits[p]);
        }
}

static void thresholds_at_the_ends(void **state)
{
    (void)state;
    assert_true(spw__threshold_of(0, 4) == SPW_THRESHOLD_NEVER);
    assert_true(spw__threshold_of(0x1p-57, 4) == SPW_THRESHOLD_NEVER);
    assert_true(spw__threshold_of(0x1p-56, 4) == SPW_THRESHOLD_NEVER - 1);
    assert_true(spw__threshold_of(0x1p-55, 4) == SPW_THRESHOLD_NEVER - 2);
    assert_true(spw__threshold_of(2, 4) == 0);
    for (double p = 0x1p-56; p < 1; p *= 1.37)
        assert_true(spw__threshold_of(p, 4) < SPW_THRESHOLD_NEVER);
}

/* ---- the member ---- */

static void the_member_is_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after_th_c; /* with `th:c` set */
    } table[] = {
        { "", "ot=th:c" },
        { "ot=th:8", "ot=th:c" },
        { "ot=rv:6e6d1a75832a2f", "ot=th:c;rv:6e6d1a75832a2f" },
        { "ot=p:8;r:62", "ot=th:c;p:8;r:62" },
        { "ot=p:8;th:4;r:62", "ot=th:c;p:8;r:62" },
        { "a=1,ot=th:0,b=2", "ot=th:c,a=1,b=2" },
        { "a=1,b=2", "ot=th:c,a=1,b=2" },
        { "xot=th:1,ot@v=th:2", "ot=th:c,xot=th:1,ot@v=th:2" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct spw__ot ot;
        uint32_t before = sampling_state(table[i].before);
        spw__ot_read(before, &ot);
        ot.has_threshold = true;
        ot.threshold = UINT64_C(0xc0000000000000);
        assert_string_equal(sampling_state_text(spw__ot_write(before, &ot)), table[i].after_th_c);
    }
}

static void what_is_malformed_is_not_there(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "ot=th:",
        "ot=th:C",
        "ot=th:g",
        "ot=th:0123456789abcde",
        "ot=rv:6e6d1a75832a2",
        "ot=rv:6e6d1a75832a2f0",
        "ot=rv:6E6d1a75832a2f",
        "ot=th",
        "ot=thx:8",
        "ot=;;;",
        "no=th:8",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct spw__ot ot;
        spw__ot_read(sampling_state(malformed[i]), &ot);
        assert_false(ot.has_threshold);
        assert_false(ot.has_randomness);
    }
    struct spw__ot ot;
    spw__ot_read(sampling_state("ot=th:1;rv:00000000000001"), &ot);
    assert_true(ot.has_threshold && ot.threshold == UINT64_C(0x10000000000000));
    assert_true(ot.has_randomness && ot.randomness == 1);
}

/* 32 members and 512 bytes are the list's limits; 256 characters the member's. */
static void a_full_list_loses_its_end_never_ours(void **state)
{
    (void)state;
    char text[512] = "m00=v";
    for (int i = 1; i < 32; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",m%02d=v", i);
    struct spw__ot ot = { .has_threshold = true, .threshold = 0 };
    char got[513];
    strcpy(got, sampling_state_text(spw__ot_write(sampling_state(text), &ot)));
    assert_memory_equal(got, "ot=th:0,m00=v,", 14);
    assert_non_null(strstr(got, "m30=v"));
    assert_null(strstr(got, "m31=v"));

    char long_text[513];
    memset(long_text, 'x', 512);
    long_text[505] = '\0';
    memcpy(long_text, "a=", 2);
    memcpy(long_text + 250, ",b=", 3);
    strcpy(got, sampling_state_text(spw__ot_write(sampling_state(long_text), &ot)));
    assert_memory_equal(got, "ot=th:0,a=x", 11);
    assert_null(strstr(got, "b="));

    char other[300] = "ot=k:";
    memset(other + 5, 'y', 250);
    other[255] = '\0';
    strcpy(got, sampling_state_text(spw__ot_write(sampling_state(other), &(struct spw__ot){ .has_threshold = true })));
    assert_string_equal(got, "ot=th:0");
}

static void a_threshold_is_erased_and_nothing_else(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        { "ot=th:8", "" },
        { "ot=th:8;rv:6e6d1a75832a2f,z=1", "ot=rv:6e6d1a75832a2f,z=1" },
        { "z=1,ot=rv:6e6d1a75832a2f", NULL },
        { "z=1", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t before = sampling_state(table[i][0]), after = spw__ot_without_threshold(before);
        if (table[i][1])
            assert_string_equal(sampling_state_text(after), table[i][1]);
        else
            assert_int_equal(after, before);
    }
}

/* ---- the probability sampler ---- */

static void randomness_at_the_threshold_is_kept(void **state)
{
    (void)state;
    spw_sampler *sampler = spw_sampler_probability(0.25);
    assert_string_equal(spw_sampler_description(sampler), "ProbabilitySampler{0.25}");
    static const struct {
        const char *state; /* of the parent */
        uint64_t low;      /* the first of these 8 bytes does not count */
        bool kept;
        const char *after;
    } table[] = {
        { "", 0x00c0000000000000, true, "ot=th:c" },
        { "", 0xffbfffffffffffff, false, "" },
        { "ot=th:0", 0x00ffffffffffffff, true, "ot=th:c" },               /* the parent's threshold is replaced */
        { "ot=th:0,a=b", 0x0000000000000000, false, "a=b" },              /* or erased */
        { "ot=rv:c0000000000000", 0, true, "ot=th:c;rv:c0000000000000" }, /* explicit randomness goes before the id's */
        { "ot=rv:bfffffffffffff", UINT64_MAX, false, "ot=rv:bfffffffffffff" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int sampled = 0; sampled < 2; sampled++) { /* "MUST ignore the parent SampledFlag" */
            spw_span parent = sampling_parent(true, sampled);
            parent.trace_state = sampling_state(table[i].state);
            spw_sampling_result result = sampling_ask(sampler, &parent, table[i].low);
            assert_int_equal(result.decision, table[i].kept ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP);
            assert_string_equal(sampling_state_text(result.trace_state), table[i].after);
        }
    spw_sampler_destroy(sampler);
}

static void a_probability_takes_its_share_consistently(void **state)
{
    (void)state;
    static const double ratios[] = { 0.001, 0.01, 0.2, 1.0 / 3, 0.5, 0.75, 1 };
    enum { COUNT = sizeof ratios / sizeof *ratios, TRACES = 20000 };
    spw_sampler *samplers[COUNT];
    unsigned kept[COUNT] = { 0 };
    for (int i = 0; i < COUNT; i++)
        samplers[i] = spw_sampler_probability(ratios[i]);
    uint64_t seed = 7;
    for (int t = 0; t < TRACES; t++) {
        uint64_t id = sampling_random(&seed);
        bool before = false;
        for (int i = 0; i < COUNT; i++) {
            bool now = sampling_ask(samplers[i], NULL, id).decision == SPW_SAMPLING_RECORD_AND_SAMPLE;
            assert_true(now || !before);
            kept[i] += now;
            before = now;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(fabs(kept[i] - ratios[i] * TRACES) <= 5 * sqrt(ratios[i] * (1 - ratios[i]) * TRACES) + 1e-9);
        spw_sampler_destroy(samplers[i]);
    }
}

static void no_probability_is_always_off(void **state)
{
    (void)state;
    assert_ptr_equal(spw_sampler_probability(0), spw_sampler_always_off());
    assert_ptr_equal(spw_sampler_probability(0x1p-57), spw_sampler_always_off());
    assert_ptr_equal(spw_composable_probability(0), spw_composable_always_off());
    spw_sampler *least = spw_sampler_probability(0x1p-56);
    spw_sampling_result result = sampling_ask(least, NULL, UINT64_MAX);
    assert_int_equal(result.decision, SPW_SAMPLING_RECORD_AND_SAMPLE);
    assert_string_equal(sampling_state_text(result.trace_state), "ot=th:ffffffffffffff");
    spw_sampler_destroy(least);
}

static void a_new_trace_whose_id_is_not_random_gets_its_randomness(void **state)
{
    (void)state;
    spw_sampler *sampler = spw_sampler_probability(0.5);
    unsigned kept = 0;
    for (int i = 0; i < 1000; i++) {
        spw_sampling_result result = sampling_ask_not_random(sampler, 0); /* by the id none would be kept */
        struct spw__ot ot;
        spw__ot_read(result.trace_state, &ot);
        assert_true(ot.has_randomness);
        bool sampled = result.decision == SPW_SAMPLING_RECORD_AND_SAMPLE;
        assert_int_equal(sampled, ot.randomness >= UINT64_C(0x80000000000000));
        assert_int_equal(ot.has_threshold, sampled);
        kept += sampled;
    }
    assert_in_range(kept, 400, 600);
    spw_sampler_destroy(sampler);
}

/* ---- composites ---- */

static spw_sampling_result ask_composite(spw_sampler *sampler, const char *state, bool sampled, uint64_t low)
{
    spw_span parent = sampling_parent(true, sampled);
    parent.trace_state = sampling_state(state);
    return sampling_ask(sampler, &parent, low);
}

static void the_parents_threshold_decides_for_children(void **state)
{
    (void)state;
    spw_sampler *sampler = spw_sampler_composite(spw_composable_parent_threshold(spw_composable_always_off()));
    assert_string_equal(spw_sampler_description(sampler), "Composite{ComposableParentThreshold{root:ComposableAlwaysOff}}");
    static const struct {
        const char *state;
        bool sampled;
        uint64_t low;
        bool kept;
        const char *after;
    } table[] = {
        { "ot=th:8", true, 0x0080000000000000, true, "ot=th:8" },
        { "ot=th:8", true, 0x007fffffffffffff, false, "" }, /* inconsistent: flagged, but below its threshold */
        { "ot=th:8", false, 0x00ffffffffffffff, true, "ot=th:8" },
        { "a=b", true, 0, true, "a=b" }, /* sampled, at an unknown probability: no threshold goes out */
        { "a=b", false, UINT64_MAX, false, "a=b" },
        { "ot=rv:6e6d1a75832a2f;th:6e6d1a75832a2f", true, 0, true, "ot=th:6e6d1a75832a2f;rv:6e6d1a75832a2f" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        spw_sampling_result result = ask_composite(sampler, table[i].state, table[i].sampled, table[i].low);
        assert_int_equal(result.decision, table[i].kept ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP);
        assert_string_equal(sampling_state_text(result.trace_state), table[i].after);
    }
    assert_int_equal(sampling_ask(sampler, NULL, UINT64_MAX).decision, SPW_SAMPLING_DROP);
    spw_sampler_destroy(sampler);
}

static bool named_health(void *arg, const spw_sampling_input *input)
{
    ++*(int *)arg;
    return input->name.size == 4 && memcmp(input->name.data, "span", 4) == 0;
}

static bool is_server(void *arg, const spw_sampling_input *input)
{
    (void)arg;
    return input->kind == SPW_KIND_SERVER;
}

static void the_first_rule_that_applies_decides(void **state)
{
    (void)state;
    int looked = 0;
    const spw_sampling_rule rules[] = {
        { is_server, NULL, spw_composable_always_off() },
        { named_health, &looked, spw_composable_probability(0.5) },
        { NULL, NULL, spw_composable_always_on() },
    };
    spw_sampler *sampler = spw_sampler_composite(spw_composable_rule_based(rules, 3));
    assert_string_equal(spw_sampler_description(sampler),
                        "Composite{ComposableRuleBased{ComposableAlwaysOff,ComposableProbability{0.5},ComposableAlwaysOn}}");
    assert_int_equal(sampling_ask(sampler, NULL, 0).decision, SPW_SAMPLING_DROP);
    assert_int_equal(sampling_ask(sampler, NULL, UINT64_MAX).decision, SPW_SAMPLING_RECORD_AND_SAMPLE);
    assert_int_equal(looked, 2);
    spw_sampler_destroy(sampler);

    spw_sampler *none = spw_sampler_composite(spw_composable_rule_based(rules, 1)); /* "If no rules match, returns a non-sampling intent" */
    assert_int_equal(sampling_ask(none, NULL, UINT64_MAX).decision, SPW_SAMPLING_DROP);
    spw_sampler_destroy(none);
    const spw_sampling_rule broken = { NULL, NULL, NULL };
    assert_null(spw_composable_rule_based(&broken, 1));
}

static void annotations_come_with_sampled_spans_only(void **state)
{
    (void)state;
    char key[] = "team", value[] = "search";
    const spw_attr first[] = { spw_attr_string(key, value), spw_attr_int("n", 1) };
    const spw_attr second[] = { spw_attr_bool("b", true) };
    spw_composable *inner = spw_composable_annotating(first, 2, spw_composable_probability(0.5));
    memset(key, 'x', 4); /* copied by now */
    memset(value, 'x', 6);
    spw_sampler *sampler = spw_sampler_composite(spw_composable_annotating(second, 1, inner));
    spw_sampling_result kept = sampling_ask(sampler, NULL, UINT64_MAX), dropped = sampling_ask(sampler, NULL, 0);
    assert_int_equal(kept.attribute_count, 3);
    assert_int_equal(dropped.attribute_count, 0);
    assert_memory_equal(kept.space[0].key.data, "team", 4);
    assert_memory_equal(kept.space[0].value.u.view.data, "search", 6);
    assert_int_equal(kept.space[1].value.u.i, 1);
    assert_true(kept.space[2].value.u.b);
    spw_sampler_destroy(sampler);
    const spw_attr tree = spw_attr_array("a", NULL, 0);
    assert_null(spw_composable_annotating(&tree, 1, spw_composable_always_on()));
}

/* A threshold that tells no probability: decided by new randomness, and not sent. */
static void intend_unreliably(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    (void)self;
    (void)input;
    intent->threshold = SPW_THRESHOLD_NEVER / 2;
}

static uint32_t mark_state(void *arg, uint32_t parent, spw_sampling_decision decision)
{
    (void)parent;
    *(spw_sampling_decision *)arg = decision;
    return sampling_state("mark=1,ot=th:3");
}

static spw_sampling_decision told;

static void intend_marked(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    (void)self;
    (void)input;
    intent->threshold = 0;
    intent->adjusted_count_reliable = true;
    intent->trace_state = mark_state;
    intent->trace_state_arg = &told;
}

static void a_composable_of_ones_own(void **state)
{
    (void)state;
    static spw_composable unreliable = { sizeof unreliable, "Unreliable", intend_unreliably, NULL };
    static spw_composable marked = { sizeof marked, "Marked", intend_marked, NULL };
    spw_sampler *sampler = spw_sampler_composite(&unreliable);
    unsigned kept = 0;
    for (int i = 0; i < 2000; i++) {
        spw_sampling_result result = ask_composite(sampler, "ot=th:1", true, 0);
        kept += result.decision == SPW_SAMPLING_RECORD_AND_SAMPLE;
        assert_string_equal(sampling_state_text(result.trace_state), "");
    }
    assert_in_range(kept, 850, 1150);
    spw_sampler_destroy(sampler);

    sampler = spw_sampler_composite(&marked);
    spw_sampling_result result = sampling_ask(sampler, NULL, 1);
    assert_int_equal(told, SPW_SAMPLING_RECORD_AND_SAMPLE);
    assert_string_equal(sampling_state_text(result.trace_state), "ot=th:0,mark=1"); /* a provider's threshold does not count */
    spw_sampler_destroy(sampler);
}

static void a_rate_erases_the_threshold(void **state)
{
    (void)state;
    spw_sampler *sampler = spw_sampler_rate_limiting(1, NULL);
    assert_string_equal(sampling_state_text(ask_composite(sampler, "ot=th:8;rv:6e6d1a75832a2f,a=b", true, 1).trace_state),
                        "ot=rv:6e6d1a75832a2f,a=b");
    spw_sampler_destroy(sampler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_are_those_of_the_specification),
        cmocka_unit_test(thresholds_at_the_ends),
        cmocka_unit_test(the_member_is_read_and_written),
        cmocka_unit_test(what_is_malformed_is_not_there),
        cmocka_unit_test(a_full_list_loses_its_end_never_ours),
        cmocka_unit_test(a_threshold_is_erased_and_nothing_else),
        cmocka_unit_test(randomness_at_the_threshold_is_kept),
        cmocka_unit_test(a_probability_takes_its_share_consistently),
        cmocka_unit_test(no_probability_is_always_off),
        cmocka_unit_test(a_new_trace_whose_id_is_not_random_gets_its_randomness),
        cmocka_unit_test(the_parents_threshold_decides_for_children),
        cmocka_unit_test(the_first_rule_that_applies_decides),
        cmocka_unit_test(annotations_come_with_sampled_spans_only),
        cmocka_unit_test(a_composable_of_ones_own),
        cmocka_unit_test(a_rate_erases_the_threshold),
    };
    return cmocka_run_group_tests_name("sampler_probability", tests, NULL, NULL);
}
