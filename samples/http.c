/*
 * Both ends of an HTTP request in one program, and one trace over both. The client is libcurl with spanwire/curl.h; the server is a few
 * lines of sockets, as a stand-in for one that hands you a request's header lines.
 *
 *     http            three requests from one thread to another; see them as one trace each
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <spanwire/curl.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS = 3, MAX_REQUEST = 16 * 1024 };

/* ---- the server ---- */

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *port = ntohs(address.sin_port);
    return fd;
}

/* Reads up to the empty line that ends the headers. */
static size_t read_request(int fd, char request[MAX_REQUEST])
{
    size_t size = 0;
    while (size < MAX_REQUEST - 1) {
        ssize_t got = read(fd, request + size, MAX_REQUEST - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
        request[size] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    return size;
}

static void answer(int fd, const char *status)
{
    char text[128];
    int size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    if (write(fd, text, (size_t)size) != size)
        perror("write");
}

static void serve(int fd)
{
    char request[MAX_REQUEST];
    size_t size = read_request(fd, request);

    /* The client's span and baggage, from the header lines. */
    spw_context from = spw_extract_header_block(NULL, request, size);
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.kind = SPW_KIND_SERVER;
    options.parent = &from;
    SPW_SPAN_WITH(span, "GET /users/{id}", NULL, &options);
    spw_context_release(&from); /* what is current has its own count */

    const char *tenant = spw_baggage_get(NULL, "tenant");
    bool known = strstr(request, "GET /users/1 ") != NULL;
    spw_set(span, "http.request.method", "GET");
    spw_set(span, "http.route", "/users/{id}");
    spw_set(span, "http.response.status_code", known ? 200 : 404);
    if (tenant)
        spw_set(span, "app.tenant", tenant);
    answer(fd, known ? "200 OK" : "404 Not Found");
}

static void *server(void *arg)
{
    const int *listener = arg;
    for (int i = 0; i < REQUESTS; i++) {
        int fd = accept(*listener, NULL, NULL);
        if (fd >= 0) {
            serve(fd);
            close(fd);
        }
    }
    return NULL;
}

/* ---- the client ---- */

static void ask(CURL *easy, uint16_t port, int user)
{
    char url[64];
    spw_curl_options options = SPW_CURL_OPTIONS_INIT;
    options.url_template = "/users/{id}"; /* names the span; without it the name is just GET */
    snprintf(url, sizeof url, "http://127.0.0.1:%u/users/%d", port, user);
    CURLcode rc = spw_curl_perform(easy, "GET", url, NULL, &options);
    if (rc != CURLE_OK)
        printf("%s: %s\n", url, curl_easy_strerror(rc));
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    printf("%s: %ld\n", url, status);
}

static void ask_all(uint16_t port)
{
    SPW_SPAN(run, "look up users");
    spw_context tagged = spw_baggage_set(spw_context_current(), "tenant", "acme"); /* travels with every request below */
    spw_token token = spw_context_attach(&tagged);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* it is on this machine */
    for (int user = 1; easy && user <= REQUESTS; user++)
        ask(easy, port, user);
    curl_easy_cleanup(easy);
    spw_context_detach(token);
    spw_context_release(&tagged);
}

int main(void)
{
    uint16_t port;
    int listener = listen_on_loopback(&port);
    if (listener < 0) {
        perror("listen");
        return 1;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    spw_start(NULL);
    pthread_t thread;
    if (pthread_create(&thread, NULL, server, &listener) != 0) {
        perror("pthread_create");
        return 1;
    }
    ask_all(port);
    pthread_join(thread, NULL);
    close(listener);
    spw_result sent = spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    if (sent != SPW_OK)
        fprintf(stderr, "telemetry was not delivered (%s): is a receiver running? Try `spanwire view`.\n", spw_result_text(sent));
    return 0;
}
