/* Unix-domain sockets; connections that end, by their age or by the server's; a name that leads elsewhere after a while. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "faults/fault.h"

/* ---- Unix-domain sockets ---- */

static struct {
    char folder[32], path[64], url[80];
} place;

static void make_place(void)
{
    strcpy(place.folder, "/tmp/spw-faults-XXXXXX");
    if (!mkdtemp(place.folder))
        abort();
    snprintf(place.path, sizeof place.path, "%s/otel.sock", place.folder);
    snprintf(place.url, sizeof place.url, "unix://%s", place.path);
}

static void remove_place(void)
{
    unlink(place.path);
    rmdir(place.folder);
}

static void socket_healthy(struct fault *f)
{
    make_place();
    http_peer *peer = http_peer_start_unix(place.path);
    fault_start(f, place.url, NULL);
    fault_record(f, 20000, 20);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && http_peer_connections(peer) == 1);
    fault_judge(f);
    http_peer_stop(peer);
    remove_place();
}

/* Not there at first; then one left behind by somebody who died; then somebody listens. */
static void socket_comes(struct fault *f)
{
    make_place();
    fault_start(f, place.url, NULL);
    fault_record(f, 700, 100);
    usleep(500000);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, place.path, sizeof address.sun_path - 1);
    int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FAULT_CHECK(f, bind(left, (struct sockaddr *)&address, sizeof address) == 0);
    close(left);
    fault_record(f, 700, 100);
    usleep(500000);
    unlink(place.path);
    http_peer *peer = http_peer_start_unix(place.path);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == 1400);
    fault_judge(f);
    http_peer_stop(peer);
    remove_place();
}

static void socket_missing(struct fault *f)
{
    make_place();
    fault_start(f, place.url, NULL);
    fault_record(f, 1000, 100);
    fault_stop(f, 500);
    FAULT_CHECK(f, f->shutdown != SPW_OK && f->shutdown_ms <= 900);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_SHUTDOWN_DEADLINE] == 1000);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "shutdown of 500 ms took %u ms", f->shutdown_ms);
    remove_place();
}

/* ---- the end of connections ---- */

static void ages(spw_options *options)
{
    options->otlp_max_connection_age_ms = 200;
    options->otlp_timeout_ms = 10000;
}

static void grow_old(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), ages);
    fault_record(f, 10000, 200);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && f->duplicates == 0);
    FAULT_CHECK(f, http_peer_connections(peer) >= 5 && p->retries == 0 && p->ambiguous == 0);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu requests by %u connections", (unsigned long long)p->batches, http_peer_connections(peer));
    http_peer_stop(peer);
}

static void patient(spw_options *options)
{
    options->otlp_timeout_ms = 10000;
}

static void closed_while_idle(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_CLOSE_AFTER });
    fault_start(f, http_peer_url(peer), patient);
    fault_record(f, 5000, 200);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && f->duplicates == 0);
    FAULT_CHECK(f, http_peer_connections(peer) == p->batches && p->retries == 0); /* who sends at the moment of the end does not know who was first */
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu requests, %u connections", (unsigned long long)p->batches, http_peer_connections(peer));
    http_peer_stop(peer);
}

/* Every other request, by the connection of the one before: it is read, taken for all we know, and not answered. */
static void closed_for_an_answer(struct fault *f)
{
    http_peer *peer = http_peer_start();
    for (int i = 0; i < 4; i++) {
        http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_ANSWER });
        http_peer_then(peer, (http_peer_answer){ .act = HTTP_PEER_CLOSE });
    }
    fault_start(f, http_peer_url(peer), patient);
    fault_record(f, 5000, 200);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && p->retries == 0);
    FAULT_CHECK(f, p->ambiguous > 0 && http_peer_requests(peer) == p->batches + 4);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu spans sent again", (unsigned long long)p->ambiguous);
    http_peer_stop(peer);
}

/* ---- a name that moves ---- */

/* /etc/hosts of our own, with one line of ours in it. */
static void lead_to(int fd, const char *address)
{
    char line[64];
    int size = snprintf(line, sizeof line, "%-15s collector.test\n", address);
    if (pwrite(fd, line, (size_t)size, 0) != size)
        abort();
}

static void record_there(struct fault *f, http_peer *to)
{
    size_t before = http_peer_requests(to);
    uint64_t until = fault_now_ms() + 15000;
    while (http_peer_requests(to) < before + 3 && fault_now_ms() < until)
        fault_record(f, 10, 1000);
    FAULT_CHECK(f, http_peer_requests(to) >= before + 3);
}

/* The old collector goes on: nothing but the connection's age makes us leave it. */
static void name_moves(struct fault *f)
{
    char hosts[] = "/tmp/spw-hosts-XXXXXX", url[64];
    int fd = mkstemp(hosts);
    bool private = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (fd < 0 || !private || mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) != 0) {
        fault_fail(f, "cannot put hosts in place");
        return;
    }
    setenv("no_proxy", "*", 1);
    http_peer *old = http_peer_start(), *new = http_peer_start_on("127.0.0.2", http_peer_port(old));
    snprintf(url, sizeof url, "http://collector.test:%u", http_peer_port(old));
    lead_to(fd, "127.0.0.1");
    fault_start(f, url, ages);
    record_there(f, old);
    FAULT_CHECK(f, http_peer_requests(new) == 0);
    lead_to(fd, "127.0.0.2");
    record_there(f, new);
    fault_stop(f, 10000);
    fault_collect(f, old);
    fault_collect(f, new);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended && f->duplicates == 0);
    fault_judge(f);
    http_peer_stop(old);
    http_peer_stop(new);
    close(fd);
    unlink(hosts);
}

const struct fault_row fault_rows_connection[] = {
    { "Connections", "socket_healthy", "none: a collector at a Unix-domain socket", "everything arrives once", socket_healthy, false },
    { "Connections", "socket_comes", "no socket, then one left behind, then a collector", "nothing lost", socket_comes, false },
    { "Connections", "socket_missing", "no socket", "shutdown within its timeout + 100 ms; counted", socket_missing, false },
    { "Connections", "connection_ages", "connections may be 200 ms old", "a new one each time; everything arrives once", grow_old, false },
    { "Connections", "closed_while_idle", "the server closes after each answer, without notice", "no retry, everything arrives once",
      closed_while_idle, false },
    { "Connections", "closed_for_an_answer", "the server reads a request on a kept connection, and closes it", "sent again at once, counted ambiguous",
      closed_for_an_answer, false },
    { "Connections", "name_moves", "the collector's name leads elsewhere, the old one stays", "found after the connection's age; nothing lost",
      name_moves, true },
    { NULL, NULL, NULL, NULL, NULL, false },
};
