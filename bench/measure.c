#include "measure.h"

#include <stdlib.h>

void bench_sleep_us(unsigned us)
{
    const struct timespec t = { us / 1000000, (long)(us % 1000000) * 1000 };
    (void)nanosleep(&t, NULL);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    if (!count)
        return 0;
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
