/* The check of requests and the walk over their spans: what is good passes, bombs and garbage do not, and nothing reads outside. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static struct spwv_error error;

static bool check(const void *data, size_t size)
{
    return spwv_otlp_check(SPWV_TRACES_REQUEST, (struct spwv_slice){data, size}, &error);
}

static void empty_requests_pass(void **state)
{
    (void)state;
    assert_true(check("", 0));
    assert_true(check(NULL, 0));
    assert_true(check("\x0a\x00", 2));                 /* an empty ResourceSpans */
    assert_true(check("\x0a\x04\x12\x02\x12\x00", 6)); /* an empty span */
}

/* Wraps bytes in a field of a parent again and again, from the inside out. */
struct nest {
    uint8_t *end;
    uint8_t *at;
};

static void wrap(struct nest *nest, uint8_t field)
{
    size_t size = (size_t)(nest->end - nest->at);
    uint8_t head[11] = {(uint8_t)(field << 3 | 2)};
    size_t used = 1;
    for (; size >= 0x80; size >>= 7)
        head[used++] = (uint8_t)(size | 0x80);
    head[used++] = (uint8_t)size;
    nest->at -= used;
    memcpy(nest->at, head, used);
}

static struct spwv_slice nested(uint8_t *room, size_t room_size, unsigned levels, bool maps)
{
    struct nest nest = {room + room_size, room + room_size};
    for (unsigned i = 1; i < levels; i++) { /* an AnyValue in an AnyValue */
        if (maps)
            wrap(&nest, 2);
        wrap(&nest, 1);
        wrap(&nest, maps ? 6 : 5);
    }
    wrap(&nest, 2); /* the value of a KeyValue */
    wrap(&nest, 9);
    wrap(&nest, 2);
    wrap(&nest, 2);
    wrap(&nest, 1);
    return (struct spwv_slice){nest.at, (size_t)(nest.end - nest.at)};
}

static void nesting_ends_at_64(void **state)
{
    (void)state;
    static uint8_t room[8 << 20];
    for (int maps = 0; maps < 2; maps++) {
        assert_true(spwv_otlp_check(SPWV_TRACES_REQUEST, nested(room, sizeof room, 64, maps), &error));
        assert_false(spwv_otlp_check(SPWV_TRACES_REQUEST, nested(room, sizeof room, 65, maps), &error));
        assert_non_null(strstr(error.text, "nested more than 64 deep"));
        assert_false(spwv_otlp_check(SPWV_TRACES_REQUEST, nested(room, sizeof room, 100000, maps), &error));
    }
}

static void lengths_are_checked(void **state)
{
    (void)state;
    assert_false(check("\x0a\x05", 2));                                             /* longer than what is there */
    assert_false(check("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));        /* 2^64 - 1 */
    assert_false(check("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11));        /* no 64-bit number */
    assert_false(check("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13)); /* a varint without end */
    assert_false(check("\x0a", 1));
    assert_false(check("\x0b\x0c", 2));                                             /* a group */
    assert_false(check("\x02\x00", 2));                                             /* field 0 */
    assert_non_null(strstr(error.text, "byte 0"));
}

static void wrong_types_are_refused_and_new_fields_are_not(void **state)
{
    (void)state;
    assert_false(check("\x08\x01", 2)); /* resource_spans as a number */
    assert_non_null(strstr(error.text, "another type"));
    assert_true(check("\x50\x01", 2));             /* field 10 */
    assert_true(check("\xf2\x7d\x02\xff\xff", 5)); /* a field beyond the table, bytes that are no message */
}

static void too_many_messages_are_refused(void **state)
{
    (void)state;
    size_t size = 2 * ((size_t)SPWV_MAX_ELEMENTS + 1);
    uint8_t *body = malloc(size);
    for (size_t i = 0; i < size; i += 2) {
        body[i] = 0x0a;
        body[i + 1] = 0;
    }
    assert_false(check(body, size));
    assert_non_null(strstr(error.text, "smaller batches"));
    free(body);
}

/* Whatever is cut or flipped: an answer, and under the sanitizers no read outside. */
static void damaged_requests_are_harmless(void **state)
{
    (void)state;
    struct bytes good = ENCODE({.trace = 1, .id = 1, .name = "one", .start = 1, .end = 2, .error = true, .message = "no"},
                               {.trace = 1, .id = 2, .parent = 1, .name = "two", .start = 1, .end = 2});
    uint32_t random = 12345;
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        size_t size = round % 2 ? random % good.size : good.size;
        uint8_t *bad = malloc(size + 1);
        memcpy(bad, good.data, size);
        for (unsigned i = 0; i < random >> 28 && size; i++) {
            random = random * 1664525 + 1013904223;
            bad[(random >> 8) % size] = (uint8_t)random;
        }
        struct spwv_slice slice = {realloc(bad, size ? size : 1), size};
        struct spwv_cursor cursor;
        struct spwv_span span;
        bool ok = spwv_otlp_check(SPWV_TRACES_REQUEST, slice, &error);
        Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *judged =
            ok ? opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, slice.data) : NULL;
        if (ok) /* what we take, a full decoder takes too */
            assert_non_null(judged);
        if (judged)
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(judged, NULL);
        spwv_otlp_items(&cursor, slice); /* the readers stay inside even without the check */
        while (next_span(&cursor, &span))
            spwv_otlp_reject_reason(&span);
        free((void *)(uintptr_t)slice.data);
    }
    free(good.data);
}

static void spans_come_with_their_resource(void **state)
{
    (void)state;
    struct bytes request = ENCODE({.trace = 1, .id = 1, .name = "one", .start = 5, .end = 9, .service = "a"},
                                  {.trace = 1, .id = 2, .parent = 1, .name = "two", .error = true, .message = "why", .service = "b"});
    struct spwv_cursor cursor;
    struct spwv_span span;
    spwv_otlp_items(&cursor, (struct spwv_slice){request.data, request.size});
    assert_true(next_span(&cursor, &span));
    assert_memory_equal(span.name.data, "one", 3);
    assert_memory_equal(cursor.service.data, "a", 1);
    assert_int_equal(span.start_unix_ns, 5);
    assert_int_equal(span.end_unix_ns, 9);
    assert_false(spwv_otlp_has_parent(&span));
    uint32_t group = cursor.group;
    assert_true(next_span(&cursor, &span));
    assert_int_not_equal(cursor.group, group);
    assert_memory_equal(cursor.service.data, "b", 1);
    assert_true(spwv_otlp_has_parent(&span));
    assert_int_equal(span.status_code, SPWV_STATUS_ERROR);
    assert_memory_equal(span.status_message.data, "why", 3);
    assert_false(next_span(&cursor, &span));
    free(request.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_requests_pass),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(wrong_types_are_refused_and_new_fields_are_not),
        cmocka_unit_test(too_many_messages_are_refused),
        cmocka_unit_test(damaged_requests_are_harmless),
        cmocka_unit_test(spans_come_with_their_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
