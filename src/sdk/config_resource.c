/*
 * The resource: what the process knows about itself < OTEL_RESOURCE_ATTRIBUTES < OTEL_SERVICE_NAME < options. One key, one attribute.
 * (Specification: Resource SDK, Merge, "the resulting resource MUST have all attributes that are on any of the two input resources".)
 */
#include "sdk/config_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "sdk/diag.h"

/* A resource that grows; `limit` is set, with the reason, when the next attribute does not fit. */
struct list {
    spw_attr *attrs;
    size_t count, capacity, bytes;
    bool no_memory, too_large;
};

static void value_free(spw_value *value)
{
    if (value->type == SPW_VALUE_STRING || value->type == SPW_VALUE_BYTES)
        free((void *)value->u.view.data);
}

static bool view_copy(spw_view *out, spw_view from)
{
    char *copy = malloc(from.size + 1);
    if (!copy)
        return false;
    if (from.size)
        memcpy(copy, from.data, from.size);
    copy[from.size] = 0;
    out->data = copy;
    out->size = from.size;
    return true;
}

static bool value_copy(spw_value *out, const spw_value *from)
{
    *out = *from;
    if (from->type == SPW_VALUE_STRING || from->type == SPW_VALUE_BYTES)
        return view_copy(&out->u.view, from->u.view);
    return true;
}

static spw_attr *find(const struct list *list, spw_view key)
{
    for (size_t i = 0; i < list->count; i++) {
        spw_attr *a = &list->attrs[i];
        if (a->key.size == key.size && memcmp(a->key.data, key.data, key.size) == 0)
            return a;
    }
    return NULL;
}

static bool grow(struct list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    spw_attr *attrs = realloc(list->attrs, capacity * sizeof *attrs);
    if (!attrs)
        return false;
    list->attrs = attrs;
    list->capacity = capacity;
    return true;
}

static bool replace(struct list *list, spw_attr *old, const spw_value *value)
{
    spw_value copy;
    list->no_memory = !value_copy(&copy, value);
    if (list->no_memory)
        return false;
    value_free(&old->value);
    old->value = copy;
    return true;
}

static bool append(struct list *list, const spw_attr *attr)
{
    spw_attr copy = { { NULL, 0 }, { SPW_VALUE_EMPTY, { { NULL, 0 } } } };
    list->no_memory = !grow(list) || !view_copy(&copy.key, attr->key);
    if (!list->no_memory && !value_copy(&copy.value, &attr->value)) {
        free((void *)copy.key.data);
        list->no_memory = true;
    }
    if (list->no_memory)
        return false;
    list->attrs[list->count++] = copy;
    return true;
}

/* Puts a copy, over an older value of the key. False: did not fit, or no memory. */
static bool put(struct list *list, const spw_attr *attr)
{
    bool has_bytes = attr->value.type == SPW_VALUE_STRING || attr->value.type == SPW_VALUE_BYTES;
    size_t room = SPW__RESOURCE_MAX_BYTES - list->bytes;
    size_t value_bytes = has_bytes ? attr->value.u.view.size : sizeof attr->value;
    spw_attr *old = find(list, attr->key);
    list->too_large = attr->key.size > room || value_bytes > room - attr->key.size || (!old && list->count >= SPW__RESOURCE_MAX_ATTRIBUTES);
    if (list->too_large)
        return false;
    list->bytes += attr->key.size + value_bytes; /* replaced values stay counted: a bound, not a measure */
    return old ? replace(list, old, &attr->value) : append(list, attr);
}

static bool put_text(struct list *list, const char *key, const char *value)
{
    spw_attr attr = spw_attr_string(key, value);
    return put(list, &attr);
}

/* The base name of what runs; false when the system does not say. */
static bool executable_name(char out[256])
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    const char *name = program_invocation_short_name;
    if (size > 0) {
        static const char deleted[] = " (deleted)"; /* the kernel's note on a replaced program */
        path[size] = 0;
        size_t tail = sizeof deleted - 1;
        if ((size_t)size > tail && strcmp(path + (size_t)size - tail, deleted) == 0)
            path[(size_t)size - tail] = 0;
        const char *slash = strrchr(path, '/');
        name = slash ? slash + 1 : path;
    }
    snprintf(out, 256, "%.255s", name ? name : "");
    return *out != 0;
}

/* A random UUID (RFC 9562, version 4); false when the kernel has no randomness yet. */
static bool instance_id(char out[37])
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, GRND_NONBLOCK) != (ssize_t)sizeof b)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    char *p = out;
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        p += snprintf(p, 3, "%02x", (unsigned)b[i]);
    }
    return true;
}

static bool detect(struct list *list)
{
    char exe[256], service[288], id[37];
    bool named = executable_name(exe);
    snprintf(service, sizeof service, "unknown_service%s%s", named ? ":" : "", exe);
    spw_attr pid = spw_attr_int("process.pid", getpid());
    return put_text(list, "telemetry.sdk.name", "spanwire") && put_text(list, "telemetry.sdk.language", "c") &&
           put_text(list, "telemetry.sdk.version", SPW_VERSION) && put_text(list, "service.name", service) &&
           (!instance_id(id) || put_text(list, "service.instance.id", id)) && put(list, &pid) &&
           (!named || put_text(list, "process.executable.name", exe));
}

static bool put_decoded(void *arg, spw_view key, spw_view value)
{
    spw_attr attr = { key, { SPW_VALUE_STRING, { { value.data, value.size } } } };
    return put(arg, &attr);
}

static bool check_decoded(void *arg, spw_view key, spw_view value)
{
    (void)arg, (void)key, (void)value;
    return true;
}

/* "In case of any error, e.g. failure during the decoding process, the entire environment variable value SHOULD be discarded and an error
 * SHOULD be reported": checked whole first, so that nothing of a broken list is taken. */
static bool put_environment(struct list *list)
{
    const char *text = spw__env_text("OTEL_RESOURCE_ATTRIBUTES");
    const char *problem = text ? spw__pairs_decode(text, check_decoded, NULL) : NULL;
    list->no_memory = problem == spw__pairs_no_memory;
    if (list->no_memory)
        return false;
    if (problem)
        spw__diag(SPW_LOG_ERROR, "OTEL_RESOURCE_ATTRIBUTES is ignored whole: %s; write key=value,key2=value2, percent-encoded", problem);
    else if (text && spw__pairs_decode(text, put_decoded, list))
        return false;
    const char *service = spw__env_text("OTEL_SERVICE_NAME");
    return !service || put_text(list, "service.name", service);
}

static spw_result refuse(const struct list *list, spw_error *error)
{
    if (list->too_large)
        return spw__fail(error, SPW_ERR_INVALID,
                         "the resource has more than %d attributes or %d bytes; keep it to what identifies the service",
                         SPW__RESOURCE_MAX_ATTRIBUTES, SPW__RESOURCE_MAX_BYTES);
    return spw__fail(error, SPW_ERR_NO_MEMORY, "out of memory while building the resource");
}

/* NULL, or what is wrong with an attribute of the options. */
static const char *attr_problem(const spw_attr *attr)
{
    spw_value_type type = attr->value.type;
    bool has_view = type == SPW_VALUE_STRING || type == SPW_VALUE_BYTES;
    if (!attr->key.size || !attr->key.data)
        return "has no key";
    if (has_view && attr->value.u.view.size && !attr->value.u.view.data)
        return "has a value of NULL with a size";
    if (!has_view && type != SPW_VALUE_EMPTY && type != SPW_VALUE_BOOL && type != SPW_VALUE_INT && type != SPW_VALUE_DOUBLE)
        return "has a type that cannot be set; use a string, a number, a bool or bytes";
    return NULL;
}

static spw_result put_options(struct list *list, const spw_options *options, spw_error *error)
{
    if (options->resource_attribute_count && !options->resource_attributes)
        return spw__fail(error, SPW_ERR_INVALID, "resource_attribute_count is set, but resource_attributes is NULL");
    for (size_t i = 0; i < options->resource_attribute_count; i++) {
        const char *problem = attr_problem(&options->resource_attributes[i]);
        if (problem)
            return spw__fail(error, SPW_ERR_INVALID, "resource_attributes[%zu] %s", i, problem);
        if (!put(list, &options->resource_attributes[i]))
            return refuse(list, error);
    }
    bool ok = !options->service_name || !*options->service_name || put_text(list, "service.name", options->service_name);
    ok = ok && (!options->service_version || !*options->service_version || put_text(list, "service.version", options->service_version));
    return ok ? SPW_OK : refuse(list, error);
}

spw_result spw__config_resource(struct spw__config *out, const spw_options *options, spw_error *error)
{
    struct list list = { NULL, 0, 0, 0, false, false };
    spw_result result = detect(&list) && put_environment(&list) ? SPW_OK : refuse(&list, error);
    if (result == SPW_OK)
        result = put_options(&list, options, error);
    out->resource = list.attrs;
    out->resource_count = list.count;
    return result;
}

void spw__config_resource_free(struct spw__config *config)
{
    for (size_t i = 0; i < config->resource_count; i++) {
        free((void *)config->resource[i].key.data);
        value_free(&config->resource[i].value);
    }
    free(config->resource);
    config->resource = NULL;
    config->resource_count = 0;
}
