#include "oracle_protoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "integration/oracle_value.h"
#include "support/capture.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;

static int octal(const char *p)
{
    return (p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0');
}

/* Undoes protoc's quoting, in place; returns the size. */
static size_t unquote(char *text)
{
    static const char codes[] = "n\nr\rt\t\"\"''\\\\";
    char *to = text;
    for (const char *p = text + 1; *p && !(*p == '"'); p++) {
        if (*p != '\\') {
            *to++ = *p;
        } else if (p[1] >= '0' && p[1] <= '7') {
            *to++ = (char)octal(p + 1);
            p += 3;
        } else {
            const char *code = strchr(codes, *++p);
            assert_non_null(code);
            *to++ = code[1];
        }
    }
    return (size_t)(to - text);
}

static const capture_span *nth_span(const request *r, size_t n)
{
    const Opentelemetry__Proto__Trace__V1__ResourceSpans *resource = r->resource_spans[0];
    for (size_t i = 0; i < resource->n_scope_spans; n -= resource->scope_spans[i++]->n_spans)
        if (n < resource->scope_spans[i]->n_spans)
            return resource->scope_spans[i]->spans[n];
    fail_msg("protoc sees more spans");
    return NULL;
}

/* Where in the decoded text we are. */
struct reading {
    size_t spans, links, containers;
    bool in_span; /* not in a scope, which has a name too */
};

/* A line of the decoded text; a span's own fields are six blanks deep. */
static void read_line(const request *r, char *line, struct reading *reading)
{
    char *at = line + strspn(line, " ");
    if (*at >= '0' && *at <= '9')
        fail_msg("protoc does not know a field: %.60s", at);
    reading->containers += strncmp(at, "array_value {", 13) == 0 || strncmp(at, "kvlist_value {", 14) == 0;
    if (at - line == 4 && *at != '}') {
        reading->in_span = strncmp(at, "spans {", 7) == 0;
        reading->spans += reading->in_span;
    }
    if (at - line != 6 || !reading->in_span)
        return;
    const capture_span *span = nth_span(r, reading->spans - 1);
    reading->links += strncmp(at, "links {", 7) == 0;
    if (strncmp(at, "span_id: ", 9) == 0) {
        size_t size = unquote(at + 9);
        assert_int_equal(size, span->span_id.len);
        assert_memory_equal(at + 9, span->span_id.data, size);
    } else if (strncmp(at, "name: ", 6) == 0) {
        size_t size = unquote(at + 6);
        assert_int_equal(size, strlen(span->name));
        assert_memory_equal(at + 6, span->name, size);
    }
}

static size_t containers_of(capture_attr *const *attrs, size_t count)
{
    size_t containers = 0;
    for (size_t i = 0; i < count; i++)
        containers += oracle_value_containers(attrs[i]->value);
    return containers;
}

static void count_span(const capture_span *span, struct reading *reading)
{
    reading->links += span->n_links;
    reading->containers += containers_of(span->attributes, span->n_attributes);
    for (size_t i = 0; i < span->n_events; i++)
        reading->containers += containers_of(span->events[i]->attributes, span->events[i]->n_attributes);
    for (size_t i = 0; i < span->n_links; i++)
        reading->containers += containers_of(span->links[i]->attributes, span->links[i]->n_attributes);
}

void ask_protoc(const request *r, const uint8_t *body, size_t size, size_t spans)
{
    char path[] = "/tmp/spw-oracle-XXXXXX", command[1024];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, body, size), size);
    close(fd);
    snprintf(command, sizeof command,
             "protoc --decode=opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest -I '%s' "
             "opentelemetry/proto/collector/trace/v1/trace_service.proto < %s",
             SPW_PROTO_DIR, path);
    FILE *text = popen(command, "r");
    assert_non_null(text);
    char *line = NULL;
    size_t room = 0;
    struct reading reading = { 0, 0, 0, false };
    while (getline(&line, &room, text) >= 0)
        read_line(r, line, &reading);
    free(line);
    assert_int_equal(pclose(text), 0);
    assert_int_equal(reading.spans, spans);
    struct reading here = { 0, 0, 0, false };
    for (; here.spans < spans; here.spans++)
        count_span(nth_span(r, here.spans), &here);
    assert_int_equal(reading.links, here.links);
    assert_int_equal(reading.containers, here.containers);
    unlink(path);
}
