/* Reading a stranger's answer: Retry-After, partial success, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "otlp/otlp_response.h"

static const time_t now = 1767322800; /* Fri, 02 Jan 2026 03:00:00 GMT */

static const struct {
    const char *value;
    uint64_t want;
} retry_after[] = {
    { "1", 1000 },
    { " 120 ", 120000 },
    { "0", 0 },
    { "007", 7000 },
    { "-1", 0 },
    { "+1", 0 },
    { "1.5", 0 },
    { "1 s", 0 },
    { "soon", 0 },
    { "", 0 },
    { "2147483", 2147483000 },
    { "2147484", INT32_MAX },
    { "9223372036854775808", INT32_MAX },
    { "99999999999999999999999999999999999999", INT32_MAX },
    { "Fri, 02 Jan 2026 03:00:30 GMT", 30000 },
    { "Friday, 02-Jan-26 03:00:30 GMT", 30000 },
    { "Fri Jan  2 03:00:30 2026", 30000 },
    { "Fri, 02 Jan 2026 02:59:59 GMT", 0 }, /* past */
    { "Fri, 02 Jan 1970 02:59:59 GMT", 0 },
    { "Fri, 02 Jan 9999 03:00:30 GMT", INT32_MAX },
    { "Fri, 99 Foo 2026 99:99:99 GMT", 0 },
    { "tomorrow", 0 },
    { "2026-01-02T03:00:30Z", 0 },
    { "Fri, 02 Jan 2026 03:00:30 GMT and sixty and more bytes of something else", 0 },
};

static void retry_after_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof retry_after / sizeof retry_after[0]; i++) {
        uint64_t got = spw__otlp_retry_after_ms((spw_view){ retry_after[i].value, strlen(retry_after[i].value) }, now);
        if (got != retry_after[i].want)
            fail_msg("'%s': %llu, not %llu", retry_after[i].value, (unsigned long long)got, (unsigned long long)retry_after[i].want);
    }
    /* A NUL is no white space. */
    assert_int_equal(spw__otlp_retry_after_ms((spw_view){ "\0007", 2 }, now), 0);
    assert_int_equal(spw__otlp_retry_after_ms((spw_view){ "7", 2 }, now), 0);
}

static void header(struct spw__otlp_response *r, const char *line)
{
    assert_true(spw__otlp_response_header(r, (spw_view){ line, strlen(line) }));
}

static void headers_of_an_interim_answer_do_not_count(void **state)
{
    (void)state;
    struct spw__otlp_response r;
    memset(&r, 0, sizeof r);
    header(&r, "HTTP/1.1 103 Early Hints\r\n");
    header(&r, "Retry-After: 50\r\n");
    header(&r, "\r\n");
    header(&r, "HTTP/1.1 503 Busy\r\n");
    assert_int_equal(r.retry_after_ms, 0);
    header(&r, "rEtRy-AfTeR:7\r\n");
    header(&r, "Retry-After-Not: 9\r\n");
    assert_int_equal(r.retry_after_ms, 7000);
    spw__otlp_response_fini(&r);
}

static void header_and_body_bytes_are_capped(void **state)
{
    (void)state;
    struct spw__otlp_response r;
    memset(&r, 0, sizeof r);
    char *block = calloc(1, 65536);
    assert_true(spw__otlp_response_header(&r, (spw_view){ block, 65536 }));
    assert_false(spw__otlp_response_header(&r, (spw_view){ block, 1 }));
    assert_true(r.over_headers);
    for (int i = 0; i < 64; i++)
        assert_true(spw__otlp_response_body(&r, (spw_view){ block, 65536 }));
    assert_int_equal(r.body_bytes, SPW__OTLP_RESPONSE_MAX);
    assert_false(r.over_body);
    assert_false(spw__otlp_response_body(&r, (spw_view){ block, 1 }));
    assert_true(r.over_body);
    assert_true(r.kept_capacity <= SPW__OTLP_RESPONSE_KEEP);
    spw__otlp_response_fini(&r);
    free(block);
}

/* ---- partial success ---- */

static struct spw__otlp_partial read_partial(const void *body, size_t size, uint64_t sent)
{
    struct spw__otlp_response r;
    struct spw__otlp_partial partial;
    memset(&r, 0, sizeof r);
    for (size_t i = 0; i < size; i += 1000) /* in pieces, as it comes */
        spw__otlp_response_body(&r, (spw_view){ (const char *)body + i, size - i < 1000 ? size - i : 1000 });
    spw__otlp_response_partial(&r, sent, &partial);
    spw__otlp_response_fini(&r);
    return partial;
}

static struct spw__otlp_partial pack_and_read(int64_t rejected, const char *message, uint64_t sent)
{
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse response;
    Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess success;
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__init(&response);
    opentelemetry__proto__collector__trace__v1__export_trace_partial_success__init(&success);
    response.partial_success = &success;
    success.rejected_spans = rejected;
    success.error_message = (char *)(uintptr_t)message;
    size_t size = opentelemetry__proto__collector__trace__v1__export_trace_service_response__get_packed_size(&response);
    uint8_t *bytes = malloc(size + 1);
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__pack(&response, bytes);
    struct spw__otlp_partial partial = read_partial(bytes, size, sent);
    free(bytes);
    return partial;
}

static void partial_success_table(void **state)
{
    (void)state;
    static const struct {
        int64_t rejected;
        uint64_t want;
    } table[] = { { 0, 0 }, { 3, 3 }, { 512, 512 }, { 513, 512 }, { INT64_MAX, 512 }, { -1, 0 }, { INT64_MIN, 0 } };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct spw__otlp_partial partial = pack_and_read(table[i].rejected, "why", 512);
        assert_false(partial.malformed);
        assert_int_equal(partial.rejected, table[i].want);
        assert_string_equal(partial.message, "why");
    }
    char *text = calloc(1, 30001);
    memset(text, 'm', 30000);
    struct spw__otlp_partial partial = pack_and_read(1, text, 10);
    assert_false(partial.malformed);
    assert_int_equal(strlen(partial.message), sizeof partial.message - 1);
    free(text);
}

static void garbage_is_malformed_and_nothing_worse(void **state)
{
    (void)state;
    assert_false(read_partial("", 0, 5).malformed);
    assert_false(read_partial("\x0a\x00", 2, 5).malformed);
    assert_true(read_partial("OK", 2, 5).malformed);
    assert_true(read_partial("{}", 2, 5).malformed);
    assert_true(read_partial("{\"partialSuccess\":{}}", 21, 5).malformed);
    assert_true(read_partial("<html></html>", 13, 5).malformed);
    assert_true(read_partial("\x0a\x7f", 2, 5).malformed);
    assert_true(read_partial("\x0a\x02\x08\xff", 4, 5).malformed);
    assert_true(read_partial("\x12\x00", 2, 5).malformed); /* some other message */
    assert_true(read_partial("\x0b\x0c", 2, 5).malformed); /* a group */
}

static void nesting_and_numbers_of_fields_are_survived(void **state)
{
    (void)state;
    enum { SIZE = 65536 };
    uint8_t *bytes = malloc(SIZE);
    memset(bytes, 0x0b, SIZE); /* groups in groups */
    assert_true(read_partial(bytes, SIZE, 5).malformed);
    for (size_t i = 0; i < SIZE; i += 2) /* 32,768 empty partial_success */
        bytes[i] = 0x0a, bytes[i + 1] = 0;
    assert_true(read_partial(bytes, SIZE, 5).malformed);
    size_t at = 0;
    for (size_t left = SIZE - 6; left > 8 && at + 4 < SIZE; left -= 4) { /* messages in messages */
        bytes[at++] = 0x0a;
        bytes[at++] = (uint8_t)(left & 127) | 128;
        bytes[at++] = (uint8_t)((left >> 7) & 127) | 128;
        bytes[at++] = (uint8_t)(left >> 14);
    }
    read_partial(bytes, SIZE, 5);
    char *large = calloc(1, SIZE + 1);
    assert_true(read_partial(large, SIZE + 1, 5).malformed); /* more than is kept */
    free(large);
    free(bytes);
}

static void error_bodies_give_their_message(void **state)
{
    (void)state;
    struct spw__otlp_response r;
    char scratch[100];
    memset(&r, 0, sizeof r);
    spw__otlp_response_body(&r, (spw_view){ "\x08\x03\x12\x05" "wrong", 9 });
    assert_int_equal(spw__otlp_response_text(&r, scratch, sizeof scratch).size, 9); /* by its type no protobuf: as it is */
    header(&r, "Content-Type: application/x-protobuf\r\n");
    spw_view text = spw__otlp_response_text(&r, scratch, sizeof scratch);
    assert_int_equal(text.size, 5);
    assert_memory_equal(text.data, "wrong", 5);
    spw__otlp_response_reset(&r);
    header(&r, "Content-Type: application/x-protobuf\r\n");
    spw__otlp_response_body(&r, (spw_view){ "\x12\x7f" "wrong", 7 });
    assert_int_equal(spw__otlp_response_text(&r, scratch, sizeof scratch).size, 0);
    spw__otlp_response_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_table),
        cmocka_unit_test(headers_of_an_interim_answer_do_not_count),
        cmocka_unit_test(header_and_body_bytes_are_capped),
        cmocka_unit_test(partial_success_table),
        cmocka_unit_test(garbage_is_malformed_and_nothing_worse),
        cmocka_unit_test(nesting_and_numbers_of_fields_are_survived),
        cmocka_unit_test(error_bodies_give_their_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
