/* http1_char.h: which bytes may stand where in a message (RFC 9110, 5.5 and 5.6; RFC 3986). */
#ifndef RL_WIRE_HTTP1_CHAR_H
#define RL_WIRE_HTTP1_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum rl_http1_char {
	RL_CHAR_TOKEN = 1 << 0,  /* tchar */
	RL_CHAR_TARGET = 1 << 1, /* visible ASCII but '#': what comes in front of a fragment */
	RL_CHAR_TEXT = 1 << 2,   /* field values, reasons: visible, obs-text, space and tab */
	RL_CHAR_HOST = 1 << 3,   /* reg-name without '%', and without the comma of merged fields */
	RL_CHAR_DIGIT = 1 << 4,
	RL_CHAR_HEX = 1 << 5,
};

extern const uint8_t rl_http1_chars[256];

static inline bool rl_http1_char_is(uint8_t c, enum rl_http1_char set)
{
	return (rl_http1_chars[c] & set) != 0;
}

/* The first place from at on, but before end, whose byte is not in the set; end when all are. */
static inline size_t rl_http1_span_of(
	const uint8_t *data, size_t at, size_t end, enum rl_http1_char set)
{
	for (; end - at >= 4; at += 4) {
		if (!(rl_http1_chars[data[at]] & set))
			return at;
		if (!(rl_http1_chars[data[at + 1]] & set))
			return at + 1;
		if (!(rl_http1_chars[data[at + 2]] & set))
			return at + 2;
		if (!(rl_http1_chars[data[at + 3]] & set))
			return at + 3;
	}
	while (at < end && (rl_http1_chars[data[at]] & set))
		at++;
	return at;
}

#define RL_CHAR_ONES UINT64_C(0x0101010101010101)

/* Eight bytes, the first of them lowest. */
static inline uint64_t rl_http1_word(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The highest bit of each byte that is below least (at most 0x80) or DEL; above the first such byte it may
 * be that of others, too. */
static inline uint64_t rl_http1_controls(uint64_t word, uint64_t least)
{
	uint64_t without_del = word ^ RL_CHAR_ONES * 0x7f;

	return (((word - RL_CHAR_ONES * least) & ~word) |
		       ((without_del - RL_CHAR_ONES) & ~without_del)) &
	       RL_CHAR_ONES * 0x80;
}

/* rl_http1_span_of() for what most of a head consists of: names, values and the target. 16 bytes at a time
 * where there are vectors (SSE2, which every x86-64 has), then 8 in a word as far as that is simple. */
#ifdef __SSE2__
#define RL_CHAR_VECTOR 16

static inline __m128i rl_http1_vector(const uint8_t *data)
{
	return _mm_loadu_si128((const void *)data);
}

static inline __m128i rl_http1_each(uint8_t c)
{
	return _mm_set1_epi8((char)c);
}

/* Bytes that are no letter and no '-'; of those the table decides. */
static inline unsigned rl_http1_no_letters(__m128i block)
{
	__m128i lower = _mm_or_si128(block, rl_http1_each(0x20));
	__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, rl_http1_each('a' - 1)),
		_mm_cmplt_epi8(lower, rl_http1_each('z' + 1)));
	__m128i known = _mm_or_si128(letter, _mm_cmpeq_epi8(block, rl_http1_each('-')));

	return (unsigned)_mm_movemask_epi8(known) ^ 0xffff;
}

static inline unsigned rl_http1_no_text(__m128i block)
{
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, rl_http1_each(0x1f)), block);
	__m128i tab = _mm_cmpeq_epi8(block, rl_http1_each('\t'));
	__m128i del = _mm_cmpeq_epi8(block, rl_http1_each(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del));
}

static inline unsigned rl_http1_no_target(__m128i block)
{
	__m128i low = _mm_cmplt_epi8(block, rl_http1_each(0x21)); /* from 0x80 on they are negative */
	__m128i del = _mm_cmpeq_epi8(block, rl_http1_each(0x7f));
	__m128i hash = _mm_cmpeq_epi8(block, rl_http1_each('#'));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(del, hash)));
}
#endif

static inline size_t rl_http1_span_of_token(const uint8_t *data, size_t at, size_t end)
{
#ifdef __SSE2__
	while (end - at >= RL_CHAR_VECTOR) {
		unsigned found = rl_http1_no_letters(rl_http1_vector(data + at));
		if (!found) {
			at += RL_CHAR_VECTOR;
			continue;
		}
		at += (size_t)__builtin_ctz(found);
		if (!rl_http1_char_is(data[at], RL_CHAR_TOKEN))
			return at;
		at++;
	}
#endif
	return rl_http1_span_of(data, at, end, RL_CHAR_TOKEN);
}

static inline size_t rl_http1_span_of_text(const uint8_t *data, size_t at, size_t end)
{
#ifdef __SSE2__
	for (; end - at >= RL_CHAR_VECTOR; at += RL_CHAR_VECTOR) {
		unsigned found = rl_http1_no_text(rl_http1_vector(data + at));
		if (found)
			return at + (size_t)__builtin_ctz(found);
	}
#endif
	/* A tab is a control character, too. */
	for (; end - at >= sizeof(uint64_t); at += sizeof(uint64_t))
		if (rl_http1_controls(rl_http1_word(data + at), 0x20))
			break;
	return rl_http1_span_of(data, at, end, RL_CHAR_TEXT);
}

static inline size_t rl_http1_span_of_target(const uint8_t *data, size_t at, size_t end)
{
#ifdef __SSE2__
	for (; end - at >= RL_CHAR_VECTOR; at += RL_CHAR_VECTOR) {
		unsigned found = rl_http1_no_target(rl_http1_vector(data + at));
		if (found)
			return at + (size_t)__builtin_ctz(found);
	}
#endif
	return rl_http1_span_of(data, at, end, RL_CHAR_TARGET);
}

#endif
