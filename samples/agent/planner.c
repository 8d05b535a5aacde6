/*
 * The built-in planner's HTTP side: an OpenAI-compatible endpoint on loopback, so that the agent runs without a model and talks to one in
 * the same way. Each request is a span of kind SERVER, a child of the client's: the context comes in its traceparent header.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"

#define PATH "/v1/chat/completions"

struct planner {
    struct MHD_Daemon *daemon;
    atomic_uint answers; /* for ids */
    int port;
};

/* The body of a request, as it comes in. */
typedef struct request {
    char *body;
    size_t size;
    bool too_large;
} request;

static const char *get_header(void *carrier, const char *name)
{
    return MHD_lookup_connection_value(carrier, MHD_HEADER_KIND, name);
}

/* Nothing here counts tokens as a model does: a token is taken to be four bytes of text. */
static json_int_t estimate_tokens(const json_t *value)
{
    return (json_int_t)(json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 3) / 4;
}

static json_t *error_json(const char *type, const char *message)
{
    return json_pack("{s:{s:s, s:s}}", "error", "type", type, "message", message);
}

static json_t *completion(planner *self, const json_t *body)
{
    json_t *decision = planner_decide(body);
    json_int_t in = estimate_tokens(json_object_get(body, "messages")), out = estimate_tokens(json_object_get(decision, "message"));
    const char *name = get_string(body, "model");
    json_object_set_new(decision, "index", json_integer(0));
    return json_pack("{s:o, s:s, s:I, s:s, s:s, s:[o], s:{s:I, s:I, s:I}}", "id",
                     json_sprintf("chatcmpl-planner-%u", atomic_fetch_add(&self->answers, 1) + 1), "object", "chat.completion", "created",
                     (json_int_t)time(NULL), "model", name ? name : "rule-based-planner", "system_fingerprint",
                     "rule-based planner; tokens are estimated at four bytes each", "choices", decision, "usage", "prompt_tokens", in,
                     "completion_tokens", out, "total_tokens", in + out);
}

/* Answers a complete request and says which HTTP status it has. */
static json_t *handle(planner *self, const char *method, const char *path, const request *r, unsigned *status)
{
    *status = MHD_HTTP_OK;
    if (strcmp(path, PATH) != 0) {
        *status = MHD_HTTP_NOT_FOUND;
        return error_json("not_found", "only " PATH " is here");
    }
    if (strcmp(method, "POST") != 0) {
        *status = MHD_HTTP_METHOD_NOT_ALLOWED;
        return error_json("method_not_allowed", "use POST");
    }
    if (r->too_large) {
        *status = MHD_HTTP_CONTENT_TOO_LARGE;
        return error_json("too_large", "the request is too large");
    }
    json_t *body = json_loadb(r->body ? r->body : "", r->size, 0, NULL);
    json_t *answer = NULL;
    if (json_is_array(json_object_get(body, "messages"))) {
        answer = completion(self, body);
    } else {
        *status = MHD_HTTP_BAD_REQUEST;
        answer = error_json("bad_request", "the body is no JSON object with `messages`");
    }
    json_decref(body);
    return answer;
}

static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (!text)
        return MHD_NO; /* closes the connection */
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result serve(planner *self, struct MHD_Connection *connection, const char *method, const char *path, const request *r)
{
    bool known = strcmp(path, PATH) == 0 && strcmp(method, "POST") == 0; /* a span's name is never what somebody else sent */
    spw_context caller = spw_extract(NULL, get_header, connection);
    SPW_SPAN_WITH(span, known ? "POST " PATH : "HTTP", SPW_TRACER,
                  SPW_SPAN_OPTIONS(.kind = SPW_KIND_SERVER, .parent = &caller,
                                   SPW_WITH_ATTRS(spw_attr_string("http.request.method", known ? "POST" : "_OTHER"),
                                                  spw_attr_string("url.path", path))));

    unsigned status;
    json_t *answer = handle(self, method, path, r, &status);
    spw_set(span, "http.response.status_code", status);
    return send_json(connection, status, answer);
}

static bool add_to_body(request *r, const char *data, size_t size)
{
    char *body = r->size + size > MAX_HTTP_BODY ? NULL : realloc(r->body, r->size + size);
    if (!body)
        return false;
    memcpy(body + r->size, data, size);
    r->body = body;
    r->size += size;
    return true;
}

/* libmicrohttpd calls this once with the headers, once a piece of the body, and once at the end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    (void)version;
    request *r = *state;
    if (!r) {
        *state = calloc(1, sizeof *r);
        return *state ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        if (!r->too_large && !add_to_body(r, data, *size))
            r->too_large = true;
        *size = 0;
        return MHD_YES;
    }
    return serve(arg, connection, method, path, r);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)connection, (void)code;
    request *r = *state;
    if (r)
        free(r->body);
    free(r);
}

static void describe(const planner *self, model *out)
{
    *out = (model){ .host = "127.0.0.1", .port = self->port, .name = "rule-based-planner", .provider = "rule-based-planner", .is_planner = true };
    snprintf(out->base_url, sizeof out->base_url, "http://127.0.0.1:%d/v1", self->port);
}

planner *planner_start(model *out, failure *why)
{
    struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = 0 /* any free one */ };
    planner *self = calloc(1, sizeof *self);
    if (self)
        self->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, on_request, self,
                                        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback, MHD_OPTION_THREAD_POOL_SIZE, 2u,
                                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = self && self->daemon ? MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        failed(why, "no_planner", "the built-in planner could not open a loopback port");
        planner_stop(self);
        return NULL;
    }
    self->port = info->port;
    describe(self, out);
    return self;
}

void planner_stop(planner *self)
{
    if (!self)
        return;
    if (self->daemon)
        MHD_stop_daemon(self->daemon);
    free(self);
}
