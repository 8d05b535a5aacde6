/**
 * @file curl.h
 * Tracing a transfer of libcurl: a CLIENT span, and the context in the request's headers. Not a part of spanwire.h, since it includes libcurl's
 * header; link libcurl (7.55 or newer) beside libspanwire. Everything here is inline. (Semantic Conventions: HTTP spans, HTTP client span.)
 *
 * Threads    As libcurl has it: one thread at a time for an easy handle.
 * Ownership  The caller keeps the handle and the header list. While a transfer is traced, the handle has a copy of the list with the fields of
 *            the propagators in front; then it has the caller's again.
 * Failure    None of it fails the transfer. Without memory for the headers, they go out as the caller made them.
 * Limits     `url.full` is cut at 4,095 bytes; a propagation field over 8,192 is not sent.
 * Cost       Never blocks; a few allocations of libcurl's for each header.
 *
 *     CURL *easy = curl_easy_init();
 *     curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
 *     CURLcode rc = spw_curl_perform(easy, "GET", "https://example.com/users/42", NULL, NULL);
 *
 * With the multi interface: spw_curl_start() before curl_multi_add_handle(), spw_curl_end() with the result of CURLMSG_DONE.
 *
 * Recorded: http.request.method, url.full (without credentials, see spw_url_redact()), url.template when it is told, server.address,
 * server.port, http.response.status_code, network.protocol.version, network.peer.address and .port, http.request.body.size,
 * http.response.body.size. From status 400 on the span is an Error with the status as its error.type; a transfer that failed, with libcurl's
 * name for it, as CURLE_COULDNT_CONNECT. One its own callbacks have aborted is no error. A transfer that follows redirects is one span.
 */
#ifndef SPANWIRE_CURL_H
#define SPANWIRE_CURL_H

#include <curl/curl.h>
#include <spanwire/http.h>
#include <spanwire/propagation.h>
#include <spanwire/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What may be said about a transfer. Begin with SPW_CURL_OPTIONS_INIT. */
typedef struct spw_curl_options {
    size_t struct_size;
    spw_tracer *tracer;        /**< NULL: the program's own */
    const spw_context *parent; /**< NULL: the current context */
    const char *url_template;  /**< NULL, or the URL's shape, as `/users/{id}`: the span is named `GET /users/{id}` and not just `GET` */
} spw_curl_options;
#define SPW_CURL_OPTIONS_INIT { sizeof(spw_curl_options), NULL, NULL, NULL }

/** A traced transfer; between begin and end it stays where it is. `span` may be given more attributes. */
typedef struct spw_curl {
    spw_span span;
    CURL *easy;
    struct curl_slist *headers;  /* ours */
    struct curl_slist *original; /* the caller's */
    bool reads_url;              /* the URL was not told: it is read at the end */
} spw_curl;

/** libcurl's name for a result, `CURLE_COULDNT_RESOLVE_HOST`; in `other` for those a client of HTTP hardly meets, `CURLE_78`. */
static inline const char *spw_curl_error_type(CURLcode rc, char other[24])
{
#define SPW__CURL_NAME(code)                                                                                                               \
    case code:                                                                                                                             \
        return #code
    switch ((int)rc) {
        SPW__CURL_NAME(CURLE_UNSUPPORTED_PROTOCOL);
        SPW__CURL_NAME(CURLE_FAILED_INIT);
        SPW__CURL_NAME(CURLE_URL_MALFORMAT);
        SPW__CURL_NAME(CURLE_COULDNT_RESOLVE_PROXY);
        SPW__CURL_NAME(CURLE_COULDNT_RESOLVE_HOST);
        SPW__CURL_NAME(CURLE_COULDNT_CONNECT);
        SPW__CURL_NAME(CURLE_REMOTE_ACCESS_DENIED);
        SPW__CURL_NAME(CURLE_HTTP2);
        SPW__CURL_NAME(CURLE_PARTIAL_FILE);
        SPW__CURL_NAME(CURLE_HTTP_RETURNED_ERROR);
        SPW__CURL_NAME(CURLE_WRITE_ERROR);
        SPW__CURL_NAME(CURLE_READ_ERROR);
        SPW__CURL_NAME(CURLE_OUT_OF_MEMORY);
        SPW__CURL_NAME(CURLE_OPERATION_TIMEDOUT);
        SPW__CURL_NAME(CURLE_RANGE_ERROR);
        SPW__CURL_NAME(CURLE_SSL_CONNECT_ERROR);
        SPW__CURL_NAME(CURLE_TOO_MANY_REDIRECTS);
        SPW__CURL_NAME(CURLE_GOT_NOTHING);
        SPW__CURL_NAME(CURLE_SEND_ERROR);
        SPW__CURL_NAME(CURLE_RECV_ERROR);
        SPW__CURL_NAME(CURLE_SSL_CERTPROBLEM);
        SPW__CURL_NAME(CURLE_SSL_CIPHER);
        SPW__CURL_NAME(CURLE_PEER_FAILED_VERIFICATION);
        SPW__CURL_NAME(CURLE_BAD_CONTENT_ENCODING);
        SPW__CURL_NAME(CURLE_FILESIZE_EXCEEDED);
        SPW__CURL_NAME(CURLE_SEND_FAIL_REWIND);
        SPW__CURL_NAME(CURLE_LOGIN_DENIED);
        SPW__CURL_NAME(CURLE_SSL_CACERT_BADFILE);
        SPW__CURL_NAME(CURLE_SSL_ISSUER_ERROR);
        SPW__CURL_NAME(CURLE_CHUNK_FAILED);
        SPW__CURL_NAME(CURLE_HTTP2_STREAM);
    default:
        snprintf(other, 24, "CURLE_%d", (int)rc);
        return other;
    }
#undef SPW__CURL_NAME
}

/* A header list being made. */
struct spw__curl_lines {
    struct curl_slist *list;
    size_t count;
    bool failed; /* no memory */
};

static inline void spw__curl_add(struct spw__curl_lines *lines, const char *line)
{
    struct curl_slist *longer = lines->failed ? NULL : curl_slist_append(lines->list, line);
    lines->failed = !longer;
    if (longer) {
        lines->list = longer;
        lines->count++;
    }
}

/* Whether one of the first `count` lines is of the same header. */
static inline bool spw__curl_has(const struct spw__curl_lines *lines, size_t count, const char *line)
{
    const struct curl_slist *other = lines->list;
    size_t name = __builtin_strcspn(line, ":;");
    for (; count; count--, other = other->next) {
        if (__builtin_strcspn(other->data, ":;") == name && curl_strnequal(other->data, line, name))
            return true;
    }
    return false;
}

static inline void spw__curl_set(void *carrier, const char *name, const char *value)
{
    char line[8192 + 256];
    int size = snprintf(line, sizeof line, "%s: %s", name, value);
    if (size > 0 && (size_t)size < sizeof line)
        spw__curl_add((struct spw__curl_lines *)carrier, line);
}

/* The fields of the context, then what of the caller's list they do not replace. */
static inline void spw__curl_inject(spw_curl *self, const spw_context *parent)
{
    struct spw__curl_lines lines = { NULL, 0, false };
    spw_context context = spw_context_with_span(parent ? parent : spw_context_current(), self->span);
    spw_inject(&context, spw__curl_set, &lines);
    spw_context_release(&context);
    size_t fields = lines.count;
    for (const struct curl_slist *line = self->original; line && fields; line = line->next) {
        if (!spw__curl_has(&lines, fields, line->data))
            spw__curl_add(&lines, line->data);
    }
    if (lines.failed) {
        curl_slist_free_all(lines.list);
        lines.list = NULL;
    }
    self->headers = lines.list;
}

/* What is known before the transfer: samplers see it. */
static inline void spw__curl_start_span(spw_curl *self, const char *method, const char *url, const spw_curl_options *options)
{
    char full[4096], name[256];
    const char *known = spw_http_method(method);
    spw_attr attrs[6];
    size_t count = 0;
    attrs[count++] = spw_attr_string("http.request.method", known ? known : "_OTHER");
    if (!known)
        attrs[count++] = spw_attr_string("http.request.method_original", method);
    spw_url parts;
    if (url) {
        spw_url_redact(url, full, sizeof full);
        attrs[count++] = spw_attr_string("url.full", full);
    }
    if (url && spw_url_parse(url, &parts) && parts.host.size) {
        attrs[count++] = spw_attr_string_n("server.address", parts.host.data, parts.host.size);
        if (parts.port)
            attrs[count++] = spw_attr_int("server.port", parts.port);
    }
    if (options->url_template)
        attrs[count++] = spw_attr_string("url.template", options->url_template);
    snprintf(name, sizeof name, "%s%s%.200s", known ? known : "HTTP", options->url_template ? " " : "",
             options->url_template ? options->url_template : "");
    spw_span_options start = SPW_SPAN_OPTIONS_INIT;
    start.kind = SPW_KIND_CLIENT;
    start.parent = options->parent;
    start.attributes = attrs;
    start.attribute_count = count;
    self->span = spw_span_start(options->tracer, name, &start);
}

/**
 * Starts the span of a transfer and puts the context into the handle's headers: sets CURLOPT_HTTPHEADER to `headers` (NULL: none) with the
 * propagators' fields, which replace those there, and CURLOPT_URL to `url`. `url` NULL: the handle's own, which is read after the
 * transfer. `method` says what the handle is set up to do, since libcurl cannot be asked (NULL: GET); it sets nothing. `options` NULL: none.
 * `headers` must live until the end. End it with spw_curl_end().
 */
static inline void spw_curl_start(spw_curl *self, CURL *easy, const char *method, const char *url, struct curl_slist *headers,
                                  const spw_curl_options *options)
{
    spw_curl_options none = SPW_CURL_OPTIONS_INIT;
    spw_curl empty = { { 0, { 0 }, { 0 }, 0, 0, 0, 0 }, NULL, NULL, NULL, false };
    *self = empty;
    self->easy = easy;
    self->reads_url = !url;
    self->original = headers;
    spw__curl_start_span(self, method ? method : "GET", url, options ? options : &none);
    spw__curl_inject(self, options ? options->parent : NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, self->headers ? self->headers : headers);
    if (url)
        curl_easy_setopt(easy, CURLOPT_URL, url);
}

/* The URL was the handle's: what is known of it now. */
static inline void spw__curl_set_url(const spw_curl *self)
{
    char *url = NULL, full[4096];
    spw_url parts;
    curl_easy_getinfo(self->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (!url || !*url)
        return;
    spw_url_redact(url, full, sizeof full);
    spw_set_string(self->span, "url.full", full);
    if (!spw_url_parse(url, &parts) || !parts.host.size)
        return;
    spw_set_string_n(self->span, "server.address", parts.host.data, parts.host.size);
    if (parts.port)
        spw_set_int(self->span, "server.port", parts.port);
}

static inline void spw__curl_set_connection(const spw_curl *self)
{
    long version = 0, port = 0;
    char *peer = NULL;
    curl_easy_getinfo(self->easy, CURLINFO_HTTP_VERSION, &version);
    const char *text = version == CURL_HTTP_VERSION_1_0  ? "1.0"
                       : version == CURL_HTTP_VERSION_1_1 ? "1.1"
                       : version == CURL_HTTP_VERSION_2_0 ? "2"
                       : version == 30 /* CURL_HTTP_VERSION_3, since 7.66 */ ? "3" : NULL;
    if (text)
        spw_set_string(self->span, "network.protocol.version", text);
    curl_easy_getinfo(self->easy, CURLINFO_PRIMARY_IP, &peer);
    curl_easy_getinfo(self->easy, CURLINFO_PRIMARY_PORT, &port);
    if (peer && *peer) {
        spw_set_string(self->span, "network.peer.address", peer);
        if (port > 0)
            spw_set_int(self->span, "network.peer.port", port);
    }
}

/* The status code; 0 when no answer came. */
static inline long spw__curl_set_answer(const spw_curl *self)
{
    long status = 0;
    curl_off_t sent = 0, received = 0;
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(self->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(self->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    if (sent > 0)
        spw_set_int(self->span, "http.request.body.size", sent);
    if (status > 0) {
        spw_set_int(self->span, "http.response.status_code", status);
        spw_set_int(self->span, "http.response.body.size", received);
    }
    return status;
}

/**
 * Ends the span with what came of the transfer, and gives the handle the caller's header list back. `rc` is what curl_easy_perform() returned,
 * or `data.result` of CURLMSG_DONE; CURLE_ABORTED_BY_CALLBACK for one that was given up, which must have left its multi handle before.
 * Once for each begin; a second time is harmless.
 */
static inline void spw_curl_end(spw_curl *self, CURLcode rc)
{
    if (!self->easy)
        return;
    if (spw_is_recording(self->span)) {
        char type[24];
        long status = spw__curl_set_answer(self);
        bool answered = rc == CURLE_OK || rc == CURLE_HTTP_RETURNED_ERROR;
        spw__curl_set_connection(self);
        if (self->reads_url)
            spw__curl_set_url(self);
        if (answered && status >= 400) {
            snprintf(type, sizeof type, "%ld", status);
            spw_set_string(self->span, "error.type", type);
            spw_set_status(self->span, SPW_STATUS_ERROR, NULL);
        } else if (rc != CURLE_OK && rc != CURLE_ABORTED_BY_CALLBACK) {
            spw_fail(self->span, spw_curl_error_type(rc, type), curl_easy_strerror(rc));
        }
    }
    spw_span_end(self->span);
    curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->original);
    curl_slist_free_all(self->headers);
    self->headers = NULL;
    self->easy = NULL;
}

/** curl_easy_perform() in a span: spw_curl_start(), the transfer, spw_curl_end(). Blocks as long as the transfer. */
static inline CURLcode spw_curl_perform(CURL *easy, const char *method, const char *url, struct curl_slist *headers,
                                        const spw_curl_options *options)
{
    spw_curl transfer;
    spw_curl_start(&transfer, easy, method, url, headers, options);
    CURLcode rc = curl_easy_perform(easy);
    spw_curl_end(&transfer, rc);
    return rc;
}

#ifdef __cplusplus
}
#endif
#endif
