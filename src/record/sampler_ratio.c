/* Samplers by a number: a share of the traces, spans a second. (Specification: Trace SDK, TraceIdRatioBased.) */
#include <spanwire/allocator.h>
#include <spanwire/processor.h>

#include "platform.h"
#include "sampler.h"

/* `memory` begins with the sampler; NULL: there was none. */
static spw_sampler *make(void *memory, const char *description,
                         void (*sample)(spw_sampler *, const spw_sampling_input *, spw_sampling_result *), void (*destroy)(spw_sampler *))
{
    spw_sampler *base = memory;
    if (!base)
        return NULL;
    *base = (spw_sampler){ sizeof *base, description, sample, destroy };
    return base;
}

static void destroy_plain(spw_sampler *self)
{
    spw_free(self);
}

/* ---- a share of the traces ---- */

struct ratio {
    spw_sampler base;
    uint64_t bound; /* 63 bits; all are below 2^63 */
};

/* "implementations MUST use a deterministic hash of the TraceId": the id's last 63 bits are that. */
static void sample_ratio(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    uint64_t id = 0;
    if (input->parent) /* "when it is used not as a root sampler, the SDK SHOULD emit a warning" */
        spw__sampler_concern(SPW__RATIO_OF_A_CHILD);
    for (int i = 8; i < 16; i++)
        id = id << 8 | input->trace_id[i];
    bool taken = id >> 1 < ((struct ratio *)(void *)self)->bound;
    result->decision = taken ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP;
}

spw_sampler *spw_sampler_trace_id_ratio(double ratio)
{
    if (!(ratio >= 0 && ratio <= 1))
        return NULL;
    struct spw__text text = { .size = 0 };
    const char *description = NULL;
    spw__text_put(&text, "TraceIdRatioBased{");
    spw__text_put_number(&text, ratio);
    spw__text_put(&text, "}");
    struct ratio *self = spw__sampler_memory(sizeof *self, text.text, &description);
    if (self)
        self->bound = (uint64_t)(ratio * 0x1p63); /* exactly 2^63 for 1 */
    return make(self, description, sample_ratio, destroy_plain);
}

/* ---- so many a second ---- */

/*
 * A token bucket as one number: the time at which it would be full again. A span adds one interval; it is taken while that time lies no
 * further ahead than a full bucket takes to fill.
 */
struct rate {
    spw_sampler base;
    const spw_clock *clock;
    uint64_t interval_ns;
    uint64_t burst_ns;
    uint64_t full_at; /* atomic; mono ns */
};

static bool take_token(struct rate *self)
{
    uint64_t now = self->clock ? self->clock->mono_ns(self->clock) : spw__mono_ns();
    uint64_t full_at = __atomic_load_n(&self->full_at, __ATOMIC_RELAXED), next;
    do {
        uint64_t from = full_at > now ? full_at : now;
        next = from + self->interval_ns;
        if (next - now > self->burst_ns)
            return false;
    } while (!__atomic_compare_exchange_n(&self->full_at, &full_at, next, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

/* "Sampling stages that yield spans with unknown sampling probability [...] must erase the OpenTelemetry threshold value in their output." */
static void sample_rate(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)input;
    result->decision = take_token((struct rate *)(void *)self) ? SPW_SAMPLING_RECORD_AND_SAMPLE : SPW_SAMPLING_DROP;
    result->trace_state = spw__ot_without_threshold(result->trace_state);
}

spw_sampler *spw_sampler_rate_limiting(double spans_per_second, const struct spw_clock *clock)
{
    if (!(spans_per_second >= 1e-6 && spans_per_second <= 1e9)) /* one in eleven days; one a nanosecond */
        return NULL;
    struct spw__text text = { .size = 0 };
    const char *description = NULL;
    spw__text_put(&text, "RateLimitingSampler{");
    spw__text_put_number(&text, spans_per_second);
    spw__text_put(&text, "}");
    struct rate *self = spw__sampler_memory(sizeof *self, text.text, &description);
    if (self) {
        self->clock = clock;
        self->interval_ns = (uint64_t)(1e9 / spans_per_second);
        self->burst_ns = self->interval_ns > 1000000000u ? self->interval_ns : 1000000000u;
    }
    return make(self, description, sample_rate, destroy_plain);
}
