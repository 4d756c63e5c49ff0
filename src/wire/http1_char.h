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
	while (at < end && (rl_http1_chars[data[at]] & set))
		at++;
	return at;
}

/* The same for RL_CHAR_TEXT, of which most of a head consists: eight bytes at a time until there
 * is a control character among them. A tab is one, and is looked at again. */
static inline size_t rl_http1_span_of_text(const uint8_t *data, size_t at, size_t end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	for (; end - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, data + at, sizeof(word));
		uint64_t without_del = word ^ ones * 0x7f;
		uint64_t below = (word - ones * 0x20) & ~word;
		uint64_t is_del = (without_del - ones) & ~without_del;
		if ((below | is_del) & ones * 0x80)
			break;
	}
	return rl_http1_span_of(data, at, end, RL_CHAR_TEXT);
}

#endif
