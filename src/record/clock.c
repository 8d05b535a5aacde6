#include "clock.h"

#include "platform.h"

void spw__clock_refresh(struct spw__clock *clock, uint64_t mono)
{
    /* Two threads may do this at once; both offsets are right. */
    int64_t offset = (int64_t)(spw__real_ns() - spw__mono_ns());
    __atomic_store_n(&clock->offset, offset, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->expires, mono + 1000000000u, __ATOMIC_RELEASE);
}
