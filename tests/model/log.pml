/*
 * The frame log of src/record/slot.c as a model for Spin, with signal handlers: reserve, encode, commit and leave, each a step of its own,
 * compaction, and an end in between. A handler comes at any point of the thread it interrupts, which then stands still until the handler
 * returns; another thread records too. What a handler waits for may be what it interrupted, so every wait of it must end by itself.
 *
 * Proven: a handler always returns, whatever it interrupted; the span is finished exactly once, by somebody who is alone in the log; then
 * every frame up to the cursor is whole; compaction moves whole frames only; nobody is left inside.
 */
#define LOG 4
#define MAX_WRITERS 3

mtype = { EMPTY, RESERVED, ENCODED, WHOLE };
mtype log[LOG];
byte cursor, writers; /* these four are one word: changed by one compare-and-swap */
bit closed, excl;
bit busy;             /* of the first thread: it is inside the library in a way a handler must not enter */
bit handling;         /* the handler runs: the first thread stands still */
bit stamped, inside;
byte finished, ended, returned;

#define LAST_OUT (closed && !excl && writers == 0)

inline finish()
{
    atomic {
        assert(!inside && finished == 0 && LAST_OUT && stamped);
        inside = 1;
        k = 0;
        do
        :: k < cursor -> assert(log[k] == WHOLE); k++
        :: else -> break
        od;
        k = 0
    }
    atomic { inside = 0; finished++ }
}

/* The last one out finishes. */
inline leave()
{
    atomic { assert(writers > 0); writers--; last = LAST_OUT }
    if
    :: last -> finish()
    :: else
    fi
}

/* `interrupts`: a handler that interrupted the library on its thread has no patience at all; others have some, which ends. */
inline set(interrupts)
{
    do
    :: atomic { closed || cursor == LOG -> break }
    :: atomic {
#ifdef BREAK_EXCLUSIVE /* a writer goes in while the log is compacted */
        !closed && writers < MAX_WRITERS && cursor < LOG ->
#else
        !closed && !excl && writers < MAX_WRITERS && cursor < LOG ->
#endif
            at = cursor; cursor++; writers++; assert(!inside); log[at] = RESERVED
        };
        log[at] = ENCODED;
#ifdef BREAK_COMMIT /* leaves before the frame is whole */
        leave();
        log[at] = WHOLE;
#else
        log[at] = WHOLE;
        leave();
#endif
        break
#ifdef BREAK_PATIENCE /* waits for a compaction as long as it takes */
#else
    :: atomic { (excl || writers == MAX_WRITERS) && (interrupts || true) -> break } /* the drop is counted */
#endif
    od;
    at = 0; last = 0
}

inline end()
{
    atomic {
        if
        :: closed -> alone = 0; mine = 0
        :: !closed -> /* fewer writers than can be: the model has no more threads */
            assert(writers < MAX_WRITERS);
            closed = 1;
            mine = 1;
            ended++;
            alone = (writers == 0 && !excl);
#ifdef BREAK_STAMP /* who ends is not a writer while the time is noted */
#else
            writers = writers + (alone -> 0 : 1)
#endif
        fi
    }
    if
    :: mine ->
        stamped = 1;
        if
        :: alone -> finish()
#ifdef BREAK_STAMP
        :: else
#else
        :: else -> leave()
#endif
        fi
    :: else
    fi;
    alone = 0; mine = 0; last = 0
}

/* Compaction: kept from those who interrupt the library; waits for writers, one of whom it may have interrupted, and gives up. */
inline compact()
{
    atomic {
        if
        :: closed || excl -> mine = 0
        :: else -> excl = 1; mine = 1
        fi
    }
    if
    :: mine ->
#ifdef BREAK_WAIT /* for the writers, however long */
        writers == 0;
#else
        if
        :: writers == 0
        :: true /* patience is over */
        fi;
#endif
        atomic { ok = (writers == 0 && !closed); size = cursor }
        if
        :: ok ->
            atomic { assert(!inside && cursor == size); inside = 1; k = 0 }
            atomic { /* frames go down by one, the first one was dead */
                do
                :: k + 1 < size -> assert(log[k + 1] == WHOLE); log[k] = log[k + 1]; k++
                :: else -> break
                od;
                if
                :: size > 1 -> size--; log[size] = EMPTY
                :: else
                fi;
                k = 0
            }
            inside = 0
        :: else
        fi;
        atomic { excl = 0; cursor = size; last = LAST_OUT }
        if
        :: last -> finish()
        :: else
        fi
    :: else
    fi;
    mine = 0; ok = 0; size = 0; last = 0
}

/* Each step of the first thread waits while the handler runs. */
proctype thread() provided (!handling)
{
    byte at, k, size; bit last, alone, mine, ok;
    set(0);
    if
    :: true -> set(0)
    :: busy = 1; compact(); busy = 0
    fi;
    end();
    returned++
}

/* Comes between any two steps of the first thread, or not at all, and does one thing. */
proctype handler()
{
    byte at, k, size; bit last, alone, mine, ok, interrupts;
    if
    :: handling = 1;
        interrupts = busy;
        if /* what it does is decided before it is known whether it can */
        :: true -> set(interrupts)
        :: true -> end()
        :: !interrupts -> compact()
        :: interrupts -> skip /* try_compact() finds itself busy */
        fi;
        handling = 0
    :: skip
    fi;
    returned++
}

proctype other()
{
    byte at, k, size; bit last, alone, mine, ok;
    set(0);
    if
    :: true -> compact()
    :: true -> end()
    fi;
    returned++
}

init
{
    byte i;
    atomic {
        do
        :: i < LOG -> log[i] = EMPTY; i++
        :: else -> break
        od;
        run thread();
        run handler();
        run other()
    }
    returned == 3; /* if somebody never returns, Spin reports the end as invalid */
    assert(finished == 1 && ended == 1 && writers == 0 && !excl)
}
