/* What the built-in samplers share. */
#ifndef SPW_RECORD_SAMPLER_H
#define SPW_RECORD_SAMPLER_H

#include <spanwire/sampler.h>
#include <stddef.h>

#define SPW__DESCRIPTION_MAX 1024u

/* Whether it is the SDK's default in all but name: parent-based, always on. The engine then asks nobody. */
SPW_API bool spw__sampler_is_default(const spw_sampler *sampler);

/* Zeroed memory for a sampler of `size` bytes and, behind it, its description. NULL: no memory. spw_free() frees both. */
void *spw__sampler_memory(size_t size, const char *description, const char **placed);

/* A description in parts, cut at SPW__DESCRIPTION_MAX. */
struct spw__text {
    char text[SPW__DESCRIPTION_MAX];
    size_t size;
};
void spw__text_put(struct spw__text *to, const char *part);

/* The shortest decimal that reads as this number again, with a point whatever the locale. */
void spw__text_put_number(struct spw__text *to, double number);

/* 56 random bits, from this thread's generator where it has one. */
uint64_t spw__random_56(void);

/* What a sampler has met that its user should hear of. Recording calls say nothing: the worker takes them and does. */
enum spw__concern {
    SPW__RATIO_OF_A_CHILD = 1,      /* TraceIdRatioBased has decided for a span with a parent */
    SPW__RANDOMNESS_PRESUMED = 2, /* a probability sampler has, by a trace id that nobody calls random */
};
void spw__sampler_concern(enum spw__concern concern);

/* Those since the last call, of any thread; by a load when there are none. */
SPW_API unsigned spw__sampler_concerns(void);

/* ---- the member `ot` of a tracestate (Specification: TraceState Handling) ---- */

struct spw__ot {
    bool has_threshold, has_randomness;
    uint64_t threshold, randomness;
    char others[257]; /* the other keys, as they came, joined by `;` */
    size_t others_size;
};

/* What `ot` says; what is malformed of `th` and `rv` is as if it were not there. */
void spw__ot_read(uint32_t trace_state, struct spw__ot *out);

/* The trace state with `ot` as it is now, first in the list. When it does not fit, the other keys of `ot` go. */
uint32_t spw__ot_write(uint32_t trace_state, const struct spw__ot *ot);

/* The trace state without `th`; the same reference when there was none. */
uint32_t spw__ot_without_threshold(uint32_t trace_state);

/* The rejection threshold of a probability, rounded to so many significant digits; SPW_THRESHOLD_NEVER below 2^-56. */
uint64_t spw__threshold_of(double probability, unsigned precision);

/* `th`'s hex digits without trailing zeros, terminated. */
void spw__threshold_format(uint64_t threshold, char out[15]);

#endif
