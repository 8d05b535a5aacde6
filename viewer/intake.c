/* POST /v1/traces: the request into the store, the answer with what was refused. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

#include "json.h"
#include "take.h"

enum { MESSAGE_SIZE = 160 };

void spwv_answer_failure(struct spwv_answer *answer, unsigned status, bool json, const char *text)
{
    if (!json) {
        spwv_answer_text(answer, status, "%s", text);
        return;
    }
    struct spwv_json writer = {.out = &answer->body};
    answer->status = status;
    answer->content_type = "application/json";
    answer->body.size = 0;
    spwv_json_begin(&writer, '{');
    spwv_json_key(&writer, "message");
    spwv_json_text(&writer, text);
    spwv_json_end(&writer, '}');
}

/* Both forms of ExportTraceServiceResponse; without a message there is no partial success. */
static void answer_json(struct spwv_answer *answer, uint64_t rejected, const char *message)
{
    struct spwv_json json = {.out = &answer->body};
    answer->content_type = "application/json";
    spwv_json_begin(&json, '{');
    if (rejected) {
        spwv_json_key(&json, "partialSuccess");
        spwv_json_begin(&json, '{');
        spwv_json_key(&json, "rejectedSpans");
        spwv_json_u64(&json, rejected);
        spwv_json_key(&json, "errorMessage");
        spwv_json_text(&json, message);
        spwv_json_end(&json, '}');
    }
    spwv_json_end(&json, '}');
}

static void answer_protobuf(struct spwv_answer *answer, uint64_t rejected, char *message)
{
    typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse response_message;
    typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess partial_message;
    response_message response = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_SERVICE_RESPONSE__INIT;
    partial_message partial = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_PARTIAL_SUCCESS__INIT;
    if (rejected) {
        partial.rejected_spans = (int64_t)rejected;
        partial.error_message = message;
        response.partial_success = &partial;
    }
    answer->content_type = "application/x-protobuf";
    uint8_t packed[256];
    size_t size = protobuf_c_message_get_packed_size(&response.base);
    if (size > sizeof packed) /* cannot be: the message is bounded */
        return;
    protobuf_c_message_pack(&response.base, packed);
    spwv_buf_add(&answer->body, packed, size);
}

static void answer_taken(const struct spwv_request *request, const struct spwv_take *take, struct spwv_answer *answer)
{
    char message[MESSAGE_SIZE] = "";
    if (take->rejected)
        snprintf(message, sizeof message, "%" PRIu64 " of %" PRIu64 " spans rejected; the first: %s", take->rejected, take->spans,
                 take->reason);
    answer->status = 200;
    if (request->json)
        answer_json(answer, take->rejected, message);
    else
        answer_protobuf(answer, take->rejected, message);
}

void spwv_intake(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_app *app = request->app;
    struct spwv_error error;
    struct spwv_take take;
    char text[sizeof error.text + 64];
    atomic_fetch_add(&app->requests, 1);
    enum spwv_taken taken = request->json ? spwv_take_json(app->store, request->body, &app->memory, &take, &error)
                                          : spwv_take_protobuf(app->store, request->body, &take, &error);
    switch (taken) {
    case SPWV_REFUSED:
        snprintf(text, sizeof text, "the body is no ExportTraceServiceRequest: %s", error.text);
        spwv_answer_failure(answer, 400, request->json, text);
        return;
    case SPWV_BUSY:
        answer->retry_after = true;
        spwv_answer_failure(answer, 503, request->json, error.text); /* the sender keeps the batch and retries */
        return;
    default: break;
    }
    atomic_fetch_add(&app->spans, take.spans);
    atomic_fetch_add(&app->rejected, take.rejected);
    answer_taken(request, &take, answer);
}
