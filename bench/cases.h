/* What is measured: small loops over the public API as a library would use it, with a static tracer of its own. */
#ifndef SPW_BENCH_CASES_H
#define SPW_BENCH_CASES_H

#include <spanwire/trace.h>

enum bench_when { BENCH_DISABLED, BENCH_NOT_SAMPLED, BENCH_RECORDED };

struct bench_case {
    const char *name;  /* one word: the key in the baseline */
    const char *title; /* for people */
    enum bench_when when;
    double target_ns; /* 0: none is set */
    unsigned block;   /* spans in one timed stretch: a megabyte or so of records */
    void (*run)(unsigned spans);
    /* The context the spans are started in. */
    enum { BENCH_IN_NOTHING, BENCH_IN_SPAN, BENCH_IN_REMOTE } where;
};

extern const struct bench_case bench_cases[];
extern const size_t bench_case_count;

/* Attaches what `where` asks for; bench_leave() undoes it. Records one span for BENCH_IN_SPAN. */
struct bench_place {
    spw_span span;
    spw_token token;
};
struct bench_place bench_enter(const struct bench_case *c);
void bench_leave(struct bench_place *place);

/* A span with four attributes, as a call to an HTTP server has them; also what is sent to the sink. */
void bench_record_call(void);

#endif
