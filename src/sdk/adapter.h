/*
 * Gives an exporter that blocks a thread of its own: outside it looks like any other exporter. A batch handed over is a copy, so that an
 * exporter that never comes back holds nothing of ours; it then keeps its thread and its own memory, and is left behind at shutdown.
 */
#ifndef SPW_SDK_ADAPTER_H
#define SPW_SDK_ADAPTER_H

#include <spanwire/exporter.h>

/* Takes `inner` over, also when it fails. NULL: out of memory or threads, *error says which. */
spw_exporter *spw__adapter_new(spw_exporter *inner, spw_error *error);

#endif
