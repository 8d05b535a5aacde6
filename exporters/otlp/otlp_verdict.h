/* From what came of a request to what the SDK does about it: the status and transport tables of OTLP/HTTP, with cause and cure in words. Pure. */
#ifndef SPW_OTLP_VERDICT_H
#define SPW_OTLP_VERDICT_H

#include <curl/curl.h>
#include <spanwire/exporter.h>

#include "otlp_proxy.h"
#include "otlp_response.h"
#include "otlp_secrets.h"

/* What came of a request. */
struct spw__otlp_outcome {
    CURLcode code;
    long status;             /* the last final one, 0: none came */
    long system_error;       /* errno of the connection */
    long connect_status;     /* what a proxy answered to CONNECT, 0: nothing */
    long proxy_error;        /* CURLPX_*, of SOCKS */
    bool proxy_unproven;     /* the certificate of a proxy was not accepted */
    bool connected;          /* a connection was made for it; false: it went by one that had served before */
    bool sent;               /* the whole request was handed to the connection */
    uint8_t lost;            /* how often before that, on a connection that then ended without an answer */
    const char *detail;      /* libcurl's words, or "" */
    const struct spw__otlp_response *response;
};

/* What the request was. */
struct spw__otlp_subject {
    uint64_t count; /* records in it */
    uint32_t timeout_ms;
    const struct spw__otlp_url *url;
    const struct spw__otlp_proxy *proxy;
    const struct spw__otlp_secrets *secrets;
    bool certified; /* we have a client certificate */
};

void spw__otlp_verdict(const struct spw__otlp_outcome *outcome, const struct spw__otlp_subject *subject, spw_export_result *result);

#endif
