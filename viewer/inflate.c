/* Bodies, inflated as they come. Contract: inflate.h. */
#include "inflate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STEP = 64 << 10 };

static void fail(struct spwv_body *body, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fail(struct spwv_body *body, unsigned status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(body->text, sizeof body->text, format, args);
    va_end(args);
    body->status = status;
    spwv_buf_fini(&body->plain); /* its share of the budget is free again while the rest drains */
}

void spwv_body_init(struct spwv_body *body, bool gzip, size_t max_compressed, size_t max_plain, struct spwv_budget *budget)
{
    memset(body, 0, sizeof *body);
    body->gzip = gzip;
    body->max_compressed = max_compressed;
    spwv_buf_init(&body->plain, max_plain, budget);
}

void spwv_body_fini(struct spwv_body *body)
{
    if (body->begun)
        inflateEnd(&body->stream);
    body->begun = false;
    spwv_buf_fini(&body->plain);
}

/* Room in the body, or the reason why there is none. */
static char *room(struct spwv_body *body, size_t size)
{
    char *at = spwv_buf_reserve(&body->plain, size);
    if (at)
        return at;
    if (size > body->plain.max - body->plain.size)
        fail(body, 413, "the body is larger than %zu bytes%s: send smaller batches", body->plain.max, body->gzip ? " inflated" : "");
    else
        fail(body, 503, "too many bodies at once for the memory set aside: retry");
    return NULL;
}

static bool begin(struct spwv_body *body)
{
    if (body->begun)
        return true;
    body->begun = inflateInit2(&body->stream, 15 + 16) == Z_OK; /* gzip only: neither zlib nor raw */
    if (!body->begun)
        fail(body, 503, "no memory to inflate the body: retry");
    return body->begun;
}

/* One step of inflate into the room there is. False when it is over, well or not. */
static bool inflate_step(struct spwv_body *body)
{
    struct spwv_buf *plain = &body->plain;
    size_t left = plain->max - plain->size;
    size_t size = left < STEP ? left : STEP;
    static Bytef overflow[1]; /* a full body may still have its trailer to read */
    char *at = size ? room(body, size) : NULL;
    if (size && !at)
        return false;
    body->stream.next_out = size ? (Bytef *)at : overflow;
    body->stream.avail_out = size ? (uInt)size : 1;
    int result = inflate(&body->stream, Z_NO_FLUSH);
    size_t made = (size ? size : 1) - body->stream.avail_out;
    if (made && !size) {
        fail(body, 413, "the body is larger than %zu bytes inflated: send smaller batches", plain->max);
        return false;
    }
    plain->size += made;
    if (plain->size > SPWV_RATIO_FROM && plain->size / SPWV_MAX_RATIO > body->received) {
        fail(body, 413, "the body inflates to more than %d times its size", SPWV_MAX_RATIO);
        return false;
    }
    if (result == Z_STREAM_END) {
        body->ended = true;
        return false;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
        fail(body, 400, "the body is not gzip, or damaged, though Content-Encoding says gzip");
        return false;
    }
    return body->stream.avail_in > 0 || body->stream.avail_out == 0;
}

static void add_gzip(struct spwv_body *body, const void *data, size_t size)
{
    if (body->received > body->max_compressed) {
        fail(body, 413, "the compressed body is larger than %zu bytes: send smaller batches", body->max_compressed);
        return;
    }
    if (!begin(body))
        return;
    body->stream.next_in = (z_const Bytef *)(uintptr_t)data;
    body->stream.avail_in = (uInt)size;
    while (!body->ended && inflate_step(body)) {
    }
    if (body->ended && body->stream.avail_in && !body->status)
        fail(body, 400, "there are bytes behind the end of the gzip body");
}

void spwv_body_add(struct spwv_body *body, const void *data, size_t size)
{
    if (body->status || !size)
        return;
    body->received += size;
    if (body->gzip && body->ended) {
        fail(body, 400, "there are bytes behind the end of the gzip body");
    } else if (body->gzip) {
        add_gzip(body, data, size);
    } else {
        char *at = room(body, size);
        if (at) {
            memcpy(at, data, size);
            body->plain.size += size;
        }
    }
}

void spwv_body_finish(struct spwv_body *body)
{
    if (!body->status && body->gzip && body->received && !body->ended)
        fail(body, 400, "the gzip body is cut short");
}
