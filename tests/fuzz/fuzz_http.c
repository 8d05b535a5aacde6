/*
 * The viewer from its socket: any bytes, in pieces, to a real server in this process. Every answer is one of ours or libmicrohttpd's, with
 * no header but the known ones, and with ours on every answer of ours; none but refusals without an allowed Host; the connection ends, the
 * memory of the request is given back, and the next one is served.
 */
#include "fuzz/input.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"
#include "server.h"

enum { ANSWER = 8 << 20, PATIENCE_MS = 20000, REQUEST_MS = 2000 };

static struct spwv_app app;
static struct spwv_hosts hosts = { .port = 4318 };
static struct spwv_listening listening;
static char *answer;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    struct spwv_options options = SPWV_OPTIONS_INIT;
    struct spwv_error error;
    options.max_compressed = 64 << 10;
    options.max_body = 1 << 20;
    options.header_timeout_ms = options.idle_timeout_ms = 500; /* see end_sending() */
    options.request_timeout_ms = REQUEST_MS;
    app.version = "0";
    app.memory.max = 256u << 20;
    app.max_compressed = options.max_compressed;
    app.max_inflated = options.max_body;
    app.store = spwv_store_sqlite_open(NULL, 32u << 20, &error);
    answer = malloc(ANSWER + 1);
    must(app.store && answer && spwv_hosts_allow(&hosts, "fuzz") && spwv_listen("127.0.0.1:0", &listening, &error));
    return spwv_server_start(listening.fd, &app, &hosts, &options, &error) ? 0 : 1;
}

#define LIVE "Content-Type: text/event-stream\r\n"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the connection ---- */

static int open_connection(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)listening.port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const struct linger reset = { 1, 0 }; /* no port is left waiting */
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_pieces(int fd, const uint8_t *data, size_t size, size_t piece)
{
    while (size) {
        size_t n = piece && piece < size ? piece : size;
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* it has refused us already */
        data += sent;
        size -= (size_t)sent;
    }
}

/*
 * libmicrohttpd asks for readiness by edges, and takes a short read for the end of what there is: an end that came with the data is not
 * seen, and the connection goes by its deadline. So the end comes later than the data, if the server is at its place.
 */
static void end_sending(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    (void)poll(&p, 1, 1);
    shutdown(fd, SHUT_WR);
}

/* All of the answer; the server has to end it. */
static size_t receive(int fd)
{
    size_t size = 0;
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, PATIENCE_MS);
        if (ready < 0 && errno == EINTR) /* libFuzzer's alarm */
            continue;
        must(ready == 1);
        ssize_t n = recv(fd, answer + size, ANSWER - size, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
        must(size < ANSWER);
        answer[size] = '\0';
        if (strstr(answer, LIVE)) /* goes on for ever: leave */
            break;
    }
    answer[size] = '\0';
    return size;
}

/* ---- the answers ---- */

static size_t answer_size;

/* must(), showing what was answered. */
static void expect(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s, but the answer is:\n", what);
    fwrite(answer, 1, answer_size, stderr);
    must(0);
}

static bool known_header(const char *line, size_t size)
{
    static const char *const names[] = { "Date",          "Connection", "Content-Length", "Content-Type", "Content-Security-Policy", "X-Content-Type-Options",
                                         "Referrer-Policy", "ETag",       "Allow",          "Retry-After",  "Cache-Control",           "Cross-Origin-Resource-Policy",
                                         "Transfer-Encoding" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) < size && strncasecmp(line, names[i], strlen(names[i])) == 0 && line[strlen(names[i])] == ':')
            return true;
    return false;
}

struct head {
    int status;
    size_t length;
    bool guarded; /* has our headers */
};

/* Reads the head at `at`; returns where it ends. */
static size_t read_head(size_t at, size_t size, struct head *out)
{
    *out = (struct head){ 0, 0, false };
    expect(size - at > 12 && strncmp(answer + at, "HTTP/1.", 7) == 0 && answer[at + 8] == ' ', "an answer begins with its status");
    out->status = atoi(answer + at + 9);
    expect(out->status >= 100 && out->status < 600 && out->status != 500, "a status is one that we know");
    for (;;) {
        char *end = strstr(answer + at, "\r\n");
        expect(end != NULL, "a head ends");
        at = (size_t)(end - answer) + 2;
        if (strncmp(answer + at, "\r\n", 2) == 0)
            return at + 2;
        expect(known_header(answer + at, strcspn(answer + at, "\r\n")), "headers are known ones");
        if (strncasecmp(answer + at, "Content-Length:", 15) == 0)
            out->length = strtoul(answer + at + 15, NULL, 10);
        out->guarded |= strncmp(answer + at, "X-Content-Type-Options: nosniff\r\n", 33) == 0;
    }
}

/* What libmicrohttpd says by itself, before our code has seen the request; see server.c. */
static bool made_by_library(int status)
{
    return status == 100 || status == 400 || status == 413 || status == 414 || status == 431 || status == 501 || status == 505;
}

static void check_answers(size_t size, bool allowed, bool cut)
{
    for (size_t at = 0; at < size;) {
        struct head head;
        if (cut && !strstr(answer + at, "\r\n\r\n"))
            return;
        at = read_head(at, size, &head);
        expect(head.guarded || made_by_library(head.status), "an answer of ours has our headers");
        if (strstr(answer, LIVE) && strstr(answer, LIVE) < answer + at)
            return;
        expect(allowed || head.status >= 400 || head.status == 100, "without an allowed Host there are only refusals");
        if (head.status == 100 || head.status == 304 || at == size || strncmp(answer + at, "HTTP/1.", 7) == 0)
            continue; /* to HEAD, too */
        if (cut && head.length > size - at)
            return;
        expect(head.length <= size - at, "a body is whole");
        at += head.length;
    }
}

static bool names_host(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "fuzz", "127.0.0.1:4318", "localhost:4318", "[::1]:4318" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t at = 0, n = strlen(names[i]); at + n <= size; at++)
            if (strncasecmp((const char *)data + at, names[i], n) == 0)
                return true;
    return false;
}

/* The server's thread lets go of the request a moment after we have seen its end. */
static void memory_comes_back(void)
{
    for (int i = 0; atomic_load(&app.memory.used) && i < PATIENCE_MS; i++)
        nanosleep(&(struct timespec){ 0, i < 10 ? 10000 : 1000000 }, NULL);
    must(atomic_load(&app.memory.used) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned rounds;
    struct spwv_error error;
    struct input in = { data, size };
    size_t piece = input_byte(&in);
    int64_t begin = now_ms();
    int fd = open_connection();
    send_pieces(fd, in.at, in.left, piece < 128 ? 0 : piece - 127);
    end_sending(fd);
    answer_size = receive(fd);
    bool cut = now_ms() - begin >= REQUEST_MS / 2; /* by a deadline, perhaps in the middle */
    check_answers(answer_size, names_host(in.at, in.left), cut);
    close(fd);
    memory_comes_back();
    if (++rounds % 512 == 0)
        must(app.store->clear(app.store, &error));
    return 0;
}
