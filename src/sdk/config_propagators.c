/* The propagators that the options or OTEL_PROPAGATORS name. They hold for a disabled SDK, too. */
#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/diag.h"

void spw__config_propagators(const struct spw__config *config)
{
    static const char *const tracecontext_only[] = { "tracecontext", NULL };
    static const char *const baggage[] = { "baggage", NULL };
    const struct spw__source *source = &config->sources[SPW__SET_PROPAGATORS];
    const char *list = config->propagators;
    bool tracecontext = false;
    spw_view item;
    if (source->origin == SPW__FROM_DEFAULT)
        return;
    while (spw__list_next(&list, &item)) {
        int size = item.size > 40 ? 40 : (int)item.size;
        if (spw__choose(tracecontext_only, item.data, item.size))
            tracecontext = true;
        else
            spw__diag(spw__choose(baggage, item.data, item.size) ? SPW_LOG_INFO : SPW_LOG_WARN,
                      "%s: %.*s is not available in this version; tracecontext is what exists", source->name, size, item.data);
    }
    if (!tracecontext)
        spw__diag(SPW_LOG_WARN, "%s leaves out tracecontext: spw_inject() and spw_extract() use it all the same", source->name);
}
