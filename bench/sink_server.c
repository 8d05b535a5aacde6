#include "sink_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS 8
#define HEAD_MOST 16384u
#define SAMPLE_LEAST 16384u /* a full batch, not the rest of one */

/* ---- counting: resource_spans (1) of the request, scope_spans (2) of those, spans (2) of those ---- */

static bool take_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t byte = *(*p)++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* The next length-delimited field of a message that has no others; false at the end or when it is not so. */
static bool take_field(const uint8_t **p, const uint8_t *end, uint64_t *tag, const uint8_t **field, size_t *size)
{
    uint64_t length;
    if (!take_varint(p, end, tag) || (*tag & 7) != 2 || !take_varint(p, end, &length) || length > (uint64_t)(end - *p))
        return false;
    *field = *p;
    *size = (size_t)length;
    *p += length;
    return true;
}

static int64_t count_below(const uint8_t *p, size_t size, int depth)
{
    static const uint64_t tags[] = { 0x0a, 0x12, 0x12 };
    const uint8_t *end = p + size, *field;
    int64_t sum = 0;
    uint64_t tag;
    size_t length;
    while (p < end) {
        if (!take_field(&p, end, &tag, &field, &length))
            return -1;
        if (tag != tags[depth])
            continue;
        int64_t n = depth == 2 ? 1 : count_below(field, length, depth + 1);
        if (n < 0)
            return -1;
        sum += n;
    }
    return sum;
}

int64_t sink_count_spans(const uint8_t *body, size_t size)
{
    return count_below(body, size, 0);
}

/* ---- serving ---- */

struct connection {
    uint8_t *data; /* HEAD_MOST + SINK_BODY_MOST */
    size_t size;
    bool continued;
};

static bool say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* The value of a header in a terminated head, or NULL. */
static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            return line + 3 + length;
    return NULL;
}

static void note_body(struct sink_view *view, const uint8_t *body, size_t size)
{
    int64_t spans = sink_count_spans(body, size);
    __atomic_add_fetch(spans < 0 ? &view->malformed : &view->spans, spans < 0 ? 1 : (uint64_t)spans, __ATOMIC_RELAXED);
    __atomic_add_fetch(&view->bytes, size, __ATOMIC_RELAXED);
    __atomic_add_fetch(&view->requests, 1, __ATOMIC_RELAXED);
    if (!view->sample_size && size >= SAMPLE_LEAST) {
        memcpy(view->sample, body, size);
        __atomic_store_n(&view->sample_size, (uint32_t)size, __ATOMIC_RELEASE);
    }
}

/* Takes the requests that are whole; false closes the connection. */
static bool serve(struct connection *c, int fd, struct sink_view *view)
{
    for (;;) {
        uint8_t *head_end = c->size ? memmem(c->data, c->size, "\r\n\r\n", 4) : NULL;
        if (!head_end)
            return c->size < HEAD_MOST;
        head_end[2] = '\0'; /* and put back: the rest of the request may come later */
        const char *length_text = header((const char *)c->data, "content-length");
        size_t length = length_text ? strtoul(length_text, NULL, 10) : 0;
        bool expects = header((const char *)c->data, "expect") != NULL;
        head_end[2] = '\r';
        if (length > SINK_BODY_MOST)
            return false;
        size_t head = (size_t)(head_end + 4 - c->data);
        if (c->size < head + length) {
            if (expects && !c->continued && !say(fd, "HTTP/1.1 100 Continue\r\n\r\n"))
                return false;
            c->continued = true;
            return true;
        }
        note_body(view, c->data + head, length);
        if (!say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"))
            return false;
        c->size -= head + length;
        memmove(c->data, c->data + head + length, c->size);
        c->continued = false;
    }
}

static void accept_into(struct pollfd *fds, struct connection *connections)
{
    int fd = accept(fds[0].fd, NULL, NULL);
    for (int i = 1; fd >= 0 && i <= CONNECTIONS; i++) {
        if (fds[i].fd >= 0)
            continue;
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fds[i] = (struct pollfd){ fd, POLLIN, 0 };
        connections[i].size = 0;
        connections[i].continued = false;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static bool receive(struct connection *c, int fd)
{
    const size_t room = HEAD_MOST + SINK_BODY_MOST;
    if (!c->data && !(c->data = malloc(room)))
        return false;
    ssize_t n = recv(fd, c->data + c->size, room - c->size, 0);
    if (n <= 0)
        return false;
    c->size += (size_t)n;
    return true;
}

static void serve_forever(int listener, struct sink_view *view)
{
    static struct connection connections[CONNECTIONS + 1];
    struct pollfd fds[CONNECTIONS + 1];
    for (int i = 0; i <= CONNECTIONS; i++)
        fds[i] = (struct pollfd){ i ? -1 : listener, POLLIN, 0 };
    while (poll(fds, CONNECTIONS + 1, -1) >= 0) {
        for (int i = 1; i <= CONNECTIONS; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            if (!receive(&connections[i], fds[i].fd) || !serve(&connections[i], fds[i].fd, view)) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
        if (fds[0].revents)
            accept_into(fds, connections);
    }
}

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, CONNECTIONS) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *port = ntohs(address.sin_port);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

bool sink_start(struct sink *sink)
{
    void *shared = mmap(NULL, sizeof *sink->view, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listener = listen_on_loopback(&sink->port);
    if (shared == MAP_FAILED || listener < 0)
        return false;
    sink->view = shared;
    sink->pid = fork();
    if (sink->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_forever(listener, sink->view);
        _exit(1);
    }
    close(listener);
    return sink->pid > 0;
}

void sink_stop(struct sink *sink)
{
    (void)kill(sink->pid, SIGTERM);
    (void)waitpid(sink->pid, NULL, 0);
}
