/* What a plugin exports. */
#ifndef CONSUMERS_PLUGIN_H
#define CONSUMERS_PLUGIN_H

#include <spanwire/context.h>

typedef void plugin_work_fn(void);
typedef spw_span plugin_begin_fn(void);

plugin_work_fn plugin_work;   /* records a span */
plugin_begin_fn plugin_begin; /* starts one that somebody else ends, perhaps when the plugin is gone */

#endif
