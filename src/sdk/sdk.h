/* What start and shutdown share with the statistics. How it is changed: lifecycle.h. */
#ifndef SPW_SDK_SDK_H
#define SPW_SDK_SDK_H

#include "sdk/worker.h"

struct spw__sdk {
    pthread_mutex_t lifecycle;
    struct spw__worker *worker; /* NULL: not running; changed with both locks, so either is enough to read it */
    struct spw__worker *left;   /* at exit, or hanging: not freed, only known */
    pthread_mutex_t users_lock; /* of the next three; held for a moment, so that who must not wait may take it */
    uint32_t users;             /* threads inside a flush or a step */
    bool changing;              /* somebody has the lifecycle's lock */
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

#endif
