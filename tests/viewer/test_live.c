/* Server-sent events: what is said and when, how many may listen, that a quiet reader stays and that stopping ends them all. */
#include "fixture.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LISTENERS = 32, PATIENCE_MS = 20000 };

struct listener {
    int fd;
    char text[16384];
    size_t size;
};

static struct listener listener;

static void listen_to(struct listener *to)
{
    char request[128];
    int size = snprintf(request, sizeof request, "GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", spwv_viewer_port(viewer));
    *to = (struct listener){.fd = dial()};
    assert_int_equal(send(to->fd, request, (size_t)size, MSG_NOSIGNAL), size);
}

/* Reads until `count` of that text are there; false at the end of the connection. */
static bool await(struct listener *from, const char *wanted, unsigned count)
{
    for (;;) {
        unsigned found = 0;
        for (const char *at = from->text; (at = strstr(at, wanted)) != NULL; at++)
            found++;
        if (found >= count)
            return true;
        struct pollfd ready = {.fd = from->fd, .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) != 1)
            fail_msg("waited for \"%s\", got: %s", wanted, from->text);
        ssize_t got = recv(from->fd, from->text + from->size, sizeof from->text - 1 - from->size, 0);
        if (got <= 0)
            return false;
        from->size += (size_t)got;
        from->text[from->size] = 0;
    }
}

static void send_trace(uint8_t trace)
{
    struct reply reply = post(ENCODE({.trace = trace, .id = 1, .name = "n", .start = 1, .end = 2}));
    assert_int_equal(reply.status, 200);
    free_reply(reply);
}

static void changes_are_said(void **state)
{
    (void)state;
    listen_to(&listener);
    assert_true(await(&listener, "data: {\"revision\":1,\"traces\":0,\"logs\":0,\"metric_points\":0}\n\n", 1)); /* where things are, at once */
    assert_non_null(strstr(listener.text, "Content-Type: text/event-stream"));
    assert_non_null(strstr(listener.text, "Content-Security-Policy"));
    send_trace(1);
    assert_true(await(&listener, "event: change\ndata: {\"revision\":2,\"traces\":1,\"logs\":0,\"metric_points\":0}\n\n", 1));
    free_reply(http("DELETE", "/api/traces/ab000000000000000000000000000001", NULL, (struct bytes){NULL, 0}));
    assert_true(await(&listener, "event: change\ndata: {\"revision\":3,\"traces\":0,\"logs\":0,\"metric_points\":0}\n\n", 1));
    close(listener.fd);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void many_changes_are_few_events(void **state)
{
    (void)state;
    unsigned events = 0;
    listen_to(&listener);
    assert_true(await(&listener, "\"traces\":0,", 1));
    int64_t start = now_ms();
    for (uint8_t i = 1; i <= 100; i++)
        send_trace(i);
    assert_true(await(&listener, "\"traces\":100,", 1));
    int64_t took = now_ms() - start;
    for (const char *at = listener.text; (at = strstr(at, "event:")) != NULL; at++)
        events++;
    assert_true(events <= 2 + (unsigned)(took / 200) + 1);
    close(listener.fd);
}

static int start_impatient(void **state)
{
    (void)state;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    options.request_timeout_ms = 1500;
    start_viewer_with(options);
    return 0;
}

static void a_quiet_reader_stays(void **state)
{
    (void)state;
    listen_to(&listener);
    assert_true(await(&listener, "\r\n:\n\n", 4)); /* half a deadline each */
    send_trace(1);
    assert_true(await(&listener, "\"traces\":1,", 1));
    close(listener.fd);
}

static void too_many_are_refused_and_places_come_free(void **state)
{
    (void)state;
    static struct listener all[LISTENERS];
    for (unsigned i = 0; i < LISTENERS; i++) {
        listen_to(&all[i]);
        assert_true(await(&all[i], "event: change", 1));
    }
    listen_to(&listener);
    assert_true(await(&listener, "too many pages listen", 1));
    assert_non_null(strstr(listener.text, "HTTP/1.1 503"));
    close(listener.fd);
    for (unsigned i = 0; i < LISTENERS; i++)
        close(all[i].fd);
    int64_t start = now_ms();
    bool entered = false;
    for (uint8_t change = 1; !entered && now_ms() - start < PATIENCE_MS; change++) {
        send_trace(change); /* what is said to them fails: they are gone */
        listen_to(&listener);
        assert_true(await(&listener, "HTTP/1.1 ", 1));
        entered = strstr(listener.text, "HTTP/1.1 200") != NULL;
        close(listener.fd);
        poll(NULL, 0, 50);
    }
    assert_true(entered);
}

static void stopping_ends_all(void **state)
{
    static struct listener all[4];
    for (unsigned i = 0; i < 4; i++) {
        listen_to(&all[i]);
        assert_true(await(&all[i], "event: change", 1));
    }
    stop_viewer(state); /* does not wait for them */
    for (unsigned i = 0; i < 4; i++) {
        await(&all[i], "never said", 1);
        close(all[i].fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_are_said, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(many_changes_are_few_events, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(a_quiet_reader_stays, start_impatient, stop_viewer),
        cmocka_unit_test_setup_teardown(too_many_are_refused_and_places_come_free, start_viewer, stop_viewer),
        cmocka_unit_test_setup_teardown(stopping_ends_all, start_viewer, stop_viewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
