/* What the OTLP exporter puts on the wire: request line, headers, body, connections; and what a child would inherit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"

static void says_what_otlp_wants_and_no_more(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .headers = "X-Key=a%20b,x-empty=,User=1" });
    spw_batch *batch = fake_batch_simple(1, 10);
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    assert_string_equal(d.result.text, "");
    const http_peer_request *r = http_peer_request_at(peer, 0);
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->target, "/v1/traces");
    assert_string_equal(http_peer_header(r, "Content-Type"), "application/x-protobuf");
    assert_string_equal(http_peer_header(r, "User-Agent"), "OTel-OTLP-Exporter-C/" SPW_VERSION);
    assert_string_equal(http_peer_header(r, "x-key"), "a b");
    assert_string_equal(http_peer_header(r, "x-empty"), "");
    assert_string_equal(http_peer_header(r, "User"), "1");
    assert_int_equal(http_peer_header_count(r, "Content-Type"), 1);
    assert_int_equal(http_peer_header_count(r, "Content-Length"), 1);
    assert_null(http_peer_header(r, "Expect"));
    assert_null(http_peer_header(r, "Content-Encoding"));
    assert_null(http_peer_header(r, "Accept-Encoding"));
    assert_null(http_peer_header(r, "Transfer-Encoding"));
    assert_int_equal(r->body_size, spw_batch_encoded_size(batch));
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *m =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, r->body_size, r->body);
    assert_non_null(m);
    assert_int_equal(m->resource_spans[0]->scope_spans[0]->n_spans, 10);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(m, NULL);
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void the_target_follows_the_setting(void **state)
{
    (void)state;
    static const struct {
        const char *tail;
        bool is_signal;
        const char *target;
    } table[] = {
        { "", false, "/v1/traces" },      { "/", false, "/v1/traces" }, { "/base/", false, "/base/v1/traces" },
        { "/b?t=1", false, "/b/v1/traces?t=1" }, { "", true, "/" },      { "/my/way", true, "/my/way" },
        { "/my/way/?a=b%20c", true, "/my/way/?a=b%20c" },
    };
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char endpoint[100];
        driver d;
        snprintf(endpoint, sizeof endpoint, "%s%s", http_peer_url(peer), table[i].tail);
        driver_start(&d, &(driver_options){ .endpoint = endpoint, .endpoint_is_signal = table[i].is_signal });
        assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
        assert_string_equal(http_peer_request_at(peer, i)->target, table[i].target);
        driver_stop(&d);
    }
    fake_batch_free(batch);
    http_peer_stop(peer);
}

static void user_info_becomes_basic_credentials(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    char endpoint[100];
    driver d;
    snprintf(endpoint, sizeof endpoint, "http://user:p%%40ss@127.0.0.1:%u", http_peer_port(peer));
    driver_start(&d, &(driver_options){ .endpoint = endpoint, .user_agent_prefix = "my-app/1.0" });
    driver_send(&d, batch, 3000);
    assert_string_equal(http_peer_header(http_peer_request_at(peer, 0), "Authorization"), "Basic dXNlcjpwQHNz");
    assert_string_equal(http_peer_header(http_peer_request_at(peer, 0), "User-Agent"), "my-app/1.0 OTel-OTLP-Exporter-C/" SPW_VERSION);
    driver_stop(&d);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

static void gzip_inflates_to_the_plain_request_and_is_made_once(void **state)
{
    (void)state;
    static const size_t payloads[] = { 0, 1000, 700 * 1024, 3 * 1024 * 1024 }; /* the last ones are compressed in slices */
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .compression = "gzip", .timeout_ms = 5000 });
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        fake_span wish = { "zip", payloads[i], NULL, NULL, NULL, NULL, false };
        spw_batch *batch = fake_batch_new(i + 1, &wish, 1);
        http_peer_then(peer, http_peer_status(503));
        assert_int_equal(driver_send(&d, batch, 8000).status, SPW_EXPORT_RETRY);
        assert_int_equal(driver_send(&d, batch, 8000).status, SPW_EXPORT_DELIVERED);
        assert_int_equal(fake_batch_encodings(batch), 1);
        const http_peer_request *first = http_peer_request_at(peer, 2 * i);
        const http_peer_request *again = http_peer_request_at(peer, 2 * i + 1);
        assert_string_equal(http_peer_header(first, "Content-Encoding"), "gzip");
        assert_int_equal(first->body_size, again->body_size);
        assert_memory_equal(first->body, again->body, first->body_size);
        size_t size;
        size_t want = spw_batch_encoded_size(batch);
        uint8_t *plain = http_peer_plain_body(first, &size);
        uint8_t *expected = malloc(want);
        assert_non_null(plain);
        assert_int_equal(size, want);
        assert_int_equal(spw_batch_encode(batch, expected, want), want);
        assert_memory_equal(plain, expected, size);
        free(plain);
        free(expected);
        fake_batch_free(batch);
    }
    driver_stop(&d);
    http_peer_stop(peer);
}

static void a_new_batch_is_encoded_anew(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    spw_batch *one = fake_batch_simple(1, 1);
    spw_batch *two = fake_batch_simple(2, 50);
    http_peer_then(peer, http_peer_status(503)); /* batch 1 is given up after a retryable failure */
    driver_send(&d, one, 3000);
    driver_send(&d, two, 3000);
    assert_int_equal(http_peer_request_at(peer, 1)->body_size, spw_batch_encoded_size(two));
    driver_send(&d, one, 3000);
    assert_int_equal(http_peer_request_at(peer, 2)->body_size, spw_batch_encoded_size(one));
    fake_batch_free(one);
    fake_batch_free(two);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void large_bodies_do_not_wait_for_a_100_continue(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = 10000 });
    fake_span wish = { "big", 8u << 20, NULL, NULL, NULL, NULL, false };
    spw_batch *batch = fake_batch_new(1, &wish, 1);
    assert_int_equal(driver_send(&d, batch, 10000).status, SPW_EXPORT_DELIVERED);
    assert_null(http_peer_header(http_peer_request_at(peer, 0), "Expect"));
    assert_int_equal(http_peer_request_at(peer, 0)->body_size, spw_batch_encoded_size(batch));
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void no_empty_and_no_oversized_request_is_sent(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    spw_batch *empty = fake_batch_simple(1, 0);
    assert_int_equal(driver_send(&d, empty, 1000).status, SPW_EXPORT_DELIVERED);
    fake_span wish = { "huge", 65u << 20, NULL, NULL, NULL, NULL, false };
    spw_batch *huge = fake_batch_new(2, &wish, 1);
    assert_int_equal(driver_send(&d, huge, 1000).status, SPW_EXPORT_PERMANENT);
    assert_non_null(strstr(d.result.text, "64 MiB"));
    assert_int_equal(d.exporter->max_request_bytes, 64u << 20);
    assert_int_equal(http_peer_connections(peer), 0);
    fake_batch_free(empty);
    fake_batch_free(huge);
    driver_stop(&d);
    http_peer_stop(peer);
}

static void connections_are_kept_and_left_after_a_5xx(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start();
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    spw_batch *batch = fake_batch_simple(1, 1);
    for (int i = 0; i < 5; i++)
        driver_send(&d, batch, 3000);
    assert_int_equal(http_peer_connections(peer), 1);
    http_peer_then(peer, http_peer_status(429)); /* asks for patience, is not ill */
    driver_send(&d, batch, 3000);
    driver_send(&d, batch, 3000);
    assert_int_equal(http_peer_connections(peer), 1);
    http_peer_then(peer, http_peer_status(503));
    driver_send(&d, batch, 3000);
    driver_send(&d, batch, 3000);
    driver_send(&d, batch, 3000);
    assert_int_equal(http_peer_connections(peer), 2);
    assert_int_equal(http_peer_requests(peer), 10);
    http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_CLOSE_AFTER }); /* the next request finds its connection dead: no failure */
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(driver_send(&d, batch, 3000).status, SPW_EXPORT_DELIVERED);
    assert_int_equal(http_peer_connections(peer), 3);
    fake_batch_free(batch);
    driver_stop(&d);
    http_peer_stop(peer);
}

/* ---- descriptors ---- */

enum { MAX_FD = 1024 };

static void list_descriptors(bool open[MAX_FD])
{
    memset(open, 0, MAX_FD * sizeof *open);
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir));) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] != '.' && fd != dirfd(dir) && fd < MAX_FD)
            open[fd] = true;
    }
    closedir(dir);
}

static void assert_none_is_inheritable(const bool before[MAX_FD], size_t at_least)
{
    bool now[MAX_FD];
    size_t fresh = 0;
    list_descriptors(now);
    for (int fd = 0; fd < MAX_FD; fd++) {
        if (!now[fd] || before[fd])
            continue;
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0)
            continue; /* a resolver's, closed meanwhile */
        fresh++;
        if (!(flags & FD_CLOEXEC)) {
            char path[40];
            char target[100] = "";
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            ssize_t ignored = readlink(path, target, sizeof target - 1);
            (void)ignored;
            fail_msg("descriptor %d (%s) is inheritable", fd, target);
        }
    }
    assert_true(fresh >= at_least);
}

static void a_child_would_inherit_nothing(void **state)
{
    (void)state;
    bool before[MAX_FD];
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
    spw_batch *batch = fake_batch_simple(1, 1);
    list_descriptors(before);
    driver d;
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    driver_submit(&d, batch);
    for (int i = 0; i < 20 && http_peer_requests(peer) == 0; i++)
        driver_run(&d, 1, 20);
    assert_int_equal(http_peer_requests(peer), 1);
    assert_none_is_inheritable(before, 3); /* epoll, eventfd, a connection at the least */
    driver_stop(&d);
    http_peer_stop(peer);
    driver_start(&d, &(driver_options){ .endpoint = "http://no.such.host.invalid:4318" });
    driver_submit(&d, batch);
    for (int i = 0; i < 3; i++) {
        driver_run(&d, 1, 0);
        assert_none_is_inheritable(before, 2);
        driver_run(&d, 1, 1);
    }
    driver_stop(&d);
    fake_batch_free(batch);
}

static void wrong_settings_are_refused_with_the_cure(void **state)
{
    (void)state;
    static const struct {
        driver_options options;
        const char *says;
    } table[] = {
        { { .endpoint = "http://c:4317" }, "use http/protobuf on port 4318" },
        { { .endpoint = "c:4318" }, "write it like" },
        { { .endpoint = "http://c", .protocol = "grpc" }, "use http/protobuf on port 4318" },
        { { .endpoint = "http://c", .protocol = "carrier-pigeon" }, "unknown" },
        { { .endpoint = "http://c", .compression = "zstd" }, "use gzip or none" },
        { { .endpoint = "http://c", .headers = "a=%0d%0ab" }, "control character" },
        { { .endpoint = "http://c", .user_agent_prefix = "a\r\nb" }, "control character" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        spw_error error = SPW_ERROR_INIT;
        assert_null(driver_make(&table[i].options, &error));
        assert_int_equal(error.code, SPW_ERR_INVALID);
        if (!strstr(error.text, table[i].says))
            fail_msg("row %zu: %s", i, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_otlp_wants_and_no_more),
        cmocka_unit_test(the_target_follows_the_setting),
        cmocka_unit_test(user_info_becomes_basic_credentials),
        cmocka_unit_test(gzip_inflates_to_the_plain_request_and_is_made_once),
        cmocka_unit_test(a_new_batch_is_encoded_anew),
        cmocka_unit_test(large_bodies_do_not_wait_for_a_100_continue),
        cmocka_unit_test(no_empty_and_no_oversized_request_is_sent),
        cmocka_unit_test(connections_are_kept_and_left_after_a_5xx),
        cmocka_unit_test(a_child_would_inherit_nothing),
        cmocka_unit_test(wrong_settings_are_refused_with_the_cure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
