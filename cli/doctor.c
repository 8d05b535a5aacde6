/*
 * spanwire doctor: would a program started from this shell deliver its spans? Prints every setting with its source, then sends a span and says
 * what became of it, with cause and cure.
 */
#include "cli.h"
#include "exec.h"

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <spanwire/config.h>
#include <spanwire/spanwire.h>

enum { DEFAULT_TIMEOUT_MS = 5000 };

struct findings {
    unsigned warnings, errors; /* among the settings */
    pthread_mutex_t lock;
    unsigned complaints; /* of the SDK */
};

static void print_text(const char *text)
{
    for (; *text; text++) { /* a value may come from anywhere: nothing that a terminal acts on gets there */
        unsigned char c = (unsigned char)*text;
        putchar(c < 0x20 || c == 0x7f ? '?' : c);
    }
    putchar('\n');
}

/* ---- settings ---- */

static void take_setting(void *arg, const spw_config_entry *entry)
{
    struct findings *findings = arg;
    findings->warnings += strcmp(entry->path, "warning") == 0;
    findings->errors += strcmp(entry->path, "error") == 0;
    fputs("  ", stdout);
    print_text(entry->line);
}

static void print_settings(const spw_options *options, struct findings *findings)
{
    printf("spanwire %s, library %s\n\nSettings\n", SPW_VERSION, spw_version());
    spw_config_each(options, take_setting, findings);
}

/* ---- the canary ---- */

/* On the SDK's thread, too. */
static void take_complaint(void *arg, spw_log_level level, const char *text)
{
    struct findings *findings = arg;
    if (level > SPW_LOG_WARN)
        return;
    pthread_mutex_lock(&findings->lock);
    findings->complaints++;
    fputs(level == SPW_LOG_ERROR ? "  error    " : "  warning  ", stdout);
    print_text(text);
    pthread_mutex_unlock(&findings->lock);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t dropped(const spw_pipeline_stats *pipeline, const char **cause)
{
    uint64_t sum = 0;
    for (int i = 0; i < SPW_DROP_CAUSES; i++) {
        if (pipeline->dropped[i] && !sum)
            *cause = spw_drop_cause_name((spw_drop_cause)i);
        sum += pipeline->dropped[i];
    }
    return sum;
}

/* What is said depends on the time that was given, not on how busy this machine is. */
struct trial {
    double took_s;
    uint32_t timeout_ms;
    bool told; /* the SDK has complained */
};

static bool judge(const spw_pipeline_stats *pipeline, const struct trial *trial)
{
    const char *cause = "";
    if (pipeline->exported) {
        printf("  ok       %s: the span was taken (%.0f ms, connection and all)\n", pipeline->name, trial->took_s * 1e3);
        return true;
    }
    if (pipeline->rejected)
        printf("  FAILED   %s: the receiver refused the span\n", pipeline->name);
    else if (dropped(pipeline, &cause))
        printf("  FAILED   %s: the span was dropped: %s\n", pipeline->name, cause);
    else if (pipeline->filtered)
        printf("  FAILED   %s: its filter does not take the span\n", pipeline->name);
    else if (pipeline->queued || pipeline->in_flight)
        printf("  FAILED   %s: the span was not taken in %g s; a program would keep it and try on%s\n", pipeline->name, trial->timeout_ms / 1e3,
               trial->told ? "" : "; why is not known by then, a longer --timeout may tell");
    else
        printf("  FAILED   %s: no span came this far; the sampler may not take roots (OTEL_TRACES_SAMPLER)\n", pipeline->name);
    return false;
}

static bool send_canary(spw_options *options, uint32_t timeout_ms, struct findings *findings)
{
    options->log_fn = take_complaint;
    options->log_arg = findings;
    options->log_level = SPW_LOG_WARN;
    printf("\nDelivery\n");
    if (spw_start(options) != SPW_OK) {
        puts("  FAILED   the SDK does not start, so that nothing would be recorded");
        return false;
    }
    spw_span span = spw_span_start(NULL, "spanwire doctor", NULL);
    char trace_id[SPW_TRACE_ID_HEX_SIZE];
    spw_trace_id_hex(span, trace_id);
    spw_set_string(span, "spanwire.doctor", "canary");
    spw_span_end(span);
    double begun = seconds();
    (void)spw_flush(timeout_ms);
    struct trial trial = {seconds() - begun, timeout_ms, false};
    spw_stats stats = SPW_STATS_INIT;
    spw_stats_get(&stats); /* before the shutdown, which drops what is left */
    pthread_mutex_lock(&findings->lock);
    trial.told = findings->complaints > 0;
    bool ok = true;
    for (uint32_t i = 0; i < stats.pipeline_count; i++)
        ok = judge(&stats.pipelines[i], &trial) && ok;
    if (!stats.pipeline_count)
        printf("  none     nothing is sent: OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none\n");
    else if (ok)
        printf("  look for trace %s, or: spanwire show %s\n", trace_id, trace_id);
    pthread_mutex_unlock(&findings->lock);
    options->log_level = SPW_LOG_NONE;
    (void)spw_shutdown(SPW_NOW);
    return ok;
}

int cli_doctor(int argc, char **argv)
{
    static const struct option known[] = {{"endpoint", required_argument, NULL, 'e'}, {"timeout", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
    spw_options options = SPW_OPTIONS_INIT;
    options.service_name_default = "spanwire-doctor";
    uint32_t timeout_ms = DEFAULT_TIMEOUT_MS;
    int option;
    while ((option = getopt_long(argc, argv, "e:", known, NULL)) != -1) {
        if (option == 'e')
            options.otlp_endpoint = optarg;
        else if (option != 't' || !exec_read_timeout(optarg, &timeout_ms)) {
            fputs("spanwire: doctor takes --endpoint URL and --timeout TIME; the rest is in OTEL_*\n", stderr);
            return EXIT_USAGE;
        }
    }
    struct findings findings = {.lock = PTHREAD_MUTEX_INITIALIZER};
    print_settings(&options, &findings);
    bool delivered = send_canary(&options, timeout_ms, &findings);
    if (findings.warnings)
        printf("\n%u of the settings above want a look.\n", findings.warnings);
    return delivered && !findings.errors ? 0 : EXIT_FAILED;
}
