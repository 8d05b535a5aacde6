/*
 * The Host allow-list: a page of another site whose name is made to point at 127.0.0.1 (DNS rebinding) still sends its own name here.
 *
 * Ownership: names are copied. Threads: read only after set-up. Limits: SPWV_MAX_HOSTS names.
 */
#ifndef SPWV_HOST_H
#define SPWV_HOST_H

#include <stdbool.h>
#include <stddef.h>

enum { SPWV_MAX_HOSTS = 32, SPWV_HOST_SIZE = 256 };

struct spwv_hosts {
    char names[SPWV_MAX_HOSTS][SPWV_HOST_SIZE];
    size_t count;
    unsigned port; /* that 127.0.0.1, localhost and [::1] must come with */
};

/* False when the name is empty, too long or one too many. */
bool spwv_hosts_allow(struct spwv_hosts *hosts, const char *name);

/* A Host header's value. The three names of this machine with the port; names of the list with any port, as a proxy may map it. */
bool spwv_hosts_check(const struct spwv_hosts *hosts, const char *host);

#endif
