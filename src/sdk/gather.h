/*
 * The rows as one pipeline sees them: its cursors, and what goes into its next batch. Filter and redaction happen here, on the way into the
 * batch; records never change. Worker thread only.
 */
#ifndef SPW_SDK_GATHER_H
#define SPW_SDK_GATHER_H

#include "sdk/pipeline.h"

/* Fills the batch of a free flight from what waits and takes what it stepped over off p->quota; returns how many records the batch has. 0: nothing
 * waits any more; it may have ranges all the same, which are to be passed in their turn. What can never be sent is dropped and counted on the way. */
size_t spw__gather(struct spw__pipeline *p, struct spw__flight *flight);

/* The batch has an end, and all older ones have: moves the cursors behind it, releasing what they pass. */
void spw__gather_pass(struct spw__pipeline *p, struct spw__flight *flight);

/* Passes everything that waits, counting under the cause what is this pipeline's and its filter lets through. Needs no batch. */
void spw__gather_discard(struct spw__pipeline *p, spw_drop_cause cause);

/* Records not gathered yet; exact enough to decide by, and never less than what is committed. */
int64_t spw__gather_waiting(const struct spw__pipeline *p);

#endif
