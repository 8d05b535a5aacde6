#include "webdriver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "process.h"

enum { WAIT_MS = 10000, STEP_MS = 50, CALL_TIMEOUT_MS = 60000 };

struct text {
    char *data;
    size_t size;
};

static size_t take(char *data, size_t unit, size_t count, void *arg)
{
    struct text *text = arg;
    char *grown = realloc(text->data, text->size + unit * count + 1);
    if (!grown)
        return 0;
    memcpy(grown + text->size, data, unit * count);
    text->data = grown;
    text->size += unit * count;
    grown[text->size] = 0;
    return unit * count;
}

/* One exchange; takes the reference of `body`. NULL: `problem` says why. */
static json_t *exchange(struct webdriver *driver, const char *method, const char *path, json_t *body, char *problem, size_t problem_size)
{
    char url[512];
    struct text answer = {0};
    char *sent = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    snprintf(url, sizeof url, "%s%s%s", driver->base, driver->session, path);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_reset(driver->curl);
    curl_easy_setopt(driver->curl, CURLOPT_URL, url);
    curl_easy_setopt(driver->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(driver->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(driver->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(driver->curl, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS);
    curl_easy_setopt(driver->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(driver->curl, CURLOPT_WRITEDATA, &answer);
    if (sent)
        curl_easy_setopt(driver->curl, CURLOPT_POSTFIELDS, sent);
    CURLcode code = curl_easy_perform(driver->curl);
    long status = 0;
    curl_easy_getinfo(driver->curl, CURLINFO_RESPONSE_CODE, &status);
    json_t *root = answer.data ? json_loads(answer.data, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    json_t *value = json_incref(json_object_get(root, "value"));
    if (code != CURLE_OK || status != 200 || !value) {
        snprintf(problem, problem_size, "%s %s: %s, status %ld: %.800s", method, path, curl_easy_strerror(code), status,
                 answer.data ? answer.data : "(no answer)");
        json_decref(value);
        value = NULL;
    }
    json_decref(root);
    curl_slist_free_all(headers);
    free(answer.data);
    free(sent);
    return value;
}

static json_t *call(struct webdriver *driver, const char *method, const char *path, json_t *body)
{
    char problem[1200];
    json_t *value = exchange(driver, method, path, body, problem, sizeof problem);
    if (!value)
        fail_msg("%s", problem);
    return value;
}

static void command(struct webdriver *driver, const char *path, json_t *body)
{
    json_decref(call(driver, "POST", path, body));
}

bool wd_begin(struct webdriver *driver, unsigned port, char *reason, size_t reason_size)
{
    snprintf(driver->base, sizeof driver->base, "http://127.0.0.1:%u", port);
    driver->session[0] = 0;
    driver->curl = curl_easy_init();
    /* Without the sandbox: the only pages are our own, and containers often lack the namespaces it needs. */
    json_t *capabilities = json_pack("{s:{s:{s:{s:s}, s:{s:[s,s,s,s,s]}}}}", "capabilities", "alwaysMatch", "goog:loggingPrefs", "browser", "ALL",
                                     "goog:chromeOptions", "args", "--headless=new", "--no-sandbox", "--disable-gpu",
                                     "--disable-dev-shm-usage", "--window-size=1280,800");
    json_t *value = exchange(driver, "POST", "/session", capabilities, reason, reason_size);
    const char *id = json_string_value(json_object_get(value, "sessionId"));
    if (id)
        snprintf(driver->session, sizeof driver->session, "/session/%.64s", id);
    json_decref(value);
    return id != NULL;
}

void wd_end(struct webdriver *driver)
{
    char problem[256];
    if (driver->session[0])
        json_decref(exchange(driver, "DELETE", "", NULL, problem, sizeof problem));
    driver->session[0] = 0;
    curl_easy_cleanup(driver->curl);
    driver->curl = NULL;
}

void wd_open(struct webdriver *driver, const char *url)
{
    command(driver, "/url", json_pack("{s:s}", "url", url));
}

void wd_reload(struct webdriver *driver)
{
    command(driver, "/refresh", json_object());
}

/* Of the page itself: a window would not become as narrow as a telephone. */
void wd_resize(struct webdriver *driver, int width, int height)
{
    command(driver, "/goog/cdp/execute", json_pack("{s:s, s:{s:i, s:i, s:i, s:b}}", "cmd", "Emulation.setDeviceMetricsOverride", "params",
                                                   "width", width, "height", height, "deviceScaleFactor", 1, "mobile", 0));
}

void wd_keys(struct webdriver *driver, const char *keys)
{
    json_t *actions = json_array();
    while (*keys) {
        size_t size = 1;
        while ((keys[size] & 0xc0) == 0x80)
            size++;
        json_array_append_new(actions, json_pack("{s:s, s:s%}", "type", "keyDown", "value", keys, size));
        json_array_append_new(actions, json_pack("{s:s, s:s%}", "type", "keyUp", "value", keys, size));
        keys += size;
    }
    command(driver, "/actions", json_pack("{s:[{s:s, s:s, s:o}]}", "actions", "type", "key", "id", "keys", "actions", actions));
}

void wd_click(struct webdriver *driver, const char *selector)
{
    char path[160];
    const char *id = "", *key;
    json_t *value;
    json_t *element = call(driver, "POST", "/element", json_pack("{s:s, s:s}", "using", "css selector", "value", selector));
    json_object_foreach(element, key, value)
        id = json_is_string(value) ? json_string_value(value) : "";
    assert_true(*id);
    snprintf(path, sizeof path, "/element/%.100s/click", id);
    json_decref(element);
    command(driver, path, json_object());
}

void wd_preload(struct webdriver *driver, const char *script)
{
    command(driver, "/goog/cdp/execute",
            json_pack("{s:s, s:{s:s}}", "cmd", "Page.addScriptToEvaluateOnNewDocument", "params", "source", script));
}

json_t *wd_run(struct webdriver *driver, const char *body)
{
    return call(driver, "POST", "/execute/sync", json_pack("{s:s, s:[]}", "script", body, "args"));
}

static json_t *evaluate(struct webdriver *driver, const char *expression)
{
    char body[2048];
    int size = snprintf(body, sizeof body, "return (%s)", expression);
    assert_in_range(size, 1, sizeof body - 1);
    return wd_run(driver, body);
}

bool wd_true(struct webdriver *driver, const char *expression)
{
    json_t *value = evaluate(driver, expression);
    bool yes = json_is_true(value);
    json_decref(value);
    return yes;
}

long wd_number(struct webdriver *driver, const char *expression)
{
    json_t *value = evaluate(driver, expression);
    if (!json_is_number(value))
        fail_msg("no number: %s", expression);
    long number = (long)json_number_value(value);
    json_decref(value);
    return number;
}

void wd_expect_text(struct webdriver *driver, const char *expression, const char *expected)
{
    json_t *value = evaluate(driver, expression);
    const char *text = json_string_value(value);
    if (!text || strcmp(text, expected) != 0)
        fail_msg("%s is \"%.300s\", not \"%.300s\"", expression, text ? text : "(no text)", expected);
    json_decref(value);
}

void wd_wait(struct webdriver *driver, const char *expression, const char *what)
{
    for (unsigned waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        if (wd_true(driver, expression))
            return;
        sleep_ms(STEP_MS);
    }
    fail_msg("waited in vain for %s", what);
}

void wd_expect_quiet_console(struct webdriver *driver)
{
    json_t *entries = call(driver, "POST", "/se/log", json_pack("{s:s}", "type", "browser"));
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry) {
        const char *level = json_string_value(json_object_get(entry, "level"));
        if (level && strcmp(level, "SEVERE") == 0)
            fail_msg("the browser's console says: %s", json_string_value(json_object_get(entry, "message")));
    }
    json_decref(entries);
}

static size_t decode_base64(const char *text, uint8_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (; *text && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        if (!digit)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[size++] = (uint8_t)(bits >> held);
        }
    }
    return size;
}

void wd_screenshot(struct webdriver *driver, const char *path)
{
    json_t *value = call(driver, "GET", "/screenshot", NULL);
    uint8_t *image = malloc(json_string_length(value) + 1);
    assert_non_null(image);
    size_t size = decode_base64(json_string_value(value), image);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(image, 1, size, file) != size || fclose(file) != 0)
        fail_msg("cannot write %s", path);
    free(image);
    json_decref(value);
}
