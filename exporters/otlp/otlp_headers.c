/* OTEL_EXPORTER_OTLP_HEADERS: otlp_headers.h. */
#include "otlp_headers.h"

#include <spanwire/allocator.h>
#include <string.h>
#include <strings.h>

#include "otlp_text.h"

enum { MAX_TEXT = 16384 };

/* Headers that say what the body is or how the connection works: the exporter's own business. */
static const char *const reserved[] = { "connection", "content-encoding", "content-length", "content-type", "expect", "te", "trailer",
                                        "transfer-encoding", "upgrade" };

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(spw_view name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_token_char(name.data[i]))
            return false;
    return name.size > 0;
}

static bool is_reserved(spw_view name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strlen(reserved[i]) == name.size && strncasecmp(reserved[i], name.data, name.size) == 0)
            return true;
    return false;
}

static spw_view trim(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (spw_view){ from, (size_t)(to - from) };
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes into out (as large as the text, and a terminator). What is wrong with it, or NULL. */
static const char *decode(spw_view text, char *out)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_value(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return "has a '%' that two hex digits do not follow; write %25 for the sign itself";
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return "has a control character (CR, LF, NUL, ...), which no header may carry; remove it";
        *out++ = (char)c;
    }
    *out = '\0';
    return NULL;
}

/* The header of that name, emptied, or a new one; NULL when there is no room. */
static struct spw__otlp_header *place(struct spw__otlp_headers *out, spw_view name)
{
    for (size_t i = 0; i < out->count; i++) {
        struct spw__otlp_header *h = &out->items[i];
        if (strlen(h->name) == name.size && strncasecmp(h->name, name.data, name.size) == 0) {
            spw_free(h->name);
            spw_free(h->value);
            return h;
        }
    }
    return out->count < SPW__OTLP_MAX_HEADERS ? &out->items[out->count++] : NULL;
}

static spw_result add(struct spw__otlp_headers *out, spw_view member, spw_error *error)
{
    const char *end = member.data + member.size;
    const char *equals = memchr(member.data, '=', member.size);
    if (!equals) /* not repeated: it may be the rest of a secret that held a comma */
        return spw__otlp_fail(error, SPW_ERR_INVALID, "OTLP header number %zu has no '='; write name=value,name2=value2 and %%2C for a comma in a value",
                              out->count + 1);
    spw_view name = trim(member.data, equals);
    spw_view text = trim(equals + 1, end);
    if (!is_token(name))
        return spw__otlp_fail(error, SPW_ERR_INVALID, "OTLP header number %zu has a name that is empty or no HTTP token; use letters, digits and -",
                              out->count + 1);
    if (is_reserved(name))
        return spw__otlp_fail(error, SPW_ERR_INVALID, "OTLP header '%.*s' is set by spanwire itself; remove it", (int)name.size, name.data);
    struct spw__otlp_header *header = place(out, name);
    if (!header)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "there are more than %d OTLP headers; remove some", SPW__OTLP_MAX_HEADERS);
    header->name = spw_strndup(name.data, name.size);
    header->value = spw_allocate(text.size + 1);
    if (!header->name || !header->value)
        return spw__otlp_fail(error, SPW_ERR_NO_MEMORY, "out of memory for the OTLP headers");
    const char *problem = decode(text, header->value);
    if (problem)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the value of OTLP header '%.60s' %s", header->name, problem);
    return SPW_OK;
}

spw_result spw__otlp_headers_parse(struct spw__otlp_headers *out, const char *text, spw_error *error)
{
    memset(out, 0, sizeof *out);
    if (!text)
        return SPW_OK;
    if (strlen(text) > MAX_TEXT)
        return spw__otlp_fail(error, SPW_ERR_INVALID, "the OTLP headers are longer than %d bytes; remove some", MAX_TEXT);
    while (*text) {
        const char *end = text + strcspn(text, ",");
        spw_view member = trim(text, end);
        if (member.size) {
            spw_result result = add(out, member, error);
            if (result != SPW_OK)
                return result;
        }
        text = *end ? end + 1 : end;
    }
    return SPW_OK;
}

void spw__otlp_headers_fini(struct spw__otlp_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        spw_free(headers->items[i].name);
        spw_free(headers->items[i].value);
    }
    memset(headers, 0, sizeof *headers);
}
