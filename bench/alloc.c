#include "alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread uint64_t calls __attribute__((tls_model("initial-exec")));

uint64_t bench_allocations(void)
{
    return calls;
}

int bench_counts_allocations(void)
{
    uint64_t before = calls;
    void *volatile p = malloc(1);
    free(p);
    return calls > before;
}

#ifdef __GLIBC__
#define SEEN __attribute__((visibility("default")))

/* glibc's own allocator under its other names, so that free() needs no counterpart here. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

SEEN void *malloc(size_t size)
{
    calls++;
    return __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
    calls++;
    return __libc_calloc(count, size);
}

SEEN void *realloc(void *p, size_t size)
{
    calls++;
    return __libc_realloc(p, size);
}

SEEN void *aligned_alloc(size_t alignment, size_t size)
{
    calls++;
    return __libc_memalign(alignment, size);
}

SEEN int posix_memalign(void **out, size_t alignment, size_t size)
{
    calls++;
    void *p = __libc_memalign(alignment, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

#ifdef SYS_mmap
SEEN void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    calls++;
    long p = syscall(SYS_mmap, at, size, protection, flags, fd, offset);
    return (void *)p; /* MAP_FAILED is -1, as syscall()'s failure is */
}
#endif
#endif
