/*
 * The names of OpenTelemetry's variables that nothing in this version reads, so that they are known and no typing mistake; and the search for
 * mistakes.
 */
#include <stdlib.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"

extern char **environ;

#define LOGS "not used yet: logs"
#define METRICS "not used yet: metrics"
#define LIBRARIES "not used here: for instrumentation libraries"
#define GRPC "not used: OTLP/gRPC is not spoken"
#define NEVER "not used: this exporter does not exist here"

static const struct {
    const char *name, *note;
} unused[] = {
    { "OTEL_CONFIG_FILE", "not supported: spw_start() fails" },
    { "OTEL_EXPERIMENTAL_CONFIG_FILE", "not used: deprecated" },
    { "OTEL_LOGS_EXPORTER", LOGS },
    { "OTEL_BLRP_SCHEDULE_DELAY", LOGS },
    { "OTEL_BLRP_EXPORT_TIMEOUT", LOGS },
    { "OTEL_BLRP_MAX_QUEUE_SIZE", LOGS },
    { "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", LOGS },
    { "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", LOGS },
    { "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_HEADERS", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", LOGS },
    { "OTEL_EXPORTER_OTLP_LOGS_INSECURE", GRPC },
    { "OTEL_METRICS_EXPORTER", METRICS },
    { "OTEL_METRICS_EXEMPLAR_FILTER", METRICS },
    { "OTEL_METRIC_EXPORT_INTERVAL", METRICS },
    { "OTEL_METRIC_EXPORT_TIMEOUT", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_HEADERS", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", METRICS },
    { "OTEL_EXPORTER_OTLP_METRICS_INSECURE", GRPC },
    { "OTEL_EXPORTER_OTLP_INSECURE", GRPC },
    { "OTEL_EXPORTER_OTLP_TRACES_INSECURE", GRPC },
    { "OTEL_EXPORTER_PROMETHEUS_HOST", NEVER },
    { "OTEL_EXPORTER_PROMETHEUS_PORT", NEVER },
    { "OTEL_EXPORTER_ZIPKIN_ENDPOINT", NEVER },
    { "OTEL_EXPORTER_ZIPKIN_TIMEOUT", NEVER },
    { "OTEL_EXPORTER_ZIPKIN_PROTOCOL", NEVER },
    { "OTEL_SEMCONV_STABILITY_OPT_IN", LIBRARIES },
    { "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", LIBRARIES },
    { "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", LIBRARIES },
};

enum { UNUSED = sizeof unused / sizeof *unused, MAX_NAME = 80, MAX_EDITS = 2, MAX_REPORTS = 8 };

/* How many characters to put, to take out, to change or to swap with the next; more than MAX_EDITS is not counted out. */
static unsigned edits(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][MAX_NAME + 1];
    for (unsigned j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        unsigned least = i;
        for (unsigned j = 1; j <= b_size; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
            least = best < least ? best : least;
        }
        if (least > MAX_EDITS)
            return least;
    }
    return rows[a_size % 3][b_size];
}

struct search {
    const char *name, *nearest;
    size_t size;
    unsigned distance;
};

static void compare(struct search *s, const char *known)
{
    size_t size = known ? strlen(known) : 0;
    if (!known || !s->distance || size > MAX_NAME || size + MAX_EDITS < s->size || s->size + MAX_EDITS < size)
        return;
    unsigned distance = edits(s->name, s->size, known, size);
    if (distance < s->distance) {
        s->distance = distance;
        s->nearest = known;
    }
}

/* The known name that is nearest, at most MAX_EDITS away; NULL: none, or it is known itself. */
static const char *misspelt(const char *name, size_t size)
{
    struct search s = { name, NULL, size, MAX_EDITS + 1 };
    if (size > MAX_NAME)
        return NULL;
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        compare(&s, spw__settings[i].variables[0]);
        compare(&s, spw__settings[i].variables[1]);
    }
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++)
        compare(&s, spw__pipeline_settings[i].variables[0]);
    for (size_t i = 0; i < UNUSED; i++)
        compare(&s, unused[i].name);
    return s.distance ? s.nearest : NULL;
}

static void report_misspelt(void)
{
    unsigned reports = 0;
    for (char **entry = environ; entry && *entry && reports < MAX_REPORTS; entry++) {
        if (strncasecmp(*entry, "OTEL_", 5) != 0)
            continue;
        size_t size = strcspn(*entry, "=");
        const char *known = misspelt(*entry, size);
        if (!known)
            continue;
        spw__diag(SPW_LOG_WARN, "%.*s is no variable of OpenTelemetry, and ignored; is %s meant?", (int)size, *entry, known);
        reports++;
    }
}

void spw__config_unused(spw__unused_fn for_print, void *arg)
{
    if (!for_print) {
        report_misspelt();
        return;
    }
    for (size_t i = 0; i < UNUSED; i++) {
        const char *value = getenv(unused[i].name);
        if (value && *value)
            for_print(arg, unused[i].name, unused[i].note);
    }
}
