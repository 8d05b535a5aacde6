/* What a server answers: header lines and a body in pieces, read as protobuf and as text. */
#include "fuzz/input.h"

#include "otlp/otlp_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct spw__otlp_response response = { .kept = NULL };
    bool open = true;
    uint8_t lines = input_byte(&in) % 8;
    while (open && lines--) {
        size_t n;
        char *line = input_text(&in, input_byte(&in), &n);
        open = spw__otlp_response_header(&response, (spw_view){ line, n });
        free(line);
    }
    while (open && in.left) {
        size_t n;
        char *piece = input_text(&in, 1 + (size_t)input_byte(&in) * 16, &n);
        open = spw__otlp_response_body(&response, (spw_view){ piece, n });
        free(piece);
    }
    struct spw__otlp_partial partial;
    spw__otlp_response_partial(&response, 100, &partial);
    must(partial.rejected <= 100 && memchr(partial.message, 0, sizeof partial.message));
    char scratch[256];
    spw_view text = spw__otlp_response_text(&response, scratch, sizeof scratch);
    volatile char last = text.size ? text.data[text.size - 1] : 0;
    (void)last;
    spw__otlp_response_fini(&response);
    return 0;
}
