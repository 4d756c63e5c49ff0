/* utf8_replace.c: see utf8_replace.h. */
#include <rill/error.h>
#include "base/utf8.h"
#include "base/utf8_replace.h"

static const uint8_t replacement[3] = { 0xef, 0xbf, 0xbd };

/* What a first byte says: how many more there are, and between which bounds the second has to be, so
 * that there is nothing overlong, no surrogate and nothing above U+10FFFF (RFC 3629, 4). */
static size_t read_lead(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/* How many bytes at the front belong together, a character or the beginning of one. */
static size_t measure(struct rl_slice s, bool *whole)
{
	uint8_t low, high;
	size_t more = read_lead(s.data[0], &low, &high), n = 1;

	if (s.data[0] < 0x80 || !more) {
		*whole = s.data[0] < 0x80;
		return 1;
	}
	for (; n <= more && n < s.len && s.data[n] >= low && s.data[n] <= high; n++) {
		low = 0x80;
		high = 0xbf;
	}
	*whole = n == more + 1;
	return n;
}

/* Takes the characters in front of what is none. */
static struct rl_slice take_whole(struct rl_slice *text)
{
	struct rl_slice rest = *text;
	bool whole = true;

	while (rest.len) {
		size_t n = measure(rest, &whole);
		if (!whole)
			break;
		rl_slice_skip(&rest, n);
	}
	struct rl_slice front = rl_slice(text->data, text->len - rest.len);
	*text = rest;
	return front;
}

int rl_utf8_replace(struct rl_buf *out, struct rl_slice text)
{
	size_t before = out->len;
	bool whole;

	while (text.len) {
		int rc = rl_buf_append_slice(out, take_whole(&text));
		if (rc == 0 && text.len) {
			rc = rl_buf_append(out, replacement, sizeof(replacement));
			rl_slice_skip(&text, measure(text, &whole));
		}
		if (rc < 0) {
			out->len = before;
			return rc;
		}
	}
	return 0;
}

int rl_utf8_repair(struct rl_buf *buf)
{
	struct rl_buf clean;

	if (rl_utf8_valid(buf->data, buf->len))
		return 0;
	rl_buf_init(&clean, buf->env);
	int rc = rl_utf8_replace(&clean, rl_buf_slice(buf));
	if (rc < 0) {
		rl_buf_release(&clean);
		return rc;
	}
	rl_buf_release(buf);
	*buf = clean;
	return 0;
}
