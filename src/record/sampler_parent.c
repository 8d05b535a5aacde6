/* Children as their parents. (Specification: Trace SDK, ParentBased.) */
#include <spanwire/allocator.h>
#include <string.h>

#include "sampler.h"

enum { ROOT, REMOTE_SAMPLED, REMOTE_NOT_SAMPLED, LOCAL_SAMPLED, LOCAL_NOT_SAMPLED, CASES };

static const char *const labels[CASES] = { "root:", ",remoteParentSampled:", ",remoteParentNotSampled:", ",localParentSampled:",
                                           ",localParentNotSampled:" };

struct parent_based {
    spw_sampler base;
    spw_sampler *of[CASES];
};

static void sample(spw_sampler *base, const spw_sampling_input *input, spw_sampling_result *result)
{
    const spw_span *parent = input->parent;
    int number = ROOT;
    if (parent)
        number = (parent->is_remote ? REMOTE_SAMPLED : LOCAL_SAMPLED) + (parent->flags & SPW_FLAG_SAMPLED ? 0 : 1);
    spw_sampler *asked = ((struct parent_based *)(void *)base)->of[number];
    asked->sample(asked, input, result);
}

static void destroy(spw_sampler *base)
{
    struct parent_based *self = (struct parent_based *)(void *)base;
    for (int i = 0; i < CASES; i++)
        spw_sampler_destroy(self->of[i]);
    spw_free(self);
}

bool spw__sampler_is_default(const spw_sampler *sampler)
{
    if (!sampler)
        return true;
    if (sampler->sample != sample)
        return false;
    const struct parent_based *self = (const struct parent_based *)(const void *)sampler;
    for (int i = 0; i < CASES; i++)
        if (self->of[i] != (i == REMOTE_NOT_SAMPLED || i == LOCAL_NOT_SAMPLED ? spw_sampler_always_off() : spw_sampler_always_on()))
            return false;
    return true;
}

spw_sampler *spw_sampler_parent_based(spw_sampler *root, const spw_parent_samplers *children)
{
    spw_parent_samplers given = SPW_PARENT_SAMPLERS_INIT;
    if (children)
        memcpy(&given, children, children->struct_size < sizeof given ? children->struct_size : sizeof given);
    spw_sampler *const of[CASES] = {
        [ROOT] = root,
        [REMOTE_SAMPLED] = given.remote_sampled ? given.remote_sampled : spw_sampler_always_on(),
        [REMOTE_NOT_SAMPLED] = given.remote_not_sampled ? given.remote_not_sampled : spw_sampler_always_off(),
        [LOCAL_SAMPLED] = given.local_sampled ? given.local_sampled : spw_sampler_always_on(),
        [LOCAL_NOT_SAMPLED] = given.local_not_sampled ? given.local_not_sampled : spw_sampler_always_off(),
    };
    struct spw__text text = { .size = 0 };
    const char *description;
    spw__text_put(&text, "ParentBased{");
    for (int i = 0; i < CASES; i++) {
        spw__text_put(&text, labels[i]);
        spw__text_put(&text, spw_sampler_description(of[i]));
    }
    spw__text_put(&text, "}");
    struct parent_based *self = root ? spw__sampler_memory(sizeof *self, text.text, &description) : NULL;
    if (!self) {
        for (int i = 0; i < CASES; i++)
            spw_sampler_destroy(of[i]);
        return NULL;
    }
    self->base = (spw_sampler){ sizeof self->base, description, sample, destroy };
    memcpy(self->of, of, sizeof of);
    return &self->base;
}
