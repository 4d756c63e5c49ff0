/* json_double.c: a double becomes a number (ECMA-262, Number::toString).
 *
 * As many digits as 15, 16 or 17 say the double; 17 always do (IEEE 754). The digits come from printf(),
 * but not the point, which is that of the program's locale. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/json.h"

#define MOST_DIGITS 17
/* Sign, digits, "0.00000" in front of them or "e-324" behind. */
#define LONGEST 32

/* 0.digits times ten to the power of point. */
struct decimal {
	char digits[MOST_DIGITS + 1];
	int count, point;
};

/* The nearest decimal of so many digits. */
static void round_to(double magnitude, int count, struct decimal *d)
{
	char text[LONGEST + MOST_DIGITS]; /* a point may have several bytes */
	const char *at = text;

	snprintf(text, sizeof(text), "%.*e", count - 1, magnitude);
	for (d->count = 0; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9' && d->count < count)
			d->digits[d->count++] = *at;
	d->point = atoi(at + 1) + 1;
	while (d->count > 1 && d->digits[d->count - 1] == '0')
		d->count--;
	d->digits[d->count] = 0;
}

static bool reads_as(const struct decimal *d, double magnitude)
{
	char text[LONGEST];

	snprintf(text, sizeof(text), "%se%d", d->digits, d->point - d->count);
	return strtod(text, NULL) == magnitude;
}

/* Below the normal numbers there are fewer digits than 15 in a double. */
static struct decimal shortest(double magnitude)
{
	int count = magnitude < 2.3e-308 ? 1 : 15;
	struct decimal d;

	for (;; count++) {
		round_to(magnitude, count, &d);
		if (count == MOST_DIGITS || reads_as(&d, magnitude))
			return d;
	}
}

static size_t put_zeros(char *to, int count)
{
	memset(to, '0', (size_t)count);
	return (size_t)count;
}

static size_t put_digits(char *to, const char *digits, int count)
{
	memcpy(to, digits, (size_t)count);
	return (size_t)count;
}

static size_t put_plain(char *to, const struct decimal *d)
{
	size_t n = 0;

	if (d->point <= 0) {
		to[n++] = '0';
		to[n++] = '.';
		n += put_zeros(to + n, -d->point);
		return n + put_digits(to + n, d->digits, d->count);
	}
	if (d->point >= d->count) {
		n += put_digits(to, d->digits, d->count);
		return n + put_zeros(to + n, d->point - d->count);
	}
	n += put_digits(to, d->digits, d->point);
	to[n++] = '.';
	return n + put_digits(to + n, d->digits + d->point, d->count - d->point);
}

static size_t put_scientific(char *to, const struct decimal *d)
{
	size_t n = 0;

	to[n++] = d->digits[0];
	if (d->count > 1) {
		to[n++] = '.';
		n += put_digits(to + n, d->digits + 1, d->count - 1);
	}
	int wrote = snprintf(to + n, LONGEST - n, "e%+d", d->point - 1);
	return n + (size_t)wrote;
}

int rl_json_write_double(struct rl_buf *out, double value)
{
	double magnitude = fabs(value);
	char text[LONGEST];
	size_t n = 0;

	assert(isfinite(value));
	if (signbit(value))
		text[n++] = '-';
	if (magnitude == 0) {
		text[n++] = '0';
		return rl_buf_append(out, text, n);
	}
	struct decimal d = shortest(magnitude);
	if (d.point > -6 && d.point <= 21)
		n += put_plain(text + n, &d);
	else
		n += put_scientific(text + n, &d);
	return rl_buf_append(out, text, n);
}
