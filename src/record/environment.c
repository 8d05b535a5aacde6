/* The environment as a carrier. (Specification: Environment Variables as Context Propagation Carriers.) */
#include "environment.h"

#include <spanwire/allocator.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "propagation.h"

#define MAX_NAME 256u
#define MAX_FIELDS 64u
#define MAX_BYTES 65536u
#define MAX_REMOVED 128u

static uint64_t lost; /* atomic */

uint64_t spw__fields_lost(void)
{
    return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

/* ---- names ---- */

static char normal(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

size_t spw_environment_name(const char *field, char *out, size_t size)
{
    size_t length = 0;
    if (!field || !*field || (*field >= '0' && *field <= '9')) {
        if (length + 1 < size)
            out[length] = '_';
        length++;
    }
    for (; field && *field; field++, length++) {
        if (length + 1 < size)
            out[length] = normal(*field);
    }
    if (size)
        out[length < size ? length : size - 1] = '\0';
    return length;
}

/* ---- in ---- */

static const char *get(void *carrier, const char *name)
{
    (void)carrier;
    char normalised[MAX_NAME];
    return spw_environment_name(name, normalised, sizeof normalised) < sizeof normalised ? getenv(normalised) : NULL;
}

static bool is_normal(const char *entry, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (entry[i] != normal(entry[i]))
            return false;
    }
    return size && !(entry[0] >= '0' && entry[0] <= '9');
}

/* "Keys MUST return only key names that are already normalized." The names lie before a `=`, so they are copied out. */
static const char *name_at(void *carrier, size_t index)
{
    char *name = carrier;
    for (char **entry = environ; entry && *entry; entry++) {
        size_t size = strcspn(*entry, "=");
        if (size >= MAX_NAME || !is_normal(*entry, size) || index-- != 0)
            continue;
        memcpy(name, *entry, size);
        name[size] = '\0';
        return name;
    }
    return NULL;
}

spw_context spw_context_from_environment(void)
{
    const spw_getter getter = { .struct_size = sizeof getter, .get = get, .name_at = name_at };
    char name[MAX_NAME];
    return spw_extract_with(NULL, &getter, name);
}

/* ---- out ---- */

/* What an injection sets, as `NAME=value`. */
struct fields {
    char *texts[MAX_FIELDS];
    size_t count, bytes;
};

/* The place of the field of that name, or past the last. */
static size_t find(const struct fields *fields, const char *name, size_t size)
{
    size_t at = 0;
    while (at < fields->count && !(strncmp(fields->texts[at], name, size) == 0 && fields->texts[at][size] == '='))
        at++;
    return at;
}

static void leave_out(void)
{
    __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
}

static void set(void *carrier, const char *field, const char *value)
{
    struct fields *fields = carrier;
    char name[MAX_NAME];
    size_t name_size = spw_environment_name(field, name, sizeof name), value_size = strnlen(value, MAX_BYTES);
    if (name_size >= sizeof name || fields->bytes + name_size + value_size + 2 > MAX_BYTES) {
        leave_out();
        return;
    }
    size_t at = find(fields, name, name_size);
    char *text = at < MAX_FIELDS ? spw_allocate(name_size + value_size + 2) : NULL;
    if (!text) {
        leave_out();
        return;
    }
    memcpy(text, name, name_size);
    text[name_size] = '=';
    memcpy(text + name_size + 1, value, value_size);
    text[name_size + 1 + value_size] = '\0';
    if (at == fields->count)
        fields->count++;
    else
        spw_free(fields->texts[at]); /* "Set: replaces a propagated field" */
    fields->texts[at] = text;
    fields->bytes += name_size + value_size + 2;
}

/* Names to take out. */
struct names {
    char text[MAX_REMOVED][MAX_NAME];
    size_t count;
};

static void add_name(void *arg, const char *field)
{
    struct names *names = arg;
    if (names->count < MAX_REMOVED && spw_environment_name(field, names->text[names->count], MAX_NAME) < MAX_NAME)
        names->count++;
}

static void add_credentials(struct names *names)
{
    static const char *const signals[] = { "", "TRACES_", "METRICS_", "LOGS_", "PROFILES_" };
    static const char *const secrets[] = { "HEADERS", "CLIENT_KEY", "CLIENT_CERTIFICATE" };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++) {
            char name[80];
            snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s%s", signals[i], secrets[k]);
            add_name(names, name);
        }
    }
}

static bool taken_out(const struct names *names, const struct fields *fields, const char *entry)
{
    size_t size = strcspn(entry, "=");
    if (find(fields, entry, size) < fields->count)
        return true;
    for (size_t i = 0; i < names->count; i++) {
        if (strlen(names->text[i]) == size && memcmp(names->text[i], entry, size) == 0)
            return true;
    }
    return false;
}

/* The vector and all its text in one block: what stays of `envp`, then the fields. */
static char **build(char *const *envp, const struct names *names, const struct fields *fields)
{
    size_t count = 1 + fields->count, bytes = fields->bytes;
    for (char *const *entry = envp; entry && *entry; entry++) {
        count++;
        bytes += strlen(*entry) + 1;
    }
    char **out = spw_allocate(count * sizeof *out + bytes);
    if (!out)
        return NULL;
    char *text = (char *)(out + count);
    size_t n = 0;
    for (char *const *entry = envp; entry && *entry; entry++) {
        if (!taken_out(names, fields, *entry)) {
            out[n++] = text;
            text = stpcpy(text, *entry) + 1;
        }
    }
    for (size_t i = 0; i < fields->count; i++) {
        out[n++] = text;
        text = stpcpy(text, fields->texts[i]) + 1;
    }
    out[n] = NULL;
    return out;
}

char **spw_environment_new(char *const *envp, const spw_context *context, unsigned flags)
{
    struct names *names = spw_allocate_zeroed(1, sizeof *names);
    if (!names)
        return NULL;
    spw__propagation_each_field(add_name, names);
    if (!(flags & SPW_ENVIRONMENT_KEEP_CREDENTIALS))
        add_credentials(names);
    struct fields fields = { .count = 0 };
    spw_inject(context, set, &fields);
    char **out = build(envp ? envp : environ, names, &fields);
    for (size_t i = 0; i < fields.count; i++)
        spw_free(fields.texts[i]);
    spw_free(names);
    return out;
}

void spw_environment_destroy(char **envp)
{
    spw_free(envp);
}
