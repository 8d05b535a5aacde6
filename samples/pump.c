/*
 * The SDK without a thread of its own, in an event loop: an echo server. Each connection is a span, each line that comes in on it a child.
 * The loop waits for the SDK's descriptor beside its sockets, no longer than the SDK's timeout, and lets it step.
 *
 *     pump 7007            serves 127.0.0.1:7007 until a client sends `quit`
 *     pump                 serves a client of its own: three lines over a pair of sockets
 */
#include <arpa/inet.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_EVENTS = 16, MOST_LINE = 1024 };

typedef struct connection {
    int fd;
    spw_span span;
    char line[MOST_LINE]; /* what has come of the next one */
    size_t used;
} connection;

static int loop, listener = -1;
static unsigned connections;
static bool quit;

static bool watch(int fd, void *what)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = what } };
    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* ---- connections ---- */

static void open_connection(int fd)
{
    connection *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c || !watch(fd, c)) {
        free(c);
        if (fd >= 0)
            close(fd);
        return;
    }
    c->fd = fd;
    c->span = spw_span_start(NULL, "connection", NULL);
    connections++;
}

static void close_connection(connection *c)
{
    spw_span_end(c->span);
    close(c->fd); /* and so out of the loop */
    free(c);
    connections--;
}

static bool echo(const connection *c, const char *line, size_t size)
{
    spw_context context = spw_context_with_span(NULL, c->span);
    spw_span_options under = SPW_SPAN_OPTIONS_INIT;
    under.parent = &context;
    spw_span span = spw_span_start(NULL, "echo", &under);
    spw_set(span, "echo.bytes", size);
    bool sent = send(c->fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
    if (!sent)
        spw_record_error(span, "not_read", "the client does not read what it is sent");
    spw_span_end(span);
    quit |= size == 5 && memcmp(line, "quit\n", 5) == 0;
    return sent;
}

/* False: it has come to its end. */
static bool serve(connection *c)
{
    ssize_t n = recv(c->fd, c->line + c->used, sizeof c->line - c->used, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    c->used += (size_t)n;
    char *end, *begin = c->line;
    for (size_t left = c->used; (end = memchr(begin, '\n', left)); left = c->used - (size_t)(begin - c->line)) {
        if (!echo(c, begin, (size_t)(end + 1 - begin)))
            return false;
        begin = end + 1;
    }
    c->used -= (size_t)(begin - c->line);
    memmove(c->line, begin, c->used);
    return c->used < sizeof c->line;
}

/* ---- the loop ---- */

static void run(void)
{
    while (!quit && (connections || listener >= 0)) {
        struct epoll_event events[MOST_EVENTS];
        int n = epoll_wait(loop, events, MOST_EVENTS, spw_pump_timeout_ms()); /* with timers of its own: the shorter of the two */
        spw_pump_step();                                                     /* whatever woke us: next to nothing when there is nothing to do */
        for (int i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            if (what == &listener)
                open_connection(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
            else if (what && !serve(what))
                close_connection(what);
        }
    }
}

static bool listen_at(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0 &&
           watch(listener, &listener);
}

/* The client's end; -1: none. */
static int connect_own_client(void)
{
    static const char lines[] = "one\ntwo\nthree\n";
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    if (write(ends[1], lines, sizeof lines - 1) != (ssize_t)sizeof lines - 1)
        return -1;
    shutdown(ends[1], SHUT_WR);
    open_connection(ends[0]);
    return ends[1];
}

int main(int argc, char **argv)
{
    spw_options options = SPW_OPTIONS_INIT;
    options.pump = true;
    spw_start(&options); /* without it the server serves all the same: then spw_pump_fd() is -1, and nothing is pumped */
    loop = epoll_create1(EPOLL_CLOEXEC);
    if (spw_pump_fd() >= 0)
        watch(spw_pump_fd(), NULL);
    int client = -1;
    bool ready = argc > 1 ? listen_at(atoi(argv[1])) : (client = connect_own_client()) >= 0;
    if (ready)
        run();
    else
        perror("pump");
    if (client >= 0) {
        char answer[64] = "";
        ssize_t n = read(client, answer, sizeof answer - 1);
        printf("%.*s", n > 0 ? (int)n : 0, answer);
    }
    close(loop); /* before the shutdown, which closes the descriptor in it */
    spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    return ready ? 0 : 1;
}
