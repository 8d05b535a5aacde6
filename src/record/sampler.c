/* Samplers that need no state of their own, and what the others share. (Specification: Trace SDK, Built-in samplers.) */
#include "sampler.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "thread.h"

/* ---- shared ---- */

const char *spw_sampler_description(const spw_sampler *sampler)
{
    return sampler && sampler->description ? sampler->description : "";
}

void spw_sampler_destroy(spw_sampler *sampler)
{
    if (sampler && sampler->destroy)
        sampler->destroy(sampler);
}

static unsigned concerns; /* atomic */

void spw__sampler_concern(enum spw__concern concern)
{
    if (!(__atomic_load_n(&concerns, __ATOMIC_RELAXED) & (unsigned)concern))
        __atomic_fetch_or(&concerns, (unsigned)concern, __ATOMIC_RELAXED);
}

unsigned spw__sampler_concerns(void)
{
    return __atomic_load_n(&concerns, __ATOMIC_RELAXED) ? __atomic_exchange_n(&concerns, 0, __ATOMIC_RELAXED) : 0;
}

void *spw__sampler_memory(size_t size, const char *description, const char **placed)
{
    size_t text = strlen(description) + 1;
    char *memory = spw_allocate_zeroed(1, size + text);
    if (!memory)
        return NULL;
    memcpy(memory + size, description, text);
    *placed = memory + size;
    return memory;
}

void spw__text_put(struct spw__text *to, const char *part)
{
    size_t size = strlen(part), room = sizeof to->text - 1 - to->size;
    size = size < room ? size : room;
    memcpy(to->text + to->size, part, size);
    to->size += size;
    to->text[to->size] = '\0';
}

void spw__text_put_number(struct spw__text *to, double number)
{
    char digits[40];
    for (int precision = 6; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    for (char *c = digits; *c; c++) /* whatever the locale writes there */
        if (!strchr("0123456789+-einfa", *c))
            *c = '.';
    spw__text_put(to, digits);
}

uint64_t spw__random_56(void)
{
    const struct spw__thread *thread = spw__self;
    uint64_t random;
    if (thread && thread->recorder)
        random = spw__ids_next(&thread->recorder->ids);
    else
        spw__random(&random, sizeof random);
    return random >> 8;
}

/* ---- always on, always off ---- */

static void sample_on(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self;
    (void)input;
    result->decision = SPW_SAMPLING_RECORD_AND_SAMPLE;
}

static void sample_off(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    (void)self;
    (void)input;
    result->decision = SPW_SAMPLING_DROP;
}

spw_sampler *spw_sampler_always_on(void)
{
    static spw_sampler on = { sizeof on, "AlwaysOnSampler", sample_on, NULL };
    return &on;
}

spw_sampler *spw_sampler_always_off(void)
{
    static spw_sampler off = { sizeof off, "AlwaysOffSampler", sample_off, NULL };
    return &off;
}

/* ---- always record ---- */

struct recording {
    spw_sampler base;
    spw_sampler *root;
};

static void sample_recording(spw_sampler *self, const spw_sampling_input *input, spw_sampling_result *result)
{
    spw_sampler *root = ((struct recording *)(void *)self)->root;
    root->sample(root, input, result);
    if (result->decision == SPW_SAMPLING_DROP)
        result->decision = SPW_SAMPLING_RECORD_ONLY;
}

static void destroy_recording(spw_sampler *self)
{
    spw_sampler_destroy(((struct recording *)(void *)self)->root);
    spw_free(self);
}

spw_sampler *spw_sampler_always_record(spw_sampler *root)
{
    struct spw__text text = { .size = 0 };
    const char *description;
    spw__text_put(&text, "AlwaysRecord{");
    spw__text_put(&text, spw_sampler_description(root));
    spw__text_put(&text, "}");
    struct recording *self = root ? spw__sampler_memory(sizeof *self, text.text, &description) : NULL;
    if (!self) {
        spw_sampler_destroy(root);
        return NULL;
    }
    self->base = (spw_sampler){ sizeof self->base, description, sample_recording, destroy_recording };
    self->root = root;
    return &self->base;
}
