/* The JSON API but for traces: info, services, delete all. 64-bit values are strings, counts are numbers. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_member.h"

void spwv_answer_json_error(struct spwv_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->content_type = "application/json";
    answer->etag[0] = 0;
    answer->body.size = 0;
    answer->body.failed = false;
    struct spwv_json json = {.out = &answer->body};
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "error");
    spwv_json_text(&json, text);
    spwv_json_end(&json, '}');
}

bool spwv_answer_unchanged(const struct spwv_request *request, struct spwv_answer *answer, uint64_t revision)
{
    snprintf(answer->etag, sizeof answer->etag, "\"%" PRIx64 "-%" PRIx64 "\"", request->app->start_nonce, revision);
    answer->cache_control = "no-cache";
    answer->content_type = "application/json";
    if (!request->if_none_match || strcmp(request->if_none_match, answer->etag) != 0)
        return false;
    answer->status = 304;
    return true;
}

bool spwv_answer_is_known(const struct spwv_request *request, struct spwv_answer *answer, uint64_t *revision)
{
    struct spwv_store_info info;
    request->app->store->info(request->app->store, &info);
    *revision = info.revision;
    return spwv_answer_unchanged(request, answer, info.revision);
}

static struct spwv_json start(struct spwv_answer *answer)
{
    answer->status = 200;
    answer->content_type = "application/json";
    return (struct spwv_json){.out = &answer->body};
}

void spwv_api_info(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_app *app = request->app;
    struct spwv_store_info info;
    app->store->info(app->store, &info);
    struct spwv_json json = start(answer);
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "version");
    spwv_json_text(&json, app->version);
    spwv_json_key(&json, "store");
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "kind");
    spwv_json_text(&json, info.kind);
    spwv_member_count(&json, "traces", info.traces);
    spwv_member_count(&json, "spans", info.spans);
    spwv_member_count(&json, "bytes", info.bytes);
    spwv_member_count(&json, "max_bytes", info.max_bytes);
    spwv_member_count(&json, "evicted_traces", info.evicted_traces);
    spwv_member_count(&json, "logs", info.logs);
    spwv_member_count(&json, "evicted_logs", info.evicted_logs);
    spwv_member_count(&json, "metric_points", info.metric_points);
    spwv_member_count(&json, "evicted_metric_points", info.evicted_metric_points);
    spwv_json_end(&json, '}');
    spwv_json_key(&json, "received");
    spwv_json_begin(&json, '{');
    spwv_member_count(&json, "requests", atomic_load(&app->requests));
    spwv_member_count(&json, "spans", atomic_load(&app->received[0]));
    spwv_member_count(&json, "logs", atomic_load(&app->received[1]));
    spwv_member_count(&json, "metric_points", atomic_load(&app->received[2]));
    spwv_member_count(&json, "duplicates", info.duplicates);
    spwv_member_count(&json, "rejected", atomic_load(&app->rejected));
    spwv_json_end(&json, '}');
    spwv_member_count(&json, "revision", info.revision);
    spwv_json_end(&json, '}');
}

void spwv_api_live(const struct spwv_request *request, struct spwv_answer *answer)
{
    (void)request;
    answer->status = 200;
    answer->content_type = "text/event-stream";
    answer->live = true;
}

static void on_service(void *arg, struct spwv_slice service)
{
    spwv_json_string(arg, service);
}

void spwv_api_services(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    struct spwv_error error;
    struct spwv_json json = start(answer);
    struct spwv_list_sink sink = {&json, NULL, on_service};
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "services");
    spwv_json_begin(&json, '[');
    if (!store->services(store, &sink, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    spwv_json_end(&json, ']');
    spwv_json_end(&json, '}');
}

static void clear(const struct spwv_request *request, struct spwv_answer *answer, bool (*forget)(struct spwv_store *, struct spwv_error *))
{
    struct spwv_error error;
    if (!forget(request->app->store, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    struct spwv_json json = start(answer);
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "cleared");
    spwv_json_bool(&json, true);
    spwv_json_end(&json, '}');
}

void spwv_api_clear(const struct spwv_request *request, struct spwv_answer *answer)
{
    clear(request, answer, request->app->store->clear);
}

void spwv_api_clear_logs(const struct spwv_request *request, struct spwv_answer *answer)
{
    clear(request, answer, request->app->store->clear_logs);
}

void spwv_api_clear_metrics(const struct spwv_request *request, struct spwv_answer *answer)
{
    clear(request, answer, request->app->store->clear_metrics);
}
