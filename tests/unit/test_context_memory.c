/* Contexts, baggage and carriers while memory is short: every allocation in turn fails; nothing is lost but what is counted, nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <string.h>

#include "support/fail_alloc.h"

enum { MOST_ALLOCATIONS = 200 };

static void count_release(int *released)
{
    ++*released;
}

SPW_CONTEXT_KEY_OWNED(counted, int, count_release);
SPW_CONTEXT_KEY(kept, const char);

static uint64_t all_lost(void)
{
    spw_context_stats counts = SPW_CONTEXT_STATS_INIT;
    spw_context_stats_get(&counts);
    return counts.values_lost + counts.baggage_lost + counts.fields_lost;
}

static spw_context base;

static int make_base(void **state)
{
    (void)state;
    spw_context one = kept_with(NULL, "kept");
    base = spw_baggage_set(&one, "a", "1");
    spw_context_release(&one);
    return 0;
}

static int release_base(void **state)
{
    (void)state;
    spw_context_release(&base);
    return 0;
}

/* Calls `make` with its first, second, ... allocation failing, until none does; then the result was as without failures. */
static void with_each_failing(spw_context (*make)(void), void (*check)(const spw_context *made, bool failed))
{
    bool failed = true;
    unsigned nth = 1;
    for (; failed && nth < MOST_ALLOCATIONS; nth++) {
        uint64_t before = all_lost();
        fail_alloc_at(nth);
        spw_context made = make();
        failed = fail_alloc_stop();
        assert_int_equal(all_lost() - before, failed ? 1 : 0);
        assert_string_equal(kept_get(&base), "kept");
        assert_string_equal(spw_baggage_get(&base, "a"), "1");
        check(&made, failed);
        spw_context_release(&made);
    }
    assert_in_range(nth, 3, MOST_ALLOCATIONS - 1); /* at least one did fail */
}

/* ---- values ---- */

static int released;

static spw_context make_value(void)
{
    released = 0;
    return counted_with(&base, &released);
}

static void check_value(const spw_context *made, bool failed)
{
    assert_string_equal(kept_get(made), "kept");
    assert_ptr_equal(counted_get(made), failed ? NULL : &released);
    assert_int_equal(released, failed ? 1 : 0); /* taken over in any case */
}

static void a_value_that_finds_no_memory_is_released(void **state)
{
    (void)state;
    with_each_failing(make_value, check_value);
}

static spw_context make_removal(void)
{
    return kept_with(&base, NULL);
}

static void check_removal(const spw_context *made, bool failed)
{
    assert_int_equal(kept_get(made) != NULL, failed);
    assert_string_equal(spw_baggage_get(made, "a"), "1");
}

static spw_context make_suppression(void)
{
    return spw_context_with_suppression(&base);
}

static void check_suppression(const spw_context *made, bool failed)
{
    assert_int_equal(spw_context_is_suppressed(made), !failed);
    assert_string_equal(kept_get(made), "kept");
}

static void without_memory_the_base_comes_back(void **state)
{
    (void)state;
    with_each_failing(make_removal, check_removal);
    with_each_failing(make_suppression, check_suppression);
}

/* ---- baggage ---- */

static spw_context make_baggage(void)
{
    return spw_baggage_set(&base, "b", "2");
}

static void check_baggage(const spw_context *made, bool failed)
{
    assert_int_equal(spw_baggage_count(made), failed ? 1 : 2);
    assert_string_equal(spw_baggage_get(made, "a"), "1");
}

static void baggage_that_finds_no_memory_is_counted(void **state)
{
    (void)state;
    with_each_failing(make_baggage, check_baggage);
}

static spw_context make_clear(void)
{
    return spw_baggage_clear(&base);
}

static void check_clear(const spw_context *made, bool failed)
{
    assert_int_equal(spw_baggage_count(made), 0); /* whatever happens */
    assert_int_equal(kept_get(made) != NULL, !failed);
}

static void clearing_clears_without_memory_too(void **state)
{
    (void)state;
    with_each_failing(make_clear, check_clear);
}

static spw_context make_extraction(void)
{
    static const spw_header headers[] = { { "baggage", "x=1,y=2" }, { "baggage", "z=3" } };
    return spw_extract_headers(&base, headers, 2);
}

static void check_extraction(const spw_context *made, bool failed)
{
    assert_string_equal(kept_get(made), "kept");
    if (!failed)
        assert_int_equal(spw_baggage_count(made), 3);
    else
        assert_true(spw_baggage_get(made, "a") || spw_baggage_get(made, "x")); /* the base's, or what came so far */
}

static void baggage_comes_in_whole_members_or_not_at_all(void **state)
{
    (void)state;
    with_each_failing(make_extraction, check_extraction);
}

/* ---- the environment ---- */

static void an_environment_is_whole_or_says_what_it_lacks(void **state)
{
    (void)state;
    static char *const environment[] = { "HOME=/", "BAGGAGE=stale=1", NULL };
    bool failed = true;
    for (unsigned nth = 1; failed && nth < MOST_ALLOCATIONS; nth++) {
        uint64_t before = all_lost();
        fail_alloc_at(nth);
        char **envp = spw_environment_new(environment, &base, 0);
        failed = fail_alloc_stop();
        if (envp) {
            assert_string_equal(envp[0], "HOME=/");
            assert_int_equal(envp[1] == NULL, failed); /* no stale one in its place */
            assert_int_equal(all_lost() - before, failed ? 1 : 0);
        } else {
            assert_true(failed);
        }
        spw_environment_destroy(envp);
    }
    assert_false(failed);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_base, release_base)
    const struct CMUnitTest tests[] = {
        TEST(a_value_that_finds_no_memory_is_released),
        TEST(without_memory_the_base_comes_back),
        TEST(baggage_that_finds_no_memory_is_counted),
        TEST(clearing_clears_without_memory_too),
        TEST(baggage_comes_in_whole_members_or_not_at_all),
        TEST(an_environment_is_whole_or_says_what_it_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
