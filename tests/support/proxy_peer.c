/* A scripted proxy for tests: proxy_peer.h. */
#include "proxy_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 256, HEARD_BYTES = 65536, BUFFER = 65536 };

struct client {
    proxy_peer *proxy;
    pthread_t thread;
    int fd;
    bool over; /* its descriptor is closed; under the lock */
};

struct proxy_peer {
    proxy_script script;
    uint16_t port;
    int listen_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    bool stopping;
    struct client clients[MAX_CLIENTS];
    unsigned count, tunnels, refused;
    char heard[HEARD_BYTES];
    size_t heard_size;
};

static void die(const char *what)
{
    fprintf(stderr, "proxy_peer: %s: %s\n", what, strerror(errno));
    abort();
}

static void hear(proxy_peer *p, const void *bytes, size_t size)
{
    pthread_mutex_lock(&p->lock);
    size_t room = HEARD_BYTES - p->heard_size;
    size = size < room ? size : room;
    memcpy(p->heard + p->heard_size, bytes, size);
    p->heard_size += size;
    pthread_mutex_unlock(&p->lock);
}

/* ---- small I/O ---- */

static bool send_all(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size;) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool read_exact(int fd, void *out, size_t size)
{
    return size == 0 || recv(fd, out, size, MSG_WAITALL) == (ssize_t)size;
}

static int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Until one side closes. */
static void relay(int a, int b)
{
    static const short in = POLLIN;
    char buffer[BUFFER];
    for (;;) {
        struct pollfd fds[2] = { { a, in, 0 }, { b, in, 0 } };
        if (poll(fds, 2, -1) < 0)
            return;
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents)
                continue;
            ssize_t n = recv(fds[i].fd, buffer, sizeof buffer, 0);
            if (n <= 0 || !send_all(fds[1 - i].fd, buffer, (size_t)n))
                return;
        }
    }
}

/* ---- the two protocols ---- */

/* Up to the empty line; the size, 0: it closed. */
static size_t read_head(int fd, char *head, size_t capacity)
{
    for (size_t used = 0; used + 1 < capacity;) {
        ssize_t n = recv(fd, head + used, capacity - used - 1, MSG_PEEK);
        if (n <= 0)
            return 0;
        head[used + (size_t)n] = '\0';
        const char *end = strstr(head, "\r\n\r\n");
        size_t take = end ? (size_t)(end - head) + 4 - used : (size_t)n;
        if (!read_exact(fd, head + used, take))
            return 0;
        used += take;
        head[used] = '\0';
        if (end)
            return used;
    }
    return 0;
}

/* A body that nobody reads would reset the connection under the answer. */
static void skip_body(int fd, const char *head)
{
    char scratch[4096];
    const char *length = strcasestr(head, "\r\nContent-Length:");
    for (size_t left = length ? strtoul(length + 17, NULL, 10) : 0; left;) {
        ssize_t n = recv(fd, scratch, left < sizeof scratch ? left : sizeof scratch, 0);
        if (n <= 0)
            return;
        left -= (size_t)n;
    }
}

/* 0, or the status to refuse with. */
static int verdict(proxy_peer *p, const char *head)
{
    char wanted[512];
    int status = 0;
    pthread_mutex_lock(&p->lock);
    if (p->script.refuse && (!p->script.refuse_times || p->refused < p->script.refuse_times)) {
        p->refused++;
        status = p->script.refuse;
    }
    pthread_mutex_unlock(&p->lock);
    snprintf(wanted, sizeof wanted, "\r\nProxy-Authorization: Basic %s\r\n", p->script.basic ? p->script.basic : "");
    return p->script.basic && !strcasestr(head, wanted) ? 407 : status;
}

static int lead_on(proxy_peer *p)
{
    int to = dial(p->script.port);
    pthread_mutex_lock(&p->lock);
    p->tunnels += to >= 0;
    pthread_mutex_unlock(&p->lock);
    return to;
}

static void refuse(int fd, const char *head, int status)
{
    char answer[160];
    if (strncmp(head, "CONNECT ", 8) != 0)
        skip_body(fd, head);
    snprintf(answer, sizeof answer, "HTTP/1.1 %d Scripted\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status,
             status == 407 ? "Proxy-Authenticate: Basic realm=\"test\"\r\n" : "");
    (void)send_all(fd, answer, strlen(answer));
}

static void serve_http(proxy_peer *p, int fd)
{
    static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    char head[16384];
    size_t size = read_head(fd, head, sizeof head);
    if (!size)
        return;
    hear(p, head, size);
    while (p->script.hang && recv(fd, head, sizeof head, 0) > 0) { /* until it gives up */
    }
    if (p->script.hang || p->script.close)
        return;
    int status = verdict(p, head);
    bool tunnel = strncmp(head, "CONNECT ", 8) == 0;
    int to = status ? -1 : lead_on(p);
    if (to < 0)
        refuse(fd, head, status ? status : 502);
    else if (tunnel ? send_all(fd, established, sizeof established - 1) : send_all(to, head, size))
        relay(fd, to);
    if (to >= 0)
        close(to);
}

/* RFC 1929. */
static bool socks_password(proxy_peer *p, int fd)
{
    uint8_t version, size;
    char user[256] = "", password[256] = "", both[516];
    if (!read_exact(fd, &version, 1) || !read_exact(fd, &size, 1) || !read_exact(fd, user, size) || !read_exact(fd, &size, 1) ||
        !read_exact(fd, password, size))
        return false;
    snprintf(both, sizeof both, "%s:%s", user, password);
    bool right = strcmp(both, p->script.basic) == 0;
    return send_all(fd, right ? "\x01\x00" : "\x01\x01", 2) && right;
}

/* RFC 1928. */
static void serve_socks(proxy_peer *p, int fd)
{
    uint8_t greeting[2], methods[255], request[4], size = 4, name[256 + 2];
    if (!read_exact(fd, greeting, 2) || !read_exact(fd, methods, greeting[1]))
        return;
    uint8_t method = p->script.basic ? 2 : 0;
    bool offered = memchr(methods, method, greeting[1]) != NULL;
    uint8_t chosen[2] = { 5, offered ? method : 0xff };
    if (!send_all(fd, chosen, 2) || !offered || (method && !socks_password(p, fd)))
        return;
    if (!read_exact(fd, request, 4) || (request[3] == 3 && !read_exact(fd, &size, 1)))
        return;
    size = request[3] == 4 ? 16 : size;
    if (!read_exact(fd, name, size + 2u)) /* the address, or the name, and the port */
        return;
    hear(p, name, size);
    int to = p->script.refuse ? -1 : lead_on(p);
    uint8_t answer[10] = { 5, to < 0 ? (uint8_t)p->script.refuse : 0, 0, 1 };
    if (send_all(fd, answer, sizeof answer) && to >= 0)
        relay(fd, to);
    if (to >= 0)
        close(to);
}

/* ---- threads ---- */

static void *serve(void *arg)
{
    struct client *c = arg;
    proxy_peer *p = c->proxy;
    if (p->script.socks)
        serve_socks(p, c->fd);
    else
        serve_http(p, c->fd);
    pthread_mutex_lock(&p->lock);
    close(c->fd);
    c->over = true;
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void *accept_all(void *arg)
{
    proxy_peer *p = arg;
    for (;;) {
        int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&p->lock);
        bool stop = p->stopping || p->count == MAX_CLIENTS || fd < 0;
        struct client *c = &p->clients[p->count];
        if (!stop) {
            p->count++;
            *c = (struct client){ .proxy = p, .fd = fd };
            if (pthread_create(&c->thread, NULL, serve, c) != 0)
                die("pthread_create");
        }
        pthread_mutex_unlock(&p->lock);
        if (stop) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
    }
}

proxy_peer *proxy_peer_start(const proxy_script *script)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    proxy_peer *p = calloc(1, sizeof *p);
    if (!p)
        die("memory");
    p->script = *script;
    p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listen_fd < 0 || bind(p->listen_fd, (struct sockaddr *)&at, size) != 0 || listen(p->listen_fd, 64) != 0 ||
        getsockname(p->listen_fd, (struct sockaddr *)&at, &size) != 0)
        die("cannot listen on a loopback port");
    p->port = ntohs(at.sin_port);
    pthread_mutex_init(&p->lock, NULL);
    if (pthread_create(&p->thread, NULL, accept_all, p) != 0)
        die("pthread_create");
    return p;
}

void proxy_peer_stop(proxy_peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    for (unsigned i = 0; i < p->count; i++)
        if (!p->clients[i].over)
            shutdown(p->clients[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
    shutdown(p->listen_fd, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    for (unsigned i = 0; i < p->count; i++)
        pthread_join(p->clients[i].thread, NULL);
    close(p->listen_fd);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint16_t proxy_peer_port(const proxy_peer *p)
{
    return p->port;
}

static unsigned read_locked(proxy_peer *p, const unsigned *field)
{
    pthread_mutex_lock(&p->lock);
    unsigned value = *field;
    pthread_mutex_unlock(&p->lock);
    return value;
}

unsigned proxy_peer_connections(proxy_peer *p)
{
    return read_locked(p, &p->count);
}

unsigned proxy_peer_tunnels(proxy_peer *p)
{
    return read_locked(p, &p->tunnels);
}

bool proxy_peer_heard(proxy_peer *p, const char *text)
{
    pthread_mutex_lock(&p->lock);
    bool found = memmem(p->heard, p->heard_size, text, strlen(text)) != NULL;
    pthread_mutex_unlock(&p->lock);
    return found;
}
