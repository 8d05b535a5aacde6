/*
 * The wall clock of this process, set forward and back: clock_gettime(CLOCK_REALTIME), time() and gettimeofday() are this file's, for libraries,
 * too. The monotonic clock goes on, as the kernel's does. (A machine that was suspended looks the same from inside: its monotonic clock stood
 * still meanwhile, and its wall clock has jumped.)
 */
#ifndef TESTS_CLOCK_STEPS_H
#define TESTS_CLOCK_STEPS_H

#include <stdint.h>

/* From now on the wall clock is that far off. */
void clock_step_to(int64_t seconds);

/* As it reads now. */
uint64_t clock_wall_ns(void);

#endif
