/* Attributes and their values as OTLP JSON, nested ones without recursion. */
#ifndef SPW_EXPORTERS_OTLP_JSON_VALUE_H
#define SPW_EXPORTERS_OTLP_JSON_VALUE_H

#include <spanwire/exporter.h>

#include "json_write.h"

/* Arrays and maps deeper than this are written as empty values; the SDK records fewer levels. */
#define SPW__OTLP_JSON_MAX_DEPTH 100

/* `lead` and the list; nothing at all when there are none. */
void spw__otlp_json_attributes(struct spw__json *json, const char *lead, spw_attr_iter attributes);

#endif
