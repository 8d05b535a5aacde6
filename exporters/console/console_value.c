/* Attributes for people: console_text.h. */
#include "console_text.h"

/* An open array or map. */
struct level {
    bool has_keys;
    unsigned count;
    spw_attr_iter attrs;
    spw_value_iter values;
};

static void put_bytes(struct spw__console_text *t, spw_view view)
{
    size_t shown = view.size < 32 ? view.size : 32;
    spw__console_puts(t, "0x");
    spw__console_hex(t, (const uint8_t *)view.data, shown);
    if (shown < view.size)
        spw__console_format(t, "... (%zu bytes)", view.size);
}

static void put_scalar(struct spw__console_text *t, const spw_value *value)
{
    switch (value->type) {
    case SPW_VALUE_ARRAY: /* a reader gives the encoded ones */
    case SPW_VALUE_MAP:
    case SPW_VALUE_EMPTY:
    default: spw__console_puts(t, "(empty)"); break;
    case SPW_VALUE_STRING: spw__console_quoted(t, value->u.view); break;
    case SPW_VALUE_BOOL: spw__console_puts(t, value->u.b ? "true" : "false"); break;
    case SPW_VALUE_INT: spw__console_format(t, "%lld", (long long)value->u.i); break;
    case SPW_VALUE_DOUBLE: spw__console_format(t, "%.15g", value->u.d); break;
    case SPW_VALUE_ENCODED_ARRAY: spw__console_puts(t, value->u.view.size ? "[...]" : "[]"); break; /* too deep */
    case SPW_VALUE_ENCODED_MAP: spw__console_puts(t, value->u.view.size ? "{...}" : "{}"); break;
    case SPW_VALUE_BYTES: put_bytes(t, value->u.view); break;
    }
}

static bool open_level(struct spw__console_text *t, struct level *levels, unsigned *depth, const spw_value *value)
{
    bool is_map = value->type == SPW_VALUE_ENCODED_MAP;
    if ((!is_map && value->type != SPW_VALUE_ENCODED_ARRAY) || *depth == SPW__CONSOLE_MAX_DEPTH)
        return false;
    struct level *l = &levels[(*depth)++];
    *l = (struct level){ .has_keys = is_map };
    if (is_map)
        l->attrs = spw_value_entries(value);
    else
        l->values = spw_value_elements(value);
    spw__console_puts(t, is_map ? "{" : "[");
    return true;
}

/* The next value of a list, its key written; false at its end, or where enough was shown. */
static bool next(struct spw__console_text *t, struct level *l, spw_value *out)
{
    spw_attr attr;
    if (t->cut || (l->has_keys ? !spw_attr_next(&l->attrs, &attr) : !spw_value_next(&l->values, out)))
        return false;
    if (l->count++)
        spw__console_puts(t, ", ");
    if (l->count > SPW__CONSOLE_MAX_ELEMENTS) {
        spw__console_puts(t, "...");
        return false;
    }
    if (l->has_keys) {
        spw__console_escaped(t, attr.key);
        spw__console_puts(t, "=");
        *out = attr.value;
    }
    return true;
}

void spw__console_attr(struct spw__console_text *t, const spw_attr *attr)
{
    struct level levels[SPW__CONSOLE_MAX_DEPTH];
    unsigned depth = 0;
    spw_value value = attr->value;
    spw__console_style(t, SPW__CONSOLE_KEY);
    spw__console_escaped(t, attr->key);
    spw__console_style(t, SPW__CONSOLE_PLAIN);
    spw__console_puts(t, "=");
    if (!open_level(t, levels, &depth, &value))
        put_scalar(t, &value);
    while (depth) {
        struct level *l = &levels[depth - 1];
        if (next(t, l, &value)) {
            if (!open_level(t, levels, &depth, &value))
                put_scalar(t, &value);
        } else {
            spw__console_puts(t, l->has_keys ? "}" : "]");
            depth--;
        }
    }
}
