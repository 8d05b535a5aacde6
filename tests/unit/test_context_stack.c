/* Stacks of contexts: swapped with fibers, over threads, misused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "record/engine.h"
#include "support/capture.h"

SPW_CONTEXT_KEY(label, const char);

static spw_token attach_label(const char *text)
{
    spw_context context = label_with(NULL, text);
    spw_token token = spw_context_attach(&context);
    spw_context_release(&context);
    return token;
}

static const char *current_label(void)
{
    const char *label = label_get(NULL);
    return label ? label : "";
}

static void a_stack_is_a_place_of_its_own(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    spw_context_stack *stack = spw_context_stack_new();
    assert_non_null(stack);
    spw_token own = attach_label("thread");
    assert_null(spw_context_stack_swap(stack));
    assert_string_equal(current_label(), "");
    spw_token fiber = attach_label("fiber");
    assert_string_equal(current_label(), "fiber");
    assert_ptr_equal(spw_context_stack_swap(NULL), stack);
    assert_string_equal(current_label(), "thread");
    assert_ptr_equal(spw_context_stack_swap(stack), NULL);
    assert_ptr_equal(spw_context_stack_swap(stack), stack); /* it is there already */
    assert_true(spw_context_detach(fiber));
    spw_context_stack_swap(NULL);
    assert_true(spw_context_detach(own));
    spw_context_stack_destroy(stack);
    assert_int_equal(spw__detach_misuse(), misuse);
}

static void tokens_of_another_stack_are_harmless_and_counted(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    spw_context_stack *a = spw_context_stack_new(), *b = spw_context_stack_new();
    spw_token own = attach_label("thread");
    spw_context_stack_swap(a);
    spw_token of_a = attach_label("a");
    assert_false(spw_context_detach(own));
    spw_context_stack_swap(b);
    spw_token of_b = attach_label("b");
    assert_false(spw_context_detach(of_a));
    assert_false(spw_context_detach(own));
    assert_string_equal(current_label(), "b");
    spw_context_stack_swap(NULL);
    assert_false(spw_context_detach(of_b));
    assert_string_equal(current_label(), "thread");
    assert_true(spw_context_detach(own));
    spw_context_stack_destroy(a);
    spw_context_stack_destroy(b);
    assert_int_equal(spw__detach_misuse() - misuse, 4);
}

static void free_int(int *count)
{
    ++*count;
}

SPW_CONTEXT_KEY_OWNED(counted, int, free_int);

static void destroying_detaches_what_is_left_and_stacks_are_recycled_empty(void **state)
{
    (void)state;
    int released = 0;
    for (int round = 0; round < 100; round++) {
        spw_context_stack *stack = spw_context_stack_new();
        spw_context_stack_swap(stack);
        assert_null(counted_get(NULL));
        spw_context context = counted_with(NULL, &released);
        for (int i = 0; i < 3 * round; i++)
            (void)spw_context_attach(&context);
        spw_context_release(&context);
        spw_context_stack_swap(NULL);
        assert_int_equal(released, round ? round : 1);
        spw_context_stack_destroy(stack);
        assert_int_equal(released, round + 1);
    }
}

static void a_stack_in_use_is_neither_taken_nor_destroyed(void **state)
{
    (void)state;
    uint64_t misuse = spw__detach_misuse();
    spw_context_stack *stack = spw_context_stack_new(), *gone = spw_context_stack_new();
    spw_context_stack_swap(stack);
    spw_context_stack_destroy(stack);
    assert_int_equal(spw__detach_misuse() - misuse, 1);
    spw_context_stack_destroy(gone);
    spw_context_stack_destroy(gone);
    assert_int_equal(spw__detach_misuse() - misuse, 2);
    assert_ptr_equal(spw_context_stack_swap(gone), stack); /* refused: nothing changes */
    assert_int_equal(spw__detach_misuse() - misuse, 3);
    assert_ptr_equal(spw_context_stack_swap(NULL), stack);
    spw_context_stack_destroy(stack);
    spw_context_stack_destroy(NULL);
}

/* ---- over threads ---- */

struct hand_over {
    spw_context_stack *stack;
    spw_token token;
    sem_t taken, done;
    bool fine;
};

static void *go_on_elsewhere(void *arg)
{
    struct hand_over *job = arg;
    job->fine = spw_context_stack_swap(job->stack) == NULL && strcmp(current_label(), "travels") == 0;
    sem_post(&job->taken);
    sem_wait(&job->done);
    job->fine &= spw_context_detach(job->token) && strcmp(current_label(), "") == 0;
    (void)attach_label("left on the stack by a thread that dies");
    return NULL;
}

static void a_stack_goes_on_on_another_thread(void **state)
{
    (void)state;
    struct hand_over job = { .stack = spw_context_stack_new() };
    sem_init(&job.taken, 0, 0);
    sem_init(&job.done, 0, 0);
    uint64_t misuse = spw__detach_misuse();
    spw_context_stack_swap(job.stack);
    job.token = attach_label("travels");
    spw_context_stack_swap(NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, go_on_elsewhere, &job), 0);
    sem_wait(&job.taken);
    assert_null(spw_context_stack_swap(job.stack)); /* it is taken */
    assert_string_equal(current_label(), "");
    sem_post(&job.done);
    pthread_join(thread, NULL);
    assert_true(job.fine);
    assert_int_equal(spw__detach_misuse() - misuse, 1);
    spw_context_stack_swap(job.stack); /* the dead thread has let go of it */
    assert_string_equal(current_label(), "left on the stack by a thread that dies");
    spw_context_stack_swap(NULL);
    spw_context_stack_destroy(job.stack);
    sem_destroy(&job.taken);
    sem_destroy(&job.done);
}

enum { CHURN_THREADS = 4, CHURNS = 5000 };

static void *churn(void *arg)
{
    for (int i = 0; i < CHURNS; i++) {
        spw_context_stack *a = spw_context_stack_new(), *b = spw_context_stack_new();
        if (a == b || spw_context_stack_swap(a))
            return NULL;
        spw_token token = attach_label("churn");
        spw_context_stack_swap(b);
        if (*current_label())
            return NULL;
        spw_context_stack_swap(a);
        if (!spw_context_detach(token))
            return NULL;
        spw_context_stack_swap(NULL);
        spw_context_stack_destroy(a);
        spw_context_stack_destroy(b);
    }
    return arg;
}

static void threads_make_and_destroy_stacks_at_once(void **state)
{
    (void)state;
    pthread_t threads[CHURN_THREADS];
    for (int i = 0; i < CHURN_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, threads), 0);
    for (int i = 0; i < CHURN_THREADS; i++) {
        void *fine;
        pthread_join(threads[i], &fine);
        assert_non_null(fine);
    }
}

/* ---- two fibers that two threads take turns at ---- */

#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define NO_FIBERS 1
#endif

#ifndef NO_FIBERS
enum { TURNS = 6, STACK = 256 * 1024 };

struct fiber {
    ucontext_t machine, scheduler;
    spw_context_stack *contexts;
    void *memory;
    char name[16];
    bool finished;
};

static struct fiber fibers[2];

/* Back to whatever thread runs the fiber. Not inlined: thread-local addresses are not to be kept over it. */
static __attribute__((noinline)) void pause_fiber(struct fiber *self)
{
    swapcontext(&self->machine, &self->scheduler);
}

static void run_turns(struct fiber *self)
{
    SPW_SPAN(request, self->name);
    for (int turn = 0; turn < TURNS; turn++) {
        SPW_SPAN(step, "step");
        spw_set_string(step, "fiber", self->name);
        pause_fiber(self);
        SPW_SPAN(inner, "inner");
        spw_set_string(inner, "fiber", self->name);
    }
}

static void fiber_main(int index)
{
    run_turns(&fibers[index]);
    fibers[index].finished = true;
    pause_fiber(&fibers[index]);
}

static void resume(struct fiber *fiber)
{
    spw_context_stack *before = spw_context_stack_swap(fiber->contexts);
    swapcontext(&fiber->scheduler, &fiber->machine);
    spw_context_stack_swap(before);
}

static void *one_turn_each(void *arg)
{
    (void)arg;
    SPW_SPAN(scheduler, "scheduler");
    for (int i = 0; i < 2; i++) {
        if (!fibers[i].finished)
            resume(&fibers[i]);
    }
    return NULL;
}

static void make_fiber(int index)
{
    struct fiber *fiber = &fibers[index];
    *fiber = (struct fiber){ .contexts = spw_context_stack_new(), .memory = malloc(STACK), .name = { 'f', (char)('0' + index) } };
    getcontext(&fiber->machine);
    fiber->machine.uc_stack.ss_sp = fiber->memory;
    fiber->machine.uc_stack.ss_size = STACK;
    makecontext(&fiber->machine, (void (*)(void))(uintptr_t)fiber_main, 1, index);
}

static const capture_span *by_id(capture *seen, ProtobufCBinaryData id)
{
    for (size_t i = 0; i < capture_count(seen); i++) {
        const capture_span *span = capture_at(seen, i);
        if (memcmp(span->span_id.data, id.data, 8) == 0)
            return span;
    }
    return NULL;
}

static void check_parents(capture *seen)
{
    size_t steps = 0, inners = 0;
    for (size_t i = 0; i < capture_count(seen); i++) {
        const capture_span *span = capture_at(seen, i);
        const char *fiber = capture_string(span, "fiber");
        if (!fiber) {
            assert_int_equal(span->parent_span_id.len, 0); /* the scheduler's and the fibers' own */
            continue;
        }
        const capture_span *parent = by_id(seen, span->parent_span_id);
        assert_non_null(parent);
        if (strcmp(span->name, "step") == 0) {
            assert_string_equal(parent->name, fiber);
            steps++;
        } else {
            assert_string_equal(parent->name, "step");
            assert_string_equal(capture_string(parent, "fiber"), fiber);
            inners++;
        }
    }
    assert_int_equal(steps, 2 * TURNS);
    assert_int_equal(inners, 2 * TURNS);
}
#endif

static void fibers_keep_their_parents_over_threads(void **state)
{
    (void)state;
#ifdef NO_FIBERS
    print_message("skip - the sanitizer does not follow swapcontext\n");
    skip();
#else
    uint64_t misuse = spw__detach_misuse();
    capture *seen = capture_new();
    capture_start(seen, NULL);
    make_fiber(0);
    make_fiber(1);
    while (!fibers[0].finished || !fibers[1].finished) {
        pthread_t thread;
        one_turn_each(NULL);
        assert_int_equal(pthread_create(&thread, NULL, one_turn_each, NULL), 0);
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 2; i++) {
        spw_context_stack_destroy(fibers[i].contexts);
        free(fibers[i].memory);
    }
    assert_int_equal(spw_flush(20000), SPW_OK);
    check_parents(seen);
    assert_int_equal(spw__detach_misuse(), misuse);
    capture_stop(seen);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_is_a_place_of_its_own),
        cmocka_unit_test(tokens_of_another_stack_are_harmless_and_counted),
        cmocka_unit_test(destroying_detaches_what_is_left_and_stacks_are_recycled_empty),
        cmocka_unit_test(a_stack_in_use_is_neither_taken_nor_destroyed),
        cmocka_unit_test(a_stack_goes_on_on_another_thread),
        cmocka_unit_test(threads_make_and_destroy_stacks_at_once),
        cmocka_unit_test(fibers_keep_their_parents_over_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
