/* The registry of detectors, `service`, and what every resource has. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "sdk/config_env.h"
#include "sdk/diag.h"
#include "sdk/resource.h"

enum { MAX_REGISTERED = 16, MAX_NAME = 63 };

static spw_result put_text(spw_resource_builder *out, const char *key, const char *value)
{
    spw_attr attr = spw_attr_string(key, value);
    return spw_resource_put(out, &attr);
}

/* ---- what every resource has ---- */

spw_result spw__resource_base(struct spw_resource_builder *out)
{
    char path[4096], service[288];
    const char *program = "";
    if (spw__program_path(path, sizeof path)) {
        const char *slash = strrchr(path, '/');
        program = slash ? slash + 1 : path;
    }
    snprintf(service, sizeof service, "unknown_service%s%.255s", *program ? ":" : "", program);
    spw_result result = put_text(out, "telemetry.sdk.name", "spanwire");
    if (result == SPW_OK)
        result = put_text(out, "telemetry.sdk.language", "c");
    if (result == SPW_OK)
        result = put_text(out, "telemetry.sdk.version", SPW_VERSION);
    return result == SPW_OK ? put_text(out, "service.name", service) : result;
}

/* ---- service ---- */

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

static spw_result detect_service(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    char id[37];
    if (!instance_id(id))
        return SPW_OK;
    spw_result result = put_text(out, "service.instance.id", id);
    return result == SPW_OK ? spw_resource_schema_url(out, SPW_RESOURCE_SCHEMA_URL) : result;
}

static const spw_resource_detector service = { sizeof service, "service", detect_service };

/* ---- the registry ---- */

static const spw_resource_detector *const builtin[] = { &service,          &spw__detect_process,   &spw__detect_host,
                                                        &spw__detect_os,   &spw__detect_container, &spw__detect_command_args };
enum { BUILTIN = sizeof builtin / sizeof *builtin, BY_DEFAULT = BUILTIN - 1 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const spw_resource_detector *registered[MAX_REGISTERED];
static size_t registered_count;

static void free_lock(void)
{
    pthread_mutex_init(&lock, NULL);
}

/* A child has only the thread that forked: whoever held the lock is not there. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, free_lock);
}

static bool is_named(const spw_resource_detector *detector, spw_view name)
{
    return strlen(detector->name) == name.size && memcmp(detector->name, name.data, name.size) == 0;
}

/* Under the lock. */
static const spw_resource_detector *find(spw_view name)
{
    for (size_t i = 0; i < BUILTIN; i++) {
        if (is_named(builtin[i], name))
            return builtin[i];
    }
    for (size_t i = 0; i < registered_count; i++) {
        if (is_named(registered[i], name))
            return registered[i];
    }
    return NULL;
}

/* Under the lock. Whole before it is counted: a fork may come between. */
static void append(const spw_resource_detector *detector)
{
    registered[registered_count] = detector;
    __atomic_store_n(&registered_count, registered_count + 1, __ATOMIC_RELEASE);
}

static bool name_is_good(const char *name)
{
    size_t size = name ? strlen(name) : 0;
    return size && size <= MAX_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size && strcmp(name, "none") != 0;
}

spw_result spw_resource_detector_register(const spw_resource_detector *detector)
{
    if (!detector || detector->struct_size < sizeof *detector || !detector->detect || !name_is_good(detector->name))
        return SPW_ERR_INVALID;
    spw_view name = { detector->name, strlen(detector->name) };
    spw_result result = SPW_OK;
    pthread_mutex_lock(&lock);
    if (find(name))
        result = SPW_ERR_INVALID;
    else if (registered_count == MAX_REGISTERED)
        result = SPW_ERR_NO_MEMORY;
    else
        append(detector);
    pthread_mutex_unlock(&lock);
    return result;
}

/* ---- running them ---- */

/* Only a lack of memory ends the start: everything else costs attributes, not telemetry. */
static spw_result run(const spw_resource_detector *detector, struct spw_resource_builder *out)
{
    spw_result result = detector->detect(detector, out);
    if (result == SPW_ERR_NO_MEMORY)
        return result;
    if (result != SPW_OK)
        spw__diag(SPW_LOG_WARN, "the resource detector %s failed (%s): the resource may lack some of what it knows", detector->name,
                  spw_result_text(result));
    return SPW_OK;
}

static spw_result run_all(struct spw_resource_builder *out)
{
    const spw_resource_detector *mine[MAX_REGISTERED];
    pthread_mutex_lock(&lock);
    size_t count = registered_count;
    memcpy(mine, registered, sizeof mine);
    pthread_mutex_unlock(&lock);
    spw_result result = SPW_OK;
    for (size_t i = 0; result == SPW_OK && i < BY_DEFAULT; i++)
        result = run(builtin[i], out);
    for (size_t i = 0; result == SPW_OK && i < count; i++)
        result = run(mine[i], out);
    return result;
}

spw_result spw__resource_detect(struct spw_resource_builder *out, const char *names)
{
    if (!names)
        return run_all(out);
    static const char *const none[] = { "none", NULL };
    spw_view name;
    spw_result result = SPW_OK;
    while (result == SPW_OK && spw__list_next(&names, &name)) {
        pthread_mutex_lock(&lock);
        const spw_resource_detector *detector = find(name);
        pthread_mutex_unlock(&lock);
        if (detector)
            result = run(detector, out);
        else if (!spw__choose(none, name.data, name.size))
            spw__diag(SPW_LOG_WARN,
                      "resource_detectors: there is no %.*s; use service, process, host, os, container, process_command_args, or register "
                      "yours before spw_start()",
                      name.size > 60 ? 60 : (int)name.size, name.data);
    }
    return result;
}
