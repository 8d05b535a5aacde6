/* The record reader on bytes from anywhere: every view it gives must lie in them, and every walk must end. */
#include <spanwire/exporter.h>

#include "fuzz/input.h"

struct bounds {
    const char *from;
    size_t size;
};

static void inside(const struct bounds *b, spw_view view)
{
    must(!view.size || (view.data >= b->from && view.size <= b->size && (size_t)(view.data - b->from) <= b->size - view.size));
}

/* Walks a value: the containers met are kept in a list, so that depth costs no stack. */
static void walk_value(const struct bounds *b, spw_value value)
{
    enum { MOST = 256 };
    spw_value open[MOST];
    size_t count = 0;
    open[count++] = value;
    while (count) {
        spw_value v = open[--count], element;
        spw_attr entry;
        switch (v.type) {
        case SPW_VALUE_STRING:
        case SPW_VALUE_BYTES: inside(b, v.u.view); break;
        case SPW_VALUE_ENCODED_ARRAY:
            inside(b, v.u.view);
            for (spw_value_iter it = spw_value_elements(&v); spw_value_next(&it, &element);)
                if (count < MOST)
                    open[count++] = element;
            break;
        case SPW_VALUE_ENCODED_MAP:
            inside(b, v.u.view);
            for (spw_attr_iter it = spw_value_entries(&v); spw_attr_next(&it, &entry);) {
                inside(b, entry.key);
                if (count < MOST)
                    open[count++] = entry.value;
            }
            break;
        case SPW_VALUE_EMPTY:
        case SPW_VALUE_BOOL:
        case SPW_VALUE_INT:
        case SPW_VALUE_DOUBLE: break;
        case SPW_VALUE_ARRAY:
        case SPW_VALUE_MAP:
        default: must(0); /* a reader gives the encoded ones */
        }
    }
}

static void walk_attributes(const struct bounds *b, spw_attr_iter it)
{
    spw_attr attr;
    while (spw_attr_next(&it, &attr)) {
        inside(b, attr.key);
        walk_value(b, attr.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    char *bytes = input_text(&in, size, NULL);
    const struct bounds b = { bytes, size };
    spw_span_view span;
    if (spw_span_view_read(bytes, size, &span)) {
        inside(&b, span.name);
        inside(&b, span.status_message);
        inside(&b, span.trace_state);
        walk_attributes(&b, span.attributes);
        spw_event_view event;
        while (spw_event_next(&span.events, &event)) {
            inside(&b, event.name);
            walk_attributes(&b, event.attributes);
        }
        spw_link_view link;
        while (spw_link_next(&span.links, &link)) {
            inside(&b, link.trace_state);
            walk_attributes(&b, link.attributes);
        }
    }
    free(bytes);
    return 0;
}
