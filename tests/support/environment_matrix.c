/* Every variable times every value it should not have: environment_matrix.h. */
#include "support/environment_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "record/utf8.h"
#include "sdk/config_table.h"

enum { HUGE_BYTES = 65536, MOST_LINE = 511 };

static char huge[HUGE_BYTES + 1];

static const struct {
    const char *value, *what; /* NULL: huge */
} values[] = {
    { "", "empty" },
    { "-1", "-1" },
    { "2147483648", "2^31" },
    { "9223372036854775808", "2^63" },
    { "abc", "abc" },
    { NULL, "64 KiB" },
    { "\xff\xfe\xc0\x80", "not UTF-8" },
    { "   ", "spaces" },
    { "a\nb\x1b[31m\xc2\x9b\xe2\x80\xa8", "control characters" },
};
enum { VALUES = sizeof values / sizeof values[0] };

/* Read, but no settings. */
static const char *const others[] = { "OTEL_CONFIG_FILE", "SPANWIRE_TRACES_FILE", "http_proxy",  "https_proxy", "HTTPS_PROXY",
                                      "no_proxy",         "NO_PROXY",             "all_proxy",   "ALL_PROXY",   "NO_COLOR",
                                      "TERM",             "TRACEPARENT",          "TRACESTATE",  "BAGGAGE" };

struct walk {
    void (*one)(void *arg, const struct matrix_case *c);
    void *arg;
    size_t count;
};

static void try_values(struct walk *w, const char *variable, const struct spw__setting *setting, bool of_pipeline)
{
    for (size_t i = 0; variable && i < VALUES; i++) {
        const struct matrix_case c = { variable, setting, of_pipeline, values[i].value ? values[i].value : huge, values[i].what };
        clearenv();
        setenv(variable, c.value, 1);
        w->one(w->arg, &c);
        w->count++;
    }
}

size_t environment_matrix(void (*one)(void *arg, const struct matrix_case *c), void *arg)
{
    struct walk w = { one, arg, 0 };
    memset(huge, '7', HUGE_BYTES);
    for (size_t i = 0; i < SPW__SETTINGS; i++) {
        try_values(&w, spw__settings[i].variables[0], &spw__settings[i], false);
        try_values(&w, spw__settings[i].variables[1], &spw__settings[i], false);
    }
    for (size_t i = 0; i < SPW__PIPELINE_SETTINGS; i++)
        try_values(&w, spw__pipeline_settings[i].variables[0], &spw__pipeline_settings[i], true);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        try_values(&w, others[i], NULL, false);
    clearenv();
    return w.count;
}

const char *environment_matrix_judge(const char *line)
{
    size_t size = strlen(line);
    if (size > MOST_LINE)
        return "a line is too long";
    if (!spw__utf8_valid(line, size))
        return "a line is not UTF-8";
    for (const unsigned char *c = (const unsigned char *)line; *c; c++)
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0) || (*c == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)))
            return "a line holds what steers a terminal";
    return NULL;
}
