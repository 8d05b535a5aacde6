/* From a configuration to a worker with its pipelines and exporters, and back. Under the lifecycle's lock. */
#ifndef SPW_SDK_WORKER_BUILD_H
#define SPW_SDK_WORKER_BUILD_H

#include "sdk/config.h"
#include "sdk/worker.h"

/* Makes it, and its thread if it is to have one. Takes over what the configuration owns, also when it fails; *error says why then. */
spw_result spw__worker_build(struct spw__worker **out, struct spw__config *config, spw_error *error);

/* Of a worker that has gone: whether an exporter that cannot be cancelled still has a batch, or one that has answered still stands in the answer. */
bool spw__worker_lends(const struct spw__worker *worker);

/*
 * The worker has gone and no batch is lent: nobody knows the exporters any more, not even who still stands inside a flush or a recording call.
 * Those on threads of their own have that time to come to an end; at least SPW__GRACE_MS. The accounts stay.
 */
void spw__worker_finish_pipelines(struct spw__worker *worker, uint32_t timeout_ms);

/* All of it; nobody may know it any more. */
void spw__worker_free(struct spw__worker *worker, uint32_t timeout_ms);

#endif
