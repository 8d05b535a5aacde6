/* Reading the environment: the rules for text, numbers, lists, pairs and URLs. */
#include "sdk/config_env.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record/utf8.h"
#include "sdk/diag.h"

const char *spw__env_text(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return NULL;
    size_t size = strlen(value);
    if (size > SPW__ENV_MAX_BYTES) {
        spw__diag(SPW_LOG_WARN, "%s is %zu bytes long, more than %d: ignored", name, size, SPW__ENV_MAX_BYTES);
        return NULL;
    }
    if (!spw__utf8_valid(value, size)) {
        spw__diag(SPW_LOG_WARN, "%s is not valid UTF-8: ignored", name);
        return NULL;
    }
    return value;
}

bool spw__env_bool(const char *name)
{
    const char *text = spw__env_text(name);
    if (!text)
        return false;
    bool value = strcasecmp(text, "true") == 0;
    if (!value && strcasecmp(text, "false") != 0)
        spw__diag(SPW_LOG_WARN, "%s=%.40s is neither true nor false: taken as false", name, text);
    return value;
}

bool spw__env_uint(const char *name, uint32_t min, uint32_t *out)
{
    const char *text = spw__env_text(name);
    if (!text)
        return false;
    uint64_t value = 0;
    const char *p = text;
    while (*p >= '0' && *p <= '9' && value <= SPW__ENV_MAX_NUMBER)
        value = value * 10 + (uint64_t)(*p++ - '0');
    if (*p || value < min || value > SPW__ENV_MAX_NUMBER) {
        spw__diag(SPW_LOG_WARN, "%s=%.40s is not an integer from %u to %u: ignored", name, text, min, SPW__ENV_MAX_NUMBER);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

const char *spw__choose(const char *const *choices, const char *text, size_t size)
{
    for (; *choices; choices++) {
        if (strlen(*choices) == size && strncasecmp(*choices, text, size) == 0)
            return *choices;
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static spw_view trimmed(const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (from < to && is_blank(to[-1]))
        to--;
    spw_view view = { from, (size_t)(to - from) };
    return view;
}

bool spw__list_next(const char **list, spw_view *item)
{
    while (**list) {
        const char *end = strchrnul(*list, ',');
        *item = trimmed(*list, end);
        *list = *end ? end + 1 : end;
        if (item->size)
            return true;
    }
    return false;
}

const char spw__pairs_no_memory[] = "out of memory";

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes into `out`, which has room for the encoded size. False on a broken escape or a result that is not UTF-8. */
static bool percent_decode(spw_view in, char *out, size_t *size)
{
    size_t at = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '%') {
            int high = i + 2 < in.size ? hex_digit(in.data[i + 1]) : -1;
            int low = i + 2 < in.size ? hex_digit(in.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        }
        out[at++] = c;
    }
    *size = at;
    return spw__utf8_valid(out, at);
}

static const char *pair_decode(spw_view item, char *buffer, spw__pair_fn put, void *arg)
{
    const char *equals = memchr(item.data, '=', item.size);
    if (!equals)
        return "a member has no '='";
    spw_view raw_key = trimmed(item.data, equals), raw_value = trimmed(equals + 1, item.data + item.size);
    spw_view key = { buffer, 0 }, value = { buffer + raw_key.size, 0 };
    if (!percent_decode(raw_key, buffer, &key.size) || !percent_decode(raw_value, buffer + raw_key.size, &value.size))
        return "a member has a broken percent-encoding";
    if (key.size == 0)
        return "a member has no key";
    return put(arg, key, value) ? NULL : spw__pairs_no_memory;
}

const char *spw__pairs_decode(const char *list, spw__pair_fn put, void *arg)
{
    char *buffer = malloc(strlen(list) + 1);
    if (!buffer)
        return spw__pairs_no_memory;
    const char *problem = NULL;
    spw_view item;
    while (!problem && spw__list_next(&list, &item))
        problem = pair_decode(item, buffer, put, arg);
    free(buffer);
    return problem;
}

/* A header's name is an RFC 9110 token; its value must not end the header or hold other control characters. */
static bool header_is_sendable(void *arg, spw_view key, spw_view value)
{
    const char **problem = arg;
    for (size_t i = 0; i < key.size && !*problem; i++) {
        char c = key.data[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            *problem = "a header's name has a character that HTTP does not allow there";
    }
    for (size_t i = 0; i < value.size && !*problem; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            *problem = "a header's value has a control character";
    }
    return true;
}

const char *spw__headers_problem(const char *headers)
{
    const char *unsendable = NULL;
    const char *problem = spw__pairs_decode(headers, header_is_sendable, &unsendable);
    return problem ? problem : unsendable;
}

/* Finds host and port; NULL, or what is wrong. *port 0: not given. */
static const char *url_split(const char *url, spw_view *host, unsigned *port)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
    if (!scheme)
        return "does not begin with http:// or https://";
    for (const char *p = url; *p; p++) {
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}", *p))
            return "has a character that a URL cannot hold";
    }
    const char *start = url + scheme, *end = start + strcspn(start, "/?#");
    const char *at = memrchr(start, '@', (size_t)(end - start));
    start = at ? at + 1 : start;
    const char *bracket = *start == '[' ? memchr(start, ']', (size_t)(end - start)) : NULL;
    if (*start == '[' && !bracket)
        return "has a '[' without ']'";
    const char *host_end = bracket ? bracket + 1 : memchr(start, ':', (size_t)(end - start));
    host_end = host_end ? host_end : end;
    host->data = start;
    host->size = (size_t)(host_end - start);
    *port = 0;
    if (host->size == 0 || (bracket && host->size == 2))
        return "names no host";
    if (host_end == end)
        return NULL;
    if (*host_end != ':')
        return "has something between host and port";
    for (const char *p = host_end + 1; p < end; p++) {
        if (*p < '0' || *p > '9' || *port > 65535)
            return "has a port that is not a number from 1 to 65535";
        *port = *port * 10 + (unsigned)(*p - '0');
    }
    return host_end + 1 < end && (*port == 0 || *port > 65535) ? "has a port that is not a number from 1 to 65535" : NULL;
}

spw_result spw__endpoint_check(const char *source, const char *url, spw_error *error)
{
    spw_view host = { NULL, 0 };
    unsigned port = 0;
    const char *problem = url_split(url, &host, &port);
    /* the value is quoted only where it cannot hold credentials or a token */
    bool quotable = strlen(url) <= 80 && !strpbrk(url, "@?#");
    if (problem)
        return spw__fail(error, SPW_ERR_INVALID, "%s%s%s %s; write a URL such as http://localhost:4318", source, quotable ? "=" : "",
                         quotable ? url : "", problem);
    if (port == 4317)
        return spw__fail(error, SPW_ERR_INVALID,
                         "%s names port 4317 of %.*s, where OTLP/gRPC is spoken, which spanwire does not speak; use the collector's "
                         "OTLP/HTTP port, usually 4318",
                         source, host.size > 80 ? 80 : (int)host.size, host.data);
    return SPW_OK;
}

void spw__env_batching(struct spw__pipeline_config *out, bool *batch_is_set)
{
    spw__env_uint("OTEL_BSP_SCHEDULE_DELAY", 0, &out->schedule_delay_ms);
    spw__env_uint("OTEL_BSP_EXPORT_TIMEOUT", 0, &out->export_timeout_ms);
    spw__env_uint("OTEL_BSP_MAX_QUEUE_SIZE", 1, &out->max_queue_size);
    *batch_is_set = spw__env_uint("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, &out->max_export_batch_size);
}

void spw__env_limits(struct spw__config *out)
{
    /* general first, so that the span's own variable, read later, wins */
    spw__env_uint("OTEL_ATTRIBUTE_COUNT_LIMIT", 0, &out->limits.attributes);
    spw__env_uint("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", 0, &out->limits.attributes);
    spw__env_uint("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0, &out->limits.value_length);
    spw__env_uint("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0, &out->limits.value_length);
    spw__env_uint("OTEL_SPAN_EVENT_COUNT_LIMIT", 0, &out->limits.events);
    spw__env_uint("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 0, &out->limits.event_attributes);
}

void spw__env_sampler(void)
{
    const char *sampler = spw__env_text("OTEL_TRACES_SAMPLER");
    if (sampler && strcasecmp(sampler, "parentbased_always_on") != 0)
        spw__diag(SPW_LOG_WARN,
                  "OTEL_TRACES_SAMPLER=%.40s is not available in this version: parentbased_always_on is used, so every new trace is "
                  "recorded and sent; to send nothing set OTEL_TRACES_EXPORTER=none",
                  sampler);
    const char *arg = spw__env_text("OTEL_TRACES_SAMPLER_ARG");
    if (arg)
        spw__diag(SPW_LOG_WARN,
                  "OTEL_TRACES_SAMPLER_ARG=%.40s is ignored: parentbased_always_on takes no argument, every new trace is sent", arg);
}

void spw__env_propagators(void)
{
    const char *list = spw__env_text("OTEL_PROPAGATORS");
    spw_view item;
    bool tracecontext = !list;
    while (list && spw__list_next(&list, &item)) {
        static const char *const tracecontext_only[] = { "tracecontext", NULL };
        static const char *const baggage[] = { "baggage", NULL };
        int size = item.size > 40 ? 40 : (int)item.size;
        if (spw__choose(tracecontext_only, item.data, item.size))
            tracecontext = true;
        else
            spw__diag(spw__choose(baggage, item.data, item.size) ? SPW_LOG_INFO : SPW_LOG_WARN,
                      "OTEL_PROPAGATORS: %.*s is not available in this version; tracecontext is what exists", size, item.data);
    }
    if (!tracecontext)
        spw__diag(SPW_LOG_WARN, "OTEL_PROPAGATORS leaves out tracecontext: spw_inject() and spw_extract() use it all the same");
}

spw_log_level spw__env_log_level(void)
{
    static const char *const names[] = { "none", "error", "warn", "info", "debug", NULL };
    const char *text = spw__env_text("OTEL_LOG_LEVEL");
    const char *name = text ? spw__choose(names, text, strlen(text)) : NULL;
    if (text && !name)
        spw__diag(SPW_LOG_WARN, "OTEL_LOG_LEVEL=%.40s is none of none, error, warn, info, debug: info is used", text);
    for (int i = 0; name && names[i]; i++) {
        if (names[i] == name)
            return (spw_log_level)i;
    }
    return SPW_LOG_INFO;
}
