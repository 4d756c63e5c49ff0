/* http1_char.h: which bytes may stand where in a message (RFC 9110, 5.5 and 5.6; RFC 3986). */
#ifndef RL_WIRE_HTTP1_CHAR_H
#define RL_WIRE_HTTP1_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* rl_http1_span_of() for RL_CHAR_TEXT, of which most of a head consists: eight bytes at a time as long as
 * there is no control character among them. A tab is one, and is passed. */
static inline size_t rl_http1_span_of_text(const uint8_t *data, size_t at, size_t end)
{
	while (end - at >= sizeof(uint64_t)) {
		uint64_t found = rl_http1_controls(rl_http1_word(data + at), 0x20);
		if (!found) {
			at += sizeof(uint64_t);
			continue;
		}
		at += (size_t)__builtin_ctzll(found) / 8;
		if (data[at] != '\t')
			return at;
		at++;
	}
	return rl_http1_span_of(data, at, end, RL_CHAR_TEXT);
}

/* And for RL_CHAR_TARGET: what is not ASCII and '#' stand beside what is not visible. */
static inline size_t rl_http1_span_of_target(const uint8_t *data, size_t at, size_t end)
{
	for (; end - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word = rl_http1_word(data + at), without_hash = word ^ RL_CHAR_ONES * '#';
		uint64_t found = rl_http1_controls(word, 0x21) | (word & RL_CHAR_ONES * 0x80) |
				 ((without_hash - RL_CHAR_ONES) & ~without_hash & RL_CHAR_ONES * 0x80);
		if (found)
			return at + (size_t)__builtin_ctzll(found) / 8;
	}
	return rl_http1_span_of(data, at, end, RL_CHAR_TARGET);
}

#endif
