/*
 * The URL an endpoint setting stands for. (Specification: OTLP Exporter, "Endpoint URLs for OTLP/HTTP".)
 * Pure; owns its strings; refuses what cannot be an OTLP/HTTP endpoint with cause and cure, and no secret in them.
 */
#ifndef SPW_OTLP_URL_H
#define SPW_OTLP_URL_H

#include <spanwire/common.h>

struct spw__otlp_url {
    char *full;     /* what to request, user info and query included; by a Unix-domain socket: of localhost */
    char *shown;    /* for people: without user info, query and fragment */
    size_t origin;  /* the bytes of `shown` before its path: where somebody may listen */
    char *socket;   /* a Unix-domain socket's path, or its name; NULL: TCP */
    bool abstract;  /* the socket has no file */
    bool tls;
    spw_view user_info; /* inside `full`, as written; empty: none */
    spw_view query;     /* inside `full`, without '?' */
};

/*
 * With is_signal the endpoint is used as it is, with `/` for a missing path; else it is a base and signal_path ("v1/traces") is added.
 * *out may be given to spw__otlp_url_fini() whatever the result.
 */
spw_result spw__otlp_url_parse(struct spw__otlp_url *out, const char *endpoint, bool is_signal, const char *signal_path, spw_error *error);

void spw__otlp_url_fini(struct spw__otlp_url *url);

#endif
