/*
 * What the viewer's tests share: requests made by protobuf-c (not by code of the viewer), a viewer on a free port, HTTP through libcurl.
 * Failures end the test through cmocka.
 */
#ifndef VIEWER_FIXTURE_H
#define VIEWER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

#include "store.h"
#include "viewer.h"

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
typedef Opentelemetry__Proto__Trace__V1__Span pb_span;

struct sample {
    uint8_t trace; /* the last byte of the trace id */
    uint64_t id;
    uint64_t parent; /* 0: a root */
    const char *name;
    uint64_t start;
    uint64_t end;
    bool error;
    const char *message;
    const char *service; /* NULL: "svc" */
    const char *resource_schema_url; /* NULL: none */
    const char *scope_schema_url;
    void (*finish)(pb_span *span); /* adds what is above not said; NULL: nothing */
};

struct bytes {
    uint8_t *data;
    size_t size;
};

struct bytes encode(const struct sample *samples, size_t count);
struct bytes gzip(const void *data, size_t size);
#define ENCODE(...) encode((const struct sample[]){__VA_ARGS__}, sizeof((const struct sample[]){__VA_ARGS__}) / sizeof(struct sample))

bool next_span(struct spwv_cursor *cursor, struct spwv_span *span);

/* What intake does, without HTTP. */
uint64_t put(struct spwv_store *store, struct bytes request);

struct reply {
    long status;
    char *body; /* ended by a NUL that is not in size */
    size_t size;
    char *headers;
};

extern struct spwv_viewer *viewer;
int start_viewer(void **state); /* cmocka set-up: default options, a free port */
int stop_viewer(void **state);
void start_viewer_with(struct spwv_options options);

struct reply http(const char *method, const char *path, const char *const *headers, struct bytes body);
struct reply get(const char *path);
struct reply post(struct bytes body); /* protobuf, no compression; frees body.data */
void free_reply(struct reply reply);

/* Sends and expects a status; the text, or a header, must hold `part` (NULL: any), and the answer the headers that all of ours have. */
void expect_http(const char *method, const char *path, const char *const *headers, struct bytes body, long status, const char *part);
extern const struct bytes none;

/* A raw connection to the viewer. */
int dial(void);

#endif
