/* OTEL_EXPORTER_OTLP_HEADERS, friendly and hostile; and that what it holds is never said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp/otlp_headers.h"
#include "otlp/otlp_secrets.h"

static const struct {
    const char *text;
    const char *want; /* name:value, one a line */
} good[] = {
    { "", "" },
    { ",,  , ,", "" },
    { "a=b", "a:b\n" },
    { " a = b , c=d ", "a:b\nc:d\n" },
    { "Authorization=Bearer%20abc", "Authorization:Bearer abc\n" },
    { "Authorization=Basic dXNlcjpwYXNz==", "Authorization:Basic dXNlcjpwYXNz==\n" },
    { "x=a%2Cb%3Dc%25", "x:a,b=c%\n" },
    { "x=", "x:\n" },
    { "x=a;p=1", "x:a;p=1\n" },       /* OTLP knows no properties */
    { "x=%09tab", "x:\ttab\n" },
    { "x=%C3%BC", "x:\xc3\xbc\n" },
    { "a=1,A=2", "A:2\n" },           /* the last wins */
    { "x!#$%&'*+-.^_`|~=1", "x!#$%&'*+-.^_`|~:1\n" },
};

static void good_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct spw__otlp_headers headers;
        spw_error error = SPW_ERROR_INIT;
        char got[512] = "";
        if (spw__otlp_headers_parse(&headers, good[i].text, &error) != SPW_OK)
            fail_msg("'%s': %s", good[i].text, error.text);
        for (size_t n = 0; n < headers.count; n++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s:%s\n", headers.items[n].name, headers.items[n].value);
        assert_string_equal(got, good[i].want);
        spw__otlp_headers_fini(&headers);
    }
}

static const struct {
    const char *text;
    const char *says;
} bad[] = {
    { "x=canary%0d%0aInjected: 1", "control character" },
    { "x=canary%0A", "control character" },
    { "x=canary%00", "control character" },
    { "x=canary%7f", "control character" },
    { "x=canary\r\nInjected: 1", "control character" },
    { "x=canary\x01", "control character" },
    { "x=canary%", "two hex digits" },
    { "x=canary%2", "two hex digits" },
    { "x=canary%zz", "two hex digits" },
    { "x=canary%0x", "two hex digits" },
    { "na me=canary", "no HTTP token" },
    { "na:me=canary", "no HTTP token" },
    { "na\r\nme=canary", "no HTTP token" },
    { "n\xc3\xa4me=canary", "no HTTP token" },
    { "(x)=canary", "no HTTP token" },
    { "=canary", "no HTTP token" },
    { "a=1,canary", "header number 2 has no '='" },
    { "canary", "header number 1 has no '='" },
    { "Content-Length=canary", "set by spanwire" },
    { "content-type=canary", "set by spanwire" },
    { "Transfer-Encoding=canary", "set by spanwire" },
    { "Content-Encoding=canary", "set by spanwire" },
    { "EXPECT=canary", "set by spanwire" },
    { "Connection=canary", "set by spanwire" },
};

static void hostile_lists_are_refused_without_their_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct spw__otlp_headers headers;
        spw_error error = SPW_ERROR_INIT;
        if (spw__otlp_headers_parse(&headers, bad[i].text, &error) != SPW_ERR_INVALID)
            fail_msg("taken: row %zu", i);
        if (!strstr(error.text, bad[i].says))
            fail_msg("row %zu: '%s' does not say '%s'", i, error.text, bad[i].says);
        assert_null(strstr(error.text, "canary"));
        spw__otlp_headers_fini(&headers);
    }
}

static void the_list_is_bounded(void **state)
{
    (void)state;
    struct spw__otlp_headers headers;
    spw_error error = SPW_ERROR_INIT;
    char *text = calloc(1, 20000);
    for (int i = 0; i < 65; i++)
        snprintf(text + strlen(text), 20000 - strlen(text), "h%d=1,", i);
    assert_int_equal(spw__otlp_headers_parse(&headers, text, &error), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "more than 64"));
    spw__otlp_headers_fini(&headers);
    memset(text, 'a', 19999);
    assert_int_equal(spw__otlp_headers_parse(&headers, text, &error), SPW_ERR_INVALID);
    assert_non_null(strstr(error.text, "longer than"));
    spw__otlp_headers_fini(&headers);
    free(text);
}

static void no_header_survives_null(void **state)
{
    (void)state;
    struct spw__otlp_headers headers;
    assert_int_equal(spw__otlp_headers_parse(&headers, NULL, NULL), SPW_OK);
    assert_int_equal(headers.count, 0);
    assert_int_equal(spw__otlp_headers_parse(&headers, "bad", NULL), SPW_ERR_INVALID);
    spw__otlp_headers_fini(&headers);
}

/* ---- secrets ---- */

static const struct {
    const char *text;
    const char *shown;
} echoes[] = {
    { "nothing to hide", "nothing to hide" },
    { "token canary-token-1 is wrong", "token*** is wrong" }, /* the blank before it is the secret's, too: a run of 8 and more */
    { "CANARY-TOKEN-1", "***" },
    { "Bearer canary-token-1", "***" },
    { "cut: canary-to", "cut:***" },
    { "tail: ry-token-1", "tail: ***" },
    { "tiny=zq!", "tiny=***" },
    { "p%40ssword", "***" },
    { "p@ssword", "***" },
    { "Basic dXNlcjpwQHNzd29yZA==", "Basic ***" },
    { "?key=query-secret", "?***" },
    { "query-secret", "***" },
    { "a\x1b[2J\r\n\tb\x7f\xc3\xbc", "a\\x1b[2J b\\x7f\\xc3\\xbc" },
};

static void secrets_and_control_characters_do_not_come_out(void **state)
{
    (void)state;
    struct spw__otlp_headers headers;
    struct spw__otlp_url url;
    struct spw__otlp_secrets secrets;
    memset(&secrets, 0, sizeof secrets);
    assert_int_equal(spw__otlp_headers_parse(&headers, "authorization=Bearer%20canary-token-1,x-tiny=zq!", NULL), SPW_OK);
    assert_int_equal(spw__otlp_url_parse(&url, "http://user:p%40ssword@c/?key=query-secret", false, "v1/traces", NULL), SPW_OK);
    assert_true(spw__otlp_secrets_fill(&secrets, &headers, &url));
    for (size_t i = 0; i < sizeof echoes / sizeof echoes[0]; i++) {
        char out[200] = "";
        spw__otlp_append_foreign(out, sizeof out, (spw_view){ echoes[i].text, strlen(echoes[i].text) }, &secrets);
        assert_string_equal(out, echoes[i].shown);
    }
    spw__otlp_secrets_fini(&secrets);
    spw__otlp_headers_fini(&headers);
    spw__otlp_url_fini(&url);
}

static void a_small_buffer_holds_whole_pieces(void **state)
{
    (void)state;
    struct spw__otlp_secrets secrets;
    memset(&secrets, 0, sizeof secrets);
    assert_true(spw__otlp_secrets_add(&secrets, (spw_view){ "secret", 6 }));
    for (size_t capacity = 1; capacity < 16; capacity++) {
        char out[17];
        memset(out, 'X', sizeof out);
        out[0] = '\0';
        spw__otlp_append_foreign(out, capacity, (spw_view){ "ab\x01secret\x02", 10 }, &secrets);
        assert_true(strlen(out) < capacity);
        assert_int_equal(out[capacity], 'X');
        assert_null(strstr(out, "sec"));
    }
    spw__otlp_secrets_fini(&secrets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lists),
        cmocka_unit_test(hostile_lists_are_refused_without_their_values),
        cmocka_unit_test(the_list_is_bounded),
        cmocka_unit_test(no_header_survives_null),
        cmocka_unit_test(secrets_and_control_characters_do_not_come_out),
        cmocka_unit_test(a_small_buffer_holds_whole_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
