/* utf8_vector.h: the part of the UTF-8 check that its vector forms share; for utf8_*.c alone.
 *
 * The vector forms look at every pair of neighbouring bytes. Three tables of 16 rows, by the
 * high half and the low half of the first byte and the high half of the second, each give a set
 * of the mistakes that such a half byte allows; a mistake is there when all three name it. What
 * pairs cannot show is whether a continuation byte stands third or fourth where it must: that is
 * compared with the bytes two and three places before. (The method is that of J. Keiser and
 * D. Lemire, "Validating UTF-8 in less than one instruction per byte", 2021.) */
#ifndef RL_BASE_UTF8_VECTOR_H
#define RL_BASE_UTF8_VECTOR_H

#include <string.h>
#include "base/utf8_impl.h"

/* The mistakes of a pair. Bit 7 is no mistake by itself: two continuation bytes in a row are
 * right exactly where a third or fourth byte must stand. */
enum {
	SHORT = 0x01,                 /* 11______ 0_______, 11______ 11______ */
	LONG = 0x02,                  /* 0_______ 10______ */
	OVERLONG3 = 0x04,             /* e0 80..9f */
	HUGE_F4 = 0x08,               /* f4 90..bf, and f5..ff with 90..bf */
	SURROGATE = 0x10,             /* ed a0..bf */
	OVERLONG2 = 0x20,             /* c0, c1 */
	OVERLONG4 = 0x40,             /* f0 80..8f, and f5..ff with 80..8f */
	TWO = 0x80,                   /* 10______ 10______ */
	ANY_LOW = SHORT | LONG | TWO, /* judged by the high halves alone */
};

#define REST (ANY_LOW | HUGE_F4 | OVERLONG4)

/* clang-format off */
static const uint8_t rl_utf8_first_high[16] = {
	LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG,
	TWO, TWO, TWO, TWO,
	SHORT | OVERLONG2,
	SHORT,
	SHORT | OVERLONG3 | SURROGATE,
	SHORT | HUGE_F4 | OVERLONG4,
};

static const uint8_t rl_utf8_first_low[16] = {
	ANY_LOW | OVERLONG2 | OVERLONG3 | OVERLONG4,
	ANY_LOW | OVERLONG2,
	ANY_LOW, ANY_LOW,
	ANY_LOW | HUGE_F4,
	REST, REST, REST, REST, REST, REST, REST, REST,
	REST | SURROGATE,
	REST, REST,
};

static const uint8_t rl_utf8_second_high[16] = {
	SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
	LONG | TWO | OVERLONG2 | OVERLONG3 | OVERLONG4,
	LONG | TWO | OVERLONG2 | OVERLONG3 | HUGE_F4,
	LONG | TWO | OVERLONG2 | SURROGATE | HUGE_F4,
	LONG | TWO | OVERLONG2 | SURROGATE | HUGE_F4,
	SHORT, SHORT, SHORT, SHORT,
};
/* clang-format on */

/* Makes of a check of bytes that start and end between characters one that starts and ends
 * anywhere. */
static inline bool rl_utf8_by_blocks(uint32_t *state, const uint8_t *data, size_t n,
	bool (*blocks)(const uint8_t *data, size_t n))
{
	for (; n && !rl_utf8_whole(*state); data++, n--)
		if (!rl_utf8_check_plain(state, data, 1))
			return false;
	size_t whole = rl_utf8_whole_prefix(data, n);
	if (!blocks(data, whole))
		return false;
	return rl_utf8_check_plain(state, data + whole, n - whole);
}

#endif
