/*
 * A checked OTLP message as OTLP JSON: lowerCamelCase, ids in hex, enums as numbers, 64-bit integers as strings; fields without a value are
 * left out.
 *
 * Ownership: the buffer is the caller's. Threads: one. Failure and limits: the buffer's. No recursion. Fields that this version of OTLP does
 * not have are left out: JSON cannot hold them without their names.
 */
#ifndef SPWV_OTLP_TO_JSON_H
#define SPWV_OTLP_TO_JSON_H

#include "json.h"
#include "otlp_fields.h"

void spwv_otlp_to_json(struct spwv_json *json, enum spwv_message message, struct spwv_slice bytes);

#endif
