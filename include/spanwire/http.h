/**
 * @file http.h
 * The parts of HTTP that tracing needs, for servers and clients of any library: contexts out of request headers, URLs as the semantic
 * conventions want them. For clients of libcurl there is curl.h.
 *
 * Threads    Every function may run on any thread at any time, with or without an SDK.
 * Ownership  Nothing is kept. Extracted contexts are OWNED: see context.h.
 * Failure    Malformed input is ignored; see propagation.h.
 * Limits     A header's value is read up to 8,192 bytes; longer ones are not seen.
 * Cost       Never blocks.
 *
 *     spw_context from = spw_extract_header_block(NULL, request, request_size);    // a server, after it has read the header lines
 *     spw_span_options options = SPW_SPAN_OPTIONS_INIT;
 *     options.kind = SPW_KIND_SERVER;
 *     options.parent = &from;
 *     SPW_SPAN_WITH(span, "GET /users/{id}", &tracer, &options);
 *     spw_context_release(&from);
 */
#ifndef SPANWIRE_HTTP_H
#define SPANWIRE_HTTP_H

#include <spanwire/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A header field. */
typedef struct spw_header {
    const char *name;
    const char *value;
} spw_header;

/** `base` (NULL: root) with what the process's propagators find among the fields, OWNED. Names match in any case; a field may be there
 *  several times. */
SPW_API SPW_MUST_USE spw_context spw_extract_headers(const spw_context *base, const spw_header *headers, size_t count);

/**
 * The same from header lines as they came over the wire, OWNED: `Name: value`, each ended by CRLF or LF; a request line before them and anything
 * from the first empty line on are passed over. Folded lines (that begin with white space) are not read.
 */
SPW_API SPW_MUST_USE spw_context spw_extract_header_block(const spw_context *base, const char *block, size_t size);

/**
 * The parts of a URL, but for a user name and a password. The views lie in the URL, as it is written; an absent part is empty. Nothing is
 * redacted: `query` goes through spw_url_redact_query() on its way into `url.query`.
 */
typedef struct spw_url {
    spw_view scheme;   /**< `url.scheme` */
    spw_view host;     /**< without the brackets of an IPv6 address: `server.address` */
    spw_view path;     /**< `url.path`; empty also where a request would say `/` */
    spw_view query;    /**< without the `?` */
    spw_view fragment; /**< without the `#` */
    uint16_t port;     /**< `server.port`: said, or 80 or 443 by the scheme (none: http); 0 where neither says, or there is no host */
} spw_url;

/**
 * Takes apart a URL, as leniently as clients do, or what a request line asks for: `/search?q=1` and `*` have no host. False, and `*out` all
 * zero, when it is neither. Any thread; does not block or allocate. (Semantic Conventions: HTTP spans, HTTP server span.)
 */
SPW_API bool spw_url_parse(const char *url, spw_url *out);

/**
 * Copies the URL for `url.full`: user name and password become `REDACTED`, and so do the values of the query parameters AWSAccessKeyId,
 * Signature, sig, X-Amz-Credential, X-Amz-Security-Token, X-Amz-Signature and X-Goog-Signature. Always terminated when `size` > 0; returns the
 * full length, as snprintf() does. Does not allocate. (Semantic Conventions: HTTP spans, url.full.)
 */
SPW_API size_t spw_url_redact(const char *url, char *out, size_t size);

/** The same of a query alone, for `url.query`: the values of those parameters become `REDACTED`. */
SPW_API size_t spw_url_redact_query(spw_view query, char *out, size_t size);

/** The method, when the semantic conventions know it, else NULL: `http.request.method` is `_OTHER` then, and the span is named `HTTP`. */
SPW_API const char *spw_http_method(const char *method);

#ifdef __cplusplus
}
#endif
#endif
