/*
 * A process whose main() has left by pthread_exit() ends with its last thread. Our own must not be what keeps it: when only they are left, exit(0)
 * is called, as the C library does on the last thread. Seen within a quarter of a second, through /proc; not where there is none, and not where
 * another thread than main() has loaded the SDK.
 */
#ifndef SPW_SDK_LAST_THREAD_H
#define SPW_SDK_LAST_THREAD_H

struct spw__worker;

/* On the worker's own thread, before every step: when main() has left, arms a timer. */
void spw__last_thread_watch(struct spw__worker *worker);

/* In a forked child: the thread that forked is its main(). */
void spw__last_thread_forget(void);

#endif
