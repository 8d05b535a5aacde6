/* libmicrohttpd around the handlers. Contract: server.h. */
#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "guard.h"
#include "inflate.h"
#include "live.h"
#include "mcp.h"

/* A connection's memory holds its header, so it is the cap of the header's size too. */
enum { CONNECTION_MEMORY = 64 << 10, THREADS = 2, DRAIN_MAX = 128 << 20 };

struct spwv_server {
    struct MHD_Daemon *daemon;
    struct spwv_guard *guard;
    struct spwv_live *live;
    struct spwv_app *app;
    const struct spwv_hosts *hosts;
    struct spwv_options options;
};

struct exchange {
    bool headers_done;
    unsigned early_status; /* decided by the headers; the body is drained */
    char early_text[256];
    bool json;
    bool takes_body;
    struct spwv_body body;
};

/* ---- what the headers decide ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

struct repeated {
    const char *name;
    unsigned count;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct repeated *repeated = arg;
    (void)kind;
    (void)value;
    repeated->count += strcasecmp(key, repeated->name) == 0;
    return MHD_YES;
}

static bool is_once(struct MHD_Connection *connection, const char *name)
{
    struct repeated repeated = {.name = name};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &repeated);
    return repeated.count == 1;
}

/* That media type, alone or with parameters behind a semicolon. */
static bool is_type(const char *type, const char *wanted)
{
    if (!type || strncasecmp(type, wanted, strlen(wanted)) != 0)
        return false;
    type += strlen(wanted);
    type += strspn(type, " \t");
    return !*type || *type == ';';
}

static void take_body(struct spwv_server *server, struct exchange *exchange, bool gzip, size_t max_compressed, size_t max_plain)
{
    exchange->takes_body = true;
    spwv_body_init(&exchange->body, gzip, max_compressed, max_plain, &server->app->memory);
}

static void decide(struct exchange *exchange, unsigned status, const char *text)
{
    exchange->early_status = status;
    snprintf(exchange->early_text, sizeof exchange->early_text, "%s", text);
}

static void check_host(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange)
{
    const char *host = header(connection, "Host");
    if (host && is_once(connection, "Host") && spwv_hosts_check(server->hosts, host))
        return;
    decide(exchange, 403, "this Host is not allowed here (against DNS rebinding); use 127.0.0.1 or localhost with the port, or start the viewer "
                          "with --allow-host NAME");
}

static void check_intake(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange)
{
    const char *encoding = header(connection, "Content-Encoding");
    const char *type = header(connection, "Content-Type");
    bool gzip = encoding && strcasecmp(encoding, "gzip") == 0;
    exchange->json = is_type(type, "application/json");
    if (!exchange->json && !is_type(type, "application/x-protobuf"))
        decide(exchange, 415, "Content-Type must be application/x-protobuf or application/json; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
                              "(or http/json) at the sender");
    else if (encoding && *encoding && !gzip && strcasecmp(encoding, "identity") != 0)
        decide(exchange, 415, "Content-Encoding must be gzip or none; set OTEL_EXPORTER_OTLP_COMPRESSION=gzip at the sender");
    else
        take_body(server, exchange, gzip, server->options.max_compressed, server->options.max_body);
}

/* A browser says whose page is asking; other clients say nothing. */
static bool is_own_page(struct spwv_server *server, struct MHD_Connection *connection)
{
    const char *origin = header(connection, "Origin");
    return !origin || (strncmp(origin, "http://", 7) == 0 && spwv_hosts_check(server->hosts, origin + 7));
}

static void check_mcp(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange)
{
    if (!is_own_page(server, connection))
        decide(exchange, 403, "pages of other origins may not ask here");
    else if (!is_type(header(connection, "Content-Type"), "application/json"))
        decide(exchange, 415, "Content-Type must be application/json");
    else
        take_body(server, exchange, false, SPWV_MCP_MAX_REQUEST, SPWV_MCP_MAX_REQUEST);
}

static void check_headers(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange, const char *path,
                          const char *method)
{
    check_host(server, connection, exchange);
    if (!exchange->early_status && strcmp(method, "POST") == 0 && spwv_signal_of_path(path))
        check_intake(server, connection, exchange);
    else if (!exchange->early_status && strcmp(method, "POST") == 0 && strcmp(path, "/mcp") == 0)
        check_mcp(server, connection, exchange);
    else if (!exchange->early_status)
        spwv_body_init(&exchange->body, false, 0, 0, NULL); /* no other path takes a body */
}

/* ---- answers ---- */

/*
 * Not on the answers libmicrohttpd makes itself, before any of our code has seen the request, and closes the connection behind: 400 for a
 * request line, header, Content-Length or chunk that is malformed, 413, 414 and 431 for what does not fit CONNECTION_MEMORY, 505 for another
 * protocol, 500 without memory. It has no hook for their headers. They are fixed texts without a word of the request, so there is nothing in
 * them that the headers would have to hold back; tests/viewer/test_http.c keeps watch over that.
 */
static void add_headers(struct MHD_Response *response, const struct spwv_answer *answer)
{
    static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "Cache-Control", answer->cache_control ? answer->cache_control : "no-store");
    if (answer->content_type && answer->status != 304)
        MHD_add_response_header(response, "Content-Type", answer->content_type);
    if (answer->etag[0])
        MHD_add_response_header(response, "ETag", answer->etag);
    if (answer->allow)
        MHD_add_response_header(response, "Allow", answer->allow);
    if (answer->retry_after)
        MHD_add_response_header(response, "Retry-After", "1");
}

static struct MHD_Response *make_response(struct spwv_answer *answer)
{
    if (answer->status == 304)
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (answer->constant.data)
        return MHD_create_response_from_buffer(answer->constant.size, (void *)(uintptr_t)answer->constant.data, MHD_RESPMEM_PERSISTENT);
    size_t size;
    char *data = spwv_buf_detach(&answer->body, &size);
    if (!size) {
        free(data);
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(data);
    return response;
}

static struct spwv_guarded *guarded(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct MHD_Response *make_live(struct spwv_server *server, struct MHD_Connection *connection, struct spwv_answer *answer)
{
    struct MHD_Response *response = spwv_live_response(server->live, connection, guarded(connection));
    if (response)
        return response;
    answer->retry_after = true;
    spwv_answer_json_error(answer, 503, "too many pages listen to changes already; ask /api/traces from time to time instead");
    return make_response(answer);
}

static enum MHD_Result send_answer(struct spwv_server *server, struct MHD_Connection *connection, struct spwv_answer *answer)
{
    if (answer->body.failed && answer->status < 400) {
        answer->body.failed = false;
        spwv_answer_text(answer, 503, "no memory left for this answer: retry");
        answer->retry_after = true;
    }
    struct MHD_Response *response = answer->live ? make_live(server, connection, answer) : make_response(answer);
    if (!response)
        return MHD_NO;
    add_headers(response, answer);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static const char *query(void *arg, const char *name)
{
    return MHD_lookup_connection_value(arg, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result answer_request(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange,
                                      const char *path, const char *method)
{
    struct spwv_answer answer = {0};
    spwv_guard_whole(server->guard, guarded(connection));
    spwv_buf_init(&answer.body, SPWV_MAX_ANSWER, &server->app->memory);
    spwv_body_finish(&exchange->body);
    if (exchange->early_status) {
        spwv_answer_failure(&answer, exchange->early_status, exchange->json, exchange->early_text);
    } else if (exchange->takes_body && exchange->body.status) {
        answer.retry_after = exchange->body.status == 503;
        spwv_answer_failure(&answer, exchange->body.status, exchange->json, exchange->body.text);
    } else {
        struct spwv_buf *plain = &exchange->body.plain;
        struct spwv_request request = {.app = server->app,
                                       .method = strcmp(method, "HEAD") == 0 ? "GET" : method,
                                       .path = path,
                                       .if_none_match = header(connection, "If-None-Match"),
                                       .body = {(const uint8_t *)plain->data, plain->size},
                                       .json = exchange->json,
                                       .arg = connection,
                                       .query = query};
        spwv_route(&request, &answer);
    }
    spwv_body_fini(&exchange->body); /* the answer may take long to send: the body need not wait for it */
    enum MHD_Result result = send_answer(server, connection, &answer);
    spwv_buf_fini(&answer.body);
    return result;
}

/* ---- libmicrohttpd's callbacks ---- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct spwv_server *server = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? spwv_guard_enter(server->guard, info->connect_fd, server->options.header_timeout_ms) : NULL;
    } else {
        spwv_guard_leave(server->guard, *context);
        *context = NULL;
    }
}

/* The request line is complete. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct spwv_server *server = arg;
    (void)uri;
    spwv_guard_set(server->guard, guarded(connection), server->options.header_timeout_ms);
    return calloc(1, sizeof(struct exchange));
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    struct spwv_server *server = arg;
    struct exchange *exchange = *context;
    (void)code;
    *context = NULL;
    if (exchange)
        spwv_body_fini(&exchange->body);
    free(exchange);
    spwv_guard_set(server->guard, guarded(connection), server->options.idle_timeout_ms);
}

/* A client that waits for "100 Continue", or means to send more than we would throw away, gets its refusal now. */
static bool answer_before_body(struct MHD_Connection *connection, const struct exchange *exchange)
{
    const char *length = header(connection, "Content-Length");
    if (length && strtoull(length, NULL, 10) > DRAIN_MAX)
        return true;
    return exchange->early_status && header(connection, "Expect");
}

static enum MHD_Result on_headers(struct spwv_server *server, struct MHD_Connection *connection, struct exchange *exchange, const char *path,
                                  const char *method)
{
    exchange->headers_done = true;
    spwv_guard_body(server->guard, guarded(connection), server->options.request_timeout_ms, server->options.body_grace_ms,
                    server->options.min_body_bytes_s);
    check_headers(server, connection, exchange, path, method);
    if (!answer_before_body(connection, exchange))
        return MHD_YES;
    if (!exchange->early_status)
        decide(exchange, 413, "the body is larger than any that is taken here: send smaller batches");
    return answer_request(server, connection, exchange, path, method);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **context)
{
    struct spwv_server *server = arg;
    struct exchange *exchange = *context;
    (void)version;
    if (!exchange)
        return MHD_NO; /* no memory: the connection closes */
    if (!exchange->headers_done)
        return on_headers(server, connection, exchange, path, method);
    if (*size) {
        spwv_guard_came(server->guard, guarded(connection), *size);
        if (!exchange->early_status)
            spwv_body_add(&exchange->body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return answer_request(server, connection, exchange, path, method);
}

static struct MHD_Daemon *start_daemon(struct spwv_server *server, int fd)
{
    unsigned idle_s = server->options.idle_timeout_ms / 1000 + 1;
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, server->options.max_connections,
                            MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
}

struct spwv_server *spwv_server_start(int fd, struct spwv_app *app, const struct spwv_hosts *hosts, const struct spwv_options *options,
                                      struct spwv_error *error)
{
    struct spwv_server *server = calloc(1, sizeof *server);
    if (server) {
        *server = (struct spwv_server){.app = app, .hosts = hosts, .options = *options, .guard = spwv_guard_new()};
        if (server->guard)
            server->live = spwv_live_new(app->store, server->guard, options->request_timeout_ms);
        sigset_t all, old; /* its threads inherit the mask: signals are the program's business */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        server->daemon = server->live ? start_daemon(server, fd) : NULL;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (server->daemon)
            return server;
        if (server->live)
            spwv_live_destroy(server->live);
        if (server->guard)
            spwv_guard_destroy(server->guard);
        free(server);
    }
    snprintf(error->text, sizeof error->text, "the HTTP server cannot start: no memory, threads or descriptors left; check ulimit -a");
    return NULL;
}

void spwv_server_stop(struct spwv_server *server)
{
    spwv_live_stop(server->live);
    MHD_stop_daemon(server->daemon); /* closes the listening socket too */
    spwv_live_destroy(server->live);
    spwv_guard_destroy(server->guard);
    free(server);
}
