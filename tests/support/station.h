/*
 * Exporters by the name `station`, as many as a pipeline asks for, that wait for a test to answer for each of them. Spans are told apart by their
 * attribute `seq`. One station at a time.
 *
 *     station_open();
 *     ... spw_start() with exporter_name = "station", max_concurrent_exports = 4; record 40 spans in batches of 10 ...
 *     assert_true(station_wait(4));                                  // each has a batch
 *     station_answer(3, (struct station_answer){ SPW_EXPORT_RETRY }); // the one that got its batch last answers first
 *     ...
 *     station_close();                                               // after spw_shutdown()
 */
#ifndef TESTS_STATION_H
#define TESTS_STATION_H

#include <spanwire/exporter.h>

enum { STATION_SPANS = 100000 };

struct station_answer {
    spw_export_status status;
    uint64_t retry_after_ms;
    bool refused;
};

void station_open(void);
void station_close(void);

/* Until exactly `busy` exporters have a batch; false after 20 s. */
bool station_wait(unsigned busy);

/* How many have one now. */
unsigned station_busy(void);

/* Answers for the `index`th of the batches that are out, 0 the one with the lowest sequence. From this thread. False: there are not so many. */
bool station_answer(unsigned index, struct station_answer answer);

/* The sequence of that batch, and the `seq` of its first span; 0: there is none. */
uint64_t station_sequence(unsigned index);
int64_t station_first(unsigned index);

/* From now on every batch is answered DELIVERED, within submit(); or again only when the test says so. */
void station_deliver_all(void);
void station_hold(void);

unsigned station_exporters(void); /* made */
unsigned station_destroyed(void);
unsigned station_submits(void);
unsigned station_cancels(void);
unsigned station_most(void); /* batches out at once, at most */
bool station_called_twice(void); /* one exporter was given a batch while it had one */

/* How often the span was delivered. */
unsigned station_delivered(int64_t seq);

#endif
