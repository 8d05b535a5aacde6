/* summarize_trace: one pass over a trace's spans, kept in bounded tables, then a few lines. Contract: mcp.h. */
#include "mcp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { NAMES = 512, NAME_SIZE = 81, MESSAGE_SIZE = 161, SHOWN_NAMES = 15, FAILED = 10, SLOWEST = 8, SERVICES = 8, MAX_RESOURCES = 64 };

struct named {
    char name[NAME_SIZE];
    uint64_t count, errors, total_ns;
};

struct noted {
    uint8_t id[8];
    char name[NAME_SIZE];
    char message[MESSAGE_SIZE];
    uint64_t duration_ns;
};

struct summary {
    struct named names[NAMES];
    unsigned name_count;
    struct noted failed[FAILED], slowest[SLOWEST];
    unsigned slowest_count;
    char services[SERVICES][NAME_SIZE];
    unsigned service_count;
    uint64_t spans, errors, start_ns, end_ns, input_tokens, output_tokens;
};

/* As much as fits, at a code point's end, without what could steer a terminal or a reader. */
static void copy_text(char *to, size_t size, struct spwv_slice from)
{
    const uint8_t *at = from.data, *end = from.data + from.size;
    size_t used = 0;
    while (from.size && at < end) {
        uint32_t c = spwv_utf8_next(&at, end);
        char bytes[4];
        size_t count = spwv_utf8_encode(c == SPWV_BAD_CHAR ? 0xfffd : spwv_char_is_control(c) ? ' ' : c, bytes);
        if (used + count >= size)
            break;
        memcpy(to + used, bytes, count);
        used += count;
    }
    to[used] = 0;
}

static void on_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    (void)arg;
    (void)trace_id;
    (void)revision;
}

static void on_resource(void *arg, const struct spwv_origin *resource)
{
    struct summary *s = arg;
    char name[NAME_SIZE];
    copy_text(name, sizeof name, spwv_otlp_service(resource->raw));
    for (unsigned i = 0; i < s->service_count; i++)
        if (strcmp(s->services[i], name) == 0)
            return;
    if (s->service_count < SERVICES)
        memcpy(s->services[s->service_count++], name, sizeof name);
}

static void on_scope(void *arg, const struct spwv_origin *scope)
{
    (void)arg;
    (void)scope;
}

/* ---- tokens: of inference spans alone, an agent's own numbers are sums of theirs ---- */

static bool is_key(struct spwv_slice key, const char *wanted)
{
    return key.size == strlen(wanted) && memcmp(key.data, wanted, key.size) == 0;
}

static bool is_inference(struct spwv_slice operation)
{
    static const char *const operations[] = {"chat", "text_completion", "generate_content", "embeddings"};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (is_key(operation, operations[i]))
            return true;
    return false;
}

static void add_tokens(struct summary *s, const struct spwv_span *span)
{
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_slice raw;
    uint64_t input = 0, output = 0;
    bool inference = false;
    while (spwv_otlp_each(&wire, SPWV_SPAN_ATTRIBUTES, &raw)) {
        struct spwv_key_value kv;
        struct spwv_field value;
        spwv_otlp_read_key_value(raw, &kv);
        enum spwv_any type = spwv_otlp_read_any(kv.value, &value);
        if (type == SPWV_ANY_STRING && is_key(kv.key, "gen_ai.operation.name"))
            inference = is_inference(value.bytes);
        else if (type == SPWV_ANY_INT && is_key(kv.key, "gen_ai.usage.input_tokens"))
            input = value.value;
        else if (type == SPWV_ANY_INT && is_key(kv.key, "gen_ai.usage.output_tokens"))
            output = value.value;
    }
    s->input_tokens += inference && input <= INT64_MAX ? input : 0;
    s->output_tokens += inference && output <= INT64_MAX ? output : 0;
}

/* ---- spans ---- */

static struct named *find_name(struct summary *s, const char *name)
{
    for (unsigned i = 0; i < s->name_count; i++)
        if (strcmp(s->names[i].name, name) == 0)
            return &s->names[i];
    if (s->name_count < NAMES - 1)
        memcpy(s->names[s->name_count].name, name, NAME_SIZE);
    else if (s->name_count == NAMES - 1)
        snprintf(s->names[s->name_count].name, NAME_SIZE, "(other names)");
    return s->name_count < NAMES ? &s->names[s->name_count++] : &s->names[NAMES - 1];
}

static void note(struct noted *noted, const struct spwv_span *span, const char *name, uint64_t duration_ns)
{
    memcpy(noted->id, span->span_id.data, sizeof noted->id);
    memcpy(noted->name, name, NAME_SIZE);
    copy_text(noted->message, sizeof noted->message, span->status_message);
    noted->duration_ns = duration_ns;
}

/* Sorted, the longest first. */
static void note_slowest(struct summary *s, const struct spwv_span *span, const char *name, uint64_t duration_ns)
{
    unsigned place = s->slowest_count;
    while (place && s->slowest[place - 1].duration_ns < duration_ns)
        place--;
    if (place == SLOWEST)
        return;
    s->slowest_count += s->slowest_count < SLOWEST;
    memmove(&s->slowest[place + 1], &s->slowest[place], (s->slowest_count - 1 - place) * sizeof *s->slowest);
    note(&s->slowest[place], span, name, duration_ns);
}

static void on_span(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    struct summary *s = arg;
    char name[NAME_SIZE] = {0};
    uint64_t duration = span->end_unix_ns > span->start_unix_ns ? span->end_unix_ns - span->start_unix_ns : 0;
    bool failed = span->status_code == SPWV_STATUS_ERROR;
    (void)resource;
    (void)scope;
    copy_text(name, sizeof name, span->name);
    struct named *named = find_name(s, name);
    named->count++;
    named->errors += failed;
    named->total_ns += duration;
    if (failed && s->errors < FAILED)
        note(&s->failed[s->errors], span, name, duration);
    note_slowest(s, span, name, duration);
    s->errors += failed;
    s->start_ns = s->spans == 0 || span->start_unix_ns < s->start_ns ? span->start_unix_ns : s->start_ns;
    s->end_ns = span->start_unix_ns + duration > s->end_ns ? span->start_unix_ns + duration : s->end_ns;
    s->spans++;
    add_tokens(s, span);
}

/* ---- writing ---- */

static int by_total(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    return (left->total_ns < right->total_ns) - (left->total_ns > right->total_ns);
}

static void write_noted(struct spwv_buf *text, const struct noted *noted)
{
    char id[17];
    spwv_hex_encode(noted->id, sizeof noted->id, id);
    spwv_buf_printf(text, "  %s  %.3f ms  %s", id, (double)noted->duration_ns / 1e6, noted->name);
    if (noted->message[0])
        spwv_buf_printf(text, ": %s", noted->message);
    spwv_buf_add_char(text, '\n');
}

static void write_head(struct spwv_buf *text, const struct summary *s, const uint8_t *trace_id)
{
    char id[2 * SPWV_TRACE_ID_SIZE + 1];
    spwv_hex_encode(trace_id, SPWV_TRACE_ID_SIZE, id);
    spwv_buf_printf(text, "trace %s: %.3f ms, %" PRIu64 " spans, %" PRIu64 " failed\nservices:", id, (double)(s->end_ns - s->start_ns) / 1e6,
                    s->spans, s->errors);
    for (unsigned i = 0; i < s->service_count; i++)
        spwv_buf_printf(text, "%s %s", i ? "," : "", s->services[i]);
    spwv_buf_add_char(text, '\n');
    if (s->input_tokens || s->output_tokens)
        spwv_buf_printf(text, "tokens: %" PRIu64 " in, %" PRIu64 " out\n", s->input_tokens, s->output_tokens);
}

static void write_summary(struct spwv_buf *text, struct summary *s, const uint8_t *trace_id)
{
    write_head(text, s, trace_id);
    if (s->errors)
        spwv_buf_printf(text, "failed (span id, duration, name: message)%s:\n", s->errors > FAILED ? ", the first ten" : "");
    for (unsigned i = 0; i < s->errors && i < FAILED; i++)
        write_noted(text, &s->failed[i]);
    spwv_buf_add_str(text, "longest (span id, duration, name):\n");
    for (unsigned i = 0; i < s->slowest_count; i++)
        write_noted(text, &s->slowest[i]);
    qsort(s->names, s->name_count, sizeof *s->names, by_total);
    spwv_buf_add_str(text, "by name (spans, failed, sum of durations):\n");
    for (unsigned i = 0; i < s->name_count && i < SHOWN_NAMES; i++)
        spwv_buf_printf(text, "  %" PRIu64 "  %" PRIu64 "  %.3f ms  %s\n", s->names[i].count, s->names[i].errors,
                        (double)s->names[i].total_ns / 1e6, s->names[i].name);
    if (s->name_count > SHOWN_NAMES)
        spwv_buf_printf(text, "  and %u names more\n", s->name_count - SHOWN_NAMES);
}

bool spwv_mcp_summary(struct spwv_store *store, const uint8_t *trace_id, struct spwv_buf *text, struct spwv_error *error)
{
    struct summary *s = calloc(1, sizeof *s);
    struct spwv_trace_sink sink = {s, on_trace, on_resource, on_scope, on_span};
    if (!s) {
        snprintf(error->text, sizeof error->text, "no memory");
        return false;
    }
    bool ok = store->read(store, trace_id, &sink, error);
    if (ok)
        write_summary(text, s, trace_id);
    free(s);
    return ok;
}
