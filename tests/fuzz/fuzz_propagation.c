/*
 * Headers from strangers: what is extracted can be injected again and is then extracted the same. Of traceparent and tracestate it is also
 * what a slow, obvious reader of W3C Trace Context level 2 makes of them, and a list changed by key is what a plain list becomes.
 */
#include <spanwire/propagation.h>
#include <spanwire/trace.h>

#include <stdio.h>

#include "fuzz/input.h"

enum { FIELDS = 16 };

struct carrier {
    char names[FIELDS][64];
    char *values[FIELDS];
    size_t count;
};

static const char *const fields[] = { "traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags" };

static void put(void *arg, const char *name, const char *value)
{
    struct carrier *c = arg;
    for (const char *p = value; *p; p++) /* nothing that splits a header may come out */
        must(((unsigned char)*p >= 0x20 && *p != 0x7f) || *p == '\t'); /* a property of baggage may hold white space */
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->names[i], name) == 0) {
            free(c->values[i]);
            c->values[i] = strdup(value);
            return;
        }
    }
    must(c->count < FIELDS && strlen(name) < sizeof c->names[0]);
    strcpy(c->names[c->count], name);
    c->values[c->count++] = strdup(value);
}

static const char *get(void *arg, const char *name)
{
    const struct carrier *c = arg;
    for (size_t i = 0; i < c->count; i++)
        if (strcasecmp(c->names[i], name) == 0)
            return c->values[i];
    return NULL;
}

static void fini(struct carrier *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->values[i]);
}

static void same(const struct carrier *a, struct carrier *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const char *other = get(b, a->names[i]);
        must(other && strcmp(a->values[i], other) == 0);
    }
}

/* One way to carry a span, and baggage beside it: several at once say the same with different precision (B3 knows no random flag). */
static void choose(uint8_t choice)
{
    static const char *const names[] = { "tracecontext", "b3", "b3multi" };
    const spw_propagator *list[2] = { spw_propagator_find(names[choice % 3]), spw_propagator_find("baggage") };
    must(list[0] && list[1] && spw_propagators_set(list, 2) == SPW_OK);
}

/* ---- W3C Trace Context, slowly ---- */

enum { MOST_MEMBERS = 32, LIST_BYTES = 4096, MOST_BYTES = 512, READ_BYTES = 2048 };

struct list {
    char text[MOST_MEMBERS + 2][LIST_BYTES];
    size_t count;
};

static bool hex(const char *text, size_t digits, bool zero_allowed)
{
    bool zero = true;
    for (size_t i = 0; i < digits; i++) {
        if (!text[i] || !strchr("0123456789abcdef", text[i]))
            return false;
        zero &= text[i] == '0';
    }
    return !zero || zero_allowed;
}

static bool is_parent(const char *t)
{
    size_t n = t ? strlen(t) : 0;
    return n >= 55 && n < MOST_BYTES && hex(t, 2, true) && strncmp(t, "ff", 2) != 0 && t[2] == '-' && hex(t + 3, 32, false) && t[35] == '-' &&
           hex(t + 36, 16, false) && t[52] == '-' && hex(t + 53, 2, true) && (strncmp(t, "00", 2) == 0 ? n == 55 : n == 55 || t[55] == '-');
}

static bool is_member(const char *m)
{
    const char *equals = strchr(m, '=');
    size_t key = equals ? (size_t)(equals - m) : 0, value = equals ? strlen(equals + 1) : 0;
    if (!key || key > 256 || !value || value > 256 || strchr("_-*/@", *m))
        return false;
    if (strspn(m, "abcdefghijklmnopqrstuvwxyz0123456789_-*/@") < key)
        return false;
    for (const char *p = equals + 1; *p; p++)
        if (*p < 0x20 || *p > 0x7e || *p == ',' || *p == '=')
            return false;
    return m[strlen(m) - 1] != ' ';
}

static size_t find(const struct list *list, const char *key, size_t size)
{
    size_t i = 0;
    while (i < list->count && (strncmp(list->text[i], key, size) != 0 || list->text[i][size] != '='))
        i++;
    return i;
}

static void cut(struct list *list, size_t at)
{
    list->count--;
    memmove(list->text[at], list->text[at + 1], (list->count - at) * sizeof list->text[0]);
}

static size_t join(const struct list *list, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        n += (size_t)sprintf(out + n, "%s%s", i ? "," : "", list->text[i]);
    out[n] = '\0';
    return n;
}

/* Down to 512 bytes: the last of those over 128 first, then the last. The first `keep` members stay. */
static void fit(struct list *list, size_t keep)
{
    static char text[(MOST_MEMBERS + 2) * LIST_BYTES];
    while (join(list, text) > MOST_BYTES && list->count > keep) {
        size_t at = list->count;
        while (at > keep && strlen(list->text[at - 1]) <= 128)
            at--;
        cut(list, (at > keep ? at : list->count) - 1);
    }
}

/* False: one that is dropped whole. */
static bool read_list(const char *header, struct list *list)
{
    list->count = 0;
    size_t total = 0;
    if (strlen(header) >= READ_BYTES)
        return false;
    for (const char *end; *header; header = *end ? end + 1 : end) {
        end = header + strcspn(header, ",");
        const char *from = header + strspn(header, " \t"), *to = end;
        from = from > end ? end : from;
        while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        if (from == to)
            continue;
        size_t size = (size_t)(to - from);
        char *member = list->text[list->count];
        memcpy(member, from, size);
        member[size] = '\0';
        if (!is_member(member) || find(list, member, strcspn(member, "=")) < list->count || list->count == MOST_MEMBERS)
            return false;
        list->count++;
        total += size + 1;
    }
    return total <= READ_BYTES + 1;
}

static void same_list(spw_span span, const struct list *list)
{
    static char text[(MOST_MEMBERS + 2) * LIST_BYTES];
    char is[MOST_BYTES + 1];
    size_t size = join(list, text);
    must(size <= MOST_BYTES && spw_trace_state(span, is, sizeof is) == size && strcmp(is, text) == 0);
}

/* Sets, reads and removes keys, which does not reach what the span was read from. */
static void change_list(struct input *in, spw_span span, struct list *list)
{
    for (int i = 0; in->left && i < 8; i++) {
        char key[512], value[512], got[600];
        uint8_t what = input_byte(in), length = input_byte(in);
        snprintf(key, sizeof key, "%c%.*s", "ab1_"[what & 3], what & 4 ? 250 : 0, list->count ? list->text[0] : "");
        key[strcspn(key, "=")] = '\0';
        memset(value, 'v', sizeof value);
        value[what & 8 ? length * 2u : length % 8u] = '\0';
        size_t at = find(list, key, strlen(key));
        size_t size = spw_trace_state_get(span, key, got, sizeof got);
        must(at < list->count ? strcmp(got, list->text[at] + strlen(key) + 1) == 0 && size == strlen(got) : !size && !*got);
        if (what & 16) {
            span = spw_trace_state_remove(span, key);
            if (at < list->count)
                cut(list, at);
        } else {
            char member[LIST_BYTES];
            snprintf(member, sizeof member, "%s=%s", key, value);
            span = spw_trace_state_set(span, key, value);
            if (!is_member(member) || strlen(member) > MOST_BYTES)
                continue;
            if (at < list->count)
                cut(list, at);
            if (list->count == MOST_MEMBERS)
                cut(list, MOST_MEMBERS - 1);
            memmove(list->text[1], list->text[0], list->count * sizeof list->text[0]);
            strcpy(list->text[0], member);
            list->count++;
            fit(list, 1);
        }
        same_list(span, list);
    }
}

static void check_trace_context(struct input *in, const struct carrier *from, spw_span span)
{
    static struct list list;
    const char *parent = get((void *)(uintptr_t)from, "traceparent"), *state = get((void *)(uintptr_t)from, "tracestate");
    must(spw_span_is_valid(span) == is_parent(parent));
    if (!is_parent(parent))
        return;
    char again[SPW_TRACEPARENT_SIZE], flags[3];
    must(spw_traceparent_format(span, again) && strncmp(again, "00-", 3) == 0 && strncmp(again + 3, parent + 3, 50) == 0);
    snprintf(flags, sizeof flags, "%02lx", strtoul((char[]){ parent[53], parent[54], 0 }, NULL, 16) & 3);
    must(strcmp(again + 53, flags) == 0 && span.is_remote);
    if (!state || !read_list(state, &list))
        list.count = 0;
    fit(&list, 0);
    same_list(span, &list);
    change_list(in, span, &list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    uint8_t choice = input_byte(&in);
    choose(choice);
    struct carrier from = { .count = 0 }, once = { .count = 0 }, twice = { .count = 0 };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && in.left; i++) {
        const uint8_t *end = memchr(in.at, '\n', in.left);
        strcpy(from.names[from.count], fields[i]);
        from.values[from.count++] = input_text(&in, end ? (size_t)(end - in.at) : in.left, NULL);
        (void)input_byte(&in);
    }
    spw_context first = spw_extract(NULL, get, &from);
    if (choice % 3 == 0)
        check_trace_context(&in, &from, first.span);
    spw_inject(&first, put, &once);
    spw_context second = spw_extract(NULL, get, &once);
    spw_inject(&second, put, &twice);
    same(&once, &twice);
    must(memcmp(first.span.trace_id, second.span.trace_id, 16) == 0 && memcmp(first.span.span_id, second.span.span_id, 8) == 0);
    must(!first.span.handle && !second.span.handle);
    spw_context_release(&first);
    spw_context_release(&second);
    fini(&from);
    fini(&once);
    fini(&twice);
    return 0;
}
