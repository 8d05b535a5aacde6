#include "sdk/reap.h"

#include "record/record.h"

/* Where a pipeline stands in a recorder's chunks: `at` by its cursor, `held` up to the end of its batches. Numbers of chunks, as signed steps
 * from the oldest, so that a wrapped sequence does not matter. */
struct stand {
    int32_t at, held;
};

static struct spw__chunk *chunk_at(const struct spw__worker *w, uint32_t reference)
{
    return spw__segments_at(&w->engine->segments, reference);
}

/* The chunk the last pipeline stands in; NULL while one has not begun. */
static struct spw__chunk *oldest_chunk(const struct spw__worker *w, const struct spw__recorder *r)
{
    struct spw__chunk *oldest = NULL;
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        uint32_t reference = r->cursors[i].reference ? r->cursors[i].reference : __atomic_load_n(&r->first, __ATOMIC_ACQUIRE);
        if (!reference)
            return NULL;
        struct spw__chunk *chunk = chunk_at(w, reference);
        if (!oldest || (int32_t)(chunk->sequence - oldest->sequence) < 0)
            oldest = chunk;
    }
    return oldest;
}

static struct stand stand_of(const struct spw__worker *w, const struct spw__pipeline *p, const struct spw__recorder *r, uint32_t origin)
{
    uint32_t reference = r->cursors[p->index].reference;
    struct stand s = { 0, 0 };
    if (reference)
        s.at = (int32_t)(chunk_at(w, reference)->sequence - origin);
    s.held = s.at;
    for (const struct spw__flight *f = p->oldest; f; f = f->next) /* the youngest goes furthest */
        for (size_t i = 0; i < f->range_count; i++)
            if (f->ranges[i].recorder == r)
                s.held = (int32_t)(chunk_at(w, f->ranges[i].end.reference)->sequence - origin);
    return s;
}

/* The pipelines that still have the chunk before them; *free says whether none stands in it or has it in a batch. */
static uint32_t lagging(const struct spw__worker *w, const struct stand *stands, int32_t chunk, bool *free)
{
    uint32_t lanes = 0;
    *free = true;
    for (uint32_t i = 0; i < w->pipeline_count; i++) {
        if (stands[i].at <= chunk && chunk <= stands[i].held)
            *free = false;
        if (stands[i].held < chunk)
            lanes |= 1u << i;
    }
    return lanes;
}

/* How many records a sealed chunk holds, or -1 when one of them is for any of `lanes`. */
static int64_t foreign_records(const struct spw__chunk *chunk, uint32_t lanes)
{
    int64_t records = 0;
    uint32_t end = __atomic_load_n(&chunk->committed, __ATOMIC_ACQUIRE);
    for (uint32_t at = sizeof *chunk; at < end; records++) {
        const struct spw__record *record = (const struct spw__record *)(const void *)((const uint8_t *)chunk + at);
        if (record->lanes & lanes)
            return -1;
        at += spw__record_stride(record->length);
    }
    return records;
}

static void reap_recorder(const struct spw__worker *w, struct spw__recorder *r)
{
    struct spw__chunk *before = oldest_chunk(w, r);
    if (!before)
        return;
    uint32_t origin = before->sequence;
    struct stand stands[SPW__MAX_PIPELINES];
    for (uint32_t i = 0; i < w->pipeline_count; i++)
        stands[i] = stand_of(w, &w->pipelines[i], r, origin);
    for (;;) {
        uint32_t reference = __atomic_load_n(&before->next, __ATOMIC_ACQUIRE);
        if (!reference)
            return;
        struct spw__chunk *chunk = chunk_at(w, reference);
        uint32_t next = __atomic_load_n(&chunk->next, __ATOMIC_ACQUIRE);
        bool free;
        uint32_t lanes = lagging(w, stands, (int32_t)(chunk->sequence - origin), &free);
        if (!next || !lanes)
            return; /* still being filled; or everyone is past: from here on chunks go the ordinary way */
        int64_t records = free ? foreign_records(chunk, lanes) : -1;
        if (records < 0) {
            before = chunk;
            continue;
        }
        /* Who comes by later steps over the records that stood here. */
        before->skipped += (uint32_t)records + chunk->skipped;
        __atomic_store_n(&before->next, next, __ATOMIC_RELEASE);
        spw__queue_release_chunk(w->engine, chunk);
    }
}

void spw__reap(struct spw__worker *w)
{
    if (w->pipeline_count < 2)
        return;
    uint32_t taken = __atomic_load_n(&w->engine->segments.pages_taken, __ATOMIC_RELAXED);
    uint32_t step = __atomic_load_n(&w->engine->segments.limit, __ATOMIC_RELAXED) * SPW__SEGMENT_PAGES / 8;
    if (taken < w->reap_at)
        return;
    for (struct spw__recorder *r = w->active; r; r = r->active_next)
        reap_recorder(w, r);
    w->reap_at = __atomic_load_n(&w->engine->segments.pages_taken, __ATOMIC_RELAXED) + step;
}
