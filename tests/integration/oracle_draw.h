/*
 * Chance, and what it draws for the wire oracle: texts, attributes of every type, lists of them. One seed, so that a run can be repeated.
 * Single-threaded.
 */
#ifndef TESTS_ORACLE_DRAW_H
#define TESTS_ORACLE_DRAW_H

#include <spanwire/spanwire.h>

extern uint64_t seed;
void set_chance(uint64_t to);
uint64_t chance(void);
size_t below(size_t n);
bool one_in(size_t n);

enum { LONG_TEXT = 80000 };
extern char long_text[LONG_TEXT]; /* ASCII */
void make_long_texts(void);

/* Characters of all sizes; with `bad`, also what is none. Terminated. */
size_t make_text(char *out, size_t room, bool bad);
size_t long_size(void);

enum { MOST_NODES = 80, MOST_ROW = 6, MOST_DRAWN = 220 };

/* An attribute, with all that it points to. */
struct drawn {
    char key[64], text[200], digits[24];
    spw_attr attr;
    bool is_uint;
    uint64_t u;
    /* of a tree */
    spw_value nodes[MOST_NODES];
    spw_attr entries[MOST_NODES];
    size_t used;
    /* of an array of one type */
    spw_value_type row; /* EMPTY: it is none */
    const char *texts[MOST_ROW];
    int64_t ints[MOST_ROW];
    double doubles[MOST_ROW];
    bool bools[MOST_ROW];
};

void draw_attr(struct drawn *d);

/* Sets it, through one of the ways there are for its type. */
void set_drawn(spw_span span, const struct drawn *d);

extern struct drawn drawn[MOST_DRAWN];
extern spw_attr drawn_list[MOST_DRAWN];

/* Draws a list of attributes into these, mostly a short one; returns how many. */
size_t draw_list(size_t most);

#endif
