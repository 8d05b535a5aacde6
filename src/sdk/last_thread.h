/*
 * A process whose main() has left by pthread_exit() ends with its last thread. Our own must not be what keeps it: when only they are left, exit(0)
 * is called, as the C library does on the last thread. From the moment that main() has left, and only then, a thread looks four times a second as
 * long as there are others of ours: the worker, and those of exporters that block, left behind or not. Seen through /proc; not where there is none,
 * and not where another thread than main() has loaded the SDK.
 */
#ifndef SPW_SDK_LAST_THREAD_H
#define SPW_SDK_LAST_THREAD_H

/* The first and the last of what a thread of ours does. */
void spw__last_thread_begin(void);
void spw__last_thread_end(void);

/* In a forked child: the thread that forked is its main(). */
void spw__last_thread_forget(void);

#endif
