#ifndef SPW_RECORD_ENVIRONMENT_H
#define SPW_RECORD_ENVIRONMENT_H

#include <spanwire/environment.h>

/* Fields that did not fit an environment. */
uint64_t spw__fields_lost(void);

#endif
