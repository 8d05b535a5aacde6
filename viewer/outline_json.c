/* Writes a trace's outline, column by column. Contract: outline_rows.h; the form is told in docs/viewer/api.md. */
#include "outline_rows.h"

#include "value_json.h"

enum { NO_PARENT = 1, FIRST_ABSENT = 2 }; /* below zero */

static const struct spwv_outline_row *row_at(const struct spwv_outline_rows *rows, uint32_t number)
{
    return (const struct spwv_outline_row *)(const void *)rows->rows.data + number;
}

static void begin_list(struct spwv_json *json, const char *key)
{
    spwv_json_key(json, key);
    spwv_json_begin(json, '[');
}

/* ---- one column of the spans ---- */

enum column { NAME, START, DURATION, RESOURCE, SCOPE };

static uint64_t cell(const struct spwv_outline_row *row, enum column column, uint64_t first_ns)
{
    switch (column) {
    case NAME: return row->name;
    case START: return row->start_ns - first_ns;
    case DURATION: return row->end_ns > row->start_ns ? row->end_ns - row->start_ns : 0;
    case RESOURCE: return row->resource;
    default: return row->scope;
    }
}

static void write_column(struct spwv_json *json, const char *key, const struct spwv_outline_rows *rows, enum column column)
{
    begin_list(json, key);
    for (uint32_t i = 0; i < rows->count && !json->out->failed; i++)
        spwv_json_count(json, cell(row_at(rows, i), column, rows->first_ns));
    spwv_json_end(json, ']');
}

/* One digit a span. */
static void write_digits(struct spwv_json *json, const char *key, const struct spwv_outline_rows *rows, bool status)
{
    spwv_json_key(json, key);
    spwv_buf_add_char(json->out, '"');
    for (uint32_t i = 0; i < rows->count && !json->out->failed; i++)
        spwv_buf_add_char(json->out, (char)('0' + (status ? row_at(rows, i)->status : row_at(rows, i)->kind)));
    spwv_buf_add_char(json->out, '"');
    json->comma = true;
}

static void write_ids(struct spwv_json *json, const char *key, const struct spwv_intern *ids)
{
    spwv_json_key(json, key);
    spwv_json_hex(json, (struct spwv_slice){(const uint8_t *)ids->bytes.data, ids->bytes.size}); /* of one size, so they lie side by side */
}

/* Parents by their place; those that are not here by their place among the absent ones. */
static void write_parents(struct spwv_json *json, const struct spwv_outline_rows *rows)
{
    struct spwv_intern absent;
    spwv_intern_init(&absent, rows->ids.bytes.max, rows->ids.bytes.budget);
    begin_list(json, "parent");
    for (uint32_t i = 0; i < rows->count && !json->out->failed; i++) {
        const struct spwv_outline_row *row = row_at(rows, i);
        struct spwv_slice id = {row->parent_id, sizeof row->parent_id};
        uint32_t parent = row->has_parent ? spwv_intern_find(&rows->ids, id) : 0;
        if (!row->has_parent)
            spwv_json_since(json, NO_PARENT, 0);
        else if (parent != SPWV_NOT_INTERNED)
            spwv_json_count(json, parent);
        else
            spwv_json_since(json, FIRST_ABSENT + (uint64_t)spwv_intern_add(&absent, id), 0);
    }
    spwv_json_end(json, ']');
    write_ids(json, "absent", &absent);
    if (absent.failed)
        json->out->failed = true;
    spwv_intern_fini(&absent);
}

static void write_spans(struct spwv_json *json, const struct spwv_outline_rows *rows)
{
    spwv_json_key(json, "spans");
    spwv_json_begin(json, '{');
    write_ids(json, "id", &rows->ids);
    write_parents(json, rows);
    write_column(json, "name", rows, NAME);
    write_column(json, "start", rows, START);
    write_column(json, "duration", rows, DURATION);
    write_column(json, "resource", rows, RESOURCE);
    write_column(json, "scope", rows, SCOPE);
    write_digits(json, "kind", rows, false);
    write_digits(json, "status", rows, true);
    spwv_json_end(json, '}');
}

/* ---- what belongs to single spans ---- */

struct items {
    const struct spwv_outline_item *at;
    size_t count;
};

static struct items items_of(const struct spwv_buf *list)
{
    return (struct items){(const struct spwv_outline_item *)(const void *)list->data, list->size / sizeof(struct spwv_outline_item)};
}

/* Two columns, and the object around them stays open for more. */
static struct items begin_items(struct spwv_json *json, const char *key, const char *what, const struct spwv_buf *list)
{
    struct items items = items_of(list);
    spwv_json_key(json, key);
    spwv_json_begin(json, '{');
    begin_list(json, "span");
    for (size_t i = 0; i < items.count && !json->out->failed; i++)
        spwv_json_count(json, items.at[i].span);
    spwv_json_end(json, ']');
    begin_list(json, what);
    for (size_t i = 0; i < items.count && !json->out->failed; i++)
        spwv_json_count(json, items.at[i].what);
    spwv_json_end(json, ']');
    return items;
}

static void write_events(struct spwv_json *json, const struct spwv_outline_rows *rows)
{
    struct items events = begin_items(json, "events", "name", &rows->events);
    begin_list(json, "time");
    for (size_t i = 0; i < events.count && !json->out->failed; i++)
        spwv_json_since(json, rows->first_ns, events.at[i].time_ns);
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
}

/* Those whose span has come: their targets become places. */
static void write_links(struct spwv_json *json, struct spwv_outline_rows *rows)
{
    struct spwv_outline_item *links = (struct spwv_outline_item *)(void *)rows->links.data;
    size_t count = items_of(&rows->links).count, kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t target = spwv_intern_find(&rows->ids, spwv_intern_at(&rows->targets, links[i].what));
        if (target != SPWV_NOT_INTERNED)
            links[kept++] = (struct spwv_outline_item){0, links[i].span, target};
    }
    rows->links.size = kept * sizeof *links;
    begin_items(json, "links", "to", &rows->links);
    spwv_json_end(json, '}');
}

static void write_values(struct spwv_json *json, const struct spwv_outline_rows *rows)
{
    begin_items(json, "attributes", "value", &rows->values);
    begin_list(json, "values");
    for (uint32_t i = 0; i < rows->attributes.count && !json->out->failed; i++)
        spwv_json_key_value(json, spwv_intern_at(&rows->attributes, i));
    spwv_json_end(json, ']');
    spwv_json_end(json, '}');
}

static void write_texts(struct spwv_json *json, const struct spwv_intern *texts)
{
    begin_list(json, "texts");
    for (uint32_t i = 0; i < texts->count && !json->out->failed; i++)
        spwv_json_string(json, spwv_intern_at(texts, i));
    spwv_json_end(json, ']');
}

void spwv_outline_json(struct spwv_json *json, struct spwv_outline_rows *rows)
{
    spwv_json_key(json, "start_unix_ns");
    spwv_json_u64(json, rows->count ? rows->first_ns : 0);
    write_texts(json, &rows->texts);
    write_spans(json, rows);
    begin_items(json, "messages", "text", &rows->messages);
    spwv_json_end(json, '}');
    write_events(json, rows);
    write_links(json, rows);
    write_values(json, rows);
}
