/* json_quote.c: text becomes a string. Runs that stand for themselves are copied whole; at what ends them
 * one character is looked at. */
#include "base/json_impl.h"

/* Two units of \uxxxx. */
#define LONGEST_ESCAPE 12

static uint8_t *put_unit(uint8_t *to, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	*to++ = '\\';
	*to++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*to++ = (uint8_t)hex[unit >> shift & 0xf];
	return to;
}

static uint8_t *put_ascii(uint8_t *to, uint8_t c)
{
	/* RFC 8259, 7: the letters of short escapes. '\\' is the last that leaves escaped. */
	static const uint8_t letters['\\' + 1] = { ['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
		['"'] = '"',
		['\\'] = '\\' };

	if (!letters[c])
		return put_unit(to, c);
	*to++ = '\\';
	*to++ = letters[c];
	return to;
}

static bool is_escaped(uint32_t point, unsigned escapes)
{
	if (point >= 0xd800 && point <= 0xdfff)
		return true;
	if ((escapes & RL_JSON_ESCAPE_LINES) && (point == 0x2028 || point == 0x2029))
		return true;
	if (!(escapes & RL_JSON_ESCAPE_SOCKJS))
		return false;
	return (point >= 0x200c && point <= 0x200f) || (point >= 0x2028 && point <= 0x202f) ||
	       (point >= 0x2060 && point <= 0x206f) ||
	       point >= 0xfff0; /* what is beyond U+FFFF is a pair of surrogates */
}

static uint32_t decode(const uint8_t *data, size_t n)
{
	uint32_t point = data[0] & (n == 3 ? 0x0fu : 0x07u);

	for (size_t i = 1; i < n; i++)
		point = point << 6 | (data[i] & 0x3fu);
	return point;
}

/* Takes a character of three bytes or four. */
static uint8_t *put_wide(uint8_t *to, struct rl_slice *text, unsigned escapes)
{
	const uint8_t *data = text->data;
	size_t n = data[0] < 0xf0 ? 3 : 4;

	rl_slice_skip(text, n); /* asserts that it is whole */
	uint32_t point = decode(data, n);
	if (!is_escaped(point, escapes)) {
		memcpy(to, data, n);
		return to + n;
	}
	if (point < 0x10000)
		return put_unit(to, point);
	point -= 0x10000;
	return put_unit(put_unit(to, 0xd800 | point >> 10), 0xdc00 | (point & 0x3ff));
}

/* Takes the character that has ended a run. */
static uint8_t *put_character(uint8_t *to, struct rl_slice *text, unsigned escapes)
{
	uint8_t c = text->data[0];

	if (c >= 0x80)
		return put_wide(to, text, escapes);
	rl_slice_skip(text, 1);
	return put_ascii(to, c);
}

/* Counts what was written up to *to and makes room for n more. */
static int make_room(struct rl_buf *out, uint8_t **to, size_t n)
{
	rl_buf_commit(out, (size_t)(*to - rl_buf_end(out)));
	int rc = rl_buf_reserve(out, n);
	*to = rl_buf_end(out);
	return rc;
}

/* The text and its quotes. There is always room for what is left of it as it stands. */
static int put_string(struct rl_buf *out, struct rl_slice text, unsigned escapes)
{
	uint8_t markup = escapes & RL_JSON_ESCAPE_MARKUP ? '<' : 0;
	int rc = rl_buf_reserve(out, text.len + 2);

	if (rc < 0)
		return rc;
	uint8_t *to = rl_buf_end(out), *end = to + rl_buf_room(out);
	*to++ = '"';
	while (text.len) {
		size_t n = rl_json_copy_run(to, text.data, text.len, markup);
		to += n;
		rl_slice_skip(&text, n);
		if (!text.len)
			break;
		size_t need = text.len + LONGEST_ESCAPE + 1;
		if ((size_t)(end - to) < need) {
			rc = make_room(out, &to, need);
			if (rc < 0)
				return rc;
			end = to + rl_buf_room(out);
		}
		to = put_character(to, &text, escapes);
	}
	*to++ = '"';
	rl_buf_commit(out, (size_t)(to - rl_buf_end(out)));
	return 0;
}

int rl_json_quote(struct rl_buf *out, struct rl_slice text, unsigned escapes)
{
	size_t before = out->len;
	int rc = put_string(out, text, escapes);

	if (rc < 0)
		out->len = before;
	return rc;
}
