/**
 * @file sampler.h
 * Which spans are recorded. (Specification: Trace SDK, Sampling.)
 *
 * Threads    A sampler is asked on the thread that starts a span, by many threads at once: it must be thread-safe, must not block, and,
 *            when spans are started in signal handlers, be async-signal-safe. The built-in samplers are all of that, and allocate nothing
 *            when asked.
 * Ownership  A sampler belongs to whom it is given to: spw_start() takes over the one in spw_options.sampler, a constructor below those it
 *            is built from, in each case also when it fails. Give each object away once; those of spw_sampler_always_on() and the other
 *            functions that say "shared" may be given away any number of times.
 * Failure    A constructor returns NULL when there is no memory or an argument is wrong. NULL handed to a constructor, or in
 *            spw_options.sampler, means the default said there.
 * Inside     A span that a sampler starts itself is dropped and counted `reentrant`; one that it ends likewise. It must not call spw_start(),
 *            spw_flush() or spw_shutdown().
 *
 *     // one in ten of the traces that begin here; children as their parents
 *     options.sampler = spw_sampler_parent_based(spw_sampler_probability(0.1), NULL);
 */
#ifndef SPANWIRE_SAMPLER_H
#define SPANWIRE_SAMPLER_H

#include <spanwire/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the extension point ---- */

typedef enum spw_sampling_decision {
    SPW_SAMPLING_DROP = 0,              /**< not recorded: the span only carries its context */
    SPW_SAMPLING_RECORD_ONLY = 1,       /**< recorded, for processors alone: not flagged as sampled, exported by no pipeline */
    SPW_SAMPLING_RECORD_AND_SAMPLE = 2, /**< recorded, flagged, exported */
} spw_sampling_decision;

/**
 * What is known of a span before it is one. Everything is lent for the call, and may be anything the program has passed. Who calls a sampler or a
 * composable of another begins with SPW_SAMPLING_INPUT_INIT. (Specification: ShouldSample, and beyond it the tracer and the start time.)
 */
typedef struct spw_sampling_input {
    size_t struct_size;
    const spw_context *context; /**< the parent context, for its baggage and values; never NULL */
    const spw_span *parent;     /**< the parent; NULL for a root */
    uint8_t trace_id[16];       /**< the parent's, or the new one */
    uint8_t flags; /**< SPW_FLAG_RANDOM when the trace id's last 7 bytes are said to be random; SPW_FLAG_SAMPLED as the parent's */
    spw_view name;
    spw_span_kind kind;         /**< never SPW_KIND_UNSET */
    const spw_attr *attributes; /**< those given at the start */
    size_t attribute_count;
    const spw_link *links;
    size_t link_count;
    const spw_tracer *tracer; /**< its instrumentation scope, as the library gave it; never NULL, but its name may be (the program's own) */
    uint64_t start_unix_ns;   /**< the start, when one was given; 0: now */
} spw_sampling_input;
#define SPW_SAMPLING_INPUT_INIT                                                                                                            \
    { sizeof(spw_sampling_input), NULL, NULL, { 0 }, 0, { NULL, 0 }, SPW_KIND_INTERNAL, NULL, 0, NULL, 0, NULL, 0 }

/** Attributes a sampler can put together in spw_sampling_result.space. */
#define SPW_MAX_SAMPLING_ATTRIBUTES 16

/** The answer. Comes as DROP, without attributes, with the parent's trace state. (Specification: SamplingResult.) */
typedef struct spw_sampling_result {
    size_t struct_size;
    spw_sampling_decision decision;
    /** The new span's, whatever the decision: a reference as in spw_span, 0: none; spw_trace_state_set() on a copy of the parent makes one. */
    uint32_t trace_state;
    /** Added to the span if it is recorded, after its own; must stay valid until the next call on this thread. */
    const spw_attr *attributes;
    size_t attribute_count;
    spw_attr space[SPW_MAX_SAMPLING_ATTRIBUTES]; /**< room for a list that is put together in the call: point `attributes` here. Not initialised */
} spw_sampling_result;
#define SPW_SAMPLING_RESULT_INIT { sizeof(spw_sampling_result), SPW_SAMPLING_DROP, 0, NULL, 0, { { { NULL, 0 }, { SPW_VALUE_EMPTY, { { NULL, 0 } } } } } }

/** A sampler. Begin with SPW_SAMPLER_INIT; embed it as the first member of your own struct. (Specification: Sampler.) */
typedef struct spw_sampler {
    size_t struct_size;
    const char *description; /**< as `TraceIdRatioBased{0.1}`; lives as long as the sampler */
    /** Decides. See "Threads" above. */
    void (*sample)(struct spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result);
    /** Frees it; no thread is inside any more. NULL: nothing to free. */
    void (*destroy)(struct spw_sampler *self);
} spw_sampler;
#define SPW_SAMPLER_INIT { sizeof(spw_sampler), NULL, NULL, NULL }

/** The sampler's description; "" for NULL. (Specification: GetDescription.) */
SPW_API const char *spw_sampler_description(const spw_sampler *sampler);

/** Frees a sampler that was given to nobody, with those it is built from. NULL is harmless. */
SPW_API void spw_sampler_destroy(spw_sampler *sampler);

/* ---- built in ---- */

/** Records and samples every span. Shared. `AlwaysOnSampler`. */
SPW_API spw_sampler *spw_sampler_always_on(void);

/** Drops every span. Shared. `AlwaysOffSampler`. */
SPW_API spw_sampler *spw_sampler_always_off(void);

/**
 * Samples a share of the traces, 0 to 1, by the trace id alone: those whose last 8 bytes, taken as a big-endian number and shifted right by
 * one, are below ratio x 2^63, as the SDKs of Go and Rust do. Ignores the parent. `TraceIdRatioBased{0.1}`. The specification
 * prefers spw_sampler_probability(), which says in the tracestate how it decided. (Specification: TraceIdRatioBased.)
 */
SPW_API spw_sampler *spw_sampler_trace_id_ratio(double ratio);

/**
 * Samples a share of the traces, 0 or 2^-56 to 1, consistently: a span is kept when its randomness (the tracestate's `ot=rv`, else the
 * trace id's last 7 bytes) is not below a threshold, which is written to the tracestate of sampled spans as `ot=th` with 4 significant
 * hex digits. A ratio above 0 and below 2^-56 counts as 0: `AlwaysOffSampler`. Ignores the parent's sampled flag. `ProbabilitySampler{0.1}`.
 * (Specification: ProbabilitySampler; TraceState: Probability Sampling.)
 */
SPW_API spw_sampler *spw_sampler_probability(double ratio);

/** Whom a parent-based sampler asks for children; NULL: the default in brackets. */
typedef struct spw_parent_samplers {
    size_t struct_size;
    spw_sampler *remote_sampled;     /**< (always on) */
    spw_sampler *remote_not_sampled; /**< (always off) */
    spw_sampler *local_sampled;      /**< (always on) */
    spw_sampler *local_not_sampled;  /**< (always off) */
} spw_parent_samplers;
#define SPW_PARENT_SAMPLERS_INIT                                                                                                           \
    {                                                                                                                                      \
        sizeof(spw_parent_samplers), NULL, NULL, NULL, NULL                                                                                \
    }

/**
 * Asks `root` for roots and, by the parent, one of four others for children. `children` NULL: as the parent was sampled. Takes all of them
 * over. With always_on for roots and the defaults it is the SDK's default, and costs nothing. `ParentBased{root:...}`.
 * NULL for `root` fails: it is what a constructor that failed has returned. (Specification: ParentBased.)
 */
SPW_API spw_sampler *spw_sampler_parent_based(spw_sampler *root, const spw_parent_samplers *children);

/** Asks `root`, and records what that would drop, for the processors to see. `AlwaysRecord{...}`. (Specification: AlwaysRecord.) */
SPW_API spw_sampler *spw_sampler_always_record(spw_sampler *root);

struct spw_clock; /* processor.h */

/**
 * Samples at most so many spans a second (1e-6 to 1e9), spread evenly, after a burst of at most one second's worth and at least one; drops the
 * rest. One compare-and-swap a span, no lock. Below a parent-based sampler it limits traces. The share that is kept is unknown: erases
 * `ot=th` from the tracestate. `clock` NULL: the system's; borrowed as long as the sampler lives. `RateLimitingSampler{100}`.
 */
SPW_API spw_sampler *spw_sampler_rate_limiting(double spans_per_second, const struct spw_clock *clock);

/* ---- composable samplers: they state an intent, a composite decides (Specification: CompositeSampler) ---- */

/** A threshold that no span reaches: drop. Thresholds below are those of `ot=th`, 56 bits: 0 keeps every span. */
#define SPW_THRESHOLD_NEVER (UINT64_C(1) << 56)

/** Makes the outgoing trace state of the decision and the parent's; must leave the member `ot` as it is. */
typedef uint32_t (*spw_trace_state_fn)(void *arg, uint32_t parent_state, spw_sampling_decision decision);

/** What a composable sampler would do. Comes as "never", without attributes. */
typedef struct spw_sampling_intent {
    size_t struct_size;
    uint64_t threshold;           /**< SPW_THRESHOLD_NEVER: drop */
    bool adjusted_count_reliable; /**< whether the threshold tells the probability: then it goes out as `ot=th` */
    size_t list_count;            /**< lists of attributes for the span if it is sampled; see spw_sampling_intent_annotate() */
    struct {
        const spw_attr *attributes;
        size_t count;
    } lists[8];
    spw_trace_state_fn trace_state; /**< NULL: the parent's goes on */
    void *trace_state_arg;
} spw_sampling_intent;
#define SPW_SAMPLING_INTENT_INIT { sizeof(spw_sampling_intent), SPW_THRESHOLD_NEVER, false, 0, { { NULL, 0 } }, NULL, NULL }

/** A composable sampler. Threads and ownership as for spw_sampler. Begin with SPW_COMPOSABLE_INIT; embed it as the first member of your own struct. */
typedef struct spw_composable {
    size_t struct_size;
    const char *description;
    /** States the intent. Must not decide by what the randomness comes from (the trace id, `ot=rv`). */
    void (*intend)(struct spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent);
    void (*destroy)(struct spw_composable *self); /**< NULL: nothing to free */
} spw_composable;
#define SPW_COMPOSABLE_INIT { sizeof(spw_composable), NULL, NULL, NULL }

/** Adds a list of attributes to an intent; borrowed as in spw_sampling_result. False: it holds eight already. */
SPW_API bool spw_sampling_intent_annotate(spw_sampling_intent *intent, const spw_attr *attributes, size_t count);

/** Frees a composable sampler that was given to nobody. NULL is harmless. */
SPW_API void spw_composable_destroy(spw_composable *sampler);

/**
 * The sampler that decides by the delegate's intent. Sampled spans carry the threshold as `ot=th` when it is reliable; all others lose
 * theirs. A new trace whose id is not random (see spw_id_generator) and has no `ot=rv` is given one. Of several lists of attributes at
 * most 16 attributes are taken. `Composite{...}`.
 */
SPW_API spw_sampler *spw_sampler_composite(spw_composable *delegate);

/** Threshold 0. Shared. `ComposableAlwaysOn`. */
SPW_API spw_composable *spw_composable_always_on(void);

/** No threshold. Shared. `ComposableAlwaysOff`. */
SPW_API spw_composable *spw_composable_always_off(void);

/** The threshold of a share of the traces; see spw_sampler_probability(). A ratio of 0 is `ComposableAlwaysOff`. `ComposableProbability{0.1}`. */
SPW_API spw_composable *spw_composable_probability(double ratio);

/**
 * The parent's threshold; without one, 0 when the parent is sampled and none when it is not, unreliable both. Asks `root` for roots.
 * `ComposableParentThreshold{root:...}`.
 */
SPW_API spw_composable *spw_composable_parent_threshold(spw_composable *root);

/** Whether a rule applies. Called as a sampler is. */
typedef bool (*spw_sampling_rule_fn)(void *arg, const spw_sampling_input *input);

typedef struct spw_sampling_rule {
    spw_sampling_rule_fn applies; /**< NULL: always */
    void *arg;                    /**< borrowed as long as the sampler lives */
    spw_composable *sampler;
} spw_sampling_rule;

/** The intent of the first rule that applies, or to drop. Copies the list, at most 1,024 long. `ComposableRuleBased{...}`. */
SPW_API spw_composable *spw_composable_rule_based(const spw_sampling_rule *rules, size_t count);

/** The delegate's intent, and at most 16 attributes, no arrays or maps, for the spans that are sampled. They are copied. `ComposableAnnotating{...}`. */
SPW_API spw_composable *spw_composable_annotating(const spw_attr *attributes, size_t count, spw_composable *delegate);

#ifdef __cplusplus
}
#endif
#endif
