/*
 * Private to configuration. The readers of environment variables: what cannot be taken is reported once, without its value where that may
 * hold a secret, and treated as unset. (Specification: Environment Variables, Parsing.)
 */
#ifndef SPW_SDK_CONFIG_ENV_H
#define SPW_SDK_CONFIG_ENV_H

#include "sdk/config.h"

#define SPW__ENV_MAX_BYTES 16384          /* of one variable's value; more is a mistake */
#define SPW__ENV_MAX_NUMBER 2147483647u   /* 2^31 - 1 */

/* The value; NULL when unset, empty, too long or not UTF-8. Borrowed from the environment. */
const char *spw__env_text(const char *name);

/* Sets *out and returns true when the variable is set. Only "true" in any case is true; what is neither true nor false is reported. */
bool spw__env_bool(const char *name, uint64_t *out);

/* Sets *out and returns true when the variable holds an integer of min to 2^31-1; else *out stays. */
bool spw__env_uint(const char *name, uint32_t min, uint32_t *out);

/* The member of the NULL-terminated `choices` the text equals without regard to case, or NULL. */
const char *spw__choose(const char *const *choices, const char *text, size_t size);

/* The next item of a comma list without surrounding blanks, empty items skipped; false at the end. Advances *list. */
bool spw__list_next(const char **list, spw_view *item);

/* `k=v,k2=v2` with percent-encoding. Calls put for each pair, decoded; its false ends the walk. NULL, or what is wrong with the list: static
 * storage, never a part of it. */
typedef bool (*spw__pair_fn)(void *arg, spw_view key, spw_view value);
extern const char spw__pairs_no_memory[]; /* one of the answers */
const char *spw__pairs_decode(const char *list, spw__pair_fn put, void *arg);

/* NULL, or what is wrong with it: as spw__pairs_decode(). */
const char *spw__pairs_problem(const char *list);

/* NULL, or why the list cannot be sent as HTTP headers. Never quotes it. */
const char *spw__headers_problem(const char *headers);

/* NULL, or what is wrong with the characters of a URL. */
const char *spw__url_problem(const char *url);

/* `[user info@]host[:port]` up to the path, which is behind the URL's `//`: host (in its brackets) and port, 0 when it is not given. NULL, or
 * what is wrong with it. */
const char *spw__authority_problem(const char *authority, spw_view *host, unsigned *port);

/* Fills *error and fails when `url` cannot be an OTLP/HTTP endpoint; `source` names the setting. Quotes no user info and no query. */
spw_result spw__endpoint_check(const char *source, const char *url, spw_error *error);

#endif
