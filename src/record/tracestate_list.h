/* The text of a tracestate: members, their grammar, their limits. (W3C Trace Context level 2.) */
#ifndef SPW_RECORD_TRACESTATE_LIST_H
#define SPW_RECORD_TRACESTATE_LIST_H

#include "tracestate.h"

#define SPW__TRACE_STATE_READ (4 * SPW__TRACE_STATE_MAX) /* of a header, in bytes */

/* Adds a header's members to the `used` bytes at `out`, which has room for SPW__TRACE_STATE_READ, without their optional white space. The new
   size; SIZE_MAX when the state as a whole must be dropped. */
size_t spw__trace_state_add(char *out, size_t used, const char *header);

/* Cuts a list down to SPW__TRACE_STATE_MAX bytes by whole members, in place; the new size. */
size_t spw__trace_state_fit(char *list, size_t size);

#endif
