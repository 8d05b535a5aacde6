/*
 * OTEL_EXPORTER_OTLP_HEADERS: request headers in W3C Baggage list form. (Specification: OTLP Exporter, "Specifying headers via environment
 * variables".) Pure; owns its strings. What could split a request or break the protocol is refused; errors name names, never values.
 */
#ifndef SPW_OTLP_HEADERS_H
#define SPW_OTLP_HEADERS_H

#include <spanwire/common.h>

#define SPW__OTLP_MAX_HEADERS 64

struct spw__otlp_header {
    char *name;
    char *value; /* percent-decoded; no CR, LF, NUL or other control character but tab */
};

struct spw__otlp_headers {
    struct spw__otlp_header items[SPW__OTLP_MAX_HEADERS];
    size_t count;
};

/* `text` NULL or empty: none. The last of two equal names (case ignored) wins. *out may be given to _fini() whatever the result. */
spw_result spw__otlp_headers_parse(struct spw__otlp_headers *out, const char *text, spw_error *error);

void spw__otlp_headers_fini(struct spw__otlp_headers *headers);

#endif
