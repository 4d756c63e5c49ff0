/* utf8_x86.c: the UTF-8 check with SSE2 (ASCII only by vectors), SSSE3 and AVX2. */
#include "base/utf8_vector.h"

#ifdef RL_UTF8_X86

#include <immintrin.h>

/* Carries plain C over ASCII, 16 bytes at a time; what is not ASCII is its own. */
__attribute__((target("sse2"))) bool rl_utf8_check_sse2(
	uint32_t *state, const uint8_t *data, size_t n)
{
	while (n >= 16) {
		__m128i block = _mm_loadu_si128((const void *)data);
		bool ascii = rl_utf8_whole(*state) && _mm_movemask_epi8(block) == 0;
		if (!ascii && !rl_utf8_check_plain(state, data, 16))
			return false;
		data += 16;
		n -= 16;
	}
	return rl_utf8_check_plain(state, data, n);
}

/* The mistakes of a block of 16 bytes that follows prev. */
__attribute__((target("ssse3"))) static inline __m128i mistakes16(__m128i block, __m128i prev)
{
	const __m128i first_high = _mm_loadu_si128((const void *)rl_utf8_first_high);
	const __m128i first_low = _mm_loadu_si128((const void *)rl_utf8_first_low);
	const __m128i second_high = _mm_loadu_si128((const void *)rl_utf8_second_high);
	const __m128i half = _mm_set1_epi8(0x0f);

	__m128i one = _mm_alignr_epi8(block, prev, 15);
	__m128i two = _mm_alignr_epi8(block, prev, 14);
	__m128i three = _mm_alignr_epi8(block, prev, 13);
	__m128i a = _mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(one, 4), half));
	__m128i b = _mm_shuffle_epi8(first_low, _mm_and_si128(one, half));
	__m128i c = _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(block, 4), half));
	__m128i pair = _mm_and_si128(_mm_and_si128(a, b), c);

	/* Bit 7 is set where two places before is e0 or more, or three before f0 or more. */
	__m128i third = _mm_subs_epu8(two, _mm_set1_epi8(0xe0 - 0x80));
	__m128i fourth = _mm_subs_epu8(three, _mm_set1_epi8(0xf0 - 0x80));
	__m128i must = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8((char)TWO));
	return _mm_xor_si128(pair, must);
}

__attribute__((target("ssse3"))) static bool blocks_ssse3(const uint8_t *data, size_t n)
{
	__m128i prev = _mm_setzero_si128(), wrong = _mm_setzero_si128();

	while (n) {
		__m128i block;
		if (n >= 16) {
			block = _mm_loadu_si128((const void *)data);
		} else {
			uint8_t tail[16] = { 0 };
			memcpy(tail, data, n);
			block = _mm_loadu_si128((const void *)tail);
		}
		/* A character cut by the end of prev makes ASCII a mistake too. */
		if (_mm_movemask_epi8(_mm_or_si128(block, prev)))
			wrong = _mm_or_si128(wrong, mistakes16(block, prev));
		prev = block;
		data += n >= 16 ? 16 : n;
		n -= n >= 16 ? 16 : n;
	}
	/* A character cut by the very end of the last block shows in what would follow. */
	wrong = _mm_or_si128(wrong, mistakes16(_mm_setzero_si128(), prev));
	__m128i right = _mm_cmpeq_epi8(wrong, _mm_setzero_si128());
	return _mm_movemask_epi8(right) == 0xffff;
}

bool rl_utf8_check_ssse3(uint32_t *state, const uint8_t *data, size_t n)
{
	return rl_utf8_by_blocks(state, data, n, blocks_ssse3);
}

/* A table, once for each half. */
__attribute__((target("avx2"))) static inline __m256i both(const uint8_t table[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table));
}

__attribute__((target("avx2"))) static inline __m256i mistakes32(__m256i block, __m256i prev)
{
	const __m256i first_high = both(rl_utf8_first_high);
	const __m256i first_low = both(rl_utf8_first_low);
	const __m256i second_high = both(rl_utf8_second_high);
	const __m256i half = _mm256_set1_epi8(0x0f);

	/* alignr works on each half by itself: the half before each of them. */
	__m256i before = _mm256_permute2x128_si256(prev, block, 0x21);
	__m256i one = _mm256_alignr_epi8(block, before, 15);
	__m256i two = _mm256_alignr_epi8(block, before, 14);
	__m256i three = _mm256_alignr_epi8(block, before, 13);
	__m256i a = _mm256_shuffle_epi8(
		first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), half));
	__m256i b = _mm256_shuffle_epi8(first_low, _mm256_and_si256(one, half));
	__m256i c = _mm256_shuffle_epi8(
		second_high, _mm256_and_si256(_mm256_srli_epi16(block, 4), half));
	__m256i pair = _mm256_and_si256(_mm256_and_si256(a, b), c);

	__m256i third = _mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80));
	__m256i fourth = _mm256_subs_epu8(three, _mm256_set1_epi8(0xf0 - 0x80));
	__m256i must = _mm256_and_si256(
		_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)TWO));
	return _mm256_xor_si256(pair, must);
}

/* How many bytes at the start are ASCII for certain, in steps of 128. */
__attribute__((target("avx2"))) static inline size_t ascii_run(const uint8_t *data, size_t n)
{
	size_t i = 0;
	for (; n - i >= 128; i += 128) {
		const __m256i *p = (const void *)(data + i);
		__m256i a = _mm256_or_si256(_mm256_loadu_si256(p), _mm256_loadu_si256(p + 1));
		__m256i b = _mm256_or_si256(_mm256_loadu_si256(p + 2), _mm256_loadu_si256(p + 3));
		if (_mm256_movemask_epi8(_mm256_or_si256(a, b)))
			break;
	}
	return i;
}

__attribute__((target("avx2"))) static bool blocks_avx2(const uint8_t *data, size_t n)
{
	__m256i prev = _mm256_setzero_si256(), wrong = _mm256_setzero_si256();
	size_t i = ascii_run(data, n);

	while (i < n) {
		__m256i block;
		if (n - i >= 32) {
			block = _mm256_loadu_si256((const void *)(data + i));
			i += 32;
		} else {
			uint8_t tail[32] = { 0 };
			memcpy(tail, data + i, n - i);
			block = _mm256_loadu_si256((const void *)tail);
			i = n;
		}
		if (_mm256_movemask_epi8(_mm256_or_si256(block, prev))) {
			wrong = _mm256_or_si256(wrong, mistakes32(block, prev));
			prev = block;
		} else {
			prev = block;
			i += ascii_run(data + i, n - i);
		}
	}
	wrong = _mm256_or_si256(wrong, mistakes32(_mm256_setzero_si256(), prev));
	return _mm256_testz_si256(wrong, wrong);
}

bool rl_utf8_check_avx2(uint32_t *state, const uint8_t *data, size_t n)
{
	return rl_utf8_by_blocks(state, data, n, blocks_avx2);
}

#endif
