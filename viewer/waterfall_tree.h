/*
 * The tree behind the text waterfall: spans of a trace, copied out of the store, with parents found.
 *
 * Ownership: the caller's struct; spwv_tree_fini() frees. Threads: one. Failure: false without memory.
 * Limits: the first SPWV_TEXT_SPANS spans by start, the rest is counted; SPWV_TREE_TEXT bytes of each text.
 */
#ifndef SPWV_WATERFALL_TREE_H
#define SPWV_WATERFALL_TREE_H

#include "store.h"

enum { SPWV_TREE_TEXT = 1024 };

struct spwv_tree_text { /* in tree->texts */
    size_t at;
    size_t size;
};

struct spwv_tree_span {
    uint8_t id[8];
    uint8_t parent_id[8];
    bool has_parent;
    bool orphan; /* its parent is not here */
    bool error;
    bool shown;
    uint64_t start;
    uint64_t end;
    unsigned service;
    struct spwv_tree_text name;
    struct spwv_tree_text message;
    int parent; /* places in tree->spans, -1: none */
    int first_child;
    int next_sibling;
};

struct spwv_tree_row {
    int span;
    unsigned depth;
    bool last; /* of its siblings */
};

struct spwv_tree {
    struct spwv_tree_span *spans;
    int count;
    int capacity;
    uint64_t total;
    uint64_t errors;
    uint64_t start;
    uint64_t end;
    bool has_root;
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_tree_text *services; /* by resource */
    unsigned service_count;
    struct spwv_tree_row *rows; /* depth first, siblings by start; `count` of them */
    struct spwv_buf texts;
    bool failed;
};

bool spwv_tree_read(struct spwv_tree *tree, struct spwv_store *store, const uint8_t *trace_id, struct spwv_error *error);
void spwv_tree_fini(struct spwv_tree *tree);

struct spwv_slice spwv_tree_slice(const struct spwv_tree *tree, struct spwv_tree_text text);

#endif
