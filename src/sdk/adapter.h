/*
 * Gives an exporter that blocks a thread of its own: outside it looks like any other exporter. A batch handed over is a copy, so that an
 * exporter that never comes back holds nothing of ours; it then keeps its thread and its own memory, and is left behind at shutdown, which
 * is said. The exporter is started, used and destroyed on its thread; only its cancel is called on the worker's.
 */
#ifndef SPW_SDK_ADAPTER_H
#define SPW_SDK_ADAPTER_H

#include <spanwire/exporter.h>

/* Takes `inner` over, also when it fails. NULL: out of memory or threads, *error says which. */
spw_exporter *spw__adapter_new(spw_exporter *inner, spw_error *error);

/* The exporter that was taken over; of another kind: itself. */
const spw_exporter *spw__adapter_inner(const spw_exporter *exporter);

/*
 * Tells the thread of such an exporter to go; destroy() then waits for it until that time (CLOCK_MONOTONIC). For several, all are told before
 * one is waited for. Nothing for an exporter of another kind, or NULL.
 */
void spw__adapter_dismiss(spw_exporter *exporter, uint64_t until_mono_ns);

#endif
