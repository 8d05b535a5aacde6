#define SPW_DEFAULT_TRACER tracer
#include "cases.h"

#include <spanwire/propagation.h>
#include <string.h>

#include "measure.h"

static spw_tracer tracer = SPW_TRACER_INIT("bench", "1.0");

/* Never known to the compiler, so that their lengths and values are not folded where a program could not fold them either. */
static const char *url = "https://api.example.com/v1/users/42?expand=roles";
static const char *host = "api.example.com";
static int status_code = 200;
static int64_t body_size = 18432;

#define LONG_VALUE 4096
static char long_text[LONG_VALUE + 1];

static inline __attribute__((always_inline)) void four_attributes(spw_span span)
{
    BENCH_OPAQUE(url);
    BENCH_OPAQUE(host);
    BENCH_OPAQUE(status_code);
    spw_set(span, "http.request.method", "GET");
    spw_set(span, "url.full", url);
    spw_set(span, "server.address", host);
    spw_set(span, "http.response.status_code", status_code);
}

static inline __attribute__((always_inline)) void six_more_attributes(spw_span span)
{
    BENCH_OPAQUE(body_size);
    spw_set(span, "server.port", 443);
    spw_set(span, "network.protocol.version", "1.1");
    spw_set(span, "http.response.body.size", body_size);
    spw_set(span, "user_agent.original", "example-client/2.7 (linux)");
    spw_set_bool(span, "app.cache.hit", false);
    spw_set(span, "app.queue.seconds", 0.0125);
}

void bench_record_call(void)
{
    spw_span span = spw_span_start(&tracer, "GET", NULL);
    four_attributes(span);
    spw_span_end(span);
}

/* ---- the loops ---- */

static void run_pair(unsigned spans)
{
    for (unsigned i = 0; i < spans; i++)
        spw_span_end(spw_span_start(&tracer, "GET", NULL));
}

static void run_scoped(unsigned spans)
{
    for (unsigned i = 0; i < spans; i++) {
        SPW_SPAN(span, "GET");
    }
}

static void run_four(unsigned spans)
{
    for (unsigned i = 0; i < spans; i++)
        bench_record_call();
}

static void run_ten(unsigned spans)
{
    for (unsigned i = 0; i < spans; i++) {
        spw_span span = spw_span_start(&tracer, "GET", NULL);
        four_attributes(span);
        six_more_attributes(span);
        spw_span_end(span);
    }
}

static void run_four_and_event(unsigned spans)
{
    for (unsigned i = 0; i < spans; i++) {
        spw_span span = spw_span_start(&tracer, "GET", NULL);
        four_attributes(span);
        spw_add_event(span, "retry", SPW_ATTRS(spw_attr_int("http.request.resend_count", 2)));
        spw_span_end(span);
    }
}

static void run_long(unsigned spans)
{
    const char *text = long_text;
    for (unsigned i = 0; i < spans; i++) {
        BENCH_OPAQUE(text);
        spw_span span = spw_span_start(&tracer, "GET", NULL);
        spw_set(span, "gen_ai.output.messages", text);
        spw_span_end(span);
    }
}

const struct bench_case bench_cases[] = {
    { "disabled", "disabled: start, end", BENCH_DISABLED, 2, 65536, run_pair, BENCH_IN_NOTHING },
    { "disabled_scoped", "disabled: SPW_SPAN", BENCH_DISABLED, 2, 65536, run_scoped, BENCH_IN_NOTHING },
    { "disabled_4", "disabled: start, 4 attributes, end", BENCH_DISABLED, 0, 65536, run_four, BENCH_IN_NOTHING },
    { "not_sampled", "not sampled: start, end", BENCH_NOT_SAMPLED, 15, 16384, run_pair, BENCH_IN_REMOTE },
    { "not_sampled_4", "not sampled: start, 4 attributes, end", BENCH_NOT_SAMPLED, 0, 16384, run_four, BENCH_IN_REMOTE },
    { "not_sampled_scoped", "not sampled: SPW_SPAN", BENCH_NOT_SAMPLED, 0, 16384, run_scoped, BENCH_IN_REMOTE },
    { "root_0", "root, 0 attributes", BENCH_RECORDED, 80, 4096, run_pair, BENCH_IN_NOTHING },
    { "child_0", "child, 0 attributes", BENCH_RECORDED, 80, 4096, run_pair, BENCH_IN_SPAN },
    { "scoped_0", "child, SPW_SPAN, 0 attributes", BENCH_RECORDED, 0, 4096, run_scoped, BENCH_IN_SPAN },
    { "child_4", "child, 4 attributes", BENCH_RECORDED, 130, 4096, run_four, BENCH_IN_SPAN },
    { "child_10", "child, 10 attributes", BENCH_RECORDED, 0, 2048, run_ten, BENCH_IN_SPAN },
    { "child_4_event", "child, 4 attributes, an event with 1", BENCH_RECORDED, 0, 4096, run_four_and_event, BENCH_IN_SPAN },
    { "child_long", "child, 1 attribute of 4 KiB", BENCH_RECORDED, 0, 256, run_long, BENCH_IN_SPAN },
};
const size_t bench_case_count = sizeof bench_cases / sizeof *bench_cases;

struct bench_place bench_enter(const struct bench_case *c)
{
    memset(long_text, 'x', LONG_VALUE);
    struct bench_place place = { { 0, { 0 }, { 0 }, 0, 0, 0, 0 }, { 0 } };
    if (c->where == BENCH_IN_NOTHING)
        return place;
    if (c->where == BENCH_IN_REMOTE)
        (void)spw_traceparent_parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", NULL, &place.span);
    else
        place.span = spw_span_start(&tracer, "parent", NULL);
    const spw_context context = spw_context_with_span(NULL, place.span);
    place.token = spw_context_attach(&context);
    return place;
}

void bench_leave(struct bench_place *place)
{
    if (place->token.id)
        (void)spw_context_detach(place->token);
    spw_span_end(place->span);
}
