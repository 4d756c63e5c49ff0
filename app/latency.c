/* latency.c: the bucket of a number is its highest bit and the six bits behind that. */
#include "latency.h"

static unsigned bucket_of(uint64_t ns)
{
	if (ns < 64)
		return (unsigned)ns;
	const unsigned top = 63U - (unsigned)__builtin_clzll(ns);
	return (top - 5) * 64 + (unsigned)(ns >> (top - 6) & 63);
}

/* The largest number in a bucket. */
static uint64_t end_of(unsigned bucket)
{
	if (bucket < 64)
		return bucket;
	const unsigned top = bucket / 64 + 5;
	return ((UINT64_C(64) + bucket % 64) << (top - 6)) + (UINT64_C(1) << (top - 6)) - 1;
}

void latency_add(struct latency *latency, uint64_t ns)
{
	latency->buckets[bucket_of(ns)]++;
	latency->count++;
	latency->sum += (double)ns;
	if (ns > latency->max)
		latency->max = ns;
}

uint64_t latency_at(const struct latency *latency, double part)
{
	const double wanted = part * (double)latency->count;
	uint64_t seen = 0;
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (seen && (double)seen >= wanted) {
			const uint64_t end = end_of(i);
			return end < latency->max ? end : latency->max;
		}
	}
	return latency->max;
}
