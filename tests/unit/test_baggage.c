/* Baggage: the operations, and the W3C header in and out. Without an SDK. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <spanwire/spanwire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/platform.h"
#include "support/cost.h"

static uint64_t lost(void)
{
    spw_context_stats counts = SPW_CONTEXT_STATS_INIT;
    spw_context_stats_get(&counts);
    return counts.baggage_lost;
}

static spw_context plus(spw_context base, const char *name, const char *value)
{
    spw_context next = spw_baggage_set(&base, name, value);
    spw_context_release(&base);
    return next;
}

/* ---- operations ---- */

static void what_is_set_is_got(void **state)
{
    (void)state;
    spw_context context = plus(plus((spw_context){ 0 }, "a", "B% \xf0\x9f\x92\xbc"), "A", "c");
    assert_string_equal(spw_baggage_get(&context, "a"), "B% \xf0\x9f\x92\xbc");
    assert_string_equal(spw_baggage_get(&context, "A"), "c");
    assert_null(spw_baggage_get(&context, "b"));
    assert_null(spw_baggage_get(&context, ""));
    assert_null(spw_baggage_get(&context, NULL));
    assert_null(spw_baggage_get(NULL, "a")); /* nothing is current */
    spw_token token = spw_context_attach(&context);
    assert_string_equal(spw_baggage_get(NULL, "a"), "B% \xf0\x9f\x92\xbc");
    spw_context_detach(token);
    spw_context_release(&context);
}

static void baggage_is_immutable(void **state)
{
    (void)state;
    spw_context one = spw_baggage_set(NULL, "a", "1");
    spw_context two = spw_baggage_set(&one, "a", "2");
    spw_context none = spw_baggage_remove(&two, "a");
    spw_context same = spw_baggage_remove(&two, "b");
    assert_string_equal(spw_baggage_get(&one, "a"), "1");
    assert_string_equal(spw_baggage_get(&two, "a"), "2");
    assert_string_equal(spw_baggage_get(&same, "a"), "2");
    assert_null(spw_baggage_get(&none, "a"));
    assert_null(none.values);
    spw_context_release(&one);
    assert_string_equal(spw_baggage_get(&two, "a"), "2");
    spw_context_release(&two);
    spw_context_release(&none);
    spw_context_release(&same);
}

static void entries_are_listed_in_the_order_they_were_set(void **state)
{
    (void)state;
    spw_context context = spw_baggage_set_with_metadata(NULL, "first", "1", "ttl=30;private");
    context = plus(plus(plus(context, "second", ""), "third", NULL), "second", "again");
    static const char *const want[][3] = { { "first", "1", "ttl=30;private" }, { "third", "", "" }, { "second", "again", "" } };
    size_t cursor = 0, n = 0;
    for (spw_baggage_entry entry; spw_baggage_next(&context, &cursor, &entry); n++) {
        assert_string_equal(entry.name.data, want[n][0]);
        assert_string_equal(entry.value.data, want[n][1]);
        assert_string_equal(entry.metadata.data, want[n][2]);
        assert_int_equal(entry.name.size, strlen(want[n][0]));
        assert_int_equal(entry.value.size, strlen(want[n][1]));
    }
    assert_int_equal(n, 3);
    assert_int_equal(spw_baggage_count(&context), 3);
    spw_context_release(&context);
    assert_int_equal(spw_baggage_count(&context), 0);
}

static void clearing_leaves_the_rest_of_the_context(void **state)
{
    (void)state;
    static const spw_context_key key = { "kept", NULL };
    int x;
    spw_context context = spw_context_with_value(NULL, &key, &x);
    context = plus(context, "secret", "1");
    context.span.trace_id[0] = 1;
    spw_context cleared = spw_baggage_clear(&context);
    assert_int_equal(spw_baggage_count(&cleared), 0);
    assert_ptr_equal(spw_context_value(&cleared, &key), &x);
    assert_int_equal(cleared.span.trace_id[0], 1);
    assert_int_equal(spw_baggage_count(&context), 1);
    spw_context_release(&cleared);
    spw_context_release(&context);
    cleared = spw_baggage_clear(NULL);
    assert_null(cleared.values);
}

static void what_is_not_allowed_is_refused_and_counted(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        { "", "1", "" },        { NULL, "1", "" },         { "\xff", "1", "" },       { "a", "\xff", "" },  { "a", "\xed\xa0\x80", "" },
        { "a", "1", "k=1,b=2" }, { "a", "1", "k=\"quoted\"" }, { "a", "1", "k\r\nEvil: 1" }, { "a", "1", "\xc3\xa9" }, { "a", "1", "a\\b" },
    };
    spw_context base = spw_baggage_set(NULL, "kept", "1");
    uint64_t before = lost();
    size_t n = sizeof wrong / sizeof wrong[0];
    for (size_t i = 0; i < n; i++) {
        spw_context same = spw_baggage_set_with_metadata(&base, wrong[i][0], wrong[i][1], wrong[i][2]);
        assert_ptr_equal(same.values, base.values);
        spw_context_release(&same);
    }
    assert_int_equal(lost() - before, n);
    spw_context_release(&base);
}

static void a_process_holds_256_entries_and_64_kib(void **state)
{
    (void)state;
    uint64_t before = lost();
    spw_context context = { 0 };
    char name[16];
    for (int i = 0; i < SPW_MAX_BAGGAGE_ENTRIES + 3; i++) {
        snprintf(name, sizeof name, "n%d", i);
        context = plus(context, name, "v");
    }
    assert_int_equal(spw_baggage_count(&context), SPW_MAX_BAGGAGE_ENTRIES);
    assert_int_equal(lost() - before, 3);
    context = plus(context, "n7", "replaced"); /* full, but not more */
    assert_string_equal(spw_baggage_get(&context, "n7"), "replaced");
    spw_context_release(&context);
    char *large = malloc(SPW_MAX_BAGGAGE_BYTES + 1);
    memset(large, 'x', SPW_MAX_BAGGAGE_BYTES);
    large[SPW_MAX_BAGGAGE_BYTES] = '\0';
    context = plus((spw_context){ 0 }, "a", large);
    assert_int_equal(spw_baggage_count(&context), 0);
    large[SPW_MAX_BAGGAGE_BYTES - 1] = '\0';
    context = plus(context, "a", large); /* to the byte */
    assert_int_equal(spw_baggage_count(&context), 1);
    context = plus(context, "b", "");
    assert_int_equal(spw_baggage_count(&context), 1);
    spw_context_release(&context);
    free(large);
    assert_int_equal(lost() - before, 5);
}

/* ---- the header ---- */

/* What is extracted, as `name=value[;metadata]|...`; the base's own entry when nothing was. */
static const char *read_headers(const spw_header *headers, size_t count)
{
    static char text[20000];
    spw_context base = spw_baggage_set(NULL, "base", "stays");
    spw_context context = spw_extract_headers(&base, headers, count);
    size_t cursor = 0, used = 0;
    text[0] = '\0';
    for (spw_baggage_entry entry; spw_baggage_next(&context, &cursor, &entry);)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s%s%s", used ? "|" : "", entry.name.data, entry.value.data,
                                 entry.metadata.size ? ";" : "", entry.metadata.data);
    spw_context_release(&context);
    spw_context_release(&base);
    return text;
}

static const char *read_header(const char *value)
{
    const spw_header header = { "Baggage", value };
    return read_headers(&header, 1);
}

#define NOTHING "base=stays"

static void headers_are_read_as_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const char *header, *want;
        unsigned lost;
    } rows[] = {
        { "userId=alice,serverNode=DF%2028,isProduction=false", "userId=alice|serverNode=DF 28|isProduction=false", 0 },
        { "userId=Am%C3%A9lie", "userId=Am\xc3\xa9lie", 0 },
        { "userId =   alice , a\t=\tb", "userId=alice|a=b", 0 },
        { "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue",
          "key1=value1;property1;property2|key2=value2|key3=value3;propertyKey=propertyValue", 0 },
        { "a=b=c==", "a=b=c==", 0 },
        { "a=", "a=", 0 },
        { "a=;p", "a=;p", 0 },
        { "a=1;", "a=1", 0 },
        { "a=1,,b=2,", "a=1|b=2", 0 },
        { "a=1,b=2,a=3", "b=2|a=3", 0 }, /* the last counts */
        { "A=1,a=2", "A=1|a=2", 0 },
        { "!#$%&'*+-.^_`|~09azAZ=1", "!#$%&'*+-.^_`|~09azAZ=1", 0 },
        { "a=%ff", "a=\xef\xbf\xbd", 0 }, /* not UTF-8: U+FFFD */
        { "a=%C3x%E2%82", "a=\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd", 0 },
        { "a=100%,b=%zz,c=%4,d=%41", "a=100%|b=%zz|c=%4|d=A", 0 },
        { "a=%2C%3b%22%5C", "a=,;\"\\", 0 },
        { "a=%e4%b8%ad", "a=\xe4\xb8\xad", 0 },
        { "", NOTHING, 0 },
        { " \t ", NOTHING, 0 },
        { ",,,", NOTHING, 0 },
        { "a", NOTHING, 1 },
        { "=1", NOTHING, 1 },
        { " =1", NOTHING, 1 },
        { ";a=1", NOTHING, 1 },
        { "a b=1", NOTHING, 1 },
        { "a=b c", NOTHING, 1 },
        { "a=\"b\"", NOTHING, 1 },
        { "a=b\\c", NOTHING, 1 },
        { "a=\xc3\xa9", NOTHING, 1 },
        { "\xc3\xa9=1", NOTHING, 1 },
        { "a(=1", NOTHING, 1 },
        { "a=\x01", NOTHING, 1 },
        { "a=b\x7f", NOTHING, 1 },
        { "a=1;p\x01", NOTHING, 1 },
        { "a=1;\"p\"", NOTHING, 1 },
        { "bad key=1,ok=2,b=\x02,c=3", "ok=2|c=3", 2 }, /* the others stay */
        { "a=1\r\nEvil: 1", NOTHING, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = lost();
        const char *got = read_header(rows[i].header);
        if (strcmp(got, rows[i].want) != 0 || lost() - before != rows[i].lost)
            fail_msg("%s gave %s, %u lost", rows[i].header, got, (unsigned)(lost() - before));
    }
}

static void several_headers_are_one_list(void **state)
{
    (void)state;
    static const spw_header headers[] = {
        { "baggage", "userId=alice" }, { "Content-Type", "text/plain" }, { "BAGGAGE", "" }, { "Baggage", "serverNode=DF%2028,userId=bob" },
    };
    assert_string_equal(read_headers(headers, 4), "serverNode=DF 28|userId=bob");
}

static char *repeat(const char *piece, size_t times)
{
    size_t size = strlen(piece);
    char *text = malloc(size * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * size, piece, size);
    text[size * times] = '\0';
    return text;
}

static size_t count_read(const spw_header *headers, size_t count)
{
    spw_context context = spw_extract_headers(NULL, headers, count);
    size_t n = spw_baggage_count(&context);
    spw_context_release(&context);
    return n;
}

static void at_most_64_members_and_8192_bytes_come_in(void **state)
{
    (void)state;
    char text[1200];
    for (unsigned members = 63; members <= 66; members++) {
        uint64_t before = lost();
        size_t used = 0;
        for (unsigned i = 0; i < members; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%sk%u=v", i ? "," : "", i);
        const spw_header header = { "baggage", text };
        assert_int_equal(count_read(&header, 1), members < 64 ? members : 64);
        assert_int_equal(lost() - before, members < 64 ? 0 : members - 64);
    }
    for (size_t size = 8191; size <= 8193; size++) { /* the last member ends at the limit, or is left off whole */
        char *large = repeat("x", size);
        memcpy(large, "a=1,b=", 6);
        const spw_header header = { "baggage", large };
        uint64_t before = lost();
        assert_int_equal(count_read(&header, 1), size <= 8192 ? 2 : 1);
        assert_int_equal(lost() - before, size <= 8192 ? 0 : 1);
        const spw_header two[] = { { "baggage", "first=1" }, header }; /* the limit is for all headers together */
        assert_int_equal(count_read(two, 2), 2);
        free(large);
    }
}

static void hostile_headers_cost_no_time(void **state)
{
    (void)state;
    static const char *const pieces[] = { ",", " ", "a=1,", "=", "a", "\xff", "a=%ff,", "%", ";", "a=1;p," };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char *text = repeat(pieces[i], (1u << 20) / strlen(pieces[i]));
        uint64_t begun = cost_cpu_ns();
        for (int round = 0; round < 10; round++)
            (void)read_header(text);
        uint64_t each = (cost_cpu_ns() - begun) / 10;
        if (each > COST_FACTOR * 1000000)
            fail_msg("%llu ns for a megabyte of \"%s\"", (unsigned long long)each, pieces[i]);
        free(text);
    }
}

/* ---- out ---- */

struct field {
    char name[16], value[10000];
    int times;
};

static void put(void *carrier, const char *name, const char *value)
{
    struct field *field = carrier;
    snprintf(field->name, sizeof field->name, "%s", name);
    snprintf(field->value, sizeof field->value, "%s", value);
    field->times++;
}

static const char *written(const spw_context *context)
{
    static struct field field;
    field = (struct field){ .times = 0 };
    spw_inject(context, put, &field);
    assert_true(field.times <= 1);
    if (field.times)
        assert_string_equal(field.name, "baggage");
    return field.value;
}

static void values_are_percent_encoded(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "DF 28", "a=DF%2028" },           { "Am\xc3\xa9lie", "a=Am%C3%A9lie" }, { "", "a=" },
        { "100%", "a=100%25" },             { "a,b;c\"d\\e", "a=a%2Cb%3Bc%22d%5Ce" }, { "x=y==", "a=x=y==" },
        { "\r\nEvil: 1", "a=%0D%0AEvil:%201" }, { "!#$&'()*+-./:<>?@[]^_`{|}~", "a=!#$&'()*+-./:<>?@[]^_`{|}~" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spw_context context = spw_baggage_set(NULL, "a", rows[i][0]);
        assert_string_equal(written(&context), rows[i][1]);
        spw_context_release(&context);
    }
}

static void every_value_comes_back(void **state)
{
    (void)state;
    srandom(5);
    for (int round = 0; round < 2000; round++) {
        char value[40];
        size_t size = 0, want = (size_t)random() % 12;
        while (size < want) {
            uint32_t c = 1 + (uint32_t)random() % 0x7ff; /* one or two bytes */
            if (c >= 0x80)
                value[size++] = (char)(0xc0 | c >> 6);
            value[size++] = (char)(c < 0x80 ? c : (0x80 | (c & 0x3f)));
        }
        value[size] = '\0';
        spw_context context = spw_baggage_set_with_metadata(NULL, "k", value, round % 2 ? "p=1; q" : NULL);
        spw_header header = { "baggage", written(&context) };
        spw_context back = spw_extract_headers(NULL, &header, 1);
        assert_string_equal(spw_baggage_get(&back, "k"), value);
        size_t cursor = 0;
        spw_baggage_entry entry;
        assert_true(spw_baggage_next(&back, &cursor, &entry));
        assert_string_equal(entry.metadata.data, round % 2 ? "p=1; q" : "");
        spw_context_release(&context);
        spw_context_release(&back);
    }
}

static void names_that_are_no_tokens_stay_at_home(void **state)
{
    (void)state;
    uint64_t before = lost();
    spw_context context = plus(plus(plus((spw_context){ 0 }, "with space", "1"), "ok", "2"), "\xc3\xa9", "3");
    assert_string_equal(spw_baggage_get(&context, "with space"), "1");
    assert_string_equal(written(&context), "ok=2");
    assert_int_equal(lost() - before, 2);
    spw_context_release(&context);
    context = spw_baggage_set(NULL, "a\r\nEvil: ", "1");
    assert_string_equal(written(&context), "");
    spw_context_release(&context);
}

static void at_most_64_members_and_8192_bytes_go_out(void **state)
{
    (void)state;
    uint64_t before = lost();
    spw_context context = { 0 };
    char name[16], want[1200] = "";
    for (size_t i = 0, used = 0; i < 70; i++) {
        snprintf(name, sizeof name, "n%zu", i);
        context = plus(context, name, "v");
        if (i < 64)
            used += (size_t)snprintf(want + used, sizeof want - used, "%sn%zu=v", i ? "," : "", i);
    }
    assert_string_equal(written(&context), want);
    assert_int_equal(lost() - before, 6);
    spw_context_release(&context);
    for (size_t size = 8186; size <= 8188; size++) { /* "a=1,b=" are 6 */
        char *large = repeat("x", size - 1);
        context = plus(plus(plus((spw_context){ 0 }, "a", "1"), "b", large), "c", "behind it");
        before = lost();
        assert_int_equal(strlen(written(&context)), size == 8186 ? 8191 : size == 8187 ? 8192 : 3); /* no part of a member */
        assert_int_equal(lost() - before, size <= 8187 ? 1 : 2);
        spw_context_release(&context);
        free(large);
    }
}

static void no_baggage_is_no_header(void **state)
{
    (void)state;
    const spw_context root = { 0 };
    assert_string_equal(written(&root), "");
    spw_context quiet = spw_context_with_suppression(NULL);
    assert_string_equal(written(&quiet), "");
    spw_context_release(&quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_got),
        cmocka_unit_test(baggage_is_immutable),
        cmocka_unit_test(entries_are_listed_in_the_order_they_were_set),
        cmocka_unit_test(clearing_leaves_the_rest_of_the_context),
        cmocka_unit_test(what_is_not_allowed_is_refused_and_counted),
        cmocka_unit_test(a_process_holds_256_entries_and_64_kib),
        cmocka_unit_test(headers_are_read_as_the_standard_says),
        cmocka_unit_test(several_headers_are_one_list),
        cmocka_unit_test(at_most_64_members_and_8192_bytes_come_in),
        cmocka_unit_test(hostile_headers_cost_no_time),
        cmocka_unit_test(values_are_percent_encoded),
        cmocka_unit_test(every_value_comes_back),
        cmocka_unit_test(names_that_are_no_tokens_stay_at_home),
        cmocka_unit_test(at_most_64_members_and_8192_bytes_go_out),
        cmocka_unit_test(no_baggage_is_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
