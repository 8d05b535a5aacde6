/* Private to configuration. The table of settings: what each is called in the schema, in the environment and in code, and what it holds. */
#ifndef SPW_SDK_CONFIG_TABLE_H
#define SPW_SDK_CONFIG_TABLE_H

#include "sdk/config.h"

enum spw__kind {
    SPW__KIND_BOOL,
    SPW__KIND_COUNT,   /* uint32_t */
    SPW__KIND_LENGTH,  /* uint32_t; UINT32_MAX: no limit */
    SPW__KIND_DELAY,   /* uint32_t milliseconds; 0 means 0, in options SPW_NOW */
    SPW__KIND_TIMEOUT, /* uint32_t milliseconds; 0 means none, in options SPW_NEVER */
    SPW__KIND_LEVEL,   /* spw_log_level */
    SPW__KIND_BYTES,   /* uint64_t */
    SPW__KIND_TEXT,    /* this and what follows: const char *, owned, NULL for none */
    SPW__KIND_CHOICE,  /* one of `choices`, in any case */
    SPW__KIND_URL,     /* may hold credentials; judged where it is used */
    SPW__KIND_FILE,    /* a path that is reported, and kept, when it cannot be read */
    SPW__KIND_HEADERS, /* secret values */
    SPW__KIND_PAIRS,   /* OTEL_RESOURCE_ATTRIBUTES */
};

struct spw__option_place {
    uint16_t offset; /* in the options struct; 0: none */
    const char *name;
};

struct spw__setting {
    const char *path;                      /* in the schema 1.1 */
    const char *variables[2];              /* the first one wins */
    struct spw__option_place options[2];   /* the first one wins */
    uint16_t field;                        /* in the model */
    enum spw__kind kind;
    bool early;                            /* holds for a disabled SDK, too */
    bool strict;                           /* in options, more than `most` is refused */
    uint32_t min;                          /* of a number; less is refused */
    uint64_t most;                         /* of a number; more is reported, and this is used. 0: 2^31 - 1 */
    uint64_t number;                       /* the default */
    const char *text;                      /* the default of a text */
    const char *const *choices;
    const char *nothing;                   /* what a reader is told of a text that is NULL; NULL: `(none)` */
};

extern const struct spw__setting spw__settings[SPW__SETTINGS];
extern const struct spw__setting spw__pipeline_settings[SPW__PIPELINE_SETTINGS];

/* The default into the field. */
spw_result spw__setting_default(const struct spw__setting *setting, void *model, struct spw__source *source, spw_error *error);

/* What the environment says, over the field. Reports what it cannot take. Fails only without memory. */
spw_result spw__setting_environment(const struct spw__setting *setting, void *model, struct spw__source *source, spw_error *error);

/* What the options say, over the field. Fails on what it cannot take. */
spw_result spw__setting_options(const struct spw__setting *setting, const void *options, void *model, struct spw__source *source,
                                spw_error *error);

/* Frees a text, once. */
void spw__setting_free(const struct spw__setting *setting, void *model);

/* The value for a reader: secrets hidden, cut with an ellipsis where it does not fit. */
void spw__setting_print(const struct spw__setting *setting, const void *model, char *out, size_t size);

/* A URL without what a user info, a query or a fragment says. */
void spw__url_print(const char *url, char *out, size_t size);

/* A key whose value is better not printed: api_key, db.password. */
bool spw__sounds_secret(spw_view key);

/* A key or a certificate itself, where the name of its file belongs: not to be printed. */
bool spw__is_pem(const char *text);

#endif
