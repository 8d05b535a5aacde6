/* What all rows share: the recording program, the collecting receiver, the judgement. */
#include "faults/fault.h"

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SEQ = 2000000 };
static uint8_t *got; /* by seq: 1 seen, 2 delivered */

void fault_fail(struct fault *f, const char *format, ...)
{
    va_list args;
    if (f->failed)
        return;
    f->failed = true;
    va_start(args, format);
    vsnprintf(f->why, sizeof f->why, format, args);
    va_end(args);
}

void fault_skip(struct fault *f, const char *format, ...)
{
    va_list args;
    f->skipped = true;
    va_start(args, format);
    vsnprintf(f->note, sizeof f->note, format, args);
    va_end(args);
}

uint64_t fault_amount(const char *variable, uint64_t usual)
{
    const char *text = getenv(variable);
    uint64_t amount = text ? strtoull(text, NULL, 10) : 0;
    return amount ? amount : usual;
}

uint64_t fault_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fault_now_ms(void)
{
    return fault_now_ns() / 1000000;
}

void fault_start(struct fault *f, const char *endpoint, void (*more)(spw_options *options))
{
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    spw_options options = SPW_OPTIONS_INIT;
    spw_error error = SPW_ERROR_INIT;
    pipeline.exporter_name = "otlp";
    pipeline.schedule_delay_ms = 20;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.otlp_endpoint = endpoint;
    options.otlp_timeout_ms = 300;
    options.log_level = SPW_LOG_ERROR;
    options.error = &error;
    if (more)
        more(&options);
    if (spw_start(&options) != SPW_OK)
        fault_fail(f, "spw_start: %s", error.text);
}

void fault_record(struct fault *f, uint64_t n, unsigned pause_us)
{
    f->samples = realloc(f->samples, (f->sample_count + n) * sizeof *f->samples);
    if (!f->samples || f->ended + n > MAX_SEQ)
        abort();
    for (uint64_t i = 0; i < n; i++) {
        uint64_t begun = fault_now_ns();
        spw_span span = spw_span_start(NULL, "work", NULL);
        spw_set_int(span, "seq", (int64_t)++f->ended);
        spw_set_string(span, "what", "a row of the fault matrix");
        spw_span_end(span);
        uint64_t took = fault_now_ns() - begun;
        f->samples[f->sample_count++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
        if (pause_us)
            usleep(pause_us);
    }
}

void fault_stop(struct fault *f, uint32_t timeout_ms)
{
    uint64_t begun = fault_now_ns();
    f->shutdown = spw_shutdown(timeout_ms);
    f->shutdown_ms = (uint32_t)((fault_now_ns() - begun) / 1000000);
    f->stats = (spw_stats)SPW_STATS_INIT;
    spw_stats_get(&f->stats);
}

void fault_wait(struct fault *f, http_peer *peer, size_t requests)
{
    if (!http_peer_wait(peer, requests, 15000))
        fault_fail(f, "%zu requests came in 15 s, not %zu", http_peer_requests(peer), requests);
}

long fault_rss_kib(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm && fscanf(statm, "%*s %ld", &pages) != 1)
        pages = 0;
    if (statm)
        fclose(statm);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

unsigned fault_descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += *e->d_name != '.' && atoi(e->d_name) != dirfd(dir);
    if (dir)
        closedir(dir);
    return count;
}

/* ---- the receiver's side ---- */

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;

static void note(struct fault *f, int64_t seq, bool taken, size_t events)
{
    if (seq < 1 || (uint64_t)seq > f->ended) {
        fault_fail(f, "a span came that was never recorded: seq %lld of %llu", (long long)seq, (unsigned long long)f->ended);
        return;
    }
    if (!got[seq])
        f->seen++;
    if (!taken) {
        got[seq] |= 1;
    } else if (got[seq] & 2) {
        f->duplicates++;
    } else {
        got[seq] |= 3;
        f->delivered++;
        f->events += events;
    }
}

static void note_all(struct fault *f, const request *r, bool taken)
{
    for (size_t i = 0; i < r->n_resource_spans; i++)
        for (size_t j = 0; j < r->resource_spans[i]->n_scope_spans; j++) {
            Opentelemetry__Proto__Trace__V1__ScopeSpans *scope = r->resource_spans[i]->scope_spans[j];
            for (size_t k = 0; k < scope->n_spans; k++)
                for (size_t a = 0; a < scope->spans[k]->n_attributes; a++)
                    if (strcmp(scope->spans[k]->attributes[a]->key, "seq") == 0)
                        note(f, scope->spans[k]->attributes[a]->value->int_value, taken, scope->spans[k]->n_events);
        }
}

void fault_collect(struct fault *f, http_peer *peer)
{
    if (!got && !(got = calloc(MAX_SEQ + 1, 1)))
        abort();
    for (size_t i = 0; i < http_peer_requests(peer); i++) {
        const http_peer_request *from = http_peer_request_at(peer, i);
        int status = __atomic_load_n(&from->answered, __ATOMIC_ACQUIRE);
        size_t size;
        uint8_t *body = http_peer_plain_body(from, &size);
        request *r = body ? opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, size, body) : NULL;
        if (!r)
            fault_fail(f, "request %zu is no OTLP", i);
        else
            note_all(f, r, status >= 200 && status < 300);
        if (r)
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(r, NULL);
        free(body);
    }
}

/* ---- the judgement ---- */

uint64_t fault_dropped(const struct fault *f, spw_drop_cause but)
{
    uint64_t sum = 0;
    for (int cause = 0; cause < SPW_DROP_CAUSES; cause++)
        if (cause != (int)but)
            sum += f->stats.pipelines[0].dropped[cause];
    return sum;
}

void fault_judge(struct fault *f)
{
    const spw_pipeline_stats *p = &f->stats.pipelines[0];
    uint64_t dropped = fault_dropped(f, SPW_DROP_CAUSES);
    if (p->ended != f->ended)
        fault_fail(f, "%llu spans were ended, and %llu counted", (unsigned long long)f->ended, (unsigned long long)p->ended);
    if (p->ended != p->exported + p->rejected + dropped + p->queued + p->in_flight)
        fault_fail(f, "the account does not add up: ended %llu, exported %llu, rejected %llu, dropped %llu, queued %llu, in flight %llu",
                   (unsigned long long)p->ended, (unsigned long long)p->exported, (unsigned long long)p->rejected,
                   (unsigned long long)dropped, (unsigned long long)p->queued, (unsigned long long)p->in_flight);
    /* What it acknowledged is what we say was exported, or refused in a partial success. */
    if (f->delivered < p->exported + p->rejected && f->seen < p->exported + p->rejected)
        fault_fail(f, "%llu are counted as exported, but the receiver saw %llu", (unsigned long long)(p->exported + p->rejected),
                   (unsigned long long)f->seen);
    if (f->duplicates > p->ambiguous)
        fault_fail(f, "%llu spans came twice, and %llu are counted as ambiguous", (unsigned long long)f->duplicates, (unsigned long long)p->ambiguous);
    if (f->delivered + dropped + p->queued + p->in_flight < f->ended)
        fault_fail(f, "%llu spans are lost and not counted",
                   (unsigned long long)(f->ended - f->delivered - dropped - p->queued - p->in_flight));
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t fault_latency(const struct fault *f, double p)
{
    if (!f->sample_count)
        return 0;
    qsort(f->samples, f->sample_count, sizeof *f->samples, by_size);
    size_t at = (size_t)((double)f->sample_count * p);
    return f->samples[at < f->sample_count ? at : f->sample_count - 1];
}
