/* Allocations that fail on purpose: fail_alloc.h. */
#include "fail_alloc.h"

#include <stddef.h>

static unsigned long countdown; /* atomic; 0: off */
static size_t smallest;         /* atomic; 0: off */
static unsigned long failures;  /* atomic */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool fails(size_t size)
{
    size_t least = __atomic_load_n(&smallest, __ATOMIC_SEQ_CST);
    bool now = least && size >= least;
    unsigned long left = __atomic_load_n(&countdown, __ATOMIC_SEQ_CST);
    if (left)
        now |= __atomic_sub_fetch(&countdown, 1, __ATOMIC_SEQ_CST) == 0;
    if (now)
        __atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);
    return now;
}

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails(size) ? NULL : __real_realloc(memory, size);
}

void fail_alloc_at(unsigned nth)
{
    __atomic_store_n(&failures, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&countdown, nth, __ATOMIC_SEQ_CST);
}

void fail_alloc_from(unsigned long size)
{
    __atomic_store_n(&failures, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&smallest, size, __ATOMIC_SEQ_CST);
}

bool fail_alloc_stop(void)
{
    __atomic_store_n(&countdown, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&smallest, 0, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&failures, __ATOMIC_SEQ_CST) != 0;
}
