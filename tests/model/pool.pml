/*
 * The stack of free items of src/record/pool.c as a model for Spin: threads take and give back slots at the same time, where one may look at
 * an item's link long after the item was taken. The tag beside the head, counted up by every change, is what makes the compare-and-swap notice.
 * Proven: no item is ever held by two, and none is lost.
 */
#define ITEMS 3
#define THREADS 3
#define ROUNDS 2
#define NONE 0 /* items are 1 to ITEMS here */

byte head = NONE;
byte tag;
byte below[ITEMS + 1];
bit held[ITEMS + 1];
byte done;

proctype thread()
{
    byte round, item, seen, seen_tag, next; bit ok;
    do
    :: round < ROUNDS ->
take:
        atomic { seen = head; seen_tag = tag }
        if
        :: seen == NONE -> goto none
        :: else
        fi;
        next = below[seen]; /* it may be somebody else's by now */
        atomic {
#ifdef BREAK_TAG
            ok = (head == seen);
#else
            ok = (head == seen && tag == seen_tag);
#endif
            if
            :: ok -> head = next; tag++
            :: else
            fi
        }
        if
        :: !ok -> goto take
        :: else
        fi;
        item = seen;
        atomic { assert(!held[item]); held[item] = 1 }
        atomic { held[item] = 0; seen = head; seen_tag = tag }
again:
        below[item] = seen;
        atomic {
#ifdef BREAK_TAG
            ok = (head == seen);
#else
            ok = (head == seen && tag == seen_tag);
#endif
            if
            :: ok -> head = item; tag++
            :: else -> seen = head; seen_tag = tag
            fi
        }
        if
        :: !ok -> goto again
        :: else
        fi;
none:
        round++
    :: else -> break
    od;
    atomic { round = 0; item = 0; seen = 0; seen_tag = 0; next = 0; ok = 0; done++ }
}

init
{
    byte i, n;
    atomic {
        i = 1;
        do
        :: i <= ITEMS -> below[i] = head; head = i; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < THREADS -> run thread(); i++
        :: else -> break
        od
    }
    done == THREADS;
    atomic {
        i = head;
        do
        :: i != NONE && n <= ITEMS -> n++; i = below[i]
        :: else -> break
        od;
        assert(n == ITEMS)
    }
}
