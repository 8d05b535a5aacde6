/*
 * A thread pool. Each job carries the context of the code that submitted it, so that its span is a child of the submitter's span although
 * it runs on another thread, later.
 *
 *     workers              counts primes in twelve jobs on four threads
 */
#include <pthread.h>
#include <spanwire/spanwire.h>
#include <stdio.h>

enum { THREADS = 4, JOBS = 12, NUMBERS_A_JOB = 50000 };

typedef struct job {
    int number;
    int primes;          /* the result */
    spw_context context; /* of the code that submitted it: valid even after its span has ended; given back when the job is done */
} job;

typedef struct pool {
    pthread_mutex_t lock;
    job *jobs;
    size_t next, count;
} pool;

static bool is_prime(int n)
{
    for (int d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return n > 1;
}

static void run_job(job *j)
{
    spw_token token = spw_context_attach(&j->context); /* what was current at submit() is current here */
    {
        SPW_SPAN(span, "count primes");
        int first = j->number * NUMBERS_A_JOB;
        for (int n = first; n < first + NUMBERS_A_JOB; n++)
            j->primes += is_prime(n);
        spw_set(span, "job.number", j->number);
        spw_set(span, "job.primes", j->primes);
    }
    spw_context_detach(token);
    spw_context_release(&j->context);
}

static job *take(pool *p)
{
    pthread_mutex_lock(&p->lock);
    job *j = p->next < p->count ? &p->jobs[p->next++] : NULL;
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *worker(void *arg)
{
    for (job *j = take(arg); j; j = take(arg))
        run_job(j);
    return NULL;
}

static int run_pool(job *jobs, size_t count)
{
    pool p = { .lock = PTHREAD_MUTEX_INITIALIZER, .jobs = jobs, .count = count };
    pthread_t threads[THREADS];
    size_t started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, worker, &p) == 0)
        started++;
    worker(&p); /* this thread helps, so that the work is done even if no thread could be started */
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);

    int primes = 0;
    for (size_t i = 0; i < count; i++)
        primes += jobs[i].primes;
    return primes;
}

int main(void)
{
    spw_start(NULL);
    {
        SPW_SPAN(run, "count all primes");
        job jobs[JOBS] = { 0 };
        for (int i = 0; i < JOBS; i++) {
            jobs[i].number = i;
            jobs[i].context = spw_context_capture(); /* captured at submit */
        }
        int primes = run_pool(jobs, JOBS);
        spw_set(run, "primes", primes);
        printf("%d primes below %d\n", primes, JOBS * NUMBERS_A_JOB);
    }
    spw_result sent = spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
    if (sent != SPW_OK)
        fprintf(stderr, "telemetry was not delivered: %s\n", spw_result_text(sent));
    return 0;
}
