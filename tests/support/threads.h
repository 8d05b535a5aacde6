/* The threads of this process and how often they went to sleep, from the kernel's books. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include <stdint.h>

/* How many there are; with a name: of that name, as `spanwire`, the SDK's worker. */
unsigned threads_count(const char *name);

/* Voluntary context switches of those of that name; NULL: of all but the calling one. */
uint64_t threads_switches(const char *name);

#endif
