/* A program that uses the library and knows nothing of telemetry. */
#include "library.h"

int main(void)
{
    return library_work(41) == 42 ? 0 : 1;
}
