/* The one door to the operating system for libspanwire. Everything here may be called from any thread; none of it takes a lock. */
#ifndef SPW_RECORD_PLATFORM_H
#define SPW_RECORD_PLATFORM_H

#include <spanwire/common.h>

/* Nanoseconds of CLOCK_MONOTONIC and CLOCK_REALTIME. Async-signal-safe. */
SPW_API uint64_t spw__mono_ns(void);
uint64_t spw__real_ns(void);

/* Reserves address space without memory; NULL when refused. spw__commit() makes a page-aligned part usable (zeroed). */
void *spw__reserve(size_t size);
bool spw__commit(void *at, size_t size);
void spw__release_pages(void *at, size_t size); /* gives memory back; reads as zero afterwards */
void spw__unreserve(void *at, size_t size);

/* Zeroed memory for good, straight from the system, so that recording never enters malloc. NULL when refused. */
void *spw__map(size_t size);

/* Makes pages read as zero in forked children. False where the kernel cannot. */
bool spw__wipe_on_fork(void *pages, size_t size);

/* Unpredictable bytes; falls back to clocks and addresses when the system has none. */
SPW_API void spw__random(void *out, size_t size);

/* A process-wide barrier, so that the frequent side of a handshake needs none. False: not to be had, both sides must fence. */
bool spw__membarrier_register(void);
void spw__membarrier(void);

/* A full barrier in one instruction, for where there is no membarrier. */
static inline void spw__full_fence(void)
{
#if defined(__x86_64__)
    __asm__ volatile("lock; orl $0, (%%rsp)" ::: "memory", "cc");
#elif defined(__aarch64__)
    __asm__ volatile("dmb ish" ::: "memory");
#else
    __sync_synchronize();
#endif
}

#endif
