/* What can be sent as HTTP headers, and what can be an OTLP/HTTP endpoint. */
#include <string.h>
#include <strings.h>

#include "sdk/config_env.h"
#include "sdk/diag.h"

/* A header's name is an RFC 9110 token; its value must not end the header or hold other control characters. */
static bool header_is_sendable(void *arg, spw_view key, spw_view value)
{
    const char **problem = arg;
    for (size_t i = 0; i < key.size && !*problem; i++) {
        char c = key.data[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            *problem = "a header's name has a character that HTTP does not allow there";
    }
    for (size_t i = 0; i < value.size && !*problem; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            *problem = "a header's value has a control character";
    }
    return true;
}

const char *spw__headers_problem(const char *headers)
{
    const char *unsendable = NULL;
    const char *problem = spw__pairs_decode(headers, header_is_sendable, &unsendable);
    return problem ? problem : unsendable;
}

const char *spw__authority_problem(const char *start, spw_view *host, unsigned *port)
{
    const char *end = start + strcspn(start, "/?#");
    const char *at = memrchr(start, '@', (size_t)(end - start));
    start = at ? at + 1 : start;
    const char *bracket = *start == '[' ? memchr(start, ']', (size_t)(end - start)) : NULL;
    if (*start == '[' && !bracket)
        return "has a '[' without ']'";
    const char *host_end = bracket ? bracket + 1 : memchr(start, ':', (size_t)(end - start));
    host_end = host_end ? host_end : end;
    host->data = start;
    host->size = (size_t)(host_end - start);
    *port = 0;
    if (host->size == 0 || (bracket && host->size == 2))
        return "names no host";
    if (host_end == end)
        return NULL;
    if (*host_end != ':')
        return "has something between host and port";
    for (const char *p = host_end + 1; p < end; p++) {
        if (*p < '0' || *p > '9' || *port > 65535)
            return "has a port that is not a number from 1 to 65535";
        *port = *port * 10 + (unsigned)(*p - '0');
    }
    return host_end + 1 < end && (*port == 0 || *port > 65535) ? "has a port that is not a number from 1 to 65535" : NULL;
}

const char *spw__url_problem(const char *url)
{
    for (const char *p = url; *p; p++) {
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
            return "has a character that a URL cannot hold";
    }
    return NULL;
}

/* Finds host and port; NULL, or what is wrong. *port 0: not given. */
static const char *url_split(const char *url, spw_view *host, unsigned *port)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
    if (!scheme)
        return "does not begin with http:// or https://";
    const char *problem = spw__url_problem(url);
    return problem ? problem : spw__authority_problem(url + scheme, host, port);
}

#define SOCKET_FORM "write it like unix:///run/otel.sock, or unix:///run/otel.sock:/path with a path of HTTP"

/* Bytes, with each %41 as the one it stands for. */
static size_t decoded_size(const char *text, size_t size)
{
    size_t bytes = 0;
    for (size_t i = 0; i < size; i += text[i] == '%' ? 3 : 1)
        bytes++;
    return bytes;
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size >= length && strncmp(text + size - length, end, length) == 0;
}

/* NULL, or what is wrong with `unix:...` or `unix-abstract:...`, which are gRPC's names for sockets. */
static const char *socket_problem(const char *url)
{
    bool file = strncasecmp(url, "unix:", 5) == 0;
    const char *path = strchr(url, ':') + 1;
    if (file && strncmp(path, "//", 2) == 0) {
        path += 2;
        if (*path != '/' && *path != '@')
            return "has a host where a Unix-domain socket has none; write three slashes: unix:///run/otel.sock";
    }
    size_t size = strcspn(path, ":?#");
    if (file && *path == '@')
        return "names an abstract socket; write unix-abstract:name";
    if (file && *path != '/')
        return "has no absolute path of a socket; " SOCKET_FORM;
    if (!size || (file && path[size - 1] == '/'))
        return "names no socket; " SOCKET_FORM;
    if (ends_with(path, size, "/v1/traces") || ends_with(path, size, "/v1/logs") || ends_with(path, size, "/v1/metrics"))
        return "has a path of HTTP that looks like the socket's; put a colon before it: unix:///run/otel.sock:/v1/traces";
    if (decoded_size(path, size) > 107)
        return "names a socket by more than 107 bytes, which the system does not take; use a shorter path";
    return path[size] == ':' && path[size + 1] != '/' ? "has a colon that no path of HTTP follows; write %3A if it belongs to the socket" : NULL;
}

/* What people write for a socket elsewhere. */
static bool means_socket(const char *url)
{
    static const char *const others[] = { "http+unix:", "https+unix:", "http://unix:", "https://unix:", "unix@", "/", "@", "file:" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncasecmp(url, others[i], strlen(others[i])) == 0)
            return true;
    return false;
}

static const char *any_socket_problem(const char *url)
{
    bool socket = strncasecmp(url, "unix:", 5) == 0 || strncasecmp(url, "unix-abstract:", 14) == 0;
    const char *problem = socket ? spw__url_problem(url) : NULL;
    if (!socket)
        return means_socket(url) ? "is not how a Unix-domain socket is written; " SOCKET_FORM : "";
    return problem ? problem : socket_problem(url);
}

spw_result spw__endpoint_check(const char *source, const char *url, spw_error *error)
{
    spw_view host = { NULL, 0 };
    unsigned port = 0;
    /* the value is quoted only where it cannot hold credentials or a token */
    bool quotable = strlen(url) <= 80 && !strpbrk(url, "@?#");
    const char *problem = any_socket_problem(url);
    if (!problem)
        return SPW_OK;
    if (*problem)
        return spw__fail(error, SPW_ERR_INVALID, "%s%s%s %s", source, quotable ? "=" : "", quotable ? url : "", problem);
    problem = url_split(url, &host, &port);
    if (problem)
        return spw__fail(error, SPW_ERR_INVALID, "%s%s%s %s; write a URL such as http://localhost:4318", source, quotable ? "=" : "",
                         quotable ? url : "", problem);
    if (port == 4317)
        return spw__fail(error, SPW_ERR_INVALID,
                         "%s names port 4317 of %.*s, where OTLP/gRPC is spoken, which spanwire does not speak; use the collector's "
                         "OTLP/HTTP port, usually 4318",
                         source, host.size > 80 ? 80 : (int)host.size, host.data);
    return SPW_OK;
}
