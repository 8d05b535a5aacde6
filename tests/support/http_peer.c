/* A scripted HTTP server for tests: http_peer.h. */
#include "http_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, READ_SIZE = 65536 };

static const size_t max_endless = (size_t)256 << 20;

enum state { READING, WAITING, WRITING, SILENT };

struct connection {
    int fd;
    unsigned number;
    enum state state;
    bool deaf;
    uint8_t *in;
    size_t in_size, in_capacity;
    http_peer_answer answer; /* owned copies */
    http_peer_request *request; /* the one being answered */
    char *out;
    size_t out_size, out_sent, endless_from; /* endless: after the end, on from there */
    size_t total_sent;
    uint64_t due_ms;
};

struct queued {
    struct queued *next;
    http_peer_answer answer;
};

struct http_peer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int listen_fd, wake_fd;
    uint16_t port;
    char url[128];
    bool stopping;
    struct queued *queue;
    http_peer_answer always;
    http_peer_request **requests;
    size_t request_count;
    unsigned connection_count;
    uint64_t received, sent;
    struct connection *connections[MAX_CONNECTIONS]; /* the thread's own */
    size_t open;
};

/* ---- small things ---- */

static void die(const char *what)
{
    fprintf(stderr, "http_peer: %s: %s\n", what, strerror(errno));
    abort();
}

static void *must(void *memory)
{
    if (!memory)
        die("memory");
    return memory;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static http_peer_answer copy_answer(http_peer_answer a)
{
    if (a.headers)
        a.headers = must(strdup(a.headers));
    if (a.body) {
        void *body = must(malloc(a.body_size + 1));
        memcpy(body, a.body, a.body_size);
        a.body = body;
    }
    return a;
}

static void free_answer(http_peer_answer *a)
{
    free((void *)(uintptr_t)a->headers);
    free((void *)(uintptr_t)a->body);
    memset(a, 0, sizeof *a);
}

/* ---- answers ---- */

/* The next answer of the script, owned by the caller. With the lock held. */
static http_peer_answer take_answer(http_peer *p)
{
    struct queued *first = p->queue;
    if (!first)
        return copy_answer(p->always);
    http_peer_answer answer = first->answer;
    p->queue = first->next;
    free(first);
    return answer;
}

static void compose(struct connection *c)
{
    const http_peer_answer *a = &c->answer;
    const char *more = a->headers ? a->headers : "";
    size_t room = strlen(more) + a->body_size + READ_SIZE + 256;
    c->out = must(malloc(room));
    c->out_sent = c->total_sent = c->endless_from = 0;
    int head = 0;
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %d Scripted\r\n", a->status ? a->status : 200);
    if (a->act == HTTP_PEER_RAW) {
        head = 0;
    } else if (a->act == HTTP_PEER_ENDLESS_BODY) {
        head = snprintf(c->out, room, "%s%sTransfer-Encoding: chunked\r\n\r\n", line, more);
        c->endless_from = (size_t)head;
        head += snprintf(c->out + head, room - (size_t)head, "4000\r\n");
        memset(c->out + head, 'z', 0x4000);
        head += 0x4000;
        head += snprintf(c->out + head, room - (size_t)head, "\r\n");
    } else if (a->act == HTTP_PEER_ENDLESS_HEADERS) {
        head = snprintf(c->out, room, "%s", line);
        c->endless_from = (size_t)head;
        for (int i = 0; i < 64; i++)
            head += snprintf(c->out + head, room - (size_t)head, "X-More: abcdefghijklmnopqrstuvwxyz\r\n");
    } else {
        size_t length = a->body_size + (a->act == HTTP_PEER_SHORT_BODY ? 1 : 0);
        head = snprintf(c->out, room, "%s%sContent-Length: %zu\r\n\r\n", line, more, length);
    }
    if (a->body && !c->endless_from)
        memcpy(c->out + head, a->body, a->body_size);
    c->out_size = (size_t)head + (c->endless_from ? 0 : a->body_size);
}

/* ---- connections ---- */

static void drop(http_peer *p, size_t index, bool reset)
{
    struct connection *c = p->connections[index];
    if (reset) {
        struct linger hard = { 1, 0 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close(c->fd);
    free(c->in);
    free(c->out);
    free_answer(&c->answer);
    free(c);
    p->connections[index] = p->connections[--p->open];
}

static void take_connection(http_peer *p)
{
    int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (p->open == MAX_CONNECTIONS) {
        close(fd);
        return;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = must(calloc(1, sizeof *c));
    c->fd = fd;
    pthread_mutex_lock(&p->lock);
    c->number = ++p->connection_count;
    if ((p->queue ? p->queue->answer.act : p->always.act) == HTTP_PEER_DEAF) {
        c->answer = take_answer(p);
        c->deaf = true;
        c->state = SILENT;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    p->connections[p->open++] = c;
}

/* The length of head and body when the request is whole, else 0. */
static size_t whole_request(const struct connection *c, size_t *head)
{
    const char *end = memmem(c->in, c->in_size, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *head = (size_t)(end - (const char *)c->in) + 4;
    size_t length = 0;
    for (const char *at = (const char *)c->in; at < end; at = (const char *)memchr(at, '\n', *head) + 1)
        if (strncasecmp(at, "Content-Length:", 15) == 0)
            length = strtoul(at + 15, NULL, 10);
    return c->in_size >= *head + length ? *head + length : 0;
}

static void remember(http_peer *p, struct connection *c, size_t head, size_t whole)
{
    http_peer_request *r = must(calloc(1, sizeof *r));
    char *text = must(strndup((const char *)c->in, head));
    char *line_end = strstr(text, "\r\n");
    *line_end = '\0';
    r->headers = must(strdup(line_end + 2));
    char *rest = text;
    r->method = must(strdup(strsep(&rest, " ")));
    r->target = must(strdup(rest ? strsep(&rest, " ") : ""));
    free(text);
    r->body_size = whole - head;
    r->body = must(malloc(r->body_size + 1));
    memcpy(r->body, c->in + head, r->body_size);
    r->connection = c->number;
    r->at_ms = now_ms();
    c->request = r;
    pthread_mutex_lock(&p->lock);
    p->requests = must(realloc(p->requests, (p->request_count + 1) * sizeof(*p->requests)));
    p->requests[p->request_count++] = r;
    free_answer(&c->answer);
    c->answer = take_answer(p);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* What the script says to a request that has been read. True: the connection is over. */
static bool react(http_peer *p, size_t index)
{
    struct connection *c = p->connections[index];
    size_t head;
    size_t whole = whole_request(c, &head);
    if (!whole)
        return false;
    remember(p, c, head, whole);
    memmove(c->in, c->in + whole, c->in_size - whole);
    c->in_size -= whole;
    switch (c->answer.act) {
    case HTTP_PEER_HANG:
    case HTTP_PEER_DEAF: c->state = SILENT; return false;
    case HTTP_PEER_RESET: drop(p, index, true); return true;
    case HTTP_PEER_CLOSE: drop(p, index, false); return true;
    default: break;
    }
    compose(c);
    c->state = WAITING;
    c->due_ms = now_ms() + c->answer.delay_ms;
    return false;
}

static bool read_some(http_peer *p, size_t index)
{
    struct connection *c = p->connections[index];
    if (c->in_capacity - c->in_size < READ_SIZE) {
        c->in_capacity = c->in_capacity * 2 + READ_SIZE;
        c->in = must(realloc(c->in, c->in_capacity));
    }
    ssize_t n = recv(c->fd, c->in + c->in_size, c->in_capacity - c->in_size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(p, index, false);
        return true;
    }
    if (n < 0)
        return false;
    pthread_mutex_lock(&p->lock);
    p->received += (uint64_t)n;
    pthread_mutex_unlock(&p->lock);
    c->in_size += (size_t)n;
    return c->state == READING && react(p, index);
}

static bool closes_after(http_peer_act act)
{
    return act == HTTP_PEER_CLOSE_AFTER || act == HTTP_PEER_SHORT_BODY || act == HTTP_PEER_RAW;
}

static bool write_some(http_peer *p, size_t index)
{
    struct connection *c = p->connections[index];
    size_t size = c->answer.byte_delay_ms && c->out_size > c->out_sent ? 1 : c->out_size - c->out_sent;
    /* Noted before the status is out: who reads it may ask for this note at once. */
    bool status = c->request && !c->endless_from && c->answer.act != HTTP_PEER_RAW && c->out_sent + size >= sizeof "HTTP/1.1 200" - 1;
    if (status)
        __atomic_store_n(&c->request->answered, c->answer.status ? c->answer.status : 200, __ATOMIC_RELEASE);
    ssize_t n = send(c->fd, c->out + c->out_sent, size, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0 || c->total_sent > max_endless) {
        if (status && c->total_sent == 0)
            __atomic_store_n(&c->request->answered, 0, __ATOMIC_RELEASE);
        drop(p, index, false);
        return true;
    }
    pthread_mutex_lock(&p->lock);
    p->sent += (uint64_t)n;
    pthread_mutex_unlock(&p->lock);
    c->out_sent += (size_t)n;
    c->total_sent += (size_t)n;
    if (c->answer.byte_delay_ms) {
        c->due_ms = now_ms() + c->answer.byte_delay_ms;
        c->state = WAITING;
    }
    if (c->out_sent < c->out_size)
        return false;
    if (c->endless_from) {
        c->out_sent = c->endless_from;
        return false;
    }
    if (closes_after(c->answer.act)) {
        drop(p, index, false);
        return true;
    }
    free(c->out);
    c->out = NULL;
    c->state = READING;
    return react(p, index); /* a pipelined request may be there whole */
}

/* ---- the thread ---- */

static short wanted(const struct connection *c)
{
    if (c->deaf)
        return 0;
    return (short)(POLLIN | (c->state == WRITING ? POLLOUT : 0));
}

static int poll_timeout(http_peer *p)
{
    uint64_t now = now_ms();
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < p->open; i++)
        if (p->connections[i]->state == WAITING && p->connections[i]->due_ms < next)
            next = p->connections[i]->due_ms;
    return next == UINT64_MAX ? -1 : next <= now ? 0 : (int)(next - now);
}

static void serve(http_peer *p, const struct pollfd *fds, size_t polled)
{
    for (size_t i = polled; i-- > 0;) { /* downwards: dropping moves the last one into the gap, and that was served already */
        struct connection *c = p->connections[i];
        if (c->state == WAITING && c->due_ms <= now_ms())
            c->state = WRITING;
        if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) && !c->deaf && read_some(p, i))
            continue;
        if (c->deaf && (fds[i].revents & (POLLHUP | POLLERR))) {
            drop(p, i, false);
            continue;
        }
        if (c->state == WRITING)
            write_some(p, i);
    }
}

static void *run(void *arg)
{
    http_peer *p = arg;
    struct pollfd fds[MAX_CONNECTIONS + 2];
    for (bool stop = false; !stop;) {
        size_t polled = p->open;
        for (size_t i = 0; i < polled; i++)
            fds[i] = (struct pollfd){ p->connections[i]->fd, wanted(p->connections[i]), 0 };
        fds[polled] = (struct pollfd){ p->listen_fd, POLLIN, 0 };
        fds[polled + 1] = (struct pollfd){ p->wake_fd, POLLIN, 0 };
        poll(fds, polled + 2, poll_timeout(p));
        serve(p, fds, polled);
        if (fds[polled].revents)
            take_connection(p);
        pthread_mutex_lock(&p->lock);
        stop = p->stopping;
        pthread_mutex_unlock(&p->lock);
    }
    while (p->open)
        drop(p, p->open - 1, false);
    return NULL;
}

/* ---- life ---- */

static int listen_on(const char *ip, uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*port) };
    socklen_t size = sizeof address;
    int one = 1;
    int megabyte = 1 << 20; /* or the kernel may grow a buffer in which all of a request goes to a server that reads nothing */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &megabyte, sizeof megabyte);
    if (fd < 0 || inet_pton(AF_INET, ip, &address.sin_addr) != 1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("cannot bind a loopback port");
    *port = ntohs(address.sin_port);
    return fd;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || length >= sizeof address.sun_path)
        die("a path too long for a socket");
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0';
    if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0)
        die("cannot bind a Unix-domain socket");
    return fd;
}

/* Takes over a bound socket. */
static http_peer *start(int listen_fd)
{
    http_peer *p = must(calloc(1, sizeof *p));
    p->listen_fd = listen_fd;
    p->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (p->wake_fd < 0 || listen(p->listen_fd, 128) != 0)
        die("listen");
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        die("pthread_create");
    return p;
}

http_peer *http_peer_start_on(const char *address, uint16_t port)
{
    int fd = listen_on(address, &port);
    http_peer *p = start(fd);
    p->port = port;
    snprintf(p->url, sizeof p->url, "http://%s:%u", address, p->port);
    return p;
}

http_peer *http_peer_start_unix(const char *path)
{
    bool abstract = *path == '@';
    http_peer *p = start(listen_unix(path));
    snprintf(p->url, sizeof p->url, "%s%s", abstract ? "unix-abstract:" : "unix://", path + abstract);
    return p;
}

http_peer *http_peer_start_at(uint16_t port)
{
    return http_peer_start_on("127.0.0.1", port);
}

http_peer *http_peer_start(void)
{
    return http_peer_start_at(0);
}

void http_peer_stop(http_peer *p)
{
    uint64_t one = 1;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    if (write(p->wake_fd, &one, sizeof one) != sizeof one)
        die("write");
    pthread_join(p->thread, NULL);
    close(p->listen_fd);
    close(p->wake_fd);
    while (p->queue) {
        http_peer_answer answer = take_answer(p);
        free_answer(&answer);
    }
    free_answer(&p->always);
    for (size_t i = 0; i < p->request_count; i++) {
        http_peer_request *r = p->requests[i];
        free(r->method);
        free(r->target);
        free(r->headers);
        free(r->body);
        free(r);
    }
    free(p->requests);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t http_peer_dead_port(void)
{
    uint16_t port = 0;
    close(listen_on("127.0.0.1", &port)); /* bound and given back: the kernel does not hand it out again soon */
    return port;
}

/* ---- the script and what came of it ---- */

uint16_t http_peer_port(const http_peer *p)
{
    return p->port;
}

const char *http_peer_url(const http_peer *p)
{
    return p->url;
}

void http_peer_then(http_peer *p, http_peer_answer answer)
{
    struct queued *q = must(calloc(1, sizeof *q));
    q->answer = copy_answer(answer);
    pthread_mutex_lock(&p->lock);
    struct queued **at = &p->queue;
    while (*at)
        at = &(*at)->next;
    *at = q;
    pthread_mutex_unlock(&p->lock);
}

void http_peer_always(http_peer *p, http_peer_answer answer)
{
    http_peer_answer copy = copy_answer(answer);
    pthread_mutex_lock(&p->lock);
    http_peer_answer old = p->always;
    p->always = copy;
    pthread_mutex_unlock(&p->lock);
    free_answer(&old);
}

http_peer_answer http_peer_status(int status)
{
    return (http_peer_answer){ .status = status };
}

http_peer_answer http_peer_protobuf(const void *body, size_t size)
{
    return (http_peer_answer){ .headers = "Content-Type: application/x-protobuf\r\n", .body = body, .body_size = size };
}

bool http_peer_wait(http_peer *p, size_t count, uint32_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int rc = 0;
    pthread_mutex_lock(&p->lock);
    while (p->request_count < count && rc == 0)
        rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    bool reached = p->request_count >= count;
    pthread_mutex_unlock(&p->lock);
    return reached;
}

static uint64_t read_locked(http_peer *p, const uint64_t *field)
{
    pthread_mutex_lock(&p->lock);
    uint64_t value = *field;
    pthread_mutex_unlock(&p->lock);
    return value;
}

uint64_t http_peer_received(http_peer *p)
{
    return read_locked(p, &p->received);
}

uint64_t http_peer_sent(http_peer *p)
{
    return read_locked(p, &p->sent);
}

size_t http_peer_requests(http_peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t count = p->request_count;
    pthread_mutex_unlock(&p->lock);
    return count;
}

unsigned http_peer_connections(http_peer *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned count = p->connection_count;
    pthread_mutex_unlock(&p->lock);
    return count;
}

const http_peer_request *http_peer_request_at(http_peer *p, size_t index)
{
    pthread_mutex_lock(&p->lock);
    const http_peer_request *request = index < p->request_count ? p->requests[index] : NULL;
    pthread_mutex_unlock(&p->lock);
    return request;
}
