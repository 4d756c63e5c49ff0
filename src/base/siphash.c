/* siphash.c: see siphash.h. */
#include "base/siphash.h"

/* Eight of them, which compilers see to be one load. */
static inline uint64_t load_word(const uint8_t *d)
{
	return (uint64_t)d[0] | (uint64_t)d[1] << 8 | (uint64_t)d[2] << 16 | (uint64_t)d[3] << 24 |
	       (uint64_t)d[4] << 32 | (uint64_t)d[5] << 40 | (uint64_t)d[6] << 48 | (uint64_t)d[7] << 56;
}

/* The bytes behind the last whole word. */
static inline uint64_t load_rest(struct rl_slice data)
{
	size_t n = data.len % 8;
	uint64_t word = 0;

	if (n && data.len > 8)
		return load_word(data.data + data.len - 8) >> (64 - 8 * n);
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)data.data[data.len - n + i] << (8 * i);
	return word;
}

static inline uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void mix(uint64_t v[4], int rounds)
{
	for (int i = 0; i < rounds; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t rl_siphash(const uint8_t key[RL_SIPHASH_KEY], struct rl_slice data)
{
	uint64_t k0 = load_word(key), k1 = load_word(key + 8), last = (uint64_t)data.len << 56 | load_rest(data);
	/* The paper's constants: "somepseudorandomlygeneratedbytes". */
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573 };
	for (; data.len >= 8; rl_slice_skip(&data, 8)) {
		uint64_t word = load_word(data.data);
		v[3] ^= word;
		mix(v, 2);
		v[0] ^= word;
	}
	v[3] ^= last;
	mix(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
