/**
 * @file config.h
 * What is configured, and by whom: every setting of spw_start() with its value and its source. (Specification: Configuration, SDK; the names
 * are those of the declarative configuration schema 1.1.)
 *
 * Threads    Any, also beside a running SDK, which it does not touch. Reads the environment: not while another thread changes it.
 * Ownership  Options are borrowed for the call; objects in them stay the caller's.
 * Failure    What spw_start() would warn about or refuse is an entry of its own.
 *
 *     static void line(void *arg, const spw_config_entry *entry) { (void)arg; puts(entry->line); }
 *     ...
 *     spw_config_each(NULL, line, NULL);
 *     // tracer_provider.limits.event_count_limit      64            OTEL_SPAN_EVENT_COUNT_LIMIT
 *
 * `spanwire config` prints the same for the environment of a shell.
 */
#ifndef SPANWIRE_CONFIG_H
#define SPANWIRE_CONFIG_H

#include <spanwire/sdk.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One setting. Strings live until the callback returns. */
typedef struct spw_config_entry {
    size_t struct_size;
    const char *path;   /**< in the schema, as `tracer_provider.sampler`; `warning` or `error` for what spw_start() would say */
    const char *value;  /**< `(none)` where there is none. Never a secret: values of headers, user info and queries of URLs read `***` */
    const char *source; /**< `default`, the name of the variable, `code: option`; `merged` for the resource's attributes; "" for warnings */
    const char *line;   /**< the three in columns */
} spw_config_entry;
#define SPW_CONFIG_ENTRY_INIT { sizeof(spw_config_entry), NULL, NULL, NULL, NULL }

typedef void (*spw_config_entry_fn)(void *arg, const spw_config_entry *entry);

/**
 * Calls `fn` for every setting as spw_start(options) would use it (NULL: the environment alone), for every attribute of the resource, and for
 * each variable of OpenTelemetry that is set and not used in this version. Starts nothing, sends nothing, logs nothing.
 * SPW_OK, or what spw_start() would fail with for the same configuration. Reads /proc and /etc for the resource; allocates.
 */
SPW_API spw_result spw_config_each(const spw_options *options, spw_config_entry_fn fn, void *arg);

#ifdef __cplusplus
}
#endif
#endif
