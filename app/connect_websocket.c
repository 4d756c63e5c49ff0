/* connect_websocket.c: the link over a WebSocket.
 *
 * on_close does not say whether its code is the server's or what we failed it with; so the frames are
 * tapped for the server's Close. */
#include "connect_websocket.h"

#include <stdio.h>

enum { OPCODE_CLOSE = 8 };

/* How long the server may take to answer our Close; then it is lost. */
#define CLOSE_TIMEOUT_MS 10000
/* A pong that takes longer means that nobody is there; on slow ways a second is not long. */
#define SHORTEST_PONG_MS 5000

/* A Close as it ought to be leads to an on_close with its own code and reason; from any other follows one
 * with a code of ours. */
static void on_frame(rill_conn *conn, const rill_frame *frame, void *user)
{
	(void)conn;
	struct connect *c = user;
	const unsigned char *p = frame->payload.data;
	if (frame->out || frame->opcode != OPCODE_CLOSE)
		return;
	c->peer_close.came = frame->fin && !frame->masked;
	c->peer_close.len = frame->len;
	c->peer_close.code = frame->payload.len >= 2 ? p[0] << 8 | p[1] : 1005;
}

static bool is_peers(const struct connect *c, int code, rill_bytes reason)
{
	if (!c->peer_close.came || c->peer_close.code != code)
		return false;
	return c->peer_close.len == (code == 1005 ? 0 : reason.len + 2);
}

bool websocket_watch(rill_conn *conn)
{
	const bool watched = rill_conn_trace(conn, on_frame, rill_conn_user(conn)) == 0;
	if (!watched)
		rill_conn_destroy(conn);
	return watched;
}

static void on_open(rill_conn *conn)
{
	struct connect *c = rill_conn_user(conn);
	const char *protocol = rill_conn_protocol(conn), *extensions = rill_conn_extensions(conn);
	if (!websocket_watch(conn))
		return;
	connect_opened(
		c, rill_conn_answer(conn), protocol ? protocol : "", extensions ? extensions : "");
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	const struct told_message message = { .kind = msg.kind, .data = { msg.data, msg.len } };
	connect_message(rill_conn_user(conn), &message);
}

void websocket_on_drain(rill_conn *conn)
{
	connect_drained(rill_conn_user(conn));
}

static void on_ping(rill_conn *conn, rill_bytes data)
{
	connect_ping(rill_conn_user(conn), false, data);
}

static void on_pong(rill_conn *conn, rill_bytes data)
{
	connect_ping(rill_conn_user(conn), true, data);
}

void websocket_on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct connect *c = rill_conn_user(conn);
	const bool clean = is_peers(c, code, reason);
	c->conn = NULL;
	if (!clean && code != 1006) {
		char sentence[160];
		snprintf(sentence, sizeof(sentence), "the server broke the protocol: %.*s",
			(int)reason.len, (const char *)reason.data);
		connect_error(c, reason.len ? sentence : "the server broke the protocol", 0);
	}
	connect_ended(c, code, reason, clean);
}

void websocket_on_failed(rill_conn *conn, const rill_failure *failure)
{
	struct connect *c = rill_conn_user(conn);
	c->conn = NULL;
	connect_error(c, failure->sentence, failure->status);
	connect_ended(c, 1006, (rill_bytes){ 0 }, false);
}

int websocket_open(struct connect *c, const char *url, const rill_handler *handler)
{
	const struct connect_options *options = &c->options;
	rill_websocket_client_options o;
	rill_websocket_client_options_default(&o);
	o.connect.timeout_ms = options->timeout_ms;
	o.connect.proxy = options->proxy;
	o.connect.proxy_headers = options->proxy_headers;
	o.connect.headers = options->headers;
	o.connect.tls.ca_file = o.connect.proxy_tls.ca_file = options->ca;
	o.connect.tls.insecure = o.connect.proxy_tls.insecure = options->insecure;
	o.connect.tls.certificate_file = options->certificate;
	o.connect.tls.key_file = options->key;
	o.protocols = options->protocols;
	o.deflate = options->deflate;
	if (options->max_message)
		o.max_message = options->max_message;
	/* We bring nothing while something waits, so what waits is at most a little and one message. */
	o.max_queue = 0;
	o.ping_interval_ms = options->ping_ms;
	o.pong_timeout_ms = options->ping_ms > SHORTEST_PONG_MS ? options->ping_ms
								: SHORTEST_PONG_MS;
	o.close_timeout_ms = CLOSE_TIMEOUT_MS;
	o.on_failed = websocket_on_failed;
	o.user = c;
	return rill_websocket_connect(&c->conn, c->loop, url, handler, &o);
}

static int open_link(struct connect *c)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open,
		.on_message = on_message, .on_drain = websocket_on_drain,
		.on_close = websocket_on_close, .on_ping = on_ping, .on_pong = on_pong };
	return websocket_open(c, c->options.url, &handler);
}

static int send_message(struct connect *c, rill_kind kind, const void *data, size_t len)
{
	return rill_send(c->conn, kind, data, len);
}

void websocket_close(struct connect *c, int code, const char *reason)
{
	rill_close(c->conn, code, *reason ? reason : NULL);
}

void websocket_cut(struct connect *c)
{
	rill_conn_destroy(c->conn);
}

void websocket_hold(struct connect *c, bool held)
{
	if (held)
		rill_conn_pause(c->conn);
	else
		rill_conn_resume(c->conn);
}

static void fini(struct connect *c)
{
	(void)c; /* the loop has closed it */
}

const struct connect_link websocket_link = {
	.open = open_link,
	.send = send_message,
	.close = websocket_close,
	.cut = websocket_cut,
	.hold = websocket_hold,
	.fini = fini,
};
