/*
 * Instruments and data points as the JSON API has them.
 *
 * Ownership, threads, failure: as json.h. No recursion but for what value_json.h does without.
 */
#ifndef SPWV_METRIC_JSON_H
#define SPWV_METRIC_JSON_H

#include "json.h"
#include "store_metrics.h"

void spwv_json_metric(struct spwv_json *json, const struct spwv_stored_metric *metric);
void spwv_json_point(struct spwv_json *json, enum spwv_metric_type type, const struct spwv_point *point);

#endif
