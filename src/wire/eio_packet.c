/* eio_packet.c: single packets: a digit and its data.
 *
 * Bytes are always a message. Where only text can go they are 'b' and base64, with the digit between them in
 * revision 3; a client that was made without binary messages sends such texts on WebSockets, too. */
#include <rill/error.h>
#include "base/json.h"
#include "wire/eio_packet.h"

#define MESSAGE_DIGIT '4'

/* Makes room first, so that nothing is half written. */
static int put_digit(struct rl_buf *out, uint8_t digit, size_t more)
{
	int rc = more < SIZE_MAX ? rl_buf_reserve(out, 1 + more) : RILL_ENOMEM;

	return rc == 0 ? rl_buf_append(out, &digit, 1) : rc;
}

static int put_plain(struct rl_buf *out, const struct rl_eio_packet *packet)
{
	int rc = put_digit(out, (uint8_t)('0' + packet->type), packet->data.len);

	return rc == 0 ? rl_buf_append_slice(out, packet->data) : rc;
}

static int put_base64(struct rl_buf *out, int revision, struct rl_slice bytes)
{
	if (bytes.len > SIZE_MAX / 2)
		return RILL_ENOMEM;
	int rc = put_digit(out, 'b', 1 + rl_base64_size(bytes.len));
	if (rc == 0 && revision == 3)
		rc = put_digit(out, MESSAGE_DIGIT, 0);
	return rc == 0 ? rl_base64_write(out, bytes) : rc;
}

static int put_bytes(struct rl_buf *out, int revision, struct rl_slice bytes)
{
	if (revision != 3)
		return rl_buf_append_slice(out, bytes);
	int rc = put_digit(out, RL_EIO_MESSAGE, bytes.len);
	return rc == 0 ? rl_buf_append_slice(out, bytes) : rc;
}

int rl_eio_write_message(struct rl_buf *out, int revision, const struct rl_eio_packet *packet)
{
	assert(!packet->binary || packet->type == RL_EIO_MESSAGE);
	return packet->binary ? put_bytes(out, revision, packet->data) : put_plain(out, packet);
}

int rl_eio_write_text(struct rl_buf *out, int revision, const struct rl_eio_packet *packet)
{
	assert(!packet->binary || packet->type == RL_EIO_MESSAGE);
	return packet->binary ? put_base64(out, revision, packet->data) : put_plain(out, packet);
}

static int read_base64(
	struct rl_eio_packet *packet, int revision, struct rl_slice text, struct rl_buf *scratch)
{
	if (revision == 3) {
		if (!text.len || text.data[0] != MESSAGE_DIGIT)
			return RILL_EPROTO;
		rl_slice_skip(&text, 1);
	}
	rl_buf_consume(scratch, scratch->len);
	int rc = rl_base64_read(scratch, text);
	*packet = (struct rl_eio_packet){ RL_EIO_MESSAGE, true, rl_buf_slice(scratch) };
	return rc;
}

static int read_text(
	struct rl_eio_packet *packet, int revision, struct rl_slice text, struct rl_buf *scratch)
{
	if (!text.len)
		return RILL_EPROTO;
	uint8_t digit = text.data[0];
	rl_slice_skip(&text, 1);
	if (digit == 'b')
		return read_base64(packet, revision, text, scratch);
	if (digit < '0' || digit > '0' + RL_EIO_NOOP)
		return RILL_EPROTO;
	*packet = (struct rl_eio_packet){ (enum rl_eio_type)(digit - '0'), false, text };
	return 0;
}

static int read_bytes(struct rl_eio_packet *packet, int revision, struct rl_slice bytes)
{
	if (revision == 3) {
		if (!bytes.len || bytes.data[0] != RL_EIO_MESSAGE)
			return RILL_EPROTO;
		rl_slice_skip(&bytes, 1);
	}
	*packet = (struct rl_eio_packet){ RL_EIO_MESSAGE, true, bytes };
	return 0;
}

int rl_eio_read_message(struct rl_eio_packet *packet, int revision, struct rl_slice message,
	bool binary, struct rl_buf *scratch)
{
	if (binary)
		return read_bytes(packet, revision, message);
	return read_text(packet, revision, message, scratch);
}

static int put_handshake(struct rl_buf *out, struct rl_slice sid, bool upgrades,
	uint32_t ping_interval, uint32_t ping_timeout, size_t max_payload)
{
	int rc = rl_buf_append_str(out, "{\"sid\":");

	if (rc == 0)
		rc = rl_json_quote(out, sid, RL_JSON_ESCAPE_LEAST);
	if (rc == 0)
		rc = rl_buf_append_str(
			out, upgrades ? ",\"upgrades\":[\"websocket\"],\"pingInterval\":"
				      : ",\"upgrades\":[],\"pingInterval\":");
	if (rc == 0)
		rc = rl_buf_append_u64(out, ping_interval);
	if (rc == 0)
		rc = rl_buf_append_str(out, ",\"pingTimeout\":");
	if (rc == 0)
		rc = rl_buf_append_u64(out, ping_timeout);
	if (rc == 0)
		rc = rl_buf_append_str(out, ",\"maxPayload\":");
	if (rc == 0)
		rc = rl_buf_append_u64(out, max_payload);
	return rc == 0 ? rl_buf_append_str(out, "}") : rc;
}

int rl_eio_write_handshake(struct rl_buf *out, struct rl_slice sid, bool upgrades,
	uint32_t ping_interval, uint32_t ping_timeout, size_t max_payload)
{
	size_t before = out->len;
	int rc = put_handshake(out, sid, upgrades, ping_interval, ping_timeout, max_payload);

	if (rc < 0)
		out->len = before;
	return rc;
}
