/* Proves that a loop's random bytes are the kernel's, fetched by the block and handed out once. */
#include <string.h>
#include "support/memory_stream.h"
#include "support/support.h"

static size_t fills, filled;
static uint8_t next;

/* Bytes that count up, and never the same block. */
static void count_up(void *data, size_t len, void *user)
{
	uint8_t *bytes = data;
	(void)user;
	fills++;
	filled = len;
	for (size_t i = 0; i < len; i++)
		bytes[i] = ++next;
}

static rill_loop *counting_loop(void)
{
	rill_loop *loop = test_loop();
	fills = next = 0;
	loop->env.random = count_up;
	loop->random.left = 0;
	rl_loop_begin_random(loop);
	return loop;
}

TEST(loop_random, is_fetched_by_the_block_and_handed_out_once)
{
	rill_loop *loop = counting_loop();
	size_t block = sizeof(loop->random.bytes);
	uint8_t key[4], expected = 0;
	for (size_t i = 0; i < 3 * block / 4; i++) {
		loop->env.random(key, sizeof(key), loop->env.user);
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(key[k], ++expected);
	}
	assert_int_equal(fills, 3);
	for (size_t i = 0; i < block; i++)
		assert_int_equal(loop->random.bytes[i], 0);
	rill_loop_free(loop);
}

TEST(loop_random, of_any_length_is_whole)
{
	rill_loop *loop = counting_loop();
	uint8_t large[2048];
	loop->env.random(large, 3, loop->env.user);
	loop->env.random(large, sizeof(large), loop->env.user);
	assert_int_equal(filled, sizeof(large));
	assert_int_equal(large[2047], (uint8_t)(large[0] + 2047));
	loop->env.random(large, sizeof(loop->random.bytes), loop->env.user);
	assert_int_equal(fills, 3);
	loop->env.random(large, 0, loop->env.user);
	assert_int_equal(fills, 3);
	rill_loop_free(loop);
}

TEST(loop_random, differs_from_loop_to_loop)
{
	uint8_t a[16], b[16];
	rill_loop *one, *other;
	assert_int_equal(rill_loop_new(&one, NULL), 0);
	assert_int_equal(rill_loop_new(&other, NULL), 0);
	one->env.random(a, sizeof(a), one->env.user);
	other->env.random(b, sizeof(b), other->env.user);
	assert_memory_not_equal(a, b, sizeof(a));
	rill_loop_free(one);
	rill_loop_free(other);
}
