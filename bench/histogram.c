/* A value below 64 has a slot of its own; above, its six bits behind the leading one choose the
 * slot within its doubling. */
#include "histogram.h"

static unsigned slot_of(uint64_t ns)
{
	if (ns < HISTOGRAM_STEPS)
		return (unsigned)ns;
	unsigned doubling = 63u - (unsigned)__builtin_clzll(ns) - 5u;
	if (doubling >= HISTOGRAM_DOUBLINGS)
		return HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS - 1;
	return doubling * HISTOGRAM_STEPS + (unsigned)(ns >> (doubling - 1)) % HISTOGRAM_STEPS;
}

/* The largest value of a slot. */
static uint64_t top_of(unsigned slot)
{
	unsigned doubling = slot / HISTOGRAM_STEPS;
	uint64_t step = slot % HISTOGRAM_STEPS;
	if (doubling == 0)
		return step;
	return ((HISTOGRAM_STEPS + step + 1) << (doubling - 1)) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->counts[slot_of(ns)]++;
	h->total++;
	if (ns > h->max)
		h->max = ns;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)h->total + 0.5);
	uint64_t seen = 0;

	for (unsigned slot = 0; slot < HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS; slot++) {
		seen += h->counts[slot];
		if (seen > 0 && seen >= wanted) {
			uint64_t top = top_of(slot);
			return top < h->max ? top : h->max;
		}
	}
	return h->max;
}
