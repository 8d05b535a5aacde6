/* Operations on a span's trace state: get, set, remove, and the limits. Without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <string.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static spw_span with_state(const char *state)
{
    spw_span span;
    assert_true(spw_traceparent_parse(PARENT, state, &span));
    return span;
}

static const char *state_of(spw_span span)
{
    static char text[600];
    size_t size = spw_trace_state(span, text, sizeof text);
    assert_int_equal(size, strlen(text));
    return text;
}

static void values_are_read_by_key(void **state)
{
    (void)state;
    spw_span span = with_state("rojo=00f067aa0ba902b7,ro=1,congo=t61rcWkgMzE");
    char out[32];
    assert_int_equal(spw_trace_state_get(span, "ro", out, sizeof out), 1);
    assert_string_equal(out, "1");
    assert_int_equal(spw_trace_state_get(span, "congo", out, sizeof out), 11);
    assert_string_equal(out, "t61rcWkgMzE");
    assert_int_equal(spw_trace_state_get(span, "rojo", out, 5), 16); /* cut, terminated, the full length said */
    assert_string_equal(out, "00f0");
    assert_int_equal(spw_trace_state_get(span, "rojo", NULL, 0), 16);
    static const char *const absent[] = { "r", "roj", "rojo=", "", "ROJO", "1", "rojo=00f067aa0ba902b7,ro" };
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(spw_trace_state_get(span, absent[i], out, sizeof out), 0);
        assert_string_equal(out, "");
    }
    assert_int_equal(spw_trace_state_get(span, NULL, out, sizeof out), 0);
    assert_int_equal(spw_trace_state_get((spw_span){ 0 }, "ro", out, sizeof out), 0);
}

static void what_is_set_comes_first_and_once(void **state)
{
    (void)state;
    spw_span span = with_state("a=1,b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_set(span, "d", "4")), "d=4,a=1,b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_set(span, "a", "x")), "a=x,b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_set(span, "b", "x")), "b=x,a=1,c=3");
    assert_string_equal(state_of(spw_trace_state_set(span, "c", "x")), "c=x,a=1,b=2");
    assert_string_equal(state_of(span), "a=1,b=2,c=3"); /* a span is a value */
    assert_string_equal(state_of(spw_trace_state_set(with_state(NULL), "a", "1")), "a=1");
}

static void what_is_removed_leaves_the_rest_in_order(void **state)
{
    (void)state;
    spw_span span = with_state("a=1,b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_remove(span, "a")), "b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_remove(span, "b")), "a=1,c=3");
    assert_string_equal(state_of(spw_trace_state_remove(span, "c")), "a=1,b=2");
    assert_string_equal(state_of(spw_trace_state_remove(span, "d")), "a=1,b=2,c=3");
    assert_string_equal(state_of(spw_trace_state_remove(span, NULL)), "a=1,b=2,c=3");
    spw_span none = spw_trace_state_remove(with_state("a=1"), "a");
    assert_int_equal(none.trace_state, 0);
    assert_string_equal(state_of(none), "");
}

static void what_is_not_allowed_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { "", "1" }, { NULL, "1" }, { "A", "1" }, { "_a", "1" }, { "a b", "1" }, { "a=", "1" }, { "a,b", "1" }, { "\xc3\xa9", "1" },
        { "d", "" }, { "d", NULL }, { "d", "1,e=2" }, { "d", "1=2" }, { "d", "1 " }, { "d", "\x01" }, { "d", "\xc3\xa9" }, { "d", "a\x7f" },
    };
    spw_span span = with_state("a=1");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        spw_span same = spw_trace_state_set(span, wrong[i][0], wrong[i][1]);
        assert_memory_equal(&same, &span, sizeof same);
    }
    char side[258];
    memset(side, 'k', sizeof side);
    for (size_t size = 255; size <= 257; size++) {
        side[size] = '\0';
        const char *key = state_of(spw_trace_state_set(span, side, "v"));
        assert_int_equal(strlen(key), size <= 256 ? size + 2 + 4 : 3);
        const char *value = state_of(spw_trace_state_set(span, "v", side));
        assert_int_equal(strlen(value), size <= 256 ? size + 2 + 4 : 3);
        side[size] = 'k';
    }
    side[256] = '\0';
    assert_string_equal(state_of(spw_trace_state_set(span, side, side)), "a=1"); /* 513 bytes by itself */
}

static void the_33rd_member_pushes_out_the_last(void **state)
{
    (void)state;
    spw_span span = with_state(NULL);
    char key[8], want[600] = "";
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "k%d", i);
        span = spw_trace_state_set(span, key, "v");
    }
    for (int i = 39, size = 0; i >= 8; i--)
        size += snprintf(want + size, sizeof want - (size_t)size, "k%d=v%s", i, i > 8 ? "," : "");
    assert_string_equal(state_of(span), want);
    span = spw_trace_state_set(span, "k8", "w"); /* full, but no more than before */
    assert_int_equal(strncmp(state_of(span), "k8=w,k39=v,", 11), 0);
    assert_int_equal(strlen(state_of(span)), strlen(want));
}

static const char *filled(char c, size_t size)
{
    static char texts[2][300];
    static int turn;
    char *text = texts[turn ^= 1];
    memset(text, c, size);
    text[size] = '\0';
    return text;
}

static void over_512_bytes_the_long_leave_first_then_the_last(void **state)
{
    (void)state;
    spw_span span = with_state("short=1");
    span = spw_trace_state_set(span, "long", filled('l', 200));
    span = spw_trace_state_set(span, "mid", filled('m', 100));
    span = spw_trace_state_set(span, "more", filled('n', 100)); /* 7 + 1 + 205 + 1 + 104 + 1 + 105 */
    assert_int_equal(strlen(state_of(span)), 424);
    span = spw_trace_state_set(span, "new", filled('x', 100));
    char out[300];
    assert_int_equal(spw_trace_state_get(span, "long", out, sizeof out), 0);
    assert_int_equal(spw_trace_state_get(span, "short", out, sizeof out), 1);
    assert_int_equal(spw_trace_state_get(span, "new", out, sizeof out), 100);
    span = spw_trace_state_set(span, "huge", filled('h', 250)); /* never the new one, though it is the longest */
    assert_int_equal(spw_trace_state_get(span, "huge", out, sizeof out), 250);
    assert_int_equal(spw_trace_state_get(span, "new", out, sizeof out), 100);
    assert_int_equal(spw_trace_state_get(span, "short", out, sizeof out), 0);
    assert_int_equal(spw_trace_state_get(span, "mid", out, sizeof out), 0);
}

static void a_header_over_512_bytes_loses_its_long_members_then_its_last(void **state)
{
    (void)state;
    char header[900];
    int size = snprintf(header, sizeof header, "a=1,long=%s,", filled('l', 200));
    snprintf(header + size, sizeof header - (size_t)size, "b=%s,c=%s,", filled('b', 120), filled('c', 120));
    size = (int)strlen(header);
    snprintf(header + size, sizeof header - (size_t)size, "d=%s,z=9", filled('d', 120));
    char out[300];
    spw_span span = with_state(header);
    assert_int_equal(spw_trace_state_get(span, "long", out, sizeof out), 0);
    assert_int_equal(spw_trace_state_get(span, "d", out, sizeof out), 120);
    assert_int_equal(spw_trace_state_get(span, "z", out, sizeof out), 1);
    size = (int)strlen(header);
    snprintf(header + size, sizeof header - (size_t)size, ",e=%s", filled('e', 120)); /* 496 without the long one */
    span = with_state(header);
    assert_int_equal(spw_trace_state_get(span, "e", out, sizeof out), 120);
    size = (int)strlen(header);
    snprintf(header + size, sizeof header - (size_t)size, ",f=12345678901234");
    span = with_state(header);
    assert_int_equal(spw_trace_state_get(span, "f", out, sizeof out), 0);
    assert_int_equal(spw_trace_state_get(span, "e", out, sizeof out), 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_by_key),
        cmocka_unit_test(what_is_set_comes_first_and_once),
        cmocka_unit_test(what_is_removed_leaves_the_rest_in_order),
        cmocka_unit_test(what_is_not_allowed_changes_nothing),
        cmocka_unit_test(the_33rd_member_pushes_out_the_last),
        cmocka_unit_test(over_512_bytes_the_long_leave_first_then_the_last),
        cmocka_unit_test(a_header_over_512_bytes_loses_its_long_members_then_its_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
