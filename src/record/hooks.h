/*
 * What a program has put into the way of a span: a sampler, an id generator, processors. The engine has one such set a session; nothing of it
 * is looked at while `kinds` is 0. The objects stay alive as long as any thread is marked busy (see spw__engine_close()).
 */
#ifndef SPW_RECORD_HOOKS_H
#define SPW_RECORD_HOOKS_H

#include <spanwire/processor.h>
#include <spanwire/sampler.h>

enum {
    SPW__HOOK_SAMPLER = 1, /* not the default one */
    SPW__HOOK_IDS = 2,
    SPW__HOOK_ON_START = 4,
    SPW__HOOK_ON_ENDING = 8,
    SPW__HOOK_ON_END = 16,
    SPW__HOOK_NOTHING_SAMPLED = 32, /* the sampler is always_off */
};
#define SPW__HOOKS_START (SPW__HOOK_SAMPLER | SPW__HOOK_IDS | SPW__HOOK_ON_START)
#define SPW__HOOKS_END (SPW__HOOK_SAMPLER | SPW__HOOK_ON_ENDING | SPW__HOOK_ON_END) /* the sampler's: some spans are recorded only */

struct spw__engine;
struct spw__recorder;
struct spw__slot;

struct spw__hooks {
    uint32_t kinds; /* SPW__HOOK_*; worked out by spw__hooks_set() */
    uint32_t processor_count;
    spw_sampler *sampler; /* NULL: parent-based, always on */
    spw_id_generator *ids;
    spw_processor *processors[SPW_MAX_PROCESSORS];
    /* Views a record with its scope. The reader belongs to libspanwire-sdk, with the exporters it is for; who starts processors has that library
     * and lends it. */
    bool (*read)(struct spw__engine *engine, const uint8_t *record, uint32_t length, uint32_t scope, spw_span_view *out);
    spw_attr_iter resource; /* for those views */
};

/* Copies the set and works out what of it is to be called. */
void spw__hooks_set(struct spw__hooks *to, const struct spw__hooks *from);

/* A span about to be started. */
struct spw__start {
    const spw_span *parent; /* NULL: a root */
    const spw_context *context;
    const spw_tracer *tracer; /* NULL: the program's own */
    spw_view name;
    const spw_span_options *options;
};

/* Ids and flags of a new span, by the generator where there is one; the trace state is the parent's. */
void spw__hooks_identify(struct spw__recorder *recorder, spw_span *span, const spw_span *parent);

/* Asks the sampler: sets the span's sampled flag and trace state by its answer. Without a sampler as the default one decides. */
void spw__hooks_sample(const struct spw__hooks *hooks, spw_span *span, const struct spw__start *start, spw_sampling_result *result);

/* Tells the processors of a span that has just been opened. */
void spw__hooks_started(struct spw__recorder *recorder, const spw_span *span, const struct spw__start *start);

/* A slot that is closed and nobody writes to: lets the processors change the span once more. False: somebody else finishes it. */
bool spw__hooks_ending(struct spw__recorder *recorder, struct spw__slot *slot);

#define SPW__SCRATCH_SIZE ((1u << 20) + 4096u) /* SPW__MAX_SPAN_BYTES of log, and the head, counts and frame */

/* Room for one record on this thread, SPW__SCRATCH_SIZE bytes; NULL: no memory. */
uint8_t *spw__hooks_scratch(struct spw__recorder *recorder);

/* Shows the processors the record in the scratch. */
void spw__hooks_ended(struct spw__recorder *recorder, uint32_t length, uint32_t scope);

static inline spw_span_kind spw__kind_of(const spw_span_options *options)
{
    return options && options->kind > SPW_KIND_UNSET && options->kind <= SPW_KIND_CONSUMER ? options->kind : SPW_KIND_INTERNAL;
}

#endif
