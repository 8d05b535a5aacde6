/* The query language: what parses and to what, each mistake with its place, the limits, and that printing keeps the meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query.h"

static struct spwv_query query;
static struct spwv_query_error mistake;

static void must_parse(const char *text)
{
    if (!spwv_query_parse(text, strlen(text), &query, &mistake))
        fail_msg("%s: at %zu: %s", text, mistake.at, mistake.text);
}

static const char *printed(const struct spwv_query *parsed)
{
    static char text[4 * SPWV_QUERY_MAX_TEXT];
    struct spwv_buf out;
    spwv_buf_init(&out, sizeof text - 1, NULL);
    spwv_query_print(parsed, &out);
    assert_false(out.failed);
    if (out.size)
        memcpy(text, out.data, out.size);
    text[out.size] = 0;
    spwv_buf_fini(&out);
    return text;
}

static void what_is_valid_means_what_it_prints(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"", ""},
        {"  \t\n ", ""},
        {"chat", "\"chat\""},
        {"GET /users", "\"GET\" and \"/users\""},
        {"error", "status = error"},
        {"ERROR and Not Error", "status = ERROR and not status = Error"},
        {"service = api and duration > 100ms and error and gen_ai.tool.name = search",
         "service = api and duration > 100ms and status = error and \"gen_ai.tool.name\" = search"},
        {"a=1 b=2 or c=3", "\"a\" = 1 and \"b\" = 2 or \"c\" = 3"},
        {"a=1 (b=2 or c=3)", "\"a\" = 1 and (\"b\" = 2 or \"c\" = 3)"},
        {"a=1 and (b=2 and c=3)", "\"a\" = 1 and (\"b\" = 2 and \"c\" = 3)"},
        {"((a=1))", "\"a\" = 1"},
        {"not (a=1 or b=2)", "not (\"a\" = 1 or \"b\" = 2)"},
        {"not not a=1", "not not \"a\" = 1"},
        {"not a=1 b=2", "not \"a\" = 1 and \"b\" = 2"},
        {"{ name = chat error }", "{ name = chat and status = error }"},
        {"{a=1}{b=2}", "{ \"a\" = 1 } and { \"b\" = 2 }"},
        {"not {not (a=1 or b=2)} or x", "not { not (\"a\" = 1 or \"b\" = 2) } or \"x\""},
        {"has gen_ai.tool.name", "has \"gen_ai.tool.name\""},
        {"has \"two words\"", "has \"two words\""},
        {"has resource.host.name has span.x", "has resource.\"host.name\" and has span.\"x\""},
        {"resource.host.name = a", "resource.\"host.name\" = a"},
        {"span.\"two words\" ~ x", "span.\"two words\" ~ x"},
        {"span.name = x", "span.\"name\" = x"},
        {"\"name\" = x", "\"name\" = x"},
        {"name != \"a \\\"b\\\" \\\\c\"", "name != \"a \\\"b\\\" \\\\c\""},
        {"kind = CLIENT status != unset", "kind = CLIENT and status != unset"},
        {"error = 5", "\"error\" = 5"}, /* a keyword with an operator is an attribute */
        {"and = 1 or or = 2", "\"and\" = 1 or \"or\" = 2"},
        {"not = 3", "\"not\" = 3"},
        {"span.duration>=2.5us", "span.duration >= 2.5us"},
        {"spans > 10 errors = 0 tokens <= 5000", "spans > 10 and errors = 0 and tokens <= 5000"},
        {"trace = AB00", "trace = AB00"},
        {"start >= 2026-11-22T10:00:00Z start < 1795348800000000000", "start >= 2026-11-22T10:00:00Z and start < 1795348800000000000"},
        {"a = -1.5e3 b = 1e400 c = NaN", "\"a\" = -1.5e3 and \"b\" = 1e400 and \"c\" = NaN"},
        {"a = true", "\"a\" = true"},
        {"\"error\"", "\"error\""},
        {"http://x:1/a?b&c", "\"http://x:1/a?b&c\""},
        {"\xe2\x82\xac = \xc3\xa4", "\"\xe2\x82\xac\" = \xc3\xa4"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        must_parse(table[i][0]);
        assert_string_equal(printed(&query), table[i][1]);
    }
}

static void mistakes_say_where_and_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        size_t length;
        const char *says;
    } table[] = {
        {"a = \"x", 4, 2, "put \" behind"},
        {"\"a\\n\"", 2, 2, "write \\\\"},
        {"a = 1 and", 9, 0, "a condition is missing"},
        {"and a = 1", 0, 3, "needs a condition before it"},
        {"a or or b", 5, 2, "needs a condition before it"},
        {"not", 3, 0, "a condition is missing"},
        {"(a = 1", 0, 1, "write )"},
        {"x { a = 1", 2, 1, "write }"},
        {"a = 1)", 5, 1, "no ( before"},
        {"a = 1 }", 6, 1, "no { before"},
        {"(a = 1}", 6, 1, "write )"},
        {"{a = 1)", 6, 1, "write }"},
        {"()", 1, 1, "a condition is missing"},
        {"{a = 1 {b = 2}}", 7, 1, "use ( )"},
        {"a =", 2, 1, "no value behind ="},
        {"a = )", 2, 1, "no value behind ="},
        {"= 1", 0, 1, "no field before ="},
        {"a = 1 = 2", 6, 1, "compares nothing"},
        {"a == 1", 2, 2, "== is no operator"},
        {"a =~ 1", 2, 2, "=~ is no operator"},
        {"a <> 1", 2, 2, "<> is no operator"},
        {"a >== 1", 2, 3, ">== is no operator"},
        {"!a", 0, 1, "write not"},
        {"a && b", 2, 2, "write and"},
        {"a || b", 2, 2, "write or"},
        {"has", 0, 3, "has gen_ai.tool.name"},
        {"has =", 4, 1, "no value behind ="},
        {"span.\"x\"", 0, 8, "needs an operator"},
        {"a = span.\"x\"", 4, 8, "quote all of it"},
        {"duration > 100", 11, 3, "unit"},
        {"duration > fast", 11, 4, "unit"},
        {"duration > 99999999h", 11, 9, "unit"},
        {"duration ~ 1s", 9, 1, "use = or !="},
        {"kind = clients", 7, 7, "internal, server"},
        {"kind > client", 5, 1, "has no order"},
        {"status = failed", 9, 6, "unset, ok, error"},
        {"status ~ e", 7, 1, "use = or !="},
        {"spans > many", 8, 4, "spans > 5"},
        {"tokens > 1.5", 9, 3, "whole number"},
        {"trace = xyz", 8, 3, "hex digits"},
        {"trace = 000000000000000000000000000000000", 8, 33, "hex digits"},
        {"start > yesterday", 8, 9, "2026-11-22"},
        {"start > 2026-13-01", 8, 10, "2026-11-22"},
        {"a > 100ms", 4, 5, "quote the text"},
        {"{ duration > 1s }", 2, 8, "span.duration"},
        {"{ x tokens > 1 }", 4, 6, "outside"},
        {"a \x01", 2, 1, "control character"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (spwv_query_parse(table[i].text, strlen(table[i].text), &query, &mistake))
            fail_msg("%s: was taken", table[i].text);
        if (mistake.at != table[i].at || mistake.length != table[i].length || !strstr(mistake.text, table[i].says))
            fail_msg("%s: at %zu+%zu: %s", table[i].text, mistake.at, mistake.length, mistake.text);
    }
}

static int64_t number_of(const char *text)
{
    must_parse(text);
    assert_int_equal(query.nodes[0].value, SPWV_VALUE_INT);
    return query.nodes[0].number.integer;
}

static void numbers_durations_and_times_are_exact(void **state)
{
    (void)state;
    assert_int_equal(number_of("duration > 100ms"), 100000000);
    assert_int_equal(number_of("duration > 1.5s"), 1500000000);
    assert_int_equal(number_of("duration > 3us"), 3000);
    assert_int_equal(number_of("duration > 3\xc2\xb5s"), 3000);
    assert_int_equal(number_of("duration > 9007199254740993ns"), 9007199254740993);
    assert_int_equal(number_of("duration > 1m"), 60000000000);
    assert_int_equal(number_of("duration > 1H"), 3600000000000);
    assert_int_equal(number_of("start > 1970-01-01"), 0);
    assert_int_equal(number_of("start > 2000-03-01"), 951868800000000000);
    assert_int_equal(number_of("start > 2024-02-29T23:59:59.25Z"), 1709251199250000000);
    assert_int_equal(number_of("a = 9223372036854775807"), INT64_MAX);
    assert_int_equal(number_of("a = -9223372036854775808"), INT64_MIN);
    assert_int_equal(number_of("a = 2.0"), 2);
    must_parse("a = 9223372036854775808");
    assert_int_equal(query.nodes[0].value, SPWV_VALUE_DOUBLE);
    must_parse("a = \"5\"");
    assert_int_equal(query.nodes[0].value, SPWV_VALUE_QUOTED);
    must_parse("a = 0x5");
    assert_int_equal(query.nodes[0].value, SPWV_VALUE_WORD);
}

/* `count` times a text between two others. */
static bool repeated(const char *before, const char *text, size_t count, const char *behind)
{
    static char all[2 * SPWV_QUERY_MAX_TEXT];
    size_t size = (size_t)snprintf(all, sizeof all, "%s", before);
    for (size_t i = 0; i < count && size < sizeof all; i++)
        size += (size_t)snprintf(all + size, sizeof all - size, "%s", text);
    size += (size_t)snprintf(all + size, sizeof all - size, "%s", behind);
    return spwv_query_parse(all, size, &query, &mistake);
}

static void limits_hold_and_are_said(void **state)
{
    (void)state;
    assert_true(repeated("", "a=1 ", 64, ""));
    assert_false(repeated("", "a=1 ", 65, ""));
    assert_non_null(strstr(mistake.text, "more than 64 conditions"));
    assert_int_equal(mistake.at, 4 * 64);
    assert_true(repeated("", "(", 16, "a))))))))))))))))"));
    assert_false(repeated("", "(", 17, "a)))))))))))))))))"));
    assert_non_null(strstr(mistake.text, "more than 16 levels"));
    assert_int_equal(mistake.at, 16);
    assert_true(repeated("", "not ", 16, "a"));
    assert_false(repeated("", "not ", 17, "a"));
    assert_true(repeated("not not not not not a", " not not not not not a", 63, "")); /* levels end with their conditions */
    assert_false(repeated("", "not not not not not not not not not a ", 64, ""));
    assert_non_null(strstr(mistake.text, "too many parts"));
    assert_true(repeated("\"", "x", SPWV_QUERY_MAX_TEXT - 2, "\""));
    assert_int_equal(query.nodes[0].text.size, SPWV_QUERY_MAX_TEXT - 2);
    assert_false(repeated("\"", "x", SPWV_QUERY_MAX_TEXT - 1, "\""));
    assert_int_equal(mistake.at, SPWV_QUERY_MAX_TEXT);
}

static void a_nul_is_no_end(void **state)
{
    (void)state;
    assert_false(spwv_query_parse("a\0b", 3, &query, &mistake));
    assert_int_equal(mistake.at, 1);
    assert_false(spwv_query_parse("\"a\0b\"", 5, &query, &mistake));
    assert_int_equal(mistake.at, 2);
    assert_true(spwv_query_parse("a = 1 and b", 5, &query, &mistake)); /* the size is the end */
    assert_int_equal(query.count, 1);
}

/* ---- random queries: printing and parsing again gives the same ---- */

static uint64_t seed = 88172645463325252u;

static unsigned random_below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % limit);
}

static bool same(const struct spwv_query *a, const struct spwv_query *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct spwv_query_node *x = &a->nodes[i], *y = &b->nodes[i];
        struct spwv_slice xk = spwv_query_text(a, x->key), yk = spwv_query_text(b, y->key);
        struct spwv_slice xt = spwv_query_text(a, x->text), yt = spwv_query_text(b, y->text);
        if (x->op != y->op || x->field != y->field || x->where != y->where || x->compare != y->compare || x->value != y->value ||
            x->number.integer != y->number.integer || xk.size != yk.size || xt.size != yt.size || memcmp(xk.data, yk.data, xk.size) != 0 ||
            memcmp(xt.data, yt.data, xt.size) != 0)
            return false;
    }
    return true;
}

static void printing_keeps_the_meaning(void **state)
{
    (void)state;
    static const char *const words[] = {"a = 1",  "b",     "error",     "\"q \\\" x\"", "has k",        "(",    ")",   "{",   "}",  "and",
                                        "or",     "not",   "name ~ x",  "span.x != 2.5", "duration > 1s", "(",    ")",   "not", "or", "resource.\"y z\" < \"\"",
                                        "c = tr", "and",   "kind=client"};
    static struct spwv_query first;
    unsigned parsed = 0;
    for (unsigned round = 0; round < 200000; round++) {
        char text[512] = "";
        size_t size = 0;
        for (unsigned i = random_below(12); i; i--)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s ", words[random_below(sizeof words / sizeof *words)]);
        if (!spwv_query_parse(text, size, &query, &mistake)) {
            assert_true(mistake.at <= size && mistake.at + mistake.length <= size && mistake.text[0]);
            continue;
        }
        parsed++;
        first = query;
        must_parse(printed(&first));
        if (!same(&first, &query))
            fail_msg("%s: printed as %s", text, printed(&first));
    }
    assert_true(parsed > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_valid_means_what_it_prints), cmocka_unit_test(mistakes_say_where_and_what_to_do),
        cmocka_unit_test(numbers_durations_and_times_are_exact), cmocka_unit_test(limits_hold_and_are_said),
        cmocka_unit_test(a_nul_is_no_end), cmocka_unit_test(printing_keeps_the_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
