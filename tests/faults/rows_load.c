/* More than the way out takes: a slow receiver, none for a long time, a worker that gets no processor. */
#include <stdio.h>

#include "faults/fault.h"

static void overload(struct fault *f)
{
    http_peer *peer = http_peer_start();
    http_peer_always(peer, (http_peer_answer){ .delay_ms = 20 });
    fault_start(f, http_peer_url(peer), NULL);
    fault_record(f, 200000, 0);
    fault_stop(f, 10000);
    fault_collect(f, peer);
    FAULT_CHECK(f, f->stats.pipelines[0].dropped[SPW_DROP_QUEUE_FULL] > 0 && f->delivered == f->stats.pipelines[0].exported);
    fault_judge(f);
    http_peer_stop(peer);
}

const struct fault_row fault_rows_load[] = {
    { "Load", "overload", "far more spans than the receiver takes", "newest dropped and counted, the program not slowed", overload, false },
    { NULL, NULL, NULL, NULL, NULL, false },
};
