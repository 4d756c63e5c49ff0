/* utf16.c: see utf16.h.
 *
 * Each byte that begins a character is a unit, and one more when it begins one of four bytes; so eight bytes are
 * counted at once by the bits at their tops, wherever characters begin among them. */
#include "base/utf16.h"

#define EACH (UINT64_MAX / 0xff) /* 1 in each byte of a word */

static unsigned units_of_word(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	if (!(word & EACH * 0x80))
		return 8;
	uint64_t inside = word >> 7 & ~(word >> 6) & EACH;
	uint64_t four = word >> 7 & word >> 6 & word >> 5 & word >> 4 & EACH;
	/* The product's highest byte is the sum of all, at most 16. */
	return (unsigned)((EACH - inside + four) * EACH >> 56);
}

static unsigned units_of_byte(uint8_t c)
{
	return (unsigned)((c & 0xc0) != 0x80) + (c >= 0xf0);
}

uint64_t rl_utf16_units(struct rl_slice text)
{
	uint64_t units = 0;
	size_t i = 0;

	for (; text.len - i >= 8; i += 8)
		units += units_of_word(text.data + i);
	for (; i < text.len; i++)
		units += units_of_byte(text.data[i]);
	return units;
}

size_t rl_utf16_prefix(struct rl_slice text, uint64_t *units)
{
	uint64_t left = *units;
	size_t i = 0;

	/* A word may end inside a character, which was counted where it began. */
	for (unsigned n; text.len - i >= 8 && (n = units_of_word(text.data + i)) <= left; i += 8)
		left -= n;
	for (unsigned n; i < text.len && (n = units_of_byte(text.data[i])) <= left; i++)
		left -= n;
	*units -= left;
	return i;
}
