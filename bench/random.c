/* xorshift64* (Vigna, 2016). */
#include "random.h"

#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

uint32_t random_below(uint32_t limit)
{
	return (uint32_t)((next() >> 32) * limit >> 32);
}

void random_fill(void *data, size_t len, void *user)
{
	uint8_t *out = data;
	(void)user;
	while (len > 0) {
		uint64_t value = next();
		size_t n = len < sizeof value ? len : sizeof value;
		memcpy(out, &value, n);
		out += n;
		len -= n;
	}
}
