/*
 * An SDK whose next span gets ids that were given away before it was started: the command, or the shell's other commands, have them already.
 *
 * Ownership: the caller's struct, borrowed until spw_shutdown(). Threads: one.
 */
#ifndef SPANWIRE_CLI_FIXED_IDS_H
#define SPANWIRE_CLI_FIXED_IDS_H

#include <spanwire/processor.h>

struct fixed_ids {
    spw_id_generator base;
    uint8_t trace_id[16];
    uint8_t span_id[8];
};

void fixed_ids_init(struct fixed_ids *ids, const uint8_t trace_id[16], const uint8_t span_id[8]);

#endif
