/* The tests' requests, viewer and HTTP client. Contract: fixture.h. */
#include "fixture.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

struct spwv_viewer *viewer;

/* ---- requests ---- */

struct parts { /* of one span's ResourceSpans */
    Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans, *resource_spans_pointer;
    Opentelemetry__Proto__Trace__V1__ScopeSpans scope_spans, *scope_spans_pointer;
    Opentelemetry__Proto__Resource__V1__Resource resource;
    Opentelemetry__Proto__Common__V1__InstrumentationScope scope;
    Opentelemetry__Proto__Trace__V1__Status status;
    key_value service, *service_pointer;
    any_value service_value;
    pb_span span, *span_pointer;
    uint8_t trace_id[16], span_id[8], parent_id[8];
};

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static void fill(struct parts *p, const struct sample *sample)
{
    opentelemetry__proto__trace__v1__resource_spans__init(&p->resource_spans);
    opentelemetry__proto__trace__v1__scope_spans__init(&p->scope_spans);
    opentelemetry__proto__resource__v1__resource__init(&p->resource);
    opentelemetry__proto__common__v1__instrumentation_scope__init(&p->scope);
    opentelemetry__proto__trace__v1__status__init(&p->status);
    opentelemetry__proto__common__v1__key_value__init(&p->service);
    opentelemetry__proto__common__v1__any_value__init(&p->service_value);
    opentelemetry__proto__trace__v1__span__init(&p->span);
    p->service_value.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    p->service_value.string_value = text(sample->service ? sample->service : "svc");
    p->service.key = text("service.name");
    p->service.value = &p->service_value;
    p->service_pointer = &p->service;
    p->resource.n_attributes = 1;
    p->resource.attributes = &p->service_pointer;
    p->resource_spans.resource = &p->resource;
    p->scope_spans_pointer = &p->scope_spans;
    p->resource_spans.n_scope_spans = 1;
    p->resource_spans.scope_spans = &p->scope_spans_pointer;
    p->resource_spans.schema_url = text(sample->resource_schema_url ? sample->resource_schema_url : "");
    p->scope_spans.schema_url = text(sample->scope_schema_url ? sample->scope_schema_url : "");
    p->scope.name = text("tests");
    p->scope.version = text("1.0");
    p->scope_spans.scope = &p->scope;
    p->span_pointer = &p->span;
    p->scope_spans.n_spans = 1;
    p->scope_spans.spans = &p->span_pointer;
    p->resource_spans_pointer = &p->resource_spans;
    p->trace_id[0] = 0xAB;
    p->trace_id[15] = sample->trace;
    memcpy(p->span_id, &sample->id, 8);
    memcpy(p->parent_id, &sample->parent, 8);
    p->span.trace_id = (ProtobufCBinaryData){16, p->trace_id};
    p->span.span_id = (ProtobufCBinaryData){8, p->span_id};
    p->span.parent_span_id = (ProtobufCBinaryData){sample->parent ? 8 : 0, p->parent_id};
    p->span.name = text(sample->name ? sample->name : "");
    p->span.start_time_unix_nano = sample->start;
    p->span.end_time_unix_nano = sample->end;
    p->status.code = sample->error ? OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR
                                   : OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_UNSET;
    p->status.message = text(sample->message ? sample->message : "");
    p->span.status = &p->status;
    if (sample->finish)
        sample->finish(&p->span);
}

struct bytes encode(const struct sample *samples, size_t count)
{
    struct parts *parts = calloc(count, sizeof *parts);
    Opentelemetry__Proto__Trace__V1__ResourceSpans **pointers = calloc(count + 1, sizeof *pointers);
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request =
        OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_SERVICE_REQUEST__INIT;
    for (size_t i = 0; i < count; i++) {
        fill(&parts[i], &samples[i]);
        pointers[i] = &parts[i].resource_spans;
    }
    request.n_resource_spans = count;
    request.resource_spans = pointers;
    struct bytes bytes = {NULL, protobuf_c_message_get_packed_size(&request.base)};
    bytes.data = malloc(bytes.size + 1);
    protobuf_c_message_pack(&request.base, bytes.data);
    free(pointers);
    free(parts);
    return bytes;
}

struct bytes gzip(const void *data, size_t size)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    struct bytes bytes = {NULL, deflateBound(&stream, size)};
    bytes.data = malloc(bytes.size);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (uInt)size;
    stream.next_out = bytes.data;
    stream.avail_out = (uInt)bytes.size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bytes.size = stream.total_out;
    deflateEnd(&stream);
    return bytes;
}

bool next_span(struct spwv_cursor *cursor, struct spwv_span *span)
{
    struct spwv_slice raw;
    bool more = spwv_otlp_next_item(cursor, &raw);
    if (more)
        spwv_otlp_read_span(raw, span);
    return more;
}

uint64_t put(struct spwv_store *store, struct bytes request)
{
    struct spwv_error error;
    struct spwv_slice slice = {request.data, request.size};
    struct spwv_cursor cursor;
    struct spwv_span span;
    uint64_t added = 0;
    assert_true(spwv_otlp_check(SPWV_TRACES_REQUEST, slice, &error));
    assert_true(store->begin(store, &error));
    spwv_otlp_items(&cursor, slice);
    while (next_span(&cursor, &span))
        assert_true(store->add(store, &span, &cursor, &error));
    assert_true(store->commit(store, &added, &error));
    free(request.data);
    return added;
}

/* ---- the viewer ---- */

void start_viewer_with(struct spwv_options options)
{
    struct spwv_error error = {""};
    options.listen = "127.0.0.1:0";
    viewer = spwv_viewer_start(&options, &error);
    if (!viewer)
        fail_msg("%s", error.text);
}

int start_viewer(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    start_viewer_with(options);
    return 0;
}

int stop_viewer(void **state)
{
    (void)state;
    if (viewer)
        spwv_viewer_stop(viewer);
    viewer = NULL;
    return 0;
}

/* ---- HTTP ---- */

struct collected {
    char *data;
    size_t size;
};

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
    struct collected *to = arg;
    char *grown = realloc(to->data, to->size + size * count + 1);
    if (!grown)
        return 0;
    memcpy(grown + to->size, data, size * count);
    to->data = grown;
    to->size += size * count;
    grown[to->size] = 0;
    return size * count;
}

struct reply http(const char *method, const char *path, const char *const *headers, struct bytes body)
{
    char url[8192];
    struct collected content = {calloc(1, 1), 0};
    struct collected head = {calloc(1, 1), 0};
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", spwv_viewer_port(viewer), path);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 300L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &content);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    if (strcmp(method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data ? (const char *)body.data : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    }
    CURLcode result = curl_easy_perform(curl);
    if (result != CURLE_OK)
        fail_msg("%s %s: %s", method, path, curl_easy_strerror(result));
    struct reply reply = {.body = content.data, .size = content.size, .headers = head.data};
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(list);
    return reply;
}

struct reply get(const char *path)
{
    return http("GET", path, NULL, (struct bytes){NULL, 0});
}

struct reply post(struct bytes body)
{
    static const char *const headers[] = {"Content-Type: application/x-protobuf", NULL};
    struct reply reply = http("POST", "/v1/traces", headers, body);
    free(body.data);
    return reply;
}

void free_reply(struct reply reply)
{
    free(reply.body);
    free(reply.headers);
}

const struct bytes none = {NULL, 0};

void expect_http(const char *method, const char *path, const char *const *headers, struct bytes body, long status, const char *part)
{
    struct reply reply = http(method, path, headers, body);
    if (reply.status != status || (part && !strstr(reply.body, part) && !strstr(reply.headers, part)))
        fail_msg("%s %s: %ld instead of %ld (%s): %s%s", method, path, reply.status, status, part ? part : "", reply.headers, reply.body);
    assert_non_null(strstr(reply.headers, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
    assert_non_null(strstr(reply.headers, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(reply.headers, "Referrer-Policy: no-referrer"));
    assert_null(strstr(reply.headers, "Access-Control"));
    free_reply(reply);
}

int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)spwv_viewer_port(viewer))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}
