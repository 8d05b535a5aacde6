/* What a program has put into the options in place of, or beside, the SDK's own: taken over at the start, shut down and destroyed by the SDK. */
#ifndef SPW_SDK_EXTENSIONS_H
#define SPW_SDK_EXTENSIONS_H

#include <spanwire/processor.h>
#include <spanwire/sampler.h>

#include "record/hooks.h"
#include "sdk/config.h"

struct spw__extensions {
    spw_sampler *sampler;                            /* owned; NULL: the default */
    spw_processor *processors[SPW_MAX_PROCESSORS]; /* owned */
    uint32_t processor_count;
    spw_id_generator *ids;  /* borrowed, as the clock */
    const spw_clock *clock;
    bool shut; /* the processors have been shut down */
};

/* Takes them out of a configuration. */
void spw__extensions_take(struct spw__extensions *out, struct spw__config *config);

/* What the engine is to call. */
struct spw__hooks spw__extensions_hooks(const struct spw__extensions *extensions, spw_view resource);

/* Every processor in turn gets what is left of the time; the first result that is not SPW_OK. Shutting down happens once. */
spw_result spw__extensions_flush(struct spw__extensions *extensions, uint32_t timeout_ms);
spw_result spw__extensions_shutdown(struct spw__extensions *extensions, uint32_t timeout_ms);

/* Nobody calls any of them any more. */
void spw__extensions_destroy(struct spw__extensions *extensions);

#endif
