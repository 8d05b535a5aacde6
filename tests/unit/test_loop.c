/* The worker's event loop: timers, watches, wake-ups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "sdk/loop.h"

enum { LATE_MS = 2000 }; /* never early is the promise; how late a loaded machine is, is not */

struct timer_case {
    spw_timer timer;
    spw_loop *loop;
    unsigned fired;
    uint64_t fired_at;
    char *trail; /* appends its letter */
    char letter;
    struct timer_case *disarms;
    uint64_t rearm_ms; /* with rearms > 0 */
    unsigned rearms;
};

static void on_time(void *arg)
{
    struct timer_case *t = arg;
    t->fired++;
    t->fired_at = spw_loop_now_ms(t->loop);
    if (t->trail)
        strncat(t->trail, &t->letter, 1);
    if (t->disarms)
        spw_loop_disarm(t->loop, &t->disarms->timer);
    if (t->rearms) {
        t->rearms--;
        spw_loop_arm(t->loop, &t->timer, t->rearm_ms);
    }
}

static void init_timer(struct timer_case *t, spw_loop *loop)
{
    memset(t, 0, sizeof *t);
    t->loop = loop;
    t->timer.fn = on_time;
    t->timer.arg = t;
}

static int set_up(void **state)
{
    spw_error error = SPW_ERROR_INIT;
    *state = spw__loop_new(&error);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    spw__loop_destroy(*state);
    return 0;
}

static void timers_fire_in_order_and_never_early(void **state)
{
    spw_loop *loop = *state;
    struct timer_case t[4];
    char trail[8] = "";
    static const uint64_t delays[4] = { 30, 10, 20, 10 };
    for (int i = 0; i < 4; i++) {
        init_timer(&t[i], loop);
        t[i].trail = trail;
        t[i].letter = (char)('a' + i);
    }
    uint64_t begin;
    do {
        begin = spw_loop_now_ms(loop);
        for (int i = 0; i < 4; i++)
            spw_loop_arm(loop, &t[i].timer, delays[i]);
    } while (spw_loop_now_ms(loop) - begin > 5); /* held up in between: another order would be right */
    while (t[0].fired == 0)
        spw__loop_step(loop, -1);
    assert_string_equal(trail, "bdca");
    for (int i = 0; i < 4; i++) {
        assert_in_range(t[i].fired_at - begin, delays[i], delays[i] + LATE_MS);
        assert_false(t[i].timer.armed);
    }
}

static void arming_again_moves(void **state)
{
    spw_loop *loop = *state;
    struct timer_case t;
    init_timer(&t, loop);
    uint64_t begin = spw_loop_now_ms(loop);
    spw_loop_arm(loop, &t.timer, 0);
    spw_loop_arm(loop, &t.timer, 60);
    spw__loop_step(loop, 20);
    if (!t.fired) /* else a loaded machine has let the 60 ms pass */
        spw__loop_step(loop, -1);
    assert_int_equal(t.fired, 1);
    assert_in_range(t.fired_at - begin, 60, 60 + LATE_MS);
}

static void disarming_is_harmless_at_any_time(void **state)
{
    spw_loop *loop = *state;
    struct timer_case first;
    struct timer_case second;
    init_timer(&first, loop);
    init_timer(&second, loop);
    spw_loop_disarm(loop, &first.timer);
    spw_loop_arm(loop, &first.timer, 5);
    spw_loop_arm(loop, &second.timer, 5);
    first.disarms = &second; /* both are due in the same step */
    usleep(20000);
    spw__loop_step(loop, 0);
    spw__loop_step(loop, 0);
    assert_int_equal(first.fired, 1);
    assert_int_equal(second.fired, 0);
    spw_loop_disarm(loop, &second.timer);
}

static void a_timer_that_rearms_itself_does_not_hold_the_step(void **state)
{
    spw_loop *loop = *state;
    struct timer_case t;
    init_timer(&t, loop);
    t.rearms = 1000000;
    spw_loop_arm(loop, &t.timer, 0);
    spw__loop_step(loop, -1);
    assert_int_equal(t.fired, 1);
    spw__loop_step(loop, -1);
    assert_int_equal(t.fired, 2);
    spw_loop_disarm(loop, &t.timer);
}

static void far_timers_do_not_overflow(void **state)
{
    spw_loop *loop = *state;
    struct timer_case t;
    init_timer(&t, loop);
    spw_loop_arm(loop, &t.timer, UINT64_MAX);
    spw__loop_step(loop, 5);
    assert_int_equal(t.fired, 0);
    assert_true(t.timer.armed);
    spw_loop_disarm(loop, &t.timer);
}

static void destroying_leaves_no_timer_armed(void **state)
{
    (void)state;
    spw_loop *loop = spw__loop_new(NULL);
    struct timer_case t;
    init_timer(&t, loop);
    spw_loop_arm(loop, &t.timer, 1000);
    spw__loop_destroy(loop);
    assert_false(t.timer.armed);
}

static void *wake_later(void *loop)
{
    usleep(30000);
    spw__loop_wake(loop);
    return NULL;
}

static void wakes_from_another_thread_and_once(void **state)
{
    spw_loop *loop = *state;
    pthread_t thread;
    uint64_t begin = spw_loop_now_ms(loop);
    assert_int_equal(pthread_create(&thread, NULL, wake_later, loop), 0);
    spw__loop_step(loop, -1);
    assert_in_range(spw_loop_now_ms(loop) - begin, 20, LATE_MS);
    pthread_join(thread, NULL);
    begin = spw_loop_now_ms(loop);
    spw__loop_step(loop, 30); /* drained: nothing is left to return for */
    assert_in_range(spw_loop_now_ms(loop) - begin, 30, LATE_MS);
    spw__loop_wake(loop);
    spw__loop_wake(loop);
    begin = spw_loop_now_ms(loop);
    spw__loop_step(loop, 5000);
    assert_in_range(spw_loop_now_ms(loop) - begin, 0, LATE_MS);
}

static void on_signal(int number)
{
    (void)number;
}

static void signals_do_not_end_a_wait(void **state)
{
    spw_loop *loop = *state;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* no SA_RESTART */
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = { { 0, 5000 }, { 0, 5000 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &every, NULL);
    uint64_t begin = spw_loop_now_ms(loop);
    spw__loop_step(loop, 60);
    uint64_t took = spw_loop_now_ms(loop) - begin;
    setitimer(ITIMER_REAL, &never, NULL);
    assert_in_range(took, 60, LATE_MS);
}

/* ---- watches ---- */

struct watch_case {
    spw_loop *loop;
    int fd;
    unsigned calls;
    unsigned events;
    int unwatches; /* a descriptor to stop watching, or -1 */
    int replaces;  /* close this descriptor and watch a new one under its number, or -1 */
};

static void on_io(void *arg, int fd, unsigned events)
{
    struct watch_case *w = arg;
    assert_int_equal(fd, w->fd);
    w->calls++;
    w->events |= events;
    if (w->unwatches >= 0)
        spw_loop_watch(w->loop, w->unwatches, 0, NULL, NULL);
    if (w->replaces >= 0) {
        int fresh[2];
        spw_loop_watch(w->loop, w->replaces, 0, NULL, NULL);
        assert_int_equal(pipe(fresh), 0);
        assert_int_equal(dup2(fresh[0], w->replaces), w->replaces);
        close(fresh[0]);
        spw_loop_watch(w->loop, w->replaces, SPW_IO_READ, on_io, arg);
        close(fresh[1]);
        w->replaces = -1;
    }
}

static void reports_reading_writing_and_hang_up(void **state)
{
    spw_loop *loop = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct watch_case w = { loop, pair[0], 0, 0, -1, -1 };
    assert_int_equal(spw_loop_watch(loop, pair[0], SPW_IO_READ, on_io, &w), SPW_OK);
    spw__loop_step(loop, 0);
    assert_int_equal(w.calls, 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    spw__loop_step(loop, -1);
    assert_int_equal(w.events, SPW_IO_READ);
    assert_int_equal(spw_loop_watch(loop, pair[0], SPW_IO_READ | SPW_IO_WRITE, on_io, &w), SPW_OK);
    spw__loop_step(loop, -1);
    assert_int_equal(w.events, SPW_IO_READ | SPW_IO_WRITE);
    close(pair[1]);
    spw__loop_step(loop, -1);
    assert_true(w.events & SPW_IO_ERROR);
    assert_int_equal(spw_loop_watch(loop, pair[0], 0, NULL, NULL), SPW_OK);
    assert_int_equal(spw_loop_watch(loop, pair[0], 0, NULL, NULL), SPW_OK);
    w.calls = 0;
    spw__loop_step(loop, 0);
    assert_int_equal(w.calls, 0);
    close(pair[0]);
}

static void a_watch_taken_away_by_a_callback_is_not_called(void **state)
{
    spw_loop *loop = *state;
    int a[2];
    int b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    struct watch_case wa = { loop, a[0], 0, 0, b[0], -1 };
    struct watch_case wb = { loop, b[0], 0, 0, a[0], -1 };
    spw_loop_watch(loop, a[0], SPW_IO_READ, on_io, &wa);
    spw_loop_watch(loop, b[0], SPW_IO_READ, on_io, &wb);
    assert_int_equal(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
    spw__loop_step(loop, -1);
    assert_int_equal(wa.calls + wb.calls, 1);
    spw_loop_watch(loop, a[0], 0, NULL, NULL);
    spw_loop_watch(loop, b[0], 0, NULL, NULL);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void an_old_event_is_not_given_to_a_new_watch_of_the_same_number(void **state)
{
    spw_loop *loop = *state;
    int a[2];
    int b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    struct watch_case wa = { loop, a[0], 0, 0, -1, b[0] };
    struct watch_case wb = { loop, b[0], 0, 0, -1, -1 };
    spw_loop_watch(loop, a[0], SPW_IO_READ, on_io, &wa);
    assert_int_equal(write(a[1], "x", 1), 1);
    spw_loop_watch(loop, b[0], SPW_IO_READ, on_io, &wb);
    assert_int_equal(write(b[1], "x", 1), 1);
    /* a's callback, if it is first, puts another pipe at b's number; its callback would fail as the number is not a's */
    spw__loop_step(loop, -1);
    assert_int_equal(wa.calls, 1);
    spw_loop_watch(loop, b[0], 0, NULL, NULL);
    spw_loop_watch(loop, a[0], 0, NULL, NULL);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void many_watches_grow_the_table(void **state)
{
    spw_loop *loop = *state;
    enum { COUNT = 100 };
    int pipes[COUNT][2];
    struct watch_case w[COUNT];
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        w[i] = (struct watch_case){ loop, pipes[i][0], 0, 0, -1, -1 };
        assert_int_equal(spw_loop_watch(loop, pipes[i][0], SPW_IO_READ, on_io, &w[i]), SPW_OK);
    }
    for (int i = 0; i < COUNT; i++)
        close(pipes[i][1]); /* end of file: readable */
    for (int i = 0; i < 10; i++)
        spw__loop_step(loop, 0);
    for (int i = 0; i < COUNT; i++) {
        assert_true(w[i].calls > 0);
        spw_loop_watch(loop, pipes[i][0], 0, NULL, NULL);
        close(pipes[i][0]);
    }
}

static void refuses_what_cannot_be_watched(void **state)
{
    spw_loop *loop = *state;
    struct watch_case w = { loop, -1, 0, 0, -1, -1 };
    assert_int_equal(spw_loop_watch(loop, -1, SPW_IO_READ, on_io, &w), SPW_ERR_INVALID);
    assert_int_equal(spw_loop_watch(loop, 0, SPW_IO_READ, NULL, NULL), SPW_ERR_INVALID);
    assert_int_equal(spw_loop_watch(loop, 9999, SPW_IO_READ, on_io, &w), SPW_ERR_SYSTEM);
}

static void its_descriptors_are_close_on_exec(void **state)
{
    (void)state;
    int before = dup(0);
    close(before); /* the lowest free number */
    spw_loop *loop = spw__loop_new(NULL);
    assert_true(fcntl(before, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(before + 1, F_GETFD) & FD_CLOEXEC);
    spw__loop_destroy(loop);
    assert_int_equal(fcntl(before, F_GETFD), -1);
    assert_int_equal(fcntl(before + 1, F_GETFD), -1);
}

static bool readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

/* Both descriptors say what a step would find; the one for the program not while it is mute, and again afterwards. */
static void an_outer_loop_sees_wake_ups_unless_muted(void **state)
{
    spw_loop *loop = *state;
    spw__loop_mute(loop, true); /* nothing to mute yet */
    int outlet = spw__loop_outlet(loop, NULL);
    assert_true(outlet >= 0);
    assert_int_equal(spw__loop_outlet(loop, NULL), outlet);
    assert_true(fcntl(outlet, F_GETFD) & FD_CLOEXEC);
    assert_false(readable(outlet));
    spw__loop_wake(loop);
    assert_true(readable(outlet));
    assert_true(readable(spw__loop_fd(loop)));
    spw__loop_mute(loop, true);
    assert_false(readable(outlet));
    assert_true(readable(spw__loop_fd(loop)));
    spw__loop_mute(loop, false);
    assert_true(readable(outlet));
    spw__loop_step(loop, 0);
    assert_false(readable(outlet));
}

static void an_outer_loop_is_told_the_next_timer(void **state)
{
    spw_loop *loop = *state;
    struct timer_case late, early;
    init_timer(&late, loop);
    init_timer(&early, loop);
    assert_int_equal(spw__loop_due_ms(loop), UINT64_MAX);
    uint64_t now = spw_loop_now_ms(loop);
    spw_loop_arm(loop, &late.timer, 60000);
    assert_true(spw__loop_due_ms(loop) >= now + 60000);
    spw_loop_arm(loop, &early.timer, 20);
    assert_true(spw__loop_due_ms(loop) >= now + 20 && spw__loop_due_ms(loop) < now + 60000);
    spw_loop_disarm(loop, &early.timer);
    assert_true(spw__loop_due_ms(loop) >= now + 60000);
    spw_loop_disarm(loop, &late.timer);
    assert_int_equal(spw__loop_due_ms(loop), UINT64_MAX);
}

static void says_when_there_are_no_descriptors(void **state)
{
    (void)state;
    struct rlimit old;
    spw_error error = SPW_ERROR_INIT;
    getrlimit(RLIMIT_NOFILE, &old);
    struct rlimit none = { 0, old.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    spw_loop *loop = spw__loop_new(&error);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_null(loop);
    assert_int_equal(error.code, SPW_ERR_SYSTEM);
    assert_non_null(strstr(error.text, "ulimit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_in_order_and_never_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arming_again_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(disarming_is_harmless_at_any_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_that_rearms_itself_does_not_hold_the_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(far_timers_do_not_overflow, set_up, tear_down),
        cmocka_unit_test(destroying_leaves_no_timer_armed),
        cmocka_unit_test_setup_teardown(wakes_from_another_thread_and_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_do_not_end_a_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reports_reading_writing_and_hang_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_watch_taken_away_by_a_callback_is_not_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_old_event_is_not_given_to_a_new_watch_of_the_same_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_watches_grow_the_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_cannot_be_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_outer_loop_sees_wake_ups_unless_muted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_outer_loop_is_told_the_next_timer, set_up, tear_down),
        cmocka_unit_test(its_descriptors_are_close_on_exec),
        cmocka_unit_test(says_when_there_are_no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
