/*
 * Which hosts are reached without the proxy of the environment: what `no_proxy` lists, as libcurl and others read it. Pure; no look-ups of names.
 */
#ifndef SPW_SDK_NO_PROXY_H
#define SPW_SDK_NO_PROXY_H

#include <spanwire/common.h>

/*
 * Whether the list covers the host (brackets of an IPv6 address allowed). Items between commas or blanks: `*`, a name (with or without a leading
 * dot: the name itself and all names below it), an address, a network as 10.0.0.0/8; each but the last with `:port`, which must then be the same.
 * NULL covers nothing.
 */
bool spw__no_proxy_covers(const char *list, spw_view host, unsigned port);

/* localhost, names below it, 127.0.0.0/8 and ::1: a proxy would look for them on its own machine. */
bool spw__host_is_loopback(spw_view host);

#endif
