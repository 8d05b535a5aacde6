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

/* Finds host and port; NULL, or what is wrong. *port 0: not given. */
static const char *url_split(const char *url, spw_view *host, unsigned *port)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
    if (!scheme)
        return "does not begin with http:// or https://";
    for (const char *p = url; *p; p++) {
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
            return "has a character that a URL cannot hold";
    }
    const char *start = url + scheme, *end = start + strcspn(start, "/?#");
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

spw_result spw__endpoint_check(const char *source, const char *url, spw_error *error)
{
    spw_view host = { NULL, 0 };
    unsigned port = 0;
    const char *problem = url_split(url, &host, &port);
    /* the value is quoted only where it cannot hold credentials or a token */
    bool quotable = strlen(url) <= 80 && !strpbrk(url, "@?#");
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
