/* Attributes in an answer that has a maximum. Contract: mcp.h. */
#include "mcp.h"

#include "json_member.h"
#include "value_plain.h"

enum { CLOSING = 1024 };

bool spwv_mcp_has_room(const struct spwv_json *json, size_t max_value)
{
    return json->out->size + 2 * 6 * max_value + CLOSING < json->out->max; /* a key and a value, six characters for each byte at worst */
}

void spwv_mcp_attributes(struct spwv_json *json, struct spwv_slice message, uint32_t field, size_t max_value)
{
    struct spwv_wire wire = spwv_wire_of(message);
    struct spwv_slice raw;
    unsigned left_out = 0;
    spwv_json_key(json, "attributes");
    spwv_json_begin(json, '{');
    while (spwv_otlp_each(&wire, field, &raw)) {
        if (spwv_mcp_has_room(json, max_value))
            spwv_json_plain_member_cut(json, raw, max_value);
        else
            left_out++;
    }
    spwv_json_end(json, '}');
    if (left_out)
        spwv_member_count(json, "attributes_left_out", left_out);
}
