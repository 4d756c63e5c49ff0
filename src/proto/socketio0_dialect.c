/* socketio0_dialect.c: what stands in the frames of Socket.IO 0.5 and 0.6, and its transports as rows. */
#include "conn/publication.h"
#include "proto/socketio0.h"

#define MESSAGES                                                                                   \
	.ops = &rl_carrier_websocket_ops, .duplex = true, .single = true, .joined = true,          \
	.on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_ASKED
#define STREAM .ops = &rl_carrier_http_ops, .on_loss = RL_LOSS_WAITS, .beat = RL_BEAT_ASKED
#define POLLS                                                                                      \
	.ops = &rl_carrier_http_ops, .one_shot = true, .on_loss = RL_LOSS_WAITS,                   \
	.beat = RL_BEAT_RELEASE

const struct rl_carrier_row rl_sio0_rows[RL_SIO0_TRANSPORTS] = {
	[RL_SIO0_WEBSOCKET] = { .name = "websocket", MESSAGES },
	[RL_SIO0_FLASHSOCKET] = { .name = "flashsocket", MESSAGES },
	[RL_SIO0_SERVER_EVENTS] = { .name = "server-events", STREAM, .envelope = &rl_sio0_events },
	[RL_SIO0_HTMLFILE] = { .name = "htmlfile", STREAM, .envelope = &rl_sio0_htmlfile },
	[RL_SIO0_XHR_MULTIPART] = { .name = "xhr-multipart",
		STREAM,
		.envelope = &rl_sio0_multipart },
	[RL_SIO0_XHR_POLLING] = { .name = "xhr-polling", POLLS, .envelope = &rl_sio0_polling },
	[RL_SIO0_JSONP_POLLING] = { .name = "jsonp-polling", POLLS, .envelope = &rl_sio0_jsonp },
};

static const struct rl_ending_words endings[RL_ENDINGS] = {
	[RL_ENDING_CLOSED] = { 0, "" },
	[RL_ENDING_LEFT] = { 1000, "client left" },
	[RL_ENDING_LOST] = { 1006, "close timeout" },
	[RL_ENDING_SILENT] = { 1006, "heartbeat timeout" },
	[RL_ENDING_BROKEN] = { 1002, "protocol error" },
};

static int write_open(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)carrier;
	return rl_sio0_write_text(out, rl_slice(rl_session_id(session), RL_SIO0_ID));
}

static int write_beat(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	struct rl_sio0_counts counts = rl_sio0_counts(session);

	(void)carrier;
	counts.beats++;
	rl_sio0_set_counts(session, &counts);
	return rl_sio0_write_heartbeat(out, counts.beats);
}

static int write_either(struct rl_buf *out, rill_kind kind, struct rl_slice data)
{
	return kind == RILL_JSON ? rl_sio0_write_json(out, data) : rl_sio0_write_text(out, data);
}

/* What was published is framed once for all who get it: it is a publication of its own, which is the frame. NULL
 * when out of memory. */
static struct rl_publication *frame_of(struct rl_publication *publication)
{
	static const char frame_key;
	struct rl_publication *framed = rl_publication_frame(publication, &frame_key);
	struct rl_blob *blob = NULL;
	struct rl_buf frame;

	if (framed)
		return framed;
	rl_buf_init(&frame, publication->env);
	if (write_either(&frame, publication->kind, rl_blob_slice(publication->payload)) == 0)
		blob = rl_blob_take_buf(&frame);
	rl_buf_release(&frame);
	if (!blob)
		return NULL;
	return rl_publication_add_frame(publication, &frame_key, blob);
}

static struct rl_publication *frame_shared(struct rl_session *session,
	const struct rl_carrier *carrier, struct rl_publication *publication)
{
	(void)session;
	(void)carrier;
	return frame_of(publication);
}

/* An event stream keeps no line ends but LF. */
static int write_message(
	const struct rl_carrier *carrier, struct rl_buf *out, const struct rl_outbound *message)
{
	struct rl_publication *framed = NULL;

	if (carrier->row->envelope == &rl_sio0_events && message->kind == RILL_TEXT &&
		message->data.len && memchr(message->data.data, '\r', message->data.len))
		return rl_sio0_write_lines(out, message->data);
	if (message->publication)
		framed = frame_of(message->publication);
	if (framed)
		return rl_buf_append_slice(out, rl_blob_slice(framed->payload));
	return write_either(out, message->kind, message->data);
}

static int write_frame(struct rl_session *session, const struct rl_carrier *carrier,
	const struct rl_outbound *message, struct rl_buf *out, rill_kind *kind)
{
	(void)session;
	*kind = RILL_TEXT;
	return write_message(carrier, out, message);
}

/* All that waits, as far as there is room; the first in any case. */
static int pack(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out,
	size_t room, uint32_t *count, rill_kind *kind)
{
	size_t start = out->len, cursor = 0;
	struct rl_outbound message;
	int rc = 0;

	*kind = RILL_TEXT;
	*count = 0;
	while (rc == 0 && rl_outbox_next(&session->outbox, &cursor, &message)) {
		size_t used = out->len - start;
		if (*count && (used >= room || message.data.len > room - used))
			break;
		rc = write_message(carrier, out, &message);
		++*count;
	}
	if (rc < 0)
		out->len = start;
	return rc;
}

/* There is no word for the end but a WebSocket's. */
static int write_shut(struct rl_session *session, const struct rl_carrier *carrier, int code,
	struct rl_slice reason, struct rl_buf *out, int *ws_code, struct rl_slice *ws_reason)
{
	(void)session;
	(void)carrier;
	(void)out;
	*ws_code = code;
	*ws_reason = reason;
	return 0;
}

static int read_inbound(
	struct rl_session *session, struct rl_inbound *in, int *code, const char **why)
{
	(void)session;
	in->state[RL_SIO0_STATE_PLACE] = 0;
	if (!in->done) /* a WebSocket's */
		in->state[RL_SIO0_STATE_FORM] = false;
	if (in->kind == RILL_TEXT)
		return 0;
	*code = 1003;
	*why = "Socket.IO of 2010 has no binary messages";
	return RILL_EUNSUPPORTED;
}

/* What is no frame ends the reading of what came with it, as old servers do; what was good has been taken. */
static void log_garbage(struct rl_session *session, size_t len)
{
	struct rl_env room;

	rl_log(rl_sio0_log(rl_sio0_of(session->sessions), &room), RILL_LOG_INFO,
		"%s: %zu bytes are no frame", rill_conn_peer(&session->conn), len);
}

static int next_frame(struct rl_session *session, struct rl_inbound *in, struct rl_sio0_message *m)
{
	struct rl_slice rest = in->text;

	rl_slice_skip(&rest, (size_t)in->state[RL_SIO0_STATE_PLACE]);
	int rc = rl_sio0_next(&rest, in->state[RL_SIO0_STATE_FORM], in->scratch, m);
	if (rc != RILL_EPROTO) {
		in->state[RL_SIO0_STATE_PLACE] = in->text.len - rest.len;
		return rc;
	}
	in->state[RL_SIO0_STATE_PLACE] = in->text.len;
	log_garbage(session, rest.len);
	return 0;
}

static int next_message(
	struct rl_session *session, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data)
{
	struct rl_sio0_message message;
	int rc = next_frame(session, in, &message);

	if (rc == 1 && message.type == RL_SIO0_HEARTBEAT) {
		if (message.number == rl_sio0_counts(session).beats)
			rl_session_answered(session);
		return RL_NEXT_CONTROL;
	}
	if (rc == 1) {
		*kind = message.type == RL_SIO0_JSON ? RILL_JSON : RILL_TEXT;
		*data = message.body;
	}
	return rc;
}

/* Clients look for what stands between the parts wherever it is, and nothing can be escaped. */
static bool breaks_part(const struct rl_session *session, struct rl_slice data)
{
	const struct rl_slice between = RL_SLICE("--socketio");

	return session->row == &rl_sio0_rows[RL_SIO0_XHR_MULTIPART] && data.len &&
	       memmem(data.data, data.len, between.data, between.len);
}

static int check(const struct rl_session *session, rill_kind kind, struct rl_slice data)
{
	if (breaks_part(session, data))
		return RILL_EUNSUPPORTED;
	if (kind == RILL_JSON || (kind == RILL_TEXT && !rl_sio0_is_sign(data)))
		return 0;
	return RILL_EUNSUPPORTED;
}

const struct rl_dialect rl_sio0_dialect = {
	.overlap = RL_OVERLAP_REPLACE,
	.open = write_open,
	.pack = pack,
	.beat = write_beat,
	.shut = write_shut,
	.read = read_inbound,
	.next = next_message,
	.check = check,
	.over = rl_sio0_over,
	.frame = write_frame,
	.framed = frame_shared,
	.endings = endings,
	.ops = &rl_session_json_ops,
	.once = true,
};
