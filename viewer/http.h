/*
 * A request and its answer as the viewer's handlers see them; server.c turns them into libmicrohttpd's.
 *
 * Ownership: the request lives for the call. The answer's body belongs to the answer until server.c takes it.
 * Threads: one request, one thread at a time; `app` is shared by all and has its own locks. Failure: an answer with a status and a text.
 */
#ifndef SPWV_HTTP_H
#define SPWV_HTTP_H

#include <stdatomic.h>

#include "take.h"

struct spwv_app {
    struct spwv_store *store;
    struct spwv_budget memory; /* bodies and answers in flight */
    const char *version;
    uint64_t start_nonce; /* in entity tags: another run's revisions are not ours */
    size_t max_compressed;
    size_t max_inflated;
    atomic_uint_fast64_t requests;
    atomic_uint_fast64_t received[SPWV_SIGNALS]; /* spans, log records, data points */
    atomic_uint_fast64_t rejected;
};

struct spwv_request {
    struct spwv_app *app;
    const char *method; /* GET also stands for HEAD */
    const char *path;
    const char *if_none_match; /* NULL: none */
    struct spwv_slice body;
    bool json; /* of POST /v1/...: the body is OTLP JSON, and so is the answer */
    void *arg; /* of `query` */
    /* The value of a parameter in the URL, NULL without it. */
    const char *(*query)(void *arg, const char *name);
};

struct spwv_answer {
    unsigned status;
    const char *content_type;
    const char *allow;          /* of a 405 */
    const char *cache_control;  /* NULL: no-store */
    char etag[64];              /* empty: none */
    bool retry_after;           /* "Retry-After: 1" */
    struct spwv_buf body;
    bool live;                  /* the events of live.h instead of a body */
    struct spwv_slice constant; /* instead of body, when data is not NULL */
};

/* A text with its newline as the whole answer. */
void spwv_answer_text(struct spwv_answer *answer, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is wrong with a POST of OTLP: the Status message of OTLP's failures, {"message": text}, to who sent JSON; else the plain text. */
void spwv_answer_failure(struct spwv_answer *answer, unsigned status, bool json, const char *text);
/* {"error": text} */
void spwv_answer_json_error(struct spwv_answer *answer, unsigned status, const char *text);

/* The largest answer, a trace's JSON: bigger ones are refused with a text. */
enum { SPWV_MAX_ANSWER = 192 << 20 };

/* router.c: every request ends here. */
void spwv_route(const struct spwv_request *request, struct spwv_answer *answer);

/* api.c, api_list.c, api_complete.c, api_trace.c */
void spwv_api_info(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_services(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_list(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_histogram(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_complete(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_live(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_remove(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_clear(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_trace(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_stored(const struct spwv_request *request, struct spwv_answer *answer);

/* api_logs.c, api_metrics.c; the clears are api.c's */
void spwv_api_logs(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_clear_logs(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_metrics(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_metric(const struct spwv_request *request, struct spwv_answer *answer);
void spwv_api_clear_metrics(const struct spwv_request *request, struct spwv_answer *answer);

/* Sets the tag; true when the client has it already, and the answer is a 304. */
bool spwv_answer_unchanged(const struct spwv_request *request, struct spwv_answer *answer, uint64_t revision);
/* Likewise with the store's revision, for answers made of the whole of it. Before these are made: a tag may be older than its answer, never newer. */
bool spwv_answer_is_known(const struct spwv_request *request, struct spwv_answer *answer, uint64_t *revision);

/* intake.c: a request of OTLP into the store; the path says of which signal, the body is inflated. */
void spwv_intake(const struct spwv_request *request, struct spwv_answer *answer);

#endif
