/* utf8.h: incremental UTF-8 check (RFC 3629), resumable at any byte, failing at the first byte
 * that makes the text impossible and never before.
 *
 * The state is one 32-bit number so that it fits any struct: 0 between characters. */
#ifndef RL_BASE_UTF8_H
#define RL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RL_UTF8_START 0u

/* Are these n bytes, at most 32 of them, ASCII? Few loads that overlap, because most texts are
 * short and plain, and whatever looks at them is paid for each. */
static inline bool rl_utf8_short_ascii(const uint8_t *data, size_t n)
{
	uint64_t a = 0, b = 0, c, d;
	uint32_t e, f;
	if (n >= 8) {
		memcpy(&c, data, 8);
		memcpy(&d, data + n - 8, 8);
		if (n > 16) {
			memcpy(&a, data + 8, 8);
			memcpy(&b, data + n - 16, 8);
		}
		return !((a | b | c | d) & 0x8080808080808080u);
	}
	if (n >= 4) {
		memcpy(&e, data, 4);
		memcpy(&f, data + n - 4, 4);
		return !((e | f) & 0x80808080u);
	}
	return !n || !((data[0] | data[n / 2] | data[n - 1]) & 0x80);
}

/* rl_utf8_check() of any text; see there. */
bool rl_utf8_check_any(uint32_t *state, const uint8_t *data, size_t n);

/* Checks n more bytes. False when the text cannot be UTF-8 any more; then *state is not to be
 * used again. A character cut at the end is remembered in *state. */
static inline bool rl_utf8_check(uint32_t *state, const uint8_t *data, size_t n)
{
	if (n <= 32 && *state == RL_UTF8_START && rl_utf8_short_ascii(data, n))
		return true;
	return rl_utf8_check_any(state, data, n);
}

/* Did the text end between characters? */
static inline bool rl_utf8_whole(uint32_t state)
{
	return state == RL_UTF8_START;
}

/* Is this whole text UTF-8? */
static inline bool rl_utf8_valid(const uint8_t *data, size_t n)
{
	uint32_t state = RL_UTF8_START;
	return rl_utf8_check(&state, data, n) && rl_utf8_whole(state);
}

/* The length of data without a character that its end cuts in two, so that a piece can be
 * handed on which is UTF-8 by itself. data has passed rl_utf8_check from a character's start. */
size_t rl_utf8_whole_prefix(const uint8_t *data, size_t n);

/* One implementation, by name, for tests that hold them against each other: index 0 is plain C;
 * NULL ends the list; those this processor lacks are left out. */
struct rl_utf8_impl {
	const char *name;
	bool (*check)(uint32_t *state, const uint8_t *data, size_t n);
};
const struct rl_utf8_impl *rl_utf8_impl(size_t index);

#endif
