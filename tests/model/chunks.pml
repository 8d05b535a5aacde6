/*
 * The life of chunks (src/record/queue.c, src/sdk/gather.c, reap.c) as a model for Spin: a thread fills chunks and links them, several
 * pipelines follow at their own pace, each with a batch out or not, and the last one to leave a chunk gives it back, to be filled again. The
 * worker may also take a chunk out of the middle that holds nothing for those who lag. A chunk may be left early (a seal), of which the
 * worker hears by itself; that it hears is publish.pml's affair, and here a flag.
 *
 * Proven: every pipeline gets each of its records once, in order, from a chunk that is nobody else's; a chunk is given back once, and never
 * while a cursor or a batch stands in it; a link is followed only to what is whole; when all is done every pipeline has passed every record
 * and only the chunk being filled is left.
 */
#define RECORDS 3
#define ROOM 2   /* records of a chunk */
#define CHUNKS 3
#define PIPES 2
#define BATCH 2
#define NONE 0   /* chunks are 1 to CHUNKS here */

byte next[CHUNKS + 1], committed[CHUNKS + 1], birth[CHUNKS + 1];
byte seq[(CHUNKS + 1) * ROOM], lanes[(CHUNKS + 1) * ROOM];
byte pending[CHUNKS + 1], skipped[CHUNKS + 1]; /* the worker's */
bit taken[CHUNKS + 1];
byte first, written, opened;
bit told, done, retired;

byte cursor[PIPES], offset[PIPES], passed[PIPES];
byte end_chunk[PIPES], end_offset[PIPES], end_records[PIPES]; /* of the batch that is out */
bit out[PIPES];
byte owed; /* records of the second pipeline that it has not got; the first one gets all */

#define REC(c, o) ((c) * ROOM + (o))
#define HAS(c, o, p) ((lanes[REC(c, o)] >> (p)) & 1)

/* ---- the thread ---- */

inline open_chunk()
{
    atomic { /* the bitmap of pages; what is in a chunk before it is linked is nobody's affair */
        n = 1;
        do
        :: n <= CHUNKS && taken[n] -> n++
        :: else -> break
        od;
        if
        :: n <= CHUNKS ->
            taken[n] = 1;
            next[n] = NONE;
            committed[n] = 0;
            pending[n] = 0;
            skipped[n] = 0;
            birth[n] = opened;
            opened++
        :: else -> n = NONE
        fi
    }
    if
    :: n != NONE ->
        if
        :: cur != NONE -> next[cur] = n
        :: else -> first = n
        fi;
        atomic { cur = n; used = 0; n = NONE }
    :: else
    fi
}

proctype producer()
{
    byte cur, used, n, i;
    do
    :: i < RECORDS ->
        i++;
        if
        :: cur == NONE || used == ROOM -> open_chunk()
        :: else
        fi;
        if
        :: cur != NONE && used < ROOM ->
            if /* for both pipelines, or the first one alone */
            :: atomic { lanes[REC(cur, used)] = 3; owed++ }
            :: lanes[REC(cur, used)] = 1
            fi;
            atomic { seq[REC(cur, used)] = written + 1; written++ }
            atomic { used++; committed[cur] = used }
            told = 1;
            if
            :: used < ROOM -> open_chunk(); /* a seal */
#ifndef BREAK_TELL
                told = 1
#endif
            :: skip
            fi
        :: else /* no memory: the drop is counted */
        fi
    :: else -> break
    od;
    atomic { cur = NONE; used = 0; i = 0; done = 1 }
}

/* ---- the worker ---- */

inline release(c)
{
    assert(taken[c]);
    assert(cursor[0] != c && cursor[1] != c);
    assert(!(out[0] && end_chunk[0] == c) && !(out[1] && end_chunk[1] == c));
    taken[c] = 0;
    seq[REC(c, 0)] = 0;
    seq[REC(c, 1)] = 0
}

/* Moves the cursor of `p` to end_*, leaving chunks behind. */
inline advance(p)
{
    atomic {
        out[p] = 0;
        if
        :: cursor[p] == NONE -> cursor[p] = first
        :: else
        fi;
        do
        :: cursor[p] != end_chunk[p] ->
            c = cursor[p];
            assert(next[c] != NONE);
            cursor[p] = next[c];
#ifdef BREAK_PENDING /* the first one to leave gives it back */
            pending[c] = 1;
#else
            if
            :: pending[c] == 0 -> pending[c] = PIPES
            :: else
            fi;
#endif
            pending[c]--;
            if
            :: pending[c] == 0 -> release(c)
            :: else
            fi
        :: else -> break
        od;
        offset[p] = end_offset[p];
        passed[p] = passed[p] + end_records[p];
        c = 0
    }
}

/* From the cursor as far as there is something, or to a full batch. `only_settle`: no further than over the ends of chunks. */
inline walk(p, only_settle)
{
    d_step { c = cursor[p]; o = offset[p]; records = 0; count = 0; stop = 0 }
    if
    :: c == NONE -> c = first
    :: else
    fi;
    do
    :: c == NONE || stop -> break
    :: else ->
#ifdef BREAK_ORDER /* what is committed may have grown until the link is looked at */
        have = committed[c];
        link = next[c];
#else
        link = next[c];
        have = committed[c];
#endif
        atomic {
            assert(taken[c]);
            if
            :: o < have && only_settle -> stop = 1
            :: o < have && !only_settle && HAS(c, o, p) && count == BATCH -> stop = 1
            :: o < have && !only_settle && !(HAS(c, o, p) && count == BATCH) ->
                if
                :: HAS(c, o, p) -> count++; owed = owed - p
                :: else
                fi;
                records++;
                assert(seq[REC(c, o)] == passed[p] + records); /* none is missed, none comes twice */
                o++
            :: o >= have && link == NONE -> stop = 1
            :: o >= have && link != NONE ->
#ifndef BREAK_SKIPPED
                records = records + skipped[c];
#endif
                c = link;
                o = 0
            fi
        }
    od;
    atomic { end_chunk[p] = c; end_offset[p] = o; end_records[p] = records; c = 0; o = 0; records = 0; stop = 0; have = 0; link = 0 }
}

inline gather(p)
{
    walk(p, 0);
    if
    :: count > 0 -> atomic { out[p] = 1; count = 0 }
    :: else ->
        if
        :: end_chunk[p] != NONE -> advance(p)
        :: else
        fi
    fi
}

#define AT(p) (birth[(cursor[p] == NONE -> first : cursor[p])])
#ifdef BREAK_HELD /* a batch is forgotten */
#define HELD(p) AT(p)
#else
#define HELD(p) (out[p] -> birth[end_chunk[p]] : AT(p))
#endif
#define LAGS(p, c) (HELD(p) < birth[c])
#define STANDS(p, c) (AT(p) <= birth[c] && birth[c] <= HELD(p))
#ifdef BREAK_LANES /* nobody looks whether the records are for those who lag */
#define FOREIGN(o) (true)
#else
#define FOREIGN(o) (o >= committed[link] || !((LAGS(0, link) && HAS(link, o, 0)) || (LAGS(1, link) && HAS(link, o, 1))))
#endif

/* Takes chunks out that hold nothing for those who have them before them. */
inline reap()
{
    if
    :: first != NONE && (cursor[0] != NONE || cursor[1] != NONE) ->
        c = (AT(0) <= AT(1) -> cursor[0] : cursor[1]);
        if
        :: c == NONE -> c = first
        :: else
        fi;
        do
        :: true ->
            link = next[c];
            if
            :: link == NONE -> break
            :: else
            fi;
            have = next[link];
            if
            :: have == NONE || !(LAGS(0, link) || LAGS(1, link)) -> break
            :: else
            fi;
            atomic {
                if
                :: !STANDS(0, link) && !STANDS(1, link) && FOREIGN(0) && FOREIGN(1) ->
                    skipped[c] = skipped[c] + committed[link] + skipped[link];
                    next[c] = have;
                    release(link)
                :: else -> c = link
                fi
            }
        od;
        atomic { c = 0; link = 0; have = 0 }
    :: else
    fi
}

#define DRAINED(p) (!out[p] && passed[p] == written)
#ifdef BREAK_SETTLE /* a chunk that was left late is nobody's affair */
#define BEHIND(p) (false)
#else
#define BEHIND(p) (cursor[p] != NONE && next[cursor[p]] != NONE)
#endif

proctype worker()
{
    byte c, o, records, count, have, link; bit stop;
end:
    do
    :: atomic { retired && told -> told = 0; retired = 0 }
    :: !retired && !out[0] && !DRAINED(0) -> gather(0)
    :: !retired && !out[1] && !DRAINED(1) -> gather(1)
    :: out[0] -> advance(0)
    :: out[1] -> advance(1)
    :: !retired && (out[0] || out[1]) -> reap()
    :: !retired && DRAINED(0) && DRAINED(1) ->
#ifndef BREAK_SETTLE
        walk(0, 1);
        if
        :: end_chunk[0] != cursor[0] -> advance(0)
        :: else
        fi;
        walk(1, 1);
        if
        :: end_chunk[1] != cursor[1] -> advance(1)
        :: else
        fi;
#endif
        if
        :: written == passed[0] && (written == passed[1]) && !BEHIND(0) && !BEHIND(1) && !told -> retired = 1
        :: else -> told = 0
        fi
    od
}

init
{
    atomic { run producer(); run worker() }
    atomic {
        done && retired && !told ->
            assert(passed[0] == written && passed[1] == written);
            assert(owed == 0);
            assert(taken[1] + taken[2] + taken[3] == (opened > 0 -> 1 : 0))
    }
}
