/*
 * The body of a request as it comes in: kept as it is, or inflated from gzip on the way, within caps.
 *
 * Ownership: the caller's struct, spwv_body_fini() frees. Threads: one. Failure: a status and a text; the rest is then thrown away unread.
 * Limits: bytes received, bytes inflated, their ratio, and the shared budget for all bodies. Compressed bytes are never kept.
 */
#ifndef SPWV_INFLATE_H
#define SPWV_INFLATE_H

#include <zlib.h>

#include "buf.h"

/*
 * What bounds memory are the bytes inflated, one body's and the budget of all. The ratio bounds work: deflate gives up to 1032:1, so that
 * 64 KiB on the wire could make this side write, check and store 64 MiB. It is judged on what has come so far, and only past SPWV_RATIO_FROM:
 *   - Below, the work is a few hundredths of a second: no amplification worth a refusal.
 *   - A 413 is final, the sender throws the batch away, so the cap must not meet honest telemetry. Small honest bodies do pass 256:1: one span
 *     with a prompt that repeats itself does. Past 8 MiB they are many spans, and the random ids alone (8 to 24 bytes in some 300) keep them
 *     below 40:1.
 */
enum { SPWV_MAX_RATIO = 256, SPWV_RATIO_FROM = 8 << 20 };

struct spwv_body {
    struct spwv_buf plain;
    bool gzip;
    bool begun;
    bool ended; /* the gzip stream is over */
    z_stream stream;
    size_t received;
    size_t max_compressed;
    unsigned status; /* 0: fine so far */
    char text[160];
};

void spwv_body_init(struct spwv_body *body, bool gzip, size_t max_compressed, size_t max_plain, struct spwv_budget *budget);
void spwv_body_fini(struct spwv_body *body);

/* Both do nothing once there is a status. */
void spwv_body_add(struct spwv_body *body, const void *data, size_t size);
void spwv_body_finish(struct spwv_body *body);

#endif
