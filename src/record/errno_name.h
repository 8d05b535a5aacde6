/* The name of an error number, as in ENOENT. */
#ifndef SPW_RECORD_ERRNO_NAME_H
#define SPW_RECORD_ERRNO_NAME_H

/* NULL for a number that is none. Static storage. Async-signal-safe. */
const char *spw__errno_name(int number);

#endif
