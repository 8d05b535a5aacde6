/* A proxy between us and the receiver, named by the environment: one that helps, and all the ways in which one does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults/fault.h"
#include "support/proxy_peer.h"

#define RECEIVER "http://collector.test:4318" /* a name that only a proxy leads somewhere */
#define SECURE_RECEIVER "https://collector.test:4318"

enum { BATCHES = 3, SPANS = 100 };

/* What the SDK says, written by the worker, read after the shutdown: a row has a process of its own. */
static char said[4096];

static void on_log(void *arg, spw_log_level level, const char *text)
{
    size_t used = strlen(said);
    (void)arg, (void)level;
    snprintf(said + used, sizeof said - used, "%s\n", text);
}

static void with_log(spw_options *options)
{
    options->log_level = SPW_LOG_DEBUG;
    options->log_fn = on_log;
    options->otlp_headers = "api-key=canary-of-the-receiver";
}

/* The variable as a shell would have it; `user` with its `@`, or "". */
static void name_proxy(const char *variable, const char *user, uint16_t port)
{
    char url[96];
    snprintf(url, sizeof url, "http://%s127.0.0.1:%u/", user, port);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv(variable, url, 1);
}

static void judge(struct fault *f, const char *says)
{
    if (strstr(said, "canary") || strstr(said, "Y2FuYXJ5")) /* nor in base64 */
        fault_fail(f, "a secret was said: %s", said);
    if (says && !strstr(said, says))
        fault_fail(f, "the log does not say \"%s\": %s", says, said);
    fault_judge(f);
}

static void helps(struct fault *f)
{
    http_peer *peer = http_peer_start();
    proxy_peer *proxy = proxy_peer_start(&(proxy_script){ .port = http_peer_port(peer), .basic = "Y2FuYXJ5OmNAbmFyeQ==" });
    name_proxy("http_proxy", "canary:c%40nary@", proxy_peer_port(proxy));
    fault_start(f, RECEIVER, with_log);
    fault_record(f, 5000, 50);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
    FAULT_CHECK(f, proxy_peer_connections(proxy) == 1 && http_peer_connections(peer) == 1);
    judge(f, NULL);
    proxy_peer_stop(proxy);
    http_peer_stop(peer);
}

/* A proxy in the way of the three batches that it never lets through. */
static void refused(struct fault *f, proxy_script script, const char *variable, const char *user, const char *receiver, const char *says)
{
    http_peer *peer = http_peer_start();
    script.port = http_peer_port(peer);
    proxy_peer *proxy = proxy_peer_start(&script);
    name_proxy(variable, user, proxy_peer_port(proxy));
    fault_start(f, receiver, with_log);
    for (int i = 0; i < BATCHES; i++) {
        fault_record(f, SPANS, 0);
        FAULT_CHECK(f, spw_flush(10000) == SPW_ERR_INCOMPLETE);
    }
    fault_stop(f, 5000);
    fault_collect(f, peer);
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    FAULT_CHECK(f, p->dropped[SPW_DROP_PERMANENT] == f->ended && p->retries == 0);
    FAULT_CHECK(f, http_peer_connections(peer) == 0 && proxy_peer_connections(proxy) == p->batches);
    if (receiver[4] == 's')
        FAULT_CHECK(f, !proxy_peer_heard(proxy, "canary-of-the-receiver"));
    judge(f, says);
    snprintf(f->note, sizeof f->note, "%llu batches, %u connections", (unsigned long long)p->batches, proxy_peer_connections(proxy));
    proxy_peer_stop(proxy);
    http_peer_stop(peer);
}

static void wants_credentials(struct fault *f)
{
    refused(f, (proxy_script){ .basic = "dGhlOm9uZQ==" }, "http_proxy", "", RECEIVER, "HTTP 407: it wants credentials; write user:password@");
}

static void wants_other_credentials(struct fault *f)
{
    refused(f, (proxy_script){ .basic = "dGhlOm9uZQ==" }, "HTTPS_PROXY", "canary:canary@", SECURE_RECEIVER,
            "HTTP 407: it does not take the user and password in its URL");
}

static void refuses_the_tunnel(struct fault *f)
{
    refused(f, (proxy_script){ .refuse = 403 }, "https_proxy", "canary:canary@", SECURE_RECEIVER, "HTTP 403: it does not let us through");
}

static void busy_twice(struct fault *f)
{
    http_peer *peer = http_peer_start();
    proxy_peer *proxy = proxy_peer_start(&(proxy_script){ .port = http_peer_port(peer), .refuse = 503, .refuse_times = 2 });
    name_proxy("all_proxy", "canary:canary@", proxy_peer_port(proxy));
    fault_start(f, RECEIVER, with_log);
    fault_record(f, 1500, 200);
    fault_stop(f, 15000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->shutdown == SPW_OK && f->delivered == f->ended);
    judge(f, "through the proxy http://127.0.0.1:");
    proxy_peer_stop(proxy);
    http_peer_stop(peer);
}

/* Half a second for the shutdown, while the proxy is of no use. */
static void nowhere(struct fault *f, const char *receiver, const char *says)
{
    fault_start(f, receiver, with_log);
    fault_record(f, 1000, 100);
    fault_stop(f, 500);
    if (f->shutdown == SPW_OK || f->shutdown_ms > 900)
        fault_fail(f, "shutdown: %s after %u ms", spw_result_text(f->shutdown), f->shutdown_ms);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_SHUTDOWN_DEADLINE] == 1000);
    judge(f, says);
    snprintf(f->note, sizeof f->note, "shutdown of 500 ms took %u ms", f->shutdown_ms);
}

static void dead(struct fault *f)
{
    name_proxy("https_proxy", "canary:canary@", http_peer_dead_port());
    nowhere(f, SECURE_RECEIVER, "nothing listens at the proxy http://127.0.0.1:");
}

static void hangs(struct fault *f)
{
    proxy_peer *proxy = proxy_peer_start(&(proxy_script){ .hang = true });
    name_proxy("https_proxy", "canary:canary@", proxy_peer_port(proxy));
    nowhere(f, SECURE_RECEIVER, NULL);
    FAULT_CHECK(f, !proxy_peer_heard(proxy, "canary-of-the-receiver"));
    proxy_peer_stop(proxy);
}

/* What a client of a CGI program may set must lead nothing away. */
static void httpoxy(struct fault *f)
{
    http_peer *peer = http_peer_start();
    proxy_peer *proxy = proxy_peer_start(&(proxy_script){ .port = http_peer_port(peer) });
    name_proxy("HTTP_PROXY", "", proxy_peer_port(proxy));
    nowhere(f, "http://collector.invalid:4318", "HTTP_PROXY is set");
    FAULT_CHECK(f, proxy_peer_connections(proxy) == 0);
    proxy_peer_stop(proxy);
    http_peer_stop(peer);
}

#define PERMANENT "one attempt a batch; counted permanent, cause and cure said, no secret"

const struct fault_row fault_rows_proxy[] = {
    { "Proxies", "proxy_helps", "none: a proxy of http_proxy, with credentials", "everything arrives once, by one connection", helps, false },
    { "Proxies", "proxy_wants_credentials", "a proxy that wants credentials, and gets none", PERMANENT, wants_credentials, false },
    { "Proxies", "proxy_wants_others", "a proxy that wants other credentials, for https", PERMANENT, wants_other_credentials, false },
    { "Proxies", "proxy_refuses_tunnel", "a proxy that refuses CONNECT (403)", PERMANENT "; it hears nothing of our headers",
      refuses_the_tunnel, false },
    { "Proxies", "proxy_busy", "a proxy that answers 503 twice", "nothing lost", busy_twice, false },
    { "Proxies", "proxy_dead", "a proxy that is not there", "shutdown within its timeout + 100 ms; counted", dead, false },
    { "Proxies", "proxy_hangs", "a proxy that says nothing to CONNECT", "shutdown within its timeout + 100 ms; counted", hangs, false },
    { "Proxies", "proxy_httpoxy", "HTTP_PROXY, as a CGI's client may set it", "not a byte to that proxy; said", httpoxy, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
