/*
 * The rows as one pipeline sees them: its cursors, and what goes into its next batch. Filter and redaction happen here, on the way into the
 * batch; records never change. Worker thread only.
 */
#ifndef SPW_SDK_GATHER_H
#define SPW_SDK_GATHER_H

#include "sdk/pipeline.h"

/* Fills p->batch from what waits and takes what it stepped over off p->quota; returns how many records the batch has. 0: nothing waits any more.
 * What can never be sent is dropped and counted on the way. */
size_t spw__gather(struct spw__pipeline *p);

/* The batch has an end: moves the cursors behind it, releasing what they pass. */
void spw__gather_pass(struct spw__pipeline *p);

/* Passes everything that waits, counting under the cause what is this pipeline's and its filter lets through. Needs no batch. */
void spw__gather_discard(struct spw__pipeline *p, spw_drop_cause cause);

/* Records not passed yet; exact enough to decide by, and never less than what is committed. */
int64_t spw__gather_waiting(const struct spw__pipeline *p);

#endif
