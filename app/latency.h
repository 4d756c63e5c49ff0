/* latency.h: times of round trips, counted in buckets, each within 1.6 % of what it holds, so that any number of them
 * takes the same memory. */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

/* 64 for each power of two from 2^6 on, and one for each number below. */
enum { LATENCY_BUCKETS = 64 * 59 };

/* All zero has none. */
struct latency {
	uint64_t count, max;
	double sum;
	uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);

/* The time within which that part of them came, 0.5 for a half; 0: there are none. */
uint64_t latency_at(const struct latency *latency, double part);

#endif
