/* Exporters by name. Purpose and threads: registry.h. */
#include "sdk/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX_EXPORTERS = 32, NAME_BYTES = 24 }; /* a name fits spw_pipeline_stats.name */

struct maker {
    spw_exporter_factory_fn factory;
    void *arg;
};

/* Whole at any moment, also to a child forked while another thread is changing it: one word says which maker holds. */
struct entry {
    char name[NAME_BYTES];
    struct maker makers[2];
    unsigned current;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[MAX_EXPORTERS];
static size_t entry_count;

static void free_lock(void)
{
    pthread_mutex_init(&lock, NULL);
}

/* A child has only the thread that forked: whoever held the lock is not there. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, free_lock);
}

static struct entry *find(const char *name)
{
    for (size_t i = 0; i < entry_count; i++)
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    return NULL;
}

spw_result spw_exporter_register(const char *name, spw_exporter_factory_fn factory, void *arg)
{
    size_t size = name ? strlen(name) : 0;
    if (size == 0 || size >= NAME_BYTES || !factory)
        return SPW_ERR_INVALID;
    spw_exporters_register_builtin(); /* first, so that a name the program takes over stays taken over */
    spw_result result = SPW_OK;
    pthread_mutex_lock(&lock);
    struct entry *entry = find(name);
    bool added = !entry && entry_count < MAX_EXPORTERS;
    if (added) {
        entry = &entries[entry_count];
        memcpy(entry->name, name, size + 1);
    }
    if (entry) {
        unsigned next = 1 - entry->current;
        entry->makers[next] = (struct maker){ factory, arg };
        __atomic_store_n(&entry->current, next, __ATOMIC_RELEASE);
        __atomic_store_n(&entry_count, entry_count + added, __ATOMIC_RELEASE);
    } else {
        result = SPW_ERR_NO_MEMORY;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* `otlp, console, file`, cut at `size`. */
static void list_names(char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < entry_count && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i ? ", " : "", entries[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
    pthread_mutex_unlock(&lock);
}

static spw_exporter *unknown(const char *name, spw_error *error)
{
    char known[200];
    list_names(known, sizeof known);
    if (error) {
        error->code = SPW_ERR_NOT_FOUND;
        snprintf(error->text, sizeof error->text, "no exporter is named '%.60s'; use one of %s, none, or register it before spw_start()", name, known);
    }
    return NULL;
}

bool spw__exporter_is_known(spw_view name)
{
    char text[NAME_BYTES];
    if (name.size >= sizeof text)
        return false;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    spw_exporters_register_builtin();
    pthread_mutex_lock(&lock);
    bool known = find(text) != NULL;
    pthread_mutex_unlock(&lock);
    return known;
}

spw_exporter *spw__exporter_make(const char *name, const spw_exporter_settings *settings, spw_error *error)
{
    spw_exporters_register_builtin();
    pthread_mutex_lock(&lock);
    const struct entry *entry = find(name ? name : "");
    struct maker maker = entry ? entry->makers[entry->current] : (struct maker){ NULL, NULL };
    pthread_mutex_unlock(&lock);
    if (!maker.factory)
        return unknown(name ? name : "", error);
    spw_error own = SPW_ERROR_INIT;
    spw_exporter *exporter = maker.factory(maker.arg, settings, &own); /* outside the lock: it may register others */
    if (exporter && (exporter->struct_size < sizeof *exporter || !exporter->submit)) { /* nor is it known how to destroy it */
        snprintf(own.text, sizeof own.text, "the factory of '%s' made an exporter of a wrong struct_size or without submit; begin with SPW_EXPORTER_INIT", name);
        exporter = NULL;
    }
    if (exporter || !error)
        return exporter;
    *error = own;
    if (error->code == SPW_OK)
        error->code = SPW_ERR_INVALID;
    if (error->text[0] == '\0')
        snprintf(error->text, sizeof error->text, "the exporter '%s' could not be made and gave no reason", name);
    return NULL;
}
