#include "http_session.h"

#include <string.h>
#include "load.h"

/* More messages than fit go with the next request. */
#define BODY_MOST (1u << 20)

static const struct http_link_events receiver_events, sender_events;

static struct http_session *session_of(struct http_link *link)
{
	return link->owner;
}

static const struct protocol *protocol_of(const struct http_session *session)
{
	return session->conn->load->options->protocol;
}

/* Asks for frames, or without a session for the greeting. */
static int ask(struct http_session *session)
{
	const struct protocol *protocol = protocol_of(session);
	bool post = protocol->dialect == DIALECT_SOCKJS;
	struct rl_slice target = rl_slice_str(session->conn->path);
	struct http_link *link = &session->receiver;
	char text[SOCKJS_TARGET];

	if (protocol->dialect == DIALECT_SOCKETIO)
		target = socketio_target(session->conn, text);
	else if (post)
		target = sockjs_target(session->conn, protocol->receive, text);
	int rc = http_link_begin(link, post ? RL_SLICE("POST") : RL_SLICE("GET"), target);
	if (rc < 0)
		return rc;
	if (rl_buf_append_str(&link->out, post ? "Content-Length: 0\r\n\r\n" : "\r\n") < 0)
		return connection_fail(session->conn, "out of memory");
	return http_link_flush(link);
}

int http_session_open(struct http_session *session, struct connection *conn)
{
	session->conn = conn;
	session->told = 0;
	session->said_len = 0;
	http_link_init(&session->receiver, conn->load, &receiver_events, session);
	http_link_init(&session->sender, conn->load, &sender_events, session);
	return ask(session);
}

void http_session_drop(struct http_session *session)
{
	http_link_close(&session->receiver);
	http_link_close(&session->sender);
}

/* What stands around messages in a body. */
struct body_form {
	const char *type;
	const char *open, *between, *close;
};

static const struct body_form body_forms[] = {
	[DIALECT_SOCKJS] = { "text/plain", "[", ",", "]" },
	[DIALECT_SOCKETIO] = { "text/plain;charset=UTF-8", "", "\x1e", "" },
};

/* How many messages go with one request, and how long its body is. */
static uint64_t measure_body(
	const struct http_session *session, const struct body_form *form, size_t *len)
{
	const struct connection *conn = session->conn;
	uint64_t n = conn->sending;
	size_t parts = session->said_len > 0;

	*len = session->said_len + strlen(form->open) + strlen(form->close);
	for (; n < conn->issued && (n == conn->sending || *len < BODY_MOST); n++) {
		*len += messages_frame(&conn->load->messages, connection_entry(conn, n)).len;
		*len += parts++ > 0 ? strlen(form->between) : 0;
	}
	return n;
}

static int write_body(
	struct http_session *session, const struct body_form *form, uint64_t end, size_t len)
{
	struct connection *conn = session->conn;
	struct rl_buf *out = &session->sender.out;

	if (rl_buf_append_str(out, "Content-Type: ") < 0 || rl_buf_append_str(out, form->type) < 0 ||
		rl_buf_append_str(out, "\r\nContent-Length: ") < 0 ||
		rl_buf_append_u64(out, len) < 0 || rl_buf_append_str(out, "\r\n\r\n") < 0 ||
		rl_buf_reserve(out, len) < 0)
		return connection_fail(conn, "out of memory");
	/* Room is reserved. */
	rl_buf_append_str(out, form->open);
	rl_buf_append(out, session->said, session->said_len);
	for (bool first = session->said_len == 0; conn->sending < end; conn->sending++) {
		rl_buf_append_str(out, first ? "" : form->between);
		rl_buf_append_slice(out, messages_frame(&conn->load->messages,
						 connection_entry(conn, conn->sending)));
		first = false;
	}
	rl_buf_append_str(out, form->close);
	session->said_len = 0;
	return 0;
}

int http_session_send(struct http_session *session)
{
	struct connection *conn = session->conn;
	enum dialect dialect = protocol_of(session)->dialect;
	const struct body_form *form = &body_forms[dialect];
	struct http_link *link = &session->sender;
	char text[SOCKJS_TARGET];
	size_t len;

	if (link->busy || (conn->sending == conn->issued && session->said_len == 0))
		return 0;
	uint64_t end = measure_body(session, form, &len);
	struct rl_slice target = dialect == DIALECT_SOCKETIO
					 ? socketio_target(conn, text)
					 : sockjs_target(conn, "xhr_send", text);
	if (http_link_begin(link, RL_SLICE("POST"), target) < 0 ||
		write_body(session, form, end, len) < 0)
		return -1;
	return http_link_flush(link);
}

int http_session_say(struct http_session *session, struct rl_slice packet)
{
	size_t between = session->said_len > 0;

	if (packet.len + between > sizeof session->said - session->said_len)
		return connection_fail(session->conn, "the server asks faster than it takes answers");
	if (between)
		session->said[session->said_len++] = SOCKETIO_BETWEEN;
	memcpy(session->said + session->said_len, packet.data, packet.len);
	session->said_len += packet.len;
	return http_session_send(session);
}

static int drop_when_done(struct http_session *session)
{
	struct connection *conn = session->conn;

	if (conn->state == CONNECTION_CLOSING && conn->receiving == conn->expected &&
		!session->sender.busy)
		connection_drop(conn);
	return 0;
}

int http_session_close(struct http_session *session)
{
	if (session->conn->issued > 0)
		return connection_issue(session->conn, 1);
	return drop_when_done(session);
}

static int receiver_head(struct http_link *link, unsigned status)
{
	struct connection *conn = session_of(link)->conn;

	if (status != 200)
		return load_fail(conn->load, "who asks for messages is answered %u", status);
	return 0;
}

static int receiver_body(struct http_link *link, struct rl_slice data, uint64_t now)
{
	struct http_session *session = session_of(link);

	if (!protocol_of(session)->receive)
		return 0;
	if (protocol_of(session)->dialect == DIALECT_SOCKETIO)
		return socketio_read(session->conn, data, false, now);
	return sockjs_read(session->conn, data, false, now);
}

static int receiver_end(struct http_link *link)
{
	struct http_session *session = session_of(link);
	struct connection *conn = session->conn;

	if (!protocol_of(session)->receive) {
		if (link->fd < 0)
			return connection_fail(conn, "the connection does not stay");
		return connection_opened(conn);
	}
	if (protocol_of(session)->dialect == DIALECT_SOCKETIO &&
		socketio_read(conn, RL_SLICE(""), true, load_now()) < 0)
		return -1;
	if (conn->state == CONNECTION_NONE)
		return 0;
	if (conn->sockjs.state != SOCKJS_FRAME)
		return connection_fail(conn, "its frame of SockJS is cut off");
	return ask(session);
}

/* What came in one read is answered by as much in one request. */
static int receiver_read(struct http_link *link)
{
	struct http_session *session = session_of(link);
	struct connection *conn = session->conn;
	struct load *load = conn->load;
	unsigned whole = (unsigned)(conn->receiving - session->told);

	session->told = conn->receiving;
	if (conn->state == CONNECTION_CLOSING)
		return drop_when_done(session);
	return whole > 0 && load->events->received ? load->events->received(load, conn, whole) : 0;
}

static const struct http_link_events receiver_events = {
	.head = receiver_head,
	.body = receiver_body,
	.end = receiver_end,
	.read = receiver_read,
};

static int sender_head(struct http_link *link, unsigned status)
{
	struct connection *conn = session_of(link)->conn;
	bool socketio = protocol_of(session_of(link))->dialect == DIALECT_SOCKETIO;

	if (status != (socketio ? 200 : 204))
		return load_fail(conn->load, "who sends messages is answered %u", status);
	return 0;
}

static int sender_body(struct http_link *link, struct rl_slice data, uint64_t now)
{
	(void)now;
	if (protocol_of(session_of(link))->dialect != DIALECT_SOCKETIO)
		return connection_fail(session_of(link)->conn, "a 204 has no body");
	/* "ok", in one piece or two. */
	if (data.len > 2)
		return connection_fail(session_of(link)->conn, "what was sent is not answered \"ok\"");
	return 0;
}

static int sender_end(struct http_link *link)
{
	return http_session_send(session_of(link));
}

static int sender_read(struct http_link *link)
{
	return drop_when_done(session_of(link));
}

static const struct http_link_events sender_events = {
	.head = sender_head,
	.body = sender_body,
	.end = sender_end,
	.read = sender_read,
};
