/* How libcurl is to connect: sockets, names, TLS. Private to the transport. Pure but for the handle. */
#ifndef SPW_OTLP_CONNECTION_H
#define SPW_OTLP_CONNECTION_H

#include "otlp_transport.h"

/* Folds setopt's results: what libcurl was built without must not pass in silence. */
#define SET(option, value) (result = result != CURLE_OK ? result : curl_easy_setopt(easy, option, value))

/* To where, by what kind of socket, and for how long names are remembered. The first failure is the result. */
CURLcode spw__otlp_set_connection(CURL *easy, const struct spw__otlp_setup *setup);

/* Whom to trust, the receiver and an https:// proxy, and as whom. Likewise. */
CURLcode spw__otlp_set_tls(CURL *easy, const struct spw__otlp_setup *setup);

#endif
