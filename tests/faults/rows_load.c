/* More than the way out takes: a slow receiver, none for a long time, a worker that gets no processor. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "faults/fault.h"

/* How often this thread has waited for something. Not how often others were given its processor. */
static long waits(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* Recording at full speed waits for nothing; a page fault may, for another thread that maps memory. */
static void check_waits(struct fault *f, long before)
{
    long waited = waits() - before;
    if (waited > 5)
        fault_fail(f, "the recording thread waited %ld times", waited);
}

static void overload(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 20 });
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 1, 0);
    long before = waits();
    fault_record(f, 200000, 0);
    check_waits(f, before);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_QUEUE_FULL] > 0 && f->delivered == f->stats.pipelines[0].exported);
    fault_judge(f);
    http_peer_stop(peer);
}

/* ---- no receiver, for as long as the test runs: memory and descriptors ---- */

enum { THREADS = 4, BUFFER_MIB = 64, SLACK_KIB = 8192, SAMPLE_MS = 100, TIMED = 100000 };

static struct {
    uint32_t running; /* atomic */
    uint64_t ended[THREADS];
    uint32_t *samples; /* of the first thread */
    size_t sample_count;
} soak;

static void record_one(uint64_t i)
{
    spw_span span = spw_span_start(NULL, "work", NULL);
    spw_set_int(span, "seq", (int64_t)i);
    spw_set_string(span, "what", "a row of the fault matrix");
    spw_span_end(span);
}

static void record_timed(uint64_t i)
{
    uint64_t begun = fault_now_ns();
    record_one(i);
    uint64_t took = fault_now_ns() - begun;
    soak.samples[soak.sample_count++ % TIMED] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
}

static void *record_on(void *arg)
{
    uint64_t *ended = arg;
    while (__atomic_load_n(&soak.running, __ATOMIC_ACQUIRE)) {
        if (arg == &soak.ended[0] && *ended % 256 == 0)
            record_timed(++*ended);
        else
            record_one(++*ended);
    }
    return NULL;
}

/* A line through what was measured, by least squares. */
struct line {
    double n, t, y, tt, ty;
};

static void line_add(struct line *line, double t, double y)
{
    line->n++;
    line->t += t;
    line->y += y;
    line->tt += t * t;
    line->ty += t * y;
}

static double line_slope(const struct line *line)
{
    double spread = line->n * line->tt - line->t * line->t;
    return spread > 0 ? (line->n * line->ty - line->t * line->y) / spread : 0;
}

struct seen {
    long rss_before, rss_most;
    unsigned descriptors_least, descriptors_most;
    struct line rss, descriptors; /* of the second half */
};

static void watch(struct seen *s, uint64_t seconds)
{
    uint64_t begun = fault_now_ms(), now;
    while ((now = fault_now_ms() - begun) < seconds * 1000) {
        usleep(SAMPLE_MS * 1000);
        long rss = fault_rss_kib();
        unsigned descriptors = fault_descriptors();
        s->rss_most = rss > s->rss_most ? rss : s->rss_most;
        s->descriptors_most = descriptors > s->descriptors_most ? descriptors : s->descriptors_most;
        if (now < seconds * 500)
            continue;
        s->descriptors_least = descriptors < s->descriptors_least ? descriptors : s->descriptors_least;
        line_add(&s->rss, (double)now / 1000, (double)rss);
        line_add(&s->descriptors, (double)now / 1000, descriptors);
    }
}

static void judge_soak(struct fault *f, const struct seen *s, uint64_t seconds)
{
    long grown = s->rss_most - s->rss_before;
    double slope = line_slope(&s->rss);
    if (grown > BUFFER_MIB * 1024 + SLACK_KIB)
        fault_fail(f, "memory grew by %ld KiB, and the limit of the buffer is %d MiB", grown, BUFFER_MIB);
    if (slope > 64)
        fault_fail(f, "memory still grows, by %.0f KiB a second", slope);
    if (s->descriptors_most > s->descriptors_least + 2)
        fault_fail(f, "between %u and %u descriptors", s->descriptors_least, s->descriptors_most);
    snprintf(f->note, sizeof f->note,
             "%llu s, 4 threads: memory at most %ld KiB more than before, %+.1f KiB and %+.3f descriptors a second at the end",
             (unsigned long long)seconds, grown, slope, line_slope(&s->descriptors));
}

/* A queue that is bounded by its memory alone: the limit said is that of max_buffer_bytes. */
static void dead_collector(struct fault *f)
{
    uint64_t seconds = fault_amount("FAULTS_SOAK_S", 12);
    char url[64];
    pthread_t threads[THREADS];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)http_peer_dead_port());
    setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10000000", 1);
    soak.samples = calloc(TIMED, sizeof *soak.samples);
    soak.running = 1;
    fault_start(f, url, NULL);
    struct seen seen = { .rss_before = fault_rss_kib(), .descriptors_least = UINT32_MAX };
    for (int i = 0; i < THREADS; i++)
        if (!soak.samples || pthread_create(&threads[i], NULL, record_on, &soak.ended[i]) != 0)
            abort();
    watch(&seen, seconds);
    __atomic_store_n(&soak.running, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        f->ended += soak.ended[i];
    }
    fault_stop(f, 300);
    f->samples = soak.samples;
    f->sample_count = soak.sample_count < TIMED ? soak.sample_count : TIMED;
    judge_soak(f, &seen, seconds);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_QUEUE_FULL] > 0);
    fault_judge(f);
}

/* ---- a worker that gets no processor ---- */

enum { SPIN_MS = 2000 };

static pid_t worker_tid(void)
{
    pid_t found = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        char path[64], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%.16s/comm", e->d_name);
        FILE *comm = fopen(path, "re");
        if (comm && fgets(name, sizeof name, comm) && strcmp(name, "spanwire\n") == 0)
            found = (pid_t)atoi(e->d_name);
        if (comm)
            fclose(comm);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Time on a processor, in ms. */
static uint64_t ran_ms(pid_t tid)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", (int)tid);
    FILE *stat = fopen(path, "re");
    if (stat && fscanf(stat, "%llu", &ns) != 1)
        ns = 0;
    if (stat)
        fclose(stat);
    return ns / 1000000;
}

static bool pin(pid_t tid, size_t processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(tid, sizeof set, &set) == 0;
}

/* Above everything else on its processor; the others are left alone. */
static void *spin(void *arg)
{
    struct sched_param high = { .sched_priority = 50 };
    if (!pin(0, *(size_t *)arg) || pthread_setschedparam(pthread_self(), SCHED_FIFO, &high) != 0)
        return arg;
    for (uint64_t until = fault_now_ms() + SPIN_MS; fault_now_ms() < until;)
        ;
    return NULL;
}

/* The first and the last processor that we may use. */
static bool two_processors(size_t out[2])
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
        return false;
    for (size_t i = 0, first = 1; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            out[!first] = i;
            first = 0;
        }
    return true;
}

static void starve(struct fault *f, size_t processors[2])
{
    http_peer *peer = http_peer_start();
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 1, 0);
    pid_t worker = worker_tid();
    FAULT_CHECK(f, worker && pin(0, processors[0]) && pin(worker, processors[1]));
    pthread_t spinner;
    void *refused = NULL;
    if (pthread_create(&spinner, NULL, spin, &processors[1]) != 0)
        abort();
    usleep(100000);
    uint64_t ran = ran_ms(worker), until = fault_now_ms() + SPIN_MS - 300;
    long before = waits();
    while (fault_now_ms() < until && f->ended < 1900000)
        fault_record(f, 1000, 0);
    check_waits(f, before);
    ran = ran_ms(worker) - ran;
    pthread_join(spinner, &refused);
    snprintf(f->note, sizeof f->note, "the worker ran for %llu of %d ms", (unsigned long long)ran, SPIN_MS - 300);
    if (refused)
        fault_skip(f, "no real-time priority to be had (root, or a limit of RLIMIT_RTPRIO)");
    fault_stop(f, 20000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->delivered == f->stats.pipelines[0].exported);
    fault_judge(f);
    http_peer_stop(peer);
}

static void starved_worker(struct fault *f)
{
    size_t processors[2];
    if (two_processors(processors))
        starve(f, processors);
    else
        fault_skip(f, "needs two processors");
}

const struct fault_row fault_rows_load[] = {
    { "Load", "overload", "far more spans than the receiver takes", "newest dropped and counted; the program waits for nothing", overload,
      false },
    { "Load", "dead_collector", "no collector, 4 threads at full speed", "memory stays below max_buffer_bytes, descriptors are stable",
      dead_collector, false },
    { "Load", "starved_worker", "a SCHED_FIFO thread spins on the worker's processor", "recording waits for nothing", starved_worker,
      false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
