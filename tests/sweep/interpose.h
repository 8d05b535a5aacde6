/*
 * Allocations that fail on purpose, in the whole process: malloc, calloc and realloc of every library, and the mappings and threads that our own
 * code asks for. Whoever allocates, on whichever thread, is counted.
 */
#ifndef TESTS_SWEEP_INTERPOSE_H
#define TESTS_SWEEP_INTERPOSE_H

#include <stdbool.h>

/* From now on the nth allocation fails, 1 the next; with `for_good` all after it, too. 0: none, they are only counted. */
void interpose_begin(unsigned long nth, bool for_good);

/* No more failures; how many allocations there were since the beginning. */
unsigned long interpose_end(void);

/* How many of them failed. */
unsigned long interpose_failures(void);

#endif
