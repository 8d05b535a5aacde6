/*
 * The tokens a span used, by the conventions for generative AI: usage is summed over inference spans only, as agents' spans repeat the
 * totals of what they called.
 *
 * Ownership: nothing is kept. Threads: pure. Failure: none. Limits: counts below zero are none.
 */
#ifndef SPWV_TOKENS_H
#define SPWV_TOKENS_H

#include "otlp.h"

struct spwv_tokens {
    int64_t input;
    int64_t output;
};

/* Zeros unless gen_ai.operation.name is chat, text_completion, generate_content or embeddings. */
struct spwv_tokens spwv_tokens_of(const struct spwv_span *span);

#endif
