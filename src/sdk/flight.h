/*
 * One batch on its way through one exporter. A pipeline has as many flights as it may have exports at once, each with an exporter of its own:
 * none is ever called while it has a batch ("Export() should not be called concurrently with other Export calls for the same exporter instance").
 * Batches may have their ends in any order; records are passed in the order they were gathered in. Worker thread only, but for the answer.
 */
#ifndef SPW_SDK_FLIGHT_H
#define SPW_SDK_FLIGHT_H

#include "record/engine.h"
#include "sdk/batch.h"

/* Where a batch ends in one recorder's rows. */
struct spw__range {
    struct spw__recorder *recorder;
    struct spw__cursor end;
    uint32_t records; /* passed, this pipeline's or not */
    uint32_t taken;
};

enum spw__flight_state {
    SPW__FLIGHT_FREE,
    SPW__FLIGHT_EXPORTING, /* the exporter has the batch */
    SPW__FLIGHT_WAITING,   /* to be tried again */
    SPW__FLIGHT_LANDED,    /* the batch has its end, but an older one has not */
};

struct spw__pipeline;

struct spw__flight {
    struct spw__pipeline *pipeline;
    struct spw__flight *next; /* of those that are not free, the next younger */
    spw_exporter *exporter;   /* owned */
    enum spw__flight_state state;
    struct spw_batch *batch;
    struct spw_batch *lent;    /* given up on, but the exporter cannot be cancelled: the batch is lent until it answers, and `batch` NULL */
    struct spw__range *ranges; /* config.max_export_batch_size */
    size_t range_count;
    uint64_t first_try_ms;
    uint32_t attempts;
    bool pressed;     /* the exporter knows that a flush waits for what is out */
    spw_timer expiry; /* of one export */
    /* the answer, from whichever thread gives it */
    uint32_t answered; /* atomic */
    spw_export_result answer;
};

/* The exporter comes later. */
spw_result spw__flight_init(struct spw__flight *flight, struct spw__pipeline *pipeline, spw_view resource);
void spw__flight_fini(struct spw__flight *flight);

/* Hands the batch, gathered or waiting, to the exporter. */
void spw__flight_submit(struct spw__flight *flight);

/* Tells the exporter, once for each submit, that a flush waits for its answer. */
void spw__flight_press(struct spw__flight *flight);

/* Whether an answer has come that was not taken. */
bool spw__flight_answered(const struct spw__flight *flight);

/* Takes the answer over into flight->answer; from now on the batch waits, until it is landed or submitted again. */
void spw__flight_take_answer(struct spw__flight *flight);

/* The batch has its end, whatever became of it: its records are in no queue any more, and passed as soon as all older ones are. */
void spw__flight_land(struct spw__flight *flight);

/* Ends a running export without its answer, if that can be done; an answer that came meanwhile stays. True: the exporter keeps the batch. */
bool spw__flight_cancel(struct spw__flight *flight);

/* Whether the exporter has a batch it was given up on: then nothing may be freed. */
bool spw__flight_lends(const struct spw__flight *flight);

#endif
