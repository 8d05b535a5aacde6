/*
 * A pipeline: batch processor and exporter. It has a cursor over every recorder's rows, gathers batches, lends each to an exporter (flight.h), and
 * by the answers moves its cursors on, backs off, or drops and counts. Worker thread only, but for the account, which anybody may read.
 * (Specification: Trace SDK, Batching processor.)
 */
#ifndef SPW_SDK_PIPELINE_H
#define SPW_SDK_PIPELINE_H

#include "sdk/config.h"
#include "sdk/flight.h"
#include "sdk/overload.h"
#include "sdk/redact.h"

/* Outlives the pipeline, so that spw_stats_get() can be asked after shutdown. All atomic. */
#define SPW__ACCOUNT_NAME_WORDS 3u
struct spw__account {
    union {
        char name[8 * SPW__ACCOUNT_NAME_WORDS];
        uint64_t name_words[SPW__ACCOUNT_NAME_WORDS];
    };
    uint64_t exported, rejected, in_flight, batches, retries, ambiguous, malformed, filtered;
    uint64_t dropped[SPW_DROP_CAUSES]; /* those of the worker; producers count theirs in the lane and the recorders */
    uint64_t over; /* the worker has gone: whatever still comes into the rows has come after the shutdown */
};

/* What may be wrong with delivery. */
enum spw__trouble {
    SPW__KEPT = 1,    /* not delivered, and tried again */
    SPW__LOST = 2,    /* spans dropped for good */
    SPW__REFUSED = 4, /* by the receiver, in a partial success */
    SPW__ADVISED = 8, /* all taken, with a word */
};

struct spw__worker;

struct spw__pipeline {
    struct spw__worker *worker;
    struct spw__engine *engine;
    struct spw__lane *lane;
    struct spw__account *account;
    uint32_t index;
    struct spw__pipeline_config config;

    struct spw__flight *flights; /* config.max_concurrent_exports */
    struct spw__flight *oldest, *newest; /* those that are not free, in the order they were gathered */
    struct spw__flight *filling; /* the one being gathered into */
    int64_t unlanded; /* records in batches that have no end yet */
    int64_t ahead;    /* records in batches, and between them, that are not passed yet */
    struct spw__redactor redactor;
    bool discarding; /* what is gathered now goes nowhere, and is counted under ... */
    spw_drop_cause discarded_as;
    uint64_t sequence;
    uint32_t failures; /* in a row */
    bool pausing;      /* nothing is sent until the pause is over; then ... */
    bool knocking;     /* ... one batch goes first */
    bool closing;      /* all is being dropped */
    bool refused;      /* the last answer: nobody listens */
    unsigned said;     /* enum spw__trouble: what was said of this episode, so that it is said once */

    struct spw__overload overload;

    int64_t quota;    /* records still to go because the delay has passed */
    bool scheduled;   /* the delay runs */
    bool due;         /* the delay has passed */
    spw_timer delay;  /* since the first waiting record */
    spw_timer pause;  /* back-off */
    /* whether anything was lost since a flush began */
    uint64_t losses;
};

/* Makes it, without exporters; to be given to fini in any case. */
spw_result spw__pipeline_init(struct spw__pipeline *p, struct spw__worker *worker, struct spw__engine *engine, uint32_t index,
                              const struct spw__pipeline_config *config, spw_view resource, struct spw__account *account);

/* Gives it its exporters, one after the other, config.max_concurrent_exports of a kind. It owns them then. */
void spw__pipeline_take_exporter(struct spw__pipeline *p, uint32_t at, spw_exporter *exporter);
void spw__pipeline_fini(struct spw__pipeline *p);

/* Does what can be done now: takes an answer, begins a batch. True when it did something. */
bool spw__pipeline_step(struct spw__pipeline *p);

/* Whether it has nothing to send, and no timer that will make it look for something. */
bool spw__pipeline_starved(const struct spw__pipeline *p);

/* Whether a step would do something; asked last before the worker sleeps. */
bool spw__pipeline_has_work(const struct spw__pipeline *p);

/* Counts records as lost. */
void spw__pipeline_drop(struct spw__pipeline *p, spw_drop_cause cause, uint64_t n);

/* Flushing: cuts a back-off short; the exporter is tried now. */
void spw__pipeline_hurry(struct spw__pipeline *p);

/* Tells an exporter, once for each submit, that a flush waits for its answer. */
void spw__pipeline_press(struct spw__pipeline *p);

/* Flushing: what waits goes out now. True: nothing that is out will tell when to look again. */
bool spw__pipeline_push(struct spw__pipeline *p);

/* Whether it only waits for a receiver that is not there. */
bool spw__pipeline_refused(const struct spw__pipeline *p);

/* In gather.c. Leaves the chunks behind that hold nothing more; for a recorder that is drained. */
void spw__pipeline_settle(struct spw__pipeline *p, struct spw__recorder *recorder);

/* Whether everything up to each recorder's flush_target has been passed. */
bool spw__pipeline_flushed(const struct spw__pipeline *p);

/* Whether an exporter still has a batch: then nothing may be freed, and the rows not be used again. */
bool spw__pipeline_lends(const struct spw__pipeline *p);

/* Cancels, and drops all there is under a cause. Allocates nothing: it must not fail. */
void spw__pipeline_abandon(struct spw__pipeline *p, spw_drop_cause cause);

#endif
