/* What an outline keeps of a trace until all of it is known: between trace_outline.c, which collects it, and outline_json.c, which writes it. */
#ifndef SPWV_OUTLINE_ROWS_H
#define SPWV_OUTLINE_ROWS_H

#include "intern.h"
#include "json.h"
#include "store.h"

struct spwv_outline_row { /* its number is the number of its id */
    uint64_t start_ns;
    uint64_t end_ns;
    uint8_t parent_id[SPWV_SPAN_ID_SIZE];
    uint32_t name; /* in texts */
    uint32_t resource;
    uint32_t scope;
    uint8_t kind;
    uint8_t status;
    bool has_parent;
};

/* Something that few spans have, or that some have several of. */
struct spwv_outline_item {
    uint64_t time_ns; /* of an event */
    uint32_t span;
    uint32_t what; /* in texts, in attributes, or a link's in targets */
};

struct spwv_outline_rows {
    struct spwv_buf rows;
    struct spwv_buf events;
    struct spwv_buf links;
    struct spwv_buf messages;
    struct spwv_buf values;
    struct spwv_intern ids;
    struct spwv_intern texts;
    struct spwv_intern targets;    /* ids that links lead to */
    struct spwv_intern attributes; /* KeyValue messages */
    uint64_t first_ns;             /* the earliest start */
    uint32_t count;
};

/* `"start_unix_ns": ..., "texts": ..., "spans": ...` and so on, within an object that is open. */
void spwv_outline_json(struct spwv_json *json, struct spwv_outline_rows *rows);

#endif
