/* Parameters of the JSON API. Contract: api_parameters.h. */
#include "api_parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const char *spwv_parameter(const struct spwv_request *request, const char *name)
{
    const char *value = request->query(request->arg, name);
    return value && *value ? value : NULL;
}

struct spwv_slice spwv_parameter_text(const struct spwv_request *request, const char *name)
{
    const char *value = spwv_parameter(request, name);
    return (struct spwv_slice){(const uint8_t *)value, value ? strlen(value) : 0};
}

bool spwv_parameter_refuse(struct spwv_answer *answer, const char *text)
{
    spwv_answer_json_error(answer, 400, text);
    return false;
}

static bool read_time(const struct spwv_request *request, const char *name, int64_t *ns)
{
    const char *text = spwv_parameter(request, name);
    uint64_t value = 0;
    if (text && !spwv_parse_u64(text, INT64_MAX, &value))
        return false;
    *ns = (int64_t)value;
    return true;
}

bool spwv_parameter_times(const struct spwv_request *request, int64_t *from_ns, int64_t *to_ns, struct spwv_answer *answer)
{
    return (read_time(request, "from_ns", from_ns) && read_time(request, "to_ns", to_ns)) ||
           spwv_parameter_refuse(answer, "from_ns and to_ns must be nanoseconds since 1970, such as an answer's start_unix_ns");
}

bool spwv_parameter_limit(const struct spwv_request *request, unsigned usual, unsigned most, unsigned *limit, struct spwv_answer *answer)
{
    const char *text = spwv_parameter(request, "limit");
    uint64_t value = usual;
    char wrong[64];
    snprintf(wrong, sizeof wrong, "limit must be a number from 1 to %u", most);
    if (text && (!spwv_parse_u64(text, most, &value) || value == 0))
        return spwv_parameter_refuse(answer, wrong);
    *limit = (unsigned)value;
    return true;
}

static bool read_position(const char *text, int64_t *key, int64_t *id)
{
    char *end;
    *key = strtoll(text, &end, 10);
    if (end == text || *end != '.')
        return false;
    text = end + 1;
    *id = strtoll(text, &end, 10);
    return end != text && !*end;
}

bool spwv_parameter_before(const struct spwv_request *request, bool *there, int64_t *key, int64_t *id, struct spwv_answer *answer)
{
    const char *before = spwv_parameter(request, "before");
    *there = before != NULL;
    return !before || read_position(before, key, id) ||
           spwv_parameter_refuse(answer, "before must be the \"next\" of an earlier answer");
}

void spwv_answer_next(struct spwv_json *json, bool more, int64_t key, int64_t id)
{
    char next[64];
    snprintf(next, sizeof next, "%" PRId64 ".%" PRId64, key, id);
    spwv_json_key(json, "next");
    if (more)
        spwv_json_text(json, next);
    else
        spwv_json_null(json);
}
