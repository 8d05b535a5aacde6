#include "finish.h"

#include <string.h>

#include "platform.h"
#include "queue.h"
#include "sweep_keys.h"
#include "thread.h"
#include "wire.h"

/* What the usual span passes through is one piece of code; the way past processors has copies of its own. */
#define HOT static inline __attribute__((always_inline))

/* ---- the sweep ---- */

static void kill_frame(struct spw__sweep *sweep, struct spw__frame *frame)
{
    frame->kind = SPW__FRAME_DEAD;
    sweep->bytes -= frame->size;
}

static void sweep_attribute(struct spw__recorder *recorder, struct spw__slot *slot, struct spw__sweep *sweep, struct spw__sweep_keys *keys,
                            uint32_t at, struct spw__frame *frame)
{
    struct spw__engine *engine = recorder->engine;
    uint32_t *earlier = spw__keys_find(recorder, slot, keys, at, frame->hash);
    if (__builtin_expect(earlier != NULL, 0)) { /* the last value wins */
        kill_frame(sweep, spw__frame_at(engine, slot, *earlier));
        *earlier = at;
        return;
    }
    /* Pinned ones are not counted, so that the same attributes are kept in whatever order they come to stand. */
    bool pinned = spw__keys_pinned(engine, slot, at, frame->hash);
    bool full = !pinned && sweep->attributes >= spw__limit(&engine->limits.attributes);
    if (__builtin_expect(full || !spw__keys_note(recorder, slot, keys, at, frame->hash), 0)) {
        kill_frame(sweep, frame);
        slot->dropped_attributes++;
        return;
    }
    sweep->attributes += !pinned;
}

/* Ok is final; otherwise the last one set counts. */
static void sweep_status(struct spw__engine *engine, struct spw__slot *slot, struct spw__sweep *sweep, uint32_t at, struct spw__frame *frame)
{
    struct spw__frame *old = sweep->status_frame ? spw__frame_at(engine, slot, sweep->status_frame - 1) : NULL;
    if (old && old->hash == SPW_STATUS_OK) {
        kill_frame(sweep, frame);
        return;
    }
    if (old)
        kill_frame(sweep, old);
    sweep->status_frame = at + 1;
}

static void sweep_name(struct spw__engine *engine, struct spw__slot *slot, struct spw__sweep *sweep, uint32_t at)
{
    if (sweep->name_frame)
        kill_frame(sweep, spw__frame_at(engine, slot, sweep->name_frame - 1));
    sweep->name_frame = at + 1;
}

static void sweep_event(struct spw__engine *engine, struct spw__slot *slot, struct spw__sweep *sweep, struct spw__frame *frame)
{
    if (sweep->events < spw__limit(&engine->limits.events)) {
        sweep->events++;
        return;
    }
    kill_frame(sweep, frame);
    slot->dropped_events++;
}

static void sweep_link(struct spw__engine *engine, struct spw__slot *slot, struct spw__sweep *sweep, struct spw__frame *frame)
{
    if (sweep->links < spw__limit(&engine->limits.links)) {
        sweep->links++;
        return;
    }
    kill_frame(sweep, frame);
    slot->dropped_links++;
}

void spw__sweep(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t size, struct spw__sweep *out)
{
    struct spw__engine *engine = recorder->engine;
    struct spw__sweep_keys keys;
    spw__keys_begin(&keys);
    *out = (struct spw__sweep){ 0 };
    for (uint32_t at = 0; at < size;) {
        struct spw__frame *frame = spw__frame_at(engine, slot, at);
        out->bytes += frame->kind == SPW__FRAME_DEAD ? 0 : frame->size;
        switch ((enum spw__frame_kind)frame->kind) {
        case SPW__FRAME_ATTRIBUTE:
            sweep_attribute(recorder, slot, out, &keys, at, frame);
            break;
        case SPW__FRAME_EVENT:
            sweep_event(engine, slot, out, frame);
            break;
        case SPW__FRAME_LINK:
            sweep_link(engine, slot, out, frame);
            break;
        case SPW__FRAME_STATUS:
            sweep_status(engine, slot, out, at, frame);
            break;
        case SPW__FRAME_NAME:
            sweep_name(engine, slot, out, at);
            break;
        case SPW__FRAME_STATE:
        case SPW__FRAME_DEAD:
            break;
        }
        at += spw__frame_stride(frame->size);
    }
}

/* The usual span: in the slot's own log, no key twice, nothing over a limit. One look at each frame; false: sweep it properly. */
HOT bool sweep_usual(const struct spw__limits *limits, const struct spw__slot *slot, uint32_t size, struct spw__sweep *out)
{
    uint64_t filter[16] = { 0 }; /* by 10 bits of the keys' hashes */
    uint32_t counts[SPW__FRAME_LINK + 1] = { 0 };
    const uint8_t *p = slot->log, *end = slot->log + size;
    out->bytes = 0;
    while (p < end) {
        const struct spw__frame *frame = (const struct spw__frame *)(const void *)p;
        uint32_t hash = frame->hash;
        if (frame->kind == SPW__FRAME_ATTRIBUTE) {
            uint64_t *bits = &filter[hash >> 6 & 15];
            if (*bits >> (hash & 63) & 1)
                return false;
            *bits |= 1ull << (hash & 63);
        }
        counts[frame->kind]++;
        out->bytes += frame->size;
        p += spw__frame_stride(frame->size);
    }
    return counts[SPW__FRAME_ATTRIBUTE] <= spw__limit(&limits->attributes) && counts[SPW__FRAME_EVENT] <= spw__limit(&limits->events) &&
           counts[SPW__FRAME_LINK] <= spw__limit(&limits->links) && counts[SPW__FRAME_NAME] <= 1 && counts[SPW__FRAME_STATUS] <= 1 &&
           counts[SPW__FRAME_DEAD] == 0;
}

uint32_t spw__compact(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t size)
{
    struct spw__engine *engine = recorder->engine;
    struct spw__sweep sweep;
    spw__sweep(recorder, slot, size, &sweep);
    uint32_t to = 0;
    for (uint32_t at = 0; at < size;) {
        struct spw__frame frame = *spw__frame_at(engine, slot, at);
        uint32_t stride = spw__frame_stride(frame.size);
        if (frame.kind != SPW__FRAME_DEAD) {
            /* Downwards and front to back, in steps: source and target may overlap. */
            for (uint32_t done = 0; done < stride && to != at;) {
                uint8_t step[256];
                uint32_t n = stride - done < sizeof step ? stride - done : (uint32_t)sizeof step;
                spw__slot_read(engine, slot, at + done, step, n);
                struct spw__writer writer = { engine, slot, NULL, to + done, 0 };
                spw__slot_write(&writer, step, n);
                done += n;
            }
            to += stride;
        }
        at += stride;
    }
    return to;
}

/* ---- the record ---- */

struct dropped {
    uint32_t attributes, events, links;
};

static inline struct dropped dropped_of(const struct spw__slot *slot)
{
    return (struct dropped){ __atomic_load_n(&slot->dropped_attributes, __ATOMIC_RELAXED),
                             __atomic_load_n(&slot->dropped_events, __ATOMIC_RELAXED),
                             __atomic_load_n(&slot->dropped_links, __ATOMIC_RELAXED) };
}

static uint8_t *put_count(uint8_t *p, uint8_t tag, uint32_t dropped)
{
    if (dropped) {
        *p++ = tag;
        p = spw__put_varint(p, dropped);
    }
    return p;
}

/* The counts as fields; returns their size. At most 18 bytes. */
static __attribute__((noinline)) uint32_t put_dropped(const struct dropped *dropped, uint8_t out[18])
{
    uint8_t *p = put_count(out, SPW__TAG_DROPPED_ATTRIBUTES, dropped->attributes);
    p = put_count(p, SPW__TAG_DROPPED_EVENTS, dropped->events);
    p = put_count(p, SPW__TAG_DROPPED_LINKS, dropped->links);
    return (uint32_t)(p - out);
}

static __attribute__((noinline)) void count_dropped(struct spw__recorder *recorder, const struct spw__slot *slot)
{
    const struct dropped dropped = dropped_of(slot);
    spw__bump(&recorder->attributes_dropped, dropped.attributes);
    spw__bump(&recorder->events_dropped, dropped.events);
    spw__bump(&recorder->links_dropped, dropped.links);
}

/* All frames of a log that the usual sweep was content with. */
HOT uint8_t *put_usual(const struct spw__slot *slot, uint32_t size, uint8_t *p)
{
    const uint8_t *at = slot->log, *end = slot->log + size;
    while (at < end) {
        uint32_t n = ((const struct spw__frame *)(const void *)at)->size;
        p = spw__put_bytes(p, at + sizeof(struct spw__frame), n);
        at += spw__frame_stride(n);
    }
    return p;
}

static uint8_t *put_frames(struct spw__engine *engine, const struct spw__slot *slot, uint32_t size, uint8_t *p)
{
    for (uint32_t at = 0; at < size;) {
        const struct spw__frame *frame = spw__frame_at(engine, slot, at);
        if (__builtin_expect(frame->kind != SPW__FRAME_DEAD, 1)) {
            uint32_t from = at + (uint32_t)sizeof *frame;
            const uint8_t *flat = spw__slot_flat(engine, slot, from, frame->size);
            if (__builtin_expect(flat != NULL, 1))
                spw__copy(p, flat, frame->size);
            else
                spw__slot_read(engine, slot, from, p, frame->size);
            p += frame->size;
        }
        at += spw__frame_stride(frame->size);
    }
    return p;
}

/* A span's record, measured: `length` bytes, of which the Span message has `span`. Scalars only, so that they stay in registers. */
struct encoding {
    bool usual;
    uint32_t log_size;
    uint32_t span, length;
    uint32_t counts_size; /* of the dropped counts, which lie beside it */
};

HOT struct encoding measure(struct spw__recorder *recorder, struct spw__slot *slot, uint8_t counts[18])
{
    struct spw__engine *engine = recorder->engine;
    struct spw__sweep sweep;
    uint32_t log_size = (uint32_t)(__atomic_load_n(&slot->word, __ATOMIC_RELAXED) & SPW__CURSOR_MASK) * 8;
    bool usual = log_size <= SPW__SLOT_LOG && sweep_usual(&engine->limits, slot, log_size, &sweep);
    if (!usual)
        spw__sweep(recorder, slot, log_size, &sweep);
    const struct dropped dropped = dropped_of(slot);
    uint32_t counts_size = 0;
    if (__builtin_expect(dropped.attributes | dropped.events | dropped.links, 0))
        counts_size = put_dropped(&dropped, counts);
    uint32_t span = slot->head_size + sweep.bytes + counts_size;
    return (struct encoding){ usual, log_size, span, 1 + (uint32_t)spw__varint_size(span) + span, counts_size };
}

HOT void encode(struct spw__engine *engine, const struct spw__slot *slot, struct encoding e, const uint8_t *counts, uint64_t end_unix_ns,
                uint8_t *p)
{
    *p++ = 0x12; /* ScopeSpans.spans */
    p = spw__put_varint(p, e.span);
    memcpy(p, slot->head, 48); /* 54 or 64 bytes in two overlapping steps of fixed size */
    memcpy(p + slot->head_size - 16, slot->head + slot->head_size - 16, 16);
    spw__put_fixed64(p + SPW__HEAD_END, end_unix_ns); /* here, not in the head: a load over a fresh store waits for it */
    p += slot->head_size;
    p = e.usual ? put_usual(slot, e.log_size, p) : put_frames(engine, slot, e.log_size, p);
    if (__builtin_expect(e.counts_size, 0))
        memcpy(p, counts, e.counts_size);
}

HOT void commit(struct spw__recorder *recorder, const struct spw__slot *slot, uint32_t length, uint32_t lanes, bool urgent)
{
    spw__queue_commit(recorder, length, slot->scope, lanes, urgent);
    if (__builtin_expect(length > SPW__PAGE_SIZE, 0))
        spw__queue_seal(recorder, slot->end_mono_ns);
}

HOT void write_record(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t lanes, bool urgent)
{
    uint8_t counts[18];
    const struct encoding e = measure(recorder, slot, counts);
    if (__builtin_expect(e.counts_size, 0))
        count_dropped(recorder, slot);
    uint8_t *p = spw__queue_reserve(recorder, e.length, lanes, slot->end_mono_ns);
    if (!p)
        return;
    encode(recorder->engine, slot, e, counts, slot->end_unix_ns, p);
    commit(recorder, slot, e.length, lanes, urgent);
}

/* ---- with somebody to show it to ---- */

uint32_t spw__encode(struct spw__recorder *recorder, struct spw__slot *slot, uint64_t end_unix_ns, uint8_t *out, size_t size)
{
    uint8_t counts[18];
    const struct encoding e = measure(recorder, slot, counts);
    if (e.length > size)
        return 0;
    encode(recorder->engine, slot, e, counts, end_unix_ns, out);
    return e.length;
}

static __attribute__((noinline)) void write_unseen(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t lanes, bool urgent)
{
    if (lanes)
        write_record(recorder, slot, lanes, urgent);
}

/* Encoded once, for processors to see, and copied to the rows if a pipeline takes it. */
static void show_and_write(struct spw__recorder *recorder, struct spw__slot *slot, uint32_t lanes, bool urgent)
{
    uint8_t *record = spw__hooks_scratch(recorder);
    uint32_t length = record ? spw__encode(recorder, slot, slot->end_unix_ns, record, SPW__SCRATCH_SIZE) : 0;
    if (!length) {
        __atomic_add_fetch(&recorder->engine->on_end_missed, 1, __ATOMIC_RELAXED);
        write_unseen(recorder, slot, lanes, urgent);
        return;
    }
    count_dropped(recorder, slot);
    uint8_t *p = lanes ? spw__queue_reserve(recorder, length, lanes, slot->end_mono_ns) : NULL;
    if (p) {
        memcpy(p, record, length);
        commit(recorder, slot, length, lanes, urgent);
    }
    spw__hooks_ended(recorder, length, slot->scope);
}

static bool is_sampled(const struct spw__slot *slot)
{
    return slot->head[SPW__HEAD_FLAGS] & SPW_FLAG_SAMPLED;
}

/* "Span Exporter SHOULD NOT receive them unless the Sampled flag was also set": those only recorded are no pipeline's affair. */
static __attribute__((noinline)) void finish_hooked(struct spw__recorder *recorder, struct spw__slot *slot)
{
    struct spw__engine *engine = recorder->engine;
    if (!spw__hooks_ending(recorder, slot)) {
        spw__leave(recorder);
        return;
    }
    bool sampled = is_sampled(slot), urgent = false;
    spw__bump(sampled ? &recorder->ended : &recorder->record_only, 1);
    uint32_t lanes = sampled ? spw__queue_admit(recorder, &urgent) : 0;
    if (engine->hooks.kinds & SPW__HOOK_ON_END)
        show_and_write(recorder, slot, lanes, urgent);
    else
        write_unseen(recorder, slot, lanes, urgent);
    spw__slot_release(engine, recorder, slot);
    spw__leave(recorder);
}

/* ---- the end ---- */

/* A span that nobody will get: counted under its cause on every pipeline. */
static void discard(struct spw__engine *engine, struct spw__recorder *recorder, struct spw__slot *slot, spw_drop_cause cause)
{
    __atomic_add_fetch(is_sampled(slot) ? &engine->lost_at_end[cause] : &engine->record_only_unfinished, 1, __ATOMIC_RELAXED);
    spw__slot_release(engine, recorder, slot);
}

void spw__finish(struct spw__engine *engine, struct spw__slot *slot)
{
    bool reentrant;
    struct spw__recorder *recorder = spw__enter(engine, &reentrant);
    if (__builtin_expect(!recorder, 0)) {
        spw_drop_cause cause = spw__refusal(reentrant);
        discard(engine, NULL, slot, cause == SPW_DROP_CAUSES ? SPW_DROP_REENTRANT : cause); /* an exporter ends a span of the program's */
        return;
    }
    if (__builtin_expect(!(spw__gate_state() & SPW__GATE_STARTED) || slot->session != engine->session, 0)) {
        discard(engine, recorder, slot, SPW_DROP_ALREADY_SHUTDOWN);
        spw__leave(recorder);
        return;
    }
    if (__builtin_expect(engine->hooks.kinds & SPW__HOOKS_END, 0)) {
        finish_hooked(recorder, slot);
        return;
    }
    spw__bump(&recorder->ended, 1);
    bool urgent;
    uint32_t lanes = spw__queue_admit(recorder, &urgent);
    if (__builtin_expect(lanes != 0, 1))
        write_record(recorder, slot, lanes, urgent);
    spw__slot_release(engine, recorder, slot);
    spw__leave(recorder);
}
