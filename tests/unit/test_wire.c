/* The primitives under the encoder: varints, copies, hexadecimal digits, ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "record/ids.h"
#include "record/text.h"
#include "record/wire.h"

static uint64_t read_varint(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)(p[i] & 0x7f) << (7 * i);
    return v;
}

static void check_varint(uint64_t v)
{
    uint8_t bytes[16];
    size_t size = (size_t)(spw__put_varint(bytes, v) - bytes);
    assert_int_equal(size, spw__varint_size(v));
    assert_true(size >= 1 && size <= 10);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i] >> 7, i + 1 < size);
    assert_true(read_varint(bytes, size) == v);
    assert_true(size == 1 || bytes[size - 1] != 0); /* the shortest form */
}

static void varints_have_the_size_that_was_foretold(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        check_varint(1ull << bit);
        check_varint((1ull << bit) - 1);
        check_varint((1ull << bit) + 1);
    }
    check_varint(UINT64_MAX);
    for (uint64_t v = 0; v < 70000; v++)
        check_varint(v);
}

static void fixed_numbers_are_little_endian(void **state)
{
    (void)state;
    static const uint8_t want[12] = { 4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
    uint8_t bytes[12];
    assert_ptr_equal(spw__put_fixed64(spw__put_fixed32(bytes, 0x01020304), 0x1122334455667788), bytes + 12);
    assert_memory_equal(bytes, want, 12);
}

static void copies_of_every_size_stay_in_their_bounds(void **state)
{
    (void)state;
    uint8_t from[100], to[120];
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(i + 1);
    for (size_t size = 0; size <= sizeof from; size++) {
        memset(to, 0xee, sizeof to);
        assert_ptr_equal(spw__put_bytes(to + 8, from, size), to + 8 + size);
        assert_memory_equal(to + 8, from, size);
        for (size_t i = 0; i < 8; i++)
            assert_int_equal(to[i], 0xee);
        for (size_t i = 8 + size; i < sizeof to; i++)
            assert_int_equal(to[i], 0xee);
    }
}

static void hexadecimal_goes_both_ways_and_is_lower_case_only(void **state)
{
    (void)state;
    char text[3] = { 0 };
    for (unsigned v = 0; v < 256; v++) {
        uint8_t byte = (uint8_t)v, back = (uint8_t)~v;
        spw__hex(text, &byte, 1);
        assert_true(spw__unhex(&back, text, 1));
        assert_int_equal(back, v);
    }
    assert_string_equal(text, "ff");
    uint8_t byte;
    for (unsigned c = 0; c < 256; c++) {
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        const char high[2] = { (char)c, '0' }, low[2] = { '0', (char)c };
        assert_int_equal(spw__unhex(&byte, high, 1), digit);
        assert_int_equal(spw__unhex(&byte, low, 1), digit);
    }
}

static void ids_differ_and_are_never_zero(void **state)
{
    (void)state;
    struct spw__ids a, b;
    spw__ids_seed(&a);
    spw__ids_seed(&b);
    assert_memory_not_equal(&a, &b, sizeof a);
    uint64_t bits = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t x = spw__ids_nonzero(&a), y = spw__ids_nonzero(&b);
        assert_true(x != 0 && y != 0 && x != y);
        bits |= x ^ y;
    }
    assert_true(bits == UINT64_MAX); /* every bit moves */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_have_the_size_that_was_foretold),
        cmocka_unit_test(fixed_numbers_are_little_endian),
        cmocka_unit_test(copies_of_every_size_stay_in_their_bounds),
        cmocka_unit_test(hexadecimal_goes_both_ways_and_is_lower_case_only),
        cmocka_unit_test(ids_differ_and_are_never_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
