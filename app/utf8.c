/* utf8.c: RFC 3629, 4, as a table. */
#include "utf8.h"

size_t utf8_character(const unsigned char *p, size_t len)
{
	static const struct {
		unsigned char first, last, second_from, second_to;
		size_t len;
	} rows[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t i = 0; len && i < sizeof(rows) / sizeof(*rows); i++) {
		if (p[0] < rows[i].first || p[0] > rows[i].last)
			continue;
		if (rows[i].len > len)
			return 0;
		if (rows[i].len > 1 && (p[1] < rows[i].second_from || p[1] > rows[i].second_to))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].len;
	}
	return 0;
}

size_t utf8_prefix(const unsigned char *p, size_t len)
{
	size_t used = 0;
	while (used < len) {
		size_t n = utf8_character(p + used, len - used);
		if (!n)
			break;
		used += n;
	}
	return used;
}

bool utf8_valid(const void *data, size_t len)
{
	return utf8_prefix(data, len) == len;
}

uint32_t utf8_code_point(const unsigned char *p, size_t n)
{
	static const unsigned char bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t point = p[0] & bits[n];
	for (size_t i = 1; i < n; i++)
		point = point << 6 | (p[i] & 0x3fU);
	return point;
}
