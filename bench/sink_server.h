/*
 * The least of OTLP receivers: a process of its own on a loopback port, reads requests, counts the spans in them, answers 200 with an empty
 * body. What it saw is in shared memory.
 */
#ifndef SPW_BENCH_SINK_SERVER_H
#define SPW_BENCH_SINK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SINK_BODY_MOST (8u << 20)

struct sink_view {
    uint64_t spans, bytes, requests; /* atomic */
    uint64_t malformed;              /* atomic */
    uint32_t sample_size;            /* of the first large body seen; atomic, written last */
    uint8_t sample[SINK_BODY_MOST];
};

struct sink {
    pid_t pid;
    uint16_t port;
    struct sink_view *view;
};

/* Forks: before there are threads. False when the system refuses. */
bool sink_start(struct sink *sink);
void sink_stop(struct sink *sink);

/* Spans in an ExportTraceServiceRequest; -1: not one. */
int64_t sink_count_spans(const uint8_t *body, size_t size);

#endif
