/* The inline functions of the SDK's headers as functions that libspanwire-sdk exports. See src/record/inline.c. */
#include <spanwire/trace.h> /* libspanwire exports what that has */

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#undef SPW_INLINE
#define SPW_INLINE SPW_API
#include <spanwire/exporter.h>
