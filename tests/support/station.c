/* Exporters that wait to be answered for: station.h. */
#include "station.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_EXPORTERS = 16, MAX_BATCH = 512 };

struct track {
    spw_exporter base;
    bool busy;
    spw_export_done_fn done;
    void *token;
    uint64_t sequence;
    int64_t spans[MAX_BATCH];
    size_t count;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct track *tracks[MAX_EXPORTERS];
    unsigned count, destroyed, busy, submits, cancels, most;
    bool twice, deliver_all;
    uint16_t delivered[STATION_SPANS];
} station = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- the exporters' side ---- */

static int64_t seq_of(const spw_span_view *span)
{
    spw_attr_iter it = span->attributes;
    for (spw_attr attr; spw_attr_next(&it, &attr);)
        if (attr.key.size == 3 && memcmp(attr.key.data, "seq", 3) == 0)
            return attr.value.u.i;
    return 0;
}

static void count_delivered(const struct track *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->spans[i] > 0 && t->spans[i] < STATION_SPANS)
            station.delivered[t->spans[i]]++;
}

static void track_submit(spw_exporter *base, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    struct track *t = (struct track *)base;
    spw_span_view span;
    pthread_mutex_lock(&station.lock);
    station.twice |= t->busy;
    t->sequence = spw_batch_sequence(batch);
    t->count = 0;
    for (spw_span_iter it = spw_batch_spans(batch); spw_span_next(&it, &span) && t->count < MAX_BATCH;)
        t->spans[t->count++] = seq_of(&span);
    t->done = done;
    t->token = token;
    station.submits++;
    bool now = station.deliver_all;
    if (now) {
        count_delivered(t);
    } else {
        t->busy = true;
        station.busy++;
        station.most = station.busy > station.most ? station.busy : station.most;
    }
    pthread_cond_broadcast(&station.changed);
    pthread_mutex_unlock(&station.lock);
    spw_export_result ok = SPW_EXPORT_RESULT_INIT;
    if (now)
        done(token, &ok);
}

static void track_cancel(spw_exporter *base)
{
    struct track *t = (struct track *)base;
    pthread_mutex_lock(&station.lock);
    station.cancels++;
    station.busy -= t->busy;
    t->busy = false;
    pthread_mutex_unlock(&station.lock);
}

static void track_destroy(spw_exporter *base)
{
    pthread_mutex_lock(&station.lock);
    station.destroyed++;
    pthread_mutex_unlock(&station.lock);
    (void)base; /* freed by station_close(): a test may still ask */
}

static spw_exporter *make(void *arg, const spw_exporter_settings *settings, spw_error *error)
{
    (void)arg, (void)settings, (void)error;
    struct track *t = calloc(1, sizeof *t);
    if (!t || station.count == MAX_EXPORTERS)
        abort();
    t->base = (spw_exporter){ .struct_size = sizeof t->base, .name = "station", .submit = track_submit, .cancel = track_cancel, .destroy = track_destroy };
    station.tracks[station.count++] = t;
    return &t->base;
}

/* ---- the test's side ---- */

void station_open(void)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&station.changed, &attr);
    pthread_condattr_destroy(&attr);
    station.count = station.destroyed = station.busy = station.submits = station.cancels = station.most = 0;
    station.twice = station.deliver_all = false;
    memset(station.delivered, 0, sizeof station.delivered);
    if (spw_exporter_register("station", make, NULL) != SPW_OK)
        abort();
}

void station_close(void)
{
    for (unsigned i = 0; i < station.count; i++)
        free(station.tracks[i]);
    station.count = 0;
    pthread_cond_destroy(&station.changed);
}

bool station_wait(unsigned busy)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 20;
    int rc = 0;
    pthread_mutex_lock(&station.lock);
    while (station.busy != busy && rc == 0)
        rc = pthread_cond_timedwait(&station.changed, &station.lock, &until);
    bool reached = station.busy == busy;
    pthread_mutex_unlock(&station.lock);
    return reached;
}

/* The `index`th of the busy ones, in the order of their batches. With the lock. */
static struct track *busy_at(unsigned index)
{
    uint64_t above = 0;
    for (;; index--) {
        struct track *lowest = NULL;
        for (unsigned i = 0; i < station.count; i++) {
            struct track *t = station.tracks[i];
            if (t->busy && t->sequence > above && (!lowest || t->sequence < lowest->sequence))
                lowest = t;
        }
        if (!lowest || index == 0)
            return lowest;
        above = lowest->sequence;
    }
}

bool station_answer(unsigned index, struct station_answer answer)
{
    spw_export_result result = SPW_EXPORT_RESULT_INIT;
    result.status = answer.status;
    result.retry_after_ms = answer.retry_after_ms;
    result.refused = answer.refused;
    pthread_mutex_lock(&station.lock);
    struct track *t = busy_at(index);
    if (t) {
        if (answer.status == SPW_EXPORT_DELIVERED)
            count_delivered(t);
        t->busy = false;
        station.busy--;
        t->done(t->token, &result); /* within the lock: a cancel is before this, or after */
    }
    pthread_mutex_unlock(&station.lock);
    return t != NULL;
}

void station_deliver_all(void)
{
    pthread_mutex_lock(&station.lock);
    station.deliver_all = true;
    pthread_mutex_unlock(&station.lock);
    while (station_answer(0, (struct station_answer){ SPW_EXPORT_DELIVERED, 0, false })) {
    }
}

void station_hold(void)
{
    pthread_mutex_lock(&station.lock);
    station.deliver_all = false;
    pthread_mutex_unlock(&station.lock);
}

uint64_t station_sequence(unsigned index)
{
    pthread_mutex_lock(&station.lock);
    const struct track *t = busy_at(index);
    uint64_t sequence = t ? t->sequence : 0;
    pthread_mutex_unlock(&station.lock);
    return sequence;
}

int64_t station_first(unsigned index)
{
    pthread_mutex_lock(&station.lock);
    const struct track *t = busy_at(index);
    int64_t first = t && t->count ? t->spans[0] : 0;
    pthread_mutex_unlock(&station.lock);
    return first;
}

#define READ(name, type, expression)                                                                                                       \
    type name(void)                                                                                                                        \
    {                                                                                                                                      \
        pthread_mutex_lock(&station.lock);                                                                                                 \
        type value = expression;                                                                                                           \
        pthread_mutex_unlock(&station.lock);                                                                                               \
        return value;                                                                                                                      \
    }

READ(station_busy, unsigned, station.busy)
READ(station_exporters, unsigned, station.count)
READ(station_destroyed, unsigned, station.destroyed)
READ(station_submits, unsigned, station.submits)
READ(station_cancels, unsigned, station.cancels)
READ(station_most, unsigned, station.most)
READ(station_called_twice, bool, station.twice)

unsigned station_delivered(int64_t seq)
{
    pthread_mutex_lock(&station.lock);
    unsigned times = station.delivered[seq];
    pthread_mutex_unlock(&station.lock);
    return times;
}
