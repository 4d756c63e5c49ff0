/* form.c: see form.h. */
#include <rill/error.h>
#include "wire/form.h"

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes what may be an escape off s. */
static uint8_t take_escape(struct rl_slice *s)
{
	uint8_t c = s->data[0];

	if (c == '%' && s->len >= 3) {
		int high = hex_digit(s->data[1]), low = hex_digit(s->data[2]);
		if (high >= 0 && low >= 0) {
			rl_slice_skip(s, 3);
			return (uint8_t)(high << 4 | low);
		}
	}
	rl_slice_skip(s, 1);
	return c == '+' ? ' ' : c;
}

/* Takes the next character off s; nearly all of them stand for themselves. */
static inline uint8_t next_decoded(struct rl_slice *s)
{
	uint8_t c = s->data[0];

	if (c == '%' || c == '+')
		return take_escape(s);
	s->data++;
	s->len--;
	return c;
}

bool rl_form_next(struct rl_slice *form, struct rl_slice *name, struct rl_slice *value)
{
	if (!form->len)
		return false;
	const uint8_t *end = memchr(form->data, '&', form->len);
	size_t len = end ? (size_t)(end - form->data) : form->len;
	const uint8_t *equals = len ? memchr(form->data, '=', len) : NULL;
	*name = rl_slice(form->data, equals ? (size_t)(equals - form->data) : len);
	*value = equals ? rl_slice(equals + 1, len - name->len - 1) : rl_slice(NULL, 0);
	rl_slice_skip(form, end ? len + 1 : len);
	return true;
}

bool rl_form_is(struct rl_slice encoded, struct rl_slice text)
{
	if (encoded.len < text.len)
		return false;
	for (; encoded.len && text.len; rl_slice_skip(&text, 1))
		if (next_decoded(&encoded) != text.data[0])
			return false;
	return !encoded.len && !text.len;
}

bool rl_form_find(struct rl_slice form, struct rl_slice wanted, struct rl_slice *value)
{
	struct rl_slice name;

	while (rl_form_next(&form, &name, value))
		if (rl_form_is(name, wanted))
			return true;
	return false;
}

int64_t rl_form_decode(struct rl_slice encoded, void *to, size_t room)
{
	uint8_t *out = to;
	size_t n = 0;

	while (encoded.len) {
		if (n == room)
			return RILL_ETOOBIG;
		out[n++] = next_decoded(&encoded);
	}
	return (int64_t)n;
}
