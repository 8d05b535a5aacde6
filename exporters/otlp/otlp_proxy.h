/*
 * The proxy requests go through, as the settings name it: `scheme://[user info@]host:port`. Pure; owns its strings; nothing of it is secret but the
 * user info.
 */
#ifndef SPW_OTLP_PROXY_H
#define SPW_OTLP_PROXY_H

#include <spanwire/common.h>

/* Zero: none. */
struct spw__otlp_proxy {
    char *full;         /* for libcurl; NULL: none */
    char *shown;        /* for people: without user info; NULL: none */
    spw_view user_info; /* inside `full`, as written; empty: none */
};

/* `proxy` NULL or empty: none. False: out of memory. */
bool spw__otlp_proxy_set(struct spw__otlp_proxy *out, const char *proxy);

void spw__otlp_proxy_fini(struct spw__otlp_proxy *proxy);

#endif
