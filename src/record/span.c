/* Spans: start and end. (Specification: Trace API and Trace SDK.) */
#include <string.h>

#include "context_values.h"
#include "finish.h"
#include "frame.h"
#include "hooks.h"
#include "link.h"
#include "platform.h"
#include "span.h"
#include "thread.h"
#include "tracestate.h"
#include "utf8.h"
#include "wire.h"

#define OTLP_HAS_IS_REMOTE 0x100u
#define OTLP_IS_REMOTE 0x200u

/* What the usual span passes through is one piece of code; the way past samplers and processors has copies of its own. */
#define HOT static inline __attribute__((always_inline))

/* ---- start ---- */

/* The tracer's scope number: cached in the tracer as {session, number}, looked up once a session. */
HOT uint32_t scope_of(struct spw__engine *engine, spw_tracer *tracer)
{
    if (!tracer)
        return SPW__SCOPE_DEFAULT;
    uint64_t cache = __atomic_load_n(&tracer->cache, __ATOMIC_RELAXED);
    if (__builtin_expect(cache >> 32 == engine->session, 1))
        return (uint32_t)cache;
    uint32_t scope = spw__scope_intern(&engine->scopes, &engine->lock, tracer, 0);
    __atomic_store_n(&tracer->cache, (uint64_t)engine->session << 32 | scope, __ATOMIC_RELAXED);
    return scope;
}

HOT struct spw__slot *take_slot(struct spw__recorder *recorder)
{
    struct spw__engine *engine = recorder->engine;
    if (__builtin_expect(recorder->cached != 0, 1))
        return spw__pool_at(&engine->slots, recorder->cache[--recorder->cached]);
    uint32_t index = spw__pool_take(&engine->slots);
    return index == SPW__POOL_NONE ? NULL : spw__pool_at(&engine->slots, index);
}

/* The scalars as wire bytes, the end time left open. The parent comes last, so that a root is a prefix. */
static void write_head(struct spw__slot *slot, const spw_span *span, const spw_span *parent, spw_span_kind kind, uint64_t start)
{
    uint8_t *p = slot->head;
    *p++ = SPW__TAG_TRACE_ID;
    *p++ = 16;
    memcpy(p, span->trace_id, 16);
    p += 16;
    *p++ = SPW__TAG_SPAN_ID;
    *p++ = 8;
    memcpy(p, span->span_id, 8);
    p += 8;
    *p++ = SPW__TAG_KIND;
    *p++ = (uint8_t)kind;
    *p++ = SPW__TAG_START;
    p = spw__put_fixed64(p, start);
    *p++ = SPW__TAG_END;
    p += 8;
    *p++ = SPW__TAG_FLAGS_0;
    *p++ = SPW__TAG_FLAGS_1;
    p = spw__put_fixed32(p, span->flags | OTLP_HAS_IS_REMOTE | (parent && parent->is_remote ? OTLP_IS_REMOTE : 0));
    if (parent) {
        *p++ = SPW__TAG_PARENT_ID;
        *p++ = 8;
        memcpy(p, parent->span_id, 8);
        p += 8;
    }
    slot->head_size = (uint16_t)(p - slot->head);
}

/* A text field written while nobody else knows the slot; false when it does not fit inline. */
static inline bool put_text_new(struct spw__slot *slot, uint32_t *cursor, uint8_t mark, uint8_t tag, enum spw__frame_kind kind, spw_view text)
{
    if (text.size > SPW__SLOT_LOG)
        return false;
    uint32_t wire = (uint32_t)(1 + (text.size < 128 ? 1u : 2u) + text.size);
    if (*cursor + spw__frame_stride(wire) > SPW__SLOT_LOG)
        return false;
    uint8_t *p = slot->log + *cursor;
    const struct spw__frame header = { wire, (uint8_t)kind, mark, 0 };
    memcpy(p, &header, sizeof header);
    *cursor += spw__frame_stride(wire);
    p += sizeof header;
    *p++ = tag;
    p = spw__put_varint(p, text.size);
    spw__copy(p, text.data, text.size);
    return true;
}

static void put_trace_state(struct spw__slot *slot, uint32_t *cursor, uint8_t mark, uint32_t reference)
{
    char state[SPW__TRACE_STATE_MAX];
    size_t size = spw__trace_state_read(reference, state);
    if (size)
        (void)put_text_new(slot, cursor, mark, SPW__TAG_TRACE_STATE, SPW__FRAME_STATE, (spw_view){ state, size }); /* at most 512 bytes: it fits */
}

/* Generations of different engines (a forked child's) differ in their top byte, so that inherited handles never fit. Odd ones are those of
 * spans that end: see hooks_end.c. */
static uint64_t next_generation(const struct spw__engine *engine, const struct spw__slot *slot)
{
    uint64_t generation = (__atomic_load_n(&slot->word, __ATOMIC_ACQUIRE) >> SPW__GENERATION_SHIFT | SPW__GENERATION_PRIVATE) + 1;
    if (generation == SPW__GENERATION_PRIVATE + 1)
        generation |= (uint64_t)(engine->session & 0xff) << 32;
    return generation & 0xffffffffffu ? generation & 0xffffffffffu : SPW__GENERATION_PRIVATE + 1;
}

static size_t start_attributes(const spw_span_options *options)
{
    return options && options->attributes ? options->attribute_count : 0;
}

static size_t start_links(const spw_span_options *options)
{
    return options && options->links ? options->link_count : 0;
}

/* What of a start did not fit the slot's own log: set through the common way once the thread has left the library. */
struct rest {
    bool name;
    size_t first_attribute; /* those from here on */
    size_t links;
};

static inline bool is_rest(const struct rest *rest, const spw_span_options *options)
{
    return rest->name || rest->first_attribute < start_attributes(options) || rest->links;
}

/* Fills the slot and opens it. */
HOT struct rest open_slot(struct spw__recorder *recorder, struct spw__slot *slot, spw_span *span, const spw_span *parent, uint32_t scope,
                      spw_view name, const spw_span_options *options)
{
    struct spw__engine *engine = recorder->engine;
    uint64_t mono = spw__clock_mono(&engine->clock);
    uint64_t now = spw__span_time(engine, parent, mono);
    uint64_t start = options && options->start_unix_ns ? options->start_unix_ns : now;
    spw_span_kind kind = spw__kind_of(options);
    /* The new generation first, still closed: who reads the times below for an earlier span in this slot then sees that it is gone. */
    uint64_t generation = next_generation(engine, slot);
    __atomic_store_n(&slot->word, generation << SPW__GENERATION_SHIFT | SPW__CLOSED, __ATOMIC_RELAXED);
    /* The span's clock runs from now, also when it is said to have begun at another time. */
    __atomic_store_n(&slot->base_unix_ns, now, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->base_mono_ns, mono, __ATOMIC_RELEASE);
    slot->start_unix_ns = start;
    slot->scope = (uint16_t)scope;
    slot->session = engine->session;
    slot->dropped_attributes = 0;
    slot->dropped_events = 0;
    slot->dropped_links = 0;
    __atomic_store_n(&slot->compact_at, 2 * SPW__SLOT_LOG, __ATOMIC_RELAXED);
    write_head(slot, span, parent, kind, start);

    uint8_t mark = (uint8_t)generation;
    uint32_t cursor = 0;
    if (__builtin_expect(span->trace_state != 0, 0))
        put_trace_state(slot, &cursor, mark, span->trace_state);
    bool named = spw__utf8_valid(name.data ? name.data : "", name.size) &&
                 put_text_new(slot, &cursor, mark, SPW__TAG_NAME, SPW__FRAME_NAME, name);
    size_t set = 0;
    while (set < start_attributes(options)) {
        const spw_attr *attr = &options->attributes[set];
        if (!spw__frame_attribute_new(engine, slot, &cursor, mark, attr->key, &attr->value))
            break;
        set++;
    }

    uint32_t index = (uint32_t)(((uint8_t *)slot - engine->slots.base) / SPW__SLOT_SIZE);
    span->handle = generation << 24 | index;
    __atomic_store_n(&slot->word, generation << SPW__GENERATION_SHIFT | cursor / 8, __ATOMIC_RELEASE);
    return (struct rest){ !named, set, start_links(options) };
}

static void set_rest(struct spw__engine *engine, uint64_t handle, struct rest rest, spw_view name, const spw_span_options *options)
{
    if (rest.name)
        spw__frame_name(engine, handle, name);
    for (size_t i = rest.first_attribute; i < start_attributes(options); i++)
        spw__frame_attribute(engine, handle, options->attributes[i].key, &options->attributes[i].value);
    for (size_t i = 0; i < rest.links; i++)
        spw__frame_link(engine, handle, &options->links[i]);
}

/* Flags, remote bit and trace state as the one word they are in memory: who copies the span soon after loads it as one. */
static void put_tail(spw_span *span, uint8_t flags, uint32_t trace_state)
{
    const struct {
        uint8_t flags, is_remote;
        uint16_t reserved;
        uint32_t trace_state;
    } tail = { flags, 0, 0, trace_state };
    _Static_assert(sizeof tail == 8 && offsetof(spw_span, flags) == 32 && sizeof(spw_span) == 40, "the end of a span is one word");
    uint64_t word;
    memcpy(&word, &tail, 8);
    memcpy(&span->flags, &word, 8);
}

/* Ids, flags and trace state of a new span: those of its parent's trace, or of a new one. */
static void identify(struct spw__ids *ids, spw_span *span, const spw_span *parent)
{
    uint64_t id = spw__ids_nonzero(ids), high, low;
    memcpy(span->span_id, &id, 8);
    if (parent) {
        memcpy(&high, parent->trace_id, 8);
        memcpy(&low, parent->trace_id + 8, 8);
        put_tail(span, parent->flags, parent->trace_state);
    } else {
        high = spw__ids_next(ids);
        low = spw__ids_nonzero(ids);
        put_tail(span, SPW_FLAG_SAMPLED | SPW_FLAG_RANDOM, 0);
    }
    memcpy(span->trace_id, &high, 8);
    memcpy(span->trace_id + 8, &low, 8);
}

/* spw_span_is_valid() without the copy. */
static inline bool is_valid(const spw_span *span)
{
    uint64_t id, high, low;
    memcpy(&id, span->span_id, 8);
    memcpy(&high, span->trace_id, 8);
    memcpy(&low, span->trace_id + 8, 8);
    return id != 0 && (high | low) != 0;
}

static const spw_context *context_of(const spw_span_options *options)
{
    return options && options->parent ? options->parent : spw__thread_context(spw__self);
}

/* Not recording, but carrying on: what a span is without an SDK, while it is shut down, or in a forked child. */
static void carry(spw_span *out, const spw_span *parent)
{
    *out = parent ? *parent : (spw_span){ 0 };
    out->handle = 0;
}

static void refuse(struct spw__engine *engine, spw_drop_cause cause)
{
    __atomic_add_fetch(&engine->lost_at_start[cause], 1, __ATOMIC_RELAXED);
}

static struct rest start_recording(struct spw__recorder *recorder, spw_span *out, const spw_span *parent, uint32_t scope, spw_view name,
                            const spw_span_options *options)
{
    const struct rest nothing = { false, start_attributes(options), 0 };
    /* In place: a value built beside it in small stores and then copied in large loads waits for the stores. */
    out->handle = 0;
    identify(&recorder->ids, out, parent);
    /* The sampler: parent-based, always on. A parent that is not sampled makes children that are not. */
    if (parent && !(parent->flags & SPW_FLAG_SAMPLED)) {
        spw__bump(&recorder->not_sampled, 1);
        return nothing;
    }
    struct spw__slot *slot = take_slot(recorder);
    if (__builtin_expect(!slot, 0)) {
        refuse(recorder->engine, SPW_DROP_NO_SLOT); /* its children still belong to the trace */
        return nothing;
    }
    spw__bump(&recorder->started, 1);
    return open_slot(recorder, slot, out, parent, scope, name, options);
}

/* The same with somebody to ask or to tell: a sampler, an id generator, processors. All that is set comes before the processors look. */
static __attribute__((noinline)) void start_hooked(struct spw__recorder *recorder, spw_span *out, const spw_span *parent, spw_tracer *tracer,
                                                   spw_view name, const spw_span_options *options)
{
    static const spw_context root = { 0 };
    struct spw__engine *engine = recorder->engine;
    const spw_context *context = context_of(options);
    const struct spw__start start = { parent, context ? context : &root, tracer, name, options };
    spw_sampling_result result;
    spw__hooks_identify(recorder, out, parent);
    spw__hooks_sample(&engine->hooks, out, &start, &result);
    if (result.decision == SPW_SAMPLING_DROP) {
        spw__bump(&recorder->not_sampled, 1);
        return;
    }
    struct spw__slot *slot = take_slot(recorder);
    if (!slot) {
        if (out->flags & SPW_FLAG_SAMPLED)
            refuse(engine, SPW_DROP_NO_SLOT);
        else
            __atomic_add_fetch(&engine->record_only_no_slot, 1, __ATOMIC_RELAXED);
        return;
    }
    spw__bump(&recorder->started, 1);
    struct rest rest = open_slot(recorder, slot, out, parent, scope_of(engine, tracer), name, options);
    set_rest(engine, out->handle, rest, name, options);
    spw__set_attrs(out->handle, result.attributes, result.attribute_count);
    spw__hooks_started(recorder, out, &start);
}

/* Options of another version: longer ones begin as ours, shorter ones are filled up. Without a size they say nothing. */
static inline bool short_options(const spw_span_options *options)
{
    return __builtin_expect(options && options->struct_size < sizeof *options, 0);
}

static spw_span_options fill_up(const spw_span_options *options)
{
    spw_span_options filled = SPW_SPAN_OPTIONS_INIT;
    memcpy(&filled, options, options->struct_size);
    filled.struct_size = sizeof filled;
    return filled;
}

/* A start that this thread cannot record: counted, unless it is an exporter's own, which is not meant to be recorded. */
static void refuse_start(struct spw__engine *engine, bool reentrant)
{
    spw_drop_cause cause = spw__refusal(reentrant);
    if (cause != SPW_DROP_CAUSES)
        refuse(engine, cause);
}

static void start_with_short(spw_span *out, spw_tracer *tracer, const char *name, size_t name_size, const spw_span_options *options);

void spw__span_start(spw_span *out, spw_tracer *tracer, const char *name, size_t name_size, const spw_span_options *options)
{
    if (short_options(options)) {
        start_with_short(out, tracer, name, name_size, options);
        return;
    }
    const spw_context *context = context_of(options);
    const spw_span *parent = context && is_valid(&context->span) ? &context->span : NULL;
    struct spw__engine *engine = spw__gate_state() & SPW__GATE_STARTED ? spw__engine_current() : NULL;
    if (!engine || (context && spw__values_have(context->values, SPW__VALUES_SUPPRESSED))) {
        carry(out, parent);
        return;
    }
    bool reentrant;
    struct spw__recorder *recorder = spw__enter(engine, &reentrant);
    if (__builtin_expect(!recorder, 0)) {
        carry(out, parent);
        refuse_start(engine, reentrant);
        return;
    }
    const spw_view text = { name, name ? name_size : 0 };
    if (__builtin_expect(!(spw__gate_state() & SPW__GATE_STARTED), 0)) {
        carry(out, parent);
        spw__leave(recorder);
        return;
    }
    if (__builtin_expect(engine->hooks.kinds & SPW__HOOKS_START, 0)) {
        start_hooked(recorder, out, parent, tracer, text, options);
        spw__leave(recorder);
        return;
    }
    struct rest rest = start_recording(recorder, out, parent, scope_of(engine, tracer), text, options);
    spw__leave(recorder);
    if (__builtin_expect(is_rest(&rest, options), 0))
        set_rest(engine, out->handle, rest, text, options);
}

static __attribute__((noinline)) void start_with_short(spw_span *out, spw_tracer *tracer, const char *name, size_t name_size,
                                                       const spw_span_options *options)
{
    spw_span_options filled = fill_up(options);
    spw__span_start(out, tracer, name, name_size, &filled);
}

void spw__scope_start(spw_scope *out, spw_tracer *tracer, const char *name, size_t name_size, const spw_span_options *options)
{
    spw__span_start(&out->span, tracer, name, name_size, options);
    out->token.id = 0;
    const spw_context *parent = options && !short_options(options) ? options->parent : options ? fill_up(options).parent : NULL;
    if (!is_valid(&out->span) && !(parent && parent->values))
        return; /* nothing to carry: the context stays as it is */
    const spw_context *base = parent ? parent : spw__thread_context(spw__self);
    out->token = spw__attach(&out->span, base ? base->values : NULL);
}

/* ---- end ---- */

/* Who closed the log says when: explicit, or start plus elapsed; never before the start. */
static void stamp(struct spw__slot *slot, uint64_t mono, uint64_t end_unix_ns)
{
    uint64_t now = slot->base_unix_ns + (mono > slot->base_mono_ns ? mono - slot->base_mono_ns : 0);
    uint64_t end = end_unix_ns ? end_unix_ns : now;
    slot->end_unix_ns = end > slot->start_unix_ns ? end : slot->start_unix_ns;
    slot->end_mono_ns = mono;
}

/*
 * 31 writers at once: there is no room to be counted with them until the time is noted. They may all be threads that a signal handler has interrupted
 * to end this very span, so nobody may wait for one of them to leave. `exclusive` keeps the span from being finished as well; no compaction has it,
 * because none begins beside so many writers, and none joins them after. False: the word is another by now.
 */
static __attribute__((noinline)) bool end_in_a_crowd(struct spw__engine *engine, struct spw__slot *slot, uint64_t word, uint64_t mono,
                                                     uint64_t end_unix_ns)
{
    if (!__atomic_compare_exchange_n(&slot->word, &word, word | SPW__CLOSED | SPW__EXCLUSIVE, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return false;
    stamp(slot, mono, end_unix_ns);
    word = __atomic_and_fetch(&slot->word, ~SPW__EXCLUSIVE, __ATOMIC_ACQ_REL);
    if (spw__word_last_out(word))
        spw__finish(engine, slot);
    return true;
}

void spw__span_end(uint64_t handle, uint64_t end_unix_ns)
{
    struct spw__engine *engine = spw__engine_current();
    struct spw__slot *slot = spw__slot_of(engine, handle);
    if (!slot || (spw__handle_generation(handle) & SPW__GENERATION_PRIVATE)) /* the processors' own: it is ending already */
        return;
    uint64_t mono = spw__clock_mono(&engine->clock);
    uint64_t word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
    uint64_t want;
    do {
        if (word >> SPW__GENERATION_SHIFT != spw__handle_generation(handle) || (word & SPW__CLOSED))
            return;
        /* Alone: closing makes the slot ours. Otherwise we are one more writer until the time is noted. */
        bool alone = !(word & (SPW__WRITERS_MASK | SPW__EXCLUSIVE));
        want = (word | SPW__CLOSED) + (alone ? 0 : SPW__WRITER);
        if (!alone && (word & SPW__WRITERS_MASK) == SPW__WRITERS_MASK) {
            if (end_in_a_crowd(engine, slot, word, mono, end_unix_ns))
                return;
            word = __atomic_load_n(&slot->word, __ATOMIC_ACQUIRE);
            continue;
        }
        if (__atomic_compare_exchange_n(&slot->word, &word, want, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            break;
    } while (true);
    stamp(slot, mono, end_unix_ns);
    if (!(want & (SPW__WRITERS_MASK | SPW__EXCLUSIVE))) {
        spw__finish(engine, slot);
        return;
    }
    if (__atomic_load_n(&engine->hooks.kinds, __ATOMIC_RELAXED) & (SPW__HOOK_ON_ENDING | SPW__HOOK_ON_END))
        spw__slot_await_writers(slot); /* so that the processors are called on this thread */
    word = __atomic_sub_fetch(&slot->word, SPW__WRITER, __ATOMIC_ACQ_REL);
    if ((word & (SPW__WRITERS_MASK | SPW__EXCLUSIVE)) == 0)
        spw__finish(engine, slot);
}

void spw__scope_end(spw_scope *scope)
{
    if (scope->token.id) {
        spw_context_detach(scope->token);
        scope->token.id = 0;
    }
    if (scope->span.handle) {
        spw__span_end(scope->span.handle, 0);
        scope->span.handle = 0;
    }
}

/* "MUST return false when [...] there are no registered SpanProcessors"; pipelines are such. A sampler that drops everything needs none. */
bool spw__tracer_enabled(spw_tracer *tracer)
{
    (void)tracer;
    const struct spw__engine *engine = spw__engine_current();
    if (!engine)
        return false;
    uint32_t kinds = __atomic_load_n(&engine->hooks.kinds, __ATOMIC_RELAXED);
    bool heard = __atomic_load_n(&engine->lane_mask, __ATOMIC_RELAXED) != 0 || kinds & (SPW__HOOK_ON_START | SPW__HOOK_ON_ENDING | SPW__HOOK_ON_END);
    return heard && !(kinds & SPW__HOOK_NOTHING_SAMPLED);
}
