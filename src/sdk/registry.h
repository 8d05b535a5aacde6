/* The registry of exporters by name; public half in spanwire/exporter.h. Thread-safe (a mutex; never used while recording). */
#ifndef SPW_SDK_REGISTRY_H
#define SPW_SDK_REGISTRY_H

#include <spanwire/exporter.h>

/* Makes the exporter of that name; NULL and *error (naming the known ones) when there is none or its factory refuses. */
spw_exporter *spw__exporter_make(const char *name, const spw_exporter_settings *settings, spw_error *error);

/* Whether there is one of that name. */
bool spw__exporter_is_known(spw_view name);

#endif
