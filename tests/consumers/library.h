#ifndef CONSUMERS_LIBRARY_H
#define CONSUMERS_LIBRARY_H

int library_work(int n);

#endif
