/* Usage of inference spans. Contract: tokens.h. */
#include "tokens.h"

#include <string.h>

static bool is(struct spwv_slice text, const char *wanted)
{
    size_t size = strlen(wanted);
    return text.size == size && memcmp(text.data, wanted, size) == 0;
}

static bool is_inference(struct spwv_slice any)
{
    static const char *const operations[] = {"chat", "text_completion", "generate_content", "embeddings"};
    struct spwv_field value;
    if (spwv_otlp_read_any(any, &value) != SPWV_ANY_STRING)
        return false;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (is(value.bytes, operations[i]))
            return true;
    return false;
}

static int64_t count_of(struct spwv_slice any)
{
    struct spwv_field value;
    return spwv_otlp_read_any(any, &value) == SPWV_ANY_INT && (int64_t)value.value > 0 ? (int64_t)value.value : 0;
}

struct spwv_tokens spwv_tokens_of(const struct spwv_span *span)
{
    struct spwv_tokens tokens = {0, 0};
    struct spwv_wire wire = spwv_wire_of(span->raw);
    struct spwv_slice raw;
    bool inference = false;
    while (spwv_otlp_each(&wire, SPWV_SPAN_ATTRIBUTES, &raw)) {
        struct spwv_key_value kv;
        spwv_otlp_read_key_value(raw, &kv);
        if (kv.key.size < 7 || memcmp(kv.key.data, "gen_ai.", 7) != 0)
            continue;
        if (is(kv.key, "gen_ai.operation.name"))
            inference = is_inference(kv.value);
        else if (is(kv.key, "gen_ai.usage.input_tokens"))
            tokens.input = count_of(kv.value);
        else if (is(kv.key, "gen_ai.usage.output_tokens"))
            tokens.output = count_of(kv.value);
    }
    return inference ? tokens : (struct spwv_tokens){0, 0};
}
