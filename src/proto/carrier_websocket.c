/* carrier_websocket.c: a session's frames on a WebSocket, a connection of a service that no program knows
 * (rl_websocket_new()). Its user pointer is the carrier, or NULL when that has let go of it. */
#include "proto/session.h"
#include "proto/websocket.h"

struct carrier {
	struct rl_carrier base;
	struct rill_conn *conn;
};

static struct carrier *of(const struct rl_carrier *base)
{
	return rl_container(base, struct carrier, base);
}

int rl_carrier_websocket_new(
	struct rl_carrier **carrier, const struct rl_carrier_row *row, struct rill_conn *conn)
{
	struct carrier *c = rl_alloc(&conn->loop->env, sizeof(*c));

	if (!c)
		return RILL_ENOMEM;
	*c = (struct carrier){ .base = { .row = row }, .conn = conn };
	conn->user = &c->base;
	*carrier = &c->base;
	return 0;
}

rill_websocket_options rl_carrier_websocket_options(
	const rill_websocket_options *from, size_t max_message, void *user)
{
	static const char *const any[] = { "*", NULL };
	rill_websocket_options o = *from;

	o.max_message = max_message;
	o.max_send = 0;
	o.max_queue = 0; /* the session's queue is what is limited */
	o.pieces = false;
	o.protocols = o.keep_headers = NULL;
	o.origins = any; /* looked at before */
	o.on_request = NULL;
	o.user = user;
	o.ping_interval_ms = o.pong_timeout_ms = 0; /* the session's, too */
	o.hybi_drafts = false;
	return o;
}

static struct rill_conn *let_go(struct carrier *c)
{
	struct rill_conn *conn = c->conn;

	conn->user = NULL;
	rl_free(&conn->loop->env, c);
	return conn;
}

/* The session of a connection that is a carrier still; NULL: it is none, or nobody's yet. */
static struct rl_session *session_of(const struct rill_conn *conn)
{
	const struct rl_carrier *carrier = conn->user;

	return carrier ? carrier->session : NULL;
}

void rl_carrier_on_message(rill_conn *conn, rill_msg msg)
{
	struct rl_session *session = session_of(conn);
	const struct rl_carrier *carrier = conn->user;

	if (session && carrier->offered)
		rl_session_offered_said(session, msg.kind, rl_slice(msg.data, msg.len));
	else if (session)
		rl_session_received(session, msg.kind, rl_slice(msg.data, msg.len));
}

void rl_carrier_on_drain(rill_conn *conn)
{
	struct rl_session *session = session_of(conn);
	const struct rl_carrier *carrier = conn->user;

	if (session && !carrier->offered)
		rl_session_drained(session);
}

void rl_carrier_on_pong(rill_conn *conn, rill_bytes data)
{
	struct rl_session *session = session_of(conn);

	const struct rl_carrier *carrier = conn->user;

	(void)data;
	if (session && !carrier->offered)
		rl_session_answered(session);
}

void rl_carrier_on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct rl_session *session = session_of(conn);

	if (!conn->user)
		return;
	bool offered = of(conn->user)->base.offered;
	let_go(of(conn->user));
	if (!session)
		return;
	if (offered) {
		rl_session_offered_lost(session);
		return;
	}
	session->broken = session->broken || rl_ws_conn(conn)->broken;
	rl_session_lost(session, code, rl_slice(reason.data, reason.len));
}

static int op_write(struct rl_carrier *carrier, rill_kind kind, struct rl_slice frame)
{
	struct rill_conn *conn = of(carrier)->conn;

	return carrier->plain ? rl_ws_send_plain(conn, kind, frame) : rl_conn_send(conn, kind, frame);
}

static int op_publish(struct rl_carrier *carrier, struct rl_publication *publication)
{
	struct rill_conn *conn = of(carrier)->conn;
	int rc = rl_conn_publish(conn, publication);

	if (rc == 1)
		conn->drain_due = true;
	return rc;
}

/* What cannot stand in a Close leaves it without a word of its own. */
static void op_finish(struct rl_carrier *carrier, int code, struct rl_slice reason)
{
	struct rill_conn *conn = let_go(of(carrier));

	if (rl_conn_close(conn, code, reason) < 0)
		rl_conn_close(conn, 1000, rl_slice(NULL, 0));
}

static void op_cut(struct rl_carrier *carrier)
{
	rill_conn_destroy(let_go(of(carrier)));
}

static void op_set_reading(struct rl_carrier *carrier, bool on)
{
	if (on)
		rill_conn_resume(of(carrier)->conn);
	else
		rill_conn_pause(of(carrier)->conn);
}

static void op_flush(struct rl_carrier *carrier)
{
	struct rill_conn *conn = of(carrier)->conn;

	if (conn->state == RILL_CONN_OPEN)
		conn->ops->flush(conn);
}

static size_t op_queued(const struct rl_carrier *carrier)
{
	return rill_conn_queued(of(carrier)->conn);
}

static int op_ping(struct rl_carrier *carrier)
{
	return rill_ping(of(carrier)->conn, NULL, 0, NULL, NULL);
}

static bool op_local(const struct rl_carrier *carrier, struct rl_addr *addr)
{
	struct rill_conn *conn = of(carrier)->conn;

	return conn->ops->local(conn, addr);
}

static bool op_secure(const struct rl_carrier *carrier)
{
	return rill_conn_secure(of(carrier)->conn);
}

const struct rl_carrier_ops rl_carrier_websocket_ops = {
	.write = op_write,
	.publish = op_publish,
	.finish = op_finish,
	.cut = op_cut,
	.set_reading = op_set_reading,
	.flush = op_flush,
	.queued = op_queued,
	.ping = op_ping,
	.local = op_local,
	.secure = op_secure,
};
