/* A span's detail: nested values, messages, links, flags and schema URLs, from the bytes of nested_trace.c. */
#include "page.h"
#include "traces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { FIRST_LINES = 24 }; /* of a tree, until more are asked for */

#define TREE(key) "document.querySelector('#detail [data-key=\"" key "\"] .value-tree')"
#define LINES(key) "document.querySelectorAll('#detail [data-key=\"" key "\"] .value-tree li').length"
#define LINE(key, path) "#detail [data-key=\"" key "\"] [data-path=\"" path "\"]"

static void expect_line(const char *selector, const char *part)
{
    char expression[512], found[600];
    snprintf(expression, sizeof expression, "document.querySelector('%s')?.textContent.includes('%s')", selector, part);
    snprintf(found, sizeof found, "%s in %s", part, selector);
    wd_wait(&driver, expression, found);
}

static void open_nested_span(void)
{
    open_trace(NESTED_TRACE_ID, "?span=" NESTED_SPAN_ID);
    wd_wait(&driver, "!!" TREE("tool.result"), "the nested value");
}

void nested_values_are_trees(void **state)
{
    (void)state;
    post(nested_trace(AGENT_TRACE_ID, now_ns() - 1000000000));
    open_nested_span();
    assert_int_equal(wd_number(&driver, LINES("tool.result")), 16); /* small enough to stand open */
    expect_line(LINE("tool.result", "0"), "status: \"ok\"");
    expect_line(LINE("tool.result", "1"), "9007199254740993");
    expect_line(LINE("tool.result", "4"), "nothing: null");
    expect_line(LINE("tool.result", "5"), "AP88");
    expect_line(LINE("tool.result", "6.0.1"), "score: 0.92");
    expect_line(LINE("tool.result", "6.1.0"), "gpj.exe");
    wd_click(&driver, LINE("tool.result", "6") " .twist");
    wd_wait(&driver, LINES("tool.result") " === 10", "the array to fold");
    expect_line(LINE("tool.result", "6"), "2 items");
    wd_click(&driver, LINE("tool.result", "6") " .twist");
    wd_wait(&driver, LINES("tool.result") " === 16", "the array to unfold");
    expect_attribute("short", "array", "[1, 2]");
    expect_harmless();
}

void deep_and_long_values_show_what_is_asked_for(void **state)
{
    (void)state;
    open_nested_span();
    assert_int_equal(wd_number(&driver, LINES("deep.map")), FIRST_LINES);
    wd_click(&driver, "#detail [data-key=\"deep.map\"] .value-tree > .link");
    wd_wait(&driver, LINES("deep.map") " === 64", "every level");
    expect_line("#detail [data-key=\"deep.map\"] [data-depth=\"63\"]", "AP88");
    wd_click(&driver, "#detail [data-key=\"deep.array\"] .value-tree > .link");
    expect_line("#detail [data-key=\"deep.array\"] [data-depth=\"63\"]", "the bottom");
    assert_true(wd_true(&driver, "document.querySelector('#detail').scrollWidth <= document.querySelector('#detail').clientWidth"));
    json_decref(wd_run(&driver, "document.querySelector('#detail [data-key=\"deep.map\"] [data-depth=\"50\"]').scrollIntoView()"));
    shoot("deep");
    assert_int_equal(wd_number(&driver, LINES("many")), FIRST_LINES);
    wd_click(&driver, "#detail [data-key=many] .value-tree > .link");
    wd_wait(&driver, LINES("many") " === 1001", "all of the elements");
    expect_harmless();
}

void messages_sent_as_values_are_a_conversation(void **state)
{
    (void)state;
    open_nested_span();
    wd_wait(&driver, "document.querySelectorAll('#detail .message').length === 2", "the messages");
    expect_line("#detail .from-user", "Which supplier has raised its prices?");
    assert_true(wd_true(&driver, "JSON.parse(document.querySelector('#detail .from-assistant .part .value').textContent).limit === 5"));
    expect_harmless();
}

#define LINK(n) "#detail .links > li:nth-child(" #n ")"

void links_tell_what_they_name(void **state)
{
    (void)state;
    open_nested_span();
    expect_line(LINK(1) " .ids", AGENT_TRACE_ID);
    expect_line(LINK(1) " .ids", LINKED_SPAN_ID);
    expect_line(LINK(1) " .ids", "vendor=a,other=b");
    expect_line(LINK(1) " .ids", "sampled, remote context");
    expect_line(LINK(1), "[3, 8]");
    expect_line(LINK(1), "2 attributes dropped");
    expect_line(LINK(1) " a", "Open the linked trace");
    expect_line(LINK(2) " .no-target", "not stored here");
    expect_line(LINK(3) " a", "execute_tool web_search");
    expect_line(LINK(4) " .no-target", "Names no trace");
    expect_line("#detail", "3 links dropped");
    expect_line("#detail .timing", "0x103");
    expect_line("#detail .timing", "random trace id");
    expect_line("#detail", RESOURCE_SCHEMA_URL);
    expect_line("#detail", SCOPE_SCHEMA_URL);
    json_decref(wd_run(&driver, "for (const section of document.querySelectorAll('#detail details:not(.raw)')) section.open = true;"));
    wd_resize(&driver, 1280, 1500);
    json_decref(wd_run(&driver, "document.querySelector('#detail [data-key=\"tool.result\"]').scrollIntoView()"));
    shoot("nested-light");
    wd_click(&driver, "#theme-toggle");
    wd_wait(&driver, "document.documentElement.dataset.theme === 'dark'", "the dark theme");
    shoot("nested-dark");
    wd_click(&driver, "#theme-toggle");
    wd_resize(&driver, 1280, 800);
    expect_harmless();
}

void links_open_what_is_stored(void **state)
{
    (void)state;
    open_nested_span();
    expect_line(LINK(3) " a", "execute_tool web_search");
    wd_click(&driver, LINK(3) " a");
    wd_wait(&driver, "document.querySelector('.row.current.selected')?.dataset.spanId === '" NESTED_CHILD_ID "'", "the span of the same trace");
    expect_line("#detail .timing", "remote parent");
    open_nested_span();
    expect_line(LINK(1) " a", "Open the linked trace");
    wd_click(&driver, LINK(1) " a");
    wd_wait(&driver, "location.pathname === '/trace/" AGENT_TRACE_ID "' && document.querySelector('.row.current.selected')?.dataset.spanId === '"
                     LINKED_SPAN_ID "'", "the linked span");
    expect_harmless();
}
