/* The URL an endpoint setting stands for: otlp_url.h. */
#include "otlp_url.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "otlp_socket.h"
#include "otlp_text.h"

#define LOCALHOST "http://localhost"
enum { MAX_ENDPOINT = 4096, GRPC_PORT = 4317 };

/* The pieces of an endpoint, as views into it. */
struct parts {
    spw_view scheme;
    spw_view user_info;
    spw_view host; /* brackets included */
    spw_view port; /* digits */
    spw_view path;
    spw_view query;
    bool has_user_info;
    bool has_query;
};

static spw_view view_to(const char *from, const char *to)
{
    spw_view v = { from, (size_t)(to - from) };
    return v;
}

/* Only an endpoint without user info and query may be repeated to people. */
static const char *repeatable(const char *endpoint)
{
    for (const char *c = endpoint; *c; c++)
        if (*c == '@' || *c == '?' || (unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            return "it";
    return endpoint;
}

/* After `//` up to the path: [user info '@'] host [':' port]. */
static bool split_authority(spw_view authority, struct parts *out)
{
    const char *at = authority.data;
    const char *end = at + authority.size;
    const char *user_end = memrchr(at, '@', authority.size);
    if (user_end) {
        out->user_info = view_to(at, user_end);
        out->has_user_info = true;
        at = user_end + 1;
    }
    const char *host_end = at;
    if (at < end && *at == '[') {
        host_end = memchr(at, ']', (size_t)(end - at));
        if (!host_end || host_end == at + 1)
            return false;
        host_end++;
    } else {
        while (host_end < end && *host_end != ':')
            host_end++;
    }
    out->host = view_to(at, host_end);
    if (host_end < end && *host_end != ':')
        return false;
    out->port = host_end < end ? view_to(host_end + 1, end) : view_to(end, end);
    return out->host.size > 0 && (host_end == end || out->port.size > 0);
}

static bool split(const char *endpoint, struct parts *out)
{
    const char *scheme_end = strstr(endpoint, "://");
    if (!scheme_end)
        return false;
    out->scheme = view_to(endpoint, scheme_end);
    const char *authority = scheme_end + 3;
    const char *path = authority + strcspn(authority, "/?#");
    const char *query = path + strcspn(path, "?#");
    const char *end = query + strcspn(query, "#"); /* a fragment is the client's own */
    out->path = view_to(path, query);
    out->has_query = *query == '?';
    out->query = out->has_query ? view_to(query + 1, end) : view_to(end, end);
    return split_authority(view_to(authority, path), out);
}

static bool is_scheme(spw_view scheme, const char *name)
{
    return scheme.size == strlen(name) && strncasecmp(scheme.data, name, scheme.size) == 0;
}

/* 0 when it is no port. */
static unsigned port_number(spw_view port)
{
    unsigned value = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return 0;
        value = value * 10 + (unsigned)(port.data[i] - '0');
        if (value > 65535)
            return 0;
    }
    return value;
}

static spw_result check_text(const char *endpoint, spw_error *error)
{
    for (const char *c = endpoint; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '\\' || *c == '"' || *c == '<' || *c == '>')
            return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint holds a space, a control character or one that no URL has; percent-encode it");
    if (strlen(endpoint) > MAX_ENDPOINT)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint is longer than %d bytes", MAX_ENDPOINT);
    return SPW_OK;
}

static spw_result check(const char *endpoint, struct parts *parts, spw_error *error)
{
    if (!split(endpoint, parts))
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint is not a URL (%.120s); write it like http://localhost:4318", repeatable(endpoint));
    if (!is_scheme(parts->scheme, "http") && !is_scheme(parts->scheme, "https"))
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint's scheme is neither http nor https (%.120s); write it like http://localhost:4318",
                              repeatable(endpoint));
    unsigned port = port_number(parts->port);
    if (parts->port.size && port == 0)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint's port is not a number from 1 to 65535 (%.120s)", repeatable(endpoint));
    if (port == GRPC_PORT)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "port 4317 is OTLP/gRPC, which spanwire does not speak; use http/protobuf on port 4318");
    return SPW_OK;
}

static void add(char *out, spw_view part)
{
    size_t used = strlen(out);
    if (part.size)
        memcpy(out + used, part.data, part.size);
    out[used + part.size] = '\0';
}

static void add_path(char *out, spw_view path, bool is_signal, const char *signal_path)
{
    if (is_signal) {
        add(out, path.size ? path : (spw_view){ "/", 1 });
        return;
    }
    while (path.size && path.data[path.size - 1] == '/')
        path.size--;
    add(out, path);
    add(out, (spw_view){ "/", 1 });
    add(out, (spw_view){ signal_path, strlen(signal_path) });
}

static spw_result parse_http(struct spw__otlp_url *out, const char *endpoint, bool is_signal, const char *signal_path, spw_error *error)
{
    struct parts parts;
    memset(&parts, 0, sizeof parts);
    spw_result result = check(endpoint, &parts, error);
    if (result != SPW_OK)
        return result;
    size_t room = strlen(endpoint) + strlen(signal_path) + 16;
    out->full = spw_allocate_zeroed(1, room);
    out->shown = spw_allocate_zeroed(1, room);
    if (!out->full || !out->shown)
        return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP endpoint");
    out->tls = is_scheme(parts.scheme, "https");
    const char *scheme = out->tls ? "https://" : "http://";
    add(out->shown, (spw_view){ scheme, strlen(scheme) });
    add(out->full, (spw_view){ scheme, strlen(scheme) });
    if (parts.has_user_info) {
        out->user_info = (spw_view){ out->full + strlen(out->full), parts.user_info.size };
        add(out->full, parts.user_info);
        add(out->full, (spw_view){ "@", 1 });
    }
    char *rest = out->full + strlen(out->full);
    add(rest, view_to(parts.host.data, parts.port.size ? parts.port.data + parts.port.size : parts.host.data + parts.host.size));
    out->origin = strlen(scheme) + strlen(rest);
    add_path(rest, parts.path, is_signal, signal_path);
    add(out->shown, (spw_view){ rest, strlen(rest) });
    if (parts.has_query) {
        add(out->full, (spw_view){ "?", 1 });
        out->query = (spw_view){ out->full + strlen(out->full), parts.query.size };
        add(out->full, parts.query);
    }
    return SPW_OK;
}

/* A request to localhost, by the socket; shown as somebody would write it. */
static spw_result parse_socket(struct spw__otlp_url *out, const char *endpoint, bool is_signal, const char *signal_path, spw_error *error)
{
    struct spw__otlp_socket socket;
    if (!spw__otlp_socket_read(&socket, endpoint, error))
        return SPW_ERR_INVALID;
    char request[MAX_ENDPOINT + sizeof LOCALHOST];
    snprintf(request, sizeof request, LOCALHOST "%s", socket.rest);
    spw_result result = parse_http(out, request, is_signal, signal_path, error);
    if (result != SPW_OK)
        return result;
    const char *path = out->shown + out->origin;
    size_t room = socket.shown.size + strlen(path) + 2;
    char *shown = spw_allocate(room);
    out->socket = spw_strdup(socket.path);
    if (shown)
        snprintf(shown, room, "%.*s:%s", (int)socket.shown.size, socket.shown.data, path);
    spw_free(out->shown);
    out->shown = shown;
    out->origin = socket.shown.size;
    out->abstract = socket.abstract;
    return shown && out->socket ? SPW_OK : spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP endpoint");
}

spw_result spw__otlp_url_parse(struct spw__otlp_url *out, const char *endpoint, bool is_signal, const char *signal_path, spw_error *error)
{
    memset(out, 0, sizeof *out);
    spw_result result = check_text(endpoint, error);
    if (result != SPW_OK)
        return result;
    return spw__otlp_is_socket(endpoint) ? parse_socket(out, endpoint, is_signal, signal_path, error)
                                         : parse_http(out, endpoint, is_signal, signal_path, error);
}

void spw__otlp_url_fini(struct spw__otlp_url *url)
{
    spw_free(url->full);
    spw_free(url->shown);
    spw_free(url->socket);
    memset(url, 0, sizeof *url);
}
