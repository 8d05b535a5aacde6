/* Private to configuration: its parts, one a file. Each reports what it cannot take and fails as spw__config_load() does. */
#ifndef SPW_SDK_CONFIG_PARTS_H
#define SPW_SDK_CONFIG_PARTS_H

#include "sdk/config.h"

/* "spw_start() takes it over, also when it fails": before anything can fail, so that free destroys every one of them, once. */
spw_result spw__config_adopt(struct spw__config *out, const spw_options *options, spw_error *error);

/* The same for sampler and processors. */
spw_result spw__config_adopt_objects(struct spw__config *out, const spw_options *options, spw_error *error);
void spw__config_objects_free(struct spw__config *config);

/* What the options or, without pipelines there, OTEL_TRACES_EXPORTER ask for. */
spw_result spw__config_pipelines(struct spw__config *out, const spw_options *options, spw_error *error);
void spw__config_pipelines_free(struct spw__config *config);

/* Whether an exporter by name will use the OTLP settings. */
bool spw__config_uses_otlp(const struct spw__config *config);

/* Judges endpoint and protocol, where they are used. */
spw_result spw__config_otlp(struct spw__config *out, spw_error *error);

/* The proxy the endpoint, which was judged, is reached through: of the options, else of the environment. */
spw_result spw__config_proxy(struct spw__config *out, spw_error *error);

/* Judges the propagators and, unless somebody only looks, puts them in force. */
spw_result spw__config_propagators(struct spw__config *out, spw_error *error);

/* Judges the argument and makes the sampler, unless the options brought one. */
spw_result spw__config_sampler(struct spw__config *out, spw_error *error);

/* The merged resource. */
spw_result spw__config_resource(struct spw__config *out, const spw_options *options, spw_error *error);

/* The pinned keys, copied. */
spw_result spw__config_pinned_keys(struct spw__config *out, const spw_options *options, spw_error *error);

/* Variables of OpenTelemetry that nothing here reads. `for_print` NULL: reports those that look like a misspelt name. Else calls it for each
 * one that is set, with what becomes of it. */
typedef void (*spw__unused_fn)(void *arg, const char *name, const char *note);
void spw__config_unused(spw__unused_fn for_print, void *arg);

#endif
