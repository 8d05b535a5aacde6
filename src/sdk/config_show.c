/* Values for a reader: a person, a doctor. Secrets stay hidden whatever they look like. */
#include <stdio.h>
#include <string.h>

#include "sdk/config_env.h"
#include "sdk/config_table.h"

#define HIDDEN "***"

/* Appends what fits; cuts with an ellipsis. */
static void append(char *out, size_t size, const char *text, size_t length)
{
    static const char ellipsis[] = "...";
    size_t at = strlen(out), room = size - at - 1;
    if (length <= room) {
        memcpy(out + at, text, length);
        out[at + length] = 0;
        return;
    }
    memcpy(out + at, text, room);
    out[size - 1] = 0;
    if (size > sizeof ellipsis)
        memcpy(out + size - sizeof ellipsis, ellipsis, sizeof ellipsis);
}

static void append_text(char *out, size_t size, const char *text)
{
    append(out, size, text, strlen(text));
}

void spw__url_print(const char *url, char *out, size_t size)
{
    out[0] = 0;
    const char *scheme = url + strcspn(url, ":/?#@");
    scheme = strncmp(scheme, "://", 3) == 0 ? scheme : NULL;
    const char *start = scheme ? scheme + 3 : url;
    const char *path = start + strcspn(start, "/?#");
    const char *end = start + strcspn(start, "?#");
    const char *at = memrchr(start, '@', (size_t)(path - start));
    const char *stray = scheme ? strchr(path, '@') : strchr(url, '@');
    if (stray) { /* "user:p/ss@host", "user:p?ss@host": what ends where is anybody's guess */
        append_text(out, size, HIDDEN);
        return;
    }
    append(out, size, url, (size_t)(start - url));
    if (at)
        append_text(out, size, HIDDEN "@");
    append(out, size, at ? at + 1 : start, (size_t)(end - (at ? at + 1 : start)));
    if (*end)
        append_text(out, size, *end == '?' ? "?" HIDDEN : "#" HIDDEN);
}

struct writer {
    char *out;
    size_t size;
};

static bool put_header(void *arg, spw_view key, spw_view value)
{
    const struct writer *w = arg;
    (void)value;
    if (*w->out)
        append_text(w->out, w->size, ",");
    append(w->out, w->size, key.data, key.size);
    append_text(w->out, w->size, "=" HIDDEN);
    return true;
}

bool spw__sounds_secret(spw_view key)
{
    static const char *const words[] = { "key", "token", "secret", "passw", "auth", "credential" };
    char text[256];
    size_t size = key.size < sizeof text - 1 ? key.size : sizeof text - 1;
    memcpy(text, key.data, size);
    text[size] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasestr(text, words[i]))
            return true;
    }
    return false;
}

bool spw__is_pem(const char *text)
{
    return strstr(text, "-----BEGIN") || strstr(text, "LS0tLS1CRUdJTi"); /* the same in base64, as secrets come in some systems */
}

static bool put_pair(void *arg, spw_view key, spw_view value)
{
    const struct writer *w = arg;
    if (*w->out)
        append_text(w->out, w->size, ",");
    append(w->out, w->size, key.data, key.size);
    append_text(w->out, w->size, "=");
    if (spw__sounds_secret(key))
        append_text(w->out, w->size, HIDDEN);
    else
        append(w->out, w->size, value.data, value.size);
    return true;
}

static void print_text(const struct spw__setting *setting, const char *text, char *out, size_t size)
{
    struct writer w = { out, size };
    out[0] = 0;
    if (!text) {
        append_text(out, size, setting->nothing ? setting->nothing : "(none)");
        return;
    }
    switch (setting->kind) {
    case SPW__KIND_URL: spw__url_print(text, out, size); return;
    case SPW__KIND_HEADERS: spw__pairs_decode(text, put_header, &w); return;
    case SPW__KIND_PAIRS: spw__pairs_decode(text, put_pair, &w); return;
    case SPW__KIND_FILE: append_text(out, size, spw__is_pem(text) ? HIDDEN : text); return;
    default: append_text(out, size, text); return;
    }
}

void spw__setting_print(const struct spw__setting *setting, const void *model, char *out, size_t size)
{
    const void *field = (const char *)model + setting->field;
    uint32_t number;
    switch (setting->kind) {
    case SPW__KIND_BOOL: snprintf(out, size, "%s", *(const bool *)field ? "true" : "false"); return;
    case SPW__KIND_BYTES: snprintf(out, size, "%llu", (unsigned long long)*(const uint64_t *)field); return;
    case SPW__KIND_LEVEL: snprintf(out, size, "%s", setting->choices[*(const spw_log_level *)field]); return;
    case SPW__KIND_COUNT:
    case SPW__KIND_LENGTH:
    case SPW__KIND_DELAY:
    case SPW__KIND_TIMEOUT: break;
    default: print_text(setting, *(const char *const *)field, out, size); return;
    }
    number = *(const uint32_t *)field;
    bool none = setting->kind == SPW__KIND_LENGTH ? number == UINT32_MAX : setting->kind == SPW__KIND_TIMEOUT && number == 0;
    bool timed = setting->kind == SPW__KIND_DELAY || setting->kind == SPW__KIND_TIMEOUT;
    if (none)
        snprintf(out, size, "(none)");
    else
        snprintf(out, size, "%u%s", number, timed ? " ms" : "");
}
