/* OTLP JSON on its way in: what it means is what protobuf-c finds in the bytes made of it; what is no request is refused, and told why. */
#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_from_json.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request_message;

static struct spwv_error error;

/* From a copy of exactly that size, so that a sanitizer sees a read behind the end. */
static bool convert(const char *json, size_t size, struct spwv_buf *out)
{
    char *copy = malloc(size + !size);
    memcpy(copy, json, size);
    error.text[0] = 0;
    spwv_buf_init(out, SPWV_FROM_JSON_MAX(size), NULL);
    bool ok = spwv_otlp_from_json(SPWV_TRACES_REQUEST, (struct spwv_slice){(const uint8_t *)copy, size}, out, &error);
    free(copy);
    assert_true(ok || error.text[0]);
    return ok;
}

static request_message *unpack(const struct spwv_buf *out)
{
    request_message *request = opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
        NULL, out->size, (const uint8_t *)out->data);
    assert_non_null(request);
    return request;
}

static void release(request_message *request)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
}

static request_message *read_json(const char *json)
{
    struct spwv_buf out;
    if (!convert(json, strlen(json), &out))
        fail_msg("refused: %s: %.300s", error.text, json);
    assert_true(spwv_otlp_check(SPWV_TRACES_REQUEST, (struct spwv_slice){(const uint8_t *)out.data, out.size}, &error));
    request_message *request = unpack(&out);
    spwv_buf_fini(&out);
    return request;
}

static pb_span *first_span(request_message *request)
{
    return request->resource_spans[0]->scope_spans[0]->spans[0];
}

#define SPAN_OPEN "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"
#define SPAN_CLOSE "}]}]}]}"
#define SPAN(fields) SPAN_OPEN fields SPAN_CLOSE
#define VALUE(value) SPAN("\"attributes\":[{\"key\":\"k\",\"value\":" value "}]")

/* Every field of a trace, in the order of their numbers: protobuf-c packs what it reads to the same bytes. */
static const char everything[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"svc\"}}],"
    "\"droppedAttributesCount\":1,\"entityRefs\":[{\"schemaUrl\":\"u\",\"type\":\"service\",\"idKeys\":[\"a\",\"b\"],\"descriptionKeys\":[\"c\"]}]},"
    "\"scopeSpans\":[{\"scope\":{\"name\":\"lib\",\"version\":\"1.0\",\"attributes\":[{\"key\":\"x\",\"value\":{\"boolValue\":true}}],"
    "\"droppedAttributesCount\":2},\"spans\":[{\"traceId\":\"5B8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\","
    "\"traceState\":\"a=b\",\"parentSpanId\":\"eee19b7ec3c1b173\",\"name\":\"run \\u00e9\\ud83d\\ude00\",\"kind\":3,"
    "\"startTimeUnixNano\":\"1544712660000000001\",\"endTimeUnixNano\":\"18446744073709551615\",\"attributes\":["
    "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},{\"key\":\"d\",\"value\":{\"doubleValue\":0.1}},"
    "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"\"},{},{\"intValue\":7}]}}},"
    "{\"key\":\"m\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"n\",\"value\":{\"bytesValue\":\"AP88\"}}]}}},{\"key\":\"none\"}],"
    "\"droppedAttributesCount\":3,\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"e\",\"attributes\":[{\"key\":\"k\",\"value\":{}}],"
    "\"droppedAttributesCount\":4}],\"droppedEventsCount\":5,\"links\":[{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":"
    "\"0000000000000002\",\"traceState\":\"c=d\",\"attributes\":[{\"key\":\"k\",\"value\":{\"doubleValue\":\"-Infinity\"}}],"
    "\"droppedAttributesCount\":6,\"flags\":257}],\"droppedLinksCount\":7,\"status\":{\"message\":\"bad\",\"code\":2},\"flags\":769}],"
    "\"schemaUrl\":\"https://s\"}],\"schemaUrl\":\"https://r\"}]}";

static void every_field_arrives(void **state)
{
    (void)state;
    struct spwv_buf out;
    assert_true(convert(everything, sizeof everything - 1, &out));
    request_message *request = unpack(&out);
    uint8_t *packed = malloc(out.size + 64);
    assert_int_equal(protobuf_c_message_get_packed_size(&request->base), out.size);
    protobuf_c_message_pack(&request->base, packed);
    assert_memory_equal(packed, out.data, out.size);
    pb_span *span = first_span(request);
    assert_memory_equal(span->trace_id.data, "\x5B\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c", 16);
    assert_string_equal(span->name, "run \xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(span->kind, 3);
    assert_true(span->end_time_unix_nano == UINT64_MAX && span->start_time_unix_nano == 1544712660000000001u);
    assert_true(span->attributes[0]->value->int_value == INT64_MIN);
    assert_memory_equal(span->attributes[3]->value->kvlist_value->values[0]->value->bytes_value.data, "\x00\xff\x3c", 3);
    assert_true(isinf(span->links[0]->attributes[0]->value->double_value));
    assert_int_equal(span->flags, 769);
    assert_string_equal(request->resource_spans[0]->resource->entity_refs[0]->id_keys[1], "b");
    free(packed);
    release(request);
    spwv_buf_fini(&out);
}

static void other_ways_to_write_the_same(void **state)
{
    (void)state;
    request_message *request = read_json(
        "\xEF\xBB\xBF { \"resource_spans\" :\r\n\t[ { \"scope_spans\":[ {\"spans\":[{\"start_time_unix_nano\":1.5e3,\"kind\":\"SPAN_KIND_CLIENT\","
        "\"\\u006eame\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"flags\":\"1\",\"status\":{\"code\":\"STATUS_CODE_ERROR\"},\"attributes\":null,\"links\":[],"
        "\"events\":[{\"time_unix_nano\":1700000000000000123}]}]}]}],\"laterField\":[{\"a\":[1,{\"b\":null}]},\"]\"] } \n");
    pb_span *span = first_span(request);
    assert_true(span->start_time_unix_nano == 1500);
    assert_int_equal(span->kind, 3);
    assert_string_equal(span->name, "\"\\/\b\f\n\r\t");
    assert_int_equal(span->flags, 1);
    assert_int_equal(span->status->code, 2);
    assert_true(span->events[0]->time_unix_nano == 1700000000000000123u);
    release(request);
}

static void empty_requests_are_requests(void **state)
{
    (void)state;
    static const char *const empty[] = {"{}", " {\n} ", "{\"resourceSpans\":null}", "{\"resourceSpans\":[]}", "{\"resourceLogs\":[{}]}"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        request_message *request = read_json(empty[i]);
        assert_int_equal(request->n_resource_spans, 0);
        release(request);
    }
}

static void what_is_named_twice_counts_last(void **state)
{
    (void)state;
    request_message *request = read_json(SPAN("\"name\":\"a\",\"name\":\"b\",\"events\":[{}],\"events\":[{},{}],\"attributes\":[{\"value\":"
                                              "{\"intValue\":1,\"stringValue\":\"last\"}}]"));
    pb_span *span = first_span(request);
    assert_string_equal(span->name, "b");
    assert_int_equal(span->n_events, 3);
    assert_string_equal(span->attributes[0]->value->string_value, "last");
    release(request);
}

static void bad_text_becomes_replacement_characters(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"\\ud800", "\xef\xbf\xbd"},         {"\\udc00x", "\xef\xbf\xbdx"},  {"\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\\ud800\\n", "\xef\xbf\xbd\n"},    {"a\xff" "b", "a\xef\xbf\xbd" "b"}, {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char json[256];
        snprintf(json, sizeof json, SPAN("\"name\":\"%s\""), texts[i][0]);
        request_message *request = read_json(json);
        assert_string_equal(first_span(request)->name, texts[i][1]);
        release(request);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } whole[] = {{"0", true, 0}, {"-0", true, 0}, {"9223372036854775807", true, INT64_MAX}, {"9223372036854775808", false, 0},
                 {"\"-9223372036854775808\"", true, INT64_MIN}, {"-9223372036854775809", false, 0}, {"1e2", true, 100}, {"\"1e2\"", true, 100},
                 {"150.000", true, 150}, {"1.5", false, 0}, {"0.0001e4", true, 1}, {"100e-2", true, 1}, {"100e-3", false, 0},
                 {"0e999999999999", true, 0}, {"1e999999999999", false, 0}, {"1e-99999999999999999999", false, 0}, {"\"\"", false, 0},
                 {"\" 1\"", false, 0}, {"\"1 \"", false, 0}, {"\"0x1\"", false, 0}, {"\"+1\"", false, 0}, {"true", false, 0}, {"{}", false, 0},
                 {"18446744073709551616", false, 0}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        char json[256];
        struct spwv_buf out;
        snprintf(json, sizeof json, VALUE("{\"intValue\":%s}"), whole[i].text);
        if (convert(json, strlen(json), &out) != whole[i].ok)
            fail_msg("intValue %s: %s", whole[i].text, error.text);
        if (whole[i].ok) {
            request_message *request = unpack(&out);
            assert_true(first_span(request)->attributes[0]->value->int_value == whole[i].value);
            release(request);
        } else {
            assert_non_null(strstr(error.text, "intValue of AnyValue must be a whole number of 64 bits"));
        }
        spwv_buf_fini(&out);
    }
}

static void doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1", 1}, {"-0.5e-3", -0.0005}, {"\"2.5\"", 2.5}, {"\"Infinity\"", HUGE_VAL}, {"5e-324", 5e-324}, {"1e-400", 0},
                {"1.7976931348623157e308", 1.7976931348623157e308}};
    static const char *const bad[] = {"1e309", "\"nan\"", "\"inf\"", "\"0x10\"", "\" 1\"", "\"\"", "\"1,5\"", "[]"};
    char json[256];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(json, sizeof json, VALUE("{\"doubleValue\":%s}"), good[i].text);
        request_message *request = read_json(json);
        double found = first_span(request)->attributes[0]->value->double_value;
        assert_memory_equal(&found, &good[i].value, sizeof found);
        release(request);
    }
    request_message *request = read_json(VALUE("{\"doubleValue\":\"NaN\"}"));
    assert_true(isnan(first_span(request)->attributes[0]->value->double_value));
    release(request);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct spwv_buf out;
        snprintf(json, sizeof json, VALUE("{\"doubleValue\":%s}"), bad[i]);
        assert_false(convert(json, strlen(json), &out));
        assert_non_null(strstr(error.text, "doubleValue of AnyValue must be a number"));
        spwv_buf_fini(&out);
    }
}

static void base64_in_all_its_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes; /* NULL: refused */
        size_t size;
    } cases[] = {{"", "", 0},           {"AA==", "\0", 1},  {"AA", "\0", 1},      {"AAE=", "\0\1", 2}, {"AAE", "\0\1", 2}, {"++//", "\xfb\xef\xff", 3},
                 {"--__", "\xfb\xef\xff", 3}, {"\\/\\/8=", "\xff\xff", 2}, {"A", NULL, 0}, {"AA=", NULL, 0}, {"AA===", NULL, 0},
                 {"A A=", NULL, 0}, {"AAAA=", NULL, 0}, {"====", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        struct spwv_buf out;
        snprintf(json, sizeof json, VALUE("{\"bytesValue\":\"%s\"}"), cases[i].text);
        if (convert(json, strlen(json), &out) != (cases[i].bytes != NULL))
            fail_msg("\"%s\": %s", cases[i].text, error.text);
        if (cases[i].bytes) {
            request_message *request = unpack(&out);
            ProtobufCBinaryData found = first_span(request)->attributes[0]->value->bytes_value;
            assert_int_equal(found.len, cases[i].size);
            assert_true(!found.len || memcmp(found.data, cases[i].bytes, found.len) == 0);
            release(request);
        }
        spwv_buf_fini(&out);
    }
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "no JSON in it"},
        {" \n", "no JSON in it"},
        {"\xEF\xBB\xBF", "no JSON in it"},
        {"\xff\xfe{\0}\0", "no JSON value at byte 0"},
        {"[]", "must be an object"},
        {"\"x\"", "must be an object"},
        {"{", "cut short at byte 1"},
        {"{}}", "more text behind the end"},
        {"{} {}", "more text behind the end"},
        {"{\"a\"}", "no colon"},
        {"{\"a\":1 \"b\":2}", "no comma"},
        {"{\"a\":1,}", "a key must be a string"},
        {"{a:1}", "a key must be a string"},
        {"{\"a\":[1,]}", "no JSON value"},
        {"{\"a\":[1}", "no comma"},
        {"{\"a\":01}", "no comma"},
        {"{\"a\":+1}", "no JSON value"},
        {"{\"a\":1.}", "a number that is none"},
        {"{\"a\":.5}", "no JSON value"},
        {"{\"a\":1e}", "a number that is none"},
        {"{\"a\":-}", "a number that is none"},
        {"{\"a\":NaN}", "no JSON value"},
        {"{\"a\":nul}", "no JSON value"},
        {"{\"a\":'x'}", "no JSON value"},
        {"{\"a\":\"\t\"}", "control character"},
        {"{\"a\":\"\\x41\"}", "bad escape"},
        {"{\"a\":\"\\u12g4\"}", "bad escape"},
        {"{\"a\":\"\\u12", "bad escape"},
        {"{\"a\":\"\\", "bad escape"},
        {"{\"a\":\"", "without its end"},
        {"{\"resourceSpans\":{}}", "resourceSpans of ExportTraceServiceRequest must be an array, before byte 18"},
        {"{\"resourceSpans\":[1]}", "resourceSpans of ExportTraceServiceRequest must be an object"},
        {"{\"resourceSpans\":[null]}", "must be an object"},
        {"{\"resourceSpans\":[[]]}", "must be an object"},
        {SPAN("\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\""), "traceId of Span must be hex digits"},
        {SPAN("\"spanId\":\"abc\""), "not base64"},
        {SPAN("\"spanId\":12"), "spanId of Span must be hex"},
        {SPAN("\"name\":12"), "name of Span must be a string"},
        {SPAN("\"kind\":\"CLIENT\""), "kind of Span must be one of its enum's numbers or names"},
        {SPAN("\"kind\":3000000000"), "a whole number of 32 bits"},
        {SPAN("\"status\":{\"code\":1.5}"), "code of Status"},
        {SPAN("\"startTimeUnixNano\":-1"), "startTimeUnixNano of Span must be a whole number from 0"},
        {SPAN("\"droppedLinksCount\":4294967296"), "from 0 to 4294967295"},
        {VALUE("{\"boolValue\":\"true\"}"), "true or false"},
        {VALUE("{\"bytesValue\":[1,2]}"), "bytesValue of AnyValue must be base64"},
        {VALUE("\"text\""), "value of KeyValue must be an object"},
        {VALUE("{\"arrayValue\":[1]}"), "arrayValue of AnyValue must be an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spwv_buf out;
        if (convert(cases[i][0], strlen(cases[i][0]), &out) || !strstr(error.text, cases[i][1]))
            fail_msg("%s: \"%s\" is not told by: %s", cases[i][0], cases[i][1], error.text);
        spwv_buf_fini(&out);
    }
}

/* ---- hostile texts ---- */

static char *repeat(const char *text, size_t times)
{
    size_t size = strlen(text);
    char *all = malloc(size * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * size, text, size);
    all[size * times] = 0;
    return all;
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[", "{\"a\":", "[{\"a\":", "{\"arrayValue\":{\"values\":[", "{\"kvlistValue\":{\"values\":[{\"value\":"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char *nest = repeat(pieces[i], (1 << 20) / strlen(pieces[i]));
        struct spwv_buf out;
        static const char *const heads[] = {"", "{\"x\":", SPAN_OPEN "\"attributes\":[{\"value\":"};
        for (size_t h = 0; h < 3; h++) {
            char *json = malloc(strlen(heads[h]) + strlen(nest) + 1);
            sprintf(json, "%s%s", heads[h], nest);
            assert_false(convert(json, strlen(json), &out));
            assert_true(strstr(error.text, "nested more than 512 deep") || strstr(error.text, "must be"));
            spwv_buf_fini(&out);
            free(json);
        }
        free(nest);
    }
}

/* As deep as protobuf may be (the check behind says where it ends), and what the lengths of all those messages come to. */
static void values_nest_as_deep_as_in_protobuf(void **state)
{
    (void)state;
    for (size_t depth = 64; depth <= 65; depth++) {
        char *open = repeat("{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":", depth - 1);
        char *close = repeat("}]}}", depth - 1);
        char *long_text = repeat("0123456789abcdef", 20000);
        size_t size = strlen(open) + strlen(close) + strlen(long_text) + 256;
        char *json = malloc(size);
        snprintf(json, size, VALUE("%s{\"stringValue\":\"%s\"}%s"), open, long_text, close);
        struct spwv_buf out;
        assert_true(convert(json, strlen(json), &out));
        assert_int_equal(spwv_otlp_check(SPWV_TRACES_REQUEST, (struct spwv_slice){(const uint8_t *)out.data, out.size}, &error), depth == 64);
        request_message *request = unpack(&out);
        assert_int_equal(protobuf_c_message_get_packed_size(&request->base), out.size);
        release(request);
        spwv_buf_fini(&out);
        free(json);
        free(open);
        free(close);
        free(long_text);
    }
}

static void long_numbers_cost_nothing(void **state)
{
    (void)state;
    static const char *const heads[] = {"1", "0.", "1.", "1e", "-9"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        for (int digit = 0; digit <= 9; digit += 9) {
            char *digits = repeat(digit ? "9" : "0", 1 << 20);
            char *json = malloc((1 << 20) + 256);
            struct spwv_buf out;
            static const char *const formats[] = {VALUE("{\"intValue\":%s%s}"), VALUE("{\"doubleValue\":%s%s}"), VALUE("{\"unknown\":%s%s}")};
            sprintf(json, formats[0], heads[i], digits);
            bool whole = digit == 0 && heads[i][1] && heads[i][0] != '-'; /* 0.000..., 1.000..., 1e000... */
            assert_int_equal(convert(json, strlen(json), &out), whole);
            spwv_buf_fini(&out);
            sprintf(json, formats[1], heads[i], digits);
            assert_false(convert(json, strlen(json), &out));
            spwv_buf_fini(&out);
            sprintf(json, formats[2], heads[i], digits);
            assert_true(convert(json, strlen(json), &out));
            spwv_buf_fini(&out);
            free(json);
            free(digits);
        }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof everything - 1; size++) {
        struct spwv_buf out;
        assert_false(convert(everything, size, &out));
        spwv_buf_fini(&out);
    }
}

/* Whatever comes through is protobuf. */
static void every_changed_byte_is_survived(void **state)
{
    (void)state;
    static const char others[] = "\"\\{}[]:,0-e\x00\x80\xff";
    char *json = malloc(sizeof everything);
    for (size_t i = 0; i < sizeof everything - 1; i++)
        for (size_t k = 0; k < sizeof others - 1; k++) {
            struct spwv_buf out;
            memcpy(json, everything, sizeof everything);
            json[i] = others[k];
            if (convert(json, sizeof everything - 1, &out))
                release(unpack(&out));
            spwv_buf_fini(&out);
        }
    free(json);
}

static void memory_has_its_limit(void **state)
{
    (void)state;
    char *objects = repeat("{},", 100000);
    char *json = malloc(400000);
    sprintf(json, "{\"resourceSpans\":[%s{}]}", objects);
    struct spwv_buf out;
    assert_true(convert(json, strlen(json), &out));
    assert_int_equal(out.size, 2 * 100001);
    spwv_buf_fini(&out);
    struct spwv_budget budget = {.max = 100000};
    spwv_buf_init(&out, SPWV_FROM_JSON_MAX(strlen(json)), &budget);
    assert_false(spwv_otlp_from_json(SPWV_TRACES_REQUEST, (struct spwv_slice){(const uint8_t *)json, strlen(json)}, &out, &error));
    assert_true(out.failed);
    assert_non_null(strstr(error.text, "retry"));
    spwv_buf_fini(&out);
    free(json);
    free(objects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(other_ways_to_write_the_same),
        cmocka_unit_test(empty_requests_are_requests),
        cmocka_unit_test(what_is_named_twice_counts_last),
        cmocka_unit_test(bad_text_becomes_replacement_characters),
        cmocka_unit_test(numbers),
        cmocka_unit_test(doubles),
        cmocka_unit_test(base64_in_all_its_forms),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(values_nest_as_deep_as_in_protobuf),
        cmocka_unit_test(long_numbers_cost_nothing),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(memory_has_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
