/* Nobody there, somebody slow, connections that break, names that lead nowhere. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"

static void healthy(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 20000, 20);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
    fault_judge(f);
    http_peer_stop(peer);
}

static void down_at_start(struct fault *f)
{
    uint16_t port = http_peer_dead_port();
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    uint64_t begun = fault_now_ms();
    fault_start(f, url, NULL);
    FAULT_CHECK(f, fault_now_ms() - begun < 2000); /* no network in start */
    fault_record(f, 1500, 100);
    sleep(2);
    http_peer *peer = http_peer_start_at(port);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == 1500);
    fault_judge(f);
    http_peer_stop(peer);
}

static void dies_and_returns(struct fault *f)
{
    http_peer *peer = http_peer_start();
    uint16_t port = http_peer_port(peer);
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 500, 100);
    (void)spw_flush(5000);
    fault_collect(f, peer);
    http_peer_stop(peer);
    fault_record(f, 1000, 500);
    sleep(2);
    peer = http_peer_start_at(port);
    fault_record(f, 500, 100);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == 2000);
    fault_judge(f);
    http_peer_stop(peer);
}

/* `n` requests meet the evil, those after them a healthy server. */
static void evil_then_healthy(struct fault *f, http_peer_answer evil, unsigned n)
{
    http_peer *peer = http_peer_start();
    for (unsigned i = 0; i < n; i++)
        http_peer_then(peer, evil);
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 1500, 200);
    fault_stop(f, 15000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu spans sent again", (unsigned long long)f->stats.pipelines[0].ambiguous);
    http_peer_stop(peer);
}

static void slow(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .delay_ms = 150, .byte_delay_ms = 1 }, 5);
}

static void accepts_then_hangs(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .act = HTTP_PEER_HANG }, 2);
}

static void never_reads(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .act = HTTP_PEER_DEAF }, 2);
}

static void resets(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .act = HTTP_PEER_RESET }, 2);
}

static void closes_before_the_answer(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .act = HTTP_PEER_CLOSE }, 2);
}

static void half_an_answer(struct fault *f)
{
    evil_then_healthy(f, (http_peer_answer){ .act = HTTP_PEER_SHORT_BODY, .body = "x", .body_size = 1 }, 2);
}

static void hangs_for_ever(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .act = HTTP_PEER_HANG });
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 5000, 20);
    fault_stop(f, 500);
    FAULT_CHECK(f, f->shutdown == SPW_ERR_TIMEOUT && f->shutdown_ms <= 900);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_QUEUE_FULL] >= 5000 - 2048 - 16);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == 0);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "shutdown of 500 ms took %u ms", f->shutdown_ms);
    http_peer_stop(peer);
}

/* Shuts down with half a second while nothing can be delivered. */
static void nowhere(struct fault *f, const char *endpoint)
{
    fault_start(f, endpoint, NULL);
    fault_record(f, 1000, 100);
    fault_stop(f, 500);
    if (f->shutdown == SPW_OK || f->shutdown_ms > 900)
        fault_fail(f, "shutdown: %s after %u ms", spw_result_text(f->shutdown), f->shutdown_ms);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_SHUTDOWN_DEADLINE] == 1000);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "shutdown of 500 ms took %u ms", f->shutdown_ms);
}

static void dead_port(struct fault *f)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", http_peer_dead_port());
    nowhere(f, url);
}

static bool run(const char *command)
{
    int status = system(command); /* fixed strings of ours */
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A network of our own, whose default route leads to a neighbour that is not there: what is sent is swallowed. */
static bool enter_black_hole(struct fault *f)
{
    bool ok = unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              run("ip link set lo up && ip link add hole type veth peer name beyond && ip addr add 10.77.0.1/24 dev hole && "
                  "ip link set hole up && ip link set beyond up && ip neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev hole && "
                  "ip route add default via 10.77.0.2");
    if (!ok)
        fault_fail(f, "cannot make a network namespace with a virtual device (iproute2, root)");
    return ok;
}

static void black_hole_address(struct fault *f)
{
    if (enter_black_hole(f))
        nowhere(f, "http://192.0.2.1:4318");
}

/* A resolver that takes every question and answers none. */
static void black_hole_resolver(struct fault *f)
{
    char path[] = "/tmp/spw-resolv-XXXXXX";
    int fd = mkstemp(path);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && enter_black_hole(f)) {
        dprintf(fd, "nameserver 127.0.0.1\n");
        close(udp);
        udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* in the new network */
        if (bind(udp, (struct sockaddr *)&address, sizeof address) != 0 || mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0)
            fault_fail(f, "cannot put a resolver in place");
        else
            nowhere(f, "http://collector.example.com:4318");
    }
    close(udp);
    if (fd >= 0)
        close(fd);
    unlink(path);
}

const struct fault_row fault_rows_network[] = {
    { "Network", "healthy", "none: a healthy collector", "everything arrives once", healthy, false },
    { "Network", "down_at_start", "collector down at start, comes 2 s later", "start does no network I/O; nothing lost", down_at_start, false },
    { "Network", "dies_and_returns", "collector dies, comes back 2 s later", "nothing lost while the queue has room", dies_and_returns, false },
    { "Network", "slow", "slow answers, a byte a millisecond", "nothing lost", slow, false },
    { "Network", "accepts_then_hangs", "reads two requests, answers neither", "one deadline a batch; sent again", accepts_then_hangs, false },
    { "Network", "never_reads", "accepts two connections, reads nothing", "one deadline a batch; sent again", never_reads, false },
    { "Network", "resets", "resets two connections after the request", "sent again, counted ambiguous", resets, false },
    { "Network", "closes_before_the_answer", "closes two connections before the answer", "sent again, counted ambiguous", closes_before_the_answer, false },
    { "Network", "half_an_answer", "closes two connections in the middle of the answer", "nothing lost", half_an_answer, false },
    { "Network", "hangs_for_ever", "never answers, and the queue overflows", "newest dropped and counted; shutdown in time", hangs_for_ever, false },
    { "Network", "dead_port", "nobody listens", "shutdown within its timeout + 100 ms", dead_port, false },
    { "Network", "black_hole_address", "an address that swallows packets", "shutdown within its timeout + 100 ms", black_hole_address, true },
    { "Network", "black_hole_resolver", "a resolver that never answers", "shutdown within its timeout + 100 ms", black_hole_resolver, true },
    { NULL, NULL, NULL, NULL, NULL, false },
};
