/* The text waterfall: the tree, the columns, hostile names, cycles, missing parents, depth. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waterfall.h"

static struct spwv_error error;
static struct spwv_buf text;

static int open_store(void **state)
{
    *state = spwv_store_sqlite_open(NULL, 64 << 20, &error);
    spwv_buf_init(&text, 16 << 20, NULL);
    return *state ? 0 : -1;
}

static int close_store(void **state)
{
    struct spwv_store *store = *state;
    store->destroy(store);
    spwv_buf_fini(&text);
    return 0;
}

static const char *draw(struct spwv_store *store, struct spwv_waterfall_options options)
{
    uint8_t id[16] = {0xAB, [15] = 1};
    text.size = 0;
    assert_true(spwv_waterfall(store, id, &options, &text, &error));
    spwv_buf_add_char(&text, 0);
    assert_false(text.failed);
    return text.data;
}

#define MS 1000000u

static void a_tree_is_drawn(void **state)
{
    put(*state, ENCODE({.trace = 1, .id = 1, .name = "invoke_agent planner", .start = 0, .end = 1000 * MS, .service = "planner"},
                       {.trace = 1, .id = 2, .parent = 1, .name = "chat", .start = 0, .end = 250 * MS, .service = "planner"},
                       {.trace = 1, .id = 3, .parent = 1, .name = "execute_tool search", .start = 250 * MS, .end = 500 * MS, .error = true,
                        .message = "connection refused", .service = "planner"},
                       {.trace = 1, .id = 4, .parent = 3, .name = "GET", .start = 250 * MS, .end = 375 * MS, .service = "web"},
                       {.trace = 1, .id = 5, .parent = 1, .name = "chat", .start = 500 * MS, .end = 500 * MS + 1234, .service = "planner"}));
    assert_string_equal(draw(*state, (struct spwv_waterfall_options){.width = 72}),
                        "trace ab000000000000000000000000000001 · 1.00 s · 5 spans · 1 error\n"
                        "invoke_agent planner      planner     1.00 s  ██████████████████████████\n"
                        "├─ chat                   planner     250 ms  ██████▌\n"
                        "├─ ✗ execute_tool search  planner     250 ms        ███████\n"
                        "│  │  connection refused\n"
                        "│  └─ GET                 web         125 ms        ███▊\n"
                        "└─ chat                   planner    1.23 µs               ▏\n");
    const char *plain = draw(*state, (struct spwv_waterfall_options){.width = 72, .ascii = true});
    for (const char *at = plain; *at; at++)
        assert_true((unsigned char)*at < 0x7F);
    assert_non_null(strstr(plain, "|- ! execute_tool search"));
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strstr(draw(*state, (struct spwv_waterfall_options){.width = 72, .color = true}), "\x1b[31m"));
}

static void a_name_cannot_steer_the_terminal(void **state)
{
    put(*state, ENCODE({.trace = 1, .id = 1, .name = "\x1b[2J\x1b]0;title\x07 \xc2\x9b" "31m \xe2\x80\xae\xe2\x81\xa6 \xff\xc3\n\r\t\x7f", .start = 1, .end = 2,
                        .service = "\x1b[31mred", .error = true, .message = "line\n\x1b[0m\xe2\x80\xa8"},
                       {.trace = 1, .id = 2, .parent = 1, .name = "", .start = 1, .end = 2, .service = "other\x9b"}));
    const char *shown = draw(*state, (struct spwv_waterfall_options){.width = 300});
    unsigned lines = 0;
    for (const char *at = shown; *at; at++) {
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
        lines += *at == '\n';
    }
    assert_int_equal(lines, 4); /* header, span, its message, span */
    assert_null(strstr(shown, "\xe2\x80\xae"));
    assert_null(strstr(shown, "\xc2\x9b"));
    assert_non_null(strstr(shown, "\\x1b[2J\\x1b]0;title\\x07 \\x9b31m \\u{202e}\\u{2066} \xEF\xBF\xBD\xEF\xBF\xBD\\n\\r\\t\\x7f"));
    assert_non_null(strstr(shown, "(no name)"));
}

static void cycles_and_missing_parents_are_shown_once(void **state)
{
    put(*state, ENCODE({.trace = 1, .id = 1, .parent = 3, .name = "cycle-a", .start = 1, .end = 2},
                       {.trace = 1, .id = 2, .parent = 1, .name = "cycle-b", .start = 1, .end = 2},
                       {.trace = 1, .id = 3, .parent = 2, .name = "cycle-c", .start = 1, .end = 2},
                       {.trace = 1, .id = 4, .parent = 4, .name = "self", .start = 1, .end = 2},
                       {.trace = 1, .id = 5, .parent = 99, .name = "orphan", .start = 1, .end = 2},
                       {.trace = 1, .id = 6, .parent = 5, .name = "child", .start = 1, .end = 2},
                       {.trace = 1, .id = 7, .parent = 2, .name = "below", .start = 1, .end = 2}));
    const char *shown = draw(*state, (struct spwv_waterfall_options){.width = 100});
    static const char *const names[] = {"cycle-a", "cycle-b", "cycle-c", "self", "orphan", "child", "below"};
    for (size_t i = 0; i < 7; i++) {
        const char *first = strstr(shown, names[i]);
        assert_non_null(first);
        assert_null(strstr(first + 1, names[i]));
    }
    assert_non_null(strstr(shown, "root not here yet"));
    assert_non_null(strstr(shown, "its parent is not here"));
}

static void deep_and_long_traces_stay_bounded(void **state)
{
    enum { SPANS = 6000 };
    static struct sample samples[SPANS];
    for (unsigned i = 0; i < SPANS; i++)
        samples[i] = (struct sample){.trace = 1, .id = i + 1, .parent = i, .name = "deeper", .start = i, .end = 2 * SPANS - i};
    put(*state, encode(samples, SPANS));
    const char *shown = draw(*state, (struct spwv_waterfall_options){.width = 10});
    unsigned lines = 0;
    for (const char *at = shown; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 1 + SPWV_TEXT_SPANS + 1);
    assert_non_null(strstr(shown, "1000 later spans not shown"));
    assert_true(strlen(shown) < 2 << 20);
}

static void long_names_are_cut_by_columns(void **state)
{
    put(*state, ENCODE({.trace = 1, .id = 1, .name = "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語", .start = 0, .end = 100 * MS},
                       {.trace = 1, .id = 2, .parent = 1, .name = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", .start = 0,
                        .end = 100 * MS}));
    const char *shown = draw(*state, (struct spwv_waterfall_options){.width = 60});
    assert_non_null(strstr(shown, "日本語日本語日本語日本語日…     100 ms  █"));
    assert_non_null(strstr(shown, "└─ abcdefghijklmnopqrstuvw…     100 ms  █"));
}

static void an_unknown_trace_is_no_error_of_the_store(void **state)
{
    struct spwv_store *store = *state;
    uint8_t id[16] = {9};
    struct spwv_waterfall_options options = {.width = 80};
    assert_false(spwv_waterfall(store, id, &options, &text, &error));
    assert_string_equal(error.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tree_is_drawn, open_store, close_store),
        cmocka_unit_test_setup_teardown(a_name_cannot_steer_the_terminal, open_store, close_store),
        cmocka_unit_test_setup_teardown(cycles_and_missing_parents_are_shown_once, open_store, close_store),
        cmocka_unit_test_setup_teardown(deep_and_long_traces_stay_bounded, open_store, close_store),
        cmocka_unit_test_setup_teardown(long_names_are_cut_by_columns, open_store, close_store),
        cmocka_unit_test_setup_teardown(an_unknown_trace_is_no_error_of_the_store, open_store, close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
