/* Stacks of contexts that a fiber scheduler swaps. They are made once and recycled: a stale pointer or token never reads freed memory. */
#include "platform.h"
#include "thread.h"

#define STACK_BYTES 4096u

enum { IDLE, CURRENT, DESTROYED };

struct spw_context_stack {
    struct spw__cell cell;
    uint32_t state; /* atomic */
    struct spw_context_stack *next;
};

#define INLINE_CONTEXTS ((STACK_BYTES - sizeof(struct spw_context_stack)) / sizeof(struct spw__attached))

static struct spw_context_stack *destroyed; /* atomic */
static uint32_t taking;                     /* atomic */

/* One taker at a time, so that the head it looks at cannot leave and come back. Who finds another at it, or a fork has left it, makes a new one. */
static struct spw_context_stack *take_destroyed(void)
{
    if (__atomic_exchange_n(&taking, 1, __ATOMIC_ACQUIRE))
        return NULL;
    struct spw_context_stack *stack = __atomic_load_n(&destroyed, __ATOMIC_ACQUIRE);
    while (stack && !__atomic_compare_exchange_n(&destroyed, &stack, stack->next, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
        ;
    __atomic_store_n(&taking, 0, __ATOMIC_RELEASE);
    return stack;
}

spw_context_stack *spw_context_stack_new(void)
{
    struct spw_context_stack *stack = take_destroyed();
    if (!stack) {
        stack = spw__map(STACK_BYTES);
        if (!stack)
            return NULL;
        stack->cell.entries = (struct spw__attached *)(void *)(stack + 1);
        stack->cell.capacity = (uint32_t)INLINE_CONTEXTS;
    }
    spw__cell_name(&stack->cell);
    __atomic_store_n(&stack->state, IDLE, __ATOMIC_RELEASE);
    return stack;
}

static bool change(struct spw_context_stack *stack, uint32_t from, uint32_t to)
{
    bool changed = __atomic_compare_exchange_n(&stack->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    if (!changed)
        spw__count_misuse();
    return changed;
}

void spw_context_stack_destroy(spw_context_stack *stack)
{
    if (!stack || !change(stack, IDLE, DESTROYED))
        return;
    spw__cell_empty(&stack->cell);
    struct spw_context_stack *head = __atomic_load_n(&destroyed, __ATOMIC_RELAXED);
    do
        stack->next = head;
    while (!__atomic_compare_exchange_n(&destroyed, &head, stack, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static void put_on(struct spw__thread *thread, struct spw_context_stack *stack)
{
    struct spw_context_stack *before = thread->stack;
    __atomic_store_n(&thread->cell, stack ? &stack->cell : &thread->own_cell, __ATOMIC_RELAXED);
    thread->stack = stack;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (before)
        __atomic_store_n(&before->state, IDLE, __ATOMIC_RELEASE); /* whoever takes it next sees all that was attached */
}

spw_context_stack *spw_context_stack_swap(spw_context_stack *stack)
{
    struct spw__thread *thread = spw__thread_get();
    if (!thread) {
        spw__count_misuse();
        return NULL;
    }
    struct spw_context_stack *before = thread->stack;
    if (stack != before && (!stack || change(stack, IDLE, CURRENT)))
        put_on(thread, stack);
    return before;
}

void spw__stack_leave(struct spw__thread *thread)
{
    put_on(thread, NULL);
}
