/* The JSON reader: what it takes, what it does not, and what strings stand for; jansson says which is which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json/json_read.h"

/* Whether the whole is one JSON value. From a copy of its exact size, so that a byte too far is seen. */
static bool reads(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    spw_view view = { copy, size };
    struct spw__json_reader r = SPW__JSON_READER(view);
    enum spw__json_token token;
    while ((token = spw__json_next(&r)) != SPW__JSON_END && token != SPW__JSON_ERROR)
        assert_true(r.depth <= 64);
    assert_int_equal(spw__json_next(&r), token); /* and so it stays */
    free(copy);
    return token == SPW__JSON_END;
}

static void agrees(const char *text, size_t size)
{
    json_t *judge = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (reads(text, size) != (judge != NULL))
        fail_msg("%.*s: jansson %s it", (int)size, text, judge ? "takes" : "refuses");
    json_decref(judge);
}

static void takes_what_is_json_and_nothing_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}", "[]", " { } ", "[1]", "[1,2]", "[1,]", "[,1]", "{\"a\":1}", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1 \"b\":2}",
        "{,}", "[1 2]", "1", "-1", "-", "01", "0", "-0", "1.", "1.5", ".5", "1e3", "1E+3", "1e", "1e+", "true", "false", "null", "tru", "nul",
        "truee", "\"\"", "\"a", "\"\\\"\"", "\"\\x\"", "\"\\u00e9\"", "\"\\u00e\"", "\"\\u00eg\"", "\"\n\"", "\"\\\"", "", " ", "[", "]", "{", "}",
        "[}", "{]", "[[]]", "[{}]", "{\"a\":[{\"b\":[]}]}", "{} {}", "[] 1", ",", ":", "[1:2]", "{\"a\",1}", "[\"a\":1]", "//", "{\"a\":1}x",
        "[\"\\ud83c\\udf33\"]", "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        agrees(texts[i], strlen(texts[i]));
    agrees("{}\0", 3);
    agrees("\"\0\"", 3);
}

/* Bytes of a good answer changed, taken out and cut. */
static void survives_damage(void **state)
{
    (void)state;
    static const char good[] = "{\"partialSuccess\": {\"rejectedSpans\":\"12\", \"errorMessage\":\"a\\u0020b\\n\", \"x\":[1.5e3,true,null,{\"y\":[]}]}}";
    static const char bytes[] = "{}[]\",:\\u0-1.e tn";
    for (size_t cut = 0; cut < sizeof good; cut++)
        agrees(good, cut);
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t b = 0; b < sizeof bytes - 1; b++) {
            char damaged[sizeof good];
            memcpy(damaged, good, sizeof good);
            damaged[at] = bytes[b];
            agrees(damaged, sizeof good - 1);
        }
    }
}

static void deep_is_refused(void **state)
{
    (void)state;
    char text[200001];
    memset(text, '[', 100000);
    memset(text + 100000, ']', 100000);
    assert_false(reads(text, 200000));
    assert_true(reads(text + 100000 - 64, 128));
    assert_false(reads(text + 100000 - 65, 130));
}

static void unescape(const char *text, size_t room, const char *want)
{
    char out[64];
    size_t n = spw__json_unescape((spw_view){ text, strlen(text) }, out, room);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(out, want, n);
}

static void strings_are_what_they_stand_for(void **state)
{
    (void)state;
    unescape("plain", 64, "plain");
    unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", 64, "\"\\/\b\f\n\r\t");
    unescape("\\u0041\\u00e9\\u20AC\\ud83c\\udf33", 64, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3");
    unescape("\\ud83c!", 64, "\xef\xbf\xbd!");                   /* half a pair */
    unescape("\\ud83c\\u0041", 64, "\xef\xbf\xbd" "A");
    unescape("\\udf33", 64, "\xef\xbf\xbd");
    unescape("ab\xe2\x82\xac" "c", 4, "ab");                     /* cut between characters */
    unescape("ab\\u20AC", 4, "ab");
    unescape("abcdef", 3, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_json_and_nothing_else),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(deep_is_refused),
        cmocka_unit_test(strings_are_what_they_stand_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
