/* websocket_framing.c: RFC 6455 and hixie as rows of one table, so that a connection does not ask
 * which of them it speaks. */
#include "proto/websocket.h"

/* Payloads of at least this size are referred to or written past the queue instead of copied:
 * below, copying costs less than another part of a gathered write. */
#define BY_REFERENCE   1024
#define PAST_THE_QUEUE (16 * 1024)

static int put_whole(
	struct rl_ws_conn *c, rill_kind kind, struct rl_slice data, struct rl_blob *blob)
{
	uint8_t head[RL_WS_HEAD_MAX];
	size_t n = rl_ws_write_message_head(&c->wire.rfc, head, kind == RILL_TEXT, data.len);
	struct rl_slice parts[2] = { rl_slice(head, n), data };
	if (c->conn.traced) {
		rl_ws_trace_out(c, parts[0]);
		rl_ws_trace_out(c, data);
	}
	if (blob && data.len >= BY_REFERENCE)
		return rl_stream_write_blob(c->stream, parts[0], blob, data);
	if (data.len >= PAST_THE_QUEUE)
		return rl_stream_write_large(c->stream, parts[0], data);
	return rl_stream_write_parts(c->stream, parts, 2);
}

static int rfc_send(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	if (first && last && c->wire.rfc.role == RL_WS_SERVER &&
		!rl_ws_would_compress(&c->wire.rfc, data.len))
		return put_whole(c, kind, data, blob);
	int rc = rl_ws_write(
		&c->wire.rfc, &c->conn.loop->scratch, kind == RILL_TEXT, first, last, data);
	if (rc == RILL_EIO) {
		rl_ws_conn_fail_later(c);
		return RILL_ECLOSED;
	}
	if (rc < 0)
		return rc;
	rc = rl_ws_conn_flush_scratch(c);
	if (rc != RILL_ENOMEM)
		return rc;
	/* The compressor and the fragments have gone on without the peer: what followed would be
	 * garbage to it. */
	rl_stream_lose(c->stream, RILL_ENOMEM);
	return RILL_ECLOSED;
}

static int rfc_next(struct rl_ws_conn *c, struct rl_slice *in, struct rl_ws_event *ev)
{
	return rl_ws_next(&c->wire.rfc, in, ev, rl_loop_now(c->conn.loop));
}

static int rfc_close(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	if (code < 0 || code > UINT16_MAX)
		return RILL_EINVAL;
	return rl_ws_close(&c->wire.rfc, (uint16_t)code, reason, rl_loop_now(c->conn.loop));
}

static int rfc_control(struct rl_ws_conn *c, bool ping, struct rl_slice data)
{
	int rc = rl_ws_write_control(
		&c->wire.rfc, &c->conn.loop->scratch, ping ? RL_WS_OP_PING : RL_WS_OP_PONG, data);
	return rc < 0 ? rc : rl_ws_conn_flush_scratch(c);
}

static uint64_t rfc_deadline(const struct rl_ws_conn *c)
{
	return rl_ws_deadline(&c->wire.rfc);
}

static int rfc_expire(struct rl_ws_conn *c)
{
	return rl_ws_expire(&c->wire.rfc, rl_loop_now(c->conn.loop));
}

static bool rfc_finished(const struct rl_ws_conn *c)
{
	return c->wire.rfc.state == RL_WS_DONE || c->wire.rfc.state == RL_WS_FAILED;
}

static const char *rfc_failure(const struct rl_ws_conn *c, int *code)
{
	*code = c->wire.rfc.close_code;
	return rl_ws_error_text(&c->wire.rfc);
}

static size_t rfc_held(const struct rl_ws_conn *c)
{
	return rl_ws_held(&c->wire.rfc);
}

static void rfc_fini(struct rl_ws_conn *c)
{
	rl_ws_fini(&c->wire.rfc);
}

const struct rl_ws_framing rl_ws_framing_rfc = {
	.next = rfc_next,
	.send = rfc_send,
	.close = rfc_close,
	.control = rfc_control,
	.deadline = rfc_deadline,
	.expire = rfc_expire,
	.finished = rfc_finished,
	.failure = rfc_failure,
	.held = rfc_held,
	.fini = rfc_fini,
};

static int hixie_next(struct rl_ws_conn *c, struct rl_slice *in, struct rl_ws_event *ev)
{
	int rc = rl_hixie_next(c->wire.hixie, in, ev, rl_loop_now(c->conn.loop));
	if (rc > 0 && ev->type == RL_WS_MESSAGE && c->conn.traced)
		rl_ws_trace_hixie(c, false, ev->data);
	return rc;
}

/* The drafts have text only, and frames whose end is a byte that text cannot hold. */
static int hixie_send(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	(void)blob;
	if (kind != RILL_TEXT || !first || !last)
		return RILL_EUNSUPPORTED;
	int rc = rl_hixie_write(c->wire.hixie, &c->conn.loop->scratch, data);
	if (rc < 0)
		return rc;
	if (c->conn.traced)
		rl_ws_trace_hixie(c, true, data);
	return rl_ws_conn_flush_scratch(c);
}

static int hixie_close(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	(void)code;
	(void)reason; /* the drafts cannot say why */
	rl_hixie_close(c->wire.hixie, rl_loop_now(c->conn.loop));
	return 0;
}

static int hixie_control(struct rl_ws_conn *c, bool ping, struct rl_slice data)
{
	(void)c;
	(void)ping;
	(void)data;
	return RILL_EUNSUPPORTED;
}

static uint64_t hixie_deadline(const struct rl_ws_conn *c)
{
	return rl_hixie_deadline(c->wire.hixie);
}

static int hixie_expire(struct rl_ws_conn *c)
{
	return rl_hixie_expire(c->wire.hixie, rl_loop_now(c->conn.loop));
}

static bool hixie_finished(const struct rl_ws_conn *c)
{
	return c->wire.hixie->state == RL_HIXIE_DONE;
}

static const char *hixie_failure(const struct rl_ws_conn *c, int *code)
{
	*code = 1006; /* nothing was sent that could say more */
	return c->wire.hixie->error_text;
}

static size_t hixie_held(const struct rl_ws_conn *c)
{
	return c->wire.hixie->message.cap;
}

static void hixie_fini(struct rl_ws_conn *c)
{
	if (!c->wire.hixie)
		return;
	rl_hixie_fini(c->wire.hixie);
	rl_free(&c->conn.loop->env, c->wire.hixie);
}

const struct rl_ws_framing rl_ws_framing_hixie = {
	.next = hixie_next,
	.send = hixie_send,
	.close = hixie_close,
	.control = hixie_control,
	.deadline = hixie_deadline,
	.expire = hixie_expire,
	.finished = hixie_finished,
	.failure = hixie_failure,
	.held = hixie_held,
	.fini = hixie_fini,
};
