/* Host headers. Contract: host.h. */
#include "host.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text.h"

bool spwv_hosts_allow(struct spwv_hosts *hosts, const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= SPWV_HOST_SIZE || hosts->count == SPWV_MAX_HOSTS)
        return false;
    memcpy(hosts->names[hosts->count++], name, size + 1);
    return true;
}

/* The name without its port; an IPv6 address keeps its brackets. False when it is not of that form. */
static bool split(const char *host, char *name, size_t name_size, uint64_t *port)
{
    const char *end = *host == '[' ? strchr(host, ']') : strchr(host, ':');
    size_t size = !end ? strlen(host) : (size_t)(end - host) + (*host == '[');
    if (size == 0 || size >= name_size || (*host == '[' && !end))
        return false;
    memcpy(name, host, size);
    name[size] = 0;
    *port = 80;
    return !host[size] || (host[size] == ':' && spwv_parse_u64(host + size + 1, 65535, port));
}

bool spwv_hosts_check(const struct spwv_hosts *hosts, const char *host)
{
    static const char *const local[] = {"127.0.0.1", "localhost", "[::1]"};
    char name[SPWV_HOST_SIZE];
    uint64_t port;
    if (!split(host, name, sizeof name, &port))
        return false;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (strcasecmp(name, local[i]) == 0)
            return port == hosts->port;
    for (size_t i = 0; i < hosts->count; i++)
        if (strcasecmp(name, hosts->names[i]) == 0)
            return true;
    return false;
}
