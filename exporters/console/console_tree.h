/*
 * The spans of a batch as trees: a span stands below its parent where that is in the batch, too; where it is not, it stands alone and names its
 * parent. Bounded: SPW__CONSOLE_WINDOW spans are looked at together, those beyond make trees of their own. Not thread-safe.
 */
#ifndef SPW_EXPORTERS_CONSOLE_TREE_H
#define SPW_EXPORTERS_CONSOLE_TREE_H

#include "console_text.h"

#define SPW__CONSOLE_WINDOW 1024u

struct spw__console_node;
struct spw__console_key;

/* Zero to start with. */
struct spw__console_tree {
    struct spw__console_node *nodes; /* SPW__CONSOLE_WINDOW of them, once made */
    struct spw__console_key *keys;
    uint32_t count;
    bool flat; /* every span stands alone, since there was no memory once: so that a batch is printed in the same order at each try */
};

/* Takes the text of one span, or of what stands above a trace; false ends it. */
typedef bool (*spw__console_write_fn)(void *arg, const struct spw__console_text *text);

/* False: `write` said so. Out of memory: every span stands alone, until the caller takes `flat` back. */
bool spw__console_tree_print(struct spw__console_tree *tree, struct spw__console_text *text, const spw_batch *batch, spw__console_write_fn write,
                             void *arg);

void spw__console_tree_fini(struct spw__console_tree *tree);

#endif
