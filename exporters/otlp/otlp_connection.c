/* How libcurl is to connect: otlp_connection.h. */
#include "otlp_connection.h"

#include <sys/socket.h>

enum { KEEPALIVE_IDLE_S = 60, KEEPALIVE_INTERVAL_S = 15 }; /* a NAT on the way forgets a silent connection after some minutes */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode spw__otlp_set_connection(CURL *easy, const struct spw__otlp_setup *setup)
{
    CURLcode result = CURLE_OK;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* or a resolver that hangs would hold up cancel and shutdown */
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* names are looked up for new connections only: then anew */
    if (setup->url->socket)
        SET(setup->url->abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH, setup->url->socket);
    return result;
}

CURLcode spw__otlp_set_tls(CURL *easy, const struct spw__otlp_setup *setup)
{
    CURLcode result = CURLE_OK;
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (setup->certificate)
        SET(CURLOPT_CAINFO, setup->certificate);
    if (setup->proxy_certificate)
        SET(CURLOPT_PROXY_CAINFO, setup->proxy_certificate);
    if (setup->client_certificate)
        SET(CURLOPT_SSLCERT, setup->client_certificate);
    if (setup->client_key)
        SET(CURLOPT_SSLKEY, setup->client_key);
    return result;
}
