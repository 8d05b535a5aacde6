/*
 * What the browser's tests share: the viewer's address, the browser, and what every test does with them. Failures end the test through cmocka.
 */
#ifndef BROWSER_PAGE_H
#define BROWSER_PAGE_H

#include "nested_trace.h"
#include "webdriver.h"

#define ROWS "document.querySelectorAll('[role=treeitem]').length"

extern struct webdriver driver;
extern char site[64]; /* http://127.0.0.1:port */

uint64_t now_ns(void);

/* Sends the request to the viewer and frees it. */
void post(struct request request);

void open_page(const char *path);
/* `query` with its question mark, or empty. Waits for the first row. */
void open_trace(const char *trace_id, const char *query);

/* A picture, where SPW_SHOTS_DIR asks for them. */
void shoot(const char *name);

/* The page ran nothing but its own script, and built no element out of a sender's text. */
void expect_harmless(void);

/* An attribute of the open span. */
void expect_attribute(const char *key, const char *type, const char *value);

/* test_detail.c: a span's detail, beyond flat attributes. In this order. */
void nested_values_are_trees(void **state);
void deep_and_long_values_show_what_is_asked_for(void **state);
void messages_sent_as_values_are_a_conversation(void **state);
void links_tell_what_they_name(void **state);
void links_open_what_is_stored(void **state);

#endif
