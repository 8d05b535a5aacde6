/*
 * The resources and scopes of an answer whose items name them by number: they come between the items, each once, and become arrays of their own.
 *
 * Ownership: init() and fini() by the caller. Threads: one. Failure and limits: the answer's buffer's. Items: SPWV_MAX_PAGE origins of a kind at most.
 */
#ifndef SPWV_ORIGINS_JSON_H
#define SPWV_ORIGINS_JSON_H

#include "json.h"
#include "store.h"

/* Those of one kind, in the order they came: an origin's number is its place. */
struct spwv_origin_array {
    struct spwv_buf elements;
    bool comma;
    int64_t ids[SPWV_MAX_PAGE];
    unsigned count;
};

struct spwv_origins_json {
    struct spwv_origin_array resources;
    struct spwv_origin_array scopes;
};

void spwv_origins_init(struct spwv_origins_json *origins, struct spwv_budget *memory);
void spwv_origins_fini(struct spwv_origins_json *origins);

/* As a sink wants them: `origins` is the struct, or one that begins with it. */
void spwv_origins_resource(void *origins, int64_t id, const struct spwv_origin *resource);
void spwv_origins_scope(void *origins, int64_t id, const struct spwv_origin *scope);

/* "resource" and "scope" of an item. */
void spwv_origins_members(const struct spwv_origins_json *origins, struct spwv_json *item, int64_t resource, int64_t scope);

/* "resources" and "scopes" of the answer. */
void spwv_origins_write(const struct spwv_origins_json *origins, struct spwv_json *json);

/* Elements that were written apart become an array of the answer. */
void spwv_json_array_of(struct spwv_json *json, const char *key, const struct spwv_buf *elements);

#endif
