/* curl.h: transfers of the real libcurl to the scripted peer; the spans recorded and the headers that arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/curl.h>
#include <stdlib.h>
#include <string.h>

#include "support/capture.h"
#include "support/http_peer.h"

struct fixture {
    capture *seen;
    http_peer *peer;
    CURL *easy;
    char url[200];
};

static size_t swallow(char *data, size_t one, size_t size, void *arg)
{
    (void)data;
    (void)arg;
    return one * size;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->seen = capture_new();
    capture_start(f->seen, NULL);
    f->peer = http_peer_start();
    f->easy = curl_easy_init();
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(f->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, 20000L);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    curl_easy_cleanup(f->easy);
    http_peer_stop(f->peer);
    capture_stop(f->seen);
    free(f);
    return 0;
}

static const char *at(struct fixture *f, const char *path)
{
    snprintf(f->url, sizeof f->url, "%s%s", http_peer_url(f->peer), path);
    return f->url;
}

static const capture_span *only_span(struct fixture *f, const char *name)
{
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *span = capture_named(f->seen, name);
    assert_non_null(span);
    assert_int_equal(span->kind, SPW_KIND_CLIENT);
    return span;
}

static int status_of(const capture_span *span)
{
    return span->status ? (int)span->status->code : 0;
}

/* The header says: this trace, this span. */
static void assert_traceparent(const http_peer_request *request, const capture_span *span)
{
    char want[SPW_TRACEPARENT_SIZE];
    spw_span sent = { .flags = (uint8_t)span->flags };
    memcpy(sent.trace_id, span->trace_id.data, 16);
    memcpy(sent.span_id, span->span_id.data, 8);
    assert_true(spw_traceparent_format(sent, want));
    assert_int_equal(http_peer_header_count(request, "traceparent"), 1);
    assert_string_equal(http_peer_header(request, "traceparent"), want);
}

static void a_transfer_is_a_span_and_its_context_travels(void **state)
{
    struct fixture *f = *state;
    http_peer_then(f->peer, http_peer_protobuf("12345", 5));
    {
        SPW_SPAN(outer, "outer");
        spw_context tagged = spw_baggage_set(spw_context_current(), "tenant", "a b");
        spw_token token = spw_context_attach(&tagged);
        assert_int_equal(spw_curl_perform(f->easy, "GET", at(f, "/users/42?sig=secret"), NULL, NULL), CURLE_OK);
        spw_context_detach(token);
        spw_context_release(&tagged);
    }
    const capture_span *span = only_span(f, "GET"), *outer = capture_named(f->seen, "outer");
    char full[200];
    snprintf(full, sizeof full, "%s/users/42?sig=REDACTED", http_peer_url(f->peer));
    assert_memory_equal(span->parent_span_id.data, outer->span_id.data, 8);
    assert_string_equal(capture_string(span, "http.request.method"), "GET");
    assert_string_equal(capture_string(span, "url.full"), full);
    assert_string_equal(capture_string(span, "server.address"), "127.0.0.1");
    assert_int_equal(capture_int(span, "server.port"), http_peer_port(f->peer));
    assert_string_equal(capture_string(span, "network.peer.address"), "127.0.0.1");
    assert_int_equal(capture_int(span, "network.peer.port"), http_peer_port(f->peer));
    assert_string_equal(capture_string(span, "network.protocol.version"), "1.1");
    assert_int_equal(capture_int(span, "http.response.status_code"), 200);
    assert_int_equal(capture_int(span, "http.response.body.size"), 5);
    assert_int_equal(capture_int(span, "http.request.body.size"), INT64_MIN);
    assert_null(capture_string(span, "error.type"));
    assert_int_equal(status_of(span), 0);
    const http_peer_request *request = http_peer_request_at(f->peer, 0);
    assert_string_equal(request->target, "/users/42?sig=secret"); /* only what is recorded is redacted */
    assert_traceparent(request, span);
    assert_string_equal(http_peer_header(request, "baggage"), "tenant=a%20b");
}

static void the_callers_headers_stay_the_callers(void **state)
{
    struct fixture *f = *state;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    headers = curl_slist_append(headers, "TraceParent: 00-11111111111111111111111111111111-2222222222222222-01");
    headers = curl_slist_append(headers, "X-Twice: 1");
    headers = curl_slist_append(headers, "X-Twice: 2");
    for (int i = 0; i < 3; i++)
        assert_int_equal(spw_curl_perform(f->easy, "GET", at(f, "/"), headers, NULL), CURLE_OK);
    curl_easy_setopt(f->easy, CURLOPT_URL, at(f, "/plain"));
    assert_int_equal(curl_easy_perform(f->easy), CURLE_OK); /* the list is back in its place */
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(f->seen), 3);
    for (size_t i = 0; i < 4; i++) {
        const http_peer_request *request = http_peer_request_at(f->peer, i);
        assert_string_equal(http_peer_header(request, "accept"), "application/json");
        assert_int_equal(http_peer_header_count(request, "x-twice"), 2);
        if (i < 3)
            assert_traceparent(request, capture_at(f->seen, i));
        else
            assert_string_equal(http_peer_header(request, "traceparent"), "00-11111111111111111111111111111111-2222222222222222-01");
    }
    int count = 0;
    for (struct curl_slist *line = headers; line; line = line->next)
        count++;
    assert_int_equal(count, 4);
    curl_slist_free_all(headers);
}

static void a_post_has_a_body_and_a_shape(void **state)
{
    struct fixture *f = *state;
    spw_curl_options options = SPW_CURL_OPTIONS_INIT;
    options.url_template = "/users/{id}";
    curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, "hello");
    http_peer_then(f->peer, http_peer_status(204));
    assert_int_equal(spw_curl_perform(f->easy, "POST", at(f, "/users/7"), NULL, &options), CURLE_OK);
    const capture_span *span = only_span(f, "POST /users/{id}");
    assert_string_equal(capture_string(span, "url.template"), "/users/{id}");
    assert_int_equal(capture_int(span, "http.request.body.size"), 5);
    assert_int_equal(capture_int(span, "http.response.status_code"), 204);
    assert_int_equal(status_of(span), 0);
}

static void an_error_status_is_an_error(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int status;
        const char *type;
    } rows[] = { { 302, NULL }, { 404, "404" }, { 503, "503" } };
    for (size_t i = 0; i < 6; i++) {
        char shape[16];
        spw_curl_options options = SPW_CURL_OPTIONS_INIT;
        snprintf(shape, sizeof shape, "/%zu", i);
        options.url_template = shape;
        curl_easy_setopt(f->easy, CURLOPT_FAILONERROR, i < 3 ? 0L : 1L); /* libcurl's own opinion changes nothing */
        http_peer_then(f->peer, http_peer_status(rows[i % 3].status));
        CURLcode rc = spw_curl_perform(f->easy, "GET", at(f, shape), NULL, &options);
        assert_int_equal(rc, i >= 4 ? CURLE_HTTP_RETURNED_ERROR : CURLE_OK);
        char name[32];
        snprintf(name, sizeof name, "GET /%zu", i);
        const capture_span *span = only_span(f, name);
        const char *type = capture_string(span, "error.type");
        assert_int_equal(capture_int(span, "http.response.status_code"), rows[i % 3].status);
        assert_int_equal(status_of(span), rows[i % 3].type ? SPW_STATUS_ERROR : 0);
        assert_int_equal(type != NULL, rows[i % 3].type != NULL);
        if (type) {
            assert_string_equal(type, rows[i % 3].type);
            assert_string_equal(span->status->message, ""); /* the code says it all */
        }
    }
}

static void a_failed_transfer_says_how(void **state)
{
    struct fixture *f = *state;
    char dead[64];
    snprintf(dead, sizeof dead, "http://127.0.0.1:%u/", http_peer_dead_port());
    assert_int_equal(spw_curl_perform(f->easy, "GET", dead, NULL, NULL), CURLE_COULDNT_CONNECT);
    const capture_span *span = only_span(f, "GET");
    assert_string_equal(capture_string(span, "error.type"), "CURLE_COULDNT_CONNECT");
    assert_int_equal(status_of(span), SPW_STATUS_ERROR);
    assert_true(*span->status->message);
    assert_int_equal(capture_int(span, "http.response.status_code"), INT64_MIN);

    http_peer_then(f->peer, (http_peer_answer){ .act = HTTP_PEER_SHORT_BODY, .body = "x", .body_size = 1 });
    assert_int_equal(spw_curl_perform(f->easy, "HEADLESS", at(f, "/"), NULL, NULL), CURLE_PARTIAL_FILE);
    span = only_span(f, "HTTP");
    assert_string_equal(capture_string(span, "error.type"), "CURLE_PARTIAL_FILE");
    assert_string_equal(capture_string(span, "http.request.method"), "_OTHER");
    assert_string_equal(capture_string(span, "http.request.method_original"), "HEADLESS");
    assert_int_equal(capture_int(span, "http.response.status_code"), 200);
    char other[24];
    assert_string_equal(spw_curl_error_type((CURLcode)78, other), "CURLE_78");
}

static int give_up(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return 1;
}

static void what_the_caller_aborts_is_no_error(void **state)
{
    struct fixture *f = *state;
    curl_easy_setopt(f->easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(f->easy, CURLOPT_XFERINFOFUNCTION, give_up);
    assert_int_equal(spw_curl_perform(f->easy, "GET", at(f, "/"), NULL, NULL), CURLE_ABORTED_BY_CALLBACK);
    const capture_span *span = only_span(f, "GET");
    assert_null(capture_string(span, "error.type"));
    assert_int_equal(status_of(span), 0);
}

static void the_handles_own_url_is_read_afterwards(void **state)
{
    struct fixture *f = *state;
    char url[200];
    snprintf(url, sizeof url, "http://anna:secret@127.0.0.1:%u/x", http_peer_port(f->peer));
    curl_easy_setopt(f->easy, CURLOPT_URL, url);
    assert_int_equal(spw_curl_perform(f->easy, NULL, NULL, NULL, NULL), CURLE_OK);
    const capture_span *span = only_span(f, "GET");
    snprintf(url, sizeof url, "http://REDACTED:REDACTED@127.0.0.1:%u/x", http_peer_port(f->peer));
    assert_string_equal(capture_string(span, "url.full"), url);
    assert_string_equal(capture_string(span, "server.address"), "127.0.0.1");
    assert_int_equal(capture_int(span, "server.port"), http_peer_port(f->peer));
}

/* ---- multi ---- */

static void run_multi(CURLM *multi, spw_curl *transfers, size_t count)
{
    int running = 1, left;
    while (running) {
        assert_int_equal(curl_multi_perform(multi, &running), CURLM_OK);
        if (running)
            assert_int_equal(curl_multi_poll(multi, NULL, 0, 1000, NULL), CURLM_OK);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
            for (size_t i = 0; i < count; i++) {
                if (message->msg == CURLMSG_DONE && transfers[i].easy == message->easy_handle)
                    spw_curl_end(&transfers[i], message->data.result);
            }
        }
    }
}

static void transfers_at_once_are_spans_of_their_own(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 3 };
    CURLM *multi = curl_multi_init();
    CURL *easy[MANY];
    spw_curl transfers[MANY];
    spw_curl_options options = SPW_CURL_OPTIONS_INIT;
    spw_context parent = spw_context_with_span(NULL, spw_span_start(NULL, "batch", NULL));
    options.parent = &parent; /* not current */
    for (int i = 0; i < MANY; i++) {
        easy[i] = curl_easy_duphandle(f->easy);
        spw_curl_start(&transfers[i], easy[i], "GET", at(f, "/"), NULL, &options);
        curl_multi_add_handle(multi, easy[i]);
    }
    run_multi(multi, transfers, MANY);
    for (int i = 0; i < MANY; i++) {
        spw_curl_end(&transfers[i], CURLE_OK); /* again: nothing */
        curl_multi_remove_handle(multi, easy[i]);
        curl_easy_cleanup(easy[i]);
    }
    curl_multi_cleanup(multi);
    spw_span_end(parent.span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    assert_int_equal(capture_count(f->seen), MANY + 1);
    for (size_t i = 0; i < MANY; i++) {
        assert_memory_equal(capture_at(f->seen, i)->parent_span_id.data, parent.span.span_id, 8);
        assert_int_equal(capture_int(capture_at(f->seen, i), "http.response.status_code"), 200);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(http_peer_header(http_peer_request_at(f->peer, i), "traceparent"),
                                    strdupa(http_peer_header(http_peer_request_at(f->peer, k), "traceparent")));
    }
}

/* ---- without recording ---- */

static void without_an_sdk_the_context_travels_all_the_same(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    spw_context context = { 0 };
    assert_true(spw_traceparent_parse("00-11111111111111111111111111111111-2222222222222222-01", "a=1", &context.span));
    spw_curl_options options = SPW_CURL_OPTIONS_INIT;
    assert_int_equal(spw_curl_perform(easy, "GET", http_peer_url(peer), NULL, &options), CURLE_OK);
    options.parent = &context;
    assert_int_equal(spw_curl_perform(easy, "GET", http_peer_url(peer), NULL, &options), CURLE_OK);
    assert_null(http_peer_header(http_peer_request_at(peer, 0), "traceparent"));
    assert_string_equal(http_peer_header(http_peer_request_at(peer, 1), "traceparent"),
                        "00-11111111111111111111111111111111-2222222222222222-01");
    assert_string_equal(http_peer_header(http_peer_request_at(peer, 1), "tracestate"), "a=1");
    curl_easy_cleanup(easy);
    http_peer_stop(peer);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_transfer_is_a_span_and_its_context_travels),
        TEST(the_callers_headers_stay_the_callers),
        TEST(a_post_has_a_body_and_a_shape),
        TEST(an_error_status_is_an_error),
        TEST(a_failed_transfer_says_how),
        TEST(what_the_caller_aborts_is_no_error),
        TEST(the_handles_own_url_is_read_afterwards),
        TEST(transfers_at_once_are_spans_of_their_own),
        cmocka_unit_test(without_an_sdk_the_context_travels_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
