/*
 * The slot word of src/record/slot.h as a model for Spin: generation, closed, exclusive, writers and cursor in one word, changed by compare-
 * and-swap only. Setters append frames, two threads end the span, one compacts the log, and the slot is used again at once, so that all of
 * them meet stale handles. Each step between two looks at shared memory is one step here; memory is sequentially consistent (the word's
 * operations are acquire-release, and what they protect is only touched between them).
 *
 * Proven: a span is finished exactly once; whoever finishes it has the log to himself, finds every reserved frame written and of this span,
 * and the end time noted; nobody writes into a slot of another generation; and nobody waits for ever.
 */
#define GENERATIONS 2
#define LOG 3        /* frames a log holds */
#define MAX_WRITERS 2 /* as many as there are setters: an end finds them all inside */

typedef word_t { byte gen; bit closed; bit excl; byte writers; byte cursor };
word_t word;
byte log[LOG];      /* the generation whose frame stands there; 0: not written yet */
byte stamped;       /* the generation whose end time is noted */
byte inside;        /* threads inside finish or compaction: each wants the log to itself */
byte finished[GENERATIONS + 1];
byte ended[GENERATIONS + 1];
bit released;       /* the slot is free for the next span */

#define SAME(w) (word.gen == w.gen && word.closed == w.closed && word.excl == w.excl && word.writers == w.writers && word.cursor == w.cursor)
#define LOAD(w) atomic { w.gen = word.gen; w.closed = word.closed; w.excl = word.excl; w.writers = word.writers; w.cursor = word.cursor }
#define STORE(w) word.gen = w.gen; word.closed = w.closed; word.excl = w.excl; word.writers = w.writers; word.cursor = w.cursor

inline finish(g)
{
    d_step { inside++; assert(inside == 1); assert(finished[g] == 0); finished[g]++; assert(word.gen == g) }
    d_step {
        assert(word.closed && !word.excl && word.writers == 0);
        assert(stamped == g);
        i = 0;
        do
        :: i < word.cursor -> assert(log[i] == g); log[i] = 0; i++
        :: else -> break
        od;
        i = 0
    }
    d_step { inside--; released = 1 }
}

proctype setter(byte g)
{
    word_t w, n; byte at, i; bit ok;
again:
    LOAD(w);
    if
#ifdef BREAK_GENERATION /* a stale handle is not noticed */
    :: w.closed -> goto gone
#else
    :: w.gen != g || w.closed -> goto gone
#endif
    :: else
    fi;
    if
    :: w.excl || w.writers == MAX_WRITERS ->
        if
        :: goto again /* patience */
        :: goto gone  /* and its end: the drop is counted */
        fi
    :: else
    fi;
    if
    :: w.cursor == LOG -> goto gone
    :: else
    fi;
    atomic {
        ok = SAME(w);
        if
        :: ok -> word.writers = w.writers + 1; word.cursor = w.cursor + 1; at = w.cursor
        :: else
        fi
    }
    if
    :: !ok -> goto again
    :: else
    fi;
    atomic { assert(word.gen == g && inside == 0 && log[at] == 0); log[at] = g } /* the frame */
    atomic {
        assert(word.gen == g && word.writers > 0);
        word.writers--;
        LOAD(n)
    }
    if
    :: n.closed && !n.excl && n.writers == 0 -> finish(g)
    :: else
    fi;
gone:
    atomic { w.gen = 0; w.closed = 0; w.excl = 0; w.writers = 0; w.cursor = 0; n.gen = 0; n.closed = 0; n.excl = 0; n.writers = 0; n.cursor = 0; at = 0; i = 0; ok = 0 }
}

proctype ender(byte g)
{
    word_t w, n; byte i; bit ok, alone, crowd;
again:
    LOAD(w);
    if
    :: w.gen != g || w.closed -> goto gone
    :: else
    fi;
#ifdef BREAK_END /* who ends does not count as a writer while the time is noted */
    alone = 1;
#else
    alone = (w.writers == 0 && !w.excl);
#endif
    if
    :: !alone && w.writers == MAX_WRITERS -> crowd = 1 /* no room to be counted, and nobody to wait for: he may be who we interrupted */
    :: else -> crowd = 0
    fi;
    atomic {
        ok = SAME(w);
        if
        :: ok -> assert(!crowd || !w.excl); word.closed = 1; word.excl = w.excl | crowd; word.writers = w.writers + (alone || crowd -> 0 : 1); ended[g]++; assert(ended[g] == 1)
        :: else
        fi
    }
    if
    :: !ok -> goto again
    :: else
    fi;
    atomic { assert(word.gen == g && inside == 0 || !alone); stamped = g }
    if
    :: alone -> finish(g); goto gone
    :: else
    fi;
    atomic {
        assert(word.gen == g && (crowd || word.writers > 0));
        if
        :: crowd -> word.excl = 0
        :: else -> word.writers--
        fi;
        LOAD(n)
    }
    if
    :: n.writers == 0 && !n.excl -> finish(g)
    :: else
    fi;
gone:
    atomic { w.gen = 0; w.closed = 0; w.excl = 0; w.writers = 0; w.cursor = 0; n.gen = 0; n.closed = 0; n.excl = 0; n.writers = 0; n.cursor = 0; i = 0; ok = 0; alone = 0; crowd = 0 }
}

proctype compactor(byte g)
{
    word_t w, n; byte size, i; bit ok;
again:
    LOAD(w);
    if
    :: w.gen != g || w.closed || w.excl -> goto gone
#ifndef BREAK_CROWD /* begins beside as many writers as there can be */
    :: w.writers == MAX_WRITERS -> goto gone
#endif
    :: else
    fi;
    atomic {
        ok = SAME(w);
        if
        :: ok -> word.excl = 1
        :: else
        fi
    }
    if
    :: !ok -> goto again
    :: else
    fi;
    do /* writers leave, or our patience ends */
    :: LOAD(w); size = w.cursor;
        if
        :: w.writers == 0 -> break
        :: w.writers != 0 -> skip
        :: w.writers != 0 -> break
        fi
    od;
    LOAD(w);
    if
#ifdef BREAK_COMPACT /* compacts although writers are still inside */
    :: !w.closed ->
#else
    :: w.writers == 0 && !w.closed ->
#endif
        atomic { inside++; assert(inside == 1) }
        atomic { /* an end may come now, as a writer that notes its time; nobody else is in the log */
            if
            :: size > 1 -> assert(log[size - 1] == g); log[size - 1] = 0; size--
            :: else
            fi
        }
        atomic { inside-- }
    :: else
    fi;
    do
    :: n.gen = w.gen; n.closed = w.closed; n.excl = 0; n.writers = w.writers; n.cursor = size;
        atomic {
            ok = SAME(w);
            if
            :: ok -> STORE(n)
            :: else -> LOAD(w)
            fi
        }
        if
        :: ok -> break
        :: else
        fi
    od;
    if
    :: n.closed && n.writers == 0 -> finish(g)
    :: else
    fi;
gone:
    atomic { w.gen = 0; w.closed = 0; w.excl = 0; w.writers = 0; w.cursor = 0; n.gen = 0; n.closed = 0; n.excl = 0; n.writers = 0; n.cursor = 0; size = 0; i = 0; ok = 0 }
}

/* Takes the free slot for the next span, as open_slot() does: the new generation first, still closed, then the word that opens it. */
inline open(g)
{
    atomic { word.gen = g; word.closed = 1; word.excl = 0; word.writers = 0; word.cursor = 0 }
    atomic { assert(inside == 0); log[0] = g } /* the name */
    atomic { word.cursor = 1; word.closed = 0 }
}

init
{
    byte g = 1;
    do
    :: g <= GENERATIONS ->
        open(g);
        atomic {
            released = 0;
            run setter(g);
            run ender(g);
            if
            :: g == GENERATIONS /* the last span only has to survive the threads of the one before */
            :: g < GENERATIONS -> run setter(g); run ender(g); run compactor(g)
            fi
        }
        released; /* somebody finishes it: if not, this blocks for ever, which Spin reports */
        assert(finished[g] == 1 && ended[g] == 1);
        g++
    :: else -> break
    od
}
