/*
 * The inline functions of the public headers as functions that libspanwire exports, for bindings of languages without a C compiler: the same
 * text, compiled once more, here. (What the headers of the SDK have is in src/sdk/inline.c.)
 */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define SPW_INLINE SPW_API
#include <spanwire/common.h>
#include <spanwire/context.h>
#include <spanwire/trace.h>
