/* One setting: its default, what the environment says, what the options say. Precedence is the order in which config.c asks. */
#include <errno.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sdk/config_env.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"

#define NO_MEMORY "out of memory while reading the configuration"
#define PAIRS_CURE "write name=value,name2=value2 with percent-encoded values"

/* What somebody said, not yet judged. */
struct given {
    uint64_t number;
    const char *text;
};

static bool is_text(const struct spw__setting *setting)
{
    return setting->kind >= SPW__KIND_TEXT;
}

static void *field_of(const struct spw__setting *setting, void *model)
{
    return (char *)model + setting->field;
}

void spw__setting_free(const struct spw__setting *setting, void *model)
{
    if (!is_text(setting))
        return;
    char **field = field_of(setting, model);
    spw_free(*field);
    *field = NULL;
}

/* Into the field; what the field held is freed. False: no memory. */
static bool store(const struct spw__setting *setting, void *model, struct given value)
{
    void *field = field_of(setting, model);
    char *copy = NULL;
    switch (setting->kind) {
    case SPW__KIND_BOOL: *(bool *)field = value.number != 0; return true;
    case SPW__KIND_COUNT:
    case SPW__KIND_LENGTH:
    case SPW__KIND_DELAY:
    case SPW__KIND_TIMEOUT: *(uint32_t *)field = (uint32_t)value.number; return true;
    case SPW__KIND_LEVEL: *(spw_log_level *)field = (spw_log_level)value.number; return true;
    case SPW__KIND_BYTES: *(uint64_t *)field = value.number; return true;
    case SPW__KIND_TEXT:
    case SPW__KIND_CHOICE:
    case SPW__KIND_URL:
    case SPW__KIND_FILE:
    case SPW__KIND_HEADERS:
    case SPW__KIND_PAIRS: break;
    }
    copy = value.text ? spw_strdup(value.text) : NULL;
    if (value.text && !copy)
        return false;
    spw__setting_free(setting, model);
    *(char **)field = copy;
    return true;
}

spw_result spw__setting_default(const struct spw__setting *setting, void *model, struct spw__source *source, spw_error *error)
{
    struct given value = { setting->number, setting->text };
    *source = (struct spw__source){ SPW__FROM_DEFAULT, NULL };
    return store(setting, model, value) ? SPW_OK : spw__fail(error, SPW_ERR_NO_MEMORY, NO_MEMORY);
}

static uint64_t most_of(const struct spw__setting *setting)
{
    return setting->most ? setting->most : SPW__ENV_MAX_NUMBER;
}

/* Where a number is more than the engine has places for. */
static void keep_to_most(const struct spw__setting *setting, const char *name, struct given *value)
{
    uint64_t most = most_of(setting);
    if (is_text(setting) || value->number <= most)
        return;
    spw__diag(SPW_LOG_WARN, "%s is %llu; at most %llu is possible and is used", name, (unsigned long long)value->number,
              (unsigned long long)most);
    value->number = most;
}

static void list_choices(const struct spw__setting *setting, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (const char *const *choice = setting->choices; *choice; choice++) {
        size_t length = strlen(*choice), comma = at ? 2 : 0;
        if (at + comma + length + 1 > size)
            return;
        memcpy(out + at, ", ", comma);
        memcpy(out + at + comma, *choice, length + 1);
        at += comma + length;
    }
}

/* SPW_OK, with value->text in its canonical form; or refused, with the reason, which quotes no secret. */
static spw_result judge_text(const struct spw__setting *setting, struct given *value, char *why, size_t size)
{
    const char *problem = NULL;
    char choices[160];
    if (setting->choices) {
        const char *choice = spw__choose(setting->choices, value->text, strlen(value->text));
        list_choices(setting, choices, sizeof choices);
        snprintf(why, size, "=%.40s is none of %s", value->text, choices);
        value->text = choice;
        return choice ? SPW_OK : SPW_ERR_INVALID;
    }
    if (setting->kind == SPW__KIND_HEADERS)
        problem = spw__headers_problem(value->text);
    else if (setting->kind == SPW__KIND_PAIRS)
        problem = spw__pairs_problem(value->text);
    if (problem == spw__pairs_no_memory)
        return SPW_ERR_NO_MEMORY;
    if (problem)
        snprintf(why, size, " is ignored whole: %s; " PAIRS_CURE, problem);
    return problem ? SPW_ERR_INVALID : SPW_OK;
}

/* A path that cannot be read stays set: falling back to other trust than was asked for would be worse than exports that fail. */
static void try_file(const struct spw__setting *setting, const char *name, const char *path)
{
    if (setting->kind != SPW__KIND_FILE || access(path, R_OK) == 0)
        return;
    if (spw__is_pem(path))
        spw__diag(SPW_LOG_WARN, "%s holds PEM itself; write it to a file and name that: exports over https will fail until then", name);
    else
        spw__diag(SPW_LOG_WARN, "%s: %.200s cannot be read (%s): exports over https will fail until it can", name, path, strerror(errno));
}

static uint64_t level_number(const struct spw__setting *setting, const char *name)
{
    uint64_t at = 0;
    while (setting->choices[at] != name)
        at++;
    return at;
}

/* ---- environment ---- */

/* SPW_OK: *value holds what the variable says. SPW_ERR_NOT_FOUND: nothing that can be taken. */
static spw_result read_variable(const struct spw__setting *setting, const char *name, struct given *value)
{
    char why[256];
    uint32_t number;
    if (setting->kind == SPW__KIND_BOOL)
        return spw__env_bool(name, &value->number) ? SPW_OK : SPW_ERR_NOT_FOUND;
    if (!is_text(setting) && setting->kind != SPW__KIND_LEVEL) {
        if (!spw__env_uint(name, setting->min, &number))
            return SPW_ERR_NOT_FOUND;
        value->number = number;
        return SPW_OK;
    }
    value->text = spw__env_text(name);
    if (!value->text)
        return SPW_ERR_NOT_FOUND;
    spw_result result = judge_text(setting, value, why, sizeof why);
    if (result == SPW_ERR_INVALID) {
        bool enumerated = setting->choices != NULL;
        spw__diag(setting->kind == SPW__KIND_PAIRS ? SPW_LOG_ERROR : SPW_LOG_WARN, "%s%s%s", name, why, enumerated ? ": ignored" : "");
        return SPW_ERR_NOT_FOUND;
    }
    if (result == SPW_OK && setting->kind == SPW__KIND_LEVEL)
        value->number = level_number(setting, value->text);
    return result;
}

spw_result spw__setting_environment(const struct spw__setting *setting, void *model, struct spw__source *source, spw_error *error)
{
    for (size_t i = 0; i < 2 && setting->variables[i]; i++) {
        struct given value = { 0, NULL };
        const char *name = setting->variables[i];
        spw_result result = read_variable(setting, name, &value);
        if (result == SPW_ERR_NOT_FOUND)
            continue;
        keep_to_most(setting, name, &value);
        if (result != SPW_OK || !store(setting, model, value))
            return spw__fail(error, SPW_ERR_NO_MEMORY, NO_MEMORY);
        if (is_text(setting))
            try_file(setting, name, value.text);
        *source = (struct spw__source){ SPW__FROM_ENVIRONMENT, name };
        return SPW_OK;
    }
    return SPW_OK;
}

/* ---- options ---- */

/* False: not said, which is zero, NULL or "". */
static bool read_option(const struct spw__setting *setting, const void *options, size_t offset, struct given *value)
{
    const void *place = (const char *)options + offset;
    switch (setting->kind) {
    case SPW__KIND_BOOL: value->number = *(const bool *)place; break;
    case SPW__KIND_COUNT:
    case SPW__KIND_LENGTH: value->number = *(const uint32_t *)place; break;
    case SPW__KIND_DELAY:
    case SPW__KIND_TIMEOUT:
        value->number = *(const uint32_t *)place;
        return value->number && value->number != SPW_DEFAULT_TIMEOUT_MS;
    case SPW__KIND_LEVEL: value->number = (uint64_t)*(const spw_log_level *)place; break;
    case SPW__KIND_BYTES: value->number = *(const uint64_t *)place; break;
    case SPW__KIND_TEXT:
    case SPW__KIND_CHOICE:
    case SPW__KIND_URL:
    case SPW__KIND_FILE:
    case SPW__KIND_HEADERS:
    case SPW__KIND_PAIRS: value->text = *(const char *const *)place; return value->text && *value->text;
    }
    if (setting->kind == SPW__KIND_LEVEL && value->number > SPW_LOG_DEBUG) {
        spw__diag(SPW_LOG_WARN, "log_level is %lld, which is no level: ignored; use one of SPW_LOG_*", (long long)value->number);
        return false;
    }
    return value->number != 0;
}

/* SPW_NOW (of delays) and SPW_NEVER (of timeouts) are how the options say the model's 0, which there means "not said". */
static spw_result read_zero(const struct spw__setting *setting, const char *name, struct given *value, spw_error *error)
{
    bool now = value->number == SPW_NOW, never = value->number == SPW_NEVER;
    if (!now && !never)
        return SPW_OK;
    if (setting->kind == SPW__KIND_DELAY && never)
        return spw__fail(error, SPW_ERR_INVALID, "%s is SPW_NEVER, which a delay cannot be; use milliseconds, or SPW_NOW for none", name);
    if (setting->kind == SPW__KIND_TIMEOUT && now)
        return spw__fail(error, SPW_ERR_INVALID, "%s is SPW_NOW, and nothing is done in no time; use milliseconds, or SPW_NEVER", name);
    if (setting->kind == SPW__KIND_DELAY || setting->kind == SPW__KIND_TIMEOUT)
        value->number = 0;
    return SPW_OK;
}

static spw_result take_option(const struct spw__setting *setting, const char *name, struct given value, void *model, spw_error *error)
{
    char why[256];
    if (read_zero(setting, name, &value, error) != SPW_OK)
        return SPW_ERR_INVALID;
    if (!is_text(setting) && (value.number < setting->min || (setting->strict && value.number > setting->most)))
        return spw__fail(error, SPW_ERR_INVALID, "%s is %llu; use %u to %llu", name, (unsigned long long)value.number, setting->min,
                         (unsigned long long)most_of(setting));
    keep_to_most(setting, name, &value);
    spw_result result = is_text(setting) ? judge_text(setting, &value, why, sizeof why) : SPW_OK;
    if (result == SPW_ERR_INVALID)
        return spw__fail(error, result, "%s%s", name, why);
    if (result != SPW_OK || !store(setting, model, value))
        return spw__fail(error, SPW_ERR_NO_MEMORY, NO_MEMORY);
    if (is_text(setting))
        try_file(setting, name, value.text);
    return SPW_OK;
}

spw_result spw__setting_options(const struct spw__setting *setting, const void *options, void *model, struct spw__source *source,
                                spw_error *error)
{
    for (size_t i = 0; i < 2 && setting->options[i].name; i++) {
        struct given value = { 0, NULL };
        if (!read_option(setting, options, setting->options[i].offset, &value))
            continue;
        *source = (struct spw__source){ SPW__FROM_CODE, setting->options[i].name };
        return take_option(setting, setting->options[i].name, value, model, error);
    }
    return SPW_OK;
}
