/* ws_mask.c: masking (RFC 6455, section 5.3), in plain C eight bytes at a time and by vectors.
 *
 * The key is turned to the phase once; all steps but the last are multiples of four bytes, so
 * it stays right. */
#include <string.h>
#include "base/utf8.h"
#include "wire/ws_frame.h"

#if defined(__x86_64__) || defined(__i386__)
#define X86 1
#include <immintrin.h>
#elif defined(__aarch64__)
#define NEON 1
#include <arm_neon.h>
#endif

/* The key as it falls on the next four bytes. */
static uint32_t turned(const uint8_t key[4], size_t phase)
{
	uint32_t word;
	memcpy(&word, key, 4);
	uint64_t twice = (uint64_t)word << 32 | word;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint32_t)(twice >> (8 * (phase & 3)));
#else
	return (uint32_t)(twice << (8 * (phase & 3)) >> 32);
#endif
}

static void mask_words(uint8_t *dst, const uint8_t *src, size_t n, uint32_t key)
{
	uint64_t wide = (uint64_t)key << 32 | key, word;
	uint32_t half;
	uint8_t bytes[4];

	for (; n >= 8; n -= 8, dst += 8, src += 8) {
		memcpy(&word, src, 8);
		word ^= wide;
		memcpy(dst, &word, 8);
	}
	if (n >= 4) {
		memcpy(&half, src, 4);
		half ^= key;
		memcpy(dst, &half, 4);
		n -= 4;
		dst += 4;
		src += 4;
	}
	memcpy(bytes, &key, 4);
	for (size_t i = 0; i < n; i++)
		dst[i] = src[i] ^ bytes[i];
}

/* Eight bytes at the least: steps of eight, the last of which overlaps the one before it, read
 * first because dst may be src. */
static inline void mask_short(uint8_t *dst, const uint8_t *src, size_t n, uint32_t key)
{
	uint64_t wide = (uint64_t)key << 32 | key, word, last;
	unsigned turn = (unsigned)(n & 3) * 8;
	memcpy(&last, src + n - 8, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	last ^= turn ? wide >> turn | wide << (64 - turn) : wide;
#else
	last ^= turn ? wide << turn | wide >> (64 - turn) : wide;
#endif
	for (size_t i = 0; i + 8 < n; i += 8) {
		memcpy(&word, src + i, 8);
		word ^= wide;
		memcpy(dst + i, &word, 8);
	}
	memcpy(dst + n - 8, &last, 8);
}

static void mask_plain(
	uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase)
{
	mask_words(dst, src, n, turned(key, phase));
}

#ifdef X86
static bool has_sse2(void)
{
	return __builtin_cpu_supports("sse2");
}

__attribute__((target("sse2"))) static void mask_sse2(
	uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase)
{
	uint32_t word = turned(key, phase);
	__m128i wide = _mm_set1_epi32((int)word);

	for (; n >= 16; n -= 16, dst += 16, src += 16) {
		__m128i block = _mm_loadu_si128((const void *)src);
		_mm_storeu_si128((void *)dst, _mm_xor_si128(block, wide));
	}
	mask_words(dst, src, n, word);
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

__attribute__((target("avx2"))) static void mask_avx2(
	uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase)
{
	uint32_t word = turned(key, phase);
	__m256i wide = _mm256_set1_epi32((int)word);

	size_t done = 0, most = n & ~(size_t)127;
	for (; done != most; done += 128) {
		const uint8_t *from = src + done;
		uint8_t *to = dst + done;
		__m256i a = _mm256_xor_si256(_mm256_loadu_si256((const void *)from), wide);
		__m256i b = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 32)), wide);
		__m256i c = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 64)), wide);
		__m256i d = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 96)), wide);
		_mm256_storeu_si256((void *)to, a);
		_mm256_storeu_si256((void *)(to + 32), b);
		_mm256_storeu_si256((void *)(to + 64), c);
		_mm256_storeu_si256((void *)(to + 96), d);
	}
	n -= done;
	dst += done;
	src += done;
	if (!n)
		return;
	if (n >= 64) {
		__m256i a = _mm256_loadu_si256((const void *)src);
		__m256i b = _mm256_loadu_si256((const void *)(src + 32));
		_mm256_storeu_si256((void *)dst, _mm256_xor_si256(a, wide));
		_mm256_storeu_si256((void *)(dst + 32), _mm256_xor_si256(b, wide));
		n -= 64;
		dst += 64;
		src += 64;
	}
	mask_words(dst, src, n, word);
}

/* As mask_avx2(), as long as what comes out is ASCII: how many bytes that was, in steps of 128. */
__attribute__((target("avx2"))) static size_t mask_ascii(
	uint8_t *dst, const uint8_t *src, size_t n, uint32_t word)
{
	__m256i wide = _mm256_set1_epi32((int)word);
	size_t done = 0, most = n & ~(size_t)127;
	for (; done != most; done += 128) {
		const uint8_t *from = src + done;
		uint8_t *to = dst + done;
		__m256i a = _mm256_xor_si256(_mm256_loadu_si256((const void *)from), wide);
		__m256i b = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 32)), wide);
		__m256i c = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 64)), wide);
		__m256i d = _mm256_xor_si256(_mm256_loadu_si256((const void *)(from + 96)), wide);
		__m256i any = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
		if (!_mm256_testz_si256(any, _mm256_set1_epi8((char)0x80)))
			break;
		_mm256_storeu_si256((void *)to, a);
		_mm256_storeu_si256((void *)(to + 32), b);
		_mm256_storeu_si256((void *)(to + 64), c);
		_mm256_storeu_si256((void *)(to + 96), d);
	}
	return done;
}
#endif

#ifdef NEON
static void mask_neon(
	uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase)
{
	uint32_t word = turned(key, phase);
	uint8x16_t wide = vreinterpretq_u8_u32(vdupq_n_u32(word));

	for (; n >= 16; n -= 16, dst += 16, src += 16)
		vst1q_u8(dst, veorq_u8(vld1q_u8(src), wide));
	mask_words(dst, src, n, word);
}
#endif

static bool always(void)
{
	return true;
}

/* From the plainest to the fastest. */
static const struct row {
	struct rl_ws_mask_impl impl;
	bool (*supported)(void);
} rows[] = {
	{ { "plain", mask_plain }, always },
#ifdef X86
	{ { "sse2", mask_sse2 }, has_sse2 },
	{ { "avx2", mask_avx2 }, has_avx2 },
#endif
#ifdef NEON
	{ { "neon", mask_neon }, always },
#endif
};

const struct rl_ws_mask_impl *rl_ws_mask_impl(size_t index)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].supported() && index-- == 0)
			return &rows[i].impl;
	return NULL;
}

/* Below this many bytes a vector has no time to pay for its setting up. */
#define WORTH_A_VECTOR 64

void rl_ws_mask(uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase)
{
	if (n >= 8 && n < WORTH_A_VECTOR) {
		mask_short(dst, src, n, turned(key, phase));
		return;
	}
#if defined(X86)
	if (n >= WORTH_A_VECTOR && has_avx2()) {
		mask_avx2(dst, src, n, key, phase);
		return;
	}
	if (n >= WORTH_A_VECTOR && has_sse2()) {
		mask_sse2(dst, src, n, key, phase);
		return;
	}
#elif defined(NEON)
	if (n >= WORTH_A_VECTOR) {
		mask_neon(dst, src, n, key, phase);
		return;
	}
#endif
	mask_plain(dst, src, n, key, phase);
}

/* Small enough to be in the first-level cache still when it is checked. */
#define BLOCK 4096

static __attribute__((noinline)) bool mask_blocks(uint8_t *dst, const uint8_t *src, size_t n,
	const uint8_t key[4], size_t phase, uint32_t *state)
{
	uint8_t own[4]; /* dst may run over the key */
	memcpy(own, key, 4);
	while (n) {
		size_t step = n < BLOCK ? n : BLOCK;
		rl_ws_mask(dst, src, step, own, phase); /* BLOCK leaves the phase as it is */
		if (!rl_utf8_check(state, dst, step))
			return false;
		dst += step;
		src += step;
		n -= step;
	}
	return true;
}

bool rl_ws_mask_utf8(uint8_t *dst, const uint8_t *src, size_t n, const uint8_t key[4], size_t phase,
	uint32_t *state)
{
	if (n >= 8 && n < WORTH_A_VECTOR) {
		mask_short(dst, src, n, turned(key, phase));
		return rl_utf8_check(state, dst, n);
	}
#ifdef X86
	if (n >= 128 && rl_utf8_whole(*state) && has_avx2()) {
		uint32_t word = turned(key, phase);
		size_t done = mask_ascii(dst, src, n, word);
		if (done == n)
			return true;
		return mask_blocks(dst + done, src + done, n - done, (const uint8_t *)&word, 0, state);
	}
#endif
	return mask_blocks(dst, src, n, key, phase, state);
}
