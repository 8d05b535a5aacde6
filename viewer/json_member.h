/* A key and its value in one call. Contract: json.h. */
#ifndef SPWV_JSON_MEMBER_H
#define SPWV_JSON_MEMBER_H

#include "json.h"

static inline void spwv_member_count(struct spwv_json *json, const char *key, uint64_t value)
{
    spwv_json_key(json, key);
    spwv_json_count(json, value);
}

static inline void spwv_member_u64(struct spwv_json *json, const char *key, uint64_t value)
{
    spwv_json_key(json, key);
    spwv_json_u64(json, value);
}

static inline void spwv_member_string(struct spwv_json *json, const char *key, struct spwv_slice value)
{
    spwv_json_key(json, key);
    spwv_json_string(json, value);
}

static inline void spwv_member_text(struct spwv_json *json, const char *key, const char *value)
{
    spwv_json_key(json, key);
    spwv_json_text(json, value);
}

static inline void spwv_member_hex(struct spwv_json *json, const char *key, struct spwv_slice value)
{
    spwv_json_key(json, key);
    spwv_json_hex(json, value);
}

static inline void spwv_member_bool(struct spwv_json *json, const char *key, bool value)
{
    spwv_json_key(json, key);
    spwv_json_bool(json, value);
}

#endif
