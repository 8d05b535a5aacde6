/* Texts of the OTLP exporter: header lists, endpoints, Retry-After. The first byte says which. */
#include "fuzz/input.h"

#include "otlp/otlp_headers.h"
#include "otlp/otlp_response.h"
#include "otlp/otlp_url.h"

static void headers(const char *text)
{
    struct spw__otlp_headers out;
    spw_error error = SPW_ERROR_INIT;
    if (spw__otlp_headers_parse(&out, text, &error) == SPW_OK) {
        must(out.count <= SPW__OTLP_MAX_HEADERS);
        for (size_t i = 0; i < out.count; i++)
            must(*out.items[i].name && !strpbrk(out.items[i].name, "\r\n: ") && !strpbrk(out.items[i].value, "\r\n"));
    } else {
        must(error.code != SPW_OK && *error.text && memchr(error.text, 0, sizeof error.text));
    }
    spw__otlp_headers_fini(&out);
}

static void url(const char *text, bool is_signal)
{
    struct spw__otlp_url out;
    spw_error error = SPW_ERROR_INIT;
    if (spw__otlp_url_parse(&out, text, is_signal, "v1/traces", &error) == SPW_OK) {
        must(strncmp(out.full, "http", 4) == 0 && !strpbrk(out.full, "\r\n "));
        const char *host = strstr(out.shown, "://") + 3;
        must(!memchr(host, '@', strcspn(host, "/")) && !strpbrk(out.shown, "?#")); /* no user info, no query */
    } else {
        must(error.code != SPW_OK && *error.text);
    }
    spw__otlp_url_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    uint8_t what = input_byte(&in);
    size_t length;
    char *text = input_text(&in, in.left, &length);
    switch (what % 4) {
    case 0: headers(text); break;
    case 1: url(text, false); break;
    case 2: url(text, true); break;
    default: must(spw__otlp_retry_after_ms((spw_view){ text, length }, 1700000000) <= INT32_MAX); break;
    }
    free(text);
    return 0;
}
