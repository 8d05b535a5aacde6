/* The proxy requests go through: otlp_proxy.h. */
#include "otlp_proxy.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>

bool spw__otlp_proxy_set(struct spw__otlp_proxy *out, const char *proxy)
{
    memset(out, 0, sizeof *out);
    if (!proxy || !*proxy)
        return true;
    size_t size = strlen(proxy) + 1;
    out->full = spw_strdup(proxy);
    out->shown = spw_allocate(size);
    if (!out->full || !out->shown)
        return false;
    const char *scheme_end = strstr(out->full, "://");
    const char *authority = scheme_end ? scheme_end + 3 : out->full;
    const char *end = authority + strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    const char *host = at ? at + 1 : authority;
    out->user_info = (spw_view){ authority, at ? (size_t)(at - authority) : 0 };
    snprintf(out->shown, size, "%.*s%.*s", (int)(authority - out->full), out->full, (int)(end - host), host);
    return true;
}

void spw__otlp_proxy_fini(struct spw__otlp_proxy *proxy)
{
    spw_free(proxy->full);
    spw_free(proxy->shown);
    memset(proxy, 0, sizeof *proxy);
}
