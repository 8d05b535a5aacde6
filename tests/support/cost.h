/* What something cost, on a machine that others use too: the thread's own processor time, and more of it under a sanitizer. */
#ifndef TESTS_COST_H
#define TESTS_COST_H

#include <stdint.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COST_SANITIZED 1
#endif
#endif
#ifndef COST_SANITIZED
#define COST_SANITIZED 0
#endif

/* How often the cost that a plain build may have is allowed. */
#define COST_FACTOR (COST_SANITIZED ? 30u : 3u)

static inline uint64_t cost_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
