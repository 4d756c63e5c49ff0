/* json_impl.h: what json*.c share: white space, and how far bytes of a string stand for themselves,
 * looked at 16 at a time (SSE2, which every x86-64 has) or 8 in a word. */
#ifndef RL_BASE_JSON_IMPL_H
#define RL_BASE_JSON_IMPL_H

#include "base/json.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool rl_json_is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What begins with this byte; it begins something. */
static inline enum rl_json_type rl_json_type_of(uint8_t c)
{
	switch (c) {
	case '{':
		return RL_JSON_OBJECT;
	case '[':
		return RL_JSON_ARRAY;
	case '"':
		return RL_JSON_STRING;
	case 't':
		return RL_JSON_TRUE;
	case 'f':
		return RL_JSON_FALSE;
	case 'n':
		return RL_JSON_NULL;
	default:
		return RL_JSON_NUMBER;
	}
}

#define RL_JSON_EACH (UINT64_MAX / 0xff) /* 1 in each byte of a word */
#define RL_JSON_TOPS (RL_JSON_EACH * 0x80)

static inline uint64_t rl_json_word(const uint8_t *data)
{
	uint64_t word;
	memcpy(&word, data, sizeof(word));
	return word;
}

/* Not 0 when a byte of the word is less than limit (at most 0x80). */
static inline uint64_t rl_json_has_less(uint64_t word, uint8_t limit)
{
	return (word - RL_JSON_EACH * limit) & ~word & RL_JSON_TOPS;
}

static inline uint64_t rl_json_has(uint64_t word, uint8_t c)
{
	return rl_json_has_less(word ^ RL_JSON_EACH * c, 1);
}

/* RFC 8259, 7: what may not stand in a string as itself. */
static inline bool rl_json_ends_run(uint8_t c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* How many bytes come before the next ", \ or control; *high: set when one of them is no ASCII. */
static inline size_t rl_json_run_plain(const uint8_t *data, size_t n, bool *high)
{
	uint64_t tops = 0;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t word = rl_json_word(data + i);
		if (rl_json_has_less(word, 0x20) | rl_json_has(word, '"') | rl_json_has(word, '\\'))
			break;
		tops |= word & RL_JSON_TOPS;
	}
	for (; i < n && !rl_json_ends_run(data[i]); i++)
		tops |= data[i] & 0x80;
	*high |= tops != 0;
	return i;
}

/* What a writer has to look at: besides those, E2 and ED to F4, which begin all characters that may have
 * to leave escaped; and, markup being '<', the '<' and the '>', which differ in one bit. Else markup is 0:
 * two controls. */
static inline bool rl_json_ends_copy(uint8_t c, uint8_t markup)
{
	return rl_json_ends_run(c) || c == 0xe2 || c >= 0xed || (c | 2) == (markup | 2);
}

/* Copies all before that, and says how much it is. Up to n bytes may be written. */
static inline size_t rl_json_copy_run_plain(
	uint8_t *to, const uint8_t *data, size_t n, uint8_t markup)
{
	size_t i = 0;

	for (;;) {
		for (; n - i >= 8; i += 8) {
			uint64_t word = rl_json_word(data + i), twos = RL_JSON_EACH * 2;
			memcpy(to + i, &word, sizeof(word));
			if ((word & RL_JSON_TOPS) | rl_json_has_less(word, 0x20) |
				rl_json_has(word, '"') | rl_json_has(word, '\\') |
				rl_json_has(word | twos, markup | 2))
				break;
		}
		/* Characters that are no ASCII end a word, but not the run. */
		for (size_t end = n - i < 8 ? n : i + 8; i < end; i++) {
			if (rl_json_ends_copy(data[i], markup))
				return i;
			to[i] = data[i];
		}
		if (i == n)
			return n;
	}
}

#ifdef __SSE2__
#define RL_JSON_VECTOR 16

static inline unsigned rl_json_stops16(__m128i block)
{
	__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
	__m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
	__m128i escape = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, escape)));
}

static inline size_t rl_json_run(const uint8_t *data, size_t n, bool *high)
{
	size_t i = 0;

	for (; n - i >= RL_JSON_VECTOR; i += RL_JSON_VECTOR) {
		__m128i block = _mm_loadu_si128((const void *)(data + i));
		unsigned stops = rl_json_stops16(block), tops = (unsigned)_mm_movemask_epi8(block);
		if (stops) {
			*high |= (tops & (stops - 1) & ~stops) != 0;
			return i + (size_t)__builtin_ctz(stops);
		}
		*high |= tops != 0;
	}
	return i + rl_json_run_plain(data + i, n - i, high);
}

/* Copies 16 bytes; a bit for each that would end the run. */
static inline unsigned rl_json_copy16(uint8_t *to, const uint8_t *data, uint8_t markup)
{
	__m128i block = _mm_loadu_si128((const void *)data);
	__m128i e2 = _mm_cmpeq_epi8(block, _mm_set1_epi8((char)0xe2));
	__m128i ed = _mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8((char)0xed)), block);
	__m128i tags = _mm_cmpeq_epi8(
		_mm_or_si128(block, _mm_set1_epi8(2)), _mm_set1_epi8((char)(markup | 2)));
	_mm_storeu_si128((void *)to, block);
	return rl_json_stops16(block) |
	       (unsigned)_mm_movemask_epi8(_mm_or_si128(tags, _mm_or_si128(e2, ed)));
}

static inline size_t rl_json_copy_run(uint8_t *to, const uint8_t *data, size_t n, uint8_t markup)
{
	unsigned stops;
	size_t i = 0;

	if (n < RL_JSON_VECTOR)
		return rl_json_copy_run_plain(to, data, n, markup);
	for (; n - i >= RL_JSON_VECTOR; i += RL_JSON_VECTOR) {
		stops = rl_json_copy16(to + i, data + i, markup);
		if (stops)
			return i + (size_t)__builtin_ctz(stops);
	}
	/* The rest of fewer than 16 bytes, together with some before it. */
	size_t last = n - RL_JSON_VECTOR;
	stops = rl_json_copy16(to + last, data + last, markup) >> (i - last);
	return stops ? i + (size_t)__builtin_ctz(stops) : n;
}
#else
#define rl_json_run      rl_json_run_plain
#define rl_json_copy_run rl_json_copy_run_plain
#endif

#endif
