/* utf8.c: the check in plain C, and the choice of the fastest one this processor has.
 *
 * The state holds what may come next: how many continuation bytes are missing and the range of
 * the next one. Only the byte after E0, ED, F0 and F4 has a range narrower than 80..BF
 * (RFC 3629, section 4), so one byte is judged by two comparisons. */
#include <string.h>
#include "base/utf8.h"
#include "base/utf8_impl.h"

#define NEED(state)             ((state)&0xffu)
#define LOW(state)              ((state) >> 8 & 0xffu)
#define HIGH(state)             ((state) >> 16)
#define EXPECT(need, low, high) ((uint32_t)(need) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)
#define IMPOSSIBLE              UINT32_MAX

/* The state after the first byte of a character. */
static uint32_t after_lead(uint8_t c)
{
	if (c < 0x80)
		return RL_UTF8_START;
	if (c < 0xc2)
		return IMPOSSIBLE; /* a continuation byte, or an overlong form of ASCII */
	if (c < 0xe0)
		return EXPECT(1, 0x80, 0xbf);
	if (c < 0xf0)
		return EXPECT(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
	if (c < 0xf5)
		return EXPECT(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
	return IMPOSSIBLE;
}

static uint32_t after_byte(uint32_t state, uint8_t c)
{
	if (!NEED(state))
		return after_lead(c);
	if (c < LOW(state) || c > HIGH(state))
		return IMPOSSIBLE;
	return NEED(state) == 1 ? RL_UTF8_START : EXPECT(NEED(state) - 1, 0x80, 0xbf);
}

static bool ascii_word(const uint8_t *data)
{
	uint64_t word;
	memcpy(&word, data, sizeof(word));
	return !(word & 0x8080808080808080u);
}

bool rl_utf8_check_plain(uint32_t *state, const uint8_t *data, size_t n)
{
	uint32_t s = *state;
	size_t i = 0;

	while (i < n) {
		if (s == RL_UTF8_START && n - i >= 8 && ascii_word(data + i)) {
			i += 8;
			continue;
		}
		/* The rest of fewer than eight bytes, together with some before it. */
		if (s == RL_UTF8_START && n - i < 8 && n >= 8 && ascii_word(data + n - 8))
			break;
		s = after_byte(s, data[i++]);
		if (s == IMPOSSIBLE)
			return false;
	}
	*state = s;
	return true;
}

size_t rl_utf8_whole_prefix(const uint8_t *data, size_t n)
{
	/* A lead byte that misses something is one of the last three. */
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		uint8_t c = data[n - back];
		if (c < 0x80)
			break;
		if (c >= 0xc0) {
			size_t whole = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
			return whole > back ? n - back : n;
		}
	}
	return n;
}

#ifdef RL_UTF8_X86
static bool has_sse2(void)
{
	return __builtin_cpu_supports("sse2");
}

static bool has_ssse3(void)
{
	return __builtin_cpu_supports("ssse3");
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#endif

static bool always(void)
{
	return true;
}

/* From the plainest to the fastest. */
static const struct row {
	struct rl_utf8_impl impl;
	bool (*supported)(void);
} rows[] = {
	{ { "plain", rl_utf8_check_plain }, always },
#ifdef RL_UTF8_X86
	{ { "sse2", rl_utf8_check_sse2 }, has_sse2 },
	{ { "ssse3", rl_utf8_check_ssse3 }, has_ssse3 },
	{ { "avx2", rl_utf8_check_avx2 }, has_avx2 },
#endif
#ifdef RL_UTF8_NEON
	{ { "neon", rl_utf8_check_neon }, always },
#endif
};

const struct rl_utf8_impl *rl_utf8_impl(size_t index)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].supported() && index-- == 0)
			return &rows[i].impl;
	return NULL;
}

/* Below this many bytes a vector has no time to pay for its setting up. */
#define WORTH_A_VECTOR 32

bool rl_utf8_check_any(uint32_t *state, const uint8_t *data, size_t n)
{
	if (n < WORTH_A_VECTOR)
		return rl_utf8_check_plain(state, data, n);
#if defined(RL_UTF8_X86)
	if (has_avx2())
		return rl_utf8_check_avx2(state, data, n);
	if (has_ssse3())
		return rl_utf8_check_ssse3(state, data, n);
	if (has_sse2())
		return rl_utf8_check_sse2(state, data, n);
#elif defined(RL_UTF8_NEON)
	return rl_utf8_check_neon(state, data, n);
#endif
	return rl_utf8_check_plain(state, data, n);
}
