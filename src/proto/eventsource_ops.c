/* eventsource_ops.c: what a program does with a stream of events: the calls of rill/conn.h, brought to
 * the response. None of them calls back. */
#include "proto/eventsource.h"
#include "wire/ws_session.h"

/* What a scratch buffer may keep between calls. */
#define SCRATCH_KEEP (64 * 1024)

static int write_piece(
	struct rl_es_conn *c, struct rl_buf *out, struct rl_slice data, bool first, bool last)
{
	struct rl_sse_event bare = { 0 };
	bool cr = !first && c->piece_cr;
	int rc = first ? rl_sse_write_start(out, &bare) : 0;

	if (rc == 0)
		rc = rl_sse_write_data(out, data, &cr);
	if (rc == 0 && last)
		rc = rl_sse_write_end(out, &cr);
	if (rc == 0)
		c->piece_cr = cr;
	return rc;
}

static int write_event(struct rl_es_conn *c, struct rl_buf *out, struct rl_slice data)
{
	const struct rl_sse_event *saying = c->service->saying;
	struct rl_sse_event event = { .data = data };

	if (saying) {
		event.type = saying->type;
		event.id = saying->id;
	}
	return rl_sse_write(out, &event);
}

static bool has_room(const struct rl_es_conn *c, size_t len)
{
	size_t queued = rill_response_queued(c->request), max = c->service->options.max_queue;

	return !queued || !max || (queued <= max && len <= max - queued);
}

int rl_es_conn_send_scratch(struct rl_es_conn *c, int rc)
{
	struct rl_buf *scratch = &c->conn.loop->scratch;

	if (rc == 0)
		rc = rl_es_conn_write_scratch(c);
	if (rc < 0)
		rl_buf_consume(scratch, scratch->len);
	else
		rl_es_conn_put_off_ping(c);
	if (scratch->cap > SCRATCH_KEEP)
		rl_buf_release(scratch);
	return rc;
}

static int op_send(struct rill_conn *conn, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	struct rl_es_conn *c = rl_es_conn(conn);
	struct rl_buf *scratch = &conn->loop->scratch;
	bool cr = c->piece_cr;

	(void)blob; /* lines are put in between, so there is nothing to refer to */
	if (kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (!c->request)
		return RILL_ECLOSED;
	if (!has_room(c, data.len))
		return RILL_ETOOBIG;
	int rc = first && last ? write_event(c, scratch, data)
			       : write_piece(c, scratch, data, first, last);
	rc = rl_es_conn_send_scratch(c, rc);
	if (rc < 0)
		c->piece_cr = cr;
	return rc;
}

static void op_flush(struct rill_conn *conn)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (c->request)
		rl_exchange_flush(c->request);
}

/* Nothing of the code and the reason goes to the client, but on_close tells the code. */
static int op_close(struct rill_conn *conn, int code, struct rl_slice reason)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (code < 0 || !rl_ws_code_sendable((unsigned)code) || reason.len > 123)
		return RILL_EINVAL;
	if (c->code)
		return 0; /* before it was open, and that is still to be told */
	c->code = (uint16_t)code;
	rl_loop_clear_timer(conn->loop, &c->timer);
	rill_response_end(c->request);
	return 0;
}

static void op_cut(struct rill_conn *conn)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (!c->request)
		return;
	rl_conn_keep_peer(conn, rl_exchange_peer(c->request));
	rill_request_abort(rl_es_conn_let_go(c));
}

static void op_set_reading(struct rill_conn *conn, bool on)
{
	(void)conn;
	(void)on; /* nothing comes in */
}

static int op_control(struct rill_conn *conn, bool ping, struct rl_slice data)
{
	(void)conn;
	(void)ping;
	(void)data;
	return RILL_EUNSUPPORTED;
}

static struct rl_blob *op_take_message(struct rill_conn *conn)
{
	(void)conn;
	return NULL;
}

static size_t op_queued(const struct rill_conn *conn)
{
	const struct rl_es_conn *c = rl_es_const_conn(conn);

	return c->request ? rill_response_queued(c->request) : 0;
}

/* What the hub lets wait for it. */
static void op_charge(struct rill_conn *conn, ptrdiff_t bytes)
{
	struct rl_es_conn *c = rl_es_conn(conn);

	if (c->request)
		rl_exchange_charge(c->request, bytes);
}

static const char *op_nothing(const struct rill_conn *conn)
{
	(void)conn;
	return "";
}

static struct rl_slice op_header(const struct rill_conn *conn, struct rl_slice name)
{
	const char *last_id = rl_names_behind(rl_es_const_conn(conn)->names);

	return rl_names_find(rl_names_behind(last_id), name);
}

static const struct rl_addr *op_peer(const struct rill_conn *conn)
{
	static const struct rl_addr nobody = { .family = RL_ADDR_NONE };
	const struct rl_es_conn *c = rl_es_const_conn(conn);

	return c->request ? rl_exchange_peer(c->request) : &nobody;
}

static bool op_secure(const struct rill_conn *conn)
{
	return rl_es_const_conn(conn)->secure;
}

static bool op_local(struct rill_conn *conn, struct rl_addr *addr)
{
	const struct rl_es_conn *c = rl_es_conn(conn);

	return c->request && rl_exchange_local(c->request, addr);
}

static void op_ended(struct rill_conn *conn)
{
	struct rl_es_conn *c = rl_es_conn(conn);
	struct rill_eventsource *service = c->service;

	if (conn->opened) {
		service->stats.open--;
		service->stats.closed++;
		service->stats.messages_out += conn->messages_out;
		service->stats.bytes_out += conn->bytes_out;
	}
	service->busy++;
	rl_eventsource_release(service);
	c->service = NULL;
}

static void op_free(struct rill_conn *conn)
{
	rl_free(&conn->loop->env, rl_es_conn(conn));
}

const struct rl_conn_ops rl_es_conn_ops = {
	.transport = "eventsource",
	.early = true,
	.send = op_send,
	.publish = rl_es_op_publish,
	.flush = op_flush,
	.typed = true,
	.mark = rl_es_op_mark,
	.close = op_close,
	.cut = op_cut,
	.set_reading = op_set_reading,
	.control = op_control,
	.take_message = op_take_message,
	.queued = op_queued,
	.charge = op_charge,
	.version = op_nothing,
	.protocol = op_nothing,
	.extensions = op_nothing,
	.header = op_header,
	.peer = op_peer,
	.secure = op_secure,
	.local = op_local,
	.ended = op_ended,
	.free = op_free,
};
