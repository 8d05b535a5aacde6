/* An exporter that takes everything at once and counts it, through the public seam: the least a consumer can cost. */
#ifndef SPW_BENCH_NULL_EXPORTER_H
#define SPW_BENCH_NULL_EXPORTER_H

#include <spanwire/exporter.h>

/* Freed by the SDK. One at a time; NULL when out of memory. */
spw_exporter *bench_null_exporter_new(void);

/* Spans it was given so far. Any thread. */
uint64_t bench_null_exporter_spans(void);

/* The size of the Span message of the last span it was given. Any thread. */
size_t bench_null_exporter_span_size(void);

#endif
