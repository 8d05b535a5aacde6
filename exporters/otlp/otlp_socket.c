/* Endpoints that are Unix-domain sockets: otlp_socket.h. */
#include "otlp_socket.h"

#include <string.h>
#include <strings.h>

#include "otlp_text.h"

#define FILE_SCHEME "unix:"
#define ABSTRACT_SCHEME "unix-abstract:"

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

bool spw__otlp_is_socket(const char *endpoint)
{
    return begins(endpoint, FILE_SCHEME) || begins(endpoint, ABSTRACT_SCHEME);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL, or what is wrong. */
static const char *decode(spw_view text, char out[SPW__OTLP_SOCKET_BYTES + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++, used++) {
        char c = text.data[i];
        if (used == SPW__OTLP_SOCKET_BYTES)
            return "has more than the 107 bytes a socket's path may have";
        if (c == '%') {
            int high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1, low = high >= 0 ? hex_value(text.data[i + 2]) : -1;
            c = (char)(low >= 0 ? high * 16 + low : 0);
            i += 2;
        }
        if (!c)
            return "has a '%' that stands for nothing; write %25";
        out[used] = c;
    }
    out[used] = '\0';
    return used ? NULL : "names no socket";
}

/* The path, or the name, and what follows it. NULL, or what is wrong. */
static const char *split(struct spw__otlp_socket *out, const char *endpoint)
{
    const char *at = strchr(endpoint, ':') + 1;
    if (!out->abstract && begins(at, "//")) {
        at += 2;
        if (*at != '/')
            return "has a host where a socket has none: write three slashes";
    }
    if (!out->abstract && *at != '/')
        return "has no absolute path";
    spw_view raw = { at, strcspn(at, ":?#") };
    const char *end = at + raw.size;
    if (*end == ':' && end[1] != '/')
        return "has a colon that no path of HTTP follows; write %3A if it belongs to the socket's path";
    if (!out->abstract && end[-1] == '/')
        return "names a folder";
    out->rest = *end == ':' ? end + 1 : end;
    out->shown = (spw_view){ endpoint, (size_t)(end - endpoint) };
    return decode(raw, out->path);
}

bool spw__otlp_socket_read(struct spw__otlp_socket *out, const char *endpoint, spw_error *error)
{
    memset(out, 0, sizeof *out);
    out->abstract = begins(endpoint, ABSTRACT_SCHEME);
    const char *problem = split(out, endpoint);
    if (problem)
        spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP endpoint %s; write it like unix:///run/otel.sock", problem);
    return !problem;
}
