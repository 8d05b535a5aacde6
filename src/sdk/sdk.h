/* What start and shutdown share with the statistics. */
#ifndef SPW_SDK_SDK_H
#define SPW_SDK_SDK_H

#include "sdk/worker.h"

struct spw__sdk {
    pthread_mutex_t lifecycle;
    struct spw__worker *worker; /* NULL: not running; under lifecycle */
    uint32_t flushing;          /* threads inside a flush of it; under lifecycle */
    pthread_cond_t flushed;     /* flushing has become 0; monotonic clock */
    uint32_t starts;            /* that succeeded; under lifecycle */
    struct spw__worker *left;   /* at exit, or hanging: not freed, only known */
    struct spw__engine *engine; /* of the last start; atomic */
    bool disabled;              /* started, to record nothing; atomic */
    uint32_t exit_timeout_ms;
    uint32_t pipeline_count; /* of the last start; atomic */
    struct spw__account accounts[SPW__MAX_PIPELINES];
};
extern struct spw__sdk spw__sdk;

#endif
