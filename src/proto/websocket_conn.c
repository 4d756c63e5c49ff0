/* websocket_conn.c: a running WebSocket: a rill_conn on a stream, through a framing.
 *
 * Bytes come in by on_read, become events in the framing and messages in conn.c. What the framing
 * says by itself (pongs, closes) it leaves in the loop's scratch buffer, which is written to the
 * stream after every call, so that order is kept.
 *
 * The end comes in one of three ways: the closing handshake is done or we failed the connection
 * (the last words go out, TCP is ended gently), the stream is lost, or the program cuts it. */
#include "proto/websocket.h"

/* Pongs that may wait for a peer that does not read, before it is not read from either. */
#define PONGS_MAX 4096

/* What a scratch buffer may keep between calls. */
#define SCRATCH_KEEP (64 * 1024)

int rl_ws_conn_flush_scratch(struct rl_ws_conn *c)
{
	struct rl_buf *scratch = &c->conn.loop->scratch;
	int rc = 0;
	if (scratch->len) {
		struct rl_slice bytes = rl_buf_slice(scratch);
		if (c->conn.traced && !c->hixie)
			rl_ws_trace_out(c, bytes);
		rc = c->stream ? rl_stream_write(c->stream, bytes) : RILL_ECLOSED;
		rl_buf_consume(scratch, scratch->len);
	}
	if (scratch->cap > SCRATCH_KEEP)
		rl_buf_release(scratch);
	return rc;
}

static void on_timer(struct rl_timer *timer);

/* Without memory for a timer there is no waiting: whoever closes is cut when TCP ends. */
static struct rl_timer *timer_of(struct rl_ws_conn *c)
{
	if (!c->timer) {
		c->timer = rl_alloc(&c->conn.loop->env, sizeof(*c->timer));
		if (!c->timer)
			return NULL;
		rl_timer_init(&c->timer->timer, on_timer);
		c->timer->conn = c;
	}
	return &c->timer->timer;
}

void rl_ws_conn_set_timer(struct rl_ws_conn *c, uint64_t due)
{
	struct rl_timer *timer = c->unopened ? NULL : timer_of(c);
	if (timer && timer->due != due)
		rl_loop_set_timer(c->conn.loop, timer, due);
}

static void clear_timer(struct rl_ws_conn *c)
{
	if (!c->unopened && c->timer)
		rl_loop_clear_timer(c->conn.loop, &c->timer->timer);
}

void rl_ws_conn_update_timer(struct rl_ws_conn *c)
{
	uint64_t due = rl_ws_framing(c)->deadline(c);
	if (due == RL_TIMER_NEVER)
		clear_timer(c);
	else
		rl_ws_conn_set_timer(c, due);
}

/* The message that is being assembled counts as buffered. */
static void update_charge(struct rl_ws_conn *c)
{
	size_t held = rl_ws_framing(c)->held(c);
	if (held == c->charged || held > UINT32_MAX)
		return;
	rl_stream_charge(c->stream, (ptrdiff_t)held - (ptrdiff_t)c->charged);
	c->charged = (uint32_t)held;
}

/* From here on it has a timer of its own. */
static struct rl_ws_opening *take_opening(struct rl_ws_conn *c)
{
	struct rl_ws_opening *opening = c->opening;
	c->unopened = false;
	c->timer = NULL;
	return opening;
}

/* Nothing below may call up any more; what opened is forgotten. */
void rl_ws_conn_let_go(struct rl_ws_conn *c)
{
	if (c->unopened)
		rl_ws_opening_abandon(take_opening(c));
	else
		clear_timer(c);
}

/* on_close is told before the stream goes, which knows who the peer was. */
static struct rl_stream *tell_close(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	struct rl_stream *stream = c->stream;
	rl_ws_conn_let_go(c);
	rl_conn_closed(&c->conn, code, reason);
	c->stream = NULL;
	return stream;
}

void rl_ws_conn_lost(struct rl_ws_conn *c)
{
	rl_stream_close(tell_close(c, 1006, rl_slice(NULL, 0)));
}

/* The last words are in the queue: the peer gets them, then the end of the stream; what it still
 * sends is read and dropped for a while, lest a reset swallows them. */
static void end_gently(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	uint32_t ms = c->wire.config->close_timeout;
	rl_stream_close_gently(tell_close(c, code, reason), ms);
}

/* The closing handshake is done. RFC 6455, 7.1.1: the server ends TCP first, so that it is not the one
 * whose ports stay taken, and a client waits for that. */
static void end_clean(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	uint32_t linger = c->wire.config->linger;
	bool client = c->conn.ops == &rl_ws_client_ops;
	c->clean = true;
	if (client && linger)
		rl_stream_close_awaited(tell_close(c, code, reason), linger);
	else
		end_gently(c, code, reason);
}

static void failed(struct rl_ws_conn *c)
{
	int code;
	const char *text = rl_ws_framing(c)->failure(c, &code);
	char peer[RL_ADDR_TEXT];
	rl_addr_host(&c->stream->peer, peer);
	rl_log(&c->conn.loop->env, RILL_LOG_INFO, "websocket: %s failed with %d: %s", peer, code,
		text ? text : "");
	c->broken = true;
	end_gently(c, code, rl_slice_str(text));
}

void rl_ws_conn_fail_later(struct rl_ws_conn *c)
{
	struct rl_stream *stream = c->stream;
	rl_ws_fail(&c->wire.rfc, RL_WS_FAULT_EXTENSION, rl_loop_now(c->conn.loop));
	rl_ws_conn_flush_scratch(c);
	rl_conn_keep_peer(&c->conn, &stream->peer);
	c->broken = true;
	rl_ws_conn_let_go(c);
	c->stream = NULL;
	rl_stream_close_gently(stream, c->wire.config->close_timeout);
	rl_conn_closed_later(&c->conn, 1011);
}

static void count_pong(struct rl_ws_conn *c, size_t bytes)
{
	size_t room = UINT16_MAX - (size_t)c->pongs_waiting;
	c->pongs_waiting = (uint16_t)(c->pongs_waiting + (bytes < room ? bytes : room));
}

static void deliver(struct rl_ws_conn *c, const struct rl_ws_event *ev)
{
	switch (ev->type) {
	case RL_WS_MESSAGE:
		rl_conn_message(&c->conn, ev->text ? RILL_TEXT : RILL_BINARY, ev->data, true, true);
		break;
	case RL_WS_PIECE:
		rl_conn_message(
			&c->conn, ev->text ? RILL_TEXT : RILL_BINARY, ev->data, ev->first, ev->fin);
		break;
	case RL_WS_PING:
		count_pong(c, ev->data.len + 2);
		rl_conn_ping(&c->conn, ev->data);
		break;
	case RL_WS_PONG:
		rl_conn_pong(&c->conn, ev->data);
		break;
	case RL_WS_CLOSE:
		end_clean(c, ev->code, ev->data);
		break;
	}
}

/* hixie-76 opens only when its challenge is in. */
static bool framing_open(const struct rl_ws_conn *c)
{
	return !c->hixie || c->wire.hixie->state != RL_HIXIE_CHALLENGE;
}

static void tell_open(struct rl_ws_conn *c)
{
	if (!c->unopened)
		return;
	struct rl_ws_opening *opening = take_opening(c);
	struct rill_websocket *service = opening->service;
	rl_ws_conn_update_timer(c);
	service->stats.opened++;
	service->stats.open++;
	rl_conn_opened(&c->conn, opening->request);
	/* The others were told before this one was open. */
	if (service->parting && c->stream)
		rill_close(&c->conn, service->parting, NULL);
	rl_ws_opening_free(opening);
}

/* May the framing be asked for more? Not while the program has paused; but a connection that is
 * closing reads on, because the peer's Close is somewhere behind. */
static bool reads(const struct rl_ws_conn *c)
{
	return c->stream && (c->conn.state != RILL_CONN_OPEN || rl_conn_wants_messages(&c->conn));
}

/* What follows from input that was more than messages lying whole in it. */
static void settle(struct rl_ws_conn *c)
{
	rl_ws_conn_update_timer(c);
	update_charge(c);
	rl_stream_aim(c->stream, !c->hixie && !c->conn.traced &&
					 rl_ws_wants_target(&c->wire.rfc));
}

static void pump(struct rl_ws_conn *c, struct rl_slice *in)
{
	struct rl_ws_event ev;
	int rc = 0;
	while (reads(c)) {
		rc = rl_ws_framing(c)->next(c, in, &ev);
		if (c->conn.loop->scratch.len)
			rl_ws_conn_flush_scratch(c);
		if (c->unopened && framing_open(c))
			tell_open(c);
		if (rc <= 0)
			break;
		if (!c->stream)
			return;
		deliver(c, &ev);
	}
	if (!c->stream)
		return;
	if (rc < 0)
		failed(c);
	else
		settle(c);
}

/* Short messages that lie whole in the input are nearly all there is, and nothing follows from them
 * but their delivery. False when there is something else to be done. */
static bool pump_short(struct rl_ws_conn *c, struct rl_slice *in)
{
	struct rl_ws *ws = &c->wire.rfc;
	struct rill_loop *loop = c->conn.loop;
	/* Where the header of an answer would stand: messages move up to it as they are unmasked,
	 * so that the answers to all of them lie behind each other. */
	uint8_t *at = (uint8_t *)in->data;
	if (ws->role != RL_WS_SERVER)
		return false;
	do {
		struct rl_ws_short m;
		if (!rl_ws_glance_as(ws, RL_WS_SERVER, *in, &m))
			break;
		uint8_t *to = at + rl_ws_head_size(m.len);
		size_t len = m.len;
		if (!rl_ws_take_to(in, &m, to)) {
			rl_ws_refuse_text(ws, in, rl_loop_now(loop));
			rl_ws_conn_flush_scratch(c);
			failed(c);
			return true;
		}
		loop->lendable = to;
		rl_conn_message(
			&c->conn, m.text ? RILL_TEXT : RILL_BINARY, rl_slice(to, len), true, true);
		if (!loop->lendable)
			at = to + len;
		loop->lendable = NULL;
		if (!in->len)
			return true;
	} while (reads(c));
	return !c->stream;
}

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct rl_ws_conn *c = stream->owner;
	if (c->pongs_waiting) {
		if (!rl_stream_queued(stream)) {
			c->pongs_waiting = 0;
		} else if (c->pongs_waiting > PONGS_MAX) {
			c->held_back = true;
			stream->tell_flushed = true;
			rl_stream_pause(stream);
			return;
		}
	}
	if (!c->hixie && !c->unopened && !c->conn.traced &&
		rl_conn_wants_messages(&c->conn) && pump_short(c, in))
		return;
	if (c->conn.traced) {
		rl_ws_trace_in(c, *in);
		pump(c, in);
		rl_ws_trace_used(c, in->len);
		return;
	}
	pump(c, in);
}

static void on_flushed(struct rl_stream *stream)
{
	struct rl_ws_conn *c = stream->owner;
	stream->tell_flushed = false;
	c->pongs_waiting = 0;
	c->held_back = false;
	if (reads(c))
		rl_stream_resume(stream);
}

static uint8_t *target(struct rl_stream *stream, size_t *len)
{
	struct rl_ws_conn *c = stream->owner;
	return rl_ws_receive_target(&c->wire.rfc, len);
}

static void on_target(struct rl_stream *stream, size_t n)
{
	struct rl_ws_conn *c = stream->owner;
	struct rl_slice nothing = { NULL, 0 };
	rl_ws_received(&c->wire.rfc, n);
	pump(c, &nothing);
}

/* A half-close without a Close is an end all the same: nobody can answer us any more. The peer may
 * still be reading, and gets what is queued. */
static void on_end(struct rl_stream *stream)
{
	if (rl_stream_queued(stream))
		end_gently(stream->owner, 1006, rl_slice(NULL, 0));
	else
		rl_ws_conn_lost(stream->owner);
}

static void on_drain(struct rl_stream *stream)
{
	struct rl_ws_conn *c = stream->owner;
	rl_conn_drained(&c->conn);
}

static void on_lost(struct rl_stream *stream, int rc)
{
	struct rl_ws_conn *c = stream->owner;
	if (rc != RILL_ERESET) {
		char peer[RL_ADDR_TEXT];
		rl_addr_host(&stream->peer, peer);
		rl_log(&c->conn.loop->env, RILL_LOG_INFO, "websocket: %s lost: %s", peer,
			rill_strerror(rc));
	}
	rl_ws_conn_lost(c);
}

const struct rl_stream_events rl_ws_stream_events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
	.target = target,
	.on_target = on_target,
	.on_flushed = on_flushed,
};

static void on_timer(struct rl_timer *timer)
{
	struct rl_ws_conn *c = rl_container(timer, struct rl_ws_timer, timer)->conn;
	if (rl_ws_framing(c)->finished(c)) { /* a close that waits for no answer: see op_close */
		c->clean = true;
		end_gently(c, 1005, rl_slice(NULL, 0));
		return;
	}
	int rc = rl_ws_framing(c)->expire(c);
	rl_ws_conn_flush_scratch(c);
	if (rc < 0)
		rl_ws_conn_lost(c);
	else
		rl_ws_conn_update_timer(c);
}

void rl_ws_conn_start(struct rl_ws_conn *c)
{
	if (framing_open(c))
		tell_open(c);
	if (reads(c))
		rl_stream_resume(c->stream);
}
