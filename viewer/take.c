/* A request into a store. Contract: take.h. */
#include "take.h"

#include "otlp_from_json.h"

static bool store_spans(struct spwv_store *store, struct spwv_slice body, struct spwv_take *take, struct spwv_error *error)
{
    struct spwv_cursor cursor;
    struct spwv_span span;
    if (!store->begin(store, error))
        return false;
    spwv_otlp_items(&cursor, body);
    while (spwv_otlp_next_span(&cursor, &span)) {
        take->spans++;
        const char *reason = spwv_otlp_reject_reason(&span);
        if (reason) {
            take->rejected++;
            take->reason = take->reason ? take->reason : reason;
        } else if (!store->add(store, &span, &cursor, error)) {
            store->rollback(store);
            return false;
        }
    }
    uint64_t added;
    return store->commit(store, &added, error);
}

enum spwv_taken spwv_take_protobuf(struct spwv_store *store, struct spwv_slice body, struct spwv_take *take, struct spwv_error *error)
{
    *take = (struct spwv_take){0};
    if (!spwv_otlp_check(body, error))
        return SPWV_REFUSED;
    return !body.size || store_spans(store, body, take, error) ? SPWV_TAKEN : SPWV_BUSY;
}

enum spwv_taken spwv_take_json(struct spwv_store *store, struct spwv_slice json, struct spwv_budget *memory, struct spwv_take *take,
                               struct spwv_error *error)
{
    struct spwv_buf protobuf;
    spwv_buf_init(&protobuf, SPWV_FROM_JSON_MAX(json.size), memory);
    enum spwv_taken taken = SPWV_REFUSED;
    *take = (struct spwv_take){0};
    if (spwv_otlp_from_json(json, &protobuf, error))
        taken = spwv_take_protobuf(store, (struct spwv_slice){(const uint8_t *)protobuf.data, protobuf.size}, take, error);
    else if (protobuf.failed)
        taken = SPWV_BUSY;
    spwv_buf_fini(&protobuf);
    return taken;
}
