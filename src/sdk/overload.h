/*
 * Says once that a pipeline's queue is full and drops, and once that this is over: when the queue is at most half full and nothing was
 * dropped for five seconds, so that a queue that is filled and emptied in turns does not fill the log. Worker thread only.
 */
#ifndef SPW_SDK_OVERLOAD_H
#define SPW_SDK_OVERLOAD_H

#include <spanwire/exporter.h>

struct spw__pipeline;

struct spw__overload {
    bool said;           /* that it drops; not yet that it is over */
    uint64_t dropped_ms; /* when we last saw that something was dropped */
    uint64_t dropped;    /* how much until the last episode's end */
    spw_timer calm;      /* armed only when the queue is down to its half */
};

/* At each turn of the worker; costs two loads. */
void spw__overload_look(struct spw__pipeline *pipeline);

#endif
