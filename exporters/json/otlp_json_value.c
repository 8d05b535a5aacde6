/* Attributes as OTLP JSON: otlp_json_value.h. */
#include "otlp_json_value.h"

#include <string.h>

/* An open list: of values, or of keys with values. */
struct level {
    bool has_keys;
    bool any; /* one has been written */
    spw_attr_iter attrs;
    spw_value_iter values;
};

struct walk {
    struct spw__json *out;
    struct level levels[SPW__OTLP_JSON_MAX_DEPTH + 1];
    unsigned depth;
};

static void put_scalar(struct spw__json *j, const spw_value *value)
{
    switch (value->type) {
    case SPW_VALUE_STRING:
        SPW__JSON_PUT(j, "{\"stringValue\":");
        spw__json_put_string(j, value->u.view);
        break;
    case SPW_VALUE_BOOL:
        spw__json_put(j, value->u.b ? "{\"boolValue\":true" : "{\"boolValue\":false", value->u.b ? 17 : 18);
        break;
    case SPW_VALUE_INT:
        SPW__JSON_PUT(j, "{\"intValue\":");
        spw__json_put_i64(j, value->u.i);
        break;
    case SPW_VALUE_DOUBLE:
        SPW__JSON_PUT(j, "{\"doubleValue\":");
        spw__json_put_double(j, value->u.d);
        break;
    case SPW_VALUE_BYTES:
        SPW__JSON_PUT(j, "{\"bytesValue\":");
        spw__json_put_base64(j, value->u.view);
        break;
    case SPW_VALUE_EMPTY:
    case SPW_VALUE_ARRAY: /* a reader gives the encoded ones */
    case SPW_VALUE_MAP:
    case SPW_VALUE_ENCODED_ARRAY: /* too deep */
    case SPW_VALUE_ENCODED_MAP:
    default: SPW__JSON_PUT(j, "{"); break;
    }
    SPW__JSON_PUT(j, "}");
}

/* True: the value has been begun, and its elements come next. */
static bool open_list(struct walk *w, const spw_value *value)
{
    bool is_map = value->type == SPW_VALUE_ENCODED_MAP;
    if ((!is_map && value->type != SPW_VALUE_ENCODED_ARRAY) || w->depth > SPW__OTLP_JSON_MAX_DEPTH)
        return false;
    struct level *l = &w->levels[w->depth++];
    *l = (struct level){ .has_keys = is_map };
    if (is_map) {
        l->attrs = spw_value_entries(value);
        SPW__JSON_PUT(w->out, "{\"kvlistValue\":{\"values\":[");
    } else {
        l->values = spw_value_elements(value);
        SPW__JSON_PUT(w->out, "{\"arrayValue\":{\"values\":[");
    }
    return true;
}

/* The next value of the innermost list, its key written; false at the end. */
static bool next(struct walk *w, spw_value *out)
{
    struct level *l = &w->levels[w->depth - 1];
    spw_attr attr;
    if (l->has_keys ? !spw_attr_next(&l->attrs, &attr) : !spw_value_next(&l->values, out))
        return false;
    if (l->any)
        SPW__JSON_PUT(w->out, ",");
    l->any = true;
    if (l->has_keys) {
        SPW__JSON_PUT(w->out, "{\"key\":");
        spw__json_put_string(w->out, attr.key);
        SPW__JSON_PUT(w->out, ",\"value\":");
        *out = attr.value;
    }
    return true;
}

/* A value is complete; so is the KeyValue it belongs to. */
static void end_value(struct walk *w)
{
    if (w->levels[w->depth - 1].has_keys)
        SPW__JSON_PUT(w->out, "}");
}

void spw__otlp_json_attributes(struct spw__json *json, const char *lead, spw_attr_iter attributes)
{
    struct walk w;
    spw_value value;
    spw_attr_iter peek = attributes;
    spw_attr first;
    if (!spw_attr_next(&peek, &first))
        return;
    w.out = json;
    w.depth = 1;
    w.levels[0] = (struct level){ .has_keys = true, .attrs = attributes };
    spw__json_put(json, lead, strlen(lead));
    SPW__JSON_PUT(json, "[");
    while (w.depth && !spw__json_failed(json)) {
        if (next(&w, &value)) {
            if (!open_list(&w, &value)) {
                put_scalar(json, &value);
                end_value(&w);
            }
        } else if (--w.depth) {
            SPW__JSON_PUT(json, "]}}");
            end_value(&w);
        }
    }
    SPW__JSON_PUT(json, "]");
}
