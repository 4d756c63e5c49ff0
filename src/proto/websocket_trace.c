/* websocket_trace.c: frames for the trace tap.
 *
 * The session hands out messages, not frames, and shall not pay for traces. So while a tap is set
 * the bytes that pass are read a second time, in each direction, by a decoder of their own. */
#include "conn/extra.h"
#include "proto/websocket.h"
#include "wire/ws_tap.h"

struct rl_ws_taps {
	struct rl_ws_tap in, out;
	size_t shown; /* bytes at the front of the stream's hand that the tap has seen */
};

/* Those of a connection that is traced, which therefore has an extra. */
static struct rl_ws_taps *taps(struct rl_ws_conn *c)
{
	struct rl_conn_extra *extra = c->conn.extra;
	if (extra->taps)
		return extra->taps;
	struct rl_ws_taps *t = rl_zalloc(&c->conn.loop->env, sizeof(*t));
	if (!t)
		return NULL;
	uint64_t frame_left = 0;
	if (!c->hixie && c->wire.rfc.in_frame)
		frame_left = c->wire.rfc.part->frame_left;
	rl_ws_tap_init(&t->in, frame_left);
	rl_ws_tap_init(&t->out, 0);
	extra->taps = t;
	return t;
}

/* A frame on its way out may lie in the loop's scratch buffer, and the tap may send on other
 * connections, which use that too: meanwhile they get an empty one. */
static void tell(struct rl_ws_conn *c, const rill_frame *frame)
{
	struct rl_buf *scratch = &c->conn.loop->scratch, ours = *scratch;
	rl_buf_init(scratch, ours.env);
	rl_conn_trace(&c->conn, frame);
	rl_buf_release(scratch);
	*scratch = ours;
}

static void show(struct rl_ws_conn *c, const struct rl_ws_tap *tap, bool out)
{
	const rill_frame frame = {
		.size = sizeof(frame),
		.out = out,
		.opcode = tap->head.first & 0x0f,
		.fin = tap->head.first & RL_WS_FIN,
		.rsv1 = tap->head.first & RL_WS_RSV1,
		.rsv2 = tap->head.first & RL_WS_RSV2,
		.rsv3 = tap->head.first & RL_WS_RSV3,
		.masked = tap->head.masked,
		.len = tap->head.len,
		.head = { tap->head_bytes, tap->head.size },
		.payload = { tap->preview, tap->preview_len },
	};
	tell(c, &frame);
}

void rl_ws_trace_in(struct rl_ws_conn *c, struct rl_slice in)
{
	struct rl_ws_taps *t = taps(c);
	if (!t || c->hixie)
		return;
	rl_slice_skip(&in, t->shown < in.len ? t->shown : in.len);
	while (in.len && rl_ws_tap_next(&t->in, &in))
		show(c, &t->in, false);
}

void rl_ws_trace_used(struct rl_ws_conn *c, size_t left)
{
	struct rl_ws_taps *t = c->conn.extra->taps;
	if (t)
		t->shown = left;
}

void rl_ws_trace_out(struct rl_ws_conn *c, struct rl_slice bytes)
{
	struct rl_ws_taps *t = taps(c);
	while (t && bytes.len && rl_ws_tap_next(&t->out, &bytes))
		show(c, &t->out, true);
}

void rl_ws_trace_hixie(struct rl_ws_conn *c, bool out, struct rl_slice text)
{
	static const uint8_t start = 0;
	const rill_frame frame = {
		.size = sizeof(frame),
		.out = out,
		.opcode = RL_WS_OP_TEXT,
		.fin = true,
		.len = text.len,
		.head = { &start, 1 },
		.payload = rl_bytes(text),
	};
	tell(c, &frame);
}
