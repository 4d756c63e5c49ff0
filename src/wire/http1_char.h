/* http1_char.h: which bytes may stand where in a message (RFC 9110, 5.5 and 5.6; RFC 3986). */
#ifndef RL_WIRE_HTTP1_CHAR_H
#define RL_WIRE_HTTP1_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
