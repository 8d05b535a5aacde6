/* What a program may hand to the recording calls by mistake or in malice. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/fault.h"
#include "support/cost.h"

static void deliver(struct fault *f, http_peer *peer, uint32_t timeout_ms)
{
    fault_stop(f, timeout_ms);
    fault_collect(f, peer);
    fault_judge(f);
    http_peer_stop(peer);
}

static spw_span begin(struct fault *f)
{
    spw_span span = spw_span_start(NULL, "work", NULL);
    spw_set_int(span, "seq", (int64_t)++f->ended);
    return span;
}

static void small_batches_off(spw_options *options)
{
    options->otlp_timeout_ms = 10000;
}

/* Over the span's byte limit it is dropped, and its span stays. */
static void fifty_megabytes(struct fault *f)
{
    enum { SIZE = 50 << 20 };
    char *text = malloc(SIZE);
    if (!text)
        abort();
    memset(text, 'x', SIZE);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), small_batches_off);
    for (int i = 0; i < 512; i++) {
        spw_span span = begin(f);
        if (i == 200)
            spw_set_string_n(span, "text", text, SIZE);
        spw_span_end(span);
    }
    free(text);
    deliver(f, peer, 10000);
    FAULT_CHECK(f, f->delivered == 512 && f->stats.attributes_dropped == 1);
}

/* A span is 1 MiB at most, so only what a redactor puts in its place is more than a request may have. */
static spw_redaction grow(void *arg, const spw_redaction_input *input, spw_attr *attr)
{
    (void)input;
    if (attr->key.size != 4 || memcmp(attr->key.data, "text", 4) != 0)
        return SPW_REDACT_KEEP;
    attr->value = *(const spw_value *)arg;
    return SPW_REDACT_REPLACE;
}

static spw_pipeline_options growing;

static void grow_in_redaction(spw_options *options)
{
    static spw_value huge;
    enum { SIZE = 65 << 20 };
    char *text = malloc(SIZE); /* until the process ends */
    if (!text)
        abort();
    memset(text, 'x', SIZE);
    huge = spw_value_string_n(text, SIZE);
    growing = options->pipelines[0];
    growing.redact = grow;
    growing.redact_arg = &huge;
    options->pipelines = &growing;
    options->otlp_timeout_ms = 10000;
}

static void over_the_request(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), grow_in_redaction);
    for (int i = 0; i < 512; i++) {
        spw_span span = begin(f);
        if (i == 200)
            spw_set_string(span, "text", "to be replaced");
        spw_span_end(span);
    }
    deliver(f, peer, 10000);
    FAULT_CHECK(f, f->delivered == 511 && f->stats.pipelines[0].dropped[SPW_DROP_TOO_LARGE] == 1);
}

static void not_utf8(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 256; i++) {
        const char bad[] = { (char)i, (char)0xc0, (char)0x80, (char)0xed, (char)0xa0, (char)0x80, (char)0xf8, 0 };
        spw_span span = begin(f);
        spw_set_string(span, bad, bad);
        spw_update_name(span, bad);
        spw_add_event(span, bad, NULL, 0);
        spw_set_status(span, SPW_STATUS_ERROR, bad);
        spw_span_end(span);
    }
    deliver(f, peer, 5000);
    FAULT_CHECK(f, f->delivered == 256);
}

static void odd_values(struct fault *f)
{
    static char key[65537];
    memset(key, 'k', sizeof key - 1);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 100; i++) {
        spw_span span = begin(f);
        spw_set_double(span, "nan", NAN);
        spw_set_double(span, "inf", -INFINITY);
        spw_set_string(span, "null", NULL);
        spw_set_string(span, "", "no key");
        spw_set_string(span, NULL, "no key");
        spw_set_string(span, key, "a key of 64 KiB");
        spw_set_bytes(span, "bytes", NULL, 0);
        spw_set_attrs(span, NULL, 5);
        spw_add_event(span, NULL, NULL, 7);
        spw_span_end(span);
    }
    deliver(f, peer, 5000);
    FAULT_CHECK(f, f->delivered == 100 && f->stats.attributes_dropped == 300);
}

static void many_attributes(struct fault *f)
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    spw_span span = begin(f);
    for (int i = 0; i < 100000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        spw_set_int(span, key, i);
    }
    spw_span_end(span);
    deliver(f, peer, 5000);
    FAULT_CHECK(f, f->delivered == 1 && f->stats.attributes_dropped == 100001 - 128);
}

/* 10,000 levels, and a cycle: neither is walked to its end. */
static void deep_values(struct fault *f)
{
    enum { DEPTH = 10000 };
    spw_value *nest = calloc(DEPTH, sizeof *nest);
    if (!nest)
        abort();
    for (int i = 0; i + 1 < DEPTH; i++)
        nest[i] = spw_value_array(&nest[i + 1], 1);
    nest[DEPTH - 1] = spw_value_int(1);
    spw_value cycle[2];
    cycle[0] = spw_value_array(cycle, 2);
    cycle[1] = spw_value_array(cycle, 2);
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (int i = 0; i < 100; i++) {
        spw_span span = begin(f);
        spw_set_value(span, "deep", &nest[0]);
        spw_set_value(span, "cycle", &cycle[0]);
        spw_set_value(span, "fits", &nest[DEPTH - 1 - SPW_MAX_VALUE_DEPTH]);
        spw_span_end(span);
    }
    deliver(f, peer, 5000);
    FAULT_CHECK(f, f->delivered == 100);
    if (f->stats.attributes_dropped != 200)
        fault_fail(f, "%llu attributes dropped, not 200", (unsigned long long)f->stats.attributes_dropped);
    free(nest);
}

static const char *hostile;

static const char *one_field(void *carrier, const char *name)
{
    return strcmp(name, carrier) == 0 ? hostile : NULL;
}

/* A megabyte for every field there is: ignored or bounded, and at once. */
static void hostile_headers(struct fault *f)
{
    static const char *const names[] = { "traceparent", "tracestate", "baggage", "b3", "x-b3-traceid" };
    static const char *const patterns[] = { ",", "a=b,", "=", "%", "k=v;p=q,", "00-", "\x01", " \t" };
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE + 1);
    if (!text)
        abort();
    uint64_t slowest = 0;
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        size_t n = strlen(patterns[p]);
        for (size_t i = 0; i < SIZE; i++)
            text[i] = patterns[p][i % n];
        text[SIZE] = '\0';
        hostile = text;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            uint64_t begun = cost_cpu_ns();
            spw_context context = spw_extract(NULL, one_field, (void *)(uintptr_t)names[i]);
            uint64_t took = (cost_cpu_ns() - begun) / 1000;
            slowest = took > slowest ? took : slowest;
            spw_span_options options = SPW_SPAN_OPTIONS_INIT;
            options.parent = &context;
            spw_span span = spw_span_start(NULL, "work", &options);
            spw_set_int(span, "seq", (int64_t)++f->ended);
            spw_span_end(span);
            spw_context_release(&context);
        }
    }
    free(text);
    deliver(f, peer, 5000);
    FAULT_CHECK(f, f->delivered == f->ended && slowest <= COST_FACTOR * 1000);
    snprintf(f->note, sizeof f->note, "the slowest took %llu us of processor time", (unsigned long long)slowest);
}

const struct fault_row fault_rows_data[] = {
    { "Data", "fifty_megabytes", "one attribute of 50 MB among 512 spans", "512 delivered, the attribute dropped and counted", fifty_megabytes, false },
    { "Data", "over_the_request", "one of 512 spans grows past a request (65 MB) in redaction", "511 delivered, one too_large", over_the_request, false },
    { "Data", "not_utf8", "invalid UTF-8 in names, keys, values, events, status", "no batch fails", not_utf8, false },
    { "Data", "odd_values", "NaN, infinity, NULL, empty, a key of 64 KiB", "recorded, or dropped and counted", odd_values, false },
    { "Data", "many_attributes", "100,000 attributes on a span", "128 stay, the others are counted", many_attributes, false },
    { "Data", "deep_values", "values 10,000 deep, and cycles", "dropped and counted, no recursion", deep_values, false },
    { "Data", "hostile_headers", "a megabyte in each propagation header", "ignored or bounded, at once", hostile_headers, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
