/* json.c: one value is found and checked (RFC 8259), without recursion: what is open is a bit a level.
 *
 * A string is gone over once for its end and, if it is not ASCII, once for its UTF-8: both in vectors,
 * where characters by themselves would cost a branch each. */
#include <rill/error.h>
#include "base/json_impl.h"
#include "base/utf8.h"

struct scan {
	const uint8_t *at, *end;
	size_t depth;
	uint64_t objects[RL_JSON_DEPTH / 64]; /* a bit for each level: is it an object? */
};

/* What a step of the scan leaves to be done, if it has found no mistake. */
enum { VALUE_DONE, VALUE_FOLLOWS };

static void skip_space(struct scan *s)
{
	while (s->at < s->end && rl_json_is_space(*s->at))
		s->at++;
}

static bool take(struct scan *s, uint8_t c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool is_hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool take_unit(struct scan *s)
{
	for (int i = 0; i < 4; i++, s->at++)
		if (s->at == s->end || !is_hex_digit(*s->at))
			return false;
	return true;
}

static bool take_escape(struct scan *s)
{
	if (!take(s, '\\') || s->at == s->end)
		return false;
	switch (*s->at++) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return true;
	case 'u':
		return take_unit(s);
	default:
		return false;
	}
}

static bool take_string(struct scan *s, bool *plain)
{
	bool high = false;

	if (!take(s, '"'))
		return false;
	const uint8_t *start = s->at;
	*plain = true;
	for (;;) {
		s->at += rl_json_run(s->at, (size_t)(s->end - s->at), &high);
		if (take(s, '"'))
			break;
		*plain = false;
		if (!take_escape(s))
			return false;
	}
	return !high || rl_utf8_valid(start, (size_t)(s->at - 1 - start));
}

static bool take_digits(struct scan *s)
{
	const uint8_t *start = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

static bool take_number(struct scan *s)
{
	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.') && !take_digits(s))
		return false;
	if (!take(s, 'e') && !take(s, 'E'))
		return true;
	if (!take(s, '+'))
		take(s, '-');
	return take_digits(s);
}

static bool take_word(struct scan *s, struct rl_slice word)
{
	if (!rl_slice_starts(rl_slice(s->at, (size_t)(s->end - s->at)), word))
		return false;
	s->at += word.len;
	return true;
}

static bool take_scalar(struct scan *s, bool *plain)
{
	switch (rl_json_type_of(*s->at)) {
	case RL_JSON_STRING:
		return take_string(s, plain);
	case RL_JSON_TRUE:
		return take_word(s, RL_SLICE("true"));
	case RL_JSON_FALSE:
		return take_word(s, RL_SLICE("false"));
	case RL_JSON_NULL:
		return take_word(s, RL_SLICE("null"));
	default:
		return take_number(s);
	}
}

static bool in_object(const struct scan *s)
{
	return s->objects[(s->depth - 1) / 64] >> (s->depth - 1) % 64 & 1;
}

/* A member up to where its value begins. */
static int take_name(struct scan *s)
{
	bool plain;

	skip_space(s);
	if (!take_string(s, &plain))
		return RILL_EPROTO;
	skip_space(s);
	return take(s, ':') ? VALUE_FOLLOWS : RILL_EPROTO;
}

static int take_opening(struct scan *s)
{
	bool object = *s->at++ == '{';
	uint64_t bit = (uint64_t)1 << s->depth % 64;

	if (s->depth == RL_JSON_DEPTH)
		return RILL_ETOOBIG;
	uint64_t *levels = &s->objects[s->depth / 64];
	if (s->depth % 64 == 0)
		*levels = 0;
	*levels = object ? *levels | bit : *levels & ~bit;
	s->depth++;
	skip_space(s);
	if (take(s, object ? '}' : ']')) {
		s->depth--;
		return VALUE_DONE;
	}
	return object ? take_name(s) : VALUE_FOLLOWS;
}

/* A value, or as much of it as comes before the first inside it. */
static int take_beginning(struct scan *s, bool *plain)
{
	skip_space(s);
	if (s->at == s->end)
		return RILL_EPROTO;
	if (*s->at == '[' || *s->at == '{')
		return take_opening(s);
	return take_scalar(s, plain) ? VALUE_DONE : RILL_EPROTO;
}

/* What stands behind a value in an array or object. */
static int take_separator(struct scan *s)
{
	bool object = in_object(s);

	skip_space(s);
	if (take(s, ','))
		return object ? take_name(s) : VALUE_FOLLOWS;
	if (!take(s, object ? '}' : ']'))
		return RILL_EPROTO;
	s->depth--;
	return VALUE_DONE;
}

int rl_json_next(struct rl_slice *in, struct rl_json *value)
{
	struct scan s;
	bool plain = false;

	s.at = in->data;
	s.end = in->len ? in->data + in->len : in->data;
	s.depth = 0;
	skip_space(&s);
	const uint8_t *start = s.at;
	int rc = take_beginning(&s, &plain);
	while (rc == VALUE_FOLLOWS || (rc == VALUE_DONE && s.depth))
		rc = rc == VALUE_FOLLOWS ? take_beginning(&s, &plain) : take_separator(&s);
	if (rc < 0)
		return rc;
	value->type = rl_json_type_of(*start);
	value->plain = value->type == RL_JSON_STRING && plain;
	value->text = rl_slice(start, (size_t)(s.at - start));
	skip_space(&s);
	rl_slice_skip(in, (size_t)(s.at - in->data));
	return 0;
}

int rl_json_read(struct rl_slice text, struct rl_json *value)
{
	int rc = rl_json_next(&text, value);

	return rc == 0 && text.len ? RILL_EPROTO : rc;
}

bool rl_json_valid(const void *data, size_t len)
{
	struct rl_json value;

	return rl_json_read(rl_slice(data, len), &value) == 0;
}

bool rl_json_lone_string(struct rl_slice text, struct rl_json *item)
{
	bool high = false;

	if (text.len < 4 || text.data[0] != '[' || text.data[1] != '"' ||
		text.data[text.len - 2] != '"' || text.data[text.len - 1] != ']')
		return false;
	struct rl_slice inside = rl_slice(text.data + 2, text.len - 4);
	if (rl_json_run(inside.data, inside.len, &high) < inside.len ||
		(high && !rl_utf8_valid(inside.data, inside.len)))
		return false;
	item->type = RL_JSON_STRING;
	item->plain = true;
	item->text = rl_slice(text.data + 1, text.len - 2);
	return true;
}
