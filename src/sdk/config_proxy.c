/*
 * The proxy of the OTLP exporter: the one in the options, else the environment's, by the variables and rules of libcurl. They are read here, once:
 * later would race with the program's setenv(), and what is printed is what holds.
 */
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/diag.h"
#include "sdk/no_proxy.h"

#define EXAMPLE "http://proxy.example:3128"

/* Where requests go to. */
struct target {
    bool tls;
    spw_view host;
    unsigned port;
};

static const struct kind {
    const char *scheme;
    unsigned port; /* where none is said */
} kinds[] = { { "http://", 80 }, { "https://", 443 }, { "socks4://", 1080 }, { "socks4a://", 1080 }, { "socks5://", 1080 }, { "socks5h://", 1080 } };

/* A proxy without a scheme is an HTTP proxy. NULL: one that nobody here knows. */
static const struct kind *kind_of(const char *proxy, const char **authority)
{
    const char *scheme_end = strstr(proxy, "://");
    *authority = scheme_end ? scheme_end + 3 : proxy;
    if (!scheme_end)
        return &kinds[0];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].scheme) == (size_t)(*authority - proxy) && strncasecmp(proxy, kinds[i].scheme, strlen(kinds[i].scheme)) == 0)
            return &kinds[i];
    return NULL;
}

/* Says what is wrong without a word of it: anything in it may be a password. */
static spw_result refuse(const char *name, const char *problem, spw_error *error)
{
    return spw__fail(error, SPW_ERR_INVALID,
                     "%s is no proxy's URL: it %s; write it like " EXAMPLE ", with user:password@ (percent-encoded) before the host if it "
                     "wants credentials, or list the endpoint's host in no_proxy",
                     name, problem);
}

/* Scheme, user info, host and port in full, and nothing else; SPW_OK with *out to be freed. */
static spw_result normalise(const char *name, const char *proxy, char **out, spw_error *error)
{
    const char *authority;
    const struct kind *kind = kind_of(proxy, &authority);
    spw_view host = { NULL, 0 };
    unsigned port = 0;
    if (!kind)
        return refuse(name, "begins with none of http:// https:// socks4:// socks4a:// socks5:// socks5h://", error);
    const char *problem = spw__url_problem(proxy);
    if (!problem)
        problem = spw__authority_problem(authority, &host, &port);
    if (!problem && strchr(host.data, '@'))
        problem = "has a '@' behind the host";
    if (problem)
        return refuse(name, problem, error);
    size_t user_info = (size_t)(host.data - authority), size = strlen(proxy) + 32;
    *out = spw_allocate(size);
    if (!*out)
        return spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while reading the configuration");
    snprintf(*out, size, "%s%.*s%.*s:%u", kind->scheme, (int)user_info, authority, (int)host.size, host.data, port ? port : kind->port);
    return SPW_OK;
}

/* The first of them that is set; its name in *name. */
static const char *first_of(const char *const *names, const char **name)
{
    for (; *names; names++) {
        const char *value = spw__env_text(*names);
        if (value) {
            *name = *names;
            return value;
        }
    }
    return NULL;
}

/* HTTP_PROXY is not read: in a CGI program it is what a client sent as the header `Proxy`. */
static const char *of_environment(const struct target *target, const char **name)
{
    static const char *const for_http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
    static const char *const for_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
    const char *proxy = first_of(target->tls ? for_https : for_http, name);
    if (!proxy && !target->tls && spw__env_text("HTTP_PROXY"))
        spw__diag(SPW_LOG_WARN, "HTTP_PROXY is set, but for an http:// endpoint only http_proxy is read (a CGI's client may set the other); "
                                "set http_proxy, or add the host to no_proxy");
    return proxy;
}

/* False: it is no host on a network. */
static bool target_of(const char *endpoint, struct target *out)
{
    out->tls = strncasecmp(endpoint, "https://", 8) == 0;
    if (!out->tls && strncasecmp(endpoint, "http://", 7) != 0)
        return false;
    if (spw__authority_problem(endpoint + (out->tls ? 8 : 7), &out->host, &out->port))
        return false;
    out->port = out->port ? out->port : out->tls ? 443 : 80;
    return true;
}

static spw_result take(struct spw__config *out, const char *name, const char *proxy, spw_error *error)
{
    char *full = NULL;
    spw_result result = normalise(name, proxy, &full, error);
    spw_free((char *)(uintptr_t)out->otlp.proxy); /* a text of the options; wrong or not, what cannot be one is not printed */
    out->otlp.proxy = full;
    return result;
}

/* Code wins over no_proxy, too: who names a proxy there means it. `none` is how the options say that there is none. */
static spw_result take_option(struct spw__config *out, bool remote, spw_error *error)
{
    if (remote && strcasecmp(out->otlp.proxy, "none") != 0)
        return take(out, "otlp_proxy", out->otlp.proxy, error);
    if (strcasecmp(out->otlp.proxy, "none") != 0)
        spw__diag(SPW_LOG_WARN, "otlp_proxy is not used: the endpoint is a Unix-domain socket");
    spw_free((char *)(uintptr_t)out->otlp.proxy);
    out->otlp.proxy = NULL;
    return SPW_OK;
}

spw_result spw__config_proxy(struct spw__config *out, spw_error *error)
{
    static const char *const exceptions[] = { "no_proxy", "NO_PROXY", NULL };
    struct spw__source *source = &out->sources[SPW__SET_PROXY];
    struct target target;
    const char *name = NULL;
    bool remote = target_of(out->otlp.endpoint, &target);
    if (out->otlp.proxy)
        return take_option(out, remote, error);
    if (!remote || spw__host_is_loopback(target.host))
        return SPW_OK;
    if (spw__no_proxy_covers(first_of(exceptions, &name), target.host, target.port)) {
        *source = (struct spw__source){ SPW__FROM_ENVIRONMENT, name };
        return SPW_OK;
    }
    const char *proxy = of_environment(&target, &name);
    if (!proxy)
        return SPW_OK;
    *source = (struct spw__source){ SPW__FROM_ENVIRONMENT, name };
    return take(out, name, proxy, error);
}
