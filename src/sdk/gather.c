/* From the rows into a batch: gather.h. */
#include "sdk/gather.h"

#include "record/record.h"
#include "sdk/worker.h"

/* ---- cursors ---- */

static struct spw__chunk *chunk_at(const struct spw__pipeline *p, uint32_t reference)
{
    return spw__segments_at(&p->engine->segments, reference);
}

/* Steps over the end of the chunk, counting records that were taken out there; false at the end of what there is. */
static bool settle(const struct spw__pipeline *p, struct spw__range *range)
{
    struct spw__cursor *c = &range->end;
    const struct spw__recorder *recorder = range->recorder;
    if (!c->reference) {
        c->reference = __atomic_load_n(&recorder->first, __ATOMIC_ACQUIRE);
        c->offset = sizeof(struct spw__chunk);
        if (!c->reference)
            return false;
    }
    for (;;) {
        struct spw__chunk *chunk = chunk_at(p, c->reference);
        /* `next` first: once it is set, `committed` is final. */
        uint32_t next = __atomic_load_n(&chunk->next, __ATOMIC_ACQUIRE);
        if (c->offset < __atomic_load_n(&chunk->committed, __ATOMIC_ACQUIRE))
            return true;
        if (!next)
            return false;
        range->records += chunk->skipped;
        *c = (struct spw__cursor){ next, sizeof(struct spw__chunk) };
    }
}

/* Leaves a chunk behind for good; the last pipeline to do so gives it back. */
static void leave_chunk(const struct spw__pipeline *p, struct spw__chunk *chunk)
{
    if (!chunk->pending)
        chunk->pending = p->worker->pipeline_count;
    if (--chunk->pending == 0)
        spw__queue_release_chunk(p->engine, chunk);
}

/* Moves this pipeline's cursor to `end`, releasing what it passes. */
static void cursor_advance(const struct spw__pipeline *p, const struct spw__range *range)
{
    struct spw__recorder *recorder = range->recorder;
    struct spw__cursor *c = &recorder->cursors[p->index];
    if (!c->reference)
        c->reference = __atomic_load_n(&recorder->first, __ATOMIC_ACQUIRE);
    while (c->reference != range->end.reference) {
        struct spw__chunk *chunk = chunk_at(p, c->reference);
        c->reference = __atomic_load_n(&chunk->next, __ATOMIC_ACQUIRE);
        leave_chunk(p, chunk);
    }
    c->offset = range->end.offset;
    recorder->passed[p->index] += range->records;
}

void spw__pipeline_settle(struct spw__pipeline *p, struct spw__recorder *recorder)
{
    struct spw__range range = { recorder, recorder->cursors[p->index], 0, 0 };
    (void)settle(p, &range);
    if (range.end.reference != recorder->cursors[p->index].reference)
        cursor_advance(p, &range);
}

void spw__gather_pass(struct spw__pipeline *p, struct spw__flight *f)
{
    for (size_t i = 0; i < f->range_count; i++) {
        cursor_advance(p, &f->ranges[i]);
        p->ahead -= f->ranges[i].records;
    }
    f->range_count = 0;
}

/* Where to go on in a recorder's rows. True: that is ahead of the cursor, behind records of batches that are not passed. */
static bool begin_range(const struct spw__pipeline *p, struct spw__recorder *recorder, struct spw__range *range)
{
    bool ahead = false;
    *range = (struct spw__range){ recorder, recorder->cursors[p->index], 0, 0 };
    for (const struct spw__flight *f = p->oldest; f; f = f->next) {
        for (size_t i = 0; i < f->range_count; i++) {
            if (f->ranges[i].recorder == recorder) {
                range->end = f->ranges[i].end;
                ahead = true;
            }
        }
    }
    return ahead;
}

int64_t spw__gather_waiting(const struct spw__pipeline *p)
{
    int64_t n = 0;
    for (struct spw__recorder *r = p->worker->active; r; r = r->active_next)
        n += (int64_t)(__atomic_load_n(&r->written, __ATOMIC_ACQUIRE) - r->passed[p->index]);
    return n - p->ahead;
}

/* ---- one record ---- */

static bool fits(const struct spw__pipeline *p, size_t length, uint32_t scope)
{
    size_t most = p->filling->exporter->max_request_bytes;
    return !most || spw__batch_size_with(p->filling->batch, length, scope) <= most;
}

/* Whether a record alone is more than a request may hold: it can never be sent. */
static bool never_fits(const struct spw__pipeline *p, size_t length, uint32_t scope)
{
    const struct spw_batch alone = { .engine = p->engine, .resource = p->filling->batch->resource };
    size_t most = p->filling->exporter->max_request_bytes;
    return most && spw__batch_size_with(&alone, length, scope) > most;
}

/* What becomes of a record: it is in the batch, or out of it for good, or the batch is full and it waits for the next. */
enum verdict { TAKEN, GONE, WAITS };

static enum verdict lose(struct spw__pipeline *p, spw_drop_cause cause)
{
    spw__pipeline_drop(p, cause, 1);
    return GONE;
}

static enum verdict add_plain(struct spw__pipeline *p, const struct spw__record *record)
{
    if (never_fits(p, record->length, record->scope))
        return lose(p, SPW_DROP_TOO_LARGE);
    if (!fits(p, record->length, record->scope))
        return WAITS;
    spw__batch_add(p->filling->batch, (const uint8_t *)(record + 1), record->length, record->scope);
    return TAKEN;
}

/* What could not be redacted is not sent. */
static enum verdict add_redacted(struct spw__pipeline *p, const struct spw__record *record, const spw_span_view *span)
{
    spw_view changed;
    switch (spw__redact(&p->redactor, span, &changed)) {
    case SPW__REDACTED_SAME: return add_plain(p, record);
    case SPW__REDACTED_CHANGED: break;
    case SPW__REDACTED_TOO_LARGE: return lose(p, SPW_DROP_TOO_LARGE);
    case SPW__REDACTED_NO_MEMORY: return lose(p, SPW_DROP_OOM);
    }
    if (never_fits(p, changed.size, record->scope))
        return lose(p, SPW_DROP_TOO_LARGE);
    if (!fits(p, changed.size, record->scope))
        return WAITS;
    return spw__batch_add_copy(p->filling->batch, changed, record->scope) ? TAKEN : lose(p, SPW_DROP_OOM);
}

static enum verdict judge(struct spw__pipeline *p, const struct spw__record *record)
{
    const struct spw__pipeline_config *config = &p->config;
    if (!p->discarding && p->filling->batch->count == config->max_export_batch_size)
        return WAITS;
    bool redacts = config->redact && !p->discarding;
    if (!config->filter && !redacts)
        return p->discarding ? lose(p, p->discarded_as) : add_plain(p, record);
    spw_span_view span;
    if (!spw__batch_read_record(p->engine, (const uint8_t *)(record + 1), record->length, record->scope, &span))
        return lose(p, SPW_DROP_PERMANENT); /* not ours: nobody can say what is in it */
    if (config->filter && !config->filter(config->filter_arg, &span)) {
        __atomic_add_fetch(&p->account->filtered, 1, __ATOMIC_RELAXED);
        return GONE;
    }
    if (p->discarding)
        return lose(p, p->discarded_as);
    return redacts ? add_redacted(p, record, &span) : add_plain(p, record);
}

/* ---- many ---- */

/* Adds one recorder's waiting records to the batch; false when the batch is full. */
static bool gather_from(struct spw__pipeline *p, struct spw__recorder *recorder)
{
    struct spw__flight *f = p->filling;
    struct spw__range range;
    bool ahead = begin_range(p, recorder, &range);
    bool room = !f || f->range_count < p->config.max_export_batch_size;
    while (room && settle(p, &range)) {
        const uint8_t *at = (const uint8_t *)chunk_at(p, range.end.reference) + range.end.offset;
        const struct spw__record *record = (const struct spw__record *)(const void *)at;
        if (record->lanes >> p->index & 1) {
            enum verdict verdict = judge(p, record);
            room = verdict != WAITS;
            range.taken += verdict == TAKEN;
            if (verdict == GONE)
                __atomic_sub_fetch(&p->lane->depth, 1, __ATOMIC_RELAXED);
        }
        if (room) {
            range.records++;
            range.end.offset += spw__record_stride(record->length);
        }
    }
    p->quota -= range.records;
    if (f && range.records && (range.taken || ahead)) {
        f->ranges[f->range_count++] = range;
        p->ahead += range.records;
    } else if (range.records) {
        cursor_advance(p, &range); /* nothing of ours: pass it at once */
    }
    return room;
}

size_t spw__gather(struct spw__pipeline *p, struct spw__flight *f)
{
    p->filling = f;
    spw__batch_reset(f->batch, ++p->sequence);
    f->range_count = 0;
    for (struct spw__recorder *r = p->worker->active; r; r = r->active_next)
        if (!gather_from(p, r))
            break;
    spw__redactor_rest(&p->redactor);
    spw__batch_group(f->batch);
    return f->batch->count;
}

void spw__gather_discard(struct spw__pipeline *p, spw_drop_cause cause)
{
    p->filling = NULL; /* it needs none, and there is nothing ahead */
    p->discarding = true;
    p->discarded_as = cause;
    for (struct spw__recorder *r = p->worker->active; r; r = r->active_next)
        (void)gather_from(p, r);
    p->discarding = false;
}
