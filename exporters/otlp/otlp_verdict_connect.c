/* Nobody was reached, or a proxy spoke: otlp_verdict_connect.h. */
#include "otlp_verdict_connect.h"

#include <errno.h>
#include <string.h>

#include "otlp_text.h"

#define SAY(result, ...) spw__otlp_append((result)->text, sizeof (result)->text, __VA_ARGS__)
#define SHOWN SPW__OTLP_URL_SHOWN
#define CURE "correct the proxy (`spanwire config` shows it) or list the receiver in no_proxy"

/* The receiver's URL up to its path: that is what can be listened at. */
static int origin_size(const struct spw__otlp_subject *subject)
{
    return subject->url->origin < SHOWN ? (int)subject->url->origin : SHOWN;
}

void spw__otlp_say_proxy(const struct spw__otlp_subject *subject, spw_export_result *result)
{
    if (subject->proxy->shown)
        SAY(result, ", through the proxy %.*s", SHOWN, subject->proxy->shown);
}

/* ---- no connection ---- */

static void judge_socket(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    int size = origin_size(subject);
    const char *shown = subject->url->shown;
    result->refused = true; /* whatever it is, it is not about to answer */
    switch (o->system_error) {
    case ENOENT:
    case ENOTDIR: SAY(result, "there is no socket %.*s; start a collector that listens there, or set OTEL_EXPORTER_OTLP_ENDPOINT", size, shown); return;
    case ECONNREFUSED:
        SAY(result, "nothing listens at %.*s%s; start a collector, or set OTEL_EXPORTER_OTLP_ENDPOINT", size, shown,
            subject->url->abstract ? "" : " (no socket, or one left behind)");
        return;
    case EACCES:
    case EPERM: SAY(result, "no permission for %.*s; it takes write permission on the socket and search permission on its folders", size, shown); return;
    case EPROTOTYPE: SAY(result, "%.*s is a socket of another type; OTLP needs a stream", size, shown); return;
    default: SAY(result, "%.*s cannot be reached; check OTEL_EXPORTER_OTLP_ENDPOINT", size, shown); return;
    }
}

void spw__otlp_judge_connect(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    bool refused = o->system_error == ECONNREFUSED;
    if (subject->url->socket) {
        judge_socket(o, subject, result);
        return;
    }
    result->refused = refused;
    if (subject->proxy->shown)
        SAY(result, "%s the proxy %.*s; start it, " CURE, refused ? "nothing listens at" : "there is no way to", SHOWN, subject->proxy->shown);
    else if (refused)
        SAY(result, "nothing listens at %.*s; start a collector or `spanwire view`, or set OTEL_EXPORTER_OTLP_ENDPOINT", origin_size(subject),
            subject->url->shown);
    else
        SAY(result, "%.*s: cannot be reached; check OTEL_EXPORTER_OTLP_ENDPOINT", SHOWN, subject->url->shown);
}

/* ---- what a proxy says ---- */

void spw__otlp_judge_proxy_status(long status, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    const struct spw__otlp_proxy *proxy = subject->proxy;
    bool again = status == 429 || (status >= 502 && status <= 504);
    result->status = again ? SPW_EXPORT_RETRY : SPW_EXPORT_PERMANENT;
    SAY(result, "the proxy %.*s answered HTTP %ld: ", SHOWN, proxy->shown ? proxy->shown : "", status);
    if (status == 407 && proxy->user_info.size)
        SAY(result, "it does not take the user and password in its URL (spanwire speaks Basic only)");
    else if (status == 407)
        SAY(result, "it wants credentials; write user:password@ before its host, percent-encoded (spanwire speaks Basic only)");
    else if (again)
        SAY(result, "it does not reach %.*s", origin_size(subject), subject->url->shown);
    else
        SAY(result, "it does not let us through to %.*s; " CURE, origin_size(subject), subject->url->shown);
}

/* Trying again will not change these. */
static bool is_final(long error)
{
    switch (error) {
    case CURLPX_NO_AUTH:
    case CURLPX_USER_REJECTED:
    case CURLPX_GSSAPI:
    case CURLPX_BAD_VERSION:
    case CURLPX_BAD_ADDRESS_TYPE:
    case CURLPX_LONG_HOSTNAME:
    case CURLPX_LONG_USER:
    case CURLPX_LONG_PASSWD:
    case CURLPX_REPLY_NOT_ALLOWED:
    case CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
    case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED: return true;
    default: return false;
    }
}

void spw__otlp_judge_socks(const struct spw__otlp_outcome *o, const struct spw__otlp_subject *subject, spw_export_result *result)
{
    bool credentials = o->proxy_error == CURLPX_NO_AUTH || o->proxy_error == CURLPX_USER_REJECTED;
    result->status = is_final(o->proxy_error) ? SPW_EXPORT_PERMANENT : SPW_EXPORT_RETRY;
    result->refused = o->proxy_error == CURLPX_REPLY_CONNECTION_REFUSED;
    SAY(result, "the proxy %.*s ", SHOWN, subject->proxy->shown ? subject->proxy->shown : "");
    if (credentials)
        SAY(result, "does not take %s; write user:password@ before its host, percent-encoded", subject->proxy->user_info.size ? "its URL's user and password" : "us without credentials");
    else
        SAY(result, "does not connect us to %.*s (SOCKS failure %ld); " CURE, origin_size(subject), subject->url->shown, o->proxy_error);
}
