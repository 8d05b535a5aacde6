/* One POST at a time over libcurl's multi interface: otlp_transport.h. */
#include "otlp_transport.h"

#include <pthread.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>

#include "otlp_connection.h"
#include "otlp_descriptors.h"
#include "otlp_text.h"


static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static bool global_done;
static CURLcode global_result;

/* Never undone: curl_global_cleanup() would pull libcurl from under a host that uses it too. */
static CURLcode global_init(void)
{
    pthread_mutex_lock(&global_lock);
    if (!global_done)
        global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
    global_done = true;
    CURLcode result = global_result;
    pthread_mutex_unlock(&global_lock);
    return result;
}

static void hold_global(void)
{
    pthread_mutex_lock(&global_lock);
}

static void release_global(void)
{
    pthread_mutex_unlock(&global_lock);
}

/* libcurl has a lock of its own, which a child forked meanwhile would find held for ever: so a fork waits, once, at most a millisecond. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(hold_global, release_global, release_global);
}

/* ---- the end of a request ---- */

static void finish(struct spw__otlp_transport *t, CURLcode code)
{
    struct spw__otlp_outcome outcome = { .code = code, .detail = t->detail, .response = &t->response };
    curl_off_t uploaded = 0;
    long connections = 0, unproven = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &outcome.status);
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &outcome.system_error);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &outcome.connect_status);
    curl_easy_getinfo(t->easy, CURLINFO_PROXY_ERROR, &outcome.proxy_error);
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    outcome.sent = uploaded >= 0 && (size_t)uploaded >= t->body_size;
    outcome.lost = t->lost;
    curl_easy_getinfo(t->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &unproven);
    outcome.proxy_unproven = unproven != 0;
    outcome.connected = connections > 0;
    if (outcome.status < 200)
        outcome.status = 0; /* an interim answer is none */
    t->fresh = outcome.status >= 500 || code != CURLE_OK;
    if (connections > 0)
        t->connected_ms = t->sent_ms;
    t->active = false;
    curl_multi_remove_handle(t->multi, t->easy);
    spw_loop_disarm(t->loop, &t->timer);
    t->done(t->done_arg, &outcome); /* last: it may send the next, or end the exporter */
}

/* After libcurl had its turn: is the request over? */
static void look(struct spw__otlp_transport *t)
{
    CURLMsg *message;
    int left;
    if (!t->active)
        return;
    while ((message = curl_multi_info_read(t->multi, &left))) {
        if (message->msg == CURLMSG_DONE && message->easy_handle == t->easy) {
            finish(t, message->data.result);
            return;
        }
    }
    if (t->watch_failed)
        finish(t, CURLE_OUT_OF_MEMORY);
}

/* ---- libcurl and the loop ---- */

static void on_ready(void *arg, int fd, unsigned events)
{
    struct spw__otlp_transport *t = arg;
    int running;
    int mask = (events & SPW_IO_READ ? CURL_CSELECT_IN : 0) | (events & SPW_IO_WRITE ? CURL_CSELECT_OUT : 0) |
               (events & SPW_IO_ERROR ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(t->multi, fd, mask, &running);
    look(t);
}

static void on_time(void *arg)
{
    struct spw__otlp_transport *t = arg;
    int running;
    curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    look(t);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct spw__otlp_transport *t = arg;
    (void)easy;
    (void)unused;
    if (!t->loop)
        return 0; /* stopping */
    unsigned events = (what & CURL_POLL_IN ? SPW_IO_READ : 0) | (what & CURL_POLL_OUT ? SPW_IO_WRITE : 0);
    if (what == CURL_POLL_REMOVE)
        events = 0;
    else
        spw__otlp_seal(fd);
    /* -1 would end the multi handle for good; this ends the request */
    if (spw_loop_watch(t->loop, fd, events, on_ready, t) != SPW_OK)
        t->watch_failed = true;
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct spw__otlp_transport *t = arg;
    (void)multi;
    if (!t->loop)
        return 0;
    if (timeout_ms < 0)
        spw_loop_disarm(t->loop, &t->timer);
    else
        spw_loop_arm(t->loop, &t->timer, (uint64_t)timeout_ms);
    return 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct spw__otlp_transport *t = arg;
    return spw__otlp_response_header(&t->response, (spw_view){ data, size * count }) ? size * count : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct spw__otlp_transport *t = arg;
    return spw__otlp_response_body(&t->response, (spw_view){ data, size * count }) ? size * count : 0;
}

/* ---- what libcurl sends again by itself ---- */

/*
 * A server may close a kept connection at the moment a request goes out on it. libcurl then sends the request once more, on a new connection, and
 * says nothing; but it asks before each. If the one before had gone out whole, its answer is lost: the server may have taken it.
 */
static int on_request(void *arg, char *there_ip, char *here_ip, int there_port, int here_port)
{
    struct spw__otlp_transport *t = arg;
    (void)there_ip;
    (void)here_ip;
    (void)there_port;
    (void)here_port;
    t->lost += t->whole;
    t->whole = false;
    return CURL_PREREQFUNC_OK;
}

static int on_progress(void *arg, curl_off_t to_receive, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
    struct spw__otlp_transport *t = arg;
    (void)to_receive;
    (void)received;
    (void)to_send;
    t->whole |= sent > 0 && (size_t)sent >= t->body_size; /* kept until the next one begins: the counter is not */
    return 0;
}

/* ---- setting up ---- */

static bool add_header(struct spw__otlp_transport *t, const char *line)
{
    struct curl_slist *grown = curl_slist_append(t->headers, line);
    if (grown)
        t->headers = grown;
    return grown != NULL;
}

static bool add_headers(struct spw__otlp_transport *t, const struct spw__otlp_setup *setup)
{
    /* Without `Expect:` bodies over 1 MiB wait a second for a 100 Continue. */
    bool added = add_header(t, setup->json ? "Content-Type: application/json" : "Content-Type: application/x-protobuf") && add_header(t, "Expect:");
    if (setup->gzip)
        added = added && add_header(t, "Content-Encoding: gzip");
    for (size_t i = 0; added && i < setup->headers->count; i++) {
        const struct spw__otlp_header *h = &setup->headers->items[i];
        size_t size = strlen(h->name) + strlen(h->value) + 3;
        char *line = spw_allocate(size);
        if (line) /* `name;` is libcurl's way to an empty value */
            snprintf(line, size, "%s%s%s", h->name, *h->value ? ": " : ";", h->value);
        added = line && add_header(t, line);
        spw_free(line);
    }
    return added;
}

static CURLcode set_request(CURL *easy, struct spw__otlp_transport *t, const struct spw__otlp_setup *setup)
{
    CURLcode result = CURLE_OK;
    SET(CURLOPT_URL, setup->url->full);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_USERAGENT, setup->user_agent);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_PROXY, setup->proxy ? setup->proxy : "");
    SET(CURLOPT_NOPROXY, ""); /* the configuration has judged that */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* our headers are for the receiver, not for who tunnels to it */
    SET(CURLOPT_TIMEOUT_MS, (long)setup->timeout_ms);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_ERRORBUFFER, t->detail);
    SET(CURLOPT_PREREQFUNCTION, on_request);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    return result;
}

static bool set_multi(struct spw__otlp_transport *t)
{
    return curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK && curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK && curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK &&
           curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, 1L) == CURLM_OK;
}

spw_result spw__otlp_transport_prepare(spw_error *error)
{
    CURLcode result = global_init();
    if (result != CURLE_OK)
        return spw__otlp_fail(error, SPW_ERR_SYSTEM, "libcurl does not start: %s", curl_easy_strerror(result));
    return SPW_OK;
}

spw_result spw__otlp_transport_start(struct spw__otlp_transport *t, spw_loop *loop, const struct spw__otlp_setup *setup, spw_error *error)
{
    spw_result prepared = spw__otlp_transport_prepare(error);
    if (prepared != SPW_OK)
        return prepared;
    t->loop = loop;
    t->timer.fn = on_time;
    t->timer.arg = t;
    t->max_connection_age_ms = setup->max_connection_age_ms;
    t->response.expects_json = setup->json;
    t->multi = curl_multi_init();
    t->easy = curl_easy_init();
    if (!t->multi || !t->easy || !set_multi(t) || !add_headers(t, setup))
        return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory or descriptors for libcurl");
    spw__otlp_seal_wakeup(t->multi);
    CURLcode result = set_request(t->easy, t, setup);
    if (result == CURLE_OK)
        result = spw__otlp_set_connection(t->easy, setup);
    if (result == CURLE_OK)
        result = spw__otlp_set_tls(t->easy, setup);
    if (result == CURLE_OUT_OF_MEMORY)
        return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for libcurl's options");
    if (result != CURLE_OK) /* not curl_version(): that one has its LDAP library look up this host's name, wherever that takes it */
        return spw__otlp_fail(error, SPW_ERR_SYSTEM, "this libcurl (%s) does not take an option spanwire needs: %s; 7.87 or newer does",
                              curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(result));
    return SPW_OK;
}

/* ---- sending ---- */

void spw__otlp_transport_send(struct spw__otlp_transport *t, spw_view body, spw__otlp_sent_fn done, void *arg)
{
    spw__otlp_response_reset(&t->response);
    t->detail[0] = '\0';
    t->done = done;
    t->done_arg = arg;
    t->body_size = body.size;
    t->lost = 0;
    t->whole = false;
    t->active = true;
    t->sent_ms = spw_loop_now_ms(t->loop);
    bool aged = t->max_connection_age_ms && t->sent_ms - t->connected_ms >= t->max_connection_age_ms;
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body.data); /* borrowed, not copied */
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, t->fresh || aged ? 1L : 0L);
    t->watch_failed = curl_multi_add_handle(t->multi, t->easy) != CURLM_OK;
    if (t->watch_failed)
        spw_loop_arm(t->loop, &t->timer, 0); /* report it from the loop, as everything */
}

void spw__otlp_transport_cancel(struct spw__otlp_transport *t)
{
    if (!t->active)
        return;
    t->active = false;
    t->fresh = true;
    curl_multi_remove_handle(t->multi, t->easy);
    spw_loop_disarm(t->loop, &t->timer);
}

void spw__otlp_transport_stop(struct spw__otlp_transport *t)
{
    spw__otlp_transport_cancel(t);
    t->loop = NULL; /* it may be gone already; closing idle connections has nothing to tell it */
    if (t->easy)
        curl_easy_cleanup(t->easy);
    if (t->multi)
        curl_multi_cleanup(t->multi);
    curl_slist_free_all(t->headers);
    spw__otlp_response_fini(&t->response);
    memset(t, 0, sizeof *t);
}
