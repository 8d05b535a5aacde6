/* Opening the listening socket. Contract: listen.h. */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text.h"

enum { BACKLOG = 128 };

static bool split(const char *address, struct spwv_listening *listening, char *port_text, size_t port_size, struct spwv_error *error)
{
    const char *colon = strrchr(address, ':');
    size_t host_size = colon ? (size_t)(colon - address) : 0;
    uint64_t port;
    if (!colon || host_size == 0 || host_size >= sizeof listening->host || !spwv_parse_u64(colon + 1, 65535, &port) ||
        (address[0] != '[' && memchr(address, ':', host_size))) {
        snprintf(error->text, sizeof error->text,
                 "--listen %.80s: not ADDRESS:PORT; examples: 127.0.0.1:4318, [::1]:4318, 127.0.0.1:0 for any free port", address);
        return false;
    }
    memcpy(listening->host, address, host_size);
    listening->host[host_size] = 0;
    snprintf(port_text, port_size, "%u", (unsigned)port);
    return true;
}

static struct addrinfo *resolve(const struct spwv_listening *listening, const char *port, struct spwv_error *error)
{
    char host[sizeof listening->host];
    size_t size = strlen(listening->host);
    bool bracketed = listening->host[0] == '[' && listening->host[size - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? size - 2 : size), listening->host + bracketed);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(host, port, &hints, &found);
    if (result == 0)
        return found;
    snprintf(error->text, sizeof error->text, "--listen %.80s: %s; name an address of this machine, such as 127.0.0.1", host,
             gai_strerror(result));
    return NULL;
}

static bool bind_failed(int cause, const char *address, struct spwv_error *error)
{
    if (cause == EADDRINUSE)
        snprintf(error->text, sizeof error->text,
                 "%.80s is in use: another viewer or a collector listens there. Stop it, or choose a port: --listen 127.0.0.1:0 picks a free one",
                 address);
    else if (cause == EACCES)
        snprintf(error->text, sizeof error->text, "%.80s: %s; ports below 1024 are for root, choose a higher one", address, strerror(cause));
    else
        snprintf(error->text, sizeof error->text, "cannot listen on %.80s: %s; name an address of this machine, such as 127.0.0.1:4318", address,
                 strerror(cause));
    return false;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void describe(struct spwv_listening *listening)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    getsockname(listening->fd, (struct sockaddr *)&address, &size);
    listening->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                          : ((struct sockaddr_in *)&address)->sin_port);
    listening->loopback = is_loopback(&address);
}

bool spwv_listen(const char *address, struct spwv_listening *listening, struct spwv_error *error)
{
    char port[8];
    if (!split(address, listening, port, sizeof port, error))
        return false;
    struct addrinfo *found = resolve(listening, port, error);
    if (!found)
        return false;
    int one = 1;
    listening->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok = listening->fd >= 0 && setsockopt(listening->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(listening->fd, found->ai_addr, found->ai_addrlen) == 0 && listen(listening->fd, BACKLOG) == 0;
    int cause = errno;
    freeaddrinfo(found);
    if (ok) {
        describe(listening);
        return true;
    }
    if (listening->fd >= 0)
        close(listening->fd);
    listening->fd = -1;
    listening->in_use = cause == EADDRINUSE;
    return bind_failed(cause, address, error);
}
