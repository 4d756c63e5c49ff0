/* eio_jsonp.c: polling by script: an answer is a call with a string, a request the field of a form.
 *
 * Browsers change line ends in forms, so the client sends each as the letters \n, and a backslash and an n
 * that were there before as \\n. Any other backslash stands for itself. */
#include <rill/error.h>
#include "base/json.h"
#include "wire/eio_packet.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The label is the client's text and becomes script: nothing but digits leaves. */
static int put_digits(struct rl_buf *out, struct rl_slice label)
{
	int rc = rl_buf_reserve(out, label.len);

	for (size_t i = 0; i < label.len && rc == 0; i++)
		if (is_digit(label.data[i]))
			rc = rl_buf_append(out, label.data + i, 1);
	return rc;
}

static int put_call(struct rl_buf *out, struct rl_slice label, struct rl_slice body)
{
	int rc = rl_buf_append_str(out, "___eio[");

	if (rc == 0)
		rc = put_digits(out, label);
	if (rc == 0)
		rc = rl_buf_append_str(out, "](");
	if (rc == 0)
		rc = rl_json_quote(out, body, RL_JSON_ESCAPE_LINES);
	return rc == 0 ? rl_buf_append_str(out, ");") : rc;
}

int rl_eio_write_jsonp(struct rl_buf *out, struct rl_slice label, struct rl_slice body)
{
	size_t before = out->len;
	int rc = put_call(out, label, body);

	if (rc < 0)
		out->len = before;
	return rc;
}

static void put(struct rl_buf *out, struct rl_slice bytes)
{
	if (!bytes.len)
		return;
	memcpy(rl_buf_end(out), bytes.data, bytes.len);
	rl_buf_commit(out, bytes.len);
}

/* Takes a backslash at the front, and what belongs to it. */
static struct rl_slice take_backslash(struct rl_slice *text)
{
	struct rl_slice said = rl_slice(text->data, 1);
	size_t n = 1;

	if (rl_slice_starts(*text, RL_SLICE("\\\\n"))) {
		said = rl_slice(text->data + 1, 2);
		n = 3;
	} else if (rl_slice_starts(*text, RL_SLICE("\\n"))) {
		said = RL_SLICE("\n");
		n = 2;
	}
	rl_slice_skip(text, n);
	return said;
}

int rl_eio_read_jsonp(struct rl_buf *out, struct rl_slice text)
{
	int rc = rl_buf_reserve(out, text.len);

	while (text.len && rc == 0) {
		const uint8_t *backslash = memchr(text.data, '\\', text.len);
		size_t n = backslash ? (size_t)(backslash - text.data) : text.len;
		put(out, rl_slice(text.data, n));
		rl_slice_skip(&text, n);
		if (text.len)
			put(out, take_backslash(&text));
	}
	return rc;
}
