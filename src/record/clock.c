#include "clock.h"

#include <spanwire/processor.h>

uint64_t spw__clock_custom_mono(const spw_clock *custom)
{
    return custom->mono_ns(custom);
}

void spw__clock_refresh(struct spw__clock *clock, uint64_t mono)
{
    /* Two threads may do this at once; both offsets are right. */
    const spw_clock *custom = __atomic_load_n(&clock->custom, __ATOMIC_ACQUIRE);
    uint64_t unix_ns = custom ? custom->unix_ns(custom) : spw__real_ns();
    int64_t offset = (int64_t)(unix_ns - spw__clock_mono(clock));
    __atomic_store_n(&clock->offset, offset, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->expires, mono + 1000000000u, __ATOMIC_RELEASE);
}
