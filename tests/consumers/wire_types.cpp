// The same, with spw::span's set().
#include "wire_types.c"
