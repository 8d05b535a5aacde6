/*
 * What must never be said: header values, user info and query of the endpoint, and how a server's text is shown without them. A server may echo
 * a part of a secret, so that runs of SPW__OTLP_SECRET_RUN bytes of one are as secret as the whole. Owns copies. Immutable once filled.
 */
#ifndef SPW_OTLP_SECRETS_H
#define SPW_OTLP_SECRETS_H

#include "otlp_headers.h"
#include "otlp_url.h"

#define SPW__OTLP_SECRET_RUN ((size_t)8)

struct spw__otlp_secret {
    size_t size;
    char bytes[];
};

/* Zero to start with. */
struct spw__otlp_secrets {
    struct spw__otlp_secret **items;
    size_t count;
    size_t capacity;
};

/* Adds every value of the headers and the URL's user info and query, as written, decoded, and as the Basic credentials made of it. False: no memory. */
bool spw__otlp_secrets_fill(struct spw__otlp_secrets *secrets, const struct spw__otlp_headers *headers, const struct spw__otlp_url *url);

/* Adds a URL's user info in all its forms, likewise. */
bool spw__otlp_secrets_add_user_info(struct spw__otlp_secrets *secrets, spw_view user_info);

bool spw__otlp_secrets_add(struct spw__otlp_secrets *secrets, spw_view secret);

void spw__otlp_secrets_fini(struct spw__otlp_secrets *secrets);

/* Appends a stranger's text to out[capacity]: secrets as `***`, control characters and non-ASCII escaped, cut where it does not fit. */
void spw__otlp_append_foreign(char *out, size_t capacity, spw_view text, const struct spw__otlp_secrets *secrets);

#endif
