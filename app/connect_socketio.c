/* connect_socketio.c: the link over a WebSocket that speaks Socket.IO. It is open when the namespace is joined.
 *
 * A server that ends a namespace (disconnect()) has closed in order, whatever becomes of the WebSocket then,
 * which is of no use without it. */
#include "connect_websocket.h"

#include <stdio.h>
#include <string.h>
#include "socketio_line.h"

/* RFC 6455, 7.4.1. */
enum { CLOSE_NORMAL = 1000, CLOSE_LOST = 1006 };

/* How long the server may take to read what was said, when we close. */
#define READ_TIMEOUT_MS 10000

static void fail(struct connect *c, const char *sentence)
{
	c->socketio.failed = true;
	connect_error(c, sentence, 0);
	if (c->conn)
		rill_conn_destroy(c->conn);
}

static void on_joined(const char *id, void *user)
{
	struct connect *c = user;
	const char *protocol = rill_conn_protocol(c->conn);
	const char *extensions = rill_conn_extensions(c->conn);
	rill_timer_stop(c->socketio.patience);
	c->telling.space = c->options.space;
	c->telling.id = id;
	connect_opened(c, rill_conn_answer(c->conn), protocol, extensions);
	c->telling.id = "";
}

static void on_event(const struct socketio_event *event, void *user)
{
	connect_event(user, event);
}

static void on_ping(rill_bytes data, void *user)
{
	connect_ping(user, false, data);
}

static void on_refused(const char *sentence, void *user)
{
	struct connect *c = user;
	c->socketio.failed = true;
	connect_error(c, sentence, 0);
	rill_close(c->conn, CLOSE_NORMAL, NULL);
}

static void on_left(void *user)
{
	struct connect *c = user;
	c->socketio.left = true;
	rill_close(c->conn, CLOSE_NORMAL, NULL);
}

static void on_broken(const char *sentence, void *user)
{
	fail(user, sentence);
}

/* The WebSocket has its own limit of time; what is beyond it counts from the same moment. */
static void on_late(rill_timer *timer, void *user)
{
	(void)timer;
	struct connect *c = user;
	char sentence[400];
	c->socketio.late = true;
	if (c->conn && c->opened) {
		rill_conn_destroy(c->conn);
		return;
	}
	if (!c->conn || rill_conn_get_state(c->conn) == RILL_CONN_CONNECTING)
		return;
	snprintf(sentence, sizeof(sentence), "the server has not let us into %.256s for %g s",
		c->options.space, (double)c->options.timeout_ms / 1000);
	fail(c, sentence);
}

static void on_open(rill_conn *conn)
{
	struct connect *c = rill_conn_user(conn);
	if (!websocket_watch(conn))
		return;
	socketio_session_begin(&c->socketio.session, conn);
	if (c->socketio.late)
		on_late(c->socketio.patience, c);
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	struct connect *c = rill_conn_user(conn);
	socketio_session_take(&c->socketio.session, msg);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	static const char words[] = "io server disconnect";
	struct connect *c = rill_conn_user(conn);
	socketio_session_leave(&c->socketio.session);
	rill_timer_stop(c->socketio.patience);
	if (c->socketio.left && c->opened) {
		c->conn = NULL;
		connect_ended(c, CLOSE_NORMAL, (rill_bytes){ words, strlen(words) }, true);
		return;
	}
	if (!c->opened && !c->finishing && !c->socketio.failed) {
		connect_error(c, "the server closed the connection before it let us in", 0);
		c->socketio.failed = true;
	}
	if (!c->socketio.failed) {
		websocket_on_close(conn, code, reason);
		return;
	}
	c->conn = NULL;
	connect_ended(c, CLOSE_LOST, (rill_bytes){ 0 }, false);
}

static int open_link(struct connect *c)
{
	static const struct socketio_events events = { .joined = on_joined,
		.event = on_event,
		.ping = on_ping,
		.refused = on_refused,
		.left = on_left,
		.broken = on_broken };
	static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open,
		.on_message = on_message, .on_drain = websocket_on_drain, .on_close = on_close };
	struct socketio_session *session = &c->socketio.session;
	struct text url = { 0 };
	session->space = c->options.space;
	session->auth = c->options.auth;
	session->parts.room = c->options.max_message;
	int rc = socketio_session_init(session, c->loop, &events, c);
	if (rc == 0)
		rc = rill_timer_new(&c->socketio.patience, c->loop, on_late, c);
	socketio_url(&url, c->options.url);
	if (rc == 0)
		rc = url.failed ? RILL_ENOMEM : websocket_open(c, url.data, &handler);
	if (rc == 0 && c->options.timeout_ms)
		rill_timer_start(c->socketio.patience, c->options.timeout_ms, 0);
	text_fini(&url);
	return rc;
}

static int send_line(struct connect *c, rill_kind kind, const void *data, size_t len)
{
	struct socketio_session *session = &c->socketio.session;
	struct socketio_line line;
	uint64_t number;
	(void)kind;
	int rc = RILL_EINVAL;
	c->wrong = socketio_line_read(&line, data, len);
	if (!c->wrong && line.answers)
		rc = socketio_session_answer(session, line.number, line.array.data, line.array.len);
	else if (!c->wrong)
		rc = socketio_session_emit(
			session, line.array.data, line.array.len, line.asks ? &number : NULL);
	socketio_line_fini(&line);
	c->socketio.said |= rc >= 0;
	return rc;
}

static void leave(struct connect *c)
{
	socketio_session_leave(&c->socketio.session);
	websocket_close(c, c->socketio.close_code, c->socketio.close_reason);
}

static void on_read(rill_conn *conn, bool pong, void *user)
{
	(void)conn;
	if (pong)
		leave(user);
}

/* The reference server hands events out a moment after it has read them, and drops those of a client that has
 * left by then. So we leave when it has answered a ping behind them. */
static void close_link(struct connect *c, int code, const char *reason)
{
	c->socketio.close_code = code;
	c->socketio.close_reason = reason;
	if (c->opened && c->socketio.said && rill_ping(c->conn, NULL, 0, on_read, c) == 0)
		rill_timer_start(c->socketio.patience, READ_TIMEOUT_MS, 0);
	else
		leave(c);
}

static void hold(struct connect *c, bool held)
{
	websocket_hold(c, held);
	socketio_session_hold(&c->socketio.session, held);
}

static void fini(struct connect *c)
{
	rill_timer_free(c->socketio.patience);
	socketio_session_fini(&c->socketio.session);
}

const struct connect_link socketio_link = {
	.open = open_link,
	.send = send_line,
	.close = close_link,
	.cut = websocket_cut,
	.hold = hold,
	.fini = fini,
};
