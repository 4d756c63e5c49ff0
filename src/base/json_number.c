/* json_number.c: what numbers say. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include "base/json_impl.h"

static bool take_sign(struct rl_slice *s)
{
	bool minus = s->len && s->data[0] == '-';
	rl_slice_skip(s, minus);
	return minus;
}

bool rl_json_i64(const struct rl_json *number, int64_t *value)
{
	struct rl_slice digits = number->text;
	uint64_t v;

	if (number->type != RL_JSON_NUMBER)
		return false;
	bool minus = take_sign(&digits);
	if (!rl_slice_to_u64(digits, &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	*value = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* A double, or the middle between two, has at most 767 significant digits; all that stands behind says
 * no more than whether anything is there. */
#define MOST_DIGITS 768

/* A decimal: 0.digits times ten to the power of exponent. */
struct decimal {
	char digits[MOST_DIGITS + 1]; /* one more for what was left out */
	size_t count;
	int64_t exponent;
};

static void add_digit(struct decimal *d, uint8_t c, bool in_fraction)
{
	if (!d->count && c == '0') {
		d->exponent -= in_fraction;
		return;
	}
	d->exponent += !in_fraction;
	if (d->count < MOST_DIGITS)
		d->digits[d->count++] = (char)c;
	else if (d->count == MOST_DIGITS && c != '0')
		d->digits[d->count++] = '1';
}

/* The digits behind the 'e'; what is beyond all doubles stays there. */
static int64_t read_exponent(struct rl_slice s)
{
	int64_t e = 0;

	bool minus = take_sign(&s);
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] != '+' && e < INT64_MAX / 100)
			e = e * 10 + (s.data[i] - '0');
	return minus ? -e : e;
}

static void read_decimal(struct rl_slice s, struct decimal *d)
{
	bool in_fraction = false;
	size_t i = 0;

	d->count = 0;
	d->exponent = 0;
	for (; i < s.len && (s.data[i] | 0x20) != 'e'; i++) {
		if (s.data[i] == '.')
			in_fraction = true;
		else
			add_digit(d, s.data[i], in_fraction);
	}
	rl_slice_skip(&s, i < s.len ? i + 1 : i);
	d->exponent += read_exponent(s);
}

bool rl_json_double(const struct rl_json *number, double *value)
{
	struct rl_slice text = number->text;
	char plain[MOST_DIGITS + 32];
	struct decimal d;

	if (number->type != RL_JSON_NUMBER)
		return false;
	bool minus = take_sign(&text);
	read_decimal(text, &d);
	/* Without a point, because strtod() would look for the one of the program's locale. */
	int64_t exponent = d.exponent - (int64_t)d.count;
	int bounded = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : (int)exponent;
	snprintf(plain, sizeof(plain), "%.*se%d", (int)d.count, d.digits, bounded);
	double magnitude = d.count ? strtod(plain, NULL) : 0;
	if (!isfinite(magnitude))
		return false;
	*value = minus ? -magnitude : magnitude;
	return true;
}
