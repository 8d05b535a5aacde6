/*
 * Pump mode: a worker without a thread of its own. One thread at a time has it to itself (`driven`): spw_pump_step() for one step, a flush or
 * a shutdown until it is done, taking steps and sleeping in between as the program would. While it is driven so, the program's descriptor is
 * mute: another thread's loop would be called for what is being done already.
 */
#ifndef SPW_SDK_PUMP_H
#define SPW_SDK_PUMP_H

#include <time.h>

#include "sdk/worker.h"

/* Makes the program's descriptor and takes the first step. */
spw_result spw__pump_start(struct spw__worker *worker, spw_error *error);

/* From now on spw_pump_fd() and spw_pump_timeout_ms() speak of this worker; from close() on of none. Nothing for a worker with a thread. */
void spw__pump_open(struct spw__worker *worker);
void spw__pump_close(struct spw__worker *worker);

/* With the worker's lock, which is let go of meanwhile; nobody drives. Until the flush is finished: 0; or until then (CLOCK_MONOTONIC): ETIMEDOUT. */
int spw__pump_drive(struct spw__worker *worker, const struct spw__flush *flush, const struct timespec *until);

#endif
