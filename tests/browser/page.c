/* Contract: page.h. */
#include "page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

char site[64];
struct webdriver driver;

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static size_t discard(char *data, size_t unit, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return unit * count;
}

void post(struct request request)
{
    char url[96];
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-protobuf");
    snprintf(url, sizeof url, "%s/v1/traces", site);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request.size);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(request.data);
    if (code != CURLE_OK || status != 200)
        fail_msg("POST /v1/traces: %s, status %ld", curl_easy_strerror(code), status);
}

void open_page(const char *path)
{
    char url[160];
    snprintf(url, sizeof url, "%s%s", site, path);
    wd_open(&driver, url);
}

void open_trace(const char *trace_id, const char *query)
{
    char path[96];
    snprintf(path, sizeof path, "/trace/%s%s", trace_id, query);
    open_page(path);
    wd_wait(&driver, "document.querySelector('[role=treeitem]')?.isConnected", "the waterfall");
}

void shoot(const char *name)
{
    const char *shots = getenv("SPW_SHOTS_DIR");
    char path[512];
    if (!shots || !*shots)
        return;
    snprintf(path, sizeof path, "%s/%s.png", shots, name);
    wd_screenshot(&driver, path);
}

void expect_harmless(void)
{
    assert_true(wd_true(&driver, "window.__pwned === undefined"));
    assert_int_equal(wd_number(&driver, "document.querySelectorAll('img, iframe, object, #app script').length"), 0);
    wd_expect_text(&driver, "__violations.join('; ')", "");
    wd_expect_quiet_console(&driver);
}

void expect_attribute(const char *key, const char *type, const char *value)
{
    char expression[512];
    snprintf(expression, sizeof expression, "document.querySelector('#detail [data-key=\"%s\"] .type').textContent", key);
    wd_expect_text(&driver, expression, type);
    snprintf(expression, sizeof expression, "document.querySelector('#detail [data-key=\"%s\"] .value').textContent", key);
    wd_expect_text(&driver, expression, value);
}
