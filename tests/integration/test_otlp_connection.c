/* The OTLP exporter's connection: Unix-domain sockets, how long a connection is kept, and that its end under way is nobody's loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/exporter_driver.h"
#include "support/fake_batch.h"
#include "support/http_peer.h"

enum { PATIENCE_MS = 20000 };

/* A folder for sockets, and a path in it. */
static struct {
    char folder[32], path[64];
} place;

static int make_place(void **state)
{
    (void)state;
    strcpy(place.folder, "/tmp/spw-socket-XXXXXX");
    if (!mkdtemp(place.folder))
        return -1;
    snprintf(place.path, sizeof place.path, "%s/otel.sock", place.folder);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    unlink(place.path);
    return rmdir(place.folder);
}

/* ---- Unix-domain sockets ---- */

static void deliver(http_peer *peer, const char *endpoint, bool is_signal, const char *target)
{
    driver d;
    spw_batch *batch = fake_batch_simple(1, 3);
    size_t before = http_peer_requests(peer);
    driver_start(&d, &(driver_options){ .endpoint = endpoint, .endpoint_is_signal = is_signal });
    for (int i = 0; i < 2; i++)
        assert_int_equal(driver_send(&d, batch, PATIENCE_MS).status, SPW_EXPORT_DELIVERED);
    driver_stop(&d);
    assert_int_equal(http_peer_requests(peer), before + 2);
    const http_peer_request *last = http_peer_request_at(peer, before + 1);
    assert_string_equal(last->target, target);
    assert_string_equal(http_peer_header(last, "Host"), "localhost");
    if (strncmp(endpoint, "unix-abstract:", 14) != 0) /* libcurl 7.88 makes a new connection to these each time */
        assert_int_equal(last->connection, http_peer_request_at(peer, before)->connection);
    fake_batch_free(batch);
}

static void sockets_take_requests(void **state)
{
    (void)state;
    char endpoint[128];
    http_peer *peer = http_peer_start_unix(place.path);
    deliver(peer, http_peer_url(peer), false, "/v1/traces");
    deliver(peer, http_peer_url(peer), true, "/");
    snprintf(endpoint, sizeof endpoint, "unix:%s:/x/v1/traces?a=b", place.path);
    deliver(peer, endpoint, true, "/x/v1/traces?a=b");
    snprintf(endpoint, sizeof endpoint, "unix:%s:/x", place.path);
    deliver(peer, endpoint, false, "/x/v1/traces");
    http_peer_stop(peer);
}

static void abstract_sockets_take_requests(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@spw-test-%d", (int)getpid());
    http_peer *peer = http_peer_start_unix(name);
    deliver(peer, http_peer_url(peer), false, "/v1/traces");
    http_peer_stop(peer);
}

/* One batch to a socket that leads nowhere: always kept for another time, with the cause said. */
static void fail_to_reach(const char *endpoint, const char *says)
{
    driver d;
    spw_batch *batch = fake_batch_simple(1, 1);
    driver_start(&d, &(driver_options){ .endpoint = endpoint });
    spw_export_result r = driver_send(&d, batch, PATIENCE_MS);
    driver_stop(&d);
    fake_batch_free(batch);
    assert_int_equal(r.status, SPW_EXPORT_RETRY);
    assert_true(r.refused);
    assert_false(r.ambiguous);
    if (!strstr(r.text, says))
        fail_msg("'%s' does not say '%s'", r.text, says);
    assert_non_null(strstr(r.text, endpoint));
}

static void bind_at(int type, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* the file stays */
}

static void sockets_that_lead_nowhere(void **state)
{
    (void)state;
    char endpoint[80];
    snprintf(endpoint, sizeof endpoint, "unix://%s", place.path);
    fail_to_reach(endpoint, "there is no socket");
    bind_at(SOCK_STREAM, place.path);
    fail_to_reach(endpoint, "(no socket, or one left behind)");
    unlink(place.path);
    close(open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    fail_to_reach(endpoint, "(no socket, or one left behind)");
    unlink(place.path);
    fail_to_reach("unix-abstract:spw-test-nobody", "nothing listens at");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, place.path, sizeof address.sun_path - 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    fail_to_reach(endpoint, "OTLP needs a stream");
    close(fd);
}

static void a_socket_without_permission(void **state)
{
    (void)state;
    http_peer *peer = http_peer_start_unix(place.path);
    assert_int_equal(chmod(place.path, 0), 0);
    bool root = geteuid() == 0; /* who may do everything */
    assert_true(!root || seteuid(65534) == 0);
    fail_to_reach(http_peer_url(peer), "no permission for");
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(http_peer_connections(peer), 0);
    http_peer_stop(peer);
}

/* ---- how long a connection lasts ---- */

static unsigned connection_of(http_peer *peer, driver *d, const spw_batch *batch)
{
    assert_int_equal(driver_send(d, batch, PATIENCE_MS).status, SPW_EXPORT_DELIVERED);
    return http_peer_request_at(peer, http_peer_requests(peer) - 1)->connection;
}

static void connections_end_with_their_age(void **state)
{
    (void)state;
    enum { AGE_MS = 700 };
    driver d;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .max_connection_age_ms = AGE_MS });
    uint64_t begun = spw_loop_now_ms(d.loop);
    unsigned sent = 0, connections = 1;
    for (uint64_t now = begun; now - begun < 3 * AGE_MS; now = spw_loop_now_ms(d.loop)) {
        unsigned connection = connection_of(peer, &d, batch);
        assert_in_range(connection, connections, connections + 1); /* never an old one again */
        connections = connection;
        sent++;
        usleep(20000);
    }
    assert_int_equal(http_peer_requests(peer), sent); /* none twice, none lost on the way */
    assert_in_range(connections, 3, 4);               /* three ages, and the one that begins */
    driver_stop(&d);

    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) }); /* no limit */
    unsigned first = connection_of(peer, &d, batch);
    usleep(AGE_MS * 2000);
    assert_int_equal(connection_of(peer, &d, batch), first);
    driver_stop(&d);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

/* Of a request by a connection that was closed while nobody used it nothing is retried, counted or said. */
static void connections_closed_while_idle(void **state)
{
    (void)state;
    driver d;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    for (unsigned i = 0; i < 5; i++) {
        http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_CLOSE_AFTER });
        spw_export_result r = driver_send(&d, batch, PATIENCE_MS);
        assert_int_equal(r.status, SPW_EXPORT_DELIVERED);
        assert_string_equal(r.text, "");
        if (i % 2)
            usleep(50000); /* its end is known by then; at other times it may not be */
    }
    assert_int_equal(http_peer_requests(peer), 5);
    assert_int_equal(http_peer_connections(peer), 5);
    driver_stop(&d);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

/* One batch by a connection that has served already, through which the server gets the request and then ends it; libcurl sends it once more. */
static spw_export_result send_by_a_kept_connection(http_peer *peer, driver *d, const spw_batch *batch, http_peer_act end, http_peer_answer then)
{
    assert_int_equal(driver_send(d, batch, PATIENCE_MS).status, SPW_EXPORT_DELIVERED);
    size_t before = http_peer_requests(peer);
    http_peer_then(peer, (http_peer_answer){ .act = end });
    http_peer_then(peer, then);
    spw_export_result result = driver_send(d, batch, PATIENCE_MS);
    assert_int_equal(http_peer_requests(peer), before + 2);
    assert_int_equal(http_peer_request_at(peer, before)->connection, http_peer_request_at(peer, before - 1)->connection);
    return result;
}

static void what_libcurl_sends_again_is_ambiguous(void **state)
{
    (void)state;
    static const struct {
        http_peer_answer then;
        spw_export_status status;
        unsigned ambiguous;
    } table[] = {
        { { .act = HTTP_PEER_ANSWER }, SPW_EXPORT_DELIVERED, 1 },
        { { .status = 400 }, SPW_EXPORT_PERMANENT, 1 },
        { { .status = 503 }, SPW_EXPORT_RETRY, 1 },
        { { .act = HTTP_PEER_CLOSE }, SPW_EXPORT_RETRY, 2 },
        { { .act = HTTP_PEER_RAW, .body = "?", .body_size = 1 }, SPW_EXPORT_PERMANENT, 1 },
    };
    static const size_t sizes[] = { 10, 3u << 20 }; /* with the headers in one piece; in many */
    http_peer *peer = http_peer_start();
    for (size_t i = 0; i < 4 * sizeof table / sizeof table[0]; i++) {
        fake_span wish = { "again", sizes[i % 2], NULL, NULL, NULL, NULL, false };
        spw_batch *batch = fake_batch_new(1, &wish, 1);
        driver d; /* for each: libcurl 7.88 sends again five times in a handle's life, and gives up the sixth */
        driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer), .timeout_ms = PATIENCE_MS });
        spw_export_result r = send_by_a_kept_connection(peer, &d, batch, i / 2 % 2 ? HTTP_PEER_RESET : HTTP_PEER_CLOSE, table[i / 4].then);
        assert_int_equal(r.status, table[i / 4].status);
        assert_int_equal(r.ambiguous, table[i / 4].ambiguous);
        assert_int_equal(driver_send(&d, batch, PATIENCE_MS).ambiguous, 0); /* that was of one request */
        driver_stop(&d);
        fake_batch_free(batch);
    }
    http_peer_stop(peer);
}

/* The descriptor of ours that leads to the peer. */
static int socket_to(uint16_t port)
{
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in to = { .sin_family = 0 };
        socklen_t size = sizeof to;
        if (getpeername(fd, (struct sockaddr *)&to, &size) == 0 && to.sin_family == AF_INET && ntohs(to.sin_port) == port)
            return fd;
    }
    return -1;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void connections_are_kept_alive(void **state)
{
    (void)state;
    driver d;
    http_peer *peer = http_peer_start();
    spw_batch *batch = fake_batch_simple(1, 1);
    driver_start(&d, &(driver_options){ .endpoint = http_peer_url(peer) });
    assert_int_equal(driver_send(&d, batch, PATIENCE_MS).status, SPW_EXPORT_DELIVERED);
    int fd = socket_to(http_peer_port(peer));
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    driver_stop(&d);
    fake_batch_free(batch);
    http_peer_stop(peer);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(sockets_take_requests),
        cmocka_unit_test(abstract_sockets_take_requests),
        IN_PLACE(sockets_that_lead_nowhere),
        IN_PLACE(a_socket_without_permission),
        cmocka_unit_test(connections_end_with_their_age),
        cmocka_unit_test(connections_closed_while_idle),
        cmocka_unit_test(what_libcurl_sends_again_is_ambiguous),
        cmocka_unit_test(connections_are_kept_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
