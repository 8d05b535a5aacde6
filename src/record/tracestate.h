/*
 * W3C tracestates, kept once and named by a 32-bit reference so that spans stay small values. A fixed table of 4,096 places in sets of 8;
 * the same text gets the same reference; a place not asked for again is recycled in its set's turn, and a stale reference then reads as
 * empty (counted). Lock-free; memory is touched only as it is used.
 */
#ifndef SPW_RECORD_TRACESTATE_H
#define SPW_RECORD_TRACESTATE_H

#include <stddef.h>
#include <stdint.h>

#define SPW__TRACE_STATE_MAX 512u

/* 0 for an empty or overlong text. */
uint32_t spw__trace_state_intern(const char *text, size_t size);

/* Copies at most SPW__TRACE_STATE_MAX bytes, no terminator; returns the size, 0 when there is none (any more). */
size_t spw__trace_state_read(uint32_t reference, char out[SPW__TRACE_STATE_MAX]);

#endif
