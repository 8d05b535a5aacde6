/*
 * A pipeline that hangs keeps the chunks its waiting records lie in, but must not keep those behind them that hold nothing of its own: at its
 * limit new records leave it out, so there may be any number. This takes them out of the chain when memory runs short. Worker thread only.
 */
#ifndef SPW_SDK_REAP_H
#define SPW_SDK_REAP_H

#include "sdk/worker.h"

/* Cheap while little memory is held, or with one pipeline. */
void spw__reap(struct spw__worker *worker);

#endif
