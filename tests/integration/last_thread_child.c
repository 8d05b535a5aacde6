/*
 * A program whose main() leaves by pthread_exit(), in the way its argument says. It ends with 0 when its spans came where they should; 40 and more
 * is what went wrong.
 */
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_MS = 300, OUTLIVED = 7, STARTS = 150 };

static unsigned delivered, held; /* atomic */
static unsigned expected;        /* spans, when the program ends */

static void deliver(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    const spw_export_result result = SPW_EXPORT_RESULT_INIT;
    (void)self;
    __atomic_add_fetch(&delivered, (unsigned)spw_batch_count(batch), __ATOMIC_SEQ_CST);
    done(token, &result);
}

static void hang(spw_exporter *self, const spw_batch *batch, spw_export_done_fn done, void *token)
{
    (void)self, (void)batch, (void)done, (void)token;
    __atomic_store_n(&held, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
}

/* Runs after the SDK's own handler, for it was registered before the start. */
static void judge(void)
{
    if (__atomic_load_n(&delivered, __ATOMIC_SEQ_CST) != expected)
        _exit(40);
}

static void start(void (*submit)(spw_exporter *, const spw_batch *, spw_export_done_fn, void *), uint32_t flags, bool pump)
{
    static spw_exporter exporter = SPW_EXPORTER_INIT;
    exporter.name = "of the test";
    exporter.flags = flags;
    exporter.submit = submit;
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = &exporter;
    pipeline.schedule_delay_ms = 1;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    options.pump = pump;
    options.log_level = SPW_LOG_ERROR;
    options.exit_timeout_ms = submit == hang ? EXIT_MS : 20000;
    if (spw_start(&options) != SPW_OK)
        _exit(41);
}

static void record(void)
{
    spw_span_end(spw_span_start(NULL, "of the last", NULL));
}

static void wait_until_held(void)
{
    while (!__atomic_load_n(&held, __ATOMIC_SEQ_CST)) {
        (void)spw_pump_step(); /* nothing where there is a worker */
        usleep(1000);
    }
}

static void start_thread(void *(*body)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, NULL) != 0)
        _exit(42);
    pthread_detach(thread);
}

/* ---- ways to leave ---- */

static void with_a_worker(void)
{
    expected = 1;
    start(deliver, 0, false);
    record();
}

/* Nobody steps, and the exporter's thread is the only one. */
static void pumped(void)
{
    expected = 1;
    start(deliver, SPW_EXPORTER_BLOCKS, true);
    record();
}

static void pumped_and_stuck(void)
{
    start(hang, SPW_EXPORTER_BLOCKS, true);
    record();
    wait_until_held();
}

/* It stands in the exporter: whoever ends the program cannot be the worker. */
static void with_a_stuck_worker(void)
{
    start(hang, 0, false);
    record();
    wait_until_held();
}

static void with_a_thread_left_behind(void)
{
    start(hang, SPW_EXPORTER_BLOCKS, false);
    record();
    wait_until_held();
    if (spw_shutdown(10) != SPW_ERR_TIMEOUT)
        _exit(43);
}

/* Started when main() has left. */
static void *start_and_go(void *arg)
{
    usleep(20000);
    with_a_worker();
    return arg;
}

static void before_the_start(void)
{
    start_thread(start_and_go);
}

/* Threads of ours come and go under the look: the program's own is never mistaken for one of them. */
static void *start_again_and_again(void *arg)
{
    for (int i = 0; i < STARTS; i++) {
        start(deliver, i % 2 ? SPW_EXPORTER_BLOCKS : 0, i % 3 == 0);
        usleep(1000);
        spw_shutdown(20000);
    }
    start(deliver, 0, false);
    usleep(600000);
    _exit(OUTLIVED);
    return arg;
}

static void beside_a_thread_of_the_program(void)
{
    start_thread(start_again_and_again);
}

/* What cannot be looked at is no reason to end. */
static void *use_all_descriptors(void *arg)
{
    struct rlimit limit = { 64, 64 };
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < 400; i++) {
        int last = -1;
        for (int fd; (fd = dup(0)) >= 0;)
            last = fd;
        usleep(2000);
        close(last); /* now and then one for the folder, and none for what is in it */
        usleep(3000);
    }
    _exit(OUTLIVED);
    return arg;
}

static void without_descriptors(void)
{
    start(deliver, 0, false);
    start_thread(use_all_descriptors);
}

static const struct {
    const char *name;
    void (*leave)(void);
} ways[] = {
    { "worker", with_a_worker },
    { "pumped", pumped },
    { "pumped_stuck", pumped_and_stuck },
    { "stuck_worker", with_a_stuck_worker },
    { "left_behind", with_a_thread_left_behind },
    { "before_start", before_the_start },
    { "outlived", beside_a_thread_of_the_program },
    { "descriptors", without_descriptors },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].name, argv[1]) != 0)
            continue;
        atexit(judge);
        ways[i].leave();
        pthread_exit(NULL);
    }
    return 44;
}
