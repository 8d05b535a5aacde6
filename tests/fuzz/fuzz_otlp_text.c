/*
 * Texts of the OTLP exporter: header lists, endpoints, Retry-After. The first byte says which. Headers and Retry-After are what a slow,
 * obvious reader makes of the same text.
 */
#include "fuzz/input.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "otlp/otlp_headers.h"
#include "otlp/otlp_response.h"
#include "otlp/otlp_url.h"
#include "record/utf8.h"
#include "sdk/config_env.h"

enum { NOW = 1700000000, MAX_HEADERS_TEXT = 16384 };

/* ---- headers, slowly ---- */

struct pair {
    char name[MAX_HEADERS_TEXT + 1], value[MAX_HEADERS_TEXT + 1];
};
static struct pair pairs[SPW__OTLP_MAX_HEADERS];
static size_t pair_count;

static void trimmed(const char *from, const char *to, char *out)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
}

static bool is_name(const char *name)
{
    static const char *const ours[] = { "connection", "content-encoding", "content-length", "content-type", "expect",
                                        "te",         "trailer",          "transfer-encoding", "upgrade" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return false;
    return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

static bool unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p; to++) {
        unsigned byte = (unsigned char)*p;
        if (*p == '%') {
            char digits[3] = { p[1], p[1] ? p[2] : '\0', '\0' };
            if (strspn(digits, "0123456789abcdefABCDEF") != 2)
                return false;
            byte = (unsigned)strtoul(digits, NULL, 16);
            p += 2;
        }
        p++;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
        *to = (char)byte;
    }
    *to = '\0';
    return true;
}

static bool read_pairs(const char *text)
{
    static struct pair next;
    pair_count = 0;
    if (strlen(text) > MAX_HEADERS_TEXT)
        return false;
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, ",");
        char member[MAX_HEADERS_TEXT + 1];
        trimmed(text, end, member);
        if (!*member)
            continue;
        char *equals = strchr(member, '=');
        if (!equals)
            return false;
        trimmed(member, equals, next.name);
        trimmed(equals + 1, member + strlen(member), next.value);
        if (!is_name(next.name))
            return false;
        size_t i = 0;
        while (i < pair_count && strcasecmp(pairs[i].name, next.name) != 0)
            i++;
        if (i == SPW__OTLP_MAX_HEADERS || !unescape(next.value))
            return false;
        pairs[i] = next;
        pair_count += i == pair_count;
    }
    return true;
}

static void headers(const char *text)
{
    struct spw__otlp_headers out;
    spw_error error = SPW_ERROR_INIT;
    bool taken = spw__otlp_headers_parse(&out, text, &error) == SPW_OK;
    must(taken == read_pairs(text));
    if (taken) {
        must(out.count == pair_count);
        for (size_t i = 0; i < out.count; i++)
            must(strcmp(out.items[i].name, pairs[i].name) == 0 && strcmp(out.items[i].value, pairs[i].value) == 0);
    } else {
        must(error.code != SPW_OK && *error.text && memchr(error.text, 0, sizeof error.text));
        /* What configuration lets pass must not fail here, except for what only the exporter knows. */
        bool passes = strlen(text) <= MAX_HEADERS_TEXT && spw__utf8_valid(text, strlen(text)) && !spw__headers_problem(text);
        must(!passes || strstr(error.text, "by spanwire itself") || strstr(error.text, "more than"));
    }
    spw__otlp_headers_fini(&out);
}

/* ---- endpoints ---- */

static void url(const char *text, bool is_signal)
{
    struct spw__otlp_url out;
    spw_error error = SPW_ERROR_INIT;
    if (spw__otlp_url_parse(&out, text, is_signal, "v1/traces", &error) == SPW_OK) {
        must(strncmp(out.full, "http", 4) == 0 && !strpbrk(out.full, "\r\n "));
        must(out.origin <= strlen(out.shown) && !strpbrk(out.shown, "\r\n"));
        const char *host = out.socket ? NULL : strstr(out.shown, "://") + 3;
        must(host ? !memchr(host, '@', strcspn(host, "/")) && !strpbrk(out.shown, "?#") /* no user info, no query */
                  : *out.socket && strncasecmp(out.shown, "unix", 4) == 0 && !out.user_info.size);
    } else {
        must(error.code != SPW_OK && *error.text);
    }
    spw__otlp_url_fini(&out);
}

/* ---- Retry-After ---- */

/* Any text: seconds exactly, and of what begins like neither a number nor a day nothing at all. */
static void retry_after(const char *text, size_t size)
{
    uint64_t ms = spw__otlp_retry_after_ms((spw_view){ text, size }, NOW);
    must(ms <= INT32_MAX);
    while (size && strchr(" \t\r\n", *text) && *text) {
        text++;
        size--;
    }
    while (size && strchr(" \t\r\n", text[size - 1]) && text[size - 1])
        size--;
    size_t digits = 0;
    double seconds = 0;
    for (; digits < size && text[digits] >= '0' && text[digits] <= '9'; digits++)
        seconds = seconds * 10 + (text[digits] - '0');
    if (size && digits == size)
        must(ms == (seconds * 1000 > INT32_MAX ? INT32_MAX : (uint64_t)(seconds * 1000)));
    else if (!size || !*text || !strchr("MTWFS", *text))
        must(ms == 0);
}

/* A date in one of the three forms of HTTP, which must be read to the second. */
static void retry_at(struct input *in)
{
    static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };
    uint8_t form = input_byte(in) % 3;
    uint64_t most = form == 1 ? 3124137600u : 253402300800u; /* two digits of a year say 2068 at most */
    time_t then = (time_t)(input_number(in, 5) % most);
    if (form == 1 && then < 31536000)
        then += 31536000; /* and 1971 at least */
    char text[64];
    struct tm parts;
    must(gmtime_r(&then, &parts) && strftime(text, sizeof text, forms[form], &parts));
    uint64_t left = then > NOW ? (uint64_t)(then - NOW) * 1000 : 0;
    must(spw__otlp_retry_after_ms((spw_view){ text, strlen(text) }, NOW) == (left > INT32_MAX ? INT32_MAX : left));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    uint8_t what = input_byte(&in);
    if (what % 5 == 4) {
        retry_at(&in);
        return 0;
    }
    size_t length;
    char *text = input_text(&in, in.left, &length);
    switch (what % 5) {
    case 0: headers(text); break;
    case 1: url(text, false); break;
    case 2: url(text, true); break;
    default: retry_after(text, length); break;
    }
    free(text);
    return 0;
}
