/* utf8_neon.c: the UTF-8 check with NEON, which every AArch64 processor has. */
#include "base/utf8_vector.h"

#ifdef RL_UTF8_NEON

#include <arm_neon.h>

/* The mistakes of a block of 16 bytes that follows prev. */
static inline uint8x16_t mistakes(uint8x16_t block, uint8x16_t prev)
{
	uint8x16_t one = vextq_u8(prev, block, 15);
	uint8x16_t two = vextq_u8(prev, block, 14);
	uint8x16_t three = vextq_u8(prev, block, 13);
	uint8x16_t a = vqtbl1q_u8(vld1q_u8(rl_utf8_first_high), vshrq_n_u8(one, 4));
	uint8x16_t b = vqtbl1q_u8(vld1q_u8(rl_utf8_first_low), vandq_u8(one, vdupq_n_u8(0x0f)));
	uint8x16_t c = vqtbl1q_u8(vld1q_u8(rl_utf8_second_high), vshrq_n_u8(block, 4));
	uint8x16_t pair = vandq_u8(vandq_u8(a, b), c);

	/* Where a third or fourth byte must stand, bit 7 of the pair is right. */
	uint8x16_t third = vcgeq_u8(two, vdupq_n_u8(0xe0));
	uint8x16_t fourth = vcgeq_u8(three, vdupq_n_u8(0xf0));
	uint8x16_t must = vandq_u8(vorrq_u8(third, fourth), vdupq_n_u8(TWO));
	return veorq_u8(pair, must);
}

static bool blocks_neon(const uint8_t *data, size_t n)
{
	uint8x16_t prev = vdupq_n_u8(0), wrong = vdupq_n_u8(0);

	for (size_t i = 0; i < n; i += 16) {
		uint8x16_t block;
		if (n - i >= 16) {
			block = vld1q_u8(data + i);
		} else {
			uint8_t tail[16] = { 0 };
			memcpy(tail, data + i, n - i);
			block = vld1q_u8(tail);
		}
		/* A character cut by the end of prev makes ASCII a mistake too. */
		if (vmaxvq_u8(vorrq_u8(block, prev)) >= 0x80)
			wrong = vorrq_u8(wrong, mistakes(block, prev));
		prev = block;
	}
	/* A character cut by the very end of the last block shows in what would follow. */
	wrong = vorrq_u8(wrong, mistakes(vdupq_n_u8(0), prev));
	return vmaxvq_u8(wrong) == 0;
}

bool rl_utf8_check_neon(uint32_t *state, const uint8_t *data, size_t n)
{
	return rl_utf8_by_blocks(state, data, n, blocks_neon);
}

#endif
