/* hixie_text.c: see hixie_text.h. */
#include <rill/error.h>
#include "wire/hixie_text.h"

/* The character text begins with: its length, or that of the maximal part of one that is there
 * (Unicode, table 3-7: only the second byte has bounds of its own). */
static size_t take_character(struct rl_slice text, bool *valid)
{
	uint8_t first = text.data[0], low = 0x80, high = 0xbf;
	size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	*valid = first < 0x80 || (first >= 0xc2 && first <= 0xf4);
	if (!*valid)
		return 1;
	if (first == 0xe0)
		low = 0xa0; /* else overlong */
	if (first == 0xed)
		high = 0x9f; /* else a surrogate */
	if (first == 0xf0)
		low = 0x90; /* else overlong */
	if (first == 0xf4)
		high = 0x8f; /* else above U+10FFFF */
	for (size_t i = 1; i < size; i++) {
		*valid = i < text.len && text.data[i] >= low && text.data[i] <= high;
		if (!*valid)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	return size;
}

static int append(struct rl_buf *out, struct rl_slice piece, uint64_t cap)
{
	if (out->len > cap || piece.len > cap - out->len)
		return RILL_ETOOBIG;
	return rl_buf_append_slice(out, piece);
}

int rl_hixie_repair(struct rl_buf *out, struct rl_slice text, uint64_t cap)
{
	while (text.len) {
		struct rl_slice good = { text.data, 0 };
		size_t bad = 0;
		while (!bad && text.len) {
			bool valid;
			size_t n = take_character(text, &valid);
			if (valid)
				good.len += n;
			else
				bad = n;
			rl_slice_skip(&text, n);
		}
		int rc = append(out, good, cap);
		if (rc == 0 && bad)
			rc = append(out, RL_SLICE("\xef\xbf\xbd"), cap);
		if (rc < 0)
			return rc;
	}
	return 0;
}
