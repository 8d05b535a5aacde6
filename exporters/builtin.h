/* The factories of the built-in exporters, as exporters/builtin.c registers them. Each does no I/O; see spw_exporter_factory_fn. */
#ifndef SPW_EXPORTERS_BUILTIN_H
#define SPW_EXPORTERS_BUILTIN_H

#include <spanwire/exporter.h>

spw_exporter *spw__otlp_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error);
spw_exporter *spw__console_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error);
spw_exporter *spw__file_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error);
spw_exporter *spw__stdout_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error);
spw_exporter *spw__memory_exporter_make(void *arg, const spw_exporter_settings *settings, spw_error *error);

#endif
