/* Server-sent events. Contract: live.h. */
#include "live.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 200, COMMENT_MS = 15000, MAX_EVENT = 256 };

struct client {
    struct client *next;
    struct client *previous;
    struct spwv_live *live;
    struct MHD_Connection *connection;
    struct spwv_guarded *guarded;
    bool suspended;
    uint64_t told; /* revision; 0: nothing yet */
    int64_t last_ms;
};

struct spwv_live {
    struct spwv_store *store;
    struct spwv_guard *guard;
    unsigned patience_ms;
    unsigned comment_ms;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running;
    bool stop;
    struct client *first;
    unsigned count;
    uint64_t revision; /* seen last */
    uint64_t traces;
    uint64_t logs;
    uint64_t metric_points;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the thread: looks at the store and wakes who has something to send ---- */

static void wait_a_little(struct spwv_live *live)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!live->stop && pthread_cond_timedwait(&live->changed, &live->lock, &until) == 0)
        ;
}

static bool has_something(const struct client *client, int64_t now)
{
    return client->live->stop || client->told != client->live->revision || now - client->last_ms >= client->live->comment_ms;
}

static void wake_clients(struct spwv_live *live)
{
    int64_t now = now_ms();
    for (struct client *client = live->first; client; client = client->next)
        if (client->suspended && has_something(client, now)) {
            client->suspended = false;
            MHD_resume_connection(client->connection); /* still there: leave() comes before it goes, under this lock */
        }
}

static void look(struct spwv_live *live)
{
    struct spwv_store_info info;
    pthread_mutex_unlock(&live->lock); /* a query may hold the store for long */
    live->store->info(live->store, &info);
    pthread_mutex_lock(&live->lock);
    live->revision = info.revision;
    live->traces = info.traces;
    live->logs = info.logs;
    live->metric_points = info.metric_points;
}

static void *watch(void *arg)
{
    struct spwv_live *live = arg;
    pthread_mutex_lock(&live->lock);
    while (!live->stop) {
        if (!live->first) {
            pthread_cond_wait(&live->changed, &live->lock);
            continue;
        }
        look(live);
        wake_clients(live);
        wait_a_little(live);
    }
    wake_clients(live);
    pthread_mutex_unlock(&live->lock);
    return NULL;
}

static bool start_thread(struct spwv_live *live)
{
    sigset_t all, old;
    if (live->running)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    live->running = pthread_create(&live->thread, NULL, watch, live) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return live->running;
}

/* ---- clients, on libmicrohttpd's threads ---- */

static ssize_t say(struct client *client, char *to, size_t size)
{
    struct spwv_live *live = client->live;
    const char *first = client->told ? "" : "retry: 3000\n";
    int written;
    client->last_ms = now_ms();
    if (client->told == live->revision) {
        written = snprintf(to, size, ":\n\n");
    } else {
        client->told = live->revision;
        written = snprintf(to, size, "%sevent: change\ndata: {\"revision\":%" PRIu64 ",\"traces\":%" PRIu64 ",\"logs\":%" PRIu64 ",\"metric_points\":%" PRIu64
                           "}\n\n", first, live->revision, live->traces, live->logs, live->metric_points);
    }
    spwv_guard_set(live->guard, client->guarded, live->patience_ms); /* what was said before has been taken */
    return written;
}

static ssize_t next_bytes(void *arg, uint64_t position, char *to, size_t size)
{
    struct client *client = arg;
    struct spwv_live *live = client->live;
    ssize_t written = 0;
    (void)position;
    pthread_mutex_lock(&live->lock);
    if (live->stop || size < MAX_EVENT) {
        written = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (live->revision && has_something(client, now_ms())) {
        written = say(client, to, size);
    } else {
        client->suspended = true;
        MHD_suspend_connection(client->connection);
    }
    pthread_mutex_unlock(&live->lock);
    return written;
}

static void leave(void *arg)
{
    struct client *client = arg;
    struct spwv_live *live = client->live;
    pthread_mutex_lock(&live->lock);
    if (client->next)
        client->next->previous = client->previous;
    if (client->previous)
        client->previous->next = client->next;
    else
        live->first = client->next;
    live->count--;
    pthread_mutex_unlock(&live->lock);
    free(client);
}

static bool enter(struct spwv_live *live, struct client *client)
{
    pthread_mutex_lock(&live->lock);
    bool ok = !live->stop && live->count < SPWV_LIVE_MAX && start_thread(live);
    if (ok) {
        client->next = live->first;
        if (live->first)
            live->first->previous = client;
        live->first = client;
        live->count++;
        pthread_cond_signal(&live->changed);
    }
    pthread_mutex_unlock(&live->lock);
    return ok;
}

struct MHD_Response *spwv_live_response(struct spwv_live *live, struct MHD_Connection *connection, struct spwv_guarded *guarded)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    *client = (struct client){.live = live, .connection = connection, .guarded = guarded, .last_ms = now_ms()};
    if (!enter(live, client)) {
        free(client);
        return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, next_bytes, client, leave);
    if (!response)
        leave(client);
    return response;
}

/* ---- life ---- */

struct spwv_live *spwv_live_new(struct spwv_store *store, struct spwv_guard *guard, unsigned patience_ms)
{
    struct spwv_live *live = calloc(1, sizeof *live);
    if (!live)
        return NULL;
    live->store = store;
    live->guard = guard;
    live->patience_ms = patience_ms;
    live->comment_ms = patience_ms / 2 < COMMENT_MS ? patience_ms / 2 : COMMENT_MS; /* a reader that takes them is never late */
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&live->lock, NULL);
    pthread_cond_init(&live->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return live;
}

void spwv_live_stop(struct spwv_live *live)
{
    pthread_mutex_lock(&live->lock);
    live->stop = true;
    pthread_cond_signal(&live->changed);
    bool running = live->running;
    pthread_mutex_unlock(&live->lock);
    if (running)
        pthread_join(live->thread, NULL);
}

void spwv_live_destroy(struct spwv_live *live)
{
    pthread_cond_destroy(&live->changed);
    pthread_mutex_destroy(&live->lock);
    free(live);
}
