/*
 * The web viewer as a reader meets it: the program is started, spans are posted, and Debian's Chromium opens the pages. The tests run in
 * order and share one viewer and one browser, as a reader would. SPW_SPANWIRE names the program, SPW_SHOTS_DIR a directory for pictures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "page.h"
#include "process.h"
#include "traces.h"

enum { SKIPPED = 77 };

/* Set before any page's own script: what hostile text would do, and what the security policy had to stop. */
static const char watch[] =
    "window.__violations = [];"
    "addEventListener('securitypolicyviolation', (e) => __violations.push(e.violatedDirective + ' ' + e.blockedURI));"
    "window.alert = () => { window.__pwned = 'alert'; };"
    /* A reader quicker than any hand: three keys in one task, the moment the first row stands in the page. */
    "if (location.protocol === 'http:' && sessionStorage.getItem('eager'))"
    " new MutationObserver((_, watcher) => {"
    "  if (!document.querySelector('[role=treeitem]')) return;"
    "  watcher.disconnect();"
    "  for (const key of sessionStorage.getItem('eager')) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));"
    " }).observe(document, { childList: true, subtree: true });";

#define BODY_COLOUR "getComputedStyle(document.body).backgroundColor"

static char directory[64];
static struct process viewer, chromedriver;

/* ---- tests ---- */

static void an_empty_list_says_how_to_send(void **state)
{
    (void)state;
    open_page("/");
    wd_wait(&driver, "document.querySelector('.empty')?.isConnected", "the empty list");
    assert_true(wd_true(&driver, "document.body.textContent.includes('OTEL_EXPORTER_OTLP_ENDPOINT=' + location.origin)"));
    assert_true(wd_true(&driver, "document.body.textContent.includes('spw_start(NULL);')"));
    shoot("empty-light");
    expect_harmless();
}

static void a_trace_appears_live(void **state)
{
    (void)state;
    post(agent_trace(now_ns() - 1000000000));
    wd_wait(&driver, "document.querySelector('tr[data-trace-id=\"" AGENT_TRACE_ID "\"]')?.isConnected", "the trace in the list");
    assert_true(wd_true(&driver, "document.querySelector('tr[data-trace-id] a').textContent.includes('<img src=x')"));
    assert_true(wd_true(&driver, "document.querySelector('tr[data-trace-id] a').textContent.includes('\\\\u202e')"));
    wd_expect_text(&driver, "document.querySelector('tr[data-trace-id] .errors').textContent.trim()", "1");
    expect_harmless();
}

static void filters_live_in_the_address(void **state)
{
    (void)state;
    wd_keys(&driver, "/");
    wd_keys(&driver, "nothing is called this");
    wd_wait(&driver, "location.search.includes('q=nothing') && document.querySelector('.empty')?.isConnected", "no match");
    open_page("/?errors=1");
    wd_wait(&driver, "document.querySelectorAll('tr[data-trace-id]').length === 1", "the failed trace");
    wd_wait(&driver, "document.querySelector('.chip').getAttribute('aria-pressed') === 'true'", "the filter to show");
    expect_harmless();
}

static void a_click_opens_the_waterfall(void **state)
{
    (void)state;
    wd_click(&driver, "tr[data-trace-id] .trace-name a");
    wd_wait(&driver, "location.pathname === '/trace/" AGENT_TRACE_ID "' && !!document.querySelector('[role=treeitem]')", "the waterfall");
    assert_int_equal(wd_number(&driver, ROWS), AGENT_SPANS);
    assert_int_equal(wd_number(&driver, "document.querySelectorAll('.row.failed').length"), 1);
    assert_int_equal(wd_number(&driver, "document.querySelectorAll('.role-model').length"), 3); /* two rows, one in the legend */
    wd_expect_text(&driver, "document.querySelector('.token-sum dd').textContent", "1,812/100");
    assert_true(wd_true(&driver, "Array.from(document.querySelectorAll('.span-name')).every((e) => e.textContent.length < 500)"));
    expect_harmless();
}

static void a_trace_can_be_downloaded(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"otlp.json", "chrome.json", "speedscope.json"};
    for (size_t i = 0; i < 3; i++) {
        char script[512];
        snprintf(script, sizeof script, "!!document.querySelector('.downloads a[download=\"trace-" AGENT_TRACE_ID ".%s\"]')", suffixes[i]);
        assert_true(wd_true(&driver, script));
    }
    json_t *ignored = wd_run(&driver, "window.__got = 0; document.querySelectorAll('.downloads a').forEach((a) => fetch(a.href).then((r) => r.json())"
                                      ".then((j) => { window.__got += 'resourceSpans' in j || 'traceEvents' in j || 'profiles' in j; })); return null");
    json_decref(ignored);
    wd_wait(&driver, "window.__got === 3", "the three files");
    expect_harmless();
}

static void keys_find_the_error(void **state)
{
    (void)state;
    wd_keys(&driver, "e" WD_ENTER);
    wd_wait(&driver, "location.search === '?span=" AGENT_FAILED_SPAN_ID "' && !!document.querySelector('#detail')", "the failed span");
    expect_attribute("type.string", "string", "plain text");
    expect_attribute("type.int", "int", "-9223372036854775808");
    expect_attribute("type.double", "double", "0.5");
    expect_attribute("type.bool", "bool", "true");
    expect_attribute("type.bytes", "bytes", "AP88");
    expect_attribute("type.empty", "empty", "empty");
    expect_attribute("gen_ai.tool.call.arguments", "string", "{\"query\": \"prices\", \"limit\": 12345678901234567890}");
    wd_expect_text(&driver, "document.querySelector('#detail [data-key=\"type.array\"] .type').textContent", "array");
    wd_expect_text(&driver, "document.querySelector('#detail [data-key=\"type.map\"] .type').textContent", "map");
    assert_true(wd_true(&driver, "document.querySelector('.status-message').textContent.includes('</script>')"));
    assert_true(wd_true(&driver, "document.querySelector('.event-name').textContent.includes('onerror=')"));
    assert_int_equal(wd_number(&driver, "document.querySelectorAll('#detail .links li').length"), 1);
    expect_harmless();
}

static void themes_change_and_are_remembered(void **state)
{
    (void)state;
    json_t *before = wd_run(&driver, "return " BODY_COLOUR);
    char changed[160];
    snprintf(changed, sizeof changed, BODY_COLOUR " !== '%s'", json_string_value(before));
    json_decref(before);
    shoot("trace-light");
    wd_click(&driver, "#theme-toggle");
    wd_wait(&driver, changed, "the other theme");
    wd_reload(&driver);
    wd_wait(&driver, "!!document.querySelector('#detail')", "the span of the address");
    assert_true(wd_true(&driver, changed));
    wd_expect_text(&driver, "document.documentElement.dataset.theme", "dark");
    shoot("trace-dark");
    open_page("/");
    wd_wait(&driver, "!!document.querySelector('tr[data-trace-id]')", "the list");
    shoot("list-dark");
    wd_click(&driver, "#theme-toggle");
    wd_wait(&driver, "document.documentElement.dataset.theme === 'light'", "the first theme");
    shoot("list-light");
    expect_harmless();
}

static void keys_move_fold_and_close(void **state)
{
    (void)state;
    open_trace(AGENT_TRACE_ID, "");
    wd_keys(&driver, "jjj");
    wd_wait(&driver, "document.querySelector('.row.current')?.getAttribute('aria-level') === '3'", "the cursor to move");
    wd_keys(&driver, "e" WD_LEFT);
    wd_wait(&driver, ROWS " === 5", "the failed span to fold");
    wd_expect_text(&driver, "document.querySelector('.row.current').getAttribute('aria-expanded')", "false");
    wd_keys(&driver, WD_RIGHT);
    wd_wait(&driver, ROWS " === 6", "it to unfold");
    wd_keys(&driver, WD_DOWN WD_ENTER);
    wd_wait(&driver, "document.querySelector('#detail [data-key=long] .link')?.textContent.includes('10,000')", "the long value, folded");
    assert_true(wd_true(&driver, "document.querySelector('#detail [data-key=long] .value').textContent.length < 1000"));
    wd_click(&driver, "#detail [data-key=long] .link");
    wd_wait(&driver, "document.querySelector('#detail [data-key=long] .value').textContent.length >= 10000", "all of it");
    wd_keys(&driver, "?");
    wd_wait(&driver, "document.querySelector('dialog')?.open === true", "the help");
    shoot("help");
    wd_keys(&driver, WD_ESCAPE);
    wd_wait(&driver, "!document.querySelector('dialog')", "the help to close");
    wd_keys(&driver, WD_ESCAPE);
    wd_wait(&driver, "!document.querySelector('#detail')", "the span to close");
    wd_keys(&driver, WD_ESCAPE);
    wd_wait(&driver, "location.pathname === '/'", "the list");
    expect_harmless();
}

/* No key is lost: neither before the first paint, nor when several come before the page is drawn anew. */
static void keys_are_heard_from_the_first_row(void **state)
{
    (void)state;
    open_trace(AGENT_TRACE_ID, "");
    json_decref(wd_run(&driver, "sessionStorage.setItem('eager', 'jjj')"));
    wd_reload(&driver);
    wd_wait(&driver, "document.querySelector('.row.current')?.getAttribute('aria-level') === '3'", "three steps down");
    json_decref(wd_run(&driver, "sessionStorage.removeItem('eager')"));
    expect_harmless();
}

static void a_large_trace_draws_what_is_seen(void **state)
{
    (void)state;
    post(large_trace(now_ns() - UINT64_C(60000000000)));
    open_trace(LARGE_TRACE_ID, "");
    assert_in_range(wd_number(&driver, ROWS), 10, 100);
    assert_int_equal(wd_number(&driver, "document.querySelector('.canvas').offsetHeight"), LARGE_SPANS * 30);
    wd_keys(&driver, "G"); /* no key of ours: nothing happens */
    json_decref(wd_run(&driver, "document.querySelector('.rows').scrollTop = 1e9"));
    wd_wait(&driver, "!!document.querySelector('[data-span-id=\"0000000000001388\"]')", "the last span");
    assert_in_range(wd_number(&driver, ROWS), 10, 100);
    expect_harmless();
}

static void it_fits_a_telephone(void **state)
{
    (void)state;
    static const char fits[] = "document.documentElement.scrollWidth <= 360";
    wd_resize(&driver, 360, 740);
    open_page("/");
    wd_wait(&driver, "!!document.querySelector('tr[data-trace-id]')", "the list");
    assert_true(wd_true(&driver, fits));
    shoot("list-narrow");
    open_trace(AGENT_TRACE_ID, "");
    assert_true(wd_true(&driver, fits));
    shoot("trace-narrow");
    open_trace(AGENT_TRACE_ID, "?span=" AGENT_FAILED_SPAN_ID);
    wd_wait(&driver, "!!document.querySelector('#detail')", "the span");
    assert_true(wd_true(&driver, fits));
    open_trace(NESTED_TRACE_ID, "?span=" NESTED_SPAN_ID);
    wd_wait(&driver, "!!document.querySelector('#detail .value-tree')", "the nested values");
    assert_true(wd_true(&driver, fits));
    json_decref(wd_run(&driver, "document.querySelector('#detail .links').scrollIntoView()"));
    shoot("links-narrow");
    wd_resize(&driver, 1280, 800);
    expect_harmless();
}

static void an_unknown_trace_is_said(void **state)
{
    (void)state;
    open_page("/trace/00000000000000000000000000000001");
    wd_wait(&driver, "document.querySelector('.notice h1')?.textContent === 'This trace is not here'", "the notice");
    assert_true(wd_true(&driver, "window.__pwned === undefined && __violations.length === 0"));
}

/* Were the user interface to slip and take a sender's text for markup, the policy would still keep it from running. */
static void the_policy_holds_by_itself(void **state)
{
    (void)state;
    open_trace(AGENT_TRACE_ID, "");
    json_decref(wd_run(&driver, "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwned=4\">')"));
    wd_wait(&driver, "__violations.length > 0", "the policy to report");
    assert_true(wd_true(&driver, "window.__pwned === undefined"));
}

static void a_viewer_that_is_gone_is_said_quietly(void **state)
{
    (void)state;
    open_trace(AGENT_TRACE_ID, "");
    process_stop(&viewer);
    wd_wait(&driver, "!!document.querySelector('.banner')", "the banner");
    assert_int_equal(wd_number(&driver, ROWS), AGENT_SPANS); /* what was there stays */
    shoot("gone");
    assert_true(wd_true(&driver, "window.__pwned === undefined && __violations.length === 0"));
}

/* ---- start and stop ---- */

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* exec's type; it writes nothing */
}

static const char *start_viewer(const char *program)
{
    char log[96], port_file[96];
    snprintf(log, sizeof log, "%s/viewer.log", directory);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    char *const argv[] = {text(program), text("view"), text("--listen"), text("127.0.0.1:0"), text("--port-file"), port_file, NULL};
    unsigned port = process_start(&viewer, log, argv) ? process_read_port(&viewer, port_file, "") : 0;
    snprintf(site, sizeof site, "http://127.0.0.1:%u", port);
    return port ? NULL : "spanwire view did not start";
}

static const char *start_browser(void)
{
    static char reason[1300];
    char log[96];
    snprintf(log, sizeof log, "%s/chromedriver.log", directory);
    char *const argv[] = {text("chromedriver"), text("--port=0"), NULL};
    unsigned port = process_start(&chromedriver, log, argv) ? process_read_port(&chromedriver, log, "successfully on port ") : 0;
    if (!port)
        return "no chromedriver; on Debian: apt-get install chromium-driver";
    if (!wd_begin(&driver, port, reason, sizeof reason))
        return reason;
    wd_preload(&driver, watch);
    wd_resize(&driver, 1280, 800);
    return NULL;
}

static void stop_all(void)
{
    static const char *const files[] = {"viewer.log", "chromedriver.log", "port"};
    char path[96];
    if (driver.curl)
        wd_end(&driver);
    process_stop(&chromedriver);
    process_stop(&viewer);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    rmdir(directory);
}

static int run_in_order(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_says_how_to_send),
        cmocka_unit_test(a_trace_appears_live),
        cmocka_unit_test(filters_live_in_the_address),
        cmocka_unit_test(a_click_opens_the_waterfall),
        cmocka_unit_test(a_trace_can_be_downloaded),
        cmocka_unit_test(keys_find_the_error),
        cmocka_unit_test(themes_change_and_are_remembered),
        cmocka_unit_test(keys_move_fold_and_close),
        cmocka_unit_test(keys_are_heard_from_the_first_row),
        cmocka_unit_test(nested_values_are_trees),
        cmocka_unit_test(deep_and_long_values_show_what_is_asked_for),
        cmocka_unit_test(messages_sent_as_values_are_a_conversation),
        cmocka_unit_test(links_tell_what_they_name),
        cmocka_unit_test(links_open_what_is_stored),
        cmocka_unit_test(a_large_trace_draws_what_is_seen),
        cmocka_unit_test(it_fits_a_telephone),
        cmocka_unit_test(an_unknown_trace_is_said),
        cmocka_unit_test(the_policy_holds_by_itself),
        cmocka_unit_test(a_viewer_that_is_gone_is_said_quietly),
    };
    return cmocka_run_group_tests_name("browser", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *program = argc > 1 ? argv[1] : getenv("SPW_SPANWIRE");
    if (!program || access(program, X_OK) != 0) {
        fprintf(stderr, "give the spanwire program as an argument or in SPW_SPANWIRE\n");
        return 2;
    }
    snprintf(directory, sizeof directory, "/tmp/spw-browser-XXXXXX");
    if (!mkdtemp(directory))
        return 1;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int status;
    const char *reason = start_browser();
    if (reason) {
        bool missing = strstr(reason, "no chromedriver") || strstr(reason, "cannot find");
        printf("%s: %s\n", missing ? "skipped" : "no browser", reason);
        status = missing ? SKIPPED : 1;
    } else if ((reason = start_viewer(program)) != NULL) {
        fprintf(stderr, "%s\n", reason);
        status = 1;
    } else {
        status = run_in_order();
    }
    stop_all();
    curl_global_cleanup();
    return status;
}
