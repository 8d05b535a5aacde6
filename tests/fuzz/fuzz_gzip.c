/*
 * Bodies in gzip, as the viewer inflates them while they come: a stream made from the input, perhaps damaged, in pieces of any size. What is
 * taken is what zlib makes of the whole at once; what is not whole, has something behind it or passes a cap is refused; and the budget is
 * never exceeded, and given back.
 */
#include "fuzz/input.h"

#include "inflate.h"

enum { MOST = 10 << 20, WIRE = 1 << 20 }; /* a little more than where the ratio counts */

static uint8_t plain[MOST], again[MOST + 1], wire[WIRE];

/* Runs of one byte and copies of the input, by turns. */
static size_t make_plain(struct input *in)
{
    size_t size = 0;
    for (unsigned runs = input_byte(in) % 8; runs; runs--) {
        uint8_t what = input_byte(in);
        size_t n = input_number(in, 2);
        n = what & 1 ? n % 64 : what < 0xf0 ? n : n << 8; /* the large ones seldom: they take their time */
        n = n < MOST - size ? n : MOST - size;
        if (what & 1) {
            size_t taken;
            char *text = input_text(in, n, &taken);
            memcpy(plain + size, text, taken);
            free(text);
            size += taken;
        } else {
            memset(plain + size, what, n);
            size += n;
        }
    }
    return size;
}

static size_t compress_plain(size_t size, int level)
{
    z_stream z = { 0 };
    must(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = plain;
    z.avail_in = (uInt)size;
    z.next_out = wire;
    z.avail_out = WIRE;
    int result = deflate(&z, Z_FINISH);
    size_t made = WIRE - z.avail_out;
    deflateEnd(&z);
    return result == Z_STREAM_END ? made : 0;
}

static size_t damage(struct input *in, size_t size)
{
    for (unsigned edits = input_byte(in) % 4; edits; edits--) {
        uint8_t what = input_byte(in);
        size_t at = (size_t)input_number(in, 2);
        if (what % 4 == 0 && size)
            size -= at % (size + 1) % 64;
        else if (what % 4 == 1 && size < WIRE)
            wire[size++] = (uint8_t)at;
        else if (size)
            wire[at % size] ^= what;
    }
    return size;
}

enum whole { WHOLE, CUT_SHORT, DAMAGED, MORE_BEHIND, TOO_LARGE };

/* The whole at once. */
static enum whole inflate_wire(size_t size, size_t *made)
{
    z_stream z = { 0 };
    must(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = wire;
    z.avail_in = (uInt)size;
    z.next_out = again;
    z.avail_out = sizeof again;
    int result = inflate(&z, Z_FINISH);
    *made = sizeof again - z.avail_out;
    enum whole whole = result == Z_STREAM_END                    ? z.avail_in ? MORE_BEHIND : WHOLE
                       : result == Z_BUF_ERROR && !z.avail_out ? TOO_LARGE
                       : result == Z_BUF_ERROR                 ? CUT_SHORT
                                                               : DAMAGED;
    inflateEnd(&z);
    return whole;
}

static void feed(struct input *in, struct spwv_body *body, struct spwv_budget *budget, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t n = in->left ? 1 + (size_t)input_number(in, 1) * 8 : size - at;
        n = n < size - at ? n : size - at;
        uint8_t *piece = malloc(n); /* of its own, so that a step past it is seen */
        must(piece != NULL);
        memcpy(piece, wire + at, n);
        spwv_body_add(body, piece, n);
        free(piece);
        must(body->plain.size <= body->plain.max && atomic_load(&budget->used) <= budget->max);
        at += n;
    }
}

static void check(const struct spwv_body *body, size_t size, size_t max_compressed, size_t max_plain, bool poor)
{
    size_t made;
    enum whole whole = size ? inflate_wire(size, &made) : (made = 0, WHOLE);
    must(body->status == 0 || body->status == 400 || body->status == 413 || (body->status == 503 && poor));
    must(!body->status || (body->text[0] && !body->plain.data));
    if (poor && body->status == 503)
        return;
    bool bomb = made > SPWV_RATIO_FROM && made / SPWV_MAX_RATIO > size;
    if (whole != WHOLE || size > max_compressed || made > max_plain || bomb) {
        must(body->status == 400 || body->status == 413);
        must(whole == WHOLE ? body->status == 413 : true);
    } else if (body->status) { /* more than its share when half of it had come */
        must(body->status == 413 && made > SPWV_RATIO_FROM);
    } else {
        must(body->plain.size == made && (!made || memcmp(body->plain.data, again, made) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t caps[] = { 16 << 20, 1 << 20, 100, 1 };
    struct input in = { data, size };
    uint8_t choice = input_byte(&in);
    size_t max_compressed = choice & 1 ? 64 : WIRE, max_plain = caps[choice >> 1 & 3];
    bool poor = choice >> 3 & 1, raw = choice >> 4 & 1;
    struct spwv_budget budget = { .max = poor ? 4096 : 64 << 20 };
    size_t n;
    if (raw) {
        char *text = input_text(&in, in.left / 2, &n);
        memcpy(wire, text, n);
        free(text);
    } else {
        n = compress_plain(make_plain(&in), choice >> 5 & 1);
        n = damage(&in, n);
    }
    struct spwv_body body;
    spwv_body_init(&body, true, max_compressed, max_plain, &budget);
    feed(&in, &body, &budget, n);
    spwv_body_finish(&body);
    check(&body, n, max_compressed, max_plain, poor);
    spwv_body_fini(&body);
    must(atomic_load(&budget.used) == 0);
    return 0;
}
