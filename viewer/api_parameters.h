/*
 * Parameters of the JSON API's questions, read and refused alike.
 *
 * Ownership: texts are the request's. Threads: one a request. Failure: false; refuse() writes the answer, a 400 with cause and cure.
 */
#ifndef SPWV_API_PARAMETERS_H
#define SPWV_API_PARAMETERS_H

#include "http.h"
#include "json_member.h"

/* NULL for one that is not there, or empty. */
const char *spwv_parameter(const struct spwv_request *request, const char *name);
struct spwv_slice spwv_parameter_text(const struct spwv_request *request, const char *name); /* size 0 then */

bool spwv_parameter_refuse(struct spwv_answer *answer, const char *text); /* always false */

/* Nanoseconds since 1970 in from_ns and to_ns, 0 without them; refused when they are none. */
bool spwv_parameter_times(const struct spwv_request *request, int64_t *from_ns, int64_t *to_ns, struct spwv_answer *answer);

/* 1 to `most` in limit, `usual` without it. */
bool spwv_parameter_limit(const struct spwv_request *request, unsigned usual, unsigned most, unsigned *limit, struct spwv_answer *answer);

/* Where the page before this one ended, "key.id", in before; *there tells whether there is one. */
bool spwv_parameter_before(const struct spwv_request *request, bool *there, int64_t *key, int64_t *id, struct spwv_answer *answer);

/* The "next" that asks for the page behind this position; null when no more follows. */
void spwv_answer_next(struct spwv_json *json, bool more, int64_t key, int64_t id);

#endif
