#include "client.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, CONNECT_TIMEOUT_MS = 3000, MAX_URL = 2048 };

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct spwv_buf *text = arg;
    spwv_buf_add(text, data, size * count);
    return text->failed ? 0 : size * count;
}

bool cli_client_open(struct cli_client *client, const char *url)
{
    client->url = url;
    client->curl = NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    if (!client->curl) {
        fputs("spanwire: no memory\n", stderr);
        return false;
    }
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, receive);
    return true;
}

void cli_client_close(struct cli_client *client)
{
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
}

static bool fetch(struct cli_client *client, const char *url, struct spwv_buf *answer, long *status)
{
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, answer);
    CURLcode result = curl_easy_perform(client->curl);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, status);
    if (result == CURLE_OK)
        return true;
    fprintf(stderr, "spanwire: no answer from %s: %s; is the viewer running? start it with: spanwire view\n", client->url,
            error[0] ? error : curl_easy_strerror(result));
    return false;
}

bool cli_client_get(struct cli_client *client, const char *path, struct spwv_buf *answer)
{
    char url[MAX_URL];
    long status = 0;
    size_t base = strlen(client->url), before = answer->size;
    while (base && client->url[base - 1] == '/')
        base--;
    int size = snprintf(url, sizeof url, "%.*s%s", (int)base, client->url, path);
    if (size < 0 || (size_t)size >= sizeof url) {
        fputs("spanwire: --url is too long\n", stderr);
        return false;
    }
    if (!fetch(client, url, answer, &status))
        return false;
    if (status == 200)
        return true;
    size_t length = answer->size - before;
    fprintf(stderr, "spanwire: %s answered %ld: ", client->url, status);
    for (size_t i = 0; i < length && i < 300; i++) { /* it may be anybody's: nothing that a terminal acts on gets there */
        unsigned char c = (unsigned char)answer->data[before + i];
        fputc(c < 0x20 || c == 0x7f ? ' ' : c, stderr);
    }
    fputc('\n', stderr);
    return false;
}
