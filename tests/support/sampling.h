/* Asking samplers directly, and samplers that say what became of them. */
#ifndef TESTS_SAMPLING_H
#define TESTS_SAMPLING_H

#include <spanwire/sampler.h>

/* A parent of a trace whose id ends in what sampling_ask() is given. */
spw_span sampling_parent(bool remote, bool sampled);

/* What the sampler says to a span named `span` in a trace whose id's last 8 bytes are `low`. */
spw_sampling_result sampling_ask(spw_sampler *sampler, const spw_span *parent, uint64_t low);

/* The same for a root whose trace id is not said to be random. */
spw_sampling_result sampling_ask_not_random(spw_sampler *sampler, uint64_t low);

/* A fixed sequence of 64-bit numbers; *seed is its state. */
uint64_t sampling_random(uint64_t *seed);

/* Counts what is done to it. In the test's storage: being destroyed is only noted. */
typedef struct sampling_probe {
    spw_sampler base;
    spw_sampling_decision decision;
    int asked, destroyed; /* atomic */
} sampling_probe;
void sampling_probe_init(sampling_probe *self, spw_sampling_decision decision);

/* The text of a trace state, in static storage that the next call overwrites. */
const char *sampling_state_text(uint32_t trace_state);

/* A trace state of that text. */
uint32_t sampling_state(const char *text);

#endif
