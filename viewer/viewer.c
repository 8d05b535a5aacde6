/* Putting the parts together. Contract: viewer.h. */
#include "viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"
#include "server.h"

struct spwv_viewer {
    struct spwv_app app;
    struct spwv_hosts hosts;
    struct spwv_listening listening;
    struct spwv_server *server;
};

const char *spwv_version(void)
{
    return SPWV_VERSION;
}

static bool allow_hosts(struct spwv_viewer *viewer, const struct spwv_options *options, struct spwv_error *error)
{
    viewer->hosts.port = viewer->listening.port;
    spwv_hosts_allow(&viewer->hosts, viewer->listening.host); /* the address asked for, when it is another one */
    for (size_t i = 0; i < options->allow_host_count; i++)
        if (!spwv_hosts_allow(&viewer->hosts, options->allow_hosts[i])) {
            snprintf(error->text, sizeof error->text, "--allow-host %.100s: give a name without port, at most %d of them",
                     options->allow_hosts[i], SPWV_MAX_HOSTS - 1);
            return false;
        }
    return true;
}

static uint64_t nonce(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool start_listening(struct spwv_listening *listening, const struct spwv_options *options, struct spwv_error *error)
{
    return spwv_listen(options->listen, listening, error) ||
           (options->listen_else && listening->in_use && spwv_listen(options->listen_else, listening, error));
}

static bool start(struct spwv_viewer *viewer, const struct spwv_options *options, struct spwv_error *error)
{
    if (!start_listening(&viewer->listening, options, error) || !allow_hosts(viewer, options, error))
        return false;
    viewer->app.version = spwv_version();
    viewer->app.start_nonce = nonce();
    viewer->app.max_compressed = options->max_compressed;
    viewer->app.max_inflated = options->max_body;
    viewer->app.memory.max = options->max_in_flight;
    viewer->app.store = spwv_store_sqlite_open(options->db_path, options->max_bytes, error);
    if (!viewer->app.store)
        return false;
    viewer->server = spwv_server_start(viewer->listening.fd, &viewer->app, &viewer->hosts, options, error);
    return viewer->server != NULL;
}

struct spwv_viewer *spwv_viewer_start(const struct spwv_options *options, struct spwv_error *error)
{
    struct spwv_viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer) {
        snprintf(error->text, sizeof error->text, "no memory");
        return NULL;
    }
    viewer->listening.fd = -1;
    if (start(viewer, options, error))
        return viewer;
    if (viewer->app.store)
        viewer->app.store->destroy(viewer->app.store);
    if (viewer->listening.fd >= 0)
        close(viewer->listening.fd);
    free(viewer);
    return NULL;
}

unsigned spwv_viewer_port(const struct spwv_viewer *viewer)
{
    return viewer->listening.port;
}

const char *spwv_viewer_host(const struct spwv_viewer *viewer)
{
    return viewer->listening.host;
}

bool spwv_viewer_is_elsewhere(const struct spwv_viewer *viewer)
{
    return viewer->listening.in_use;
}

bool spwv_viewer_is_loopback(const struct spwv_viewer *viewer)
{
    return viewer->listening.loopback;
}

bool spwv_viewer_import(struct spwv_viewer *viewer, const char *path, const struct spwv_import_sink *sink,
                        struct spwv_import_report *report, struct spwv_error *error)
{
    return spwv_import(viewer->app.store, path, viewer->app.max_inflated, sink, report, error);
}

unsigned spwv_viewer_migrated_from(const struct spwv_viewer *viewer)
{
    struct spwv_store_info info;
    viewer->app.store->info(viewer->app.store, &info);
    return info.migrated_from;
}

void spwv_viewer_stop(struct spwv_viewer *viewer)
{
    spwv_server_stop(viewer->server);
    viewer->app.store->destroy(viewer->app.store);
    free(viewer);
}
