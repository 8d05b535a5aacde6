/* URLs for attributes. (Semantic Conventions: HTTP spans.) */
#include <spanwire/http.h>
#include <string.h>
#include <strings.h>

/* Where the parts of a URL begin and end, as offsets. */
struct parts {
    size_t scheme_end;  /* 0: no scheme */
    size_t authority;   /* user, host, port */
    size_t host;        /* == authority: no user */
    size_t authority_end; /* and the path begins */
    size_t path_end;
    size_t query, query_end; /* without the `?`; equal: none */
};

static bool is_scheme_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* What a request line asks for where it is no URL: a path from the root, or the server itself. (RFC 9112, 3.2.1 and 3.2.4.) */
static bool is_target(const char *url)
{
    return (url[0] == '/' && url[1] != '/') || (url[0] == '*' && !url[1]);
}

/* As lenient as clients are: one slash or more after the scheme, or no scheme at all; a user part up to the last `@`. */
static struct parts take_apart(const char *url)
{
    struct parts p = { 0 };
    size_t scheme = 0;
    while (is_scheme_char(url[scheme]))
        scheme++;
    if (scheme && url[scheme] == ':' && url[scheme + 1] == '/')
        p.scheme_end = scheme;
    p.authority = p.scheme_end ? p.scheme_end + 1 : 0;
    if (!is_target(url)) {
        p.authority += strspn(url + p.authority, "/");
        p.authority_end = p.authority + strcspn(url + p.authority, "/?#");
    }
    p.host = p.authority;
    for (size_t i = p.authority; i < p.authority_end; i++) {
        if (url[i] == '@')
            p.host = i + 1;
    }
    p.path_end = p.authority_end + strcspn(url + p.authority_end, "?#");
    p.query = p.path_end;
    if (url[p.query] == '?')
        p.query++;
    p.query_end = p.query && url[p.query - 1] == '?' ? p.query + strcspn(url + p.query, "#") : p.query;
    return p;
}

static uint16_t read_port(const char *digits, size_t size)
{
    uint32_t port = 0;
    for (size_t i = 0; i < size; i++) {
        if (digits[i] < '0' || digits[i] > '9' || (port = port * 10 + (uint32_t)(digits[i] - '0')) > 65535)
            return 0;
    }
    return (uint16_t)port;
}

static uint16_t default_port(spw_view scheme)
{
    if (!scheme.size || (scheme.size == 4 && strncasecmp(scheme.data, "http", 4) == 0))
        return 80;
    return scheme.size == 5 && strncasecmp(scheme.data, "https", 5) == 0 ? 443 : 0;
}

/* Host and port; false: there is no host. */
static bool read_host(const char *url, const struct parts *p, spw_url *out)
{
    const char *host = url + p->host, *end = url + p->authority_end, *port = NULL;
    size_t size;
    if (*host == '[') {
        const char *close = memchr(host, ']', (size_t)(end - host));
        if (!close)
            return false;
        host++;
        size = (size_t)(close - host);
        port = close + 1 < end && close[1] == ':' ? close + 2 : NULL;
    } else {
        const char *colon = memchr(host, ':', (size_t)(end - host));
        size = (size_t)((colon ? colon : end) - host);
        port = colon ? colon + 1 : NULL;
    }
    if (!size)
        return false;
    out->host = (spw_view){ host, size };
    out->port = port && port < end ? read_port(port, (size_t)(end - port)) : default_port(out->scheme);
    return true;
}

/* A view of what lies between two offsets; of nothing, when that is nothing. */
static spw_view between(const char *url, size_t from, size_t to)
{
    return to > from ? (spw_view){ url + from, to - from } : (spw_view){ NULL, 0 };
}

bool spw_url_parse(const char *url, spw_url *out)
{
    *out = (spw_url){ 0 };
    if (!url)
        return false;
    struct parts p = take_apart(url);
    out->scheme = between(url, 0, p.scheme_end);
    if (!is_target(url) && !read_host(url, &p, out)) {
        *out = (spw_url){ 0 };
        return false;
    }
    out->path = between(url, p.authority_end, p.path_end);
    out->query = between(url, p.query, p.query_end);
    if (url[p.query_end] == '#')
        out->fragment = between(url, p.query_end + 1, p.query_end + strlen(url + p.query_end));
    return true;
}

/* Counts what does not fit. */
struct text {
    char *out;
    size_t size, length;
};

static void add(struct text *text, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++, text->length++) {
        if (text->length + 1 < text->size)
            text->out[text->length] = bytes[i];
    }
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Whether the key, percent-decoded, is the name: a server reads `s%69g` as `sig`. */
static bool key_is(const char *key, size_t size, const char *name)
{
    for (size_t i = 0; i < size; i++, name++) {
        char c = key[i];
        if (c == '%' && i + 2 < size && digit(key[i + 1]) >= 0 && digit(key[i + 2]) >= 0) {
            c = (char)(digit(key[i + 1]) << 4 | digit(key[i + 2]));
            i += 2;
        }
        if (c != *name || !c)
            return false;
    }
    return *name == '\0';
}

static bool is_sensitive(const char *key, size_t size)
{
    static const char *const names[] = { "AWSAccessKeyId",  "Signature",        "sig", "X-Amz-Credential", "X-Amz-Security-Token",
                                         "X-Amz-Signature", "X-Goog-Signature" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (key_is(key, size, names[i]))
            return true;
    }
    return false;
}

static void add_query(struct text *text, const char *query, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *pair = query + at, *ampersand = memchr(pair, '&', size - at);
        size_t length = ampersand ? (size_t)(ampersand - pair) : size - at;
        const char *equals = memchr(pair, '=', length);
        if (equals && is_sensitive(pair, (size_t)(equals - pair))) {
            add(text, pair, (size_t)(equals - pair) + 1);
            add(text, "REDACTED", 8);
        } else {
            add(text, pair, length);
        }
        if (ampersand)
            add(text, "&", 1);
        at += length + 1;
    }
}

static size_t terminated(struct text *text)
{
    if (text->size)
        text->out[text->length < text->size ? text->length : text->size - 1] = '\0';
    return text->length;
}

size_t spw_url_redact_query(spw_view query, char *out, size_t size)
{
    struct text text = { out, size, 0 };
    if (query.data)
        add_query(&text, query.data, query.size);
    return terminated(&text);
}

size_t spw_url_redact(const char *url, char *out, size_t size)
{
    struct text text = { out, size, 0 };
    if (url) {
        struct parts p = take_apart(url);
        add(&text, url, p.authority);
        if (p.host > p.authority)
            add(&text, memchr(url + p.authority, ':', p.host - p.authority) ? "REDACTED:REDACTED@" : "REDACTED@",
                memchr(url + p.authority, ':', p.host - p.authority) ? 18 : 9);
        add(&text, url + p.host, p.query - p.host);
        add_query(&text, url + p.query, p.query_end - p.query);
        add(&text, url + p.query_end, strlen(url + p.query_end));
    }
    return terminated(&text);
}

const char *spw_http_method(const char *method)
{
    static const char *const known[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY" };
    for (size_t i = 0; method && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], method) == 0)
            return known[i];
    }
    return NULL;
}
