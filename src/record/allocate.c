/* The one place that knows malloc. (allocator.h) */
#include <spanwire/allocator.h>
#include <stdlib.h>
#include <string.h>

static void *libc_allocate(void *arg, size_t size)
{
    (void)arg;
    return malloc(size);
}

static void *libc_reallocate(void *arg, void *memory, size_t size)
{
    (void)arg;
    return realloc(memory, size);
}

static void libc_release(void *arg, void *memory)
{
    (void)arg;
    free(memory);
}

static spw_allocator chosen = { sizeof chosen, libc_allocate, libc_reallocate, libc_release, NULL };

/* Once somebody has allocated, or chosen, it is too late to choose: what came from one place would go back to another. */
static uint32_t settled; /* atomic */

static const spw_allocator *allocator(void)
{
    if (__builtin_expect(!__atomic_load_n(&settled, __ATOMIC_ACQUIRE), 0))
        __atomic_store_n(&settled, 1, __ATOMIC_RELEASE);
    return &chosen;
}

spw_result spw_allocator_set(const spw_allocator *given)
{
    if (!given || given->struct_size < sizeof *given || !given->allocate || !given->reallocate || !given->release)
        return SPW_ERR_INVALID;
    uint32_t open = 0;
    if (!__atomic_compare_exchange_n(&settled, &open, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return SPW_ERR_ALREADY_STARTED;
    chosen = *given; /* no other thread uses the library yet */
    return SPW_OK;
}

void *spw_allocate(size_t size)
{
    const spw_allocator *a = allocator();
    return a->allocate(a->arg, size ? size : 1);
}

void *spw_allocate_zeroed(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *memory = spw_allocate(bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

void *spw_reallocate(void *memory, size_t size)
{
    const spw_allocator *a = allocator();
    size = size ? size : 1;
    return memory ? a->reallocate(a->arg, memory, size) : a->allocate(a->arg, size);
}

char *spw_strdup(const char *text)
{
    return text ? spw_strndup(text, strlen(text)) : NULL;
}

char *spw_strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = spw_allocate(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void spw_free(void *memory)
{
    const spw_allocator *a = allocator();
    if (memory)
        a->release(a->arg, memory);
}
