/* Resources and scopes of an answer. Contract: origins_json.h. */
#include "origins_json.h"

#include "http.h"
#include "json_member.h"
#include "trace_json.h"

void spwv_origins_init(struct spwv_origins_json *origins, struct spwv_budget *memory)
{
    struct spwv_origin_array *arrays[] = {&origins->resources, &origins->scopes};
    for (size_t i = 0; i < 2; i++) {
        spwv_buf_init(&arrays[i]->elements, SPWV_MAX_ANSWER, memory);
        arrays[i]->comma = false;
        arrays[i]->count = 0;
    }
}

void spwv_origins_fini(struct spwv_origins_json *origins)
{
    spwv_buf_fini(&origins->resources.elements);
    spwv_buf_fini(&origins->scopes.elements);
}

static void add(struct spwv_origin_array *array, int64_t id, const struct spwv_origin *origin,
                void (*write)(struct spwv_json *, const struct spwv_origin *))
{
    struct spwv_json json = {.out = &array->elements, .comma = array->comma};
    array->ids[array->count++] = id;
    write(&json, origin);
    array->comma = json.comma;
}

void spwv_origins_resource(void *arg, int64_t id, const struct spwv_origin *resource)
{
    struct spwv_origins_json *origins = arg;
    add(&origins->resources, id, resource, spwv_json_resource);
}

void spwv_origins_scope(void *arg, int64_t id, const struct spwv_origin *scope)
{
    struct spwv_origins_json *origins = arg;
    add(&origins->scopes, id, scope, spwv_json_scope);
}

static unsigned number_of(const struct spwv_origin_array *array, int64_t id)
{
    unsigned number = 0;
    while (number < array->count && array->ids[number] != id)
        number++;
    return number;
}

void spwv_origins_members(const struct spwv_origins_json *origins, struct spwv_json *item, int64_t resource, int64_t scope)
{
    spwv_member_count(item, "resource", number_of(&origins->resources, resource));
    spwv_member_count(item, "scope", number_of(&origins->scopes, scope));
}

void spwv_json_array_of(struct spwv_json *json, const char *key, const struct spwv_buf *elements)
{
    spwv_json_key(json, key);
    spwv_json_begin(json, '[');
    spwv_buf_add(json->out, elements->data, elements->size);
    json->out->failed = json->out->failed || elements->failed;
    spwv_json_end(json, ']');
}

void spwv_origins_write(const struct spwv_origins_json *origins, struct spwv_json *json)
{
    spwv_json_array_of(json, "resources", &origins->resources.elements);
    spwv_json_array_of(json, "scopes", &origins->scopes.elements);
}
