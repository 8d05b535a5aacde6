/* Values in contexts: keys, counts, release functions, suppression, limits, and what attaching does with them. Without an SDK but for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>

#include "support/capture.h"

struct request {
    int number;
    int *released;
};

static void request_free(struct request *request)
{
    __atomic_add_fetch(request->released, 1, __ATOMIC_RELAXED);
    free(request);
}

SPW_CONTEXT_KEY(user, const char);
SPW_CONTEXT_KEY_OWNED(request, struct request, request_free);

static struct request *new_request(int number, int *released)
{
    struct request *request = malloc(sizeof *request);
    *request = (struct request){ number, released };
    return request;
}

static uint64_t values_lost(void)
{
    spw_context_stats counts = SPW_CONTEXT_STATS_INIT;
    spw_context_stats_get(&counts);
    return counts.values_lost;
}

static void what_is_set_is_found_and_the_base_stays(void **state)
{
    (void)state;
    spw_context one = user_with(NULL, "anna");
    spw_context two = user_with(&one, "bela");
    assert_string_equal(user_get(&one), "anna");
    assert_string_equal(user_get(&two), "bela");
    assert_null(request_get(&two));
    const spw_context root = { 0 };
    assert_null(user_get(&root));
    assert_null(user_get(NULL)); /* nothing is current */
    spw_context_release(&one);
    assert_string_equal(user_get(&two), "bela");
    spw_context_release(&two);
    assert_null(two.values);
    spw_context_release(&two); /* once more is harmless */
    spw_context_release(NULL);
}

static void keys_of_one_name_are_different_keys(void **state)
{
    (void)state;
    static const spw_context_key a = { "same", NULL }, b = { "same", NULL };
    int x, y;
    spw_context one = spw_context_with_value(NULL, &a, &x);
    spw_context two = spw_context_with_value(&one, &b, &y);
    assert_ptr_equal(spw_context_value(&two, &a), &x);
    assert_ptr_equal(spw_context_value(&two, &b), &y);
    spw_context_release(&one);
    spw_context_release(&two);
}

static void a_value_is_released_once_when_the_last_context_has_gone(void **state)
{
    (void)state;
    int released = 0;
    spw_context one = request_with(NULL, new_request(1, &released));
    spw_context two = user_with(&one, "anna"); /* another block, the same value */
    spw_context copy = spw_context_retain(&two);
    spw_context_release(&one);
    spw_context_release(&two);
    assert_int_equal(released, 0);
    assert_int_equal(request_get(&copy)->number, 1);
    spw_context_release(&copy);
    assert_int_equal(released, 1);
}

static void setting_again_replaces_and_null_removes(void **state)
{
    (void)state;
    int released = 0;
    spw_context one = request_with(NULL, new_request(1, &released));
    spw_context two = request_with(&one, new_request(2, &released));
    spw_context three = request_with(&two, NULL);
    spw_context four = request_with(&three, NULL); /* nothing there */
    assert_int_equal(request_get(&one)->number, 1);
    assert_int_equal(request_get(&two)->number, 2);
    assert_null(request_get(&three));
    assert_null(three.values); /* what carries nothing is nothing */
    spw_context_release(&one);
    assert_int_equal(released, 1);
    spw_context_release(&three);
    spw_context_release(&four);
    spw_context_release(&two);
    assert_int_equal(released, 2);
}

static void a_context_holds_64_values_and_refuses_more(void **state)
{
    (void)state;
    static spw_context_key keys[SPW_MAX_CONTEXT_VALUES + 1];
    uint64_t lost = values_lost();
    spw_context context = { 0 };
    for (size_t i = 0; i <= SPW_MAX_CONTEXT_VALUES; i++) {
        keys[i].name = "numbered";
        spw_context next = spw_context_with_value(&context, &keys[i], &keys[i]);
        spw_context_release(&context);
        context = next;
    }
    for (size_t i = 0; i <= SPW_MAX_CONTEXT_VALUES; i++)
        assert_ptr_equal(spw_context_value(&context, &keys[i]), i < SPW_MAX_CONTEXT_VALUES ? &keys[i] : NULL);
    assert_int_equal(values_lost() - lost, 1);
    int released = 0;
    spw_context refused = request_with(&context, new_request(1, &released)); /* taken over all the same */
    assert_int_equal(released, 1);
    assert_ptr_equal(refused.values, context.values);
    spw_context_release(&refused);
    spw_context replaced = spw_context_with_value(&context, &keys[3], &released); /* full, but not more */
    assert_ptr_equal(spw_context_value(&replaced, &keys[3]), &released);
    spw_context_release(&replaced);
    spw_context_release(&context);
    assert_int_equal(values_lost() - lost, 2);
}

static void what_is_attached_keeps_its_values(void **state)
{
    (void)state;
    int released = 0;
    spw_context context = request_with(NULL, new_request(7, &released));
    spw_token token = spw_context_attach(&context);
    spw_context_release(&context);
    assert_int_equal(released, 0);
    assert_int_equal(request_get(NULL)->number, 7);
    spw_context owned = spw_context_capture(), childs = spw_context_with_span(spw_context_current(), (spw_span){ .flags = 1 });
    assert_int_equal(request_get(spw_context_current())->number, 7);
    assert_true(spw_context_detach(token));
    assert_int_equal(released, 0);
    assert_int_equal(request_get(&owned)->number, 7);
    spw_context_release(&owned);
    assert_int_equal(released, 0);
    assert_int_equal(request_get(&childs)->number, 7);
    spw_context_release(&childs);
    assert_int_equal(released, 1);
}

static void a_span_is_attached_beside_what_is_current(void **state)
{
    (void)state;
    int released = 0;
    spw_context context = request_with(NULL, new_request(7, &released));
    context.span = (spw_span){ .span_id = { 1 }, .trace_id = { 1 } };
    spw_token outer = spw_context_attach(&context);
    spw_context_release(&context);
    spw_token inner = spw_span_attach((spw_span){ .span_id = { 2 }, .trace_id = { 1 } });
    assert_int_equal(spw_span_current().span_id[0], 2);
    assert_int_equal(request_get(NULL)->number, 7);
    assert_true(spw_context_detach(outer)); /* the order is free: what is on top holds its own count */
    assert_int_equal(released, 0);
    assert_int_equal(request_get(NULL)->number, 7);
    assert_true(spw_context_detach(inner));
    assert_int_equal(released, 1);
    spw_token alone = spw_span_attach((spw_span){ .span_id = { 3 } });
    assert_int_equal(spw_span_current().span_id[0], 3);
    assert_null(spw_context_current()->values);
    assert_true(spw_context_detach(alone));
}

static void *die_with_some_attached(void *arg)
{
    spw_context context = request_with(NULL, new_request(1, arg));
    for (int i = 0; i < 300; i++) /* more than fit without growing */
        (void)spw_context_attach(&context);
    spw_context_release(&context);
    return NULL;
}

static void a_thread_that_dies_lets_go_of_what_it_left_attached(void **state)
{
    (void)state;
    int released = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, die_with_some_attached, &released), 0);
    pthread_join(thread, NULL);
    assert_int_equal(released, 1);
}

static void detach_another(struct request *request)
{
    spw_context inner = user_with(NULL, "inner"); /* a release function may use contexts itself */
    spw_token token = spw_context_attach(&inner);
    if (strcmp(user_get(NULL), "inner") == 0 && spw_context_detach(token))
        ++*request->released;
    spw_context_release(&inner);
    free(request);
}

SPW_CONTEXT_KEY_OWNED(reentrant, struct request, detach_another);

static void a_release_function_may_attach_and_detach(void **state)
{
    (void)state;
    int fine = 0;
    spw_context context = reentrant_with(NULL, new_request(1, &fine));
    spw_token token = spw_context_attach(&context);
    spw_context_release(&context);
    assert_true(spw_context_detach(token));
    assert_int_equal(fine, 1);
    assert_null(spw_context_current()->values);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000 };

static void *share(void *arg)
{
    const spw_context *shared = arg;
    for (int i = 0; i < ROUNDS; i++) {
        spw_context own = spw_context_retain(shared);
        spw_token token = spw_context_attach(&own);
        spw_context more = user_with(&own, "thread");
        spw_context_release(&own);
        if (request_get(NULL)->number != 5 || request_get(&more)->number != 5)
            return NULL;
        spw_context_release(&more);
        spw_context_detach(token);
    }
    return arg;
}

static void threads_share_a_context(void **state)
{
    (void)state;
    int released = 0;
    spw_context shared = request_with(NULL, new_request(5, &released));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share, &shared), 0);
    for (int i = 0; i < THREADS; i++) {
        void *fine;
        pthread_join(threads[i], &fine);
        assert_non_null(fine);
    }
    assert_int_equal(released, 0);
    spw_context_release(&shared);
    assert_int_equal(released, 1);
}

/* ---- spans ---- */

static void spans_carry_the_values_of_their_context_on(void **state)
{
    (void)state;
    spw_context context = user_with(NULL, "anna"); /* no span at all */
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.parent = &context;
    {
        SPW_SPAN_WITH(span, "outer", NULL, &options);
        assert_string_equal(user_get(NULL), "anna");
        SPW_SPAN(inner, "inner");
        assert_string_equal(user_get(NULL), "anna");
    }
    assert_null(user_get(NULL));
    spw_context_release(&context);
}

static void spans_under_suppression_do_not_record(void **state)
{
    (void)state;
    capture *seen = capture_new();
    capture_start(seen, NULL);
    {
        SPW_SPAN(outer, "recorded");
        assert_true(spw_is_recording(outer));
        spw_context quiet = spw_context_with_suppression(spw_context_current());
        assert_false(spw_context_is_suppressed(NULL));
        assert_true(spw_context_is_suppressed(&quiet));
        spw_token token = spw_context_attach(&quiet);
        assert_true(spw_context_is_suppressed(NULL));
        {
            SPW_SPAN(inner, "not recorded");
            assert_false(spw_is_recording(inner));
            assert_memory_equal(inner.span_id, outer.span_id, 8);
            assert_memory_equal(inner.trace_id, outer.trace_id, 16);
            SPW_SPAN(innermost, "neither");
            assert_false(spw_is_recording(innermost));
        }
        spw_context_detach(token);
        spw_span_options explicit_parent = SPW_SPAN_OPTIONS_INIT;
        explicit_parent.parent = &quiet;
        assert_false(spw_is_recording(spw_span_start(NULL, "nor this", &explicit_parent)));
        spw_span after = spw_span_start(NULL, "recorded again", NULL);
        assert_true(spw_is_recording(after));
        spw_span_end(after);
        spw_context_release(&quiet);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(seen), 2);
    assert_non_null(capture_named(seen, "recorded"));
    assert_non_null(capture_named(seen, "recorded again"));
    capture_stop(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_found_and_the_base_stays),
        cmocka_unit_test(keys_of_one_name_are_different_keys),
        cmocka_unit_test(a_value_is_released_once_when_the_last_context_has_gone),
        cmocka_unit_test(setting_again_replaces_and_null_removes),
        cmocka_unit_test(a_context_holds_64_values_and_refuses_more),
        cmocka_unit_test(what_is_attached_keeps_its_values),
        cmocka_unit_test(a_span_is_attached_beside_what_is_current),
        cmocka_unit_test(a_thread_that_dies_lets_go_of_what_it_left_attached),
        cmocka_unit_test(a_release_function_may_attach_and_detach),
        cmocka_unit_test(threads_share_a_context),
        cmocka_unit_test(spans_carry_the_values_of_their_context_on),
        cmocka_unit_test(spans_under_suppression_do_not_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
