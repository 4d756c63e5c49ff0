/* base64.c: see base64.h. Three bytes are four characters of six bits. */
#include <rill/error.h>
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint8_t *put_three(uint8_t *to, uint32_t bits)
{
	for (int shift = 18; shift >= 0; shift -= 6)
		*to++ = (uint8_t)alphabet[bits >> shift & 63];
	return to;
}

int rl_base64_write(struct rl_buf *out, struct rl_slice bytes)
{
	size_t i = 0;

	if (bytes.len > SIZE_MAX / 2)
		return RILL_ENOMEM;
	int rc = rl_buf_reserve(out, rl_base64_size(bytes.len));
	if (rc < 0 || !bytes.len)
		return rc;
	uint8_t *to = rl_buf_end(out);
	for (; bytes.len - i >= 3; i += 3)
		to = put_three(to, (uint32_t)bytes.data[i] << 16 |
					   (uint32_t)bytes.data[i + 1] << 8 | bytes.data[i + 2]);
	size_t left = bytes.len - i;
	if (left) {
		uint32_t second = left == 2 ? bytes.data[i + 1] : 0;
		to = put_three(to, (uint32_t)bytes.data[i] << 16 | second << 8);
		memset(to - (3 - left), '=', 3 - left);
	}
	rl_buf_commit(out, rl_base64_size(bytes.len));
	return 0;
}

#define NONE 64

/* What a character stands for; from '+' to 'z'. */
static uint32_t value_of(uint8_t c)
{
	static const uint8_t values['z' - '+' + 1] = { 62, NONE, NONE, NONE, 63, 52, 53, 54, 55, 56,
		57, 58, 59, 60, 61, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0, 1, 2, 3, 4, 5, 6,
		7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NONE, NONE,
		NONE, NONE, NONE, NONE, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
		41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51 };

	return c >= '+' && c <= 'z' ? values[c - '+'] : NONE;
}

/* The bits of n characters, at most four; false when one of them is none. */
static bool take_bits(const uint8_t *text, size_t n, uint32_t *bits)
{
	uint32_t wrong = 0;

	*bits = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t value = value_of(text[i]);
		wrong |= value & NONE;
		*bits = *bits << 6 | (value & 63);
	}
	return !wrong;
}

/* Two characters or three, which are one byte or two and some zeros. */
static bool take_last(struct rl_slice text, uint8_t *to)
{
	uint32_t bits;

	if (!take_bits(text.data, text.len, &bits))
		return false;
	bits <<= 6 * (4 - text.len);
	to[0] = (uint8_t)(bits >> 16);
	if (text.len == 2)
		return !(bits & 0xffff);
	to[1] = (uint8_t)(bits >> 8);
	return !(bits & 0xff);
}

/* Without its padding; false when that is not whole. */
static bool strip(struct rl_slice *text)
{
	size_t padding = 0;

	while (padding < 2 && padding < text->len && text->data[text->len - 1 - padding] == '=')
		padding++;
	if (padding && text->len % 4)
		return false;
	text->len -= padding;
	return text->len % 4 != 1;
}

int rl_base64_read(struct rl_buf *out, struct rl_slice text)
{
	size_t i = 0;
	uint32_t bits;

	if (!strip(&text))
		return RILL_EPROTO;
	size_t size = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
	int rc = rl_buf_reserve(out, size);
	if (rc < 0 || !size)
		return rc;
	uint8_t *to = rl_buf_end(out);
	for (; text.len - i >= 4; i += 4) {
		if (!take_bits(text.data + i, 4, &bits))
			return RILL_EPROTO;
		*to++ = (uint8_t)(bits >> 16);
		*to++ = (uint8_t)(bits >> 8);
		*to++ = (uint8_t)bits;
	}
	if (i < text.len && !take_last(rl_slice(text.data + i, text.len - i), to))
		return RILL_EPROTO;
	rl_buf_commit(out, size);
	return 0;
}
