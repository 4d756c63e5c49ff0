/* websocket_ops.c: what a program does with a WebSocket: the calls of rill/conn.h, brought to the
 * framing and the stream. None of them calls back. */
#include "proto/names.h"
#include "proto/websocket_client.h"

/* The message being delivered goes back from where it lies, with its new header in front of it. 0 or
 * 1 as a write; negative: it is not that simple. */
static inline __attribute__((always_inline)) int send_back(
	struct rl_ws_conn *c, rill_kind kind, struct rl_slice data)
{
	if (data.len < RL_STREAM_LEND_MIN || data.data != c->conn.loop->lendable ||
		!c->stream->lends)
		return RILL_EUNSUPPORTED;
	size_t n = rl_ws_head_size(data.len);
	uint8_t *start = (uint8_t *)(uintptr_t)data.data - n;
	if (data.len <= RL_WS_SHORT_MAX)
		rl_ws_write_short_head(start, kind == RILL_TEXT, data.len);
	else
		rl_ws_write_message_head(&c->wire.rfc, start, kind == RILL_TEXT, data.len);
	int rc = rl_stream_lend(c->stream, rl_slice(start, n + data.len));
	if (rc >= 0)
		c->conn.loop->lendable = NULL;
	return rc;
}

/* Header and payload go straight into the queue. Likewise. */
static __attribute__((noinline)) int send_copied(
	struct rl_ws_conn *c, rill_kind kind, struct rl_slice data)
{
	size_t head = rl_ws_short_head_size(data.len);
	uint8_t *to = data.len <= RL_WS_SHORT_MAX ? rl_stream_claim(c->stream, head + data.len)
						  : NULL;
	if (!to)
		return RILL_EUNSUPPORTED;
	rl_ws_write_short_head(to, kind == RILL_TEXT, data.len);
	if (data.len)
		memcpy(to + head, data.data, data.len);
	return rl_stream_claimed(c->stream, head + data.len);
}

/* Do the limits let so much be sent? */
static inline bool fits(const struct rl_ws_conn *c, size_t len)
{
	const struct rl_ws_terms *terms = rl_ws_terms(c);
	size_t queued = rl_stream_queued(c->stream);
	if (terms->max_send && len > terms->max_send)
		return false;
	return !queued || !terms->max_queue ||
	       (queued <= terms->max_queue && len <= terms->max_queue - queued);
}

__attribute__((noinline)) static int send_any(struct rill_conn *conn, rill_kind kind,
	struct rl_slice data, struct rl_blob *blob, bool first, bool last)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (!fits(c, data.len))
		return RILL_ETOOBIG;
	int rc = RILL_EUNSUPPORTED;
	if (first && last && !blob && !c->hixie && !conn->traced &&
		!rl_ws_would_compress(&c->wire.rfc, data.len)) {
		rc = send_back(c, kind, data);
		if (rc < 0)
			rc = send_copied(c, kind, data);
	}
	if (rc < 0)
		rc = rl_ws_framing(c)->send(c, kind, data, blob, first, last);
	if (c->stream)
		rl_conn_note_queue(conn, rl_stream_queued(c->stream));
	return rc;
}

/* 16 to 64 bytes. */
static inline void copy_few(uint8_t *to, const uint8_t *from, size_t n)
{
	memcpy(to, from, 16);
	if (n > 32) {
		memcpy(to + 16, from + 16, 16);
		memcpy(to + n - 32, from + n - 32, 16);
	}
	memcpy(to + n - 16, from + n - 16, 16);
}

/* A whole message on a connection that needs nothing. */
__attribute__((noinline)) static int send_plain(
	struct rill_conn *conn, rill_kind kind, struct rl_slice data)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	int rc = send_back(c, kind, data);
	if (rc < 0)
		return send_any(conn, kind, data, NULL, true, true);
	rl_conn_note_queue(conn, rl_stream_queued(c->stream));
	return rc;
}

/* Nearly all messages are whole and plain, and most are quite short: those are done without a
 * call. */
static int op_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	struct rl_stream *stream = c->stream;
	const struct rl_ws_terms *terms = rl_ws_terms(c);
	if (!first || !last || blob || conn->traced || c->hixie ||
		c->wire.rfc.pipeline || (terms->max_send && data.len > terms->max_send) ||
		(terms->max_queue && stream->queue.bytes))
		return send_any(conn, kind, data, blob, first, last);
	if (data.len - 16 > 48)
		return send_plain(conn, kind, data);
	uint8_t *to = rl_stream_claim_free(stream, 2 + data.len);
	if (!to)
		return send_any(conn, kind, data, blob, first, last);
	rl_ws_write_short_head(to, kind == RILL_TEXT, data.len);
	copy_few(to + 2, data.data, data.len);
	rl_conn_note_queue(conn, stream->queue.bytes);
	return rl_stream_claimed(stream, 2 + data.len);
}

int rl_ws_send_plain(struct rill_conn *conn, rill_kind kind, struct rl_slice data)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);

	if (c->hixie || !c->wire.rfc.pipeline)
		return rl_conn_send(conn, kind, data);
	struct rl_ws_pipeline *pipeline = c->wire.rfc.pipeline;
	c->wire.rfc.pipeline = NULL;
	int rc = rl_conn_send(conn, kind, data);
	c->wire.rfc.pipeline = pipeline;
	return rc;
}

static int op_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	int rc = rl_ws_framing(c)->close(c, code, reason);
	if (rc == RILL_EINVAL || rc == RILL_EUTF8)
		return rc;
	rl_ws_conn_flush_scratch(c);
	if (rl_ws_framing(c)->finished(c)) /* hixie-75 has no closing handshake: nothing to wait for */
		rl_ws_conn_set_timer(c, rl_loop_now(conn->loop));
	else
		rl_ws_conn_update_timer(c);
	rl_stream_resume(c->stream); /* whatever was paused, the answer has to be read */
	return 0;
}

static void op_cut(struct rill_conn *conn)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	struct rl_stream *stream = c->stream;
	if (!stream)
		return;
	rl_conn_keep_peer(conn, &stream->peer);
	rl_ws_conn_let_go(c);
	c->stream = NULL;
	rl_stream_close(stream);
}

static void op_set_reading(struct rill_conn *conn, bool on)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (!c->stream || c->held_back)
		return;
	if (on || conn->state == RILL_CONN_CLOSING)
		rl_stream_resume(c->stream);
	else
		rl_stream_pause(c->stream);
}

static int op_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	return rl_ws_framing(c)->control(c, ping, data);
}

static struct rl_blob *op_take_message(struct rill_conn *conn)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (!c->stream || c->hixie)
		return NULL;
	return rl_ws_take_message(&c->wire.rfc);
}

static size_t op_queued(const struct rill_conn *conn)
{
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return c->stream ? rl_stream_queued(c->stream) : 0;
}

static void op_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (c->stream)
		rl_stream_charge(c->stream, bytes);
}

static const char *op_version(const struct rill_conn *conn)
{
	return rl_ws_version_name(rl_container(conn, struct rl_ws_conn, conn)->version);
}

static const char *op_protocol(const struct rill_conn *conn)
{
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return c->names ? c->names : "";
}

static const char *op_extensions(const struct rill_conn *conn)
{
	const char *protocol = op_protocol(conn);
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return c->names ? rl_names_behind(protocol) : "";
}

/* Behind the two names stand pairs of kept name and value, ended by an empty name. */
static struct rl_slice op_header(const struct rill_conn *conn, struct rl_slice name)
{
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return c->names ? rl_names_find(rl_names_behind(op_extensions(conn)), name)
			: rl_slice(NULL, 0);
}

static const struct rl_addr *op_peer(const struct rill_conn *conn)
{
	static const struct rl_addr nobody = { .family = RL_ADDR_NONE };
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return c->stream ? &c->stream->peer : &nobody;
}

static bool op_secure(const struct rill_conn *conn)
{
	return rl_container(conn, struct rl_ws_conn, conn)->secure;
}

static bool op_local(struct rill_conn *conn, struct rl_addr *addr)
{
	const struct rl_ws_conn *c = rl_ws_conn(conn);
	return c->stream && rl_stream_local(c->stream, addr);
}

static void op_ended(struct rill_conn *conn)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	struct rill_websocket *service = rl_ws_service(c);
	rill_websocket_stats *stats = &service->stats;
	if (conn->opened) {
		stats->open--;
		stats->closed_clean += c->clean;
		stats->closed_protocol += c->broken;
		stats->closed_lost += !c->clean && !c->broken;
		stats->messages_in += conn->messages_in;
		stats->messages_out += conn->messages_out;
		stats->bytes_in += conn->bytes_in;
		stats->bytes_out += conn->bytes_out;
	}
	/* The memory may stay, the program's extensions need not. */
	rl_ws_conn_drop_pipeline(c);
	c->wire.config = NULL;
	rl_websocket_release(service);
}

void rl_ws_conn_drop_pipeline(struct rl_ws_conn *c)
{
	if (c->hixie)
		return;
	rl_ws_pipeline_free(c->wire.rfc.pipeline);
	c->wire.rfc.pipeline = NULL;
}

void rl_ws_conn_fini(struct rl_ws_conn *c)
{
	const struct rl_env *env = &c->conn.loop->env;
	rl_ws_framing(c)->fini(c);
	assert(!c->unopened);
	rl_free(env, c->timer);
	rl_free(env, c->names);
}

static void op_free(struct rill_conn *conn)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	rl_ws_conn_fini(c);
	rl_free(&conn->loop->env, c);
}

/* A client's connection: the same but while it is being opened, and its frames are masked. */

/* As send_short(); masked, where the payload is copied anyway. */
static int send_short_masked(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data)
{
	const struct rl_env *env = &c->conn.loop->env;
	size_t head = rl_ws_short_head_size(data.len) + 4;
	uint8_t key[4];
	if (data.len > RL_WS_SHORT_MAX || c->conn.traced ||
		rl_ws_would_compress(&c->wire.rfc, data.len))
		return RILL_EUNSUPPORTED;
	uint8_t *to = rl_stream_claim(c->stream, head + data.len);
	if (!to)
		return RILL_EUNSUPPORTED;
	env->random(key, sizeof(key), env->user);
	rl_ws_write_short_head(to, kind == RILL_TEXT, data.len);
	to[1] |= 0x80;
	memcpy(to + head - 4, key, 4);
	if (data.len)
		rl_ws_mask(to + head, data.data, data.len, key, 0);
	return rl_stream_claimed(c->stream, head + data.len);
}

static int client_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	struct rl_ws_conn *c = rl_ws_conn(conn);
	if (conn->state == RILL_CONN_CONNECTING)
		return rl_ws_client_keep(c, kind, data, blob, first, last);
	if (!fits(c, data.len))
		return RILL_ETOOBIG;
	int rc = first && last ? send_short_masked(c, kind, data) : RILL_EUNSUPPORTED;
	if (rc < 0)
		rc = rl_ws_framing(c)->send(c, kind, data, blob, first, last);
	if (c->stream)
		rl_conn_note_queue(conn, rl_stream_queued(c->stream));
	return rc;
}

static int client_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	if (conn->state == RILL_CONN_CONNECTING)
		return rl_ws_client_keep_control(rl_ws_conn(conn), ping, data);
	return op_control(conn, ping, data);
}

static int client_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	if (conn->state == RILL_CONN_CONNECTING)
		return rl_ws_client_give_up(rl_ws_conn(conn), code, reason);
	return op_close(conn, code, reason);
}

static void client_cut(struct rill_conn *conn)
{
	if (conn->state == RILL_CONN_CONNECTING)
		rl_ws_client_cut(rl_ws_conn(conn));
	op_cut(conn);
}

static size_t client_queued(const struct rill_conn *conn)
{
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return conn->state == RILL_CONN_CONNECTING ? rl_ws_client_kept(c) : op_queued(conn);
}

const struct rl_conn_ops rl_ws_conn_ops = {
	.transport = "websocket",
	.send = op_send,
	.publish = rl_ws_op_publish,
	.shared = rl_ws_op_shared,
	.flush = rl_ws_op_flush,
	.prefetch = rl_ws_op_prefetch,
	.close = op_close,
	.cut = op_cut,
	.set_reading = op_set_reading,
	.control = op_control,
	.take_message = op_take_message,
	.queued = op_queued,
	.charge = op_charge,
	.version = op_version,
	.protocol = op_protocol,
	.extensions = op_extensions,
	.header = op_header,
	.peer = op_peer,
	.secure = op_secure,
	.local = op_local,
	.ended = op_ended,
	.free = op_free,
};

const struct rl_conn_ops rl_ws_client_ops = {
	.transport = "websocket",
	.early = true,
	.send = client_send,
	.close = client_close,
	.cut = client_cut,
	.set_reading = op_set_reading,
	.control = client_control,
	.take_message = op_take_message,
	.queued = client_queued,
	.charge = op_charge,
	.version = op_version,
	.protocol = op_protocol,
	.extensions = op_extensions,
	.header = op_header,
	.peer = op_peer,
	.secure = op_secure,
	.local = op_local,
	.ended = rl_ws_client_ended,
	.free = rl_ws_client_free,
};
