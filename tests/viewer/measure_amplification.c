/*
 * How much memory the viewer takes for a byte it receives: measure_amplification PROGRAM
 *
 * Sends the nastiest bodies we could think of to a fresh viewer each (a store in memory, all limits at their defaults) and prints the growth
 * of its peak resident memory over what it had when idle, for each byte sent. docs/reliability.md has the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "measured.h"

#define PROTOBUF "Content-Type: application/x-protobuf\r\n"
#define JSON "Content-Type: application/json\r\n"
#define GZIP "Content-Encoding: gzip\r\n"

enum { MOST = 60 << 20, WIDE = 16 << 20 };

struct body {
    uint8_t *data;
    size_t size;
};

static struct body room(void)
{
    struct body body = {malloc(MOST + 4096), 0};
    if (!body.data)
        measured_die("memory");
    return body;
}

static void add(struct body *body, const void *data, size_t size)
{
    memcpy(body->data + body->size, data, size);
    body->size += size;
}

/* Repeats until the body has that size. */
static struct body repeated(const char *before, const void *part, size_t part_size, const char *behind, size_t size)
{
    struct body body = room();
    add(&body, before, strlen(before));
    while (body.size + part_size <= size)
        add(&body, part, part_size);
    add(&body, behind, strlen(behind));
    return body;
}

static size_t varint(uint8_t *to, size_t value)
{
    size_t size = 0;
    for (; value > 127; value >>= 7)
        to[size++] = (uint8_t)(value | 128);
    to[size++] = (uint8_t)value;
    return size;
}

/* The bytes as a field of that number. */
static struct body wrapped(struct body inner, uint8_t number)
{
    struct body outer = {malloc(inner.size + 16), 0};
    if (!outer.data)
        measured_die("memory");
    outer.data[outer.size++] = (uint8_t)(number << 3 | 2);
    outer.size += varint(outer.data + outer.size, inner.size);
    add(&outer, inner.data, inner.size);
    free(inner.data);
    return outer;
}

static struct body request_of(struct body spans)
{
    return wrapped(wrapped(spans, 2), 1);
}

/* ---- the bodies ---- */

static struct body empty_resources(void)
{
    return repeated("", "\x0a\x00", 2, "", 7 << 20); /* as many as are taken: 3.6 million */
}

static struct body empty_spans(void)
{
    return request_of(repeated("", "\x12\x00", 2, "", 7 << 20));
}

static struct body empty_logs(void)
{
    return request_of(repeated("", "\x12\x00", 2, "", 7 << 20));
}

/* A gauge's points without a time or a value, and a series for each: attributes of two bytes. */
static struct body empty_points(void)
{
    struct body metric = room();
    add(&metric, "\x0a\x01n", 3);
    struct body gauge = wrapped(repeated("", "\x0a\x00", 2, "", 7 << 20), 5);
    add(&metric, gauge.data, gauge.size);
    free(gauge.data);
    return request_of(wrapped(metric, 2));
}

static struct body tiny_series(void)
{
    struct body points = room(), metric = room();
    for (uint32_t i = 1; points.size < (4 << 20); i++) {
        uint8_t point[10] = {0x0a, 8, 0x3a, 6, 0x0a, 4, 0, 0, 0, 0};
        for (size_t j = 0, n = i; j < 4; j++, n /= 26)
            point[6 + j] = (uint8_t)('a' + n % 26);
        add(&points, point, sizeof point);
    }
    add(&metric, "\x0a\x01n", 3);
    points = wrapped(points, 5);
    add(&metric, points.data, points.size);
    free(points.data);
    return request_of(wrapped(metric, 2));
}

/* The smallest span that is stored: two ids; each a trace of its own, or all one trace. */
static struct body tiny_spans(int one_trace)
{
    uint8_t span[30] = {0x12, 28, 0x0a, 16};
    struct body body = room();
    for (uint32_t i = 1; body.size + sizeof span <= (4 << 20); i++) {
        memset(span + 4, 0xAB, 16);
        if (!one_trace)
            memcpy(span + 4, &i, 4);
        span[20] = 0x12;
        span[21] = 8;
        memset(span + 22, 1, 8);
        memcpy(span + 22, &i, 4);
        add(&body, span, sizeof span);
    }
    return request_of(body);
}

static struct body many_traces(void)
{
    return tiny_spans(0);
}

static struct body many_spans(void)
{
    return tiny_spans(1);
}

/* Spans with as many attributes as are indexed, each key and value its own, as short as that can be. */
static struct body tiny_attributes(void)
{
    struct body body = room();
    for (uint32_t i = 1; body.size < (4 << 20); i++) {
        struct body span = {malloc(8192), 0};
        uint8_t ids[28] = {0x0a, 16, 1, 2, 3, [18] = 0x12, 8, 1};
        if (!span.data)
            measured_die("memory");
        memcpy(ids + 6, &i, 4);
        memcpy(ids + 22, &i, 4);
        add(&span, ids, sizeof ids);
        for (uint32_t j = 0; j < 128; j++) {
            uint8_t pair[15] = {0x4a, 13, 0x0a, 4, 0, 0, 0, 0, 0x12, 5, 0x1d - 0x03, 3, 0, 0, 0}; /* "bool"-like keys: 4 bytes, a text of 3 */
            uint32_t key = i * 128 + j;
            pair[4] = (uint8_t)('a' + key % 26), pair[5] = (uint8_t)('a' + key / 26 % 26), pair[6] = (uint8_t)('a' + key / 676 % 26);
            pair[7] = (uint8_t)('a' + key / 17576 % 26);
            pair[10] = 0x0a;
            memcpy(pair + 12, pair + 4, 3);
            add(&span, pair, sizeof pair);
        }
        struct body field = wrapped(span, 2);
        add(&body, field.data, field.size);
        free(field.data);
    }
    return request_of(body);
}

static struct body json_empty_objects(void)
{
    return repeated("{\"resourceSpans\":[{}", ",{}", 3, "]}", 11 << 20);
}

static struct body json_text(void)
{
    return repeated("{\"resourceSpans\":[{\"schemaUrl\":\"", "\\u0001", 6, "\"}]}", MOST);
}

static struct body large_text(void)
{
    struct body text = repeated("", "x", 1, "", WIDE);
    return request_of(wrapped(wrapped(text, 5), 2)); /* a span's name; rejected, for it has no ids */
}

static struct body zipped(struct body plain)
{
    z_stream stream = {0};
    struct body body = {malloc(plain.size / 2 + 65536), 0};
    if (!body.data || deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        measured_die("memory");
    stream.next_in = plain.data;
    stream.avail_in = (unsigned)plain.size;
    stream.next_out = body.data;
    stream.avail_out = (unsigned)(plain.size / 2 + 65536);
    deflate(&stream, Z_FINISH);
    body.size = stream.total_out;
    deflateEnd(&stream);
    free(plain.data);
    return body;
}

static struct body bomb(void)
{
    return zipped(repeated("", "\0", 1, "", MOST));
}

static struct body zipped_traces(void)
{
    return zipped(many_traces());
}

/* ---- measuring ---- */

static double measure(const char *program, const char *port_file, const char *what, const char *path, const char *headers, struct body (*make)(void))
{
    struct body body = make();
    measured_start(program, port_file, NULL);
    long before = measured_kb("VmRSS:");
    int connection = measured_dial();
    int status = measured_post(connection, path, headers, body.data, body.size);
    long after = measured_kb("VmHWM:");
    double ratio = (double)(after - before) * 1024 / (double)body.size;
    printf("%s | %.2f MiB | %d | %.1f MiB | %.1f\n", what, (double)body.size / 1048576, status, (double)(after - before) / 1024, ratio);
    fflush(stdout);
    close(connection);
    measured_stop();
    free(body.data);
    return ratio;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *what;
        const char *path;
        const char *headers;
        struct body (*make)(void);
    } cases[] = {{"empty ResourceSpans, 2 bytes each", "/v1/traces", PROTOBUF, empty_resources},
                 {"empty Spans, 2 bytes each", "/v1/traces", PROTOBUF, empty_spans},
                 {"empty LogRecords, 2 bytes each", "/v1/logs", PROTOBUF, empty_logs},
                 {"empty data points, 2 bytes each", "/v1/metrics", PROTOBUF, empty_points},
                 {"data points of 10 bytes, each a series", "/v1/metrics", PROTOBUF, tiny_series},
                 {"spans of 30 bytes, each a trace", "/v1/traces", PROTOBUF, many_traces},
                 {"spans of 30 bytes, one trace", "/v1/traces", PROTOBUF, many_spans},
                 {"128 attributes of 15 bytes a span, all keys and values new", "/v1/traces", PROTOBUF, tiny_attributes},
                 {"one name of 16 MiB", "/v1/traces", PROTOBUF, large_text},
                 {"JSON, empty objects", "/v1/traces", JSON, json_empty_objects},
                 {"JSON, one text of escapes", "/v1/traces", JSON, json_text},
                 {"gzip, 60 MiB of zeros", "/v1/traces", PROTOBUF GZIP, bomb},
                 {"gzip, spans of 30 bytes, each a trace", "/v1/traces", PROTOBUF GZIP, zipped_traces}};
    char directory[] = "/tmp/spanwire-amplify-XXXXXX", port_file[64];
    double worst = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: measure_amplification PROGRAM\n");
        return 2;
    }
    if (!mkdtemp(directory))
        measured_die(directory);
    snprintf(port_file, sizeof port_file, "%s/port", directory);
    printf("body | sent | status | peak memory over idle | bytes of memory a byte\n--- | --- | --- | --- | ---\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double ratio = measure(argv[1], port_file, cases[i].what, cases[i].path, cases[i].headers, cases[i].make);
        worst = ratio > worst ? ratio : worst;
    }
    printf("\nworst: %.1f bytes of memory a byte received; in all at most --max-bytes (256 MiB) of store and 256 MiB of bodies and answers\n", worst);
    rmdir(directory);
    return 0;
}
