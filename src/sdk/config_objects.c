/* The objects in the options: taken over before anything can fail, so that each is destroyed once whatever happens. */
#include <string.h>

#include "sdk/config_parts.h"
#include "sdk/diag.h"

static void destroy_processor(const struct spw__config *config, spw_processor *processor)
{
    if (!config->borrowed && processor && processor->destroy)
        processor->destroy(processor);
}

static bool owns(const struct spw__config *config, const spw_processor *processor)
{
    for (size_t i = 0; i < config->processor_count; i++) {
        if (config->processors[i] == processor)
            return true;
    }
    return false;
}

/* Those that nobody will run. */
static void destroy_rest(const struct spw__config *config, const spw_options *options, size_t from)
{
    for (size_t i = from; i < options->processor_count; i++) {
        bool again = owns(config, options->processors[i]);
        for (size_t j = from; j < i; j++)
            again |= options->processors[j] == options->processors[i];
        if (!again)
            destroy_processor(config, options->processors[i]);
    }
}

static spw_result adopt_processors(struct spw__config *out, const spw_options *options, spw_error *error)
{
    spw_result result = SPW_OK;
    if (options->processor_count && !options->processors)
        return spw__fail(error, SPW_ERR_INVALID, "processor_count is set, but processors is NULL");
    for (size_t i = 0; i < options->processor_count && i < SPW_MAX_PROCESSORS; i++) {
        spw_processor *processor = options->processors[i];
        if (!processor)
            result = spw__fail(error, SPW_ERR_INVALID, "processors[%zu] is NULL", i);
        else if (owns(out, processor))
            result = spw__fail(error, SPW_ERR_INVALID, "processors[%zu] is there twice; make one for each", i);
        else
            out->processors[out->processor_count++] = processor;
    }
    if (options->processor_count <= SPW_MAX_PROCESSORS)
        return result;
    destroy_rest(out, options, SPW_MAX_PROCESSORS);
    return spw__fail(error, SPW_ERR_INVALID, "%zu processors; %d are possible", options->processor_count, SPW_MAX_PROCESSORS);
}

spw_result spw__config_adopt_objects(struct spw__config *out, const spw_options *options, spw_error *error)
{
    out->sampler = options->sampler;
    out->id_generator = options->id_generator;
    out->clock = options->clock;
    spw_result result = adopt_processors(out, options, error);
    if (result == SPW_OK && out->sampler && !out->sampler->sample)
        return spw__fail(error, SPW_ERR_INVALID, "the sampler has no sample function");
    if (result == SPW_OK && out->clock && (!out->clock->unix_ns || !out->clock->mono_ns))
        return spw__fail(error, SPW_ERR_INVALID, "the clock lacks unix_ns or mono_ns");
    return result;
}

void spw__config_objects_free(struct spw__config *config)
{
    if (config->sampler && (!config->borrowed || config->sampler_made))
        spw_sampler_destroy(config->sampler);
    config->sampler = NULL;
    for (size_t i = 0; i < config->processor_count; i++)
        destroy_processor(config, config->processors[i]);
    config->processor_count = 0;
}
