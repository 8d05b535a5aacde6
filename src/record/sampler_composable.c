/* Composable samplers. (Specification: Trace SDK, Built-in ComposableSamplers.) */
#include <spanwire/allocator.h>
#include <string.h>

#include "sampler.h"

#define MAX_RULES 1024u
#define PRECISION 4u /* "SDKs are recommended to use 4 digits of precision by default" */

bool spw_sampling_intent_annotate(spw_sampling_intent *intent, const spw_attr *attributes, size_t count)
{
    if (intent->list_count >= sizeof intent->lists / sizeof *intent->lists)
        return false;
    if (attributes && count) {
        intent->lists[intent->list_count].attributes = attributes;
        intent->lists[intent->list_count++].count = count;
    }
    return true;
}

void spw_composable_destroy(spw_composable *sampler)
{
    if (sampler && sampler->destroy)
        sampler->destroy(sampler);
}

static const char *description_of(const spw_composable *sampler)
{
    return sampler && sampler->description ? sampler->description : "";
}

static void destroy_plain(spw_composable *self)
{
    spw_free(self);
}

/* ---- always on, always off, a share ---- */

static void intend_on(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    (void)self;
    (void)input;
    intent->threshold = 0;
    intent->adjusted_count_reliable = true;
}

static void intend_off(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    (void)self;
    (void)input;
    intent->threshold = SPW_THRESHOLD_NEVER;
    intent->adjusted_count_reliable = false;
}

spw_composable *spw_composable_always_on(void)
{
    static spw_composable on = { sizeof on, "ComposableAlwaysOn", intend_on, NULL };
    return &on;
}

spw_composable *spw_composable_always_off(void)
{
    static spw_composable off = { sizeof off, "ComposableAlwaysOff", intend_off, NULL };
    return &off;
}

struct share {
    spw_composable base;
    uint64_t threshold;
};

static void intend_share(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    (void)input;
    intent->threshold = ((struct share *)(void *)self)->threshold;
    intent->adjusted_count_reliable = true;
}

spw_composable *spw_composable_probability(double ratio)
{
    if (!(ratio >= 0 && ratio <= 1))
        return NULL;
    uint64_t threshold = spw__threshold_of(ratio, PRECISION);
    if (threshold == SPW_THRESHOLD_NEVER)
        return spw_composable_always_off();
    struct spw__text text = { .size = 0 };
    const char *description;
    spw__text_put(&text, "ComposableProbability{");
    spw__text_put_number(&text, ratio);
    spw__text_put(&text, "}");
    struct share *self = spw__sampler_memory(sizeof *self, text.text, &description);
    if (!self)
        return NULL;
    self->base = (spw_composable){ sizeof self->base, description, intend_share, destroy_plain };
    self->threshold = threshold;
    return &self->base;
}

/* ---- samplers with delegates ---- */

struct decorator {
    spw_composable base;
    spw_composable *delegate;
    spw_attr *attributes; /* ComposableAnnotating: owned, with their strings */
    size_t count;
};

/*
 * "Returns the parent's threshold if available; otherwise, if the parent's sampled flag is set, returns threshold=0; otherwise [...] no
 * threshold is returned. Sets adjusted_count_reliable to match the parent's reliability, which is true if the parent had a threshold."
 */
static void intend_parent(spw_composable *self, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    spw_composable *root = ((struct decorator *)(void *)self)->delegate;
    if (!input->parent) {
        root->intend(root, input, intent);
        return;
    }
    struct spw__ot ot;
    spw__ot_read(input->parent->trace_state, &ot);
    intent->adjusted_count_reliable = ot.has_threshold;
    if (ot.has_threshold)
        intent->threshold = ot.threshold;
    else
        intent->threshold = input->parent->flags & SPW_FLAG_SAMPLED ? 0 : SPW_THRESHOLD_NEVER;
}

static void intend_annotating(spw_composable *base, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    struct decorator *self = (struct decorator *)(void *)base;
    self->delegate->intend(self->delegate, input, intent);
    (void)spw_sampling_intent_annotate(intent, self->attributes, self->count);
}

static void destroy_decorator(spw_composable *base)
{
    struct decorator *self = (struct decorator *)(void *)base;
    spw_composable_destroy(self->delegate);
    spw_free(self->attributes);
    spw_free(self);
}

static struct decorator *decorate(const char *name, spw_composable *delegate,
                                  void (*intend)(spw_composable *, const spw_sampling_input *, spw_sampling_intent *))
{
    struct spw__text text = { .size = 0 };
    const char *description;
    spw__text_put(&text, name);
    spw__text_put(&text, description_of(delegate));
    spw__text_put(&text, "}");
    struct decorator *self = delegate ? spw__sampler_memory(sizeof *self, text.text, &description) : NULL;
    if (!self) {
        spw_composable_destroy(delegate);
        return NULL;
    }
    self->base = (spw_composable){ sizeof self->base, description, intend, destroy_decorator };
    self->delegate = delegate;
    return self;
}

spw_composable *spw_composable_parent_threshold(spw_composable *root)
{
    struct decorator *self = decorate("ComposableParentThreshold{root:", root, intend_parent);
    return self ? &self->base : NULL;
}

/* ---- attributes of the decorator ---- */

static bool is_text(const spw_value *value)
{
    return value->type == SPW_VALUE_STRING || value->type == SPW_VALUE_BYTES;
}

static bool is_scalar(const spw_value *value)
{
    return is_text(value) || value->type == SPW_VALUE_BOOL || value->type == SPW_VALUE_INT || value->type == SPW_VALUE_DOUBLE ||
           value->type == SPW_VALUE_EMPTY;
}

/* Moves the bytes of a view behind the list. */
static void move(spw_view *view, char **to)
{
    if (!view->data)
        view->size = 0;
    if (view->size)
        memcpy(*to, view->data, view->size);
    view->data = *to;
    *to += view->size;
}

/* The list and all its strings in one piece of memory; NULL: no memory, or a value that is a tree. */
static spw_attr *copy_attributes(const spw_attr *from, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_scalar(&from[i].value))
            return NULL;
        bytes += from[i].key.size + (is_text(&from[i].value) ? from[i].value.u.view.size : 0);
    }
    spw_attr *copy = spw_allocate(count * sizeof *copy + bytes);
    if (!copy)
        return NULL;
    memcpy(copy, from, count * sizeof *copy);
    char *to = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        move(&copy[i].key, &to);
        if (is_text(&copy[i].value))
            move(&copy[i].value.u.view, &to);
    }
    return copy;
}

spw_composable *spw_composable_annotating(const spw_attr *attributes, size_t count, spw_composable *delegate)
{
    struct decorator *self = decorate("ComposableAnnotating{", delegate, intend_annotating);
    if (!self || !count)
        return self ? &self->base : NULL;
    self->attributes = attributes && count <= 16 ? copy_attributes(attributes, count) : NULL;
    self->count = count;
    if (!self->attributes) {
        destroy_decorator(&self->base);
        return NULL;
    }
    return &self->base;
}

/* ---- rules ---- */

struct rule_based {
    spw_composable base;
    size_t count;
    spw_sampling_rule rules[];
};

static void intend_rules(spw_composable *base, const spw_sampling_input *input, spw_sampling_intent *intent)
{
    struct rule_based *self = (struct rule_based *)(void *)base;
    for (size_t i = 0; i < self->count; i++) {
        const spw_sampling_rule *rule = &self->rules[i];
        if (!rule->applies || rule->applies(rule->arg, input)) {
            rule->sampler->intend(rule->sampler, input, intent);
            return;
        }
    }
    intend_off(NULL, input, intent);
}

static void destroy_rules(spw_composable *base)
{
    struct rule_based *self = (struct rule_based *)(void *)base;
    for (size_t i = 0; i < self->count; i++)
        spw_composable_destroy(self->rules[i].sampler);
    spw_free(self);
}

static bool complete(const spw_sampling_rule *rules, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= rules[i].sampler != NULL;
    return all;
}

spw_composable *spw_composable_rule_based(const spw_sampling_rule *rules, size_t count)
{
    if (!rules)
        count = 0;
    struct spw__text text = { .size = 0 };
    const char *description;
    spw__text_put(&text, "ComposableRuleBased{");
    for (size_t i = 0; i < count; i++) {
        spw__text_put(&text, i ? "," : "");
        spw__text_put(&text, description_of(rules[i].sampler));
    }
    spw__text_put(&text, "}");
    bool usable = count <= MAX_RULES && complete(rules, count);
    struct rule_based *self = usable ? spw__sampler_memory(sizeof *self + count * sizeof *rules, text.text, &description) : NULL;
    if (!self) {
        for (size_t i = 0; i < count; i++)
            spw_composable_destroy(rules[i].sampler);
        return NULL;
    }
    self->base = (spw_composable){ sizeof self->base, description, intend_rules, destroy_rules };
    self->count = count;
    if (count)
        memcpy(self->rules, rules, count * sizeof *rules);
    return &self->base;
}
