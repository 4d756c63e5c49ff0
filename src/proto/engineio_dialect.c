/* engineio_dialect.c: what stands in the packets of Engine.IO, and its transports as rows. */
#include <rill/error.h>
#include "proto/engineio.h"
#include "wire/eio_packet.h"

static int wrap_plain(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	(void)label;
	return rl_buf_append_slice(out, frame);
}

static const struct rl_envelope plain = {
	.content_type = "text/plain; charset=UTF-8",
	.binary_type = "application/octet-stream",
	.fields = "Cache-Control: no-store\r\n",
	.wrap = wrap_plain,
};
static const struct rl_envelope jsonp = {
	.content_type = "text/plain; charset=UTF-8", /* as the reference server has it */
	.fields = "Cache-Control: no-store\r\n",
	.wrap = rl_eio_write_jsonp,
};

#define POLLS                                                                                      \
	.name = "polling", .ops = &rl_carrier_http_ops, .one_shot = true, .on_loss = RL_LOSS_ENDS
#define MESSAGES                                                                                   \
	.name = "websocket", .ops = &rl_carrier_websocket_ops, .duplex = true, .single = true,     \
	.on_loss = RL_LOSS_ENDS

const struct rl_carrier_row rl_eio_rows[RL_EIO_ROWS] = {
	[RL_EIO_POLLING4] = { POLLS, .envelope = &plain, .beat = RL_BEAT_QUEUED },
	[RL_EIO_JSONP4] = { POLLS, .envelope = &jsonp, .beat = RL_BEAT_QUEUED },
	[RL_EIO_WEBSOCKET4] = { MESSAGES, .binary = true, .beat = RL_BEAT_QUEUED },
	[RL_EIO_WEBSOCKET4_TEXT] = { MESSAGES, .beat = RL_BEAT_QUEUED },
	[RL_EIO_POLLING3] = { POLLS, .envelope = &plain, .beat = RL_BEAT_AWAITED },
	[RL_EIO_POLLING3_BINARY] = { POLLS, .envelope = &plain, .binary = true,
		.beat = RL_BEAT_AWAITED },
	[RL_EIO_JSONP3] = { POLLS, .envelope = &jsonp, .beat = RL_BEAT_AWAITED },
	[RL_EIO_WEBSOCKET3] = { MESSAGES, .binary = true, .beat = RL_BEAT_AWAITED },
	[RL_EIO_WEBSOCKET3_TEXT] = { MESSAGES, .beat = RL_BEAT_AWAITED },
};

/* The protocol's words, as programs know them from the reference server. */
static const struct rl_ending_words endings[RL_ENDINGS] = {
	[RL_ENDING_CLOSED] = { 0, "forced close" },
	[RL_ENDING_LEFT] = { 1000, "transport close" },
	[RL_ENDING_LOST] = { 1006, "transport error" },
	[RL_ENDING_SILENT] = { 1006, "ping timeout" },
	[RL_ENDING_BROKEN] = { 1002, "parse error" },
};

/* One packet by itself, on whatever carrier. */
static int write_packet(
	const struct rl_carrier *carrier, struct rl_buf *out, const struct rl_eio_packet *packet)
{
	int revision = rl_eio_revision(carrier->row);

	if (!carrier->row->duplex)
		return rl_eio_write_part(out, revision, false, true, packet);
	return carrier->row->binary ? rl_eio_write_message(out, revision, packet)
				    : rl_eio_write_text(out, revision, packet);
}

static int write_sign(const struct rl_carrier *carrier, struct rl_buf *out, enum rl_eio_type type)
{
	return write_packet(carrier, out, &(struct rl_eio_packet){ .type = type });
}

static int write_handshake(
	const struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	const struct rill_engineio *service = rl_eio_service(session->sessions);
	const rill_engineio_options *o = &service->options;
	bool upgrades = !carrier->row->duplex && o->upgrades && o->websocket;

	return rl_eio_write_handshake(out, rl_slice(service->id, RL_EIO_ID), upgrades,
		o->ping_interval_ms, o->ping_timeout_ms, o->max_payload);
}

/* The program's first message comes behind it like any other. */
static int write_open(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	const rill_engineio_options *o = &rl_eio_service(session->sessions)->options;
	struct rl_buf handshake;

	rl_buf_init(&handshake, out->env);
	int rc = write_handshake(session, carrier, &handshake);
	if (rc == 0 && carrier->row->duplex && rl_eio_revision(carrier->row) == 3)
		rc = rl_eio_open_late(session, rl_buf_slice(&handshake));
	else if (rc == 0)
		rc = write_packet(carrier, out,
			&(struct rl_eio_packet){
				.type = RL_EIO_OPEN, .data = rl_buf_slice(&handshake) });
	if (rc == 0 && o->initial_len)
		rc = rl_outbox_add(
			&session->outbox, 0, RILL_TEXT, rl_slice(o->initial, o->initial_len));
	rl_buf_release(&handshake);
	return rc;
}

/* Outbound types are those of packets, but that 0 is a message. */
static struct rl_eio_packet packet_of(const struct rl_outbound *message)
{
	struct rl_eio_packet packet = { .type = RL_EIO_MESSAGE, .data = message->data };

	if (message->type == RL_OUTBOUND_BEAT)
		packet.type = RL_EIO_PING;
	else if (message->type == RL_EIO_OUTBOUND_OPEN)
		packet.type = RL_EIO_OPEN;
	else if (message->type)
		packet.type = (enum rl_eio_type)message->type;
	else
		packet.binary = message->kind == RILL_BINARY;
	return packet;
}

static bool has_binary(const struct rl_session *session)
{
	struct rl_outbound message;
	size_t cursor = 0;

	while (rl_outbox_next(&session->outbox, &cursor, &message))
		if (message.kind == RILL_BINARY)
			return true;
	return false;
}

/* A poll takes all that waits, as far as there is room; the first in any case. */
static int pack(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out,
	size_t room, uint32_t *count, rill_kind *kind)
{
	int revision = rl_eio_revision(carrier->row), rc = 0;
	bool binary = carrier->row->binary && has_binary(session);
	struct rl_outbound message;
	size_t cursor = 0, start = out->len;

	*kind = binary ? RILL_BINARY : RILL_TEXT;
	*count = 0;
	while (rc == 0 && (!*count || out->len - start < room) &&
		rl_outbox_next(&session->outbox, &cursor, &message)) {
		struct rl_eio_packet packet = packet_of(&message);
		rc = rl_eio_write_part(out, revision, binary, *count == 0, &packet);
		++*count;
	}
	return rc;
}

static int write_frame(struct rl_session *session, const struct rl_carrier *carrier,
	const struct rl_outbound *message, struct rl_buf *out, rill_kind *kind)
{
	struct rl_eio_packet packet = packet_of(message);

	(void)session;
	*kind = packet.binary && carrier->row->binary ? RILL_BINARY : RILL_TEXT;
	return write_packet(carrier, out, &packet);
}

/* Texts have the type in front in any revision, bytes in the older one. */
static struct rl_publication *frame_shared(struct rl_session *session,
	const struct rl_carrier *carrier, struct rl_publication *publication)
{
	static const char text_key, binary_key;

	(void)session;
	if (publication->kind == RILL_TEXT)
		return rl_publication_framed(publication, &text_key, RL_SLICE("4"));
	if (!carrier->row->binary)
		return NULL;
	if (rl_eio_revision(carrier->row) == 4)
		return publication;
	return rl_publication_framed(publication, &binary_key, RL_SLICE("\x04"));
}

static int write_release(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)session;
	return write_sign(carrier, out, RL_EIO_NOOP);
}

/* A WebSocket has an end of its own, and the protocol no word for why. */
static int write_shut(struct rl_session *session, const struct rl_carrier *carrier, int code,
	struct rl_slice reason, struct rl_buf *out, int *ws_code, struct rl_slice *ws_reason)
{
	(void)session;
	(void)code;
	(void)reason;
	*ws_code = 1000;
	*ws_reason = rl_slice(NULL, 0);
	return carrier->row->duplex ? 0 : write_sign(carrier, out, RL_EIO_CLOSE);
}

static enum rl_probe probe(struct rl_session *session, const struct rl_carrier *carrier,
	rill_kind kind, struct rl_slice data, struct rl_buf *out)
{
	struct rl_eio_packet packet;
	struct rl_buf *scratch = &session->sessions->scratch;
	int rc = rl_eio_read_message(
		&packet, rl_eio_revision(carrier->row), data, kind == RILL_BINARY, scratch);

	if (rc == 0 && packet.type == RL_EIO_UPGRADE)
		return RL_PROBE_TAKE;
	if (rc < 0 || packet.type != RL_EIO_PING || !rl_slice_equal(packet.data, RL_SLICE("probe")))
		return RL_PROBE_REFUSE;
	packet.type = RL_EIO_PONG;
	return write_packet(carrier, out, &packet) == 0 ? RL_PROBE_ANSWER : RL_PROBE_REFUSE;
}

static int read_inbound(
	struct rl_session *session, struct rl_inbound *in, int *code, const char **why)
{
	(void)session;
	(void)code;
	(void)why;
	if (!in->done) /* a WebSocket's */
		in->state[RL_EIO_STATE_BODY] = RL_EIO_NO_BODY;
	in->state[RL_EIO_STATE_PLACE] = 0;
	in->state[RL_EIO_STATE_DONE] = in->state[RL_EIO_STATE_BROKEN] = false;
	return 0;
}

/* The next packet: as a codec's next(). */
static int next_packet(
	const struct rl_session *session, struct rl_inbound *in, struct rl_eio_packet *packet)
{
	int revision = rl_eio_revision(session->row);
	uint64_t body = in->state[RL_EIO_STATE_BODY];
	struct rl_eio_payload payload;
	struct rl_slice rest = in->text;

	if (in->state[RL_EIO_STATE_DONE])
		return 0;
	if (body == RL_EIO_NO_BODY) {
		in->state[RL_EIO_STATE_DONE] = true;
		int rc = rl_eio_read_message(
			packet, revision, in->text, in->kind == RILL_BINARY, in->scratch);
		return rc < 0 ? rc : 1;
	}
	rl_slice_skip(&rest, (size_t)in->state[RL_EIO_STATE_PLACE]);
	rl_eio_payload_init(&payload, revision, body == RL_EIO_BINARY_BODY, rest);
	int rc = rl_eio_payload_next(&payload, in->scratch, packet);
	in->state[RL_EIO_STATE_PLACE] = in->text.len - payload.rest.len;
	in->state[RL_EIO_STATE_DONE] = payload.done;
	return rc;
}

/* The heartbeat is the server's in revision 4, and was the client's. A ping may bring data, which its pong
 * takes back. */
static int take_ping(struct rl_session *session, const struct rl_eio_packet *packet)
{
	if (rl_eio_revision(session->row) == 4)
		return RILL_EPROTO;
	rl_session_answered(session);
	return rl_session_send_control(session, RL_EIO_PONG, packet->data);
}

static int take_pong(struct rl_session *session)
{
	if (rl_eio_revision(session->row) == 3)
		return RILL_EPROTO;
	rl_session_answered(session);
	return 0;
}

/* A packet that is no message. */
static int take_control(struct rl_session *session, const struct rl_eio_packet *packet)
{
	switch (packet->type) {
	case RL_EIO_PING:
		return take_ping(session, packet);
	case RL_EIO_PONG:
		return take_pong(session);
	case RL_EIO_CLOSE:
		return RILL_ECLOSED;
	default: /* nothing that a server has use for, nor harm of */
		return 0;
	}
}

static int next_message(
	struct rl_session *session, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data)
{
	struct rl_eio_packet packet;
	int rc = next_packet(session, in, &packet);

	if (rc == 1 && packet.type != RL_EIO_MESSAGE) {
		rc = take_control(session, &packet);
		if (rc == 0)
			rc = RL_NEXT_CONTROL;
	}
	if (rc == RILL_EPROTO)
		in->state[RL_EIO_STATE_BROKEN] = true;
	if (rc == 1) {
		*kind = packet.binary ? RILL_BINARY : RILL_TEXT;
		*data = packet.data;
	}
	return rc;
}

static int check(const struct rl_session *session, rill_kind kind, struct rl_slice data)
{
	(void)session;
	(void)data;
	return kind == RILL_TEXT || kind == RILL_BINARY ? 0 : RILL_EUNSUPPORTED;
}

const struct rl_dialect rl_eio_dialect = {
	.overlap = RL_OVERLAP_FAIL,
	.open = write_open,
	.pack = pack,
	.shut = write_shut,
	.read = read_inbound,
	.next = next_message,
	.check = check,
	.over = rl_eio_over,
	.frame = write_frame,
	.framed = frame_shared,
	.release = write_release,
	.probe = probe,
	.endings = endings,
	.ops = &rl_session_utf8_ops,
	.once = true,
	.first_names = true,
};
