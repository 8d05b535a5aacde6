/* From what came of a request to what the SDK does about it: otlp_verdict.h. */
#include "otlp_verdict.h"

#include <string.h>

#include "otlp_text.h"
#include "otlp_verdict_connect.h"

enum { URL_SHOWN = SPW__OTLP_URL_SHOWN };

struct status_advice {
    long status;
    const char *text;
};

static const struct status_advice advice[] = {
    { 400, "the receiver could not read the request; is it an OTLP/HTTP receiver?" },
    { 401, "not authenticated; check OTEL_EXPORTER_OTLP_HEADERS" },
    { 403, "not allowed; check OTEL_EXPORTER_OTLP_HEADERS" },
    { 404, "nothing takes OTLP at this path; OTEL_EXPORTER_OTLP_ENDPOINT is a base URL without /v1/traces" },
    { 405, "nothing takes OTLP at this path; check OTEL_EXPORTER_OTLP_ENDPOINT" },
    { 408, "the receiver waited too long for the request" },
    { 413, "too large for the receiver; lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE or raise its limit" },
    { 415, "the receiver does not take this; set OTEL_EXPORTER_OTLP_PROTOCOL to what it does: http/protobuf or http/json" },
    { 429, "the receiver asks for fewer requests" },
    { 500, "the receiver failed on it" },
    { 502, "a gateway found no receiver behind it" },
    { 503, "the receiver is overloaded or restarting" },
    { 504, "a gateway waited too long for the receiver" },
};

static void say_server(spw_export_result *result, const struct spw__otlp_subject *subject, const char *lead, spw_view text)
{
    if (text.size == 0)
        return;
    spw__otlp_append(result->text, sizeof result->text, "%s", lead);
    spw__otlp_append_foreign(result->text, sizeof result->text, text, subject->secrets);
}

static void say(spw_export_result *result, const struct spw__otlp_subject *subject, const char *text)
{
    spw__otlp_append(result->text, sizeof result->text, "%.*s: %s", URL_SHOWN, subject->url->shown, text);
}

/* ---- an answer came ---- */

static void judge_success(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    struct spw__otlp_partial partial;
    spw__otlp_response_partial(o->response, subject->count, &partial);
    spw_view message = { partial.message, strlen(partial.message) };
    result->rejected = partial.rejected;
    result->malformed = partial.malformed || o->code != CURLE_OK; /* its body broke off: what came before it still says delivered */
    if (result->malformed) {
        say(result, subject, "took the batch, but its answer is not OTLP's; is it an OTLP/HTTP receiver?");
    } else if (partial.rejected) {
        spw__otlp_append(result->text, sizeof result->text, "%.*s: rejected %llu of %llu records", URL_SHOWN, subject->url->shown,
                         (unsigned long long)partial.rejected, (unsigned long long)subject->count);
        say_server(result, subject, ": ", message);
    } else if (message.size) {
        say(result, subject, "took the batch with a warning");
        say_server(result, subject, ": ", message);
    }
}

static void judge_status(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    long status = o->status;
    if (status >= 200 && status < 300) {
        judge_success(o, subject, result);
        return;
    }
    if (status == 407 && subject->proxy->shown) {
        spw__otlp_judge_proxy_status(status, subject, result);
        return;
    }
    bool again = status == 429 || (status >= 502 && status <= 504);
    result->status = again ? SPW_EXPORT_RETRY : SPW_EXPORT_PERMANENT;
    result->retry_after_ms = again ? o->response->retry_after_ms : 0;
    const char *text = status < 400 ? "redirects are not followed; set the endpoint to where this one points" : "";
    for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++)
        if (advice[i].status == status)
            text = advice[i].text;
    spw__otlp_append(result->text, sizeof result->text, "%.*s: HTTP %ld%s%s", URL_SHOWN, subject->url->shown, status, *text ? ": " : "", text);
    spw__otlp_say_proxy(subject, result);
    char scratch[512];
    say_server(result, subject, "; it said: ", spw__otlp_response_text(o->response, scratch, sizeof scratch));
}

/* ---- none came ---- */

static bool is_tls_failure(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject)
{
    switch (o->code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ENGINE_INITFAILED: return true;
    /* With TLS 1.3 a server refuses a missing client certificate after the handshake, by an alert in place of its answer. */
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return subject->url->tls && strstr(o->detail, "alert") != NULL;
    default: return false;
    }
}

static void judge_tls(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    result->status = SPW_EXPORT_PERMANENT;
    if (subject->proxy->shown && (o->proxy_unproven || !subject->url->tls))
        spw__otlp_append(result->text, sizeof result->text, "TLS to the proxy %.*s failed; check SPANWIRE_OTLP_PROXY_CERTIFICATE", URL_SHOWN,
                         subject->proxy->shown);
    else
        say(result, subject, "TLS failed; check OTEL_EXPORTER_OTLP_CERTIFICATE and _CLIENT_CERTIFICATE");
    say_server(result, subject, ": ", (spw_view){ o->detail, strlen(o->detail) });
}

static void judge_timeout(const struct spw__otlp_subject *subject, spw_export_result *result)
{
    spw__otlp_append(result->text, sizeof result->text, "%.*s: no answer in %u ms (OTEL_EXPORTER_OTLP_TIMEOUT)", URL_SHOWN, subject->url->shown,
                     subject->timeout_ms);
    spw__otlp_say_proxy(subject, result);
}

static void say_broken(spw_export_result *result, const struct spw__otlp_subject *subject, const char *text)
{
    say(result, subject, text);
    spw__otlp_say_proxy(subject, result);
}

/*
 * With TLS 1.3 a server refuses a client certificate, or that there is none, when the client sends already; the alert that says so may get lost in the
 * reset of a connection that it has not read to its end.
 */
static void judge_broken(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result, const char *text)
{
    say_broken(result, subject, text);
    if (subject->url->tls && o->connected)
        spw__otlp_append(result->text, sizeof result->text,
                         subject->certified ? "; perhaps it does not take our OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
                                            : "; perhaps it wants a client certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE)");
}

static void judge_transport(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    result->status = SPW_EXPORT_RETRY;
    result->ambiguous = (uint8_t)(o->lost + o->sent);
    switch (o->code) {
    case CURLE_COULDNT_RESOLVE_HOST: say(result, subject, "the host name has no address; check OTEL_EXPORTER_OTLP_ENDPOINT"); return;
    case CURLE_COULDNT_RESOLVE_PROXY: say_broken(result, subject, "the proxy's name has no address"); return;
    case CURLE_COULDNT_CONNECT: spw__otlp_judge_connect(o, subject, result); return;
    case CURLE_PROXY: spw__otlp_judge_socks(o, subject, result); return;
    case CURLE_OPERATION_TIMEDOUT: judge_timeout(subject, result); return;
    case CURLE_GOT_NOTHING: judge_broken(o, subject, result, "the connection was closed before an answer"); return;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE: judge_broken(o, subject, result, "the connection broke before an answer"); return;
    case CURLE_OUT_OF_MEMORY: say(result, subject, "out of memory or descriptors for the request"); return;
    default: break;
    }
    result->status = SPW_EXPORT_PERMANENT;
    result->ambiguous = o->lost;
    say(result, subject, "the answer is not HTTP; is this an OTLP/HTTP receiver (port 4318, not 4317)?");
    say_server(result, subject, " ", (spw_view){ o->detail, strlen(o->detail) });
}

void spw__otlp_verdict(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    *result = (spw_export_result)SPW_EXPORT_RESULT_INIT;
    result->ambiguous = o->lost;
    if (o->response->over_body || o->response->over_headers) {
        result->status = SPW_EXPORT_PERMANENT;
        say(result, subject, o->response->over_body ? "the answer is longer than 4 MiB; is this an OTLP/HTTP receiver?"
                                                    : "the answer's headers are longer than 64 KiB; is this an OTLP/HTTP receiver?");
    } else if (o->status >= 200) {
        judge_status(o, subject, result);
    } else if (o->connect_status && o->connect_status / 100 != 2) {
        spw__otlp_judge_proxy_status(o->connect_status, subject, result);
    } else if (is_tls_failure(o, subject)) {
        judge_tls(o, subject, result);
    } else {
        judge_transport(o, subject, result);
    }
}
