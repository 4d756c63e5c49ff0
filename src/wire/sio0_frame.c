/* sio0_frame.c: frames, one by one.
 *
 * What announces more than there is costs nothing: a body is a slice of what has come. */
#include <rill/error.h>
#include "base/utf16.h"
#include "wire/sio0_frame.h"

#define MARK           RL_SLICE("~m~")
#define JSON_SIGN      RL_SLICE("~j~")
#define HEARTBEAT_SIGN RL_SLICE("~h~")
#define NOTHING        RL_SLICE("")
#define CRLF           RL_SLICE("\r\n")

/* 18446744073709551615 */
#define MOST_DIGITS 20

bool rl_sio0_is_sign(struct rl_slice text)
{
	return rl_slice_starts(text, HEARTBEAT_SIGN) || rl_slice_starts(text, JSON_SIGN);
}

/* All up to the body, with room for so many bytes behind. */
static int begin_frame(struct rl_buf *out, uint64_t units, size_t bytes)
{
	int rc = rl_buf_reserve(out, MOST_DIGITS + 2 * MARK.len + bytes);

	if (rc < 0)
		return rc;
	rl_buf_append_slice(out, MARK);
	rl_buf_append_u64(out, units);
	return rl_buf_append_slice(out, MARK);
}

int rl_sio0_write_text(struct rl_buf *out, struct rl_slice text)
{
	int rc = begin_frame(out, rl_utf16_units(text), text.len);

	return rc == 0 ? rl_buf_append_slice(out, text) : rc;
}

int rl_sio0_write_heartbeat(struct rl_buf *out, uint32_t number)
{
	size_t digits = 1;

	for (uint32_t rest = number; rest >= 10; rest /= 10)
		digits++;
	int rc = begin_frame(out, HEARTBEAT_SIGN.len + digits, HEARTBEAT_SIGN.len + digits);
	if (rc < 0)
		return rc;
	rl_buf_append_slice(out, HEARTBEAT_SIGN);
	return rl_buf_append_u64(out, number);
}

/* Takes all up to the next CR, or to the end. */
static struct rl_slice take_to_cr(struct rl_slice *text)
{
	const uint8_t *cr = text->len ? memchr(text->data, '\r', text->len) : NULL;
	struct rl_slice front = rl_slice(text->data, cr ? (size_t)(cr - text->data) : text->len);

	rl_slice_skip(text, front.len);
	return front;
}

/* Takes the line end that the text begins with, which has a CR. */
static void take_line_end(struct rl_slice *text)
{
	rl_slice_skip(text, rl_slice_starts(*text, CRLF) ? 2 : 1);
}

/* How many pairs of CR and LF there are. */
static size_t count_crlf(struct rl_slice text)
{
	size_t count = 0;

	for (take_to_cr(&text); text.len; take_to_cr(&text)) {
		count += rl_slice_starts(text, CRLF);
		take_line_end(&text);
	}
	return count;
}

/* The text with each line end as LF; there is room for it. */
static void put_lines(struct rl_buf *out, struct rl_slice text)
{
	rl_buf_append_slice(out, take_to_cr(&text));
	while (text.len) {
		take_line_end(&text);
		rl_buf_append_str(out, "\n");
		rl_buf_append_slice(out, take_to_cr(&text));
	}
}

static int write_frame_of_lines(struct rl_buf *out, struct rl_slice sign, struct rl_slice text)
{
	size_t pairs = count_crlf(text), size = sign.len + text.len - pairs;
	int rc = begin_frame(out, sign.len + rl_utf16_units(text) - pairs, size);

	if (rc < 0)
		return rc;
	rl_buf_append_slice(out, sign);
	put_lines(out, text);
	return 0;
}

int rl_sio0_write_lines(struct rl_buf *out, struct rl_slice text)
{
	return write_frame_of_lines(out, NOTHING, text);
}

/* RFC 8259, 2: line ends are white space there, and any will do. */
int rl_sio0_write_json(struct rl_buf *out, struct rl_slice json)
{
	return write_frame_of_lines(out, JSON_SIGN, json);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Takes a frame up to its body: MARK LENGTH MARK. */
static bool take_head(struct rl_slice *in, uint64_t *units)
{
	struct rl_slice rest = *in;
	size_t digits = 0;

	if (!rl_slice_starts(rest, MARK))
		return false;
	rl_slice_skip(&rest, MARK.len);
	while (digits < rest.len && digits <= MOST_DIGITS && is_digit(rest.data[digits]))
		digits++;
	if (digits > MOST_DIGITS || !rl_slice_to_u64(rl_slice(rest.data, digits), units))
		return false;
	rl_slice_skip(&rest, digits);
	if (!rl_slice_starts(rest, MARK))
		return false;
	rl_slice_skip(&rest, MARK.len);
	*in = rest;
	return true;
}

/* Can a body end where this begins? */
static bool ends_body(struct rl_slice rest)
{
	uint64_t units;

	return !rest.len || take_head(&rest, &units);
}

/* How many bytes so many units have when CR and LF together are one of them. *units is then how many there are. */
static size_t prefix_of_lines(struct rl_slice text, uint64_t *units)
{
	struct rl_slice rest = text;
	uint64_t left = *units;

	while (rest.len && left) {
		struct rl_slice behind = rest, line = take_to_cr(&behind);
		uint64_t has = left;
		size_t n = rl_utf16_prefix(line, &has);
		left -= has;
		rl_slice_skip(&rest, n);
		if (n < line.len || !rest.len || !left)
			break;
		take_line_end(&rest);
		left--;
	}
	*units -= left;
	return text.len - rest.len;
}

/* Does a body of so many units fit only when its line ends are LF? *size is then how many bytes it has here. Looks
 * no further than it has to, so that many frames cost no more than their bytes. */
static bool is_of_lines(struct rl_slice rest, uint64_t units, size_t *size)
{
	uint64_t has = units;
	size_t n = rl_utf16_prefix(rest, &has);
	struct rl_slice behind = rest;

	rl_slice_skip(&behind, n);
	if (has < units || ends_body(behind))
		return false;
	n = prefix_of_lines(rest, &has);
	rl_slice_skip(&rest, n);
	*size = n;
	return has == units && ends_body(rest);
}

static int take_body(struct rl_slice *in, uint64_t units, bool form, struct rl_buf *scratch,
	struct rl_slice *body)
{
	size_t size;

	if (form && is_of_lines(*in, units, &size)) {
		rl_buf_consume(scratch, scratch->len);
		int rc = rl_buf_reserve(scratch, size);
		if (rc < 0)
			return rc;
		put_lines(scratch, rl_slice(in->data, size));
		*body = rl_buf_slice(scratch);
	} else {
		size = rl_utf16_prefix(*in, &units);
		*body = rl_slice(in->data, size);
	}
	rl_slice_skip(in, size);
	return 0;
}

static void read_json(struct rl_sio0_message *message)
{
	struct rl_json value;

	message->type = RL_SIO0_JSON;
	rl_slice_skip(&message->body, JSON_SIGN.len);
	message->body = rl_json_read(message->body, &value) < 0 ? RL_SLICE("{}") : value.text;
}

static void read_heartbeat(struct rl_sio0_message *message)
{
	uint64_t number;

	message->type = RL_SIO0_HEARTBEAT;
	rl_slice_skip(&message->body, HEARTBEAT_SIGN.len);
	if (rl_slice_to_u64(message->body, &number) && number < UINT32_MAX)
		message->number = (uint32_t)number;
}

int rl_sio0_next(
	struct rl_slice *in, bool form, struct rl_buf *scratch, struct rl_sio0_message *message)
{
	struct rl_slice rest = *in;
	uint64_t units;

	if (!rest.len)
		return 0;
	if (!take_head(&rest, &units))
		return RILL_EPROTO;
	*message = (struct rl_sio0_message){ .type = RL_SIO0_TEXT, .number = UINT32_MAX };
	int rc = take_body(&rest, units, form, scratch, &message->body);
	if (rc < 0)
		return rc;
	*in = rest;
	if (rl_slice_starts(message->body, JSON_SIGN))
		read_json(message);
	else if (rl_slice_starts(message->body, HEARTBEAT_SIGN))
		read_heartbeat(message);
	return 1;
}
