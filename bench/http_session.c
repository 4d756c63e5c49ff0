#include "http_session.h"

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
	const char *receive = protocol_of(session)->receive;
	struct http_link *link = &session->receiver;
	char text[SOCKJS_TARGET];
	int rc;

	if (receive)
		rc = http_link_begin(
			link, RL_SLICE("POST"), sockjs_target(session->conn, receive, text));
	else
		rc = http_link_begin(link, RL_SLICE("GET"), rl_slice_str(session->conn->path));
	if (rc < 0)
		return rc;
	if (rl_buf_append_str(&link->out, receive ? "Content-Length: 0\r\n\r\n" : "\r\n") < 0)
		return connection_fail(session->conn, "out of memory");
	return http_link_flush(link);
}

int http_session_open(struct http_session *session, struct connection *conn)
{
	session->conn = conn;
	session->told = 0;
	http_link_init(&session->receiver, conn->load, &receiver_events, session);
	http_link_init(&session->sender, conn->load, &sender_events, session);
	return ask(session);
}

void http_session_drop(struct http_session *session)
{
	http_link_close(&session->receiver);
	http_link_close(&session->sender);
}

/* How many messages go with one request, and how long its body is. */
static uint64_t measure_body(const struct connection *conn, size_t *len)
{
	uint64_t n = conn->sending;

	*len = 1;
	while (n < conn->issued && (n == conn->sending || *len < BODY_MOST))
		*len += messages_frame(&conn->load->messages, connection_entry(conn, n++)).len + 1;
	return n;
}

static int write_body(struct connection *conn, struct rl_buf *out, uint64_t end, size_t len)
{
	if (rl_buf_append_str(out, "Content-Type: text/plain\r\nContent-Length: ") < 0 ||
		rl_buf_append_u64(out, len) < 0 || rl_buf_append_str(out, "\r\n\r\n") < 0 ||
		rl_buf_reserve(out, len) < 0)
		return connection_fail(conn, "out of memory");
	/* Room is reserved. */
	for (char before = '['; conn->sending < end; conn->sending++, before = ',') {
		rl_buf_append(out, &before, 1);
		rl_buf_append_slice(out, messages_frame(&conn->load->messages,
						 connection_entry(conn, conn->sending)));
	}
	rl_buf_append(out, "]", 1);
	return 0;
}

int http_session_send(struct http_session *session)
{
	struct connection *conn = session->conn;
	struct http_link *link = &session->sender;
	char text[SOCKJS_TARGET];
	size_t len;

	if (link->busy || conn->sending == conn->issued)
		return 0;
	uint64_t end = measure_body(conn, &len);
	if (http_link_begin(link, RL_SLICE("POST"), sockjs_target(conn, "xhr_send", text)) < 0 ||
		write_body(conn, &link->out, end, len) < 0)
		return -1;
	return http_link_flush(link);
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

	if (status != 204)
		return load_fail(conn->load, "who sends messages is answered %u", status);
	return 0;
}

static int sender_body(struct http_link *link, struct rl_slice data, uint64_t now)
{
	(void)data;
	(void)now;
	return connection_fail(session_of(link)->conn, "a 204 has no body");
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
