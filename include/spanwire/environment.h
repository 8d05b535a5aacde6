/**
 * @file environment.h
 * Contexts through environment variables, to child processes. (Specification: Environment Variables as Context Propagation Carriers.)
 *
 * A process reads what it was started in once, at its start. For a child, a copy of the environment is made and given to posix_spawn() or
 * execve(); the process's own environment is never changed. Names are the propagators', as TRACEPARENT, TRACESTATE, BAGGAGE, X_B3_TRACEID.
 * What is in an environment, other processes of the same user can read.
 *
 * Threads    Any, but not while another thread changes the environment (setenv).
 * Ownership  Said per function.
 * Failure    Malformed input is ignored. Out of memory: NULL.
 * Cost       Never blocks. Making an environment copies it.
 *
 *     spw_context started_in = spw_context_from_environment();           // in main()
 *     spw_token token = spw_context_attach(&started_in);
 *     ...
 *     char **envp = spw_environment_new(NULL, NULL, 0);                  // for a child of what is current
 *     posix_spawnp(&pid, "tool", NULL, NULL, argv, envp);
 *     spw_environment_destroy(envp);
 */
#ifndef SPANWIRE_ENVIRONMENT_H
#define SPANWIRE_ENVIRONMENT_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The context this process was started in, as all its propagators read it (so after spw_start(), where OTEL_PROPAGATORS matters); the root
 *  context when there is none. OWNED. */
SPW_API SPW_MUST_USE spw_context spw_context_from_environment(void);

/** For spw_environment_new(): leave what the list there names. */
#define SPW_ENVIRONMENT_KEEP_CREDENTIALS 1u

/**
 * A copy of `envp` (NULL: the process's environment) with `context` (NULL: the current one) in it, for a child. To be freed with
 * spw_environment_destroy(); NULL when there is no memory.
 *
 * Fields of the process's propagators and of the built-in ones are taken out first, so that a child does not hang on a context that is past.
 * Taken out too, unless SPW_ENVIRONMENT_KEEP_CREDENTIALS is in `flags`: OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CLIENT_KEY,
 * OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, and the same for one signal (OTEL_EXPORTER_OTLP_TRACES_HEADERS and so on: TRACES, METRICS, LOGS,
 * PROFILES). A child that is to export by itself with them needs the flag; a tool that somebody else's words have started must not have them.
 * At most 64 fields and 65,536 bytes of them are put in; more is left out, and counted (spw_context_stats.fields_lost).
 */
SPW_API SPW_MUST_USE char **spw_environment_new(char *const *envp, const spw_context *context, unsigned flags);

/** Frees an environment made by spw_environment_new(). NULL is harmless. */
SPW_API void spw_environment_destroy(char **envp);

/**
 * The name a field has in an environment: upper case, `_` for all but letters and digits, a `_` before a leading digit; `_` for an empty
 * one. Copies it into `out` (always terminated when `size` > 0) and returns its full length. Does not allocate.
 */
SPW_API size_t spw_environment_name(const char *field, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
