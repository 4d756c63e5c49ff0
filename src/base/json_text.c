/* json_text.c: what strings say: runs that stand for themselves, and escapes.
 *
 * Two escapes of a surrogate pair are one character (RFC 8259, 7); a half by itself is no character, but
 * JavaScript's strings hold such, and so it is kept, as WTF-8 does. */
#include <rill/error.h>
#include "base/json_impl.h"
#include "base/utf8.h"

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static uint32_t hex_value(uint8_t c)
{
	return c <= '9' ? c - (uint32_t)'0' : (c | 0x20u) - 'a' + 10;
}

/* Is there \uxxxx, and for which unit? Escapes were checked, so that the u says it. */
static bool read_unit(struct rl_slice s, uint32_t *unit)
{
	if (s.len < 6 || s.data[0] != '\\' || s.data[1] != 'u')
		return false;
	*unit = 0;
	for (size_t i = 2; i < 6; i++)
		*unit = *unit << 4 | hex_value(s.data[i]);
	return true;
}

/* As UTF-8, or as it would be for a surrogate. */
static size_t encode(uint32_t point, uint8_t to[4])
{
	if (point < 0x80) {
		to[0] = (uint8_t)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (uint8_t)(0xc0 | point >> 6);
		to[1] = (uint8_t)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (uint8_t)(0xe0 | point >> 12);
		to[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		to[2] = (uint8_t)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | point >> 18);
	to[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
	to[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	to[3] = (uint8_t)(0x80 | (point & 0x3f));
	return 4;
}

static uint8_t short_escape(uint8_t c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c; /* ", \ and / */
	}
}

/* Takes the escape at the front, and the one behind it where both are one character. */
static struct rl_slice take_escape(struct rl_slice *rest, uint8_t decoded[4])
{
	uint32_t unit, low;

	if (!read_unit(*rest, &unit)) {
		decoded[0] = short_escape(rest->data[1]);
		rl_slice_skip(rest, 2);
		return rl_slice(decoded, 1);
	}
	rl_slice_skip(rest, 6);
	if (is_high(unit) && read_unit(*rest, &low) && is_low(low)) {
		rl_slice_skip(rest, 6);
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	return rl_slice(decoded, encode(unit, decoded));
}

/* The next piece of text: a run where it stands, or what an escape means, in decoded. */
static struct rl_slice next_piece(struct rl_slice *rest, uint8_t decoded[4])
{
	const uint8_t *escape = memchr(rest->data, '\\', rest->len);
	size_t n = escape ? (size_t)(escape - rest->data) : rest->len;

	if (!n)
		return take_escape(rest, decoded);
	struct rl_slice run = rl_slice(rest->data, n);
	rl_slice_skip(rest, n);
	return run;
}

static struct rl_slice inside(const struct rl_json *string)
{
	assert(string->type == RL_JSON_STRING && string->text.len >= 2);
	return rl_slice(string->text.data + 1, string->text.len - 2);
}

int64_t rl_json_unquote_to(const struct rl_json *string, void *to, size_t room)
{
	struct rl_slice rest = inside(string), piece;
	uint8_t *out = to, decoded[4];
	size_t n = 0;

	while (rest.len) {
		piece = next_piece(&rest, decoded);
		if (piece.len > room - n)
			return RILL_ETOOBIG;
		memmove(out + n, piece.data, piece.len);
		n += piece.len;
	}
	return (int64_t)n;
}

int rl_json_unquote(const struct rl_json *string, struct rl_buf *out)
{
	size_t most = inside(string).len;
	int rc = rl_buf_reserve(out, most);

	if (rc < 0 || !most)
		return rc;
	rl_buf_commit(out, (size_t)rl_json_unquote_to(string, rl_buf_end(out), most));
	return 0;
}

bool rl_json_is(const struct rl_json *string, struct rl_slice text)
{
	uint8_t decoded[4];

	if (string->type != RL_JSON_STRING)
		return false;
	struct rl_slice rest = inside(string);
	if (string->plain)
		return rl_slice_equal(rest, text);
	while (rest.len) {
		struct rl_slice piece = next_piece(&rest, decoded);
		if (!rl_slice_starts(text, piece))
			return false;
		rl_slice_skip(&text, piece.len);
	}
	return !text.len;
}

/* Is a surrogate at the front, in three bytes? */
static bool read_surrogate(struct rl_slice s, uint32_t *unit)
{
	if (s.len < 3 || s.data[0] != 0xed || s.data[1] < 0xa0 || s.data[1] > 0xbf ||
		(s.data[2] & 0xc0) != 0x80)
		return false;
	*unit = 0xd000u | (s.data[1] & 0x3fu) << 6 | (s.data[2] & 0x3fu);
	return true;
}

/* UTF-8 between surrogates. ED always begins a character, so that each piece has to be valid by
 * itself. */
static bool wtf8_pieces(struct rl_slice s)
{
	uint32_t unit, before = 0;

	while (s.len) {
		if (read_surrogate(s, &unit)) {
			if (is_high(before) && is_low(unit))
				return false; /* a pair has four bytes */
			before = unit;
			rl_slice_skip(&s, 3);
			continue;
		}
		const uint8_t *next = s.len > 1 ? memchr(s.data + 1, 0xed, s.len - 1) : NULL;
		size_t n = next ? (size_t)(next - s.data) : s.len;
		if (!rl_utf8_valid(s.data, n))
			return false;
		before = 0;
		rl_slice_skip(&s, n);
	}
	return true;
}

bool rl_wtf8_valid(const uint8_t *data, size_t n)
{
	return rl_utf8_valid(data, n) || wtf8_pieces(rl_slice(data, n));
}
