/* The objects in the options: taken over before anything can fail, so that each is destroyed once whatever happens. */
#include <string.h>

#include "sdk/config_parts.h"
#include "sdk/diag.h"

static void destroy_processor(const struct spw__config *config, spw_processor *processor)
{
    if (!config->borrowed && processor && processor->struct_size >= sizeof *processor && processor->destroy)
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
        else if (processor->struct_size < sizeof *processor)
            result = spw__fail(error, SPW_ERR_INVALID, "processors[%zu].struct_size is wrong; begin with SPW_PROCESSOR_INIT", i);
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
    const spw_sampler *sampler = options->sampler;
    const spw_id_generator *ids = options->id_generator;
    const spw_clock *clock = options->clock;
    spw_result result = adopt_processors(out, options, error);
    if (sampler && sampler->struct_size < sizeof *sampler)
        return spw__fail(error, SPW_ERR_INVALID, "sampler->struct_size is wrong; begin with SPW_SAMPLER_INIT");
    out->sampler = options->sampler;
    out->id_generator = options->id_generator;
    out->clock = options->clock;
    if (result != SPW_OK)
        return result;
    if (sampler && !sampler->sample)
        return spw__fail(error, SPW_ERR_INVALID, "the sampler has no sample function");
    if (ids && ids->struct_size < sizeof *ids)
        return spw__fail(error, SPW_ERR_INVALID, "id_generator->struct_size is wrong; begin with SPW_ID_GENERATOR_INIT");
    if (clock && clock->struct_size < sizeof *clock)
        return spw__fail(error, SPW_ERR_INVALID, "clock->struct_size is wrong; begin with SPW_CLOCK_INIT");
    if (clock && (!clock->unix_ns || !clock->mono_ns))
        return spw__fail(error, SPW_ERR_INVALID, "the clock lacks unix_ns or mono_ns");
    return SPW_OK;
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
