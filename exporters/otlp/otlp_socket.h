/*
 * Endpoints that are Unix-domain sockets, in the words of gRPC's naming: `unix:///run/otel.sock`, `unix:/run/otel.sock`, and `unix-abstract:name`
 * for one that has no file. A path of HTTP, a query too, stands behind a colon: `unix:///run/otel.sock:/v1/traces`. What a URL cannot hold, and a
 * colon in the socket's path, is percent-encoded. Always plain HTTP. Pure.
 */
#ifndef SPW_OTLP_SOCKET_H
#define SPW_OTLP_SOCKET_H

#include <spanwire/common.h>

#define SPW__OTLP_SOCKET_BYTES 107 /* of a path or a name: sockaddr_un */

struct spw__otlp_socket {
    char path[SPW__OTLP_SOCKET_BYTES + 1]; /* decoded; the name, if it is abstract */
    bool abstract;
    spw_view shown;   /* in the endpoint: scheme and path as written */
    const char *rest; /* in the endpoint: "", or what follows for HTTP, from its `/`, `?` or `#` on */
};

/* Whether the endpoint means to be one. */
bool spw__otlp_is_socket(const char *endpoint);

/* False: it is none, after all; *error says why, with the cure. */
bool spw__otlp_socket_read(struct spw__otlp_socket *out, const char *endpoint, spw_error *error);

#endif
