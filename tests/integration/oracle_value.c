#include "oracle_value.h"

#include <stdlib.h>
#include <string.h>

typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
#define CASE(name) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##name

enum { MAX_KEY = 1024, MAX_DEPTH = 30, MAX_CONTAINERS = 1024, MAX_MAP = 1024 };

size_t oracle_character(const char *text, size_t size)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *t = (const unsigned char *)text;
    size_t n = t[0] < 0x80 ? 1 : (t[0] & 0xe0) == 0xc0 ? 2 : (t[0] & 0xf0) == 0xe0 ? 3 : (t[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n < 2 || n > size)
        return n == 1;
    uint32_t point = t[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (t[i] >> 6 != 2)
            return 0;
        point = point << 6 | (t[i] & 0x3fu);
    }
    return point >= least[n] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? n : 0;
}

bool oracle_is_utf8(const char *text, size_t size)
{
    for (size_t i = 0, n; i < size; i += n)
        if (!(n = oracle_character(text + i, size - i)))
            return false;
    return true;
}

char *oracle_repair(const char *text, size_t size, size_t most, size_t *written)
{
    char *out = malloc(3 * size + 1);
    *written = 0;
    for (size_t i = 0; i < size;) {
        size_t n = oracle_character(text + i, size - i), bytes = n ? n : 3;
        if (*written + bytes > most)
            break;
        memcpy(out + *written, n ? text + i : "\xef\xbf\xbd", bytes);
        *written += bytes;
        i += n ? n : 1;
    }
    out[*written] = '\0';
    return out;
}

/* The size after the limit on characters; a bad byte is a character. */
static size_t cut_characters(const char *text, size_t size, size_t characters)
{
    size_t i = 0;
    for (; i < size && characters; characters--) {
        size_t n = oracle_character(text + i, size - i);
        i += n ? n : 1;
    }
    return i;
}

struct budget {
    size_t characters, depth, containers;
};

static bool fill(struct budget *budget, const spw_value *from, oracle_value *out);

static void fill_text(const struct budget *budget, const spw_value *from, oracle_value *out)
{
    const char *text = from->u.view.data;
    size_t size = from->u.view.size;
    bool string = from->type == SPW_VALUE_STRING;
    size = string ? cut_characters(text, size, budget->characters) : size < budget->characters ? size : budget->characters;
    char *copy = calloc(1, size + 1);
    if (size)
        memcpy(copy, text, size);
    if (string && oracle_is_utf8(copy, size)) {
        out->value_case = CASE(STRING_VALUE);
        out->string_value = copy;
    } else {
        out->value_case = CASE(BYTES_VALUE);
        out->bytes_value = (ProtobufCBinaryData){ size, (uint8_t *)copy };
    }
}

static bool fill_array(struct budget *budget, const spw_value *from, oracle_value *out)
{
    Opentelemetry__Proto__Common__V1__ArrayValue *array = malloc(sizeof *array);
    opentelemetry__proto__common__v1__array_value__init(array);
    out->value_case = CASE(ARRAY_VALUE);
    out->array_value = array;
    array->values = calloc(from->u.array.count + 1, sizeof *array->values);
    for (size_t i = 0; i < from->u.array.count; i++) {
        oracle_value *element = malloc(sizeof *element);
        opentelemetry__proto__common__v1__any_value__init(element);
        array->values[array->n_values++] = element;
        if (!fill(budget, &from->u.array.values[i], element))
            return false;
    }
    return true;
}

static char *key_text(spw_view key)
{
    size_t size;
    return oracle_repair(key.data ? key.data : "", key.data ? key.size : 0, MAX_KEY, &size);
}

static bool comes_again(const spw_value *map, size_t i)
{
    bool again = false;
    char *key = key_text(map->u.map.entries[i].key);
    for (size_t j = i + 1; j < map->u.map.count && !again; j++) {
        char *other = key_text(map->u.map.entries[j].key);
        again = strcmp(key, other) == 0;
        free(other);
    }
    free(key);
    return again;
}

static bool fill_map(struct budget *budget, const spw_value *from, oracle_value *out)
{
    Opentelemetry__Proto__Common__V1__KeyValueList *map = malloc(sizeof *map);
    opentelemetry__proto__common__v1__key_value_list__init(map);
    out->value_case = CASE(KVLIST_VALUE);
    out->kvlist_value = map;
    map->values = calloc(from->u.map.count + 1, sizeof *map->values);
    if (from->u.map.count > MAX_MAP)
        return false;
    for (size_t i = 0; i < from->u.map.count; i++) {
        if (comes_again(from, i))
            continue;
        key_value *entry = malloc(sizeof *entry);
        opentelemetry__proto__common__v1__key_value__init(entry);
        map->values[map->n_values++] = entry;
        entry->key = key_text(from->u.map.entries[i].key);
        entry->value = malloc(sizeof *entry->value);
        opentelemetry__proto__common__v1__any_value__init(entry->value);
        if (from->u.map.entries[i].key.size > MAX_KEY || !fill(budget, &from->u.map.entries[i].value, entry->value))
            return false;
    }
    return true;
}

static bool fill_tree(struct budget *budget, const spw_value *from, oracle_value *out)
{
    bool fits = ++budget->depth <= MAX_DEPTH && ++budget->containers <= MAX_CONTAINERS &&
                (from->type == SPW_VALUE_ARRAY ? fill_array : fill_map)(budget, from, out);
    budget->depth--;
    return fits;
}

static bool fill(struct budget *budget, const spw_value *from, oracle_value *out)
{
    switch ((int)from->type) {
    case SPW_VALUE_STRING:
    case SPW_VALUE_BYTES:
        fill_text(budget, from, out);
        return true;
    case SPW_VALUE_BOOL:
        out->value_case = CASE(BOOL_VALUE);
        out->bool_value = from->u.b;
        return true;
    case SPW_VALUE_INT:
        out->value_case = CASE(INT_VALUE);
        out->int_value = from->u.i;
        return true;
    case SPW_VALUE_DOUBLE:
        out->value_case = CASE(DOUBLE_VALUE);
        out->double_value = from->u.d;
        return true;
    case SPW_VALUE_EMPTY: return true;
    case SPW_VALUE_ARRAY:
    case SPW_VALUE_MAP: return fill_tree(budget, from, out);
    default: return false;
    }
}

oracle_value *oracle_value_new(size_t characters, const spw_value *from)
{
    struct budget budget = { characters, 0, 0 };
    oracle_value *value = malloc(sizeof *value);
    opentelemetry__proto__common__v1__any_value__init(value);
    if (fill(&budget, from, value) && opentelemetry__proto__common__v1__any_value__get_packed_size(value) <= (1u << 20))
        return value;
    oracle_value_free(value);
    return NULL;
}

void oracle_value_free(oracle_value *value)
{
    if (value)
        opentelemetry__proto__common__v1__any_value__free_unpacked(value, NULL);
}

/* ---- comparing ---- */

static bool same_array(const oracle_value *want, const oracle_value *got)
{
    bool same = want->array_value->n_values == got->array_value->n_values;
    for (size_t i = 0; same && i < want->array_value->n_values; i++)
        same = oracle_value_same(want->array_value->values[i], got->array_value->values[i]);
    return same;
}

static bool same_map(const oracle_value *want, const oracle_value *got)
{
    bool same = want->kvlist_value->n_values == got->kvlist_value->n_values;
    for (size_t i = 0; same && i < want->kvlist_value->n_values; i++) {
        const key_value *entry = want->kvlist_value->values[i];
        size_t found = 0;
        for (size_t j = 0; j < got->kvlist_value->n_values; j++) {
            const key_value *other = got->kvlist_value->values[j];
            found += strcmp(entry->key, other->key) == 0 && other->value && oracle_value_same(entry->value, other->value);
        }
        same = found == 1;
    }
    return same;
}

bool oracle_value_same(const oracle_value *want, const oracle_value *got)
{
    if (want->value_case != got->value_case)
        return false;
    switch ((int)want->value_case) {
    case CASE(STRING_VALUE): return strcmp(want->string_value, got->string_value) == 0;
    case CASE(BYTES_VALUE):
        return want->bytes_value.len == got->bytes_value.len &&
               (!want->bytes_value.len || memcmp(want->bytes_value.data, got->bytes_value.data, want->bytes_value.len) == 0);
    case CASE(BOOL_VALUE): return want->bool_value == got->bool_value;
    case CASE(INT_VALUE): return want->int_value == got->int_value;
    case CASE(DOUBLE_VALUE): return memcmp(&want->double_value, &got->double_value, 8) == 0; /* by its bits: NaN, and -0.0 */
    case CASE(ARRAY_VALUE): return same_array(want, got);
    case CASE(KVLIST_VALUE): return same_map(want, got);
    default: return true;
    }
}

size_t oracle_value_containers(const oracle_value *value)
{
    size_t count = 0;
    if (value->value_case == CASE(ARRAY_VALUE))
        for (size_t i = count++; i < value->array_value->n_values; i++)
            count += oracle_value_containers(value->array_value->values[i]);
    if (value->value_case == CASE(KVLIST_VALUE))
        for (size_t i = count++; i < value->kvlist_value->n_values; i++)
            count += oracle_value_containers(value->kvlist_value->values[i]->value);
    return count;
}
