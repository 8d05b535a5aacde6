/* What must never be said: otlp_secrets.h. */
#include "otlp_secrets.h"

#include <spanwire/allocator.h>
#include <string.h>

#include "otlp_text.h"

bool spw__otlp_secrets_add(struct spw__otlp_secrets *secrets, spw_view secret)
{
    if (secret.size == 0)
        return true;
    if (secrets->count == secrets->capacity) {
        size_t capacity = secrets->capacity ? secrets->capacity * 2 : 8;
        struct spw__otlp_secret **grown = spw_reallocate(secrets->items, capacity * sizeof(*grown));
        if (!grown)
            return false;
        secrets->items = grown;
        secrets->capacity = capacity;
    }
    struct spw__otlp_secret *copy = spw_allocate(sizeof *copy + secret.size);
    if (!copy)
        return false;
    copy->size = secret.size;
    memcpy(copy->bytes, secret.data, secret.size);
    secrets->items[secrets->count++] = copy;
    return true;
}

/* The parts between separators, which a server may quote alone: the token of `Bearer token`, the value of `key=value`. */
static bool add_parts(struct spw__otlp_secrets *secrets, spw_view text, const char *separators)
{
    bool added = spw__otlp_secrets_add(secrets, text);
    for (size_t from = 0; added && from < text.size;) {
        size_t to = from;
        while (to < text.size && !strchr(separators, text.data[to]))
            to++;
        if (to - from >= 4 && to - from < text.size) /* shorter words are everywhere */
            added = spw__otlp_secrets_add(secrets, (spw_view){ text.data + from, to - from });
        from = to + 1;
    }
    return added;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Lenient, as a server would be: what is no escape stays. Returns the size. */
static size_t percent_decode(spw_view text, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%' && i + 2 < text.size && hex_value(text.data[i + 1]) >= 0 && hex_value(text.data[i + 2]) >= 0) {
            c = (char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
            i += 2;
        }
        out[used++] = c;
    }
    return used;
}

/* The room a base64 of `size` bytes takes is (size + 2) / 3 * 4. Returns it. */
static size_t base64(const char *in, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)(unsigned char)in[i] << 16;
        word |= left > 1 ? (uint32_t)(unsigned char)in[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)(unsigned char)in[i + 2] : 0;
        out[used++] = digits[word >> 18];
        out[used++] = digits[(word >> 12) & 63];
        out[used++] = left > 1 ? digits[(word >> 6) & 63] : '=';
        out[used++] = left > 2 ? digits[word & 63] : '=';
    }
    return used;
}

static bool add_url(struct spw__otlp_secrets *secrets, spw_view text, const char *separators)
{
    if (text.size == 0)
        return true;
    char *decoded = spw_allocate(text.size);
    char *encoded = spw_allocate((text.size + 2) / 3 * 4);
    bool added = decoded && encoded && add_parts(secrets, text, separators);
    if (added) {
        size_t size = percent_decode(text, decoded);
        added = add_parts(secrets, (spw_view){ decoded, size }, separators) &&
                spw__otlp_secrets_add(secrets, (spw_view){ encoded, base64(decoded, size, encoded) });
    }
    spw_free(decoded);
    spw_free(encoded);
    return added;
}

bool spw__otlp_secrets_add_user_info(struct spw__otlp_secrets *secrets, spw_view user_info)
{
    return add_url(secrets, user_info, ":");
}

bool spw__otlp_secrets_fill(struct spw__otlp_secrets *secrets, const struct spw__otlp_headers *headers, const struct spw__otlp_url *url)
{
    for (size_t i = 0; i < headers->count; i++) {
        const char *value = headers->items[i].value;
        if (!add_parts(secrets, (spw_view){ value, strlen(value) }, " \t"))
            return false;
    }
    return spw__otlp_secrets_add_user_info(secrets, url->user_info) && add_url(secrets, url->query, "&=");
}

void spw__otlp_secrets_fini(struct spw__otlp_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++)
        spw_free(secrets->items[i]);
    spw_free(secrets->items);
    memset(secrets, 0, sizeof *secrets);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t common_run(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t n = 0;
    while (n < a_size && n < b_size && lower(a[n]) == lower(b[n]))
        n++;
    return n;
}

/* How many bytes at `text` belong to a secret, letter case ignored. */
static size_t secret_bytes(const char *text, size_t size, const struct spw__otlp_secrets *secrets)
{
    size_t longest = 0;
    for (size_t i = 0; i < secrets->count; i++) {
        const struct spw__otlp_secret *s = secrets->items[i];
        size_t least = s->size < SPW__OTLP_SECRET_RUN ? s->size : SPW__OTLP_SECRET_RUN;
        for (size_t from = 0; from + least <= s->size; from++) {
            size_t run = common_run(text, size, s->bytes + from, s->size - from);
            if (run >= least && run > longest)
                longest = run;
        }
    }
    return longest;
}

void spw__otlp_append_foreign(char *out, size_t capacity, spw_view text, const struct spw__otlp_secrets *secrets)
{
    bool fits = true;
    for (size_t i = 0; fits && i < text.size;) {
        size_t secret = secret_bytes(text.data + i, text.size - i, secrets);
        if (secret) {
            fits = strlen(out) + 4 <= capacity;
            if (fits)
                spw__otlp_append(out, capacity, "***");
        } else {
            fits = spw__otlp_append_byte(out, capacity, (unsigned char)text.data[i]);
        }
        i += secret ? secret : 1;
    }
}
