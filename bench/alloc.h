/*
 * Counts what the calling thread asks memory of: malloc and its relatives, and mmap. The program's own definitions stand before libc's, so
 * the shared libraries call them too.
 */
#ifndef SPW_BENCH_ALLOC_H
#define SPW_BENCH_ALLOC_H

#include <stdint.h>

/* Calls by this thread so far; always 0 where they cannot be counted. */
uint64_t bench_allocations(void);

/* Whether they are counted in this program: proved by making one. */
int bench_counts_allocations(void);

#endif
