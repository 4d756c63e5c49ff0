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

/* RFC 8259, 7: the letter of a short escape; 0: there is none. */
static uint8_t short_escape(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static uint8_t *put_ascii(uint8_t *to, uint8_t c)
{
	uint8_t letter = short_escape(c);

	if (!letter)
		return put_unit(to, c);
	*to++ = '\\';
	*to++ = letter;
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

/* The text and its quotes. There is always room for what is left of it as it stands. */
static int put_string(struct rl_buf *out, struct rl_slice text, unsigned escapes)
{
	uint8_t markup = escapes & RL_JSON_ESCAPE_MARKUP ? '<' : 0;
	int rc = rl_buf_reserve(out, text.len + 2);

	if (rc < 0)
		return rc;
	uint8_t *to = rl_buf_end(out);
	*to++ = '"';
	while (text.len) {
		size_t n = rl_json_quote_run(text.data, text.len, markup);
		memcpy(to, text.data, n);
		to += n;
		rl_slice_skip(&text, n);
		if (!text.len)
			break;
		rl_buf_commit(out, (size_t)(to - rl_buf_end(out)));
		if (rl_buf_room(out) < text.len + LONGEST_ESCAPE + 1)
			rc = rl_buf_reserve(out, text.len + LONGEST_ESCAPE + 1);
		if (rc < 0)
			return rc;
		to = put_character(rl_buf_end(out), &text, escapes);
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
