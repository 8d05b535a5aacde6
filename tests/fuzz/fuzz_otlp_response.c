/*
 * What a server answers: header lines and a body in pieces, read as protobuf, JSON and text. Caps hold to the byte, no more is rejected than
 * was sent, and a protobuf answer says what protobuf-c makes of it.
 */
#include "fuzz/input.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

#include "otlp/otlp_response.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse pb_response;

/* Of a protobuf answer that was kept whole. What cannot be decoded, or is refused before (too many fields), is malformed. */
static void same_as_protobuf(const struct spw__otlp_response *r, const struct spw__otlp_partial *partial)
{
    pb_response *m = opentelemetry__proto__collector__trace__v1__export_trace_service_response__unpack(NULL, r->kept_size, (const uint8_t *)r->kept);
    if (!m) {
        must(partial->malformed && !partial->rejected && !partial->message[0]);
        return;
    }
    if (!partial->malformed && m->partial_success) {
        int64_t rejected = m->partial_success->rejected_spans;
        must(partial->rejected == (rejected < 0 ? 0u : rejected > 100 ? 100u : (uint64_t)rejected));
        must(strncmp(partial->message, m->partial_success->error_message, sizeof partial->message - 1) == 0);
    } else {
        must(!partial->rejected && !partial->message[0]);
    }
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__free_unpacked(m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct spw__otlp_response response = { .kept = NULL };
    bool open = true;
    uint8_t lines = input_byte(&in) % 8;
    while (open && lines--) {
        size_t n;
        char *line = input_text(&in, input_byte(&in), &n);
        open = spw__otlp_response_header(&response, (spw_view){ line, n });
        free(line);
    }
    while (open && in.left) {
        size_t n;
        char *piece = input_text(&in, 1 + (size_t)input_byte(&in) * 16, &n);
        open = spw__otlp_response_body(&response, (spw_view){ piece, n });
        must(response.kept_size <= SPW__OTLP_RESPONSE_KEEP && (open || response.body_bytes > SPW__OTLP_RESPONSE_MAX));
        free(piece);
    }
    struct spw__otlp_partial partial;
    spw__otlp_response_partial(&response, 100, &partial);
    must(partial.rejected <= 100 && memchr(partial.message, 0, sizeof partial.message));
    if (response.body_bytes && response.kept_size == response.body_bytes && !response.is_json)
        same_as_protobuf(&response, &partial);
    char scratch[256];
    spw_view text = spw__otlp_response_text(&response, scratch, sizeof scratch);
    volatile char last = text.size ? text.data[text.size - 1] : 0;
    (void)last;
    spw__otlp_response_fini(&response);
    return 0;
}
