#include "sdk/extensions.h"

#include <string.h>

#include "record/platform.h"
#include "record/sampler.h"
#include "sdk/batch.h"

void spw__extensions_take(struct spw__extensions *out, struct spw__config *config)
{
    *out = (struct spw__extensions){ .sampler = config->sampler,
                                     .processor_count = (uint32_t)config->processor_count,
                                     .ids = config->id_generator,
                                     .clock = config->clock };
    memcpy(out->processors, config->processors, config->processor_count * sizeof *config->processors);
    config->sampler = NULL;
    config->processor_count = 0;
}

struct spw__hooks spw__extensions_hooks(const struct spw__extensions *extensions, spw_view resource)
{
    struct spw__hooks hooks = {
        .processor_count = extensions->processor_count,
        .sampler = spw__sampler_is_default(extensions->sampler) ? NULL : extensions->sampler,
        .ids = extensions->ids,
        .read = spw__batch_read_record,
        .resource = spw__resource_attributes(resource),
    };
    memcpy(hooks.processors, extensions->processors, sizeof hooks.processors);
    return hooks;
}

/* ---- flush, shutdown, the end ---- */

typedef spw_result (*call_fn)(spw_processor *processor, uint32_t timeout_ms);

static spw_result call_flush(spw_processor *processor, uint32_t timeout_ms)
{
    return processor->flush ? processor->flush(processor, timeout_ms) : SPW_OK;
}

static spw_result call_shutdown(spw_processor *processor, uint32_t timeout_ms)
{
    return processor->shutdown ? processor->shutdown(processor, timeout_ms) : SPW_OK;
}

static spw_result call_each(struct spw__extensions *extensions, uint32_t timeout_ms, call_fn call)
{
    uint64_t begun = spw__mono_ns();
    spw_result result = SPW_OK;
    for (uint32_t i = 0; i < extensions->processor_count; i++) {
        uint64_t spent = (spw__mono_ns() - begun) / 1000000;
        spw_result one = call(extensions->processors[i], spent < timeout_ms ? timeout_ms - (uint32_t)spent : 0);
        result = result == SPW_OK ? one : result;
    }
    return result;
}

spw_result spw__extensions_flush(struct spw__extensions *extensions, uint32_t timeout_ms)
{
    return call_each(extensions, timeout_ms, call_flush);
}

spw_result spw__extensions_shutdown(struct spw__extensions *extensions, uint32_t timeout_ms)
{
    if (extensions->shut)
        return SPW_OK;
    extensions->shut = true;
    return call_each(extensions, timeout_ms, call_shutdown);
}

void spw__extensions_destroy(struct spw__extensions *extensions)
{
    for (uint32_t i = 0; i < extensions->processor_count; i++)
        if (extensions->processors[i]->destroy)
            extensions->processors[i]->destroy(extensions->processors[i]);
    spw_sampler_destroy(extensions->sampler);
    *extensions = (struct spw__extensions){ .shut = true };
}
