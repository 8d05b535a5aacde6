/*
 * Makes libcurl's own descriptors close-on-exec. The sockets of requests are made so by us; but releases before 8.x also make pairs of their own, to be
 * woken by (with the multi handle) and for the resolver's thread (while it looks up a name), and leave them inheritable. Worker thread only.
 */
#ifndef SPW_OTLP_DESCRIPTORS_H
#define SPW_OTLP_DESCRIPTORS_H

#include <curl/curl.h>

/* Finds the pair a new multi handle is woken by and seals it. Harmless where there is none. */
void spw__otlp_seal_wakeup(CURLM *multi);

/* Seals a descriptor libcurl asked to be watched and, when it is half of a fresh pair, the other half. */
void spw__otlp_seal(int fd);

#endif
