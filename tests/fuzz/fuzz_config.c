/*
 * The environment: the whole table of settings from variables of any text, against a slow reading of the same variables. Every number is
 * what the specification makes of its text, every source names the variable that was taken, a batch is never larger than its queue, and
 * nothing that is a secret (values of headers, user info, queries, keys that sound like one) is logged, returned or printed.
 */
#include <spanwire/config.h>

#include "fuzz/input.h"
#include "record/utf8.h"
#include "sdk/config.h"
#include "sdk/config_env.h"
#include "sdk/config_table.h"

#include <stdio.h>
#include <strings.h>

#define CANARY "S3cr3tC4n4ry"
#define PART "S3cr" /* a part of a secret is one too */
enum { MAX_NAMES = 128, MAX_VALUE = 20000 };

static const char *names[MAX_NAMES];
static size_t name_count;

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void add_name(const char *name)
{
    must(name_count < MAX_NAMES);
    if (name)
        names[name_count++] = name;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    for (size_t i = 0; i < SPW__SETTINGS; i++)
        for (size_t v = 0; v < 2; v++)
            add_name(spw__settings[i].variables[v]);
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++)
        for (size_t v = 0; v < 2; v++)
            add_name(spw__pipeline_settings[i].variables[v]);
    return 0;
}

/* ---- the variables ---- */

/* Text up to a newline; never a secret: libFuzzer learns what is looked for. */
static char *line(struct input *in)
{
    const uint8_t *end = memchr(in->at, '\n', in->left);
    char *text = input_text(in, end ? (size_t)(end - in->at) : in->left, NULL), *known = text;
    (void)input_byte(in);
    while ((known = strstr(known, PART)) != NULL)
        *known = 'x';
    return text;
}

static char *line_without(struct input *in, const char *set)
{
    char *text = line(in);
    for (char *p = text; *p; p++)
        if (strchr(set, *p))
            *p = 'x';
    return text;
}

static void put(const char *name, const char *format, const char *a, const char *b)
{
    char value[2 * MAX_VALUE];
    snprintf(value, sizeof value, format, a, b);
    must(setenv(name, value, 1) == 0);
}

/* Variables with a secret where secrets stand, among whatever the input says. */
static void put_secret(struct input *in)
{
    static const char *const headers[] = { "OTEL_EXPORTER_OTLP_HEADERS",      "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
                                           "OTEL_EXPORTER_OTLP_TRACE_HEADERS", "OTEL_EXPORTER_OTLP_HEADER",         "OTEL_EXPORTER_OTLP_METRICS_HEADERS" };
    static const char *const endpoints[] = { "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http_proxy", "https_proxy",
                                             "HTTPS_PROXY",                 "ALL_PROXY" };
    static const char *const forms[] = { "http://%s" CANARY "@%s",   "https://u:" CANARY "%s@%s",           "%s:" CANARY "@%s",    "http://h/?%s=" CANARY "&%s",
                                         "http://h:1%s#" CANARY "%s", "http://h:4317/%s?" CANARY "%s", "ftp://" CANARY "%s@%s" };
    uint8_t what = input_byte(in), which = input_byte(in);
    char *before = what % 3 == 0 ? line_without(in, ",") : line(in), *after = what % 3 == 0 ? line_without(in, ",") : line(in);
    if (what % 3 == 0)
        put(headers[which % 6], "authorization=%s" CANARY "%s", before, after);
    else if (what % 3 == 1)
        put(endpoints[which % 6], forms[which / 6 % 7], before, after);
    else
        put("OTEL_RESOURCE_ATTRIBUTES", which & 1 ? "a=b,db.passwd=" CANARY ",c=%s%s" : "%s%s,api_key=" CANARY, before, after);
    free(before);
    free(after);
}

static void put_variables(struct input *in)
{
    static const char *const words[] = { "true", "FALSE", "2147483647", "2147483648", "-1", "0", " 7 ", "otlp,console", "none", "debug", "grpc",
                                         "http/json", "gzip", "0.25", "parentbased_traceidratio", "traceidratio", "b3,b3multi,tracecontext", "1e9999" };
    (void)clearenv();
    for (unsigned i = 0; i < 24 && in->left; i++) {
        uint8_t what = input_byte(in), form = input_byte(in);
        const char *name = names[what % name_count];
        if (form < 40) {
            put_secret(in);
        } else if (form < 120) {
            must(setenv(name, words[form % (sizeof words / sizeof *words)], 1) == 0);
        } else if (form == 255) {
            char long_text[MAX_VALUE];
            memset(long_text, '1', sizeof long_text - 1);
            long_text[sizeof long_text - 1] = '\0';
            long_text[16383 + input_byte(in) % 3u] = '\0';
            must(setenv(name, long_text, 1) == 0);
        } else {
            char *text = line(in);
            must(setenv(name, text, 1) == 0);
            free(text);
        }
    }
}

/* ---- what is expected ---- */

/* Set, not empty, not too long, UTF-8. */
static const char *usable(const char *name)
{
    const char *text = name ? getenv(name) : NULL;
    return text && *text && strlen(text) <= SPW__ENV_MAX_BYTES && spw__utf8_valid(text, strlen(text)) ? text : NULL;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool read_number(const char *text, uint64_t *out)
{
    size_t size = text ? strlen(text) : 0;
    while (size && blank(text[size - 1]))
        size--;
    while (size && blank(*text)) {
        text++;
        size--;
    }
    if (!size)
        return false;
    *out = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out > UINT32_MAX ? *out : *out * 10 + (uint64_t)(text[i] - '0');
    }
    return *out <= 2147483647u;
}

static bool is_number(enum spw__kind kind)
{
    return kind == SPW__KIND_COUNT || kind == SPW__KIND_LENGTH || kind == SPW__KIND_DELAY || kind == SPW__KIND_TIMEOUT || kind == SPW__KIND_BYTES;
}

/* The number, and whose it is; NULL: the default. */
static uint64_t expected_number(const struct spw__setting *s, const char **source)
{
    uint64_t value, most = s->most ? s->most : 2147483647u;
    for (size_t i = 0; i < 2 && s->variables[i]; i++)
        if (read_number(usable(s->variables[i]), &value) && value >= s->min)
            return *source = s->variables[i], value < most ? value : most;
    return *source = NULL, s->number;
}

static bool same_trimmed(const char *text, const char *choice)
{
    while (blank(*text))
        text++;
    size_t size = strlen(text);
    while (size && blank(text[size - 1]))
        size--;
    return size == strlen(choice) && strncasecmp(text, choice, size) == 0;
}

static void check_setting(const struct spw__setting *s, const void *model, const struct spw__source *source)
{
    const void *field = (const char *)model + s->field;
    if (source->origin == SPW__FROM_CODE)
        return;
    must((source->origin == SPW__FROM_ENVIRONMENT) == (source->name != NULL));
    if (is_number(s->kind)) {
        const char *from;
        uint64_t number = expected_number(s, &from), is = s->kind == SPW__KIND_BYTES ? *(const uint64_t *)field : *(const uint32_t *)field;
        must(source->name == from || (from && source->name && strcmp(source->name, from) == 0));
        must(is == number);
    } else if (s->kind == SPW__KIND_BOOL) {
        const char *text = usable(s->variables[0]);
        must(*(const bool *)field == (text && strcasecmp(text, "true") == 0));
    } else if (s->kind == SPW__KIND_CHOICE && source->name) {
        must(same_trimmed(usable(source->name), *(const char *const *)field));
    } else if (s->kind > SPW__KIND_TEXT && source->name && s->variables[0]) { /* what has none is made of others: a proxy */
        const char *text = *(const char *const *)field;
        must(text && strcmp(text, usable(source->name)) == 0);
    }
}

static void check_pipeline(const struct spw__pipeline_config *p)
{
    const char *from;
    must(p->exporter_name && *p->exporter_name && p->max_queue_size > 0 && p->max_export_batch_size <= p->max_queue_size);
    must(p->max_queue_size == expected_number(&spw__pipeline_settings[SPW__SET_MAX_QUEUE_SIZE], &from));
    must(p->export_timeout_ms == expected_number(&spw__pipeline_settings[SPW__SET_EXPORT_TIMEOUT], &from));
    if (p->mode == SPW_PIPELINE_SIMPLE) {
        must(p->max_export_batch_size == 1 && p->schedule_delay_ms == 0);
        return;
    }
    uint64_t batch = expected_number(&spw__pipeline_settings[SPW__SET_MAX_BATCH_SIZE], &from);
    must(p->max_export_batch_size == (batch < p->max_queue_size ? batch : p->max_queue_size));
    must(p->schedule_delay_ms == expected_number(&spw__pipeline_settings[SPW__SET_SCHEDULE_DELAY], &from));
}

static void check_config(const struct spw__config *config)
{
    for (size_t i = 0; i < SPW__SETTINGS; i++)
        check_setting(&spw__settings[i], config, &config->sources[i]);
    must(config->pipeline_count <= SPW__MAX_PIPELINES);
    for (size_t i = 0; i < config->pipeline_count; i++) {
        check_pipeline(&config->pipelines[i]);
        for (size_t j = 0; j < i; j++)
            must(strcmp(config->pipelines[i].exporter_name, config->pipelines[j].exporter_name) != 0);
    }
    must(config->sampler_ratio >= 0 && config->sampler_ratio <= 1);
    must(config->resource.count <= SPW__RESOURCE_MAX_ATTRIBUTES);
}

/* ---- who listens ---- */

static void no_secret(const char *text)
{
    must(strstr(text, PART) == NULL);
}

static void hear(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    must(level != SPW_LOG_NONE);
    no_secret(text);
    must(strchr(text, '\n') == NULL); /* one message, one line, whatever was quoted */
}

static void see(void *arg, const spw_config_entry *entry)
{
    size_t *entries = arg;
    ++*entries;
    no_secret(entry->path);
    no_secret(entry->value);
    no_secret(entry->source);
    no_secret(entry->line);
    must(*entry->path && *entry->line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    put_variables(&in);
    spw_options options = SPW_OPTIONS_INIT;
    options.log_fn = hear;
    options.resource_detectors = size % 64 == 63 ? NULL : "none"; /* they read files, which takes most of the time */
    struct spw__config config;
    spw_error error = SPW_ERROR_INIT;
    spw_result result = spw__config_load(&config, &options, &error);
    must(result == SPW_OK || (error.code == result && *error.text && memchr(error.text, 0, sizeof error.text)));
    no_secret(error.text);
    if (result == SPW_OK && !config.disabled)
        check_config(&config);
    spw__config_free(&config);
    size_t entries = 0;
    spw_result printed = spw_config_each(&options, see, &entries);
    must(entries > SPW__SETTINGS && (printed == SPW_OK || result != SPW_OK || getenv("OTEL_SDK_DISABLED")));
    return 0;
}
