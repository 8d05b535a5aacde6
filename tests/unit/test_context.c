/* The thread's current context, without an SDK: attach and detach in any order, deep, on wrong threads, from a signal handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/engine.h"
#include "record/thread.h"

static const struct spw_context_values *attached_values; /* by every context here; NULL but for one test */

static spw_context numbered(uint32_t n)
{
    spw_context context = { .values = attached_values };
    memset(context.span.trace_id, 1, 16);
    memcpy(context.span.span_id, &n, 4);
    context.span.span_id[7] = 1;
    return context;
}

static uint32_t current_number(void)
{
    spw_span span = spw_span_current();
    uint32_t n = 0;
    if (spw_span_is_valid(span))
        memcpy(&n, span.span_id, 4);
    return n;
}

static spw_token attach(uint32_t n)
{
    spw_context context = numbered(n);
    return spw_context_attach(&context);
}

static int nothing_is_current(void **state)
{
    (void)state;
    return current_number() == 0 ? 0 : -1;
}

static void attach_and_detach_nest(void **state)
{
    (void)state;
    spw_token a = attach(1), b = attach(2);
    assert_int_equal(current_number(), 2);
    assert_true(spw_context_detach(b));
    assert_int_equal(current_number(), 1);
    spw_token root = spw_context_attach(NULL);
    assert_false(spw_span_is_valid(spw_span_current()));
    assert_true(spw_context_detach(root));
    assert_int_equal(current_number(), 1);
    assert_true(spw_context_detach(a));
}

/* Against a model: what is current is the youngest that is still attached. */
static void any_order_of_detaching_is_right(void **state)
{
    (void)state;
    enum { MOST = 60 };
    struct {
        spw_token token;
        uint32_t number;
    } model[MOST];
    size_t n = 0;
    uint32_t next = 1;
    uint64_t misuse = spw__detach_misuse();
    srandom(3);
    for (int round = 0; round < 20000; round++) {
        if (n < MOST && random() % 2) {
            model[n].token = attach(next);
            model[n++].number = next++;
        } else if (n) {
            size_t i = (size_t)random() % n;
            assert_true(spw_context_detach(model[i].token));
            memmove(model + i, model + i + 1, (--n - i) * sizeof model[0]);
        }
        assert_int_equal(current_number(), n ? model[n - 1].number : 0);
    }
    while (n)
        assert_true(spw_context_detach(model[--n].token));
    assert_int_equal(spw__detach_misuse(), misuse);
}

static void detaching_twice_is_harmless_and_counted(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    spw_token a = attach(1);
    assert_true(spw_context_detach(a));
    assert_false(spw_context_detach(a));
    spw_token b = attach(2); /* in the same place */
    assert_false(spw_context_detach(a));
    assert_int_equal(current_number(), 2);
    assert_true(spw_context_detach(b));
    assert_false(spw_context_detach((spw_token){ UINT64_MAX }));
    assert_int_equal(spw__detach_misuse() - misuse, 3);
    assert_false(spw_context_detach((spw_token){ 0 })); /* undoes nothing, and is no misuse */
    assert_int_equal(spw__detach_misuse() - misuse, 3);
}

static spw_token passed;

static void *detach_elsewhere(void *arg)
{
    (void)arg;
    spw_token own = attach(7); /* same place, same sequence perhaps, another thread's */
    bool wrong = spw_context_detach(passed);
    bool right = current_number() == 7 && spw_context_detach(own);
    return (void *)(uintptr_t)(!wrong && right);
}

static void detaching_on_the_wrong_thread_is_harmless_and_counted(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    passed = attach(1);
    pthread_t thread;
    void *fine = NULL;
    assert_int_equal(pthread_create(&thread, NULL, detach_elsewhere, NULL), 0);
    pthread_join(thread, &fine);
    assert_non_null(fine);
    assert_int_equal(current_number(), 1);
    assert_int_equal(spw__detach_misuse() - misuse, 1);
    assert_true(spw_context_detach(passed));
}

static void *leave_some_attached(void *arg)
{
    (void)arg;
    bool clean = current_number() == 0; /* a recycled thread starts at the root */
    for (uint32_t i = 1; i < 500; i++)
        (void)attach(i);
    return (void *)(uintptr_t)clean;
}

static void a_new_thread_starts_at_the_root_whatever_the_dead_left(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *clean = NULL;
        assert_int_equal(pthread_create(&thread, NULL, leave_some_attached, NULL), 0);
        pthread_join(thread, &clean);
        assert_non_null(clean);
    }
}

static void contexts_nest_65536_deep_and_no_deeper(void **state)
{
    (void)state;
    enum { DEPTH = 70000, MOST = 65536 };
    spw_token *tokens = calloc(DEPTH, sizeof *tokens);
    uint64_t misuse = spw__detach_misuse();
    for (uint32_t i = 0; i < DEPTH; i++) {
        tokens[i] = attach(i + 1);
        assert_int_equal(tokens[i].id != 0, i < MOST);
        assert_int_equal(current_number(), i < MOST ? i + 1 : MOST);
    }
    assert_int_equal(spw__detach_misuse() - misuse, DEPTH - MOST);
    for (uint32_t i = DEPTH; i-- > 0;) {
        assert_int_equal(spw_context_detach(tokens[i]), i < MOST);
        assert_int_equal(current_number(), i < MOST ? i : MOST);
    }
    assert_int_equal(spw__detach_misuse() - misuse, DEPTH - MOST);
    free(tokens);
}

static void a_context_is_a_copy(void **state)
{
    (void)state;
    spw_context context = numbered(5);
    spw_token token = spw_context_attach(&context);
    memset(&context, 0xff, sizeof context);
    assert_int_equal(current_number(), 5);
    spw_context copy = spw_context_capture(), with = spw_context_with_span(&copy, numbered(6).span);
    assert_int_equal(current_number(), 5);
    spw_token second = spw_context_attach(&with);
    assert_int_equal(current_number(), 6);
    assert_true(spw_context_detach(second) && spw_context_detach(token));
    with = spw_context_with_span(NULL, copy.span);
    assert_memory_equal(&with.span, &copy.span, sizeof with.span);
}

/* ---- without an SDK ---- */

static void a_span_without_an_sdk_is_its_parent_again(void **state)
{
    (void)state;
    spw_span none = spw_span_start(NULL, "nothing to carry", NULL);
    assert_true(!spw_span_is_valid(none) && !none.handle);
    spw_context remote = numbered(9);
    remote.span.is_remote = 1;
    remote.span.flags = SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM;
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &remote;
    spw_span carried = spw_span_start(NULL, "explicit", &options);
    assert_memory_equal(&carried, &remote.span, sizeof carried);
    spw_token token = spw_context_attach(&remote);
    carried = spw_span_start(NULL, "current", NULL);
    assert_memory_equal(&carried, &remote.span, sizeof carried);
    remote = (spw_context){ 0 };
    carried = spw_span_start(NULL, "a new trace", &options);
    assert_false(spw_span_is_valid(carried));
    assert_true(spw_context_detach(token));
}

static int leave(int how)
{
    for (int i = 0; i < 2; i++) {
        spw_context context = numbered(40);
        spw_span_options options = SPW_SPAN_OPTIONS_INIT;
        options.parent = &context;
        SPW_SPAN_WITH(span, "block", NULL, &options);
        if (current_number() != 40 || !spw_span_is_valid(span))
            return -1;
        if (how == 0)
            return 0;
        if (how == 1)
            break;
        if (how == 2)
            goto out;
        if (how == 3)
            continue;
    }
    return 1;
out:
    return 2;
}

static void a_block_takes_its_context_with_it_however_it_ends(void **state)
{
    (void)state;
    static const int results[] = { 0, 1, 2, 1, 1 };
    spw_token token = attach(3);
    for (int how = 0; how < 5; how++) {
        assert_int_equal(leave(how), results[how]);
        assert_int_equal(current_number(), 3);
    }
    assert_true(spw_context_detach(token));
}

static void ending_a_scope_twice_is_harmless(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    spw_token token = attach(3);
    spw_scope scope = spw_scope_start(NULL, "scope", NULL);
    spw_scope_end(&scope);
    spw_scope_end(&scope);
    assert_int_equal(current_number(), 3);
    assert_true(spw_context_detach(token));
    assert_int_equal(spw__detach_misuse(), misuse);
}

/* ---- a signal handler between any two instructions ---- */

#if defined __x86_64__ && !defined __SANITIZE_THREAD__
#define CAN_STEP 1

enum { GAP = 41, PATIENCE = 20000 }; /* a handler within each retry would hold it up for ever: after so many steps they come seldom */

static struct {
    volatile uint64_t steps, act_on;
    volatile uint64_t refused, wrong;
} trap;

static void attach_in_handler(int signal)
{
    (void)signal;
    if (++trap.steps != trap.act_on)
        return;
    trap.act_on += trap.steps < PATIENCE ? GAP : 25 * GAP;
    uint32_t before = current_number();
    spw_token token = attach(999);
    if (!token.id) {
        trap.refused++; /* the stack is being grown under us */
        return;
    }
    if (current_number() != 999 || !spw_context_detach(token) || current_number() != before)
        trap.wrong++;
}

/* The processor traps after each instruction while this is on. */
static inline __attribute__((always_inline)) void step(bool on)
{
    unsigned long long flags = __builtin_ia32_readeflags_u64();
    __builtin_ia32_writeeflags_u64(on ? flags | 0x100 : flags & ~0x100ull);
}

/* With `full`, the next context has a place and the one after it needs a larger stack; the first of two is detached last if `crossed`. */
static uint64_t step_through(uint64_t first, bool full, bool crossed)
{
    struct spw__cell *cell = spw__self->cell;
    uint64_t misuse = spw__detach_misuse();
    trap.steps = trap.refused = trap.wrong = 0;
    trap.act_on = first;
    if (full)
        cell->capacity = cell->depth + 1;
    step(true);
    spw_token a = attach(7);
    step(false);
    assert_int_equal(current_number(), 7);
    step(true);
    spw_token b = attach(8);
    step(false);
    assert_int_equal(current_number(), 8);
    step(true);
    bool ok = spw_context_detach(crossed ? a : b);
    step(false);
    assert_true(ok);
    assert_int_equal(current_number(), crossed ? 8 : 7);
    step(true);
    ok = spw_context_detach(crossed ? b : a);
    step(false);
    assert_true(ok);
    assert_int_equal(trap.wrong, 0);
    assert_int_equal(spw__detach_misuse() - misuse, trap.refused);
    assert_true(full || trap.refused == 0);
    return trap.steps;
}
#endif

#ifdef CAN_STEP
/*
 * Every instruction is a signal: slow, and more so where each is many. The sanitizer needs no more than a sample, and on a machine that has
 * other things to do a smaller one.
 */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 4, SECONDS = 5 };
#else
enum { STRIDE = 1, SECONDS = 20 };
#endif

static uint64_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

static void step_every_way(void)
{
    struct sigaction action = { .sa_handler = attach_in_handler }, before;
    sigaction(SIGTRAP, &action, &before);
    spw_token outer = attach(3);
    for (int how = 0; how < 4; how++)
        for (uint64_t k = 1, until = seconds() + SECONDS; k <= GAP && seconds() <= until; k += STRIDE) {
            uint64_t steps = step_through(k, how & 2, how & 1);
            assert_in_range(steps, 100, 10 * PATIENCE);
            assert_int_equal(current_number(), 3);
        }
    assert_true(spw_context_detach(outer));
    sigaction(SIGTRAP, &before, NULL);
}

static void count_release(int *released)
{
    ++*released;
}

SPW_CONTEXT_KEY_OWNED(counted, int, count_release);
#endif

static void a_handler_may_attach_between_any_two_instructions(void **state)
{
    (void)state;
#ifdef CAN_STEP
    step_every_way();
#else
    print_message("skip - the trap after each instruction is x86-64's, and nothing for the thread sanitizer\n");
    skip();
#endif
}

/* The same with values: every attach has taken a count, and every detach has given it back. */
static void a_handler_may_attach_what_has_a_count(void **state)
{
    (void)state;
#ifdef CAN_STEP
    int released = 0;
    spw_context owned = counted_with(NULL, &released);
    attached_values = owned.values;
    step_every_way();
    attached_values = NULL;
    assert_int_equal(released, 0);
    spw_context_release(&owned);
    assert_int_equal(released, 1);
#else
    print_message("skip - the trap after each instruction is x86-64's, and nothing for the thread sanitizer\n");
    skip();
#endif
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, nothing_is_current, nothing_is_current)
    const struct CMUnitTest tests[] = {
        TEST(attach_and_detach_nest),
        TEST(any_order_of_detaching_is_right),
        TEST(detaching_twice_is_harmless_and_counted),
        TEST(detaching_on_the_wrong_thread_is_harmless_and_counted),
        TEST(a_new_thread_starts_at_the_root_whatever_the_dead_left),
        TEST(contexts_nest_65536_deep_and_no_deeper),
        TEST(a_context_is_a_copy),
        TEST(a_span_without_an_sdk_is_its_parent_again),
        TEST(a_block_takes_its_context_with_it_however_it_ends),
        TEST(ending_a_scope_twice_is_harmless),
        TEST(a_handler_may_attach_between_any_two_instructions),
        TEST(a_handler_may_attach_what_has_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
