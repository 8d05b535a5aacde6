/* POST /v1/traces: the check, the store, the answer with what was refused. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

struct outcome {
    uint64_t spans;
    uint64_t rejected;
    const char *reason; /* of the first one rejected */
};

static bool store_spans(struct spwv_store *store, struct spwv_slice body, struct outcome *outcome, struct spwv_error *error)
{
    struct spwv_span_cursor cursor;
    struct spwv_span span;
    if (!store->begin(store, error))
        return false;
    spwv_otlp_spans(&cursor, body);
    while (spwv_otlp_next_span(&cursor, &span)) {
        outcome->spans++;
        const char *reason = spwv_otlp_reject_reason(&span);
        if (reason) {
            outcome->rejected++;
            outcome->reason = outcome->reason ? outcome->reason : reason;
        } else if (!store->add(store, &span, &cursor, error)) {
            store->rollback(store);
            return false;
        }
    }
    uint64_t added;
    return store->commit(store, &added, error);
}

static void answer_response(const struct outcome *outcome, struct spwv_answer *answer)
{
    typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse response_message;
    typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess partial_message;
    response_message response = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_SERVICE_RESPONSE__INIT;
    partial_message partial = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_PARTIAL_SUCCESS__INIT;
    char message[160];
    if (outcome->rejected) {
        snprintf(message, sizeof message, "%" PRIu64 " of %" PRIu64 " spans rejected; the first: %s", outcome->rejected, outcome->spans,
                 outcome->reason);
        partial.rejected_spans = (int64_t)outcome->rejected;
        partial.error_message = message;
        response.partial_success = &partial;
    }
    answer->status = 200;
    answer->content_type = "application/x-protobuf";
    uint8_t packed[256];
    size_t size = protobuf_c_message_get_packed_size(&response.base);
    if (size > sizeof packed) /* cannot be: the message above is bounded */
        return;
    protobuf_c_message_pack(&response.base, packed);
    spwv_buf_add(&answer->body, packed, size);
}

void spwv_intake(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_app *app = request->app;
    struct spwv_error error;
    struct outcome outcome = {0};
    atomic_fetch_add(&app->requests, 1);
    if (!spwv_otlp_check(request->body, &error)) {
        spwv_answer_text(answer, 400, "the body is no ExportTraceServiceRequest: %s", error.text);
        return;
    }
    if (request->body.size && !store_spans(app->store, request->body, &outcome, &error)) {
        answer->retry_after = true;
        spwv_answer_text(answer, 503, "%s", error.text); /* the sender keeps the batch and retries */
        return;
    }
    atomic_fetch_add(&app->spans, outcome.spans);
    atomic_fetch_add(&app->rejected, outcome.rejected);
    answer_response(&outcome, answer);
}
