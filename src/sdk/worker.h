/*
 * The worker: one thread that runs every pipeline and the loop their exporters wait on. It sleeps without a timer when nothing is recorded.
 */
#ifndef SPW_SDK_WORKER_H
#define SPW_SDK_WORKER_H

#include <pthread.h>

#include "sdk/extensions.h"
#include "sdk/loop.h"
#include "sdk/pipeline.h"

/* A flush somebody waits for. Both sides hold it under the worker's lock; who comes last frees it. */
struct spw__flush {
    struct spw__flush *next;
    uint64_t deadline_ms;
    bool stop;    /* then end the worker */
    uint64_t refused_ms; /* until then a receiver that is not there is tried again */
    bool begun;   /* the worker's */
    bool finished;
    bool abandoned; /* nobody waits any more */
    spw_result result;
    uint64_t losses[SPW__MAX_PIPELINES];
};

struct spw__worker {
    struct spw__engine *engine;
    spw_loop *loop;
    pthread_t thread;
    pthread_t self; /* the same, known to the thread itself from its first moment */
    struct spw__pipeline pipelines[SPW__MAX_PIPELINES];
    uint32_t pipeline_count;
    struct spw__recorder *active; /* recorders with something to drain */
    pthread_mutex_t lock;         /* the flush list */
    pthread_cond_t done;          /* monotonic clock */
    struct spw__flush *flushes;
    bool ended;   /* under lock: serves no flush any more */
    bool gone;    /* under lock: the thread touches nothing of ours any more */
    bool joined;  /* under the lifecycle's lock */
    bool quiet;   /* likewise: no thread was inside a recording call when the gate closed, so none can wake us any more */
    uint8_t *resource; /* encoded */
    size_t resource_size;
    struct spw__extensions extensions; /* not the worker's thread's: kept here because they live as long */
    unsigned concerns; /* of samplers, said in this session */
    struct spw__flush last; /* the shutdown's: it must not fail for want of memory */
    uint32_t reap_at; /* pages held at which it is worth looking for chunks nobody wants */
    spw_timer flush_deadline;
    spw_timer look_again;
    spw_timer trim;
};

spw_result spw__worker_start(struct spw__worker *worker, spw_error *error);

/* Blocks until the flush is finished, or its deadline (and a little) has passed. `stop` ends the worker. A receiver
 * that refuses the connection is given up after `refused_ms` then. */
spw_result spw__worker_flush(struct spw__worker *worker, uint32_t timeout_ms, bool stop, uint32_t refused_ms);

/* Joins the thread, waiting not much longer than given. False: it hangs in an exporter and is left behind. */
bool spw__worker_join(struct spw__worker *worker, uint32_t timeout_ms);

/* For exporters that answer from another thread, and for recording threads. Async-signal-safe. */
void spw__worker_wake(void *worker);

#endif
