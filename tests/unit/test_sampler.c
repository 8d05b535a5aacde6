/* The samplers, asked directly: tables, vectors, and statistics with fixed seeds. What the SDK makes of them: test_sampling.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <spanwire/processor.h>
#include <spanwire/sampler.h>
#include <stdlib.h>
#include <string.h>

#include "support/sampling.h"

/* ---- always on, off, record ---- */

static void on_and_off_always_answer_the_same(void **state)
{
    (void)state;
    assert_string_equal(spw_sampler_description(spw_sampler_always_on()), "AlwaysOnSampler");
    assert_string_equal(spw_sampler_description(spw_sampler_always_off()), "AlwaysOffSampler");
    spw_span parents[2] = { sampling_parent(false, true), sampling_parent(false, false) };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sampling_ask(spw_sampler_always_on(), &parents[i], 1).decision, SPW_SAMPLING_RECORD_AND_SAMPLE);
        assert_int_equal(sampling_ask(spw_sampler_always_off(), &parents[i], 1).decision, SPW_SAMPLING_DROP);
    }
    spw_sampler_destroy(spw_sampler_always_on());
    spw_sampler_destroy(NULL);
    assert_string_equal(spw_sampler_description(NULL), "");
}

static void answer_record_only(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self;
    (void)input;
    result->decision = SPW_SAMPLING_RECORD_ONLY;
}

static void always_record_turns_drop_into_record_only(void **state)
{
    (void)state;
    static spw_sampler only = { sizeof only, "Only", answer_record_only, NULL };
    spw_sampler *const roots[3] = { spw_sampler_always_off(), &only, spw_sampler_always_on() };
    static const spw_sampling_decision want[3] = { SPW_SAMPLING_RECORD_ONLY, SPW_SAMPLING_RECORD_ONLY, SPW_SAMPLING_RECORD_AND_SAMPLE };
    for (int i = 0; i < 3; i++) {
        spw_sampler *sampler = spw_sampler_always_record(roots[i]);
        assert_int_equal(sampling_ask(sampler, NULL, 7).decision, want[i]);
        spw_sampler_destroy(sampler);
    }
    spw_sampler *named = spw_sampler_always_record(spw_sampler_always_off());
    assert_string_equal(spw_sampler_description(named), "AlwaysRecord{AlwaysOffSampler}");
    spw_sampler_destroy(named);
    assert_null(spw_sampler_always_record(NULL));
}

/* ---- the ratio ---- */

/* Trace ids at the very edge: last 8 bytes shifted right by one, below ratio x 2^63 or not. What the SDKs of Go and Rust compute. */
static void the_ratio_decides_as_other_sdks_do(void **state)
{
    (void)state;
    static const struct {
        double ratio;
        uint64_t low; /* the last 8 bytes of the trace id */
        bool taken;
    } vectors[] = {
        { 0, 0, false },
        { 0, UINT64_MAX, false },
        { 1, 0, true },
        { 1, UINT64_MAX, true },
        { 0.5, 0x7fffffffffffffff, true },
        { 0.5, 0x8000000000000000, false },
        { 0.25, 0x3fffffffffffffff, true },
        { 0.25, 0x4000000000000000, false },
        { 0.1, 0x1999999999999999, true },  /* 0.1 x 2^63 = 0x0ccccccccccccd00: 0x0ccccccccccccccc lies below */
        { 0.1, 0x19999999999999ff, true },  /* 0x0cccccccccccccff */
        { 0.1, 0x1999999999999a00, false }, /* 0x0ccccccccccccd00 itself */
        { 1e-4, 0x00068db8bac710c9, true }, /* 1e-4 x 2^63 = 0x000346dc5d638865 and a fraction that does not count */
        { 1e-4, 0x00068db8bac710ca, false },
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        spw_sampler *sampler = spw_sampler_trace_id_ratio(vectors[i].ratio);
        spw_sampling_decision want = vectors[i].taken ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP;
        assert_int_equal(sampling_ask(sampler, NULL, vectors[i].low).decision, want);
        spw_span parent = sampling_parent(true, !vectors[i].taken); /* the parent's flag is not looked at */
        assert_int_equal(sampling_ask(sampler, &parent, vectors[i].low).decision, want);
        spw_sampler_destroy(sampler);
    }
}

/* "MUST also sample all traces that any TraceIdRatioBased sampler with a lower sampling probability would sample" */
static void a_larger_ratio_takes_what_a_smaller_one_takes(void **state)
{
    (void)state;
    static const double ratios[] = { 0, 1e-6, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999, 1 };
    enum { COUNT = sizeof ratios / sizeof *ratios, TRACES = 20000 };
    spw_sampler *samplers[COUNT];
    unsigned taken[COUNT] = { 0 };
    for (int i = 0; i < COUNT; i++)
        assert_non_null(samplers[i] = spw_sampler_trace_id_ratio(ratios[i]));
    uint64_t seed = 42;
    for (int t = 0; t < TRACES; t++) {
        uint64_t id = sampling_random(&seed);
        bool before = false;
        for (int i = 0; i < COUNT; i++) {
            bool now = sampling_ask(samplers[i], NULL, id).decision == SPW_SAMPLING_RECORD_AND_SAMPLE;
            assert_true(now || !before);
            taken[i] += now;
            before = now;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        double sigma = sqrt(ratios[i] * (1 - ratios[i]) * TRACES);
        assert_true(fabs(taken[i] - ratios[i] * TRACES) <= 5 * sigma + 1e-9 + (ratios[i] > 0 && ratios[i] < 1e-3 ? 1 : 0));
        spw_sampler_destroy(samplers[i]);
    }
}

static void a_ratio_is_described_by_its_shortest_decimal(void **state)
{
    (void)state;
    static const struct {
        double ratio;
        const char *text;
    } table[] = { { 0, "TraceIdRatioBased{0}" },
                  { 1, "TraceIdRatioBased{1}" },
                  { 0.5, "TraceIdRatioBased{0.5}" },
                  { 0.0001, "TraceIdRatioBased{0.0001}" },
                  { 1.0 / 3, "TraceIdRatioBased{0.3333333333333333}" } };
    const char *before = setlocale(LC_NUMERIC, NULL);
    char *saved = strdup(before ? before : "C");
    (void)setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* a comma, where it is installed */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        spw_sampler *sampler = spw_sampler_trace_id_ratio(table[i].ratio);
        assert_string_equal(spw_sampler_description(sampler), table[i].text);
        spw_sampler_destroy(sampler);
    }
    (void)setlocale(LC_NUMERIC, saved);
    free(saved);
}

static void what_is_no_ratio_is_refused(void **state)
{
    (void)state;
    static const double wrong[] = { -0.1, 1.1, -1e300, 1e300 };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(spw_sampler_trace_id_ratio(wrong[i]));
        assert_null(spw_sampler_probability(wrong[i]));
        assert_null(spw_composable_probability(wrong[i]));
    }
    assert_null(spw_sampler_trace_id_ratio(NAN));
    assert_null(spw_sampler_probability(NAN));
    assert_null(spw_composable_probability(NAN));
    assert_null(spw_sampler_rate_limiting(0, NULL));
    assert_null(spw_sampler_rate_limiting(-1, NULL));
    assert_null(spw_sampler_rate_limiting(NAN, NULL));
    assert_null(spw_sampler_rate_limiting(INFINITY, NULL));
}

/* ---- parent-based ---- */

static void parent_based_asks_the_one_for_the_parent(void **state)
{
    (void)state;
    sampling_probe probes[5];
    for (int i = 0; i < 5; i++)
        sampling_probe_init(&probes[i], SPW_SAMPLING_DROP);
    spw_parent_samplers children = SPW_PARENT_SAMPLERS_INIT;
    children.remote_sampled = &probes[1].base;
    children.remote_not_sampled = &probes[2].base;
    children.local_sampled = &probes[3].base;
    children.local_not_sampled = &probes[4].base;
    spw_sampler *sampler = spw_sampler_parent_based(&probes[0].base, &children);
    assert_non_null(sampler);
    const spw_span parents[4] = { sampling_parent(true, true), sampling_parent(true, false), sampling_parent(false, true),
                                  sampling_parent(false, false) };
    for (int i = 0; i < 5; i++) {
        (void)sampling_ask(sampler, i ? &parents[i - 1] : NULL, 1);
        for (int j = 0; j < 5; j++)
            assert_int_equal(probes[j].asked, j <= i);
    }
    spw_sampler_destroy(sampler);
    for (int i = 0; i < 5; i++)
        assert_int_equal(probes[i].destroyed, 1);
}

static void parent_based_follows_the_parent_by_default(void **state)
{
    (void)state;
    spw_sampler *sampler = spw_sampler_parent_based(spw_sampler_always_off(), NULL);
    assert_int_equal(sampling_ask(sampler, NULL, 1).decision, SPW_SAMPLING_DROP);
    for (int remote = 0; remote < 2; remote++)
        for (int sampled = 0; sampled < 2; sampled++) {
            spw_span parent = sampling_parent(remote, sampled);
            assert_int_equal(sampling_ask(sampler, &parent, 1).decision, sampled ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP);
        }
    assert_string_equal(spw_sampler_description(sampler),
                        "ParentBased{root:AlwaysOffSampler,remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,"
                        "localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}");
    spw_sampler_destroy(sampler);
}

static void a_constructor_that_fails_destroys_what_it_was_given(void **state)
{
    (void)state;
    sampling_probe child;
    sampling_probe_init(&child, SPW_SAMPLING_DROP);
    spw_parent_samplers children = SPW_PARENT_SAMPLERS_INIT;
    children.local_sampled = &child.base;
    assert_null(spw_sampler_parent_based(NULL, &children));
    assert_int_equal(child.destroyed, 1);
}

/* A caller of an older version has fewer fields: the others are defaults. */
static void parent_samplers_of_an_older_version_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    sampling_probe remote;
    sampling_probe_init(&remote, SPW_SAMPLING_RECORD_ONLY);
    spw_parent_samplers children = { .struct_size = offsetof(spw_parent_samplers, remote_not_sampled), .remote_sampled = &remote.base };
    children.local_sampled = (spw_sampler *)(uintptr_t)64; /* rubbish behind the end */
    spw_sampler *sampler = spw_sampler_parent_based(spw_sampler_always_on(), &children);
    spw_span parent = sampling_parent(true, true);
    assert_int_equal(sampling_ask(sampler, &parent, 1).decision, SPW_SAMPLING_RECORD_ONLY);
    spw_sampler_destroy(sampler);
    assert_int_equal(remote.destroyed, 1);
}

/* ---- so many a second ---- */

struct hand_clock {
    spw_clock base;
    uint64_t now; /* atomic */
};

static uint64_t hand_ns(const spw_clock *self)
{
    return __atomic_load_n(&((const struct hand_clock *)(const void *)self)->now, __ATOMIC_RELAXED);
}

static unsigned taken_of(spw_sampler *sampler, unsigned asked)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < asked; i++)
        taken += sampling_ask(sampler, NULL, i).decision == SPW_SAMPLING_RECORD_AND_SAMPLE;
    return taken;
}

static void the_rate_allows_a_burst_and_then_its_share(void **state)
{
    (void)state;
    struct hand_clock clock = { { sizeof clock.base, hand_ns, hand_ns }, UINT64_C(1000000000000) };
    spw_sampler *sampler = spw_sampler_rate_limiting(10, &clock.base);
    assert_string_equal(spw_sampler_description(sampler), "RateLimitingSampler{10}");
    assert_int_equal(taken_of(sampler, 100), 10);
    for (int i = 0; i < 50; i++) {
        clock.now += 99999999; /* not yet a tenth of a second */
        if (i == 0)
            assert_int_equal(taken_of(sampler, 5), 0);
        clock.now += 1;
        assert_int_equal(taken_of(sampler, 5), 1);
    }
    clock.now += UINT64_C(3600) * 1000000000; /* an hour of rest saves up one second's worth */
    assert_int_equal(taken_of(sampler, 100), 10);
    spw_sampler_destroy(sampler);
}

static void a_rate_below_one_a_second_lets_one_through(void **state)
{
    (void)state;
    struct hand_clock clock = { { sizeof clock.base, hand_ns, hand_ns }, 5 };
    spw_sampler *sampler = spw_sampler_rate_limiting(0.1, &clock.base);
    assert_int_equal(taken_of(sampler, 100), 1);
    clock.now += UINT64_C(9999999999);
    assert_int_equal(taken_of(sampler, 100), 0);
    clock.now += 1;
    assert_int_equal(taken_of(sampler, 100), 1);
    spw_sampler_destroy(sampler);
}

enum { ASKERS = 4, ASKED = 20000 };

static void *ask_many(void *sampler)
{
    return (void *)(uintptr_t)taken_of(sampler, ASKED);
}

static void the_rate_holds_for_all_threads_together(void **state)
{
    (void)state;
    struct hand_clock clock = { { sizeof clock.base, hand_ns, hand_ns }, 1 };
    spw_sampler *sampler = spw_sampler_rate_limiting(1000, &clock.base);
    pthread_t threads[ASKERS];
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, sampler), 0);
    uintptr_t taken = 0;
    for (int i = 0; i < ASKERS; i++) {
        void *mine;
        pthread_join(threads[i], &mine);
        taken += (uintptr_t)mine;
    }
    assert_int_equal(taken, 1000);
    spw_sampler_destroy(sampler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_and_off_always_answer_the_same),
        cmocka_unit_test(always_record_turns_drop_into_record_only),
        cmocka_unit_test(the_ratio_decides_as_other_sdks_do),
        cmocka_unit_test(a_larger_ratio_takes_what_a_smaller_one_takes),
        cmocka_unit_test(a_ratio_is_described_by_its_shortest_decimal),
        cmocka_unit_test(what_is_no_ratio_is_refused),
        cmocka_unit_test(parent_based_asks_the_one_for_the_parent),
        cmocka_unit_test(parent_based_follows_the_parent_by_default),
        cmocka_unit_test(a_constructor_that_fails_destroys_what_it_was_given),
        cmocka_unit_test(parent_samplers_of_an_older_version_are_read_as_far_as_they_go),
        cmocka_unit_test(the_rate_allows_a_burst_and_then_its_share),
        cmocka_unit_test(a_rate_below_one_a_second_lets_one_through),
        cmocka_unit_test(the_rate_holds_for_all_threads_together),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
