/* siphash_test.c: the vectors of the paper's reference: key 00 01 ... 0f, data 00 01 02 ... */
#include "base/siphash.h"
#include "support/support.h"

static uint64_t of_length(size_t n)
{
	uint8_t key[RL_SIPHASH_KEY], data[64];
	for (uint8_t i = 0; i < sizeof(data); i++) {
		data[i] = i;
		if (i < sizeof(key))
			key[i] = i;
	}
	return rl_siphash(key, rl_slice(test_guarded(data, n), n));
}

TEST(siphash, is_that_of_the_paper)
{
	assert_true(of_length(0) == 0x726fdb47dd0e0e31);
	assert_true(of_length(1) == 0x74f839c593dc67fd);
	assert_true(of_length(7) == 0xab0200f58b01d137);
	assert_true(of_length(8) == 0x93f5f5799a932462);
	assert_true(of_length(15) == 0xa129ca6149be45e5);
}
