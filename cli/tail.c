/*
 * spanwire tail [QUERY]: the viewer's traces in the terminal as they come, each as a waterfall once its root is there and it has been still for
 * a moment. What is in the viewer already is not printed.
 */
#include "cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "json_read.h"
#include "text.h"

enum { MAX_ANSWER = 64 << 20, LISTED = 200, KNOWN = 4096, PERIOD_MS = 250, STILL_ROUNDS = 3, MAX_WAIT_ROUNDS = 40, ID_SIZE = 33 };

struct arguments {
    const char *url;
    const char *query;
    uint64_t width, count;
    enum cli_color color;
    bool ascii;
};

/* A trace of the list, and of those met before: a ring, the oldest is forgotten. */
struct trace {
    char id[ID_SIZE];
    uint64_t spans;
    bool complete;
    bool printed;
    unsigned still; /* rounds without a new span */
    unsigned rounds;
};

struct tail {
    const struct arguments *arguments;
    struct cli_client client;
    struct trace known[KNOWN];
    size_t known_count;
    uint64_t printed;
};

static bool set_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'u': arguments->url = optarg; return true;
    case 'a': arguments->ascii = true; return true;
    case 'c': return cli_read_color(optarg, &arguments->color);
    case 'w':
    case 'n':
        if (spwv_parse_u64(optarg, 1000000, option == 'w' ? &arguments->width : &arguments->count))
            return true;
        fprintf(stderr, "spanwire: \"%s\" is no number\n", optarg);
        return false;
    default: fputs("spanwire: try spanwire help\n", stderr); return false;
    }
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option known[] = {{"url", required_argument, NULL, 'u'},   {"width", required_argument, NULL, 'w'},
                                          {"color", required_argument, NULL, 'c'}, {"count", required_argument, NULL, 'n'},
                                          {"ascii", no_argument, NULL, 'a'},       {NULL, 0, NULL, 0}};
    *arguments = (struct arguments){.url = "http://127.0.0.1:4318"};
    int option;
    while ((option = getopt_long(argc, argv, "n:", known, NULL)) != -1)
        if (!set_option(arguments, option))
            return false;
    if (argc - optind > 1) {
        fputs("spanwire: tail takes one query; put it in quotes\n", stderr);
        return false;
    }
    arguments->query = argv[optind];
    return true;
}

/* ---- the list ---- */

static bool key_is(const struct spwv_json_reader *reader, const char *key)
{
    return reader->text.size == strlen(key) && memcmp(reader->text.data, key, reader->text.size) == 0;
}

/* One member of a trace's object, whose key has been read. */
static void read_member(struct spwv_json_reader *reader, struct trace *trace)
{
    char digits[24] = "";
    bool id = key_is(reader, "trace_id"), spans = key_is(reader, "span_count"), complete = key_is(reader, "complete");
    enum spwv_json_token token = spwv_json_next(reader);
    if (id && token == SPWV_JSON_STRING && reader->text_size == ID_SIZE - 1)
        spwv_json_decode(reader, trace->id);
    else if (spans && token == SPWV_JSON_NUMBER && reader->text.size < sizeof digits) {
        memcpy(digits, reader->text.data, reader->text.size);
        trace->spans = strtoull(digits, NULL, 10);
    } else if (complete)
        trace->complete = token == SPWV_JSON_TRUE;
    else if (token == SPWV_JSON_OBJECT || token == SPWV_JSON_ARRAY)
        for (unsigned depth = reader->depth; token > SPWV_JSON_END && reader->depth >= depth;)
            token = spwv_json_next(reader);
}

/* Newest first, as the viewer gives them. */
static size_t read_list(struct spwv_slice text, struct trace traces[LISTED])
{
    struct spwv_json_reader reader;
    enum spwv_json_token token;
    size_t count = 0;
    spwv_json_open(&reader, text);
    while ((token = spwv_json_next(&reader)) > SPWV_JSON_END && !(token == SPWV_JSON_KEY && key_is(&reader, "traces"))) {
    }
    (void)spwv_json_next(&reader); /* [ */
    while (spwv_json_next(&reader) == SPWV_JSON_OBJECT && count < LISTED) {
        traces[count] = (struct trace){0};
        while (spwv_json_next(&reader) == SPWV_JSON_KEY)
            read_member(&reader, &traces[count]);
        count += traces[count].id[0] != 0;
    }
    return count;
}

static bool fetch_list(struct tail *tail, struct trace traces[LISTED], size_t *count)
{
    const char *query = tail->arguments->query;
    char path[1024];
    char *escaped = query ? curl_easy_escape(tail->client.curl, query, 0) : NULL;
    int size = snprintf(path, sizeof path, "/api/traces?limit=%d%s%s", LISTED, escaped ? "&q=" : "", escaped ? escaped : "");
    curl_free(escaped);
    if (size < 0 || (size_t)size >= sizeof path) {
        fputs("spanwire: the query is too long\n", stderr);
        return false;
    }
    struct spwv_buf answer;
    spwv_buf_init(&answer, MAX_ANSWER, NULL);
    bool ok = cli_client_get(&tail->client, path, &answer);
    *count = ok ? read_list((struct spwv_slice){(const uint8_t *)answer.data, answer.size}, traces) : 0;
    spwv_buf_fini(&answer);
    return ok;
}

/* ---- what is new ---- */

static struct trace *find(struct tail *tail, const char *id)
{
    for (size_t i = 0; i < KNOWN && i < tail->known_count; i++)
        if (strcmp(tail->known[i].id, id) == 0)
            return &tail->known[i];
    return NULL;
}

static struct trace *learn(struct tail *tail, const struct trace *trace)
{
    struct trace *place = &tail->known[tail->known_count++ % KNOWN];
    *place = *trace;
    return place;
}

static bool print_trace(struct tail *tail, struct trace *trace)
{
    const struct arguments *a = tail->arguments;
    char path[128];
    struct spwv_buf text;
    snprintf(path, sizeof path, "/api/traces/%s/text?width=%u&color=%d&ascii=%d", trace->id,
             a->width ? (unsigned)a->width : cli_terminal_width(), cli_wants_color(a->color), a->ascii);
    spwv_buf_init(&text, MAX_ANSWER, NULL);
    bool ok = cli_client_get(&tail->client, path, &text);
    if (ok)
        ok = fwrite(text.data, 1, text.size, stdout) == text.size && putchar('\n') != EOF && fflush(stdout) == 0;
    spwv_buf_fini(&text);
    trace->printed = true;
    tail->printed++;
    return ok;
}

/* Still, and whole; or it has been waited for long enough. */
static bool is_ripe(struct trace *known, const struct trace *now)
{
    known->still = now->spans == known->spans ? known->still + 1 : 0;
    known->spans = now->spans;
    known->rounds++;
    return known->still >= STILL_ROUNDS && (now->complete || known->rounds >= MAX_WAIT_ROUNDS);
}

static bool look(struct tail *tail, bool first)
{
    static struct trace traces[LISTED];
    size_t count;
    if (!fetch_list(tail, traces, &count))
        return false;
    while (count--) { /* the oldest first */
        struct trace *known = find(tail, traces[count].id);
        if (!known) {
            known = learn(tail, &traces[count]);
            known->printed = first;
        }
        if (!known->printed && is_ripe(known, &traces[count]) && !print_trace(tail, known))
            return false;
    }
    return true;
}

int cli_tail(int argc, char **argv)
{
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments))
        return EXIT_USAGE;
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail)
        return EXIT_FAILED;
    tail->arguments = &arguments;
    bool ok = cli_client_open(&tail->client, arguments.url);
    for (bool first = true; ok && (!arguments.count || tail->printed < arguments.count); first = false) {
        if (!first)
            nanosleep(&(struct timespec){.tv_nsec = PERIOD_MS * 1000000L}, NULL);
        ok = look(tail, first);
    }
    cli_client_close(&tail->client);
    free(tail);
    return ok ? 0 : EXIT_FAILED;
}
