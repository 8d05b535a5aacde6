/* Arrays and maps: what arrives of them, and what is over a budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/capture.h"

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
#define CASE(name) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##name

static capture *c;

static int start_with(const spw_options *options)
{
    alarm(60);
    c = capture_new();
    capture_start(c, options);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(NULL);
}

static int start_short(void **state)
{
    (void)state;
    spw_options options = SPW_OPTIONS_INIT;
    options.max_value_length = 3;
    return start_with(&options);
}

static int stop(void **state)
{
    (void)state;
    alarm(0);
    capture_stop(c);
    return 0;
}

static const capture_span *end(spw_span span, const char *name)
{
    spw_span_end(span);
    assert_int_equal(spw_flush(20000), SPW_OK);
    const capture_span *got = capture_named(c, name);
    assert_non_null(got);
    return got;
}

static const any_value *value_of(const capture_span *span, const char *key)
{
    const capture_attr *attr = capture_find(span->attributes, span->n_attributes, key);
    assert_non_null(attr);
    return attr->value;
}

static const any_value *element(const any_value *array, size_t i)
{
    assert_int_equal(array->value_case, CASE(ARRAY_VALUE));
    assert_true(i < array->array_value->n_values);
    return array->array_value->values[i];
}

static size_t elements(const any_value *array)
{
    assert_int_equal(array->value_case, CASE(ARRAY_VALUE));
    return array->array_value->n_values;
}

static const any_value *entry(const any_value *map, const char *key)
{
    assert_int_equal(map->value_case, CASE(KVLIST_VALUE));
    const capture_attr *found = capture_find(map->kvlist_value->values, map->kvlist_value->n_values, key);
    assert_non_null(found);
    return found->value;
}

/* A tree of every type, and what must have become of it. */
static spw_value every_type(void)
{
    static const spw_value inner[] = { { SPW_VALUE_INT, { { NULL, 0 } } }, { SPW_VALUE_EMPTY, { { NULL, 0 } } } };
    static spw_attr entries[4];
    static spw_value list[8];
    entries[0] = spw_attr_array("array", inner, 2);
    entries[1] = spw_attr_map("no entries", NULL, 0);
    entries[2] = spw_attr_string("", "an empty key is a key");
    entries[3] = spw_attr_array("no elements", NULL, 5);
    list[0] = spw_value_string("text");
    list[1] = spw_value_bool(true);
    list[2] = spw_value_int(INT64_MIN);
    list[3] = spw_value_double(-0.5);
    list[4] = spw_value_bytes("\0\xff", 2);
    list[5] = spw_value_empty();
    list[6] = spw_value_map(entries, 4);
    list[7] = spw_value_string("bad\xff");
    return spw_value_array(list, 8);
}

static void expect_every_type(const any_value *got)
{
    assert_int_equal(elements(got), 8);
    assert_string_equal(element(got, 0)->string_value, "text");
    assert_int_equal(element(got, 1)->value_case, CASE(BOOL_VALUE));
    assert_true(element(got, 1)->bool_value);
    assert_int_equal(element(got, 2)->int_value, INT64_MIN);
    assert_true(element(got, 3)->double_value == -0.5);
    assert_memory_equal(element(got, 4)->bytes_value.data, "\0\xff", 2);
    assert_int_equal(element(got, 5)->value_case, CASE(_NOT_SET));
    const any_value *map = element(got, 6);
    assert_int_equal(map->kvlist_value->n_values, 4);
    assert_int_equal(element(entry(map, "array"), 0)->value_case, CASE(INT_VALUE));
    assert_int_equal(element(entry(map, "array"), 1)->value_case, CASE(_NOT_SET));
    assert_int_equal(entry(map, "no entries")->kvlist_value->n_values, 0);
    assert_string_equal(entry(map, "")->string_value, "an empty key is a key");
    assert_int_equal(elements(entry(map, "no elements")), 0);
    assert_int_equal(element(got, 7)->value_case, CASE(BYTES_VALUE)); /* not UTF-8 */
    assert_int_equal(element(got, 7)->bytes_value.len, 4);
}

static void trees_go_wherever_an_attribute_goes(void **state)
{
    (void)state;
    const spw_value tree = every_type();
    const spw_attr attrs[] = { spw_attr_value("tree", tree), spw_attr_int("beside", 1) };
    spw_link link = { spw_span_start(NULL, "linked", NULL), attrs, 2 };
    spw_span_options options = SPW_SPAN_OPTIONS_INIT;
    options.attributes = attrs;
    options.attribute_count = 2;
    options.links = &link;
    options.link_count = 1;
    spw_span span = spw_span_start(NULL, "trees", &options);
    spw_set_value(span, "by a setter", &tree);
    const spw_attr other = spw_attr_value("in a list", tree);
    spw_set_attrs(span, &other, 1);
    spw_add_event(span, "event", attrs, 2);
    spw_span_end(link.span);
    const capture_span *got = end(span, "trees");
    assert_int_equal(got->n_attributes, 4);
    assert_int_equal(got->dropped_attributes_count, 0);
    expect_every_type(value_of(got, "tree"));
    expect_every_type(value_of(got, "by a setter"));
    expect_every_type(value_of(got, "in a list"));
    assert_int_equal(capture_int(got, "beside"), 1);
    expect_every_type(capture_find(got->events[0]->attributes, 2, "tree")->value);
    expect_every_type(capture_find(got->links[0]->attributes, 2, "tree")->value);
}

static void scalars_are_values_too(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "scalars", NULL);
    const spw_value text = spw_value_string("text"), none = spw_value_empty();
    spw_set_value(span, "text", &text);
    spw_set_value(span, "empty", &none);
    spw_set_value(span, "null", NULL);
    const capture_span *got = end(span, "scalars");
    assert_string_equal(capture_string(got, "text"), "text");
    assert_int_equal(value_of(got, "empty")->value_case, CASE(_NOT_SET));
    assert_int_equal(value_of(got, "null")->value_case, CASE(_NOT_SET));
}

static void the_last_value_wins_whatever_its_type(void **state)
{
    (void)state;
    const spw_value tree = every_type();
    spw_span span = spw_span_start(NULL, "last", NULL);
    spw_set_value(span, "k", &tree);
    spw_set(span, "k", 7);
    spw_set(span, "t", "text");
    spw_set_value(span, "t", &tree);
    const capture_span *got = end(span, "last");
    assert_int_equal(got->n_attributes, 2);
    assert_int_equal(capture_int(got, "k"), 7);
    expect_every_type(value_of(got, "t"));
}

static void arrays_of_one_type(void **state)
{
    (void)state;
    static const char *const texts[] = { "stop", "", NULL, "length" };
    static const int64_t numbers[] = { 0, -1, INT64_MAX, INT64_MIN };
    static const double reals[] = { 0.5, -0.0 };
    static const bool truths[] = { true, false, true };
    spw_span span = spw_span_start(NULL, "arrays", NULL);
    spw_set_strings(span, "texts", texts, 4);
    spw_set_ints(span, "numbers", numbers, 4);
    spw_set_doubles(span, "reals", reals, 2);
    spw_set_bools(span, "truths", truths, 3);
    spw_set_strings(span, "none", NULL, 3);
    spw_set_ints(span, "", numbers, 4); /* no key: counted */
    const capture_span *got = end(span, "arrays");
    assert_int_equal(got->n_attributes, 5);
    assert_int_equal(got->dropped_attributes_count, 1);
    assert_int_equal(elements(value_of(got, "texts")), 4);
    assert_string_equal(element(value_of(got, "texts"), 0)->string_value, "stop");
    assert_int_equal(element(value_of(got, "texts"), 1)->value_case, CASE(STRING_VALUE));
    assert_int_equal(element(value_of(got, "texts"), 2)->value_case, CASE(_NOT_SET)); /* null stays null */
    assert_string_equal(element(value_of(got, "texts"), 3)->string_value, "length");
    for (size_t i = 0; i < 4; i++)
        assert_true(element(value_of(got, "numbers"), i)->int_value == numbers[i]);
    assert_true(element(value_of(got, "reals"), 0)->double_value == 0.5);
    assert_int_equal(elements(value_of(got, "truths")), 3);
    assert_false(element(value_of(got, "truths"), 1)->bool_value);
    assert_int_equal(elements(value_of(got, "none")), 0);
}

static void the_limit_on_lengths_holds_inside(void **state)
{
    (void)state;
    static const char *const texts[] = { "123456", "12", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac" };
    const spw_value list[] = { spw_value_string("123456"), spw_value_bytes("123456", 6) };
    const spw_attr entries[] = { spw_attr_array("a key is not cut", list, 2), spw_attr_string("text", "123456") };
    const spw_value map = spw_value_map(entries, 2);
    spw_span span = spw_span_start(NULL, "short", NULL);
    spw_set_value(span, "map", &map);
    spw_set_strings(span, "texts", texts, 3);
    const capture_span *got = end(span, "short");
    const any_value *array = entry(value_of(got, "map"), "a key is not cut");
    assert_string_equal(element(array, 0)->string_value, "123");
    assert_int_equal(element(array, 1)->bytes_value.len, 3);
    assert_string_equal(entry(value_of(got, "map"), "text")->string_value, "123");
    assert_string_equal(element(value_of(got, "texts"), 0)->string_value, "123");
    assert_string_equal(element(value_of(got, "texts"), 1)->string_value, "12");
    assert_string_equal(element(value_of(got, "texts"), 2)->string_value, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
}

/* ---- equal keys ---- */

static void of_equal_keys_in_a_map_the_last_counts(void **state)
{
    (void)state;
    const spw_attr few[] = { spw_attr_int("a", 1), spw_attr_int("b", 2), spw_attr_int("a", 3), spw_attr_int(NULL, 4), spw_attr_int("", 5) };
    const spw_attr repaired[] = { spw_attr_int("k\xff", 1), spw_attr_int("k\xfe", 2), spw_attr_int("other", 3) };
    const spw_value first = spw_value_map(few, 5), second = spw_value_map(repaired, 3);
    spw_span span = spw_span_start(NULL, "equal", NULL);
    spw_set_value(span, "few", &first);
    spw_set_value(span, "repaired", &second);
    const capture_span *got = end(span, "equal");
    const any_value *map = value_of(got, "few");
    assert_int_equal(map->kvlist_value->n_values, 3);
    assert_int_equal(entry(map, "a")->int_value, 3);
    assert_int_equal(entry(map, "")->int_value, 5);
    map = value_of(got, "repaired");
    assert_int_equal(map->kvlist_value->n_values, 2);
    assert_int_equal(entry(map, "k\xef\xbf\xbd")->int_value, 2);
}

enum { MANY = 1024 };
static char keys[MANY + 1][1030];
static spw_attr many[MANY + 1];

static void fill_many(size_t different)
{
    for (size_t i = 0; i <= MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "the same beginning %zu the same end", i % different);
        many[i] = spw_attr_int(keys[i], (int64_t)i);
    }
}

static void large_maps_are_searched_too(void **state)
{
    (void)state;
    spw_span span = spw_span_start(NULL, "large", NULL);
    fill_many(MANY + 1);
    const spw_value full = spw_value_map(many, MANY);
    spw_set_value(span, "full", &full);
    fill_many(200);
    const spw_value twice = spw_value_map(many, 400);
    spw_set_value(span, "twice", &twice);
    fill_many(MANY - 1); /* one double, at the ends: more comparisons than there is patience for */
    spw_set_value(span, "too many comparisons", &full);
    const capture_span *got = end(span, "large");
    assert_int_equal(value_of(got, "full")->kvlist_value->n_values, MANY);
    assert_int_equal(value_of(got, "twice")->kvlist_value->n_values, 200);
    assert_int_equal(entry(value_of(got, "twice"), "the same beginning 7 the same end")->int_value, 207);
    assert_int_equal(got->n_attributes, 2);
    assert_int_equal(got->dropped_attributes_count, 1);
}

/* ---- budgets ---- */

/* Arrays in arrays: `depth` of them. */
static spw_value nested(spw_value *storage, size_t depth)
{
    storage[0] = spw_value_array(NULL, 0);
    for (size_t i = 1; i < depth; i++)
        storage[i] = spw_value_array(&storage[i - 1], 1);
    return storage[depth - 1];
}

static void what_is_too_deep_is_dropped_whole(void **state)
{
    (void)state;
    static spw_value storage[100000];
    spw_span span = spw_span_start(NULL, "deep", NULL);
    static const size_t depths[] = { 30, 31, 100000 };
    static const char *const names[] = { "30", "31", "100000" };
    for (size_t i = 0; i < 3; i++) {
        const spw_value value = nested(storage, depths[i]);
        spw_set_value(span, names[i], &value);
        const spw_attr attr = spw_attr_value("in an event", value);
        spw_add_event(span, names[i], &attr, 1);
    }
    spw_set(span, "after", 1);
    const capture_span *got = end(span, "deep");
    assert_int_equal(got->n_attributes, 2);
    assert_int_equal(got->dropped_attributes_count, 2);
    const any_value *at = value_of(got, "30");
    for (size_t depth = 1; depth < 30; depth++)
        at = element(at, 0);
    assert_int_equal(elements(at), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got->events[i]->n_attributes, i == 0);
        assert_int_equal(got->events[i]->dropped_attributes_count, i != 0);
    }
}

static void too_many_containers_are_dropped_whole(void **state)
{
    (void)state;
    static spw_value list[1024];
    for (size_t i = 0; i < 1024; i++)
        list[i] = i % 2 ? spw_value_array(NULL, 0) : spw_value_map(NULL, 0);
    const spw_value most = spw_value_array(list, 1023), over = spw_value_array(list, 1024);
    spw_span span = spw_span_start(NULL, "many", NULL);
    spw_set_value(span, "most", &most); /* and itself */
    spw_set_value(span, "over", &over);
    const capture_span *got = end(span, "many");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(elements(value_of(got, "most")), 1023);
    assert_int_equal(got->dropped_attributes_count, 1);
}

static void what_no_value_is_drops_the_whole(void **state)
{
    (void)state;
    static const int types[] = { SPW_VALUE_ENCODED_ARRAY, SPW_VALUE_ENCODED_MAP, 8, -1, 0x10005 };
    spw_span span = spw_span_start(NULL, "wrong", NULL);
    for (size_t i = 0; i < 5; i++) {
        spw_value inner = spw_value_bytes("\x0a\x00", 2);
        inner.type = (spw_value_type)types[i];
        const spw_value array = spw_value_array(&inner, 1);
        spw_set_value(span, "array", &array);
        spw_set_value(span, "itself", &inner);
    }
    fill_many(MANY + 1);
    const spw_value map = spw_value_map(many, MANY + 1);
    spw_set_value(span, "a map of 1025", &map);
    memset(keys[0], 'k', 1025);
    keys[0][1025] = '\0';
    many[0] = spw_attr_int(keys[0], 1);
    const spw_value long_key = spw_value_map(many, 2);
    spw_set_value(span, "a key of 1025", &long_key);
    many[0].key.size = 1024;
    spw_set_value(span, "a key of 1024", &long_key);
    const capture_span *got = end(span, "wrong");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(value_of(got, "a key of 1024")->kvlist_value->n_values, 2);
    assert_int_equal(got->dropped_attributes_count, 12);
}

static void what_is_too_long_is_dropped_whole(void **state)
{
    (void)state;
    static char text[1u << 20];
    static spw_value list[200000];
    static int64_t numbers[600000];
    memset(text, 'x', sizeof text);
    const spw_value half = spw_value_string_n(text, sizeof text / 2);
    for (size_t i = 0; i < 200000; i++)
        list[i] = i < 2 ? half : spw_value_int(1);
    const spw_value two = spw_value_array(list, 2), one = spw_value_array(list + 1, 100000), over = spw_value_array(list + 2, 199998);
    spw_span span = spw_span_start(NULL, "long", NULL);
    spw_set_value(span, "two halves", &two);
    spw_set_value(span, "one half, and numbers", &one); /* 512 KiB and 400 kB */
    spw_set_value(span, "no more room", &two);
    spw_set_value(span, "numbers", &over); /* would fit a span of its own */
    spw_set_ints(span, "ints", numbers, 600000);
    spw_span other = spw_span_start(NULL, "other", NULL);
    spw_set_value(other, "numbers", &over);
    spw_set_ints(other, "too many", numbers, 600000);
    spw_set_ints(other, "many", numbers, 40000);
    const capture_span *got = end(span, "long");
    assert_int_equal(got->n_attributes, 1);
    assert_int_equal(got->dropped_attributes_count, 4);
    assert_int_equal(elements(value_of(got, "one half, and numbers")), 100000);
    assert_int_equal(strlen(element(value_of(got, "one half, and numbers"), 0)->string_value), sizeof text / 2);
    got = end(other, "other");
    assert_int_equal(elements(value_of(got, "numbers")), 199998);
    assert_int_equal(elements(value_of(got, "many")), 40000);
    assert_int_equal(got->dropped_attributes_count, 1);
}

/* Across the borders of the slot's own log and of its extents. */
static void trees_of_every_length_come_through(void **state)
{
    (void)state;
    static char text[9000];
    memset(text, 'x', sizeof text);
    for (size_t size = 700; size < 9000; size += size < 1000 ? 1 : 37) {
        char name[16];
        snprintf(name, sizeof name, "%zu", size);
        const spw_attr inner[] = { spw_attr_string_n("x", text, size), spw_attr_bool("end", true) };
        const spw_value list[] = { spw_value_map(inner, 2), spw_value_int((int64_t)size) };
        const spw_value tree = spw_value_array(list, 2);
        spw_span span = spw_span_start(NULL, name, NULL);
        spw_set_value(span, "tree", &tree);
        spw_set_value(span, "again", &tree);
        const capture_span *got = end(span, name);
        for (int i = 0; i < 2; i++) {
            const any_value *array = value_of(got, i ? "tree" : "again");
            assert_int_equal(strlen(entry(element(array, 0), "x")->string_value), size);
            assert_true(entry(element(array, 0), "end")->bool_value);
            assert_int_equal(element(array, 1)->int_value, size);
        }
    }
}

static void a_view_is_a_text_or_is_not(void **state)
{
    (void)state;
    const spw_view view = { "db.system", 9 }, nothing = { NULL, 0 };
    assert_true(spw_view_is(view, "db.system"));
    assert_false(spw_view_is(view, "db.syste"));
    assert_false(spw_view_is(view, "db.system "));
    assert_false(spw_view_is(view, "db.sYstem"));
    assert_false(spw_view_is(view, NULL));
    assert_true(spw_view_is(nothing, NULL) && spw_view_is(nothing, ""));
    assert_false(spw_view_is(nothing, "x"));
    char out[16];
    assert_int_equal(snprintf(out, sizeof out, "%.*s|%.*s", SPW_VIEW_ARGS(view), SPW_VIEW_ARGS(nothing)), 10);
    assert_string_equal(out, "db.system|");
}

int main(void)
{
#define TEST(fn, begin) cmocka_unit_test_setup_teardown(fn, begin, stop)
    const struct CMUnitTest tests[] = {
        TEST(trees_go_wherever_an_attribute_goes, start),
        cmocka_unit_test(a_view_is_a_text_or_is_not),
        TEST(scalars_are_values_too, start),
        TEST(the_last_value_wins_whatever_its_type, start),
        TEST(arrays_of_one_type, start),
        TEST(the_limit_on_lengths_holds_inside, start_short),
        TEST(of_equal_keys_in_a_map_the_last_counts, start),
        TEST(large_maps_are_searched_too, start),
        TEST(what_is_too_deep_is_dropped_whole, start),
        TEST(too_many_containers_are_dropped_whole, start),
        TEST(what_no_value_is_drops_the_whole, start),
        TEST(what_is_too_long_is_dropped_whole, start),
        TEST(trees_of_every_length_come_through, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
