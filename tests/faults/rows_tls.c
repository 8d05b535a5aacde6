/* A receiver behind TLS: one that is to be trusted, and all the ways in which one is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults/fault.h"
#include "faults/tls_peers.h"
#include "support/proxy_peer.h"

enum { BATCHES = 3, SPANS = 100 }; /* of a row in which every batch is refused */

/* What the SDK is told, and what it says: a row has a process of its own. */
static struct {
    char ca[64], certificate[64], key[64], proxy_ca[64], proxy[64]; /* "": not given */
    char text[2048]; /* of the log, written by the worker, read after the shutdown */
} client;

static void on_log(void *arg, spw_log_level level, const char *text)
{
    size_t used = strlen(client.text);
    (void)arg, (void)level;
    snprintf(client.text + used, sizeof client.text - used, "%s\n", text);
}

static void with_tls(spw_options *options)
{
    options->otlp_certificate = *client.ca ? client.ca : NULL;
    options->otlp_client_certificate = *client.certificate ? client.certificate : NULL;
    options->otlp_client_key = *client.key ? client.key : NULL;
    options->otlp_proxy_certificate = *client.proxy_ca ? client.proxy_ca : NULL;
    options->otlp_proxy = *client.proxy ? client.proxy : NULL;
    options->otlp_timeout_ms = 5000; /* a handshake under a sanitizer is no matter of 300 ms */
    options->log_level = SPW_LOG_WARN;
    options->log_fn = on_log;
}

static void start(struct fault *f, const char *host, uint16_t port)
{
    char url[64];
    snprintf(url, sizeof url, "https://%s:%u", host, port);
    fault_start(f, url, with_tls);
}

/* ---- delivered ---- */

static void deliver(struct fault *f, tls_front *front, const char *host)
{
    start(f, host, front->port);
    fault_record(f, 5000, 50);
    fault_stop(f, 10000);
    tls_front_stop(front);
    fault_collect(f, front->peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
    FAULT_CHECK(f, tls_front_said(front, "TLS accepted: new session negotiated") == 1); /* one connection, kept */
    FAULT_CHECK(f, tls_front_said(front, "accepted connection") == 1);
    fault_judge(f);
}

static void good(struct fault *f)
{
    tls_front front;
    if (tls_front_start(&front, f, "server", "")) {
        tls_front_path(&front, "ca.pem", client.ca);
        deliver(f, &front, "localhost");
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

/* By a tunnel, to a name that only the proxy leads somewhere; it hears nothing but that name. */
static void through_a_proxy(struct fault *f)
{
    tls_front front;
    if (tls_front_start(&front, f, "other_host", "")) {
        char url[64];
        proxy_peer *proxy = proxy_peer_start(&(proxy_script){ .port = front.port });
        snprintf(url, sizeof url, "http://127.0.0.1:%u", proxy_peer_port(proxy));
        unsetenv("no_proxy");
        setenv("https_proxy", url, 1);
        tls_front_path(&front, "ca.pem", client.ca);
        deliver(f, &front, "collector.example.com");
        FAULT_CHECK(f, proxy_peer_connections(proxy) == 1 && proxy_peer_heard(proxy, "CONNECT collector.example.com:"));
        FAULT_CHECK(f, !proxy_peer_heard(proxy, "POST") && !proxy_peer_heard(proxy, "v1/traces"));
        proxy_peer_stop(proxy);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

/* The proxy itself is spoken to over TLS; it answers in the place of a receiver that only it knows. */
static bool start_secure_proxy(tls_front *front, struct fault *f)
{
    if (!tls_front_start(front, f, "server", ""))
        return false;
    snprintf(client.proxy, sizeof client.proxy, "https://127.0.0.1:%u", front->port);
    return true;
}

#define BEHIND_PROXY "http://collector.test:4318"

static void secure_proxy(struct fault *f)
{
    tls_front front;
    if (start_secure_proxy(&front, f)) {
        tls_front_path(&front, "ca.pem", client.proxy_ca);
        fault_start(f, BEHIND_PROXY, with_tls);
        fault_record(f, 5000, 50);
        fault_stop(f, 10000);
        tls_front_stop(&front);
        fault_collect(f, front.peer);
        FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
        FAULT_CHECK(f, strncmp(http_peer_request_at(front.peer, 0)->target, BEHIND_PROXY, strlen(BEHIND_PROXY)) == 0);
        fault_judge(f);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

#define WANTS_CLIENT "requireCert = yes\nverifyChain = yes\n"

static void deliver_mutual(struct fault *f, void (*configure)(const tls_front *front))
{
    tls_front front;
    if (tls_front_start(&front, f, "server", WANTS_CLIENT)) {
        configure(&front);
        deliver(f, &front, "127.0.0.1");
        FAULT_CHECK(f, tls_front_said(&front, "Certificate accepted at depth=0: CN=client") == 1);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

static void in_code(const tls_front *front)
{
    tls_front_path(front, "ca.pem", client.ca);
    tls_front_path(front, "client.pem", client.certificate);
    tls_front_path(front, "client.key", client.key);
}

/* For traces the right files; for all signals others, which must not be taken. */
static void in_environment(const tls_front *front)
{
    static const char *const settings[][2] = {
        { "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "ca.pem" },    { "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "client.pem" },
        { "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "client.key" }, { "OTEL_EXPORTER_OTLP_CERTIFICATE", "alone.pem" },
        { "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "alone.pem" }, { "OTEL_EXPORTER_OTLP_CLIENT_KEY", "alone.key" },
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char path[64];
        tls_front_path(front, settings[i][1], path);
        setenv(settings[i][0], path, 1);
    }
}

static void mutual(struct fault *f)
{
    deliver_mutual(f, in_code);
}

static void mutual_environment(struct fault *f)
{
    deliver_mutual(f, in_environment);
}

/* ---- refused ---- */

/* Batch by batch, each to its end. */
static void record_refused(struct fault *f)
{
    for (int i = 0; i < BATCHES; i++) {
        fault_record(f, SPANS, 0);
        FAULT_CHECK(f, spw_flush(10000) == SPW_ERR_INCOMPLETE);
    }
    fault_stop(f, 5000);
}

/* Every batch is dropped as permanent, after one attempt, and the log says why. */
static void judge_refused(struct fault *f, size_t connections, const char *cause)
{
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, p->dropped[SPW_DROP_PERMANENT] == f->ended && p->exported == 0);
    if (p->retries != 0 || connections != p->batches)
        fault_fail(f, "%llu batches, %llu retries, %zu connections", (unsigned long long)p->batches, (unsigned long long)p->retries,
                   connections);
    if (!strstr(client.text, "TLS ") || !strstr(client.text, "failed") || !strstr(client.text, cause))
        fault_fail(f, "the log does not say \"%s\": %s", cause, client.text);
    fault_judge(f);
    snprintf(f->note, sizeof f->note, "%llu batches, %zu connections", (unsigned long long)p->batches, connections);
}

/* Nothing came through, and nothing was tried in the clear: stunnel would have told of an "http request". */
static void judge_nothing_sent(struct fault *f, tls_front *front)
{
    fault_collect(f, front->peer);
    FAULT_CHECK(f, http_peer_requests(front->peer) == 0 && http_peer_received(front->peer) == 0 && f->delivered == 0);
    FAULT_CHECK(f, tls_front_said(front, "http request") == 0);
}

static void refuse(struct fault *f, const char *certificate, bool our_ca, const char *more, const char *cause)
{
    tls_front front;
    if (tls_front_start(&front, f, certificate, more)) {
        if (our_ca)
            tls_front_path(&front, "ca.pem", client.ca);
        start(f, "127.0.0.1", front.port);
        record_refused(f);
        tls_front_stop(&front);
        judge_nothing_sent(f, &front);
        judge_refused(f, tls_front_said(&front, "accepted connection"), cause);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

static void self_signed(struct fault *f)
{
    refuse(f, "alone", true, "", "signed certificate");
}

/* The receiver's CA is none for the proxy: it may be a stranger's. */
static void secure_proxy_unknown_ca(struct fault *f)
{
    tls_front front;
    if (start_secure_proxy(&front, f)) {
        tls_front_path(&front, "ca.pem", client.ca);
        fault_start(f, BEHIND_PROXY, with_tls);
        record_refused(f);
        tls_front_stop(&front);
        judge_nothing_sent(f, &front);
        judge_refused(f, tls_front_said(&front, "accepted connection"), "SPANWIRE_OTLP_PROXY_CERTIFICATE");
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

static void unknown_ca(struct fault *f)
{
    refuse(f, "server", false, "", "in certificate chain"); /* the server sends its CA along */
}

static void expired(struct fault *f)
{
    refuse(f, "expired", true, "", "expired");
}

static void wrong_host(struct fault *f)
{
    refuse(f, "other_host", true, "", "subject name");
}

static void mutual_missing_tls12(struct fault *f)
{
    refuse(f, "server", true, WANTS_CLIENT "sslVersionMax = TLSv1.2\n", "alert");
}

/*
 * With TLS 1.3 the client has finished its handshake, and sends, before the server sees that the certificate is missing. Its alert may be
 * lost when the connection is reset under the request: then the batch is tried again, and meets the alert, or the reset, again.
 */
static void mutual_missing(struct fault *f)
{
    tls_front front;
    if (tls_front_start(&front, f, "server", WANTS_CLIENT)) {
        tls_front_path(&front, "ca.pem", client.ca);
        start(f, "127.0.0.1", front.port);
        fault_record(f, SPANS, 0);
        for (int i = 0; i < 20 && spw_flush(1000) == SPW_ERR_TIMEOUT; i++) { /* each cuts a back-off short */
        }
        fault_stop(f, 5000);
        tls_front_stop(&front);
        judge_nothing_sent(f, &front);
        const spw_pipeline_stats *p = &f->stats.pipelines[0];
        FAULT_CHECK(f, p->dropped[SPW_DROP_PERMANENT] == f->ended && strstr(client.text, "alert"));
        FAULT_CHECK(f, tls_front_said(&front, "peer did not return a certificate") == p->batches + p->retries);
        fault_judge(f);
        snprintf(f->note, sizeof f->note, "%llu batches, the alert lost in a reset %llu times", (unsigned long long)p->batches,
                 (unsigned long long)p->retries);
    }
    tls_front_stop(&front);
    tls_front_free(&front);
}

/* So much is under way that the connection is reset under it, and the alert is lost, as a rule each time: then the log has to guess. */
static void mutual_missing_large(struct fault *f)
{
    enum { LARGE = 64, TEXT = 256 << 10 };
    tls_front front;
    char *text = calloc(1, TEXT);
    if (!text)
        abort();
    memset(text, 't', TEXT - 1);
    if (tls_front_start(&front, f, "server", WANTS_CLIENT)) {
        tls_front_path(&front, "ca.pem", client.ca);
        start(f, "127.0.0.1", front.port);
        for (; f->ended < LARGE; f->ended++) {
            spw_span span = spw_span_start(NULL, "large", NULL);
            spw_set_string(span, "text", text);
            spw_span_end(span);
        }
        (void)spw_flush(3000);
        fault_stop(f, 500);
        tls_front_stop(&front);
        judge_nothing_sent(f, &front);
        const spw_pipeline_stats *p = &f->stats.pipelines[0];
        if (!strstr(client.text, "CLIENT_CERTIFICATE"))
            fault_fail(f, "the log names no certificate: %s", client.text);
        fault_judge(f);
        snprintf(f->note, sizeof f->note, "%llu batches, the alert lost in a reset %llu times", (unsigned long long)p->batches,
                 (unsigned long long)p->retries + (p->dropped[SPW_DROP_PERMANENT] == 0));
    }
    tls_front_stop(&front);
    tls_front_free(&front);
    free(text);
}

/* ---- no TLS at the other end ---- */

static bool holds(const fixed_server *server, const char *text)
{
    size_t kept = server->received < sizeof server->bytes ? server->received : sizeof server->bytes;
    return memmem(server->bytes, kept, text, strlen(text)) != NULL;
}

static void meet(struct fault *f, const void *answer, size_t size)
{
    static fixed_server server;
    fixed_server_start(&server, answer, size);
    start(f, "127.0.0.1", server.port);
    record_refused(f);
    fixed_server_stop(&server);
    FAULT_CHECK(f, server.received > 0 && server.bytes[0] == 0x16);           /* a handshake record ... */
    FAULT_CHECK(f, !holds(&server, "POST") && !holds(&server, "/v1/traces")); /* ... and not a word in the clear */
    judge_refused(f, server.connections, "SSL");
}

static void truncated_handshake(struct fault *f)
{
    /* A record of 122 bytes with a ServerHello of 118, of which the version and 20 bytes of the random number come. */
    static const uint8_t half[31] = { 0x16, 3, 3, 0, 122, 2,  0,  0,  118, 3,  3,  1,  2,  3,  4, 5,
                                      6,    7, 8, 9, 10,  11, 12, 13, 14,  15, 16, 17, 18, 19, 20 };
    meet(f, half, sizeof half);
}

static void plain_http(struct fault *f)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    meet(f, answer, sizeof answer - 1);
}

#define PERMANENT "one attempt a batch; counted permanent, cause said; nothing in the clear"

const struct fault_row fault_rows_tls[] = {
    { "TLS", "tls_good", "none: a certificate of our CA", "everything arrives once", good, false },
    { "TLS", "tls_through_proxy", "none: a tunnel through the proxy of https_proxy", "everything arrives once; the proxy hears a name",
      through_a_proxy, false },
    { "TLS", "tls_mutual", "none: the server wants a client certificate, and gets it", "everything arrives once", mutual, false },
    { "TLS", "tls_mutual_environment", "none: the same, by the variables for traces", "everything arrives once", mutual_environment,
      false },
    { "TLS", "tls_mutual_missing", "no client certificate, TLS 1.3", "counted permanent, cause said; no request gets through",
      mutual_missing, false },
    { "TLS", "tls_mutual_missing_tls12", "no client certificate, TLS 1.2", PERMANENT, mutual_missing_tls12, false },
    { "TLS", "tls_mutual_missing_large", "no client certificate, TLS 1.3, a request of 16 MiB", "counted, the certificate named; no request gets through",
      mutual_missing_large, false },
    { "TLS", "tls_secure_proxy", "none: an https:// proxy with a certificate of our CA", "everything arrives once", secure_proxy, false },
    { "TLS", "tls_secure_proxy_unknown_ca", "an https:// proxy with a certificate of another CA than the system's", PERMANENT, secure_proxy_unknown_ca,
      false },
    { "TLS", "tls_self_signed", "a self-signed certificate", PERMANENT, self_signed, false },
    { "TLS", "tls_unknown_ca", "a certificate of a CA that is not the system's", PERMANENT, unknown_ca, false },
    { "TLS", "tls_expired", "an expired certificate", PERMANENT, expired, false },
    { "TLS", "tls_wrong_host", "a certificate of another host", PERMANENT, wrong_host, false },
    { "TLS", "tls_truncated_handshake", "half a ServerHello, then closed", PERMANENT, truncated_handshake, false },
    { "TLS", "tls_plain_http", "a plain HTTP server behind https://", PERMANENT, plain_http, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
