/*
 * How recording threads and the worker find each other (src/record/queue.c, src/sdk/worker.c) as a model for Spin. A producer commits by a
 * plain store that may linger in its store buffer, looks at `ready` and at the worker's `asleep`, and announces itself if it was not heard.
 * The worker drains, takes recorders off the list, sets `asleep`, and looks once more before it sleeps. The barrier between what the worker
 * sets and its last look empties every producer's store buffer (membarrier): without it the model loses records, see BREAK_BARRIER.
 * A producer may also leave a chunk behind after its last record (a seal), of which the worker must hear too.
 *
 * Proven: when all producers are done and the worker sleeps with nobody to wake it, everything has been passed by both pipelines, and every
 * chunk that was left has been let go; each recorder is on the ready list at most once.
 */
#define PRODUCERS 2
#define EVENTS 2 /* commits and seals of one producer */
#define LANES 2

byte committed[PRODUCERS], sealed[PRODUCERS];     /* in memory */
byte committing[PRODUCERS], sealing[PRODUCERS];   /* in the producer's store buffer: the value to come, or what is in memory */
bit ready[PRODUCERS];
bit listed[PRODUCERS];                            /* the ready list: its order does not matter */
byte asleep;                                      /* 0 awake, 2 asleep until a record comes */
byte wakes;
byte passed[PRODUCERS * LANES], settled[PRODUCERS * LANES];
bit draining[PRODUCERS];
byte done;
bit sleeping;

#define DRAIN(p) committed[p] = committing[p]; sealed[p] = sealing[p]

inline tell(p)
{
    heard = ready[p];
    if
    :: heard -> heard = (asleep != 2)
    :: else
    fi;
    if
    :: !heard ->
        atomic { /* an exchange is a full fence */
            DRAIN(p);
            was = ready[p];
            ready[p] = 1
        }
        if
        :: !was -> atomic { assert(!listed[p]); listed[p] = 1 }
        :: else
        fi;
        if
        :: asleep == 2 -> atomic { DRAIN(p); if :: asleep -> asleep = 0; wakes++ :: else fi }
        :: else
        fi
    :: else
    fi
}

proctype producer(byte p)
{
    byte n; bit heard, was;
    do
    :: n < EVENTS ->
        if
        :: committing[p]++
        :: n > 0 -> sealing[p]++
        fi;
        tell(p);
        n++
    :: else -> break
    od;
    atomic { n = 0; heard = 0; was = 0; done++ }
}

/* Store buffers empty themselves at any time. */
proctype buffers()
{
end:
    do
    :: atomic { committed[0] != committing[0] || sealed[0] != sealing[0] -> DRAIN(0) }
    :: atomic { committed[1] != committing[1] || sealed[1] != sealing[1] -> DRAIN(1) }
    od
}

inline barrier()
{
#ifdef BREAK_BARRIER
    skip
#else
    atomic { DRAIN(0); DRAIN(1) }
#endif
}

#define DRAINED(p) (passed[p * LANES] == committed[p] && passed[p * LANES + 1] == committed[p])

proctype worker()
{
    byte p, lane; bit again, fresh, was;
    do
    ::  /* collect, and let every pipeline pass what there is */
        atomic {
            p = 0;
            do
            :: p < PRODUCERS && listed[p] -> listed[p] = 0; draining[p] = 1; p++
            :: p < PRODUCERS && !listed[p] -> p++
            :: else -> break
            od;
            p = 0
        }
        lane = 0;
        do
        :: lane < PRODUCERS * LANES ->
            atomic {
                if
                :: draining[lane / LANES] -> passed[lane] = committed[lane / LANES]
                :: else
                fi;
                lane++
            }
        :: else -> break
        od;
        lane = 0;
        again = 0;
        p = 0;
        do /* retire */
        :: p < PRODUCERS && draining[p] && DRAINED(p) ->
#ifndef BREAK_SETTLE
            settled[p * LANES] = sealed[p];
            settled[p * LANES + 1] = sealed[p];
#endif
            ready[p] = 0;
            barrier();
#ifdef BREAK_SETTLE /* a chunk left behind late is nobody's business */
            fresh = (committed[p] != passed[p * LANES]);
#else
            fresh = (committed[p] != passed[p * LANES] || sealed[p] != settled[p * LANES]);
#endif
            if
            :: fresh ->
                atomic { was = ready[p]; ready[p] = 1 }
                if
                :: was -> draining[p] = 0 /* its thread has announced it again: it stands on the list */
                :: else -> again = 1
                fi
            :: else -> draining[p] = 0
            fi;
            p++
        :: p < PRODUCERS && draining[p] && !DRAINED(p) -> again = 1; p++
        :: p < PRODUCERS && !draining[p] -> p++
        :: else -> break
        od;
        atomic { p = 0; fresh = 0; was = 0 }
        asleep = 2;
        barrier();
        again = again || listed[0] || listed[1];
        if
        :: !again ->
            sleeping = 1;
endsleep:   atomic { wakes > 0 -> wakes = 0; sleeping = 0 }
        :: else
        fi;
        atomic { asleep = 0; again = 0 }
    od
}

init
{
    atomic { run producer(0); run producer(1); run worker(); run buffers() }
    atomic {
        done == PRODUCERS && sleeping && wakes == 0 && committed[0] == committing[0] && committed[1] == committing[1] &&
                sealed[0] == sealing[0] && sealed[1] == sealing[1] ->
            assert(DRAINED(0) && DRAINED(1));
            assert(settled[0] == sealed[0] && settled[1] == sealed[0] && settled[2] == sealed[1] && settled[3] == sealed[1])
    }
}
