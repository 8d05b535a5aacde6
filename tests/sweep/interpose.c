/* Allocations that fail on purpose: interpose.h. */
#include "sweep/interpose.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "support/sanitizer.h"

/* What stands behind malloc: the C library's own, or the sanitizer's, so that it still sees what leaks. */
#if UNDER_ADDRESS_SANITIZER
#define REAL(function) __interceptor_##function
#else
#define REAL(function) __libc_##function
#endif
extern void *REAL(malloc)(size_t size);
extern void *REAL(calloc)(size_t count, size_t size);
extern void *REAL(realloc)(void *memory, size_t size);

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_mprotect(void *at, size_t size, int protection);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_mprotect(void *at, size_t size, int protection);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg);

#define EXPORTED __attribute__((visibility("default"))) /* to the libraries, in place of the C library's */

static unsigned long asked, failures, first; /* atomic */
static bool counting, all_after;             /* atomic */

/* Set on this thread when it has begun. A sanitizer allocates before that, and does not survive a failure. */
static __thread bool begun;

static bool fails(void)
{
    if (!__atomic_load_n(&counting, __ATOMIC_ACQUIRE) || (UNDER_ADDRESS_SANITIZER && !begun))
        return false;
    unsigned long nth = __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED), from = __atomic_load_n(&first, __ATOMIC_RELAXED);
    bool now = from && (nth == from || (nth > from && __atomic_load_n(&all_after, __ATOMIC_RELAXED)));
    if (now)
        __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
    return now;
}

static bool is_out(void)
{
    bool out = fails();
    if (out)
        errno = ENOMEM;
    return out;
}

EXPORTED void *malloc(size_t size)
{
    return is_out() ? NULL : REAL(malloc)(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return is_out() ? NULL : REAL(calloc)(count, size);
}

EXPORTED void *realloc(void *memory, size_t size)
{
    return is_out() ? NULL : REAL(realloc)(memory, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return is_out() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

/* It commits memory where it makes it writable. */
int __wrap_mprotect(void *at, size_t size, int protection)
{
    return is_out() ? -1 : __real_mprotect(at, size, protection);
}

struct beginning {
    void *(*body)(void *);
    void *arg;
};

static void *begin_thread(void *arg)
{
    struct beginning b = *(struct beginning *)arg;
    free(arg);
    begun = true;
    return b.body(b.arg);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
    struct beginning *b = fails() ? NULL : REAL(malloc)(sizeof *b);
    if (!b)
        return EAGAIN;
    *b = (struct beginning){ body, arg };
    bool before = begun;
    begun = !UNDER_ADDRESS_SANITIZER && before; /* nor while it makes one */
    int rc = __real_pthread_create(thread, attr, begin_thread, b);
    begun = before;
    if (rc)
        free(b);
    return rc;
}

void interpose_begin(unsigned long nth, bool for_good)
{
    __atomic_store_n(&asked, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&failures, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&first, nth, __ATOMIC_RELAXED);
    __atomic_store_n(&all_after, for_good, __ATOMIC_RELAXED);
    begun = true;
    __atomic_store_n(&counting, true, __ATOMIC_RELEASE);
}

unsigned long interpose_end(void)
{
    __atomic_store_n(&counting, false, __ATOMIC_RELEASE);
    return __atomic_load_n(&asked, __ATOMIC_RELAXED);
}

unsigned long interpose_failures(void)
{
    return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

#if UNDER_ADDRESS_SANITIZER
/* What libcrypto leaks when its own start finds no memory is not ours. */
EXPORTED const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}
#endif
