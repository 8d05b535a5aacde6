/* The body of a request: otlp_body.h. */
#include "otlp_body.h"

#include <spanwire/allocator.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 * 1024, GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 };

/* About 5 ms of zlib at level 1, and less of writing JSON. */
static const size_t slice = (size_t)512 * 1024;

static bool reserve(struct spw__otlp_buffer *b, size_t size)
{
    if (size <= b->capacity)
        return true;
    size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
    while (capacity < size)
        capacity *= 2;
    uint8_t *fresh = spw_allocate(capacity); /* not realloc: the old bytes are of no use */
    if (!fresh)
        return false;
    spw_free(b->data);
    b->data = fresh;
    b->capacity = capacity;
    return true;
}

static void drop(struct spw__otlp_buffer *b)
{
    spw_free(b->data);
    *b = (struct spw__otlp_buffer){ NULL, 0, 0 };
}

static enum spw__otlp_body_step begin_gzip(struct spw__otlp_body *body)
{
    if (!body->stream_ready) {
        /* Level 1: level 6 takes four times as long for spans that come out a tenth smaller. */
        if (deflateInit2(&body->stream, 1, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
            return SPW__OTLP_BODY_NO_MEMORY;
        body->stream_ready = true;
    } else {
        deflateReset(&body->stream);
    }
    size_t bound = deflateBound(&body->stream, (uLong)body->source.size);
    if (!reserve(&body->packed, bound))
        return SPW__OTLP_BODY_NO_MEMORY;
    body->stream.next_in = (Bytef *)(uintptr_t)body->source.data; /* older zlibs take no const */
    body->stream.avail_in = 0;
    body->stream.next_out = body->packed.data;
    body->stream.avail_out = (uInt)bound; /* fits: requests are bounded by 64 MiB */
    return SPW__OTLP_BODY_MORE;
}

/* The body is whole; now it may have to be compressed. */
static enum spw__otlp_body_step encoded(struct spw__otlp_body *body, const void *data, size_t size)
{
    body->source = (spw_view){ data, size };
    if (body->gzip)
        return begin_gzip(body);
    body->ready = true;
    return SPW__OTLP_BODY_READY;
}

static enum spw__otlp_body_step begin_protobuf(struct spw__otlp_body *body, const spw_batch *batch)
{
    size_t size = spw_batch_encoded_size(batch);
    if (size > SPW__OTLP_MAX_REQUEST)
        return SPW__OTLP_BODY_TOO_LARGE;
    if (!reserve(&body->plain, size))
        return SPW__OTLP_BODY_NO_MEMORY;
    body->plain.size = spw_batch_encode(batch, body->plain.data, body->plain.capacity);
    return body->plain.size ? encoded(body, body->plain.data, body->plain.size) : SPW__OTLP_BODY_BROKEN;
}

static enum spw__otlp_body_step write_json(struct spw__otlp_body *body)
{
    switch (spw__otlp_json_step(&body->text, slice)) {
    case SPW__OTLP_JSON_MORE: return SPW__OTLP_BODY_MORE;
    case SPW__OTLP_JSON_TOO_LARGE: return SPW__OTLP_BODY_TOO_LARGE;
    case SPW__OTLP_JSON_NO_MEMORY: return SPW__OTLP_BODY_NO_MEMORY;
    case SPW__OTLP_JSON_DONE: break;
    }
    body->writing = false;
    return encoded(body, body->text.out.data, body->text.out.size);
}

enum spw__otlp_body_step spw__otlp_body_begin(struct spw__otlp_body *body, const spw_batch *batch)
{
    uint64_t sequence = spw_batch_sequence(batch);
    if (body->ready && body->sequence == sequence)
        return SPW__OTLP_BODY_READY;
    body->ready = false;
    body->sequence = sequence;
    body->writing = body->json;
    enum spw__otlp_body_step step = SPW__OTLP_BODY_MORE;
    if (body->json) {
        body->text.out.most = SPW__OTLP_MAX_REQUEST;
        spw__otlp_json_begin(&body->text, batch);
    } else {
        step = begin_protobuf(body, batch);
    }
    return step == SPW__OTLP_BODY_MORE ? spw__otlp_body_continue(body) : step;
}

enum spw__otlp_body_step spw__otlp_body_continue(struct spw__otlp_body *body)
{
    z_stream *z = &body->stream;
    if (body->writing)
        return write_json(body);
    size_t left = body->source.size - (size_t)(z->next_in - (const Bytef *)body->source.data);
    z->avail_in = (uInt)(left < slice ? left : slice);
    int code = deflate(z, left <= slice ? Z_FINISH : Z_NO_FLUSH);
    if (code == Z_OK && left > slice)
        return SPW__OTLP_BODY_MORE;
    if (code != Z_STREAM_END)
        return SPW__OTLP_BODY_BROKEN;
    body->packed.size = (size_t)(z->next_out - body->packed.data);
    body->ready = true;
    return SPW__OTLP_BODY_READY;
}

spw_view spw__otlp_body_bytes(const struct spw__otlp_body *body)
{
    return body->gzip ? (spw_view){ (const char *)body->packed.data, body->packed.size } : body->source;
}

void spw__otlp_body_release(struct spw__otlp_body *body)
{
    body->ready = false;
    if (body->plain.capacity > SPW__OTLP_BODY_KEEP)
        drop(&body->plain);
    if (body->packed.capacity > SPW__OTLP_BODY_KEEP)
        drop(&body->packed);
    if (body->text.out.capacity > SPW__OTLP_BODY_KEEP)
        spw__json_free(&body->text.out);
}

void spw__otlp_body_fini(struct spw__otlp_body *body)
{
    drop(&body->plain);
    drop(&body->packed);
    spw__json_free(&body->text.out);
    if (body->stream_ready)
        deflateEnd(&body->stream);
    memset(body, 0, sizeof *body);
}
