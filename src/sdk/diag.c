/* Diagnostics: format, make printable, hand to the receiver or write one line to standard error. */
#include "sdk/diag.h"

#include <errno.h>
#include <spanwire/allocator.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "record/utf8.h"
#include "sdk/diag_stderr.h"

#define LINE_BYTES 512
#define RECEIVERS 4
#define MOST_KEPT 256u

/*
 * No lock, so that a forked child never meets one held by a thread that is gone. A new receiver is filled in beside the current one and
 * then published; a reader would have to sleep through four starts to read a mixed one.
 */
struct receiver {
    spw_log_level level;
    spw_log_fn fn;
    void *arg;
};

static struct receiver receivers[RECEIVERS] = { { SPW_LOG_INFO, NULL, NULL } };
static unsigned current_receiver;

/* This thread's own, while it looks at a configuration that is not in use. */
static _Thread_local struct receiver diverted;

static struct receiver receiver_now(void)
{
    if (diverted.fn)
        return diverted;
    struct receiver *r = &receivers[__atomic_load_n(&current_receiver, __ATOMIC_ACQUIRE) % RECEIVERS];
    struct receiver copy;
    copy.level = __atomic_load_n(&r->level, __ATOMIC_RELAXED);
    copy.fn = __atomic_load_n(&r->fn, __ATOMIC_RELAXED);
    copy.arg = __atomic_load_n(&r->arg, __ATOMIC_RELAXED);
    return copy;
}

void spw__diag_configure(spw_log_level level, spw_log_fn fn, void *arg)
{
    unsigned next = __atomic_load_n(&current_receiver, __ATOMIC_RELAXED) + 1;
    struct receiver *r = &receivers[next % RECEIVERS];
    __atomic_store_n(&r->level, level, __ATOMIC_RELAXED);
    __atomic_store_n(&r->fn, fn, __ATOMIC_RELAXED);
    __atomic_store_n(&r->arg, arg, __ATOMIC_RELAXED);
    __atomic_store_n(&current_receiver, next, __ATOMIC_RELEASE);
}

void spw__diag_divert(spw_log_level level, spw_log_fn fn, void *arg)
{
    diverted = (struct receiver){ level, fn, arg };
}

/* A character that a terminal or a log reader would act on: C0, DEL, C1 (U+0080 to U+009F), line and paragraph separators. */
static bool acts(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2)
        return p[0] == 0xc2 && p[1] < 0xa0;
    return n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

/* Copies what fits as printable UTF-8, cut between characters; everything else becomes \xNN. `capacity` counts the terminator. */
static void make_printable(char *out, size_t capacity, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t size = strlen(text), at = 0;
    while (size > 0) {
        size_t n = spw__utf8_sequence(text, size);
        bool escape = n == 0 || acts(text, n);
        n = n ? n : 1;
        if (at + (escape ? 4 * n : n) >= capacity)
            break;
        for (size_t i = 0; i < n; i++) {
            unsigned char byte = (unsigned char)text[i];
            if (escape) {
                out[at++] = '\\';
                out[at++] = 'x';
                out[at++] = hex[byte >> 4];
                out[at++] = hex[byte & 15];
            } else {
                out[at++] = text[i];
            }
        }
        text += n;
        size -= n;
    }
    out[at] = 0;
}

static const char *level_name(spw_log_level level)
{
    switch (level) {
    case SPW_LOG_ERROR: return "error";
    case SPW_LOG_WARN: return "warning";
    case SPW_LOG_INFO: return "info";
    case SPW_LOG_DEBUG: return "debug";
    case SPW_LOG_NONE: break;
    }
    return "note";
}

static void say_now(const struct receiver *r, spw_log_level level, const char *printable)
{
    int saved_errno = errno;
    if (r->fn) {
        r->fn(r->arg, level, printable);
    } else {
        char line[LINE_BYTES + 32];
        int n = snprintf(line, sizeof line, "spanwire: %s: %s\n", level_name(level), printable);
        if (n > 0)
            spw__diag_stderr(line, (size_t)n);
    }
    errno = saved_errno;
}

/* ---- lines that wait ---- */

struct spw__diag_line_kept {
    struct spw__diag_line_kept *next;
    struct receiver receiver;
    spw_log_level level;
    char text[];
};

static _Thread_local struct spw__diag_kept *keeper;

void spw__diag_keep(struct spw__diag_kept *kept)
{
    *kept = (struct spw__diag_kept){ .end = &kept->first };
    keeper = kept;
}

static void keep(struct spw__diag_kept *kept, const struct receiver *r, spw_log_level level, const char *printable)
{
    size_t size = strlen(printable) + 1;
    struct spw__diag_line_kept *line = kept->count < MOST_KEPT ? spw_allocate(sizeof *line + size) : NULL;
    if (!line) {
        kept->lost++;
        return;
    }
    line->next = NULL;
    line->receiver = *r;
    line->level = level;
    memcpy(line->text, printable, size);
    *kept->end = line;
    kept->end = &line->next;
    kept->count++;
}

void spw__diag_say_kept(struct spw__diag_kept *kept)
{
    keeper = NULL;
    for (struct spw__diag_line_kept *line = kept->first, *next; line; line = next) {
        next = line->next;
        say_now(&line->receiver, line->level, line->text);
        spw_free(line);
    }
    if (kept->lost)
        spw__diag(SPW_LOG_WARN, "%u more lines are lost: too many at once, or out of memory", kept->lost);
}

static void say(const struct receiver *r, spw_log_level level, const char *printable)
{
    if (keeper && !diverted.fn)
        keep(keeper, r, level, printable);
    else
        say_now(r, level, printable);
}

/* ---- what is said ---- */

static bool reported(const struct receiver *r, spw_log_level level)
{
    return level > SPW_LOG_NONE && level <= r->level;
}

void spw__diag(spw_log_level level, const char *format, ...)
{
    struct receiver r = receiver_now();
    if (!reported(&r, level))
        return;
    char raw[LINE_BYTES], line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (n < 0)
        return;
    make_printable(line, sizeof line, raw);
    say(&r, level, line);
}

void spw__diag_line(void *arg, spw_log_level level, const char *text)
{
    (void)arg;
    struct receiver r = receiver_now();
    if (!text || !reported(&r, level))
        return;
    char line[LINE_BYTES];
    make_printable(line, sizeof line, text);
    say(&r, level, line);
}

spw_result spw__fail(spw_error *error, spw_result code, const char *format, ...)
{
    char raw[LINE_BYTES], line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (n < 0)
        snprintf(raw, sizeof raw, "%s", spw_result_text(code));
    make_printable(line, sizeof line, raw);
    if (error) {
        error->code = code;
        make_printable(error->text, sizeof error->text, line);
    }
    struct receiver r = receiver_now();
    if (reported(&r, SPW_LOG_ERROR))
        say(&r, SPW_LOG_ERROR, line);
    return code;
}
