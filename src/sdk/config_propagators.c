/* The propagators that the options or OTEL_PROPAGATORS name. They hold for a disabled SDK, too. */
#include <string.h>

#include "record/propagation.h"
#include "sdk/config_env.h"
#include "sdk/config_parts.h"
#include "sdk/config_table.h"
#include "sdk/diag.h"

enum { MAX_NAME = 63 };

/* The known names in any case, as enums are; a registered one as it is written. Spelt as known in place. False: nobody knows it. */
static bool is_known(char *text, size_t size)
{
    static const char *const known[] = { "tracecontext", "baggage", "b3", "b3multi", "none", NULL };
    char name[MAX_NAME + 1];
    const char *choice = spw__choose(known, text, size);
    if (choice)
        memcpy(text, choice, size);
    if (choice || size > MAX_NAME)
        return choice != NULL;
    memcpy(name, text, size);
    name[size] = 0;
    return spw_propagator_find(name) != NULL;
}

/* How many names of the list are known; the others are reported. */
static size_t judge(char *text, const char *source)
{
    const char *list = text;
    spw_view item;
    size_t count = 0;
    while (spw__list_next(&list, &item)) {
        bool known = is_known(text + (item.data - text), item.size);
        count += known;
        if (!known)
            spw__diag(SPW_LOG_WARN, "%s: %.*s is ignored: no propagator has this name; use tracecontext, baggage, b3, b3multi, none, or "
                                    "register it before spw_start()",
                      source, item.size > 40 ? 40 : (int)item.size, item.data);
    }
    return count;
}

spw_result spw__config_propagators(struct spw__config *out, spw_error *error)
{
    struct spw__source *source = &out->sources[SPW__SET_PROPAGATORS];
    spw_result result = SPW_OK;
    if (source->origin != SPW__FROM_DEFAULT && !judge(out->propagators, source->name)) {
        const struct spw__setting *setting = &spw__settings[SPW__SET_PROPAGATORS];
        result = spw__setting_default(setting, out, source, error);
    }
    if (result == SPW_OK && !out->borrowed)
        (void)spw__propagators_from_list(out->propagators, NULL, NULL); /* false: the program has set its own */
    return result;
}
