/* Links to other spans. (Specification: Trace API, Link.) */
#ifndef SPW_RECORD_LINK_H
#define SPW_RECORD_LINK_H

#include "slot.h"

/* Adds a link to a live span. One that says nothing (no valid span, no trace state, no attributes) is none. */
void spw__frame_link(struct spw__engine *engine, uint64_t handle, const spw_link *link);

#endif
