/* A plugin that records: PLUGIN names it. Its tracer, and every string it hands over, is unmapped with it. */
#define SPW_DEFAULT_TRACER tracer
#include <spanwire/trace.h>

#include "consumers/plugin.h"

static spw_tracer tracer = SPW_TRACER_INIT(PLUGIN, "version of " PLUGIN);

/* Not literals of a mergeable section: the bytes are the plugin's own. */
static const char name[] = "work of " PLUGIN;
static const char key[] = "plugin.key", value[] = "value of " PLUGIN;

__attribute__((visibility("default"))) void plugin_work(void)
{
    SPW_SPAN(span, name);
    spw_set(span, key, value);
    spw_add_event(span, "event of " PLUGIN, NULL, 0);
}

__attribute__((visibility("default"))) spw_span plugin_begin(void)
{
    spw_span span = spw_span_start(&tracer, name, NULL);
    spw_set(span, key, value);
    return span;
}
