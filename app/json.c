/* json.c: strings. Runs of characters that stand for themselves are copied whole. */
#include "json.h"

#include <string.h>
#include "utf8.h"

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_escape(struct text *out, unsigned char c)
{
	static const char short_names[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	for (size_t i = 0; short_names[i]; i += 2) {
		if ((unsigned char)short_names[i] == c) {
			text_put(out, (char[]){ '\\', short_names[i + 1] }, 2);
			return;
		}
	}
	text_putf(out, "\\u%04x", c);
}

/* What stands at p and is not plain; returns how many bytes it was. */
static size_t put_other(struct text *out, const unsigned char *p, size_t len)
{
	size_t n = utf8_character(p, len);
	if (n > 1)
		text_put(out, p, n);
	else if (n == 1)
		put_escape(out, *p);
	else
		text_puts(out, "\xef\xbf\xbd");
	return n ? n : 1;
}

void json_string(struct text *out, rill_bytes bytes)
{
	const unsigned char *p = bytes.data;
	text_puts(out, "\"");
	for (size_t i = 0; i < bytes.len;) {
		size_t from = i;
		while (i < bytes.len && is_plain(p[i]))
			i++;
		text_put(out, p + from, i - from);
		if (i < bytes.len)
			i += put_other(out, p + i, bytes.len - i);
	}
	text_puts(out, "\"");
}

void json_words(struct text *out, const char *words)
{
	json_string(out, (rill_bytes){ words, words ? strlen(words) : 0 });
}

void json_base64(struct text *out, rill_bytes bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = bytes.data;
	text_puts(out, "\"");
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		unsigned group = (unsigned)p[i] << 16;
		group |= n > 1 ? (unsigned)p[i + 1] << 8 : 0;
		group |= n > 2 ? (unsigned)p[i + 2] : 0;
		const char four[4] = { digits[group >> 18], digits[group >> 12 & 63],
			n > 1 ? digits[group >> 6 & 63] : '=', n > 2 ? digits[group & 63] : '=' };
		text_put(out, four, 4);
	}
	text_puts(out, "\"");
}
