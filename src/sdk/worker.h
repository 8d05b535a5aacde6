/*
 * The worker runs every pipeline and the loop their exporters wait on, a step at a time (worker.c). Who takes the steps is another matter
 * (drive.c): a thread of its own, or in pump mode threads of the program, one at a time (pump.c). It sleeps without a timer when nothing is
 * recorded.
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
    bool pumped;      /* has no thread */
    pthread_t thread;
    struct spw__pipeline pipelines[SPW__MAX_PIPELINES];
    uint32_t pipeline_count;
    struct spw__recorder *active; /* recorders with something to drain */
    pthread_mutex_t lock;         /* the flush list */
    pthread_cond_t done;          /* monotonic clock */
    struct spw__flush *flushes;
    const struct spw__flush *serving; /* under lock: the one that the worker looks at; only the worker frees it */
    bool ended;   /* under lock: serves no flush any more */
    bool gone;    /* under lock: has taken its last step */
    bool driven;  /* under lock: in pump mode, some thread has it to itself */
    bool muted;   /* under lock: the program is not called any more */
    bool begun;   /* the first step has been taken */
    bool rested;  /* the last step left nothing to do before a timer, an answer or a wake-up */
    uint32_t answering; /* threads inside an exporter's `done`; atomic */
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

/*
 * Waits at most `max_wait_ms` (-1: no bound) for something to do, unless the last step left something, and does what can be done. False: that
 * was the last step. One thread at a time.
 */
bool spw__worker_step(struct spw__worker *worker, int max_wait_ms);

/* The worker that this thread is inside a step of, NULL: none. For an exporter that answers, or a callback that calls us. */
const struct spw__worker *spw__worker_current(void);

/* In a forked child: the step that the fork was called from is none of ours. */
void spw__worker_forget(void);

/* When to take the next step, by spw_loop_now_ms(): 0 at once, UINT64_MAX when the loop's descriptor says so. For who may step. */
uint64_t spw__worker_due_ms(const struct spw__worker *worker);

/* Before the first step: makes the lock, and the thread if it is to have one. */
spw_result spw__worker_start(struct spw__worker *worker, spw_error *error);

/* Of one that nobody knows any more. */
void spw__worker_free_flush(const struct spw__worker *worker, struct spw__flush *flush);

/* Blocks until the flush is finished, or its deadline (and a little) has passed. `stop` ends the worker. A receiver
 * that refuses the connection is given up after `refused_ms` then. */
spw_result spw__worker_flush(struct spw__worker *worker, uint32_t timeout_ms, bool stop, uint32_t refused_ms);

/*
 * Whether it has taken its last step, waiting not much longer than given, but up to a second for one that has served its last flush; joins the
 * thread. False: it hangs in an exporter and is left behind.
 */
bool spw__worker_join(struct spw__worker *worker, uint32_t timeout_ms);

/* Of one that has gone: waits for threads that have answered, and only have to return from it. False: one is still inside after a second. */
bool spw__worker_await_answers(const struct spw__worker *worker);

/* For exporters that answer from another thread, and for recording threads. Async-signal-safe. */
void spw__worker_wake(void *worker);

#endif
