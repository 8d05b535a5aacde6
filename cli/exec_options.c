/* The options of spanwire exec, which both of its processes read. Names are otel-cli's where it has them. */
#include "exec.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <spanwire/sdk.h>

enum { MAX_TIMEOUT_MS = 600000 };

static void read_value(const char *text, spw_attr *attr)
{
    char *end;
    errno = 0;
    long long integer = strtoll(text, &end, 10);
    if (*text && !*end && !errno) {
        attr->value = spw_value_int(integer);
        return;
    }
    errno = 0;
    double number = strtod(text, &end);
    if (*text && !*end && !errno && strspn(text, "+-.0123456789eE") == strlen(text))
        attr->value = spw_value_double(number);
    else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        attr->value = spw_value_bool(text[0] == 't');
    else
        attr->value = spw_value_string(text);
}

bool exec_read_attrs(char *text, spw_attr *attrs, size_t room, size_t *count)
{
    char *rest = NULL;
    for (char *pair = strtok_r(text, ",", &rest); pair; pair = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(pair, '=');
        if (!value || value == pair || *count == room)
            return false;
        *value++ = 0;
        attrs[*count].key = (spw_view){pair, strlen(pair)};
        read_value(value, &attrs[(*count)++]);
    }
    return true;
}

bool exec_read_kind(const char *text, spw_span_kind *kind)
{
    static const struct { const char *name; spw_span_kind kind; } kinds[] = {
        {"internal", SPW_KIND_INTERNAL}, {"server", SPW_KIND_SERVER}, {"client", SPW_KIND_CLIENT},
        {"producer", SPW_KIND_PRODUCER}, {"consumer", SPW_KIND_CONSUMER},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(text, kinds[i].name) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    fprintf(stderr, "spanwire: --kind %s: choose internal, server, client, producer or consumer\n", text);
    return false;
}

bool exec_is_disabled(void)
{
    const char *value = getenv("OTEL_SDK_DISABLED");
    return value && strcasecmp(value, "true") == 0;
}

bool exec_sampler_is_plain(void)
{
    const char *sampler = getenv("OTEL_TRACES_SAMPLER");
    return !sampler || !*sampler || strcasecmp(sampler, "parentbased_always_on") == 0;
}

/* 500ms, 2s, 1m, or a number of milliseconds. */
bool exec_read_timeout(const char *text, uint32_t *timeout_ms)
{
    static const struct { const char *unit; double ms; } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}};
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && number >= 0 && number * units[i].ms <= MAX_TIMEOUT_MS) {
            *timeout_ms = (uint32_t)(number * units[i].ms);
            return true;
        }
    fprintf(stderr, "spanwire: --timeout %s: give a time up to 10m, such as 500ms or 3s\n", text);
    return false;
}

bool exec_add_attrs(char **texts, const char *more)
{
    size_t had = *texts ? strlen(*texts) : 0, size = strlen(more);
    char *all = realloc(*texts, had + size + 2);
    if (!all) {
        fputs("spanwire: no memory\n", stderr);
        return false;
    }
    *texts = all;
    memcpy(all + had, more, size);
    memcpy(all + had + size, ",", 2);
    return true;
}

static bool set_option(struct exec_options *options, int option)
{
    switch (option) {
    case 'n': options->name = optarg; return true;
    case 's': options->service = optarg; return true;
    case 'e': options->endpoint = optarg; return true;
    case 'k': return exec_read_kind(optarg, &options->kind);
    case 'a': return exec_add_attrs(&options->texts, optarg);
    case 't': return exec_read_timeout(optarg, &options->timeout_ms);
    case 'H': options->hide_arguments = true; return true;
    case 'I': options->ignore_parent = true; return true;
    case 'P': options->print_parent = true; return true;
    case 'w': options->wait = true; return true;
    case 'q': options->quiet = true; return true;
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool read_options(int argc, char **argv, struct exec_options *options)
{
    static const struct option known[] = {
        {"name", required_argument, NULL, 'n'},     {"service", required_argument, NULL, 's'}, {"endpoint", required_argument, NULL, 'e'},
        {"kind", required_argument, NULL, 'k'},     {"attrs", required_argument, NULL, 'a'},   {"timeout", required_argument, NULL, 't'},
        {"hide-args", no_argument, NULL, 'H'},      {"tp-ignore-env", no_argument, NULL, 'I'}, {"tp-print", no_argument, NULL, 'P'},
        {"wait", no_argument, NULL, 'w'},           {"quiet", no_argument, NULL, 'q'},         {NULL, 0, NULL, 0}};
    *options = (struct exec_options){.kind = SPW_KIND_CLIENT, .timeout_ms = SPW_DEFAULT_TIMEOUT_MS};
    int option;
    optind = 0; /* the second process reads for the second time */
    while ((option = getopt_long(argc, argv, "+n:s:k:a:e:", known, NULL)) != -1)
        if (!set_option(options, option))
            return false;
    options->command = argv + optind;
    if (!*options->command) {
        fputs("spanwire: exec takes a command: spanwire exec [options] -- make test\n", stderr);
        return false;
    }
    if (options->texts && !exec_read_attrs(options->texts, options->attrs, EXEC_MAX_ATTRS, &options->attr_count)) {
        fprintf(stderr, "spanwire: --attrs takes key=value pairs with commas between them, %d at most\n", EXEC_MAX_ATTRS);
        return false;
    }
    return true;
}

bool exec_options_read(int argc, char **argv, struct exec_options *options)
{
    bool ok = read_options(argc, argv, options);
    if (!ok)
        exec_options_free(options);
    return ok;
}

void exec_options_free(struct exec_options *options)
{
    free(options->texts);
    options->texts = NULL;
}
