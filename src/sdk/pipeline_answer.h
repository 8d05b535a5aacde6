/* Private to the pipeline. What becomes of a batch by its exporter's answer: counted, dropped, or tried again after a pause. Worker thread only. */
#ifndef SPW_SDK_PIPELINE_ANSWER_H
#define SPW_SDK_PIPELINE_ANSWER_H

#include "sdk/pipeline.h"

/* There must be one. */
void spw__pipeline_take_answer(struct spw__pipeline *p, struct spw__flight *flight);

/* Whether a batch waits to be tried again: until one has come through, none is begun. */
bool spw__pipeline_troubled(const struct spw__pipeline *p);

/* Ends a pause, if there is one, and sends what waits: all of it, or only the oldest, to see whether the receiver is well. */
void spw__pipeline_resume(struct spw__pipeline *p, bool all);

#endif
