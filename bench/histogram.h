/* histogram.h: times in nanoseconds, kept to about 1.5 %: 64 steps for each doubling. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS     64
#define HISTOGRAM_DOUBLINGS 40

/* All-zero is empty. */
struct histogram {
	uint64_t counts[HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS];
	uint64_t total;
	uint64_t max;
};

void histogram_add(struct histogram *h, uint64_t ns);

/* The time which that share (0 to 1) of all stayed at or below; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
