#include "oracle_draw.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- chance ---- */

uint64_t seed;
static uint64_t state;

void set_chance(uint64_t to)
{
    seed = state = to;
}

uint64_t chance(void)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t below(size_t n)
{
    return (size_t)(chance() % n);
}

bool one_in(size_t n)
{
    return below(n) == 0;
}

/* ---- texts ---- */

char long_text[LONG_TEXT];
static unsigned char long_bytes[LONG_TEXT];

void make_long_texts(void)
{
    for (size_t i = 0; i < LONG_TEXT; i++) {
        long_text[i] = (char)(' ' + below(95));
        long_bytes[i] = (unsigned char)chance();
    }
}

/* Characters of all sizes; with `bad`, also what is none. Terminated. */
size_t make_text(char *out, size_t room, bool bad)
{
    static const char *const good[] = { "a", "Z", "7", " ", "\"", "\\", "\n", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xef\xbf\xbd", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf" };
    static const char *const wrong[] = { "\xff", "\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f" };
    size_t size = 0, pieces = below(room / 5);
    for (size_t i = 0; i < pieces; i++) {
        const char *piece = bad && one_in(6) ? wrong[below(7)] : good[below(13)];
        memcpy(out + size, piece, strlen(piece));
        size += strlen(piece);
    }
    out[size] = '\0';
    return size;
}

size_t long_size(void)
{
    static const size_t around[] = { 100, 440, 880, 1000, 4096, 5000, 8192, 20000, 65536, 70000 };
    return around[below(10)] + below(64) - 32;
}

/* ---- attributes ---- */

static void draw_key(struct drawn *d)
{
    static const char *const odd[] = { "k\xff", "k\xfe", "\xc3\xa9", "gen_ai.request.model", "error.type", "" };
    size_t r = below(20);
    if (r < 12)
        snprintf(d->key, sizeof d->key, "key.%zu", below(40));
    else if (r < 18)
        snprintf(d->key, sizeof d->key, "a.longer.name.of.key.%zu", below(400));
    else
        snprintf(d->key, sizeof d->key, "%s", odd[below(6)]);
}

static int64_t draw_int(void)
{
    static const int64_t edges[] = { 0, 1, -1, 127, 128, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1ll << 56 };
    return one_in(2) ? edges[below(10)] : (int64_t)(chance() >> below(64));
}

static double draw_double(void)
{
    const double edges[] = { 0.0, -0.0, 1.0, -1.5, NAN, INFINITY, -INFINITY, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 0.1 };
    return one_in(2) ? edges[below(12)] : (double)(int64_t)chance() / 1000.0;
}

static spw_value draw_leaf(struct drawn *d)
{
    switch (below(8)) {
    case 0: return spw_value_empty();
    case 1: return spw_value_bool(one_in(2));
    case 2: return spw_value_int(draw_int());
    case 3: return spw_value_double(draw_double());
    case 4: return spw_value_bytes(long_bytes + below(1000), one_in(20) ? long_size() : below(60));
    case 5: return one_in(2) ? spw_value_array(NULL, 0) : spw_value_map(NULL, 0);
    case 6: return spw_value_string_n(long_text + below(1000), one_in(20) ? long_size() : below(100));
    default: return spw_value_string(d->text);
    }
}

static spw_attr draw_entry(spw_value value)
{
    static const char *const keys[] = { "a", "b", "c", "content", "a longer name of a key", "k\xff", "k\xfe", "", NULL };
    return spw_attr_value(keys[below(9)], value);
}

/* Puts values together: some leaves side by side, then what has become of them into another container, and so on; now and then too deep. */
static spw_value draw_tree(struct drawn *d)
{
    size_t leaves = below(7), wraps = one_in(15) ? 26 + below(8) : below(4);
    d->used = leaves;
    for (size_t i = 0; i < leaves; i++)
        d->entries[i] = draw_entry(d->nodes[i] = draw_leaf(d));
    spw_value tree = one_in(2) ? spw_value_array(d->nodes, leaves) : spw_value_map(d->entries, leaves);
    for (; wraps; wraps--) {
        size_t at = d->used, beside = wraps < 5 ? below(2) : 0;
        d->used += 1 + beside;
        d->nodes[at] = tree;
        if (beside)
            d->nodes[at + 1] = draw_leaf(d);
        for (size_t i = at; i < d->used; i++)
            d->entries[i] = draw_entry(d->nodes[i]);
        tree = one_in(2) ? spw_value_array(d->nodes + at, 1 + beside) : spw_value_map(d->entries + at, 1 + beside);
    }
    if (one_in(40) && leaves)
        d->nodes[0].type = d->entries[0].value.type = SPW_VALUE_ENCODED_MAP; /* not for recording */
    return tree;
}

/* An array of one type; what it is as a value, too. */
static spw_value draw_row(struct drawn *d)
{
    static const spw_value_type types[] = { SPW_VALUE_STRING, SPW_VALUE_INT, SPW_VALUE_DOUBLE, SPW_VALUE_BOOL };
    size_t count = below(MOST_ROW + 1);
    d->row = types[below(4)];
    for (size_t i = 0; i < count; i++) {
        d->texts[i] = one_in(6) ? NULL : one_in(2) ? d->text : "stop";
        d->ints[i] = draw_int();
        d->doubles[i] = draw_double();
        d->bools[i] = one_in(2);
        d->nodes[i] = d->row == SPW_VALUE_STRING   ? d->texts[i] ? spw_value_string(d->texts[i]) : spw_value_empty()
                      : d->row == SPW_VALUE_INT    ? spw_value_int(d->ints[i])
                      : d->row == SPW_VALUE_DOUBLE ? spw_value_double(d->doubles[i])
                                                   : spw_value_bool(d->bools[i]);
    }
    return spw_value_array(d->nodes, count);
}

static void set_row(spw_span span, const struct drawn *d)
{
    size_t count = d->attr.value.u.array.count;
    if (d->row == SPW_VALUE_STRING)
        spw_set_strings(span, d->key, d->texts, count);
    else if (d->row == SPW_VALUE_INT)
        spw_set_ints(span, d->key, d->ints, count);
    else if (d->row == SPW_VALUE_DOUBLE)
        spw_set_doubles(span, d->key, d->doubles, count);
    else
        spw_set_bools(span, d->key, d->bools, count);
}

void draw_attr(struct drawn *d)
{
    d->is_uint = false;
    d->row = SPW_VALUE_EMPTY;
    draw_key(d);
    switch (below(11)) {
    case 9:
        make_text(d->text, sizeof d->text, one_in(4));
        d->attr = spw_attr_value(d->key, draw_tree(d));
        break;
    case 10:
        make_text(d->text, sizeof d->text, one_in(4));
        d->attr = spw_attr_value(d->key, draw_row(d));
        break;
    case 0:
        d->attr = spw_attr_bool(d->key, one_in(2));
        break;
    case 1:
    case 2:
        d->attr = spw_attr_int(d->key, draw_int());
        break;
    case 3:
        d->attr = spw_attr_double(d->key, draw_double());
        break;
    case 4:
        d->attr = spw_attr_bytes(d->key, long_bytes + below(1000), one_in(8) ? long_size() : below(60));
        break;
    case 5:
        d->u = chance() | 1ull << 63; /* over INT64_MAX: a decimal string */
        d->is_uint = true;
        snprintf(d->digits, sizeof d->digits, "%llu", (unsigned long long)d->u);
        d->attr = spw_attr_string(d->key, d->digits);
        break;
    case 6:
        d->attr = spw_attr_string_n(d->key, long_text + below(1000), one_in(10) ? long_size() : below(100));
        break;
    default:
        make_text(d->text, sizeof d->text, one_in(4));
        d->attr = spw_attr_string(d->key, d->text);
    }
}

void set_drawn(spw_span span, const struct drawn *d)
{
    const spw_value *v = &d->attr.value;
    if (d->is_uint)
        spw_set_uint(span, d->key, d->u);
    else if (d->row != SPW_VALUE_EMPTY && one_in(2))
        set_row(span, d);
    else if (v->type == SPW_VALUE_ARRAY || v->type == SPW_VALUE_MAP)
        spw_set_value(span, d->key, v);
    else if (one_in(5))
        spw_set_attrs(span, &d->attr, 1);
    else if (v->type == SPW_VALUE_INT && v->u.i >= 0 && one_in(2))
        spw_set_uint(span, d->key, (uint64_t)v->u.i);
    else if (v->type == SPW_VALUE_INT)
        spw_set_int(span, d->key, v->u.i);
    else if (v->type == SPW_VALUE_BOOL)
        spw_set_bool(span, d->key, v->u.b);
    else if (v->type == SPW_VALUE_DOUBLE)
        spw_set_double(span, d->key, v->u.d);
    else if (v->type == SPW_VALUE_BYTES)
        spw_set_bytes(span, d->key, v->u.view.data, v->u.view.size);
    else if (v->u.view.data == d->text)
        spw_set_string(span, d->key, d->text);
    else
        spw_set_string_n(span, d->key, v->u.view.data, v->u.view.size);
}

struct drawn drawn[MOST_DRAWN];
spw_attr drawn_list[MOST_DRAWN];

size_t draw_list(size_t most)
{
    size_t n = one_in(40) ? below(most + 1) : below(most < 6 ? most : 6);
    for (size_t i = 0; i < n; i++) {
        draw_attr(&drawn[i]);
        drawn_list[i] = drawn[i].attr;
    }
    return n;
}
