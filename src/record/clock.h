/*
 * Wall time from monotonic time. A span reads one clock at its start and one at its end; the wall clock is the monotonic one plus an offset
 * that recording threads refresh when it is older than a second, so no thread has to wake up for it. A local child starts at its parent's
 * start plus the monotonic time since, so that children stay inside their parents when the wall clock steps. While a machine is suspended the
 * monotonic clock stands still: a span's length is the time that the machine ran, and so are the waits of the worker; new traces have the right
 * time again after a second at most.
 */
#ifndef SPW_RECORD_CLOCK_H
#define SPW_RECORD_CLOCK_H

#include <stdint.h>

#include "platform.h"

struct spw_clock;

struct spw__clock {
    int64_t offset;   /* unix - mono; atomic */
    uint64_t expires; /* mono; atomic. 0: never read */
    const struct spw_clock *custom; /* a test's, or NULL: the system's; atomic, because setters look whether the engine runs or not */
};

uint64_t spw__clock_custom_mono(const struct spw_clock *custom);

/* The clock that spans take their times from. */
static inline uint64_t spw__clock_mono(const struct spw__clock *clock)
{
    const struct spw_clock *custom = __atomic_load_n(&clock->custom, __ATOMIC_ACQUIRE);
    return __builtin_expect(custom != NULL, 0) ? spw__clock_custom_mono(custom) : spw__mono_ns();
}

void spw__clock_refresh(struct spw__clock *clock, uint64_t mono);

static inline uint64_t spw__clock_unix(struct spw__clock *clock, uint64_t mono)
{
    if (__builtin_expect(mono >= __atomic_load_n(&clock->expires, __ATOMIC_ACQUIRE), 0))
        spw__clock_refresh(clock, mono);
    return mono + (uint64_t)__atomic_load_n(&clock->offset, __ATOMIC_RELAXED);
}

#endif
