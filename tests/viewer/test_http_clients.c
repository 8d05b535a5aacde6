/* Clients that are slow, many, greedy or do not speak HTTP: cut off, capped, refused, and none of them stops the others. */
#include "fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROTOBUF "Content-Type: application/x-protobuf"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A byte every 50 ms until the other side closes; returns after how long that was. */
static int64_t drip(int fd, const char *first)
{
    int64_t start = now_ms();
    assert_true(send(fd, first, strlen(first), MSG_NOSIGNAL) > 0);
    while (now_ms() - start < 10000) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte;
        if (poll(&wait, 1, 50) > 0 && recv(fd, &byte, 1, 0) <= 0)
            break;
        if (send(fd, "x", 1, MSG_NOSIGNAL) <= 0)
            break;
    }
    close(fd);
    return now_ms() - start;
}

static void slow_clients_are_cut_off(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.header_timeout_ms = 500;
    options.request_timeout_ms = 1000;
    options.idle_timeout_ms = 700;
    start_viewer_with(options);
    int64_t silent = now_ms(); /* says nothing at all */
    int fd = dial();
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    silent = now_ms() - silent;
    assert_true(silent >= 400 && silent < 4500);
    int64_t header = drip(dial(), "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    assert_true(header >= 400 && header < 4500);
    char request[256];
    snprintf(request, sizeof request, "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" PROTOBUF "\r\nContent-Length: 100000\r\n\r\n",
             spwv_viewer_port(viewer));
    int64_t body = drip(dial(), request);
    assert_true(body >= 900 && body < 9500);
}

/* Twenty bytes a second, where a thousand are wanted; the time for the whole request has nothing to do with it. */
static void slow_bodies_are_cut_off(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.request_timeout_ms = 600000;
    options.body_grace_ms = 500;
    options.min_body_bytes_s = 1000;
    start_viewer_with(options);
    static const char *const paths[] = {"/v1/traces", "/nowhere"}; /* one that is read, one that is thrown away */
    for (size_t i = 0; i < 2; i++) {
        char request[256];
        snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" PROTOBUF "\r\nContent-Length: 100000\r\n\r\n", paths[i],
                 spwv_viewer_port(viewer));
        int64_t body = drip(dial(), request);
        assert_true(body >= 400 && body < 9500);
    }
}

/* One that is as slow for a while, and fast enough on the whole, gets its answer. */
static void a_body_may_come_in_pieces(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.body_grace_ms = 1000;
    options.min_body_bytes_s = 1000;
    start_viewer_with(options);
    char request[256], spaces[SIZE], answer[64] = "";
    memset(spaces, ' ', SIZE); /* no JSON: the answer is a 400, but one that was read to its end */
    int length = snprintf(request, sizeof request,
                          "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                          spwv_viewer_port(viewer), SIZE);
    int fd = dial();
    assert_int_equal(send(fd, request, (size_t)length, MSG_NOSIGNAL), length);
    assert_int_equal(send(fd, spaces, SIZE - 10, MSG_NOSIGNAL), SIZE - 10);
    for (int i = 0; i < 10; i++) { /* two seconds, twice the grace */
        usleep(200000);
        assert_int_equal(send(fd, spaces, 1, MSG_NOSIGNAL), 1);
    }
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    assert_non_null(strstr(answer, " 400 "));
    close(fd);
}

static void a_slow_client_does_not_block_others(void **state)
{
    (void)state;
    enum { SLOW = 40 };
    int slow[SLOW];
    for (int i = 0; i < SLOW; i++) {
        slow[i] = dial();
        static const char part[] = "POST /v1/traces HTTP/1.1\r\nHost: ";
        assert_true(send(slow[i], part, sizeof part - 1, MSG_NOSIGNAL) > 0);
    }
    int64_t start = now_ms();
    for (int i = 0; i < 20; i++)
        expect_http("GET", "/healthz", NULL, none, 200, "ok");
    assert_true(now_ms() - start < 4500); /* the slow ones are cut off after 5 s */
    for (int i = 0; i < SLOW; i++)
        close(slow[i]);
}

static void connections_are_capped(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.max_connections = 8;
    start_viewer_with(options);
    int fds[40];
    for (int i = 0; i < 40; i++)
        fds[i] = dial();
    for (int i = 0; i < 40; i++)
        close(fds[i]);
    int64_t start = now_ms(); /* and are free again at once */
    expect_http("GET", "/healthz", NULL, none, 200, "ok");
    assert_true(now_ms() - start < 30000); /* an idle one may stay for 75 s */
}

static void huge_headers_are_refused(void **state)
{
    (void)state;
    int fd = dial();
    static char junk[8192];
    memset(junk, 'a', sizeof junk);
    static const char part[] = "GET / HTTP/1.1\r\nX: ";
    send(fd, part, sizeof part - 1, MSG_NOSIGNAL);
    size_t sent = 0;
    while (sent < 16 << 20 && send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
        sent += sizeof junk;
    assert_true(sent < 16 << 20);
    close(fd);
    expect_http("GET", "/healthz", NULL, none, 200, "ok");
}

/*
 * What libmicrohttpd refuses before our code sees it has no security headers (it gives no way to add them): then there must be nothing in it
 * for them to hold back, and nothing may follow on that connection.
 */
static void expect_bare_refusal(const char *request, size_t size, int status)
{
    char answer[4096] = "", line[32];
    size_t used = 0;
    int fd = dial();
    send(fd, request, size, MSG_NOSIGNAL); /* the other side may close before it has read all */
    for (ssize_t got; used < sizeof answer - 1 && (got = recv(fd, answer + used, sizeof answer - 1 - used, 0)) > 0;)
        used += (size_t)got; /* until it closes: this would hang otherwise */
    answer[used] = 0;
    close(fd);
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0)
        fail_msg("not %d: %s", status, answer);
    assert_non_null(strstr(answer, "Connection: close"));
    assert_null(strstr(answer, "marker"));
    assert_null(strstr(answer, "script"));
    assert_null(strstr(answer, "Access-Control"));
}

static void refusals_of_the_library_say_nothing_of_the_request(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *request;
    } bad[] = {
        {400, "GET /marker HTTP/1.1\r\nHost: localhost\r\nmarker <script>\r\n\r\n"},
        {400, "GET <script>marker</script>\r\n\r\n"},
        {400, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: marker\r\n\r\n"},
        {413, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\nX: marker\r\n\r\n"},
        {505, "GET /marker HTTP/2.3\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_bare_refusal(bad[i].request, strlen(bad[i].request), bad[i].status);
    enum { LONG = 100000 };
    char *request = malloc(LONG + 64);
    for (int in_header = 0; in_header < 2; in_header++) {
        int used = sprintf(request, in_header ? "GET / HTTP/1.1\r\nX: marker" : "GET /marker");
        memset(request + used, 'a', LONG);
        strcpy(request + used + LONG, in_header ? "\r\n\r\n" : " HTTP/1.1\r\n\r\n");
        expect_bare_refusal(request, strlen(request), in_header ? 431 : 414);
    }
    free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(slow_clients_are_cut_off, stop_viewer),
        cmocka_unit_test_teardown(slow_bodies_are_cut_off, stop_viewer),
        cmocka_unit_test_teardown(a_body_may_come_in_pieces, stop_viewer),
        cmocka_unit_test_setup_teardown(a_slow_client_does_not_block_others, start_viewer, stop_viewer),
        cmocka_unit_test_teardown(connections_are_capped, stop_viewer),
        cmocka_unit_test_setup_teardown(huge_headers_are_refused, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(refusals_of_the_library_say_nothing_of_the_request, start_viewer, stop_viewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
