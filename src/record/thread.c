#include "thread.h"

#include <string.h>

#include "platform.h"
#include "queue.h"
#include "slot.h"

#define THREAD_BYTES 4096u
#define INLINE_CONTEXTS ((THREAD_BYTES - sizeof(struct spw__thread)) / sizeof(struct spw__attached))

__thread struct spw__thread *spw__self SPW__TLS_MODEL;

/* Stands for "being made": a signal handler that sees it keeps out, and finds no context. */
static struct spw__cell no_contexts;
static struct spw__thread making = { .cell = &no_contexts };

static pthread_key_t exit_key;
static bool has_exit_key; /* a program may have taken all there are: then a thread's block is not recycled */
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static struct spw__thread *dead; /* recycled threads; atomic */
static uint32_t cell_ids;        /* atomic */

static void give_slots(struct spw__recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->cached; i++)
        spw__pool_give(&recorder->engine->slots, recorder->cache[i]);
    recorder->cached = 0;
}

/* The recorder goes to the next thread that is born; its rows stay where they are. */
static void retire_recorder(struct spw__recorder *recorder)
{
    struct spw__engine *engine = recorder->engine;
    if (engine != spw__engine_current())
        return; /* another process's, seen through a fork */
    spw__mark_busy(engine, recorder); /* a shutdown waits for us, or has begun, and then the next start clears what is not published */
    if (spw__gate_state() & SPW__GATE_STARTED)
        spw__queue_publish(recorder);
    give_slots(recorder);
    spw__leave(recorder);
    pthread_mutex_lock(&engine->lock);
    recorder->idle_next = engine->idle;
    engine->idle = recorder;
    __atomic_sub_fetch(&engine->live_threads, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&engine->publish_step, spw__queue_step(engine), __ATOMIC_RELAXED);
    __atomic_store_n(&engine->slot_share, spw__slot_share(engine), __ATOMIC_RELAXED);
    pthread_mutex_unlock(&engine->lock);
}

static void push_dead(struct spw__thread *first, struct spw__thread *last)
{
    struct spw__thread *head = __atomic_load_n(&dead, __ATOMIC_RELAXED);
    do
        last->next = head;
    while (!__atomic_compare_exchange_n(&dead, &head, first, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Takes the whole list, keeps one, puts the rest back: no ABA, no lock that a fork could leave held. */
static struct spw__thread *take_dead(void)
{
    struct spw__thread *list = __atomic_exchange_n(&dead, NULL, __ATOMIC_ACQUIRE);
    if (list && list->next) {
        struct spw__thread *last = list->next;
        while (last->next)
            last = last->next;
        push_dead(list->next, last);
    }
    return list;
}

static void thread_exit(void *arg)
{
    struct spw__thread *thread = arg;
    spw__self = &making; /* a handler from here on records nothing */
    if (thread->recorder)
        retire_recorder(thread->recorder);
    thread->recorder = NULL;
    spw__stack_leave(thread);
    spw__cell_empty(&thread->own_cell);
    thread->suppressed = false;
    push_dead(thread, thread);
    spw__self = NULL; /* a later destructor that records starts over */
}

void spw__cell_name(struct spw__cell *cell)
{
    cell->id = __atomic_add_fetch(&cell_ids, 1, __ATOMIC_RELAXED);
    cell->sequence += cell->id * 0x9e3779b9u; /* ids in tokens have 16 bits: the next cell of the same id counts from elsewhere */
}

static void make_key(void)
{
    has_exit_key = pthread_key_create(&exit_key, thread_exit) == 0;
}

/*
 * A thread's first use of the library may be in a signal handler, where malloc must not be entered: glibc keeps the values of the first 32
 * keys in the thread itself, and allocates for those after. Made while the library is loaded, ours is one of the first, unless 32 others
 * were before it (a plugin loaded late).
 */
__attribute__((constructor)) static void make_key_early(void)
{
    (void)pthread_once(&exit_once, make_key);
}

static struct spw__thread *new_thread(void)
{
    struct spw__thread *thread = take_dead();
    if (!thread) {
        thread = spw__map(THREAD_BYTES);
        if (!thread)
            return NULL;
        thread->own_cell.entries = (struct spw__attached *)(void *)(thread + 1);
        thread->own_cell.capacity = (uint32_t)INLINE_CONTEXTS;
        thread->cell = &thread->own_cell;
    }
    spw__cell_name(&thread->own_cell);
    return thread;
}

struct spw__thread *spw__thread_get(void)
{
    struct spw__thread *thread = spw__self;
    if (__builtin_expect(thread != NULL, 1))
        return thread == &making ? NULL : thread;
    spw__self = &making;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pthread_once(&exit_once, make_key);
    thread = new_thread();
    if (thread && has_exit_key)
        (void)pthread_setspecific(exit_key, thread);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    spw__self = thread;
    return thread;
}

static struct spw__recorder *new_recorder(struct spw__engine *engine)
{
    if (engine->recorder_count >= SPW__MAX_RECORDERS)
        return NULL;
    size_t size = (sizeof(struct spw__recorder) + SPW__CACHE_LINE - 1) / SPW__CACHE_LINE * SPW__CACHE_LINE;
    struct spw__recorder *recorder = spw__map(size);
    if (!recorder)
        return NULL;
    recorder->id = engine->recorder_count;
    recorder->engine = engine;
    engine->recorders[recorder->id] = recorder;
    __atomic_store_n(&engine->recorder_count, recorder->id + 1, __ATOMIC_RELEASE);
    return recorder;
}

struct spw__recorder *spw__enter_slow(struct spw__engine *engine)
{
    struct spw__thread *thread = spw__thread_get();
    if (!thread || thread->suppressed || !engine)
        return NULL;
    spw__self = &making; /* the lock below is no place for a signal handler */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pthread_mutex_lock(&engine->lock);
    struct spw__recorder *recorder = engine->idle;
    if (recorder)
        engine->idle = recorder->idle_next;
    else
        recorder = new_recorder(engine);
    if (recorder) {
        __atomic_add_fetch(&engine->live_threads, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&engine->publish_step, spw__queue_step(engine), __ATOMIC_RELAXED);
        __atomic_store_n(&engine->slot_share, spw__slot_share(engine), __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&engine->lock);
    if (recorder) {
        spw__ids_seed(&recorder->ids);
        thread->recorder = recorder;
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    spw__self = thread;
    return recorder;
}

spw_drop_cause spw__refusal(bool reentrant)
{
    const struct spw__thread *thread = spw__thread_get();
    if (reentrant || spw__self == &making)
        return SPW_DROP_REENTRANT;
    return thread && thread->suppressed ? SPW_DROP_CAUSES : SPW_DROP_OOM;
}

void spw__thread_suppress(void)
{
    struct spw__thread *thread = spw__thread_get();
    if (thread)
        thread->suppressed = true;
}

/* Without its recorder it has to ask for one, and is refused; the recording path itself asks nothing more than before. */
struct spw__paused spw__thread_pause(void)
{
    struct spw__paused before = { NULL, false };
    struct spw__thread *thread = spw__thread_get();
    if (thread) {
        before = (struct spw__paused){ thread->recorder, thread->suppressed };
        thread->suppressed = true;
        thread->recorder = NULL;
    }
    return before;
}

void spw__thread_resume(struct spw__paused before)
{
    struct spw__thread *thread = spw__thread_get();
    if (!thread)
        return;
    thread->recorder = before.recorder;
    thread->suppressed = before.suppressed;
}
