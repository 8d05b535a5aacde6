/*
 * The lock under which the SDK starts and stops, threads that use the worker meanwhile, and time limits for both. A forked child begins anew.
 */
#ifndef SPW_SDK_LIFECYCLE_H
#define SPW_SDK_LIFECYCLE_H

#include "sdk/diag.h"
#include "sdk/worker.h"

#define SPW__GRACE_MS 50u /* past a deadline: for a worker that has not answered, for exporters to come to an end, for the lock */

/* A time limit, and what is left of it. */
struct spw__countdown {
    uint64_t begun_ns;
    uint32_t timeout_ms;
};

struct spw__countdown spw__countdown_from(uint32_t timeout_ms);
uint32_t spw__countdown_left_ms(const struct spw__countdown *time);

/* ---- the lock. The program's log function hears what is said under it afterwards: it may wait for a lock of the program's, whose holder
 * waits for this one ---- */

/* Whether this thread has it: in a factory, a destructor or a processor that we call under it. To ask for it would be to wait for itself. */
bool spw__lifecycle_held(void);

/* For a start: blocks as long as another start or a shutdown takes. */
void spw__lifecycle_lock(struct spw__diag_kept *said);

/* False: not within that time; tries once in any case. Looks again every millisecond. */
bool spw__lifecycle_lock_within(struct spw__diag_kept *said, const struct spw__countdown *time);

void spw__lifecycle_unlock(struct spw__diag_kept *said);

/* With the lock: from now on that worker runs, or none. */
void spw__sdk_set_worker(struct spw__worker *worker);

/* ---- threads that use the worker: inside a flush or a step ---- */

/* The worker that runs, or NULL; it is not freed before spw__sdk_leave(). Does not wait for the lock. */
struct spw__worker *spw__sdk_enter(void);

/* Likewise; false: somebody starts or stops it just now. */
bool spw__sdk_try_enter(struct spw__worker **worker);
void spw__sdk_leave(void);

/* Those of a worker that has stopped have their answer, and only have to take it. False: some are still inside. */
bool spw__sdk_await_users(uint32_t timeout_ms);

/* ---- forks ---- */

/* After a raw clone no atfork handler has run. Asked by whoever starts. */
void spw__sdk_forget_parent_of_clone(void);

#endif
