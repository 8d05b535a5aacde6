/*
 * GET /api/traces/{id}, .../{id}/outline, .../{id}/text, .../{id}/spans/{span id} and that with /raw (its OTLP JSON), and the exports
 * .../{id}.otlp.json, .speedscope.json, .chrome.json; {id} is 32 hex digits or "latest".
 * GET /api/stored?ids=: which of these are here.
 */
#include "http.h"

#include <string.h>

#include "export.h"
#include "json.h"
#include "otlp_to_json.h"
#include "text.h"
#include "trace_json.h"
#include "trace_outline.h"
#include "waterfall.h"

enum { DEFAULT_WIDTH = 100, MAX_ASKED = 128, ID_DIGITS = 2 * SPWV_TRACE_ID_SIZE, SPAN_DIGITS = 2 * SPWV_SPAN_ID_SIZE };

enum view { UNKNOWN, AS_JSON, AS_OUTLINE, AS_SPAN, AS_RAW_SPAN, AS_TEXT, AS_OTLP, AS_SPEEDSCOPE, AS_CHROME };

static const struct {
    const char *suffix; /* behind the id */
    enum view view;
} views[] = {{"", AS_JSON},
             {"/outline", AS_OUTLINE},
             {"/text", AS_TEXT},
             {".otlp.json", AS_OTLP},
             {".speedscope.json", AS_SPEEDSCOPE},
             {".chrome.json", AS_CHROME}};

static const char span_prefix[] = "/spans/";

/* "/spans/{16 hex digits}", alone or with "/raw" behind it. */
static enum view span_view(const char *rest)
{
    uint8_t id[SPWV_SPAN_ID_SIZE];
    size_t before = sizeof span_prefix - 1;
    if (strncmp(rest, span_prefix, before) != 0 || strnlen(rest + before, SPAN_DIGITS) < SPAN_DIGITS || !spwv_hex_decode(rest + before, SPAN_DIGITS, id))
        return UNKNOWN;
    rest += before + SPAN_DIGITS;
    return !*rest ? AS_SPAN : strcmp(rest, "/raw") == 0 ? AS_RAW_SPAN : UNKNOWN;
}

static enum view read_path(const char *path, char *id, size_t id_size)
{
    const char *at = path + strlen("/api/traces/");
    size_t size = strcspn(at, "/.");
    if (size >= id_size)
        return UNKNOWN;
    memcpy(id, at, size);
    id[size] = 0;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (strcmp(at + size, views[i].suffix) == 0)
            return views[i].view;
    return span_view(at + size);
}

static const char *find_trace(struct spwv_store *store, const char *id, uint8_t *trace_id)
{
    if (strcmp(id, "latest") == 0)
        return store->latest(store, trace_id) ? NULL : "there is no trace yet: run a program that sends spans here";
    if (strlen(id) != ID_DIGITS || !spwv_hex_decode(id, ID_DIGITS, trace_id))
        return "a trace id is 32 hex digits, or \"latest\"";
    return NULL;
}

static bool is_set(const struct spwv_request *request, const char *name)
{
    const char *value = request->query(request->arg, name);
    return value && strcmp(value, "1") == 0;
}

static bool write_text(const struct spwv_request *request, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    const char *text = request->query(request->arg, "width");
    uint64_t width = DEFAULT_WIDTH;
    if (text && *text && !spwv_parse_u64(text, 10000, &width))
        width = DEFAULT_WIDTH;
    struct spwv_waterfall_options options = {
        .width = (unsigned)width, .color = is_set(request, "color"), .ascii = is_set(request, "ascii")};
    return spwv_waterfall(request->app->store, trace_id, &options, out, error);
}

/* ---- the outline ---- */

/* attributes=KEY,KEY: those behind the last that there is room for are left out, as keys are that no span has. */
static void read_keys(const char *text, struct spwv_outline_options *options)
{
    while (text && *text && options->key_count < SPWV_OUTLINE_KEYS) {
        size_t size = strcspn(text, ",");
        options->keys[options->key_count++] = (struct spwv_slice){(const uint8_t *)text, size};
        text += size + (text[size] == ',');
    }
}

static bool write_outline(const struct spwv_request *request, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct spwv_outline_options options = {.key_count = 0};
    const char *below = request->query(request->arg, "whole_below");
    uint64_t bytes = 0;
    read_keys(request->query(request->arg, "attributes"), &options);
    if (below && spwv_parse_u64(below, SPWV_MAX_ANSWER, &bytes))
        options.whole_below = (size_t)bytes;
    return spwv_trace_outline(request->app->store, trace_id, &options, out, error);
}

/* ---- one span ---- */

static void skip_trace(void *arg, const uint8_t *trace_id, uint64_t revision)
{
    (void)arg;
    (void)trace_id;
    (void)revision;
}

static void skip_origin(void *arg, const struct spwv_origin *origin)
{
    (void)arg;
    (void)origin;
}

static void write_raw(void *arg, const struct spwv_span *span, unsigned resource, unsigned scope)
{
    (void)resource;
    (void)scope;
    spwv_otlp_to_json(arg, SPWV_SPAN, span->raw);
}

static bool write_span(const struct spwv_request *request, bool raw, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct spwv_store *store = request->app->store;
    uint8_t span_id[SPWV_SPAN_ID_SIZE];
    struct spwv_trace_writer writer;
    struct spwv_trace_sink sink = spwv_trace_writer_init(&writer, out);
    struct spwv_trace_sink raw_sink = {&writer.json, skip_trace, skip_origin, skip_origin, write_raw};
    const char *id = strstr(request->path, span_prefix) + sizeof span_prefix - 1;
    spwv_hex_decode(id, SPAN_DIGITS, span_id);
    if (!store->read_span(store, trace_id, span_id, raw ? &raw_sink : &sink, error))
        return false;
    if (!raw)
        spwv_trace_writer_end(&writer);
    return true;
}

static bool write_view(const struct spwv_request *request, enum view view, const uint8_t *trace_id, struct spwv_buf *out, struct spwv_error *error)
{
    struct spwv_store *store = request->app->store;
    switch (view) {
    case AS_OUTLINE: return write_outline(request, trace_id, out, error);
    case AS_SPAN:
    case AS_RAW_SPAN: return write_span(request, view == AS_RAW_SPAN, trace_id, out, error);
    case AS_TEXT: return write_text(request, trace_id, out, error);
    case AS_OTLP: return spwv_export_otlp(store, trace_id, out, error);
    case AS_SPEEDSCOPE: return spwv_export_speedscope(store, trace_id, out, error);
    case AS_CHROME: return spwv_export_chrome(store, trace_id, out, error);
    default: return spwv_trace_json(store, trace_id, out, error);
    }
}

void spwv_api_trace(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    char id[ID_DIGITS + 1];
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    enum view view = read_path(request->path, id, sizeof id);
    const char *mistake = view == UNKNOWN ? "no such resource; a trace is at /api/traces/{32 hex digits}, behind it "
                                            "/outline, /text, .otlp.json, .speedscope.json, .chrome.json, /spans/{16 hex digits} or /spans/{16 hex digits}/raw"
                                          : find_trace(store, id, trace_id);
    if (mistake) {
        spwv_answer_json_error(answer, 404, mistake);
        return;
    }
    uint64_t revision = store->revision(store, trace_id);
    if (revision && spwv_answer_unchanged(request, answer, revision))
        return;
    struct spwv_error error;
    answer->status = 200;
    answer->content_type = view == AS_TEXT ? "text/plain; charset=utf-8" : "application/json";
    if (!write_view(request, view, trace_id, &answer->body, &error))
        spwv_answer_json_error(answer, error.text[0] ? 500 : 404,
                               error.text[0] ? error.text : view == AS_SPAN || view == AS_RAW_SPAN ? "no such span in the store" : "no such trace: it has not arrived, or has left the store for newer ones");
    else if (answer->body.failed)
        spwv_answer_json_error(answer, 507, "the trace is larger than an answer may be (192 MiB); its text view is at .../text");
}

void spwv_api_remove(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    const char *id = request->path + strlen("/api/traces/");
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_error error;
    bool found;
    if (strlen(id) != ID_DIGITS || !spwv_hex_decode(id, ID_DIGITS, trace_id)) {
        spwv_answer_json_error(answer, 404, "a trace is deleted at /api/traces/{32 hex digits}");
        return;
    }
    if (!store->remove(store, trace_id, &found, &error)) {
        spwv_answer_json_error(answer, 500, error.text);
        return;
    }
    if (!found) {
        spwv_answer_json_error(answer, 404, "no such trace: it has not arrived, or has left the store already");
        return;
    }
    struct spwv_json json = {.out = &answer->body};
    answer->status = 200;
    answer->content_type = "application/json";
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "deleted");
    spwv_json_bool(&json, true);
    spwv_json_end(&json, '}');
}

/* The id at *at, which moves past it and the comma behind it. */
static bool next_asked(const char **at, uint8_t *trace_id)
{
    if (strnlen(*at, ID_DIGITS) < ID_DIGITS || !spwv_hex_decode(*at, ID_DIGITS, trace_id))
        return false;
    *at += ID_DIGITS;
    if (**at == ',')
        return *++*at != 0;
    return !**at;
}

/* A page asks this of linked traces: a single trace costs the whole of it, and an unknown one is an error. */
void spwv_api_stored(const struct spwv_request *request, struct spwv_answer *answer)
{
    struct spwv_store *store = request->app->store;
    const char *at = request->query(request->arg, "ids");
    uint8_t trace_id[SPWV_TRACE_ID_SIZE];
    struct spwv_json json = {.out = &answer->body};
    answer->status = 200;
    answer->content_type = "application/json";
    spwv_json_begin(&json, '{');
    spwv_json_key(&json, "stored");
    spwv_json_begin(&json, '[');
    for (unsigned asked = 0; at && *at; asked++) {
        if (asked == MAX_ASKED || !next_asked(&at, trace_id)) {
            spwv_answer_json_error(answer, 400, "ids must be at most 128 trace ids of 32 hex digits with commas between them");
            return;
        }
        if (store->revision(store, trace_id))
            spwv_json_hex(&json, (struct spwv_slice){trace_id, sizeof trace_id});
    }
    spwv_json_end(&json, ']');
    spwv_json_end(&json, '}');
}
