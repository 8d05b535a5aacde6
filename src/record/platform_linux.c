#include "platform.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t spw__mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t spw__real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

void *spw__reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* errno belongs to the host program: recording must leave it as it was. */
bool spw__commit(void *at, size_t size)
{
    int saved = errno;
    bool ok = mprotect(at, size, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    return ok;
}

void spw__release_pages(void *at, size_t size)
{
    int saved = errno;
    (void)madvise(at, size, MADV_DONTNEED);
    errno = saved;
}

void spw__unreserve(void *at, size_t size)
{
    (void)munmap(at, size);
}

void *spw__map(size_t size)
{
    int saved = errno;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    return at == MAP_FAILED ? NULL : at;
}

bool spw__wipe_on_fork(void *pages, size_t size)
{
#ifdef MADV_WIPEONFORK
    int saved = errno;
    bool ok = madvise(pages, size, MADV_WIPEONFORK) == 0;
    errno = saved;
    return ok;
#else
    (void)pages;
    (void)size;
    return false;
#endif
}

void spw__random(void *out, size_t size)
{
    int saved = errno;
    unsigned char *bytes = out;
    long got = syscall(SYS_getrandom, bytes, size, GRND_NONBLOCK); /* not getrandom(): a thread may be cancelled in that */
    if (got != (long)size) {
        uint64_t x = spw__real_ns() ^ (spw__mono_ns() << 20) ^ (uint64_t)(uintptr_t)out ^ ((uint64_t)getpid() << 40);
        for (size_t i = 0; i < size; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            bytes[i] = (unsigned char)(x >> 24);
        }
    }
    errno = saved;
}

bool spw__membarrier_register(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void spw__membarrier(void)
{
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}
