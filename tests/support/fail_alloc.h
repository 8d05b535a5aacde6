/*
 * Lets an allocation of the code under test fail. A test that uses it is linked with tests/support/fail_alloc.c and
 * `-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc`; the test's own calls go the same way, so fail only around the call under test.
 */
#ifndef TESTS_FAIL_ALLOC_H
#define TESTS_FAIL_ALLOC_H

#include <stdbool.h>

/* The nth allocation from now on, 1 the next, fails; 0: none. Any thread's. */
void fail_alloc_at(unsigned nth);

/* Every allocation from now on of at least `size` bytes fails. */
void fail_alloc_from(unsigned long size);

/* No more failures; whether there was one. */
bool fail_alloc_stop(void);

#endif
