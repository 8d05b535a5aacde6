/* Clocks, medians and the compiler's eyes. */
#ifndef SPW_BENCH_MEASURE_H
#define SPW_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t bench_clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The value counts as used, and as changed by somebody unknown: what made it cannot be left out, nor done once for all. */
#define BENCH_OPAQUE(value) __asm__ volatile("" : "+r"(value) : : "memory")

void bench_sleep_us(unsigned us);

/* Sorts `values`. */
double bench_median(double *values, size_t count);

#endif
