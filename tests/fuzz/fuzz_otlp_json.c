/* OTLP JSON into protobuf and back: what is taken can be written, and what was written is taken again as the same. */
#include "fuzz/input.h"

#include "otlp_from_json.h"
#include "otlp_to_json.h"

enum { MAX_JSON = 64 << 20 };

static struct spwv_slice slice_of(const struct spwv_buf *buf)
{
    return (struct spwv_slice){ (const uint8_t *)buf->data, buf->size };
}

static void write_json(enum spwv_message request, const struct spwv_buf *protobuf, struct spwv_buf *to)
{
    struct spwv_json json = { .out = to };
    spwv_buf_init(to, MAX_JSON, NULL);
    spwv_otlp_to_json(&json, request, slice_of(protobuf));
    must(!to->failed);
}

/* Twice, because the first writing puts fields in their order and lets go of what was said twice. */
static void there_and_back(enum spwv_message request, const struct spwv_buf *protobuf)
{
    struct spwv_error error;
    struct spwv_buf once, again, twice;
    write_json(request, protobuf, &once);
    spwv_buf_init(&again, SPWV_FROM_JSON_MAX(once.size), NULL);
    must(spwv_otlp_from_json(request, slice_of(&once), &again, &error));
    must(spwv_otlp_check(request, slice_of(&again), &error));
    must(again.size <= protobuf->size);
    write_json(request, &again, &twice);
    must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    spwv_buf_fini(&once);
    spwv_buf_fini(&again);
    spwv_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spwv_error error = { "" };
    struct spwv_buf protobuf;
    spwv_buf_init(&protobuf, SPWV_FROM_JSON_MAX(size), NULL);
    const enum spwv_message request = spwv_otlp_request_of_json((struct spwv_slice){ data, size });
    if (spwv_otlp_from_json(request, (struct spwv_slice){ data, size }, &protobuf, &error)) {
        if (spwv_otlp_check(request, slice_of(&protobuf), &error))
            there_and_back(request, &protobuf);
    } else {
        must(!protobuf.failed && error.text[0]); /* the maximum is one that no text reaches */
    }
    spwv_buf_fini(&protobuf);
    return 0;
}
