/*
 * Coroutines and traces. Two requests are worked on by two coroutines that give way to each other in the middle of their spans. Each has a
 * stack of contexts of its own, swapped with it, so that a span begun after a pause still finds its parent.
 *
 *     fiber            two traces of one request and three steps each, begun and ended in turns on one thread
 */
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

enum { STEPS = 3, STACK_SIZE = 256 * 1024 };

typedef struct fiber {
    ucontext_t machine, scheduler;
    spw_context_stack *contexts;
    void *stack;
    const char *name;
    bool finished;
} fiber;

static fiber *running;

static void give_way(void)
{
    fiber *self = running;
    swapcontext(&self->machine, &self->scheduler);
}

static void resume(fiber *next)
{
    running = next;
    spw_context_stack *before = spw_context_stack_swap(next->contexts);
    swapcontext(&next->scheduler, &next->machine);
    spw_context_stack_swap(before);
}

static void handle_request(const char *name)
{
    SPW_SPAN(request, "handle request");
    spw_set(request, "request.name", name);
    for (int step = 1; step <= STEPS; step++) {
        SPW_SPAN(span, "step"); /* a child of this fiber's request, whatever ran in between */
        spw_set(span, "step.number", step);
        printf("%s: step %d\n", name, step);
        give_way();
    }
}

static void fiber_main(void)
{
    handle_request(running->name);
    running->finished = true;
    give_way();
}

static bool fiber_init(fiber *self, const char *name)
{
    *self = (fiber){ .contexts = spw_context_stack_new(), .stack = malloc(STACK_SIZE), .name = name };
    if (!self->contexts || !self->stack || getcontext(&self->machine) != 0)
        return false;
    self->machine.uc_stack.ss_sp = self->stack;
    self->machine.uc_stack.ss_size = STACK_SIZE;
    makecontext(&self->machine, fiber_main, 0);
    return true;
}

static void fiber_fini(fiber *self)
{
    spw_context_stack_destroy(self->contexts);
    free(self->stack);
}

int main(void)
{
    spw_start(NULL);
    fiber fibers[2];
    bool ready = fiber_init(&fibers[0], "first");
    ready &= fiber_init(&fibers[1], "second");
    while (ready && !(fibers[0].finished && fibers[1].finished)) {
        for (int i = 0; i < 2; i++) {
            if (!fibers[i].finished)
                resume(&fibers[i]);
        }
    }
    for (int i = 0; i < 2; i++)
        fiber_fini(&fibers[i]);
    spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    return ready ? 0 : 1;
}
