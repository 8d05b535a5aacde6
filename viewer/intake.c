/* POST /v1/traces, /v1/logs, /v1/metrics: the request into the store, the answer with what was refused. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "otlp_message.h"
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

/* Both forms of the three responses, which number their fields alike; without a message there is no partial success. */
static void answer_json(struct spwv_answer *answer, const struct spwv_signal *signal, uint64_t rejected, const char *message)
{
    struct spwv_json json = {.out = &answer->body};
    answer->content_type = "application/json";
    spwv_json_begin(&json, '{');
    if (rejected) {
        spwv_json_key(&json, "partialSuccess");
        spwv_json_begin(&json, '{');
        spwv_json_key(&json, signal->rejected);
        spwv_json_u64(&json, rejected);
        spwv_json_key(&json, "errorMessage");
        spwv_json_text(&json, message);
        spwv_json_end(&json, '}');
    }
    spwv_json_end(&json, '}');
}

static void answer_protobuf(struct spwv_answer *answer, uint64_t rejected, const char *message)
{
    enum { PARTIAL_SUCCESS = 1, REJECTED = 1, ERROR_MESSAGE = 2 };
    struct spwv_message_writer writer = {.out = &answer->body};
    answer->content_type = "application/x-protobuf";
    if (!rejected)
        return;
    size_t size = strlen(message);
    struct spwv_message_mark partial = spwv_message_begin(&writer, PARTIAL_SUCCESS);
    spwv_message_varint(&writer, REJECTED, rejected);
    char *text = spwv_message_bytes(&writer, ERROR_MESSAGE, size);
    if (text)
        memcpy(text, message, size);
    spwv_message_end(&writer, partial);
    spwv_message_finish(&writer);
}

static void answer_taken(const struct spwv_request *request, const struct spwv_signal *signal, const struct spwv_take *take,
                         struct spwv_answer *answer)
{
    char message[MESSAGE_SIZE] = "";
    if (take->rejected)
        snprintf(message, sizeof message, "%" PRIu64 " of %" PRIu64 " %s rejected; the first: %s", take->rejected, take->items, signal->items,
                 take->reason);
    answer->status = 200;
    if (request->json)
        answer_json(answer, signal, take->rejected, message);
    else
        answer_protobuf(answer, take->rejected, message);
}

void spwv_intake(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_app *app = request->app;
    const struct spwv_signal *signal = spwv_signal_of_path(request->path);
    struct spwv_error error;
    struct spwv_take take;
    char text[sizeof error.text + 64];
    atomic_fetch_add(&app->requests, 1);
    enum spwv_taken taken = request->json ? spwv_take_json(app->store, signal, request->body, &app->memory, &take, &error)
                                          : spwv_take_protobuf(app->store, signal, request->body, &take, &error);
    switch (taken) {
    case SPWV_REFUSED:
        snprintf(text, sizeof text, "the body is no %s: %s", spwv_otlp_message_name(signal->request), error.text);
        spwv_answer_failure(answer, 400, request->json, text);
        return;
    case SPWV_BUSY:
        answer->retry_after = true;
        spwv_answer_failure(answer, 503, request->json, error.text); /* the sender keeps the batch and retries */
        return;
    default: break;
    }
    atomic_fetch_add(&app->received[signal - spwv_signals], take.items);
    atomic_fetch_add(&app->rejected, take.rejected);
    answer_taken(request, signal, &take, answer);
}
