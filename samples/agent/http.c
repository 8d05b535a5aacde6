/* Posting JSON with libcurl. The current trace context travels in the headers traceparent and tracestate. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

enum { CONNECT_TIMEOUT_MS = 5000, TIMEOUT_MS = 120000 };

static size_t take_body(char *data, size_t one, size_t size, void *arg)
{
    http_answer *answer = arg;
    (void)one; /* always 1 */
    if (answer->size + size > MAX_HTTP_BODY)
        return CURL_WRITEFUNC_ERROR;
    char *body = realloc(answer->body, answer->size + size + 1);
    if (!body)
        return CURL_WRITEFUNC_ERROR;
    answer->body = body;
    memcpy(body + answer->size, data, size);
    answer->size += size;
    body[answer->size] = 0;
    return size;
}

static void add_header(void *carrier, const char *name, const char *value)
{
    struct curl_slist **headers = carrier;
    char line[1024];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer)
        *headers = longer;
}

static struct curl_slist *make_headers(const model *to)
{
    struct curl_slist *headers = NULL;
    add_header(&headers, "Content-Type", "application/json");
    if (to->api_key) {
        char bearer[900];
        snprintf(bearer, sizeof bearer, "Bearer %s", to->api_key);
        add_header(&headers, "Authorization", bearer);
    }
    spw_inject(NULL, add_header, &headers);
    return headers;
}

static void set_options(CURL *curl, const model *to, const char *url, const char *body, struct curl_slist *headers, http_answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (to->is_planner)
        curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* it is on this machine, whatever proxy the environment names */
}

static void set_error(http_answer *answer, const char *type, const char *text, bool retryable)
{
    snprintf(answer->error_type, sizeof answer->error_type, "%s", type);
    snprintf(answer->error, sizeof answer->error, "%s", text);
    answer->retryable = retryable;
}

static void judge(http_answer *answer, CURLcode rc)
{
    char status[16], text[64];
    snprintf(status, sizeof status, "%ld", answer->status);
    snprintf(text, sizeof text, "the model answered HTTP %ld", answer->status);
    if (rc == CURLE_OPERATION_TIMEDOUT)
        set_error(answer, "timeout", "the model did not answer in time", false);
    else if (rc == CURLE_COULDNT_CONNECT)
        set_error(answer, "connection_refused", "nothing answers at the model's address", true);
    else if (rc != CURLE_OK)
        set_error(answer, "transport", curl_easy_strerror(rc), false);
    else if (answer->status != 200)
        set_error(answer, status, text, answer->status == 429 || answer->status == 500 || (answer->status >= 502 && answer->status <= 504));
}

http_answer http_post_json(const model *to, const char *path, const char *body)
{
    http_answer answer = { 0 };
    char url[640];
    snprintf(url, sizeof url, "%s%s", to->base_url, path);
    CURL *curl = curl_easy_init();
    if (!curl) {
        set_error(&answer, "ENOMEM", "out of memory", false);
        return answer;
    }
    struct curl_slist *headers = make_headers(to);
    set_options(curl, to, url, body, headers, &answer);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    judge(&answer, rc);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return answer;
}
