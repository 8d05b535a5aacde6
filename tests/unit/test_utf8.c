/* UTF-8: valid, repaired, cut. Judged by a decoder written the long way round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "record/utf8.h"

/* The size of the sequence at `t` by decoding it and encoding the code point again; 0 when it is none. */
static size_t judge_one(const unsigned char *t, size_t left)
{
    static const unsigned least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = t[0] < 0x80 ? 1 : (t[0] & 0xe0) == 0xc0 ? 2 : (t[0] & 0xf0) == 0xe0 ? 3 : (t[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n < 2 || n > left)
        return n == 1 ? 1 : 0;
    unsigned point = t[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (t[i] >> 6 != 2)
            return 0;
        point = point << 6 | (t[i] & 0x3fu);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= least[n] && point <= 0x10ffff && !surrogate ? n : 0;
}

static bool judge(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t n = judge_one((const unsigned char *)text + i, size - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

static void agree(const unsigned char *bytes, size_t size)
{
    if (spw__utf8_valid((const char *)bytes, size) != judge((const char *)bytes, size))
        fail_msg("%02x %02x %02x %02x (%zu bytes) is judged wrongly", bytes[0], bytes[1], bytes[2], bytes[3], size);
}

static void every_sequence_of_three_bytes_is_judged_right(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 1u << 24; v++) {
        const unsigned char bytes[4] = { (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v, 0 };
        if (bytes[0] < 0x80 && bytes[1] < 0x80)
            continue; /* the last byte alone decides: seen with other leads */
        agree(bytes, 3);
    }
    for (unsigned v = 0; v < 1u << 16; v++) {
        const unsigned char bytes[4] = { (unsigned char)(v >> 8), (unsigned char)v, 0, 0 };
        agree(bytes, 2);
        agree(bytes, 1);
    }
}

static void sequences_of_four_bytes_are_judged_right(void **state)
{
    (void)state;
    static const unsigned char ends[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
    for (unsigned lead = 0xe0; lead <= 0xff; lead++)
        for (unsigned second = 0; second <= 0xff; second++)
            for (size_t i = 0; i < 36; i++) {
                const unsigned char bytes[4] = { (unsigned char)lead, (unsigned char)second, ends[i / 6], ends[i % 6] };
                for (size_t size = 1; size <= 4; size++)
                    agree(bytes, size);
            }
}

/* The inline part looks at eight bytes at a time, and at the tail overlapping. */
static void a_bad_byte_is_found_at_every_place_of_every_size(void **state)
{
    (void)state;
    char text[40];
    for (size_t size = 0; size <= sizeof text; size++) {
        memset(text, 'a', sizeof text);
        assert_true(spw__utf8_valid(text, size));
        for (size_t at = 0; at < size; at++) {
            text[at] = (char)0xff;
            assert_false(spw__utf8_valid(text, size));
            text[at] = 'a';
        }
    }
}

static void repair_puts_one_mark_for_each_bad_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text, *repaired;
        size_t room;
    } rows[] = {
        { "plain", "plain", 100 },
        { "\xff", "\xef\xbf\xbd", 100 },
        { "a\xc3", "a\xef\xbf\xbd", 100 },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 100 },
        { "\xc3\xa9\x80\xc3\xa9", "\xc3\xa9\xef\xbf\xbd\xc3\xa9", 100 },
        { "abc\xc3\xa9", "abc", 4 },
        { "ab\xff", "ab", 4 },
        { "abcdef", "abc", 3 },
        { "abc", "", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[128];
        size_t size = spw__utf8_repair(out, rows[i].room, rows[i].text, strlen(rows[i].text));
        assert_int_equal(size, strlen(rows[i].repaired));
        assert_memory_equal(out, rows[i].repaired, size);
    }
    assert_int_equal(spw__utf8_repair(NULL, 0, NULL, 0), 0);
}

static void repaired_rubbish_is_valid_and_fits(void **state)
{
    (void)state;
    srandom(7);
    for (int round = 0; round < 20000; round++) {
        char text[64], out[64];
        size_t size = (size_t)random() % sizeof text, room = (size_t)random() % sizeof out;
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(random() % 3 ? 0x80 | random() : 'a' + random() % 26);
        size_t n = spw__utf8_repair(out, room, text, size);
        assert_true(n <= room);
        assert_true(judge(out, n));
    }
}

static void a_prefix_counts_characters_not_bytes(void **state)
{
    (void)state;
    const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1, 2, 3, 4 and 1 bytes */
    static const size_t cut[] = { 0, 1, 3, 6, 10, 11, 11, 11 };
    for (size_t n = 0; n < sizeof cut / sizeof cut[0]; n++)
        assert_int_equal(spw__utf8_prefix(text, 11, n), cut[n]);
    assert_int_equal(spw__utf8_prefix("\xff\xfe\xfd", 3, 2), 2); /* a bad byte is a character */
    assert_int_equal(spw__utf8_prefix("ab\xc3", 3, 3), 3);       /* never past the end */
    assert_int_equal(spw__utf8_prefix("", 0, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence_of_three_bytes_is_judged_right),
        cmocka_unit_test(sequences_of_four_bytes_are_judged_right),
        cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_every_size),
        cmocka_unit_test(repair_puts_one_mark_for_each_bad_byte),
        cmocka_unit_test(repaired_rubbish_is_valid_and_fits),
        cmocka_unit_test(a_prefix_counts_characters_not_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
