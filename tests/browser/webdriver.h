/*
 * As much of WebDriver as the browser test needs, over libcurl. One session; calls that fail end the test through cmocka, saying what the
 * driver answered. Not thread-safe.
 */
#ifndef BROWSER_WEBDRIVER_H
#define BROWSER_WEBDRIVER_H

#include <stdbool.h>

#include <curl/curl.h>
#include <jansson.h>

struct webdriver {
    CURL *curl;
    char base[64];
    char session[96]; /* empty: none */
};

/* Keys as WebDriver spells them. */
#define WD_ENTER "\xee\x80\x87"
#define WD_ESCAPE "\xee\x80\x8c"
#define WD_LEFT "\xee\x80\x92"
#define WD_RIGHT "\xee\x80\x94"
#define WD_DOWN "\xee\x80\x95"

/* Opens a headless browser through the driver on that port. False: the driver would not; `reason` says why. */
bool wd_begin(struct webdriver *driver, unsigned port, char *reason, size_t reason_size);
void wd_end(struct webdriver *driver);

void wd_open(struct webdriver *driver, const char *url);
void wd_reload(struct webdriver *driver);
void wd_resize(struct webdriver *driver, int width, int height);

/* Types each character of a UTF-8 text where the focus is. */
void wd_keys(struct webdriver *driver, const char *keys);
void wd_click(struct webdriver *driver, const char *selector);

/* Runs this script in every document from now on, before its own. */
void wd_preload(struct webdriver *driver, const char *script);

/* The value a function body returns, as a new reference. */
json_t *wd_run(struct webdriver *driver, const char *body);

/* The values of expressions, of their kind or the test fails. */
bool wd_true(struct webdriver *driver, const char *expression);
long wd_number(struct webdriver *driver, const char *expression);
void wd_expect_text(struct webdriver *driver, const char *expression, const char *expected);

/* Waits up to ten seconds for an expression to be true; `what` says what was waited for. */
void wd_wait(struct webdriver *driver, const char *expression, const char *what);

/* Fails the test if the browser's console has an error since the last call. */
void wd_expect_quiet_console(struct webdriver *driver);

void wd_screenshot(struct webdriver *driver, const char *path);

#endif
