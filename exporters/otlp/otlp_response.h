/*
 * A server's answer as it streams in: counted, capped, and remembered only as far as it can matter.
 *
 * Threads    The worker's.
 * Ownership  One buffer of at most SPW__OTLP_RESPONSE_KEEP, reused.
 * Failure    Everything here comes from a stranger. Too many bytes end the transfer (`over_*`); what cannot be read is said to be so.
 */
#ifndef SPW_OTLP_RESPONSE_H
#define SPW_OTLP_RESPONSE_H

#include <spanwire/common.h>
#include <time.h>

#define SPW__OTLP_RESPONSE_MAX ((size_t)4 << 20)
#define SPW__OTLP_RESPONSE_KEEP ((size_t)64 << 10)
#define SPW__OTLP_RESPONSE_HEADERS_MAX ((size_t)64 << 10)

/* Zero to start with. */
struct spw__otlp_response {
    char *kept;
    size_t kept_size;
    size_t kept_capacity;
    size_t body_bytes;
    size_t header_bytes;
    uint64_t retry_after_ms;
    bool is_protobuf; /* by its Content-Type */
    bool is_json;     /* likewise */
    bool expects_json; /* where the Content-Type says neither; set once */
    bool over_body;
    bool over_headers;
};

/* Forgets the last answer, keeps the buffer. */
void spw__otlp_response_reset(struct spw__otlp_response *response);

/* One header line as it came, the status line included. False: over the cap, give up. */
bool spw__otlp_response_header(struct spw__otlp_response *response, spw_view line);

/* Some of the body. False: over the cap, give up. */
bool spw__otlp_response_body(struct spw__otlp_response *response, spw_view data);

void spw__otlp_response_fini(struct spw__otlp_response *response);

/* What a 2xx body says. */
struct spw__otlp_partial {
    bool malformed;
    uint64_t rejected; /* clamped to `sent` */
    char message[1024];
};

/* Reads an ExportTraceServiceResponse, protobuf or JSON; an empty body is one that says nothing. */
void spw__otlp_response_partial(const struct spw__otlp_response *response, uint64_t sent, struct spw__otlp_partial *out);

/* The text of an error body: google.rpc.Status.message of a protobuf or JSON one, else the body itself. In `scratch` or in the response. Not
 * escaped, not scrubbed. */
spw_view spw__otlp_response_text(const struct spw__otlp_response *response, char *scratch, size_t size);

/* The JSON half of these two; the second returns 0 when there is no message. */
void spw__otlp_response_partial_json(spw_view body, uint64_t sent, struct spw__otlp_partial *out);
size_t spw__otlp_response_message_json(spw_view body, char *out, size_t size);

/* A Retry-After value: delta seconds or an HTTP date. 0 for garbage, negative and past ones; at most INT32_MAX. */
uint64_t spw__otlp_retry_after_ms(spw_view value, time_t now);

#endif
