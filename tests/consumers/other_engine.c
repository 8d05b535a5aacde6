/* libspanwire's engine as another version would have it: the same code, another number for the layout it shares with libspanwire-sdk. */
#include "record/engine.h"

enum { SHIPPED_LAYOUT = SPW__ENGINE_LAYOUT };
#undef SPW__ENGINE_LAYOUT
#define SPW__ENGINE_LAYOUT (SHIPPED_LAYOUT + 1u)

#include "record/engine.c"
