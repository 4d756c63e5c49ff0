/* eio_payload.c: bodies of packets (engine.io-protocol, "Payload").
 *
 * Revision 3 counts a text in UTF-16 units, as JavaScript's strings do: a character of four bytes is two. A
 * length that ends between those two is nobody's. What announces more than there is costs nothing: a packet
 * is a slice of the body. */
#include <rill/error.h>
#include "base/utf16.h"
#include "base/utf8.h"
#include "wire/eio_packet.h"

#define SEPARATOR  0x1e
#define LENGTH_END 0xff /* revision 3, binary */
/* What stands in front of a packet at most: 0 or 1, 20 digits, 0xFF; or the digits and a colon. */
#define LONGEST_HEAD 22

/* How many bytes the packet has that write_text() or write_message() writes, and how many units. */
static size_t text_size(const struct rl_eio_packet *packet)
{
	return packet->binary ? 2 + rl_base64_size(packet->data.len) : 1 + packet->data.len;
}

static uint64_t text_units(const struct rl_eio_packet *packet)
{
	return packet->binary ? text_size(packet) : 1 + rl_utf16_units(packet->data);
}

/* Room for all of it, so that nothing is half written. */
static int reserve(struct rl_buf *out, const struct rl_eio_packet *packet)
{
	if (packet->data.len > SIZE_MAX / 4)
		return RILL_ENOMEM;
	return rl_buf_reserve(out, LONGEST_HEAD + text_size(packet));
}

static void put_byte(struct rl_buf *out, uint8_t c)
{
	*rl_buf_end(out) = c;
	rl_buf_commit(out, 1);
}

static int put_joined(struct rl_buf *out, bool first, const struct rl_eio_packet *packet)
{
	if (!first)
		put_byte(out, SEPARATOR);
	return rl_eio_write_text(out, 4, packet);
}

static int put_counted(struct rl_buf *out, const struct rl_eio_packet *packet)
{
	int rc = rl_buf_append_u64(out, text_units(packet));

	if (rc < 0)
		return rc;
	put_byte(out, ':');
	return rl_eio_write_text(out, 3, packet);
}

static int put_binary(struct rl_buf *out, const struct rl_eio_packet *packet)
{
	put_byte(out, packet->binary);
	size_t digits = out->len;
	int rc = rl_buf_append_u64(out, 1 + packet->data.len);
	if (rc < 0)
		return rc;
	for (; digits < out->len; digits++)
		out->data[digits] = (uint8_t)(out->data[digits] - '0');
	put_byte(out, LENGTH_END);
	return rl_eio_write_message(out, 3, packet);
}

int rl_eio_write_part(struct rl_buf *out, int revision, bool binary_body, bool first,
	const struct rl_eio_packet *packet)
{
	int rc = reserve(out, packet);

	if (rc < 0)
		return rc;
	if (revision != 3)
		return put_joined(out, first, packet);
	return binary_body ? put_binary(out, packet) : put_counted(out, packet);
}

void rl_eio_payload_init(
	struct rl_eio_payload *p, int revision, bool binary_body, struct rl_slice body)
{
	/* Nothing is a packet too, an empty one, but in the binary form. */
	*p = (struct rl_eio_payload){ revision, binary_body, body, binary_body && !body.len };
}

/* Takes the digits in front of end; more than is left is as good as any such number. */
static bool take_length(struct rl_slice *rest, uint8_t zero, uint8_t end, size_t *length)
{
	size_t n = 0, i = 0;

	for (; i < rest->len && rest->data[i] != end; i++) {
		uint8_t digit = (uint8_t)(rest->data[i] - zero);
		if (digit > 9)
			return false;
		if (n <= rest->len)
			n = n * 10 + digit;
	}
	if (!i || i == rest->len)
		return false;
	rl_slice_skip(rest, i + 1);
	*length = n;
	return true;
}

static bool take_bytes(struct rl_slice *rest, size_t n, struct rl_slice *bytes)
{
	if (n > rest->len)
		return false;
	*bytes = rl_slice(rest->data, n);
	rl_slice_skip(rest, n);
	return true;
}

/* The front of a text, which is so many units; what is no UTF-8 has none. */
static bool take_units(struct rl_slice *rest, uint64_t units, struct rl_slice *text)
{
	uint64_t has = units;
	size_t n = rl_utf16_prefix(*rest, &has);

	return has == units && take_bytes(rest, n, text);
}

/* What stands before the next separator; *done: there is none. */
static struct rl_slice take_joined(struct rl_slice *rest, bool *done)
{
	const uint8_t *end = rest->len ? memchr(rest->data, SEPARATOR, rest->len) : NULL;
	struct rl_slice part = rl_slice(rest->data, end ? (size_t)(end - rest->data) : rest->len);

	rl_slice_skip(rest, part.len + (end != NULL));
	*done = !end;
	return part;
}

/* The packet's text or bytes, as they would stand in a message. */
static bool take_part(struct rl_eio_payload *p, struct rl_slice *part, bool *binary)
{
	size_t length;

	*binary = false;
	if (p->revision != 3) {
		*part = take_joined(&p->rest, &p->done);
		return true;
	}
	if (p->binary_body) {
		uint8_t kind = p->rest.data[0];
		*binary = kind == 1;
		rl_slice_skip(&p->rest, 1);
		return kind <= 1 && take_length(&p->rest, 0, LENGTH_END, &length) &&
		       take_bytes(&p->rest, length, part);
	}
	return take_length(&p->rest, '0', ':', &length) && take_units(&p->rest, length, part);
}

static int next_packet(
	struct rl_eio_payload *p, struct rl_buf *scratch, struct rl_eio_packet *packet)
{
	struct rl_slice part;
	bool binary;

	do {
		if (!take_part(p, &part, &binary))
			return RILL_EPROTO;
		if (p->revision == 3)
			p->done = !p->rest.len;
		/* "0:" is what the reference writes where there are no packets. */
	} while (!part.len && p->revision == 3 && !p->binary_body && !p->done);
	if (!part.len && p->revision == 3 && !p->binary_body)
		return 0;
	if (!binary && !rl_utf8_valid(part.data, part.len))
		return RILL_EPROTO;
	int rc = rl_eio_read_message(packet, p->revision, part, binary, scratch);
	return rc < 0 ? rc : 1;
}

int rl_eio_payload_next(
	struct rl_eio_payload *p, struct rl_buf *scratch, struct rl_eio_packet *packet)
{
	struct rl_eio_payload before = *p;

	if (p->done)
		return 0;
	int rc = next_packet(p, scratch, packet);
	if (rc < 0)
		*p = before;
	return rc;
}
