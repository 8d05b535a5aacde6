/* OTLP JSON to protobuf: a stack of open messages and arrays, one token at a time. Contract: otlp_from_json.h. */
#include "otlp_from_json.h"

#include <stdio.h>
#include <string.h>

#include "json_read.h"
#include "json_scalar.h"
#include "otlp_fields.h"
#include "otlp_message.h"

enum { SHORT = 64 };

/* An object that is a message, or the array of a repeated field. */
struct level {
    uint8_t message; /* the object's; of an array: the one its field belongs to */
    uint8_t number;  /* the array's field; 0: an object */
    struct spwv_message_mark mark;
};

struct converter {
    struct spwv_json_reader reader;
    struct spwv_message_writer writer;
    struct level levels[SPWV_JSON_DEPTH];
    unsigned depth;
    unsigned elements;
    struct spwv_error *error;
};

/* ---- failures ---- */

static size_t place(const struct converter *converter)
{
    return (size_t)(converter->reader.at - converter->reader.start);
}

static bool fail(struct converter *converter, const char *cause)
{
    snprintf(converter->error->text, sizeof converter->error->text, "%s at byte %zu", cause, place(converter));
    return false;
}

static bool fail_field(struct converter *converter, uint32_t number, const char *wanted)
{
    enum spwv_message message = (enum spwv_message)converter->levels[converter->depth - 1].message;
    snprintf(converter->error->text, sizeof converter->error->text, "%s of %s must be %s, before byte %zu",
             spwv_otlp_field(message, number)->name, spwv_otlp_message_name(message), wanted, place(converter));
    return false;
}

/* The token that comes next; what stops it has been said when it is SPWV_JSON_ERROR. */
static enum spwv_json_token next(struct converter *converter)
{
    enum spwv_json_token token = spwv_json_next(&converter->reader);
    if (token == SPWV_JSON_ERROR)
        fail(converter, converter->reader.cause);
    return token;
}

/* The string just read without its escapes when it is short, as names and numbers are; a longer one comes back as it lies there. */
static struct spwv_slice short_text(const struct converter *converter, char room[SHORT])
{
    const struct spwv_json_reader *reader = &converter->reader;
    if (reader->text.size == reader->text_size || reader->text_size > SHORT)
        return reader->text;
    spwv_json_decode(reader, room);
    return (struct spwv_slice){(const uint8_t *)room, reader->text_size};
}

/* ---- scalars ---- */

static bool write_string(struct converter *converter, uint32_t number, enum spwv_json_token token)
{
    if (token != SPWV_JSON_STRING)
        return fail_field(converter, number, "a string");
    char *at = spwv_message_bytes(&converter->writer, number, converter->reader.text_size);
    if (at)
        spwv_json_decode(&converter->reader, at);
    return true;
}

static bool write_id(struct converter *converter, uint32_t number, enum spwv_json_token token)
{
    struct spwv_slice text = converter->reader.text;
    if (token == SPWV_JSON_STRING && text.size % 2 == 0) {
        char *at = spwv_message_bytes(&converter->writer, number, text.size / 2);
        if (!at || spwv_scalar_hex(text, (uint8_t *)at))
            return true;
    }
    return fail_field(converter, number, "hex digits in a string, two a byte (not base64)");
}

/* The text is decoded some bytes behind its place and turned into bytes there: they are fewer, and then move down behind their length. */
static bool write_bytes(struct converter *converter, uint32_t number, enum spwv_json_token token)
{
    enum { HEAD = 16 }; /* more than a tag and a length */
    if (token != SPWV_JSON_STRING)
        return fail_field(converter, number, "base64 in a string");
    size_t size = converter->reader.text_size;
    char *text = spwv_buf_reserve(converter->writer.out, HEAD + size);
    if (!text)
        return true;
    text += HEAD;
    spwv_json_decode(&converter->reader, text);
    if (!spwv_scalar_base64((struct spwv_slice){(const uint8_t *)text, size}, (uint8_t *)text, &size))
        return fail_field(converter, number, "base64 in a string");
    char *at = spwv_message_bytes(&converter->writer, number, size);
    memmove(at, text, size);
    return true;
}

static bool write_bool(struct converter *converter, uint32_t number, enum spwv_json_token token)
{
    if (token != SPWV_JSON_TRUE && token != SPWV_JSON_FALSE)
        return fail_field(converter, number, "true or false");
    spwv_message_varint(&converter->writer, number, token == SPWV_JSON_TRUE);
    return true;
}

/* 64-bit numbers may come as strings; OTLP's senders write others so, too. */
static bool number_text(const struct converter *converter, enum spwv_json_token token, char room[SHORT], struct spwv_slice *text)
{
    *text = token == SPWV_JSON_STRING ? short_text(converter, room) : converter->reader.text;
    return token == SPWV_JSON_NUMBER || token == SPWV_JSON_STRING;
}

/* An element of a packed field has no tag. */
static uint32_t tag_of(const struct converter *converter, uint32_t number)
{
    return converter->levels[converter->depth - 1].number ? 0 : number;
}

static bool write_double(struct converter *converter, uint32_t number, enum spwv_json_token token)
{
    double value;
    uint64_t bits;
    struct spwv_slice text;
    char room[SHORT];
    if (!number_text(converter, token, room, &text) || !spwv_scalar_double(text, &value))
        return fail_field(converter, number, "a number that a double can hold, or \"NaN\", \"Infinity\", \"-Infinity\"");
    memcpy(&bits, &value, sizeof bits);
    spwv_message_fixed64(&converter->writer, tag_of(converter, number), bits);
    return true;
}

/* An enum's name becomes its number; anything else is left to write_whole(). */
static bool write_enum(struct converter *converter, uint32_t number, enum spwv_kind kind)
{
    int32_t value;
    char room[SHORT];
    if (!spwv_otlp_enum_value(kind, short_text(converter, room), &value))
        return fail_field(converter, number, "one of its enum's numbers or names");
    spwv_message_varint(&converter->writer, number, (uint64_t)value);
    return true;
}

struct range {
    uint64_t most;
    uint64_t least; /* below zero, its magnitude */
    const char *wanted;
};

static const struct range *range_of(enum spwv_kind kind)
{
    static const struct range of_int32 = {INT32_MAX, (uint64_t)INT32_MAX + 1, "a whole number of 32 bits"};
    static const struct range of_int64 = {INT64_MAX, (uint64_t)INT64_MAX + 1, "a whole number of 64 bits, as a number or a string"};
    static const struct range of_uint32 = {UINT32_MAX, 0, "a whole number from 0 to 4294967295"};
    static const struct range of_uint64 = {UINT64_MAX, 0, "a whole number from 0 to 18446744073709551615, as a number or a string"};
    switch (kind) {
    case SPWV_KIND_INT64:
    case SPWV_KIND_SFIXED64: return &of_int64;
    case SPWV_KIND_UINT64:
    case SPWV_KIND_FIXED64: return &of_uint64;
    case SPWV_KIND_UINT32:
    case SPWV_KIND_FIXED32: return &of_uint32;
    default: return &of_int32;
    }
}

static bool write_whole(struct converter *converter, uint32_t number, enum spwv_kind kind, enum spwv_json_token token)
{
    const struct range *range = range_of(kind);
    uint64_t value;
    bool negative;
    struct spwv_slice text;
    char room[SHORT];
    if (!number_text(converter, token, room, &text) || !spwv_scalar_whole(text, &value, &negative) ||
        value > (negative ? range->least : range->most))
        return fail_field(converter, number, range->wanted);
    if (negative)
        value = 0 - value;
    uint32_t tag = tag_of(converter, number);
    switch (kind) {
    case SPWV_KIND_FIXED64:
    case SPWV_KIND_SFIXED64: spwv_message_fixed64(&converter->writer, tag, value); break;
    case SPWV_KIND_FIXED32: spwv_message_fixed32(&converter->writer, tag, (uint32_t)value); break;
    case SPWV_KIND_SINT32: spwv_message_varint(&converter->writer, tag, (uint32_t)(value << 1) ^ (negative ? UINT32_MAX : 0)); break;
    default: spwv_message_varint(&converter->writer, tag, value);
    }
    return true;
}

/* ---- structure ---- */

static void push(struct converter *converter, enum spwv_message message, uint32_t number, struct spwv_message_mark mark)
{
    /* fits: a level is an open object or array, of which the reader lets no more through */
    converter->levels[converter->depth++] = (struct level){(uint8_t)message, (uint8_t)number, mark};
}

static bool open_message(struct converter *converter, uint32_t number, const struct spwv_otlp_field *field, enum spwv_json_token token)
{
    if (token != SPWV_JSON_OBJECT)
        return fail_field(converter, number, "an object");
    if (++converter->elements > SPWV_MAX_ELEMENTS)
        return fail(converter, "more than 4000000 messages (send smaller batches)");
    push(converter, (enum spwv_message)field->message, 0, spwv_message_begin(&converter->writer, number));
    return true;
}

/* One value of a field, an element of the array when it is repeated. */
static bool write_value(struct converter *converter, uint32_t number, const struct spwv_otlp_field *field, enum spwv_json_token token)
{
    enum spwv_kind kind = (enum spwv_kind)field->kind;
    switch (kind) {
    case SPWV_KIND_MESSAGE: return open_message(converter, number, field, token);
    case SPWV_KIND_STRING: return write_string(converter, number, token);
    case SPWV_KIND_ID: return write_id(converter, number, token);
    case SPWV_KIND_BYTES: return write_bytes(converter, number, token);
    case SPWV_KIND_BOOL: return write_bool(converter, number, token);
    case SPWV_KIND_DOUBLE: return write_double(converter, number, token);
    default: break;
    }
    if (spwv_otlp_is_enum(kind) && token == SPWV_JSON_STRING)
        return write_enum(converter, number, kind);
    return write_whole(converter, number, kind, token);
}

/* The value of a key that OTLP does not have, whatever it is. */
static bool skip_value(struct converter *converter)
{
    unsigned depth = converter->reader.depth;
    do
        if (next(converter) == SPWV_JSON_ERROR)
            return false;
    while (converter->reader.depth > depth);
    return true;
}

static bool read_field(struct converter *converter, enum spwv_message message)
{
    char room[SHORT];
    uint32_t number = spwv_otlp_field_number(message, short_text(converter, room));
    const struct spwv_otlp_field *field = number ? spwv_otlp_field(message, number) : NULL;
    if (!field)
        return skip_value(converter);
    enum spwv_json_token token = next(converter);
    if (token == SPWV_JSON_ERROR)
        return false;
    if (token == SPWV_JSON_NULL)
        return true;
    if (!field->repeated)
        return write_value(converter, number, field, token);
    if (token != SPWV_JSON_ARRAY)
        return fail_field(converter, number, "an array");
    struct spwv_message_mark none = {0};
    push(converter, message, number, spwv_otlp_is_packed(field) ? spwv_message_begin(&converter->writer, number) : none);
    return true;
}

static void end_array(struct converter *converter)
{
    const struct level *array = &converter->levels[--converter->depth];
    if (spwv_otlp_is_packed(spwv_otlp_field((enum spwv_message)array->message, array->number)))
        spwv_message_end(&converter->writer, array->mark);
}

static bool step(struct converter *converter)
{
    struct level *top = &converter->levels[converter->depth - 1];
    enum spwv_json_token token = next(converter);
    switch (token) {
    case SPWV_JSON_ERROR: return false;
    case SPWV_JSON_KEY: return read_field(converter, (enum spwv_message)top->message);
    case SPWV_JSON_ARRAY_END: end_array(converter); return true;
    case SPWV_JSON_OBJECT_END:
        if (--converter->depth) /* the request itself has no length */
            spwv_message_end(&converter->writer, top->mark);
        return true;
    default: return write_value(converter, top->number, spwv_otlp_field((enum spwv_message)top->message, top->number), token);
    }
}

static bool fail_request(struct converter *converter, enum spwv_message message)
{
    snprintf(converter->error->text, sizeof converter->error->text, "an %s must be an object, {\"%s\": [...]}: something else ends at byte %zu",
             spwv_otlp_message_name(message), spwv_otlp_field(message, 1)->name, place(converter));
    return false;
}

static bool convert(struct converter *converter, enum spwv_message message)
{
    enum spwv_json_token token = next(converter);
    if (token == SPWV_JSON_ERROR)
        return false;
    if (token != SPWV_JSON_OBJECT)
        return fail_request(converter, message);
    push(converter, message, 0, (struct spwv_message_mark){0});
    while (converter->depth && !converter->writer.out->failed)
        if (!step(converter))
            return false;
    return converter->writer.out->failed || next(converter) != SPWV_JSON_ERROR;
}

bool spwv_otlp_from_json(enum spwv_message message, struct spwv_slice json, struct spwv_buf *out, struct spwv_error *error)
{
    struct converter converter;
    converter.writer = (struct spwv_message_writer){.out = out};
    converter.depth = converter.elements = 0;
    converter.error = error;
    if (SPWV_FROM_JSON_MAX((uint64_t)json.size) > UINT32_MAX) {
        snprintf(error->text, sizeof error->text, "more than 1 GiB of JSON (send smaller batches)");
        return false;
    }
    spwv_json_open(&converter.reader, json);
    if (!convert(&converter, message))
        return false;
    spwv_message_finish(&converter.writer);
    if (out->failed)
        snprintf(error->text, sizeof error->text, "no memory left to convert the JSON: retry");
    return !out->failed;
}

enum spwv_message spwv_otlp_request_of_json(struct spwv_slice json)
{
    struct spwv_json_reader reader;
    enum spwv_json_token token;
    spwv_json_open(&reader, json);
    do {
        token = spwv_json_next(&reader);
        if (token == SPWV_JSON_KEY && reader.depth == 1)
            for (int request = SPWV_TRACES_REQUEST; request <= SPWV_METRICS_REQUEST; request++)
                if (spwv_otlp_field_number((enum spwv_message)request, reader.text))
                    return (enum spwv_message)request;
    } while (token != SPWV_JSON_ERROR && reader.depth);
    return SPWV_TRACES_REQUEST;
}
