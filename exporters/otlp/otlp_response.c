/* A server's answer as it streams in: otlp_response.h. */
#include "otlp_response.h"

#include <curl/curl.h>
#include <spanwire/allocator.h>
#include <string.h>
#include <strings.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

static void *allocate(void *arg, size_t size)
{
    (void)arg;
    return spw_allocate(size);
}

static void release(void *arg, void *memory)
{
    (void)arg;
    spw_free(memory);
}

static ProtobufCAllocator allocator = { allocate, release, NULL };

enum { MAX_FIELDS = 64, MAX_DATE = 63 };

/* ---- collecting ---- */

void spw__otlp_response_reset(struct spw__otlp_response *r)
{
    char *kept = r->kept;
    size_t capacity = r->kept_capacity;
    bool expects_json = r->expects_json;
    memset(r, 0, sizeof *r);
    r->expects_json = expects_json;
    r->kept = kept;
    r->kept_capacity = capacity;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static spw_view trim(spw_view v)
{
    while (v.size && is_space(v.data[0])) {
        v.data++;
        v.size--;
    }
    while (v.size && is_space(v.data[v.size - 1]))
        v.size--;
    return v;
}

/* The value of the header line when it has that name. */
static bool header_value(spw_view line, const char *name, spw_view *out)
{
    size_t size = strlen(name);
    if (line.size <= size || line.data[size] != ':' || strncasecmp(line.data, name, size) != 0)
        return false;
    *out = trim((spw_view){ line.data + size + 1, line.size - size - 1 });
    return true;
}

bool spw__otlp_response_header(struct spw__otlp_response *r, spw_view line)
{
    spw_view value;
    r->header_bytes += line.size;
    r->over_headers = r->header_bytes > SPW__OTLP_RESPONSE_HEADERS_MAX;
    if (line.size > 5 && memcmp(line.data, "HTTP/", 5) == 0) { /* the final answer begins after any interim one */
        r->retry_after_ms = 0;
        r->is_protobuf = r->is_json = false;
    } else if (header_value(line, "Retry-After", &value)) {
        r->retry_after_ms = spw__otlp_retry_after_ms(value, time(NULL));
    } else if (header_value(line, "Content-Type", &value)) {
        r->is_protobuf = value.size >= 22 && strncasecmp(value.data, "application/x-protobuf", 22) == 0;
        r->is_json = value.size >= 16 && strncasecmp(value.data, "application/json", 16) == 0;
    }
    return !r->over_headers;
}

static void keep(struct spw__otlp_response *r, spw_view data)
{
    size_t room = SPW__OTLP_RESPONSE_KEEP - r->kept_size;
    size_t size = data.size < room ? data.size : room;
    if (r->kept_size + size > r->kept_capacity) {
        size_t capacity = r->kept_capacity ? r->kept_capacity : 1024;
        while (capacity < r->kept_size + size)
            capacity *= 2;
        char *grown = spw_reallocate(r->kept, capacity);
        if (!grown)
            return; /* then the body counts as one that cannot be read */
        r->kept = grown;
        r->kept_capacity = capacity;
    }
    memcpy(r->kept + r->kept_size, data.data, size);
    r->kept_size += size;
}

bool spw__otlp_response_body(struct spw__otlp_response *r, spw_view data)
{
    bool whole = r->kept_size == r->body_bytes; /* nothing was left out so far */
    r->body_bytes += data.size;
    r->over_body = r->body_bytes > SPW__OTLP_RESPONSE_MAX;
    if (whole && data.size && r->kept_size < SPW__OTLP_RESPONSE_KEEP)
        keep(r, data);
    return !r->over_body;
}

void spw__otlp_response_fini(struct spw__otlp_response *r)
{
    spw_free(r->kept);
    memset(r, 0, sizeof *r);
}

/* ---- reading protobuf: enough of it to know that the decoder can be let loose, and to read google.rpc.Status ---- */

struct reader {
    const unsigned char *at;
    const unsigned char *end;
};

static bool read_varint(struct reader *r, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;
        *out |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Reads one field; `bytes` is set for length-delimited ones. */
static bool read_field(struct reader *r, uint64_t *number, spw_view *bytes)
{
    uint64_t tag;
    uint64_t size = 0;
    *bytes = (spw_view){ NULL, 0 };
    if (!read_varint(r, &tag) || tag >> 3 == 0)
        return false;
    *number = tag >> 3;
    switch (tag & 7) {
    case 0: return read_varint(r, &size);
    case 1: size = 8; break;
    case 5: size = 4; break;
    case 2:
        if (!read_varint(r, &size))
            return false;
        bytes->data = (const char *)r->at;
        bytes->size = (size_t)size;
        break;
    default: return false;
    }
    if (size > (uint64_t)(r->end - r->at))
        return false;
    r->at += size;
    return true;
}

/*
 * Whether protobuf-c can be given these bytes: whole, few fields. Depth needs no look: the schema is two messages deep and what it does not know is
 * not descended into. Many fields do, as each costs memory many times its size.
 */
static bool is_decodable(spw_view body)
{
    const unsigned char *begin = (const unsigned char *)body.data;
    struct reader outer = { begin, begin + body.size };
    unsigned fields = 0;
    uint64_t number;
    spw_view bytes;
    while (outer.at < outer.end) {
        if (!read_field(&outer, &number, &bytes) || ++fields > MAX_FIELDS)
            return false;
        struct reader inner = { (const unsigned char *)bytes.data, (const unsigned char *)bytes.data };
        if (number == 1 && bytes.size)
            inner.end += bytes.size;
        while (inner.at < inner.end)
            if (!read_field(&inner, &number, &bytes) || ++fields > MAX_FIELDS)
                return false;
    }
    return true;
}

static bool reads_json(const struct spw__otlp_response *r)
{
    return r->is_json || (r->expects_json && !r->is_protobuf);
}

void spw__otlp_response_partial(const struct spw__otlp_response *r, uint64_t sent, struct spw__otlp_partial *out)
{
    memset(out, 0, sizeof *out);
    if (r->body_bytes == 0)
        return;
    out->malformed = true;
    if (r->kept_size == r->body_bytes && reads_json(r)) {
        spw__otlp_response_partial_json((spw_view){ r->kept, r->kept_size }, sent, out);
        return;
    }
    if (r->kept_size != r->body_bytes || !is_decodable((spw_view){ r->kept, r->kept_size }))
        return;
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse *message =
        opentelemetry__proto__collector__trace__v1__export_trace_service_response__unpack(&allocator, r->kept_size, (const uint8_t *)r->kept);
    if (!message)
        return;
    out->malformed = message->base.n_unknown_fields > 0 && !message->partial_success; /* some other message, or text that looks like one */
    if (message->partial_success) {
        int64_t rejected = message->partial_success->rejected_spans;
        out->rejected = rejected <= 0 ? 0 : (uint64_t)rejected < sent ? (uint64_t)rejected : sent;
        strncpy(out->message, message->partial_success->error_message, sizeof out->message - 1);
    }
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__free_unpacked(message, &allocator);
}

spw_view spw__otlp_response_text(const struct spw__otlp_response *r, char *scratch, size_t size)
{
    spw_view text = { r->kept, r->kept_size };
    size_t message = r->is_json ? spw__otlp_response_message_json(text, scratch, size) : 0;
    if (message)
        return (spw_view){ scratch, message };
    if (!r->is_protobuf || r->kept_size == 0)
        return text;
    struct reader reader = { (const unsigned char *)r->kept, (const unsigned char *)r->kept + r->kept_size };
    uint64_t number;
    spw_view bytes;
    while (reader.at < reader.end && read_field(&reader, &number, &bytes))
        if (number == 2 && bytes.data)
            return bytes;
    return (spw_view){ NULL, 0 };
}

/* ---- Retry-After ---- */

uint64_t spw__otlp_retry_after_ms(spw_view value, time_t now)
{
    value = trim(value);
    uint64_t seconds = 0;
    size_t digits = 0;
    for (; digits < value.size && value.data[digits] >= '0' && value.data[digits] <= '9'; digits++)
        if (seconds < INT32_MAX)
            seconds = seconds * 10 + (uint64_t)(value.data[digits] - '0');
    if (digits != value.size || digits == 0) {
        /* Every form of HTTP-date begins with the name of a day; curl_getdate() takes much that is none. */
        char date[MAX_DATE + 1];
        if (value.size == 0 || value.size > MAX_DATE || !strchr("SMTWF", value.data[0]) || memchr(value.data, 0, value.size))
            return 0;
        memcpy(date, value.data, value.size);
        date[value.size] = '\0';
        time_t then = curl_getdate(date, NULL);
        if (then == -1 || then <= now)
            return 0;
        seconds = (uint64_t)(then - now);
    }
    return seconds > INT32_MAX / 1000 ? INT32_MAX : seconds * 1000;
}
