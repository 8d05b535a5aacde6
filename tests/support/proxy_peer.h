/*
 * A scripted proxy for tests: HTTP (CONNECT, and requests with a whole URL) and SOCKS 5. Wherever a client wants to go, it is led to one port of
 * this machine, so that names need not exist.
 *
 * Threads    One that accepts, one a connection. Functions may be called from any thread.
 * Failure    Set-up failures end the process with a message.
 */
#ifndef TESTS_PROXY_PEER_H
#define TESTS_PROXY_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct proxy_peer proxy_peer;

/* Zero: lets everything through to `port`. */
typedef struct proxy_script {
    uint16_t port;       /* where everything is led to */
    const char *basic;   /* what it wants in Proxy-Authorization behind `Basic `; SOCKS: `user:password`, plain; NULL: nothing */
    int refuse;          /* answers this status, and leads nobody anywhere */
    unsigned refuse_times; /* ... that often; 0: always */
    bool hang;           /* reads, and says nothing */
    bool close;          /* reads, and closes */
    bool socks;          /* speaks SOCKS 5, not HTTP */
} proxy_script;

/* Listens on a loopback port. The script's strings are borrowed until the stop. */
proxy_peer *proxy_peer_start(const proxy_script *script);
void proxy_peer_stop(proxy_peer *proxy);

uint16_t proxy_peer_port(const proxy_peer *proxy);

/* Connections accepted, and those led on. */
unsigned proxy_peer_connections(proxy_peer *proxy);
unsigned proxy_peer_tunnels(proxy_peer *proxy);

/* Whether what clients sent to the proxy itself holds the text: a request's head, or a SOCKS greeting; not what went through. At most 64 KiB are kept. */
bool proxy_peer_heard(proxy_peer *proxy, const char *text);

#endif
