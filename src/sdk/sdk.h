/* What start and shutdown share with the statistics. */
#ifndef SPW_SDK_SDK_H
#define SPW_SDK_SDK_H

#include "sdk/worker.h"

struct spw__sdk {
    pthread_mutex_t lifecycle;
    struct spw__worker *worker; /* NULL: not running; under lifecycle */
    struct spw__worker *left;   /* at exit, or hanging: not freed, only known */
    pthread_mutex_t users_lock; /* of the next two; held for a moment, so that who must not wait may take it */
    uint32_t users;             /* threads inside a flush or a step */
    pthread_cond_t unused;      /* users has become 0; monotonic clock */
    struct spw__engine *engine; /* of the last start; atomic */
    bool disabled;              /* started, to record nothing; atomic */
    uint32_t exit_timeout_ms;
    int pump_fd;          /* -1: none; atomic */
    uint64_t pump_due_ms; /* when to step next, with pump_fd; atomic */
    uint32_t pipeline_count; /* of the last start; atomic */
    struct spw__account accounts[SPW__MAX_PIPELINES];
};
extern struct spw__sdk spw__sdk;

/* False: a start or a shutdown has the lock just now. Else *worker is the one that runs, or NULL; it is not freed before spw__sdk_leave(). */
bool spw__sdk_try_enter(struct spw__worker **worker);
void spw__sdk_leave(void);

#endif
