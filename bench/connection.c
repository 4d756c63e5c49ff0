#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <rill/error.h>
#include "arrival.h"
#include "handshake.h"
#include "http_session.h"
#include "load.h"
#include "transport.h"

int connection_fail(struct connection *conn, const char *what)
{
	return load_fail(conn->load, "connection %u, message %llu: %s", conn->index,
		(unsigned long long)conn->receiving, what);
}

uint64_t connection_entry(const struct connection *conn, uint64_t n)
{
	return conn->load->same_messages ? n : n + conn->index;
}

static int ready(struct watcher *watcher, uint32_t events);

static int open_stream(struct connection *conn)
{
	struct load *load = conn->load;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT, .data.ptr = &conn->watcher };

	int fd = transport_connect(load);
	if (fd < 0)
		return -1;
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		close(fd);
		return load_fail(load, "epoll_ctl: %s", strerror(errno));
	}
	conn->fd = fd;
	conn->waits_for_room = true;
	rl_buf_init(&conn->out, &load->env);
	rl_buf_init(&conn->head, &load->env);
	conn->session = load->session;
	conn->session.out = &conn->out;
	rl_ws_init(&conn->ws, &conn->session, RL_WS_CLIENT, 0);
	return 0;
}

int connection_open(struct connection *conn, struct load *load, const char *path)
{
	*conn = (struct connection){ .watcher.ready = ready,
		.load = load,
		.fd = -1,
		.index = (unsigned)(conn - load->connections),
		.number = load->begun++,
		.path = path,
		.http = conn->http,
		.stamps = conn->stamps };
	if ((conn->http ? http_session_open(conn->http, conn) : open_stream(conn)) < 0)
		return -1;
	conn->state = CONNECTION_CONNECTING;
	load->alive++;
	return 0;
}

void connection_drop(struct connection *conn)
{
	if (conn->state == CONNECTION_NONE)
		return;
	if (conn->state >= CONNECTION_OPEN)
		conn->load->open--;
	conn->load->alive--;
	conn->state = CONNECTION_NONE;
	if (conn->http) {
		http_session_drop(conn->http);
		return;
	}
	SSL_free(conn->ssl);
	conn->ssl = NULL;
	close(conn->fd);
	rl_ws_fini(&conn->ws);
	rl_buf_release(&conn->out);
	rl_buf_release(&conn->head);
}

static int wait_for_room(struct connection *conn, bool wait)
{
	if (conn->waits_for_room == wait)
		return 0;
	struct epoll_event ev = { .events = EPOLLIN | (wait ? (uint32_t)EPOLLOUT : 0),
		.data.ptr = &conn->watcher };
	conn->waits_for_room = wait;
	if (epoll_ctl(conn->load->epoll, EPOLL_CTL_MOD, conn->fd, &ev) < 0)
		return connection_fail(conn, strerror(errno));
	return 0;
}

/* Bytes of messages from (sending, sent) on: a large message where it lies, small ones joined. */
static struct rl_slice bytes_to_send(struct connection *conn)
{
	struct load *load = conn->load;
	struct rl_slice frame = messages_frame(&load->messages, connection_entry(conn, conn->sending));
	size_t filled = 0;

	rl_slice_skip(&frame, conn->sent);
	if (frame.len >= LOAD_OUTPUT / 4)
		return frame;
	for (uint64_t n = conn->sending; n < conn->issued;) {
		size_t take = frame.len < LOAD_OUTPUT - filled ? frame.len : LOAD_OUTPUT - filled;
		memcpy(load->output + filled, frame.data, take);
		filled += take;
		if (++n < conn->issued)
			frame = messages_frame(&load->messages, connection_entry(conn, n));
		if (filled == LOAD_OUTPUT)
			break;
	}
	return rl_slice(load->output, filled);
}

static void count_sent(struct connection *conn, size_t n)
{
	const struct messages *messages = &conn->load->messages;
	while (n > 0) {
		size_t left = messages_frame(messages, connection_entry(conn, conn->sending)).len -
			      conn->sent;
		if (n < left) {
			conn->sent += n;
			return;
		}
		n -= left;
		conn->sending++;
		conn->sent = 0;
	}
}

static int flush(struct connection *conn)
{
	for (;;) {
		/* What the session says goes between messages. */
		bool own = conn->out.len > 0 && conn->sent == 0;
		if (!own && conn->sending == conn->issued)
			return wait_for_room(conn, false);
		struct rl_slice bytes = own ? rl_buf_slice(&conn->out) : bytes_to_send(conn);
		ssize_t n = transport_send(conn, bytes.data, bytes.len);
		if (n == TRANSPORT_AGAIN)
			return wait_for_room(conn, true);
		if (n <= 0)
			return connection_fail(conn, transport_error());
		if (own)
			rl_buf_consume(&conn->out, (size_t)n);
		else
			count_sent(conn, (size_t)n);
	}
}

void connection_expect(struct connection *conn, unsigned n, uint64_t now)
{
	unsigned depth = conn->load->options->depth;
	while (n-- > 0)
		conn->stamps[conn->expected++ % depth] = now;
}

int connection_publish(struct connection *conn, unsigned n)
{
	conn->issued += n;
	return conn->http ? http_session_send(conn->http) : flush(conn);
}

int connection_issue(struct connection *conn, unsigned n)
{
	connection_expect(conn, n, load_now());
	return connection_publish(conn, n);
}

static int take_piece(struct connection *conn, const struct rl_ws_event *ev, uint64_t now)
{
	if (ev->text != conn->load->messages.text)
		return connection_fail(conn, "is of another kind than what was sent");
	enum dialect dialect = conn->load->options->protocol->dialect;
	if (dialect == DIALECT_SOCKJS)
		return sockjs_read(conn, ev->data, ev->fin, now);
	if (dialect == DIALECT_SOCKETIO)
		return socketio_read(conn, ev->data, ev->fin, now);
	struct rl_slice payload = arrival_payload(conn);
	if (arrival_bytes(conn, payload, ev->data) < 0)
		return -1;
	return ev->fin ? arrival_end(conn, payload, now) : 0;
}

static int take_event(struct connection *conn, const struct rl_ws_event *ev, uint64_t now)
{
	switch (ev->type) {
	case RL_WS_PIECE:
		return take_piece(conn, ev, now);
	case RL_WS_CLOSE:
		if (conn->state != CONNECTION_CLOSING)
			return connection_fail(conn, "the server closes the connection");
		conn->answered = true;
		return 0;
	default:
		return 0;
	}
}

static int take_frames(struct connection *conn, struct rl_slice *in, uint64_t now)
{
	struct rl_ws_event ev;
	int rc;

	while ((rc = rl_ws_next(&conn->ws, in, &ev, now / 1000000)) > 0)
		if (take_event(conn, &ev, now) < 0)
			return -1;
	return rc < 0 ? connection_fail(conn, rl_ws_error_text(&conn->ws)) : 0;
}

static int take_raw(struct connection *conn, struct rl_slice *in, uint64_t now)
{
	const struct messages *messages = &conn->load->messages;

	while (in->len > 0) {
		struct rl_slice frame = messages_frame(messages, connection_entry(conn, conn->receiving));
		size_t left = frame.len - conn->got;
		struct rl_slice data = rl_slice(in->data, in->len < left ? in->len : left);
		if (arrival_bytes(conn, frame, data) < 0 ||
			(conn->got == frame.len && arrival_end(conn, frame, now) < 0))
			return -1;
		rl_slice_skip(in, data.len);
	}
	return 0;
}

/* data has LOAD_FRONT bytes of room in front of it. */
static int take_input(struct connection *conn, uint8_t *data, size_t n)
{
	struct load *load = conn->load;
	uint64_t before = conn->receiving;
	uint64_t now = load_now();

	data -= conn->rest_len;
	memcpy(data, conn->rest, conn->rest_len);
	struct rl_slice in = rl_slice(data, n + conn->rest_len);
	int rc = load->options->protocol->raw ? take_raw(conn, &in, now) : take_frames(conn, &in, now);
	if (rc < 0)
		return rc;
	if (in.len > sizeof conn->rest)
		return connection_fail(conn, "the session leaves more than a frame header");
	memcpy(conn->rest, in.data, in.len);
	conn->rest_len = in.len;

	unsigned whole = (unsigned)(conn->receiving - before);
	if (whole > 0 && load->events->received && load->events->received(load, conn, whole) < 0)
		return -1;
	if (conn->state == CONNECTION_NONE)
		return 0;
	return conn->out.len > 0 ? flush(conn) : 0;
}

/* Leaves when what came in this read has been looked at. */
int connection_say(struct connection *conn, struct rl_slice packet)
{
	if (conn->http)
		return http_session_say(conn->http, packet);
	/* Behind our Close nothing goes. */
	int rc = rl_ws_write(&conn->ws, &conn->out, true, true, true, packet);
	return rc < 0 && rc != RILL_ECLOSED ? connection_fail(conn, "out of memory") : 0;
}

int connection_opened(struct connection *conn)
{
	struct load *load = conn->load;

	conn->state = CONNECTION_OPEN;
	load->open++;
	load->handshakes++;
	return load->events->opened ? load->events->opened(load, conn) : 0;
}

static int take_answer(struct connection *conn, const uint8_t *data, size_t n)
{
	struct load *load = conn->load;
	struct rl_buf head;

	if (rl_buf_append(&conn->head, data, n) < 0)
		return connection_fail(conn, "out of memory");
	ssize_t used = handshake_read_answer(conn);
	if (used <= 0)
		return (int)used;
	/* Bytes behind the head are the first frames. */
	head = conn->head;
	rl_buf_init(&conn->head, &load->env);
	n = head.len - (size_t)used;
	memcpy(load->input + LOAD_FRONT, head.data + used, n);
	rl_buf_release(&head);
	/* Dialects say themselves when they are open. */
	conn->state = CONNECTION_GREETING;
	if (!load->options->protocol->receive && connection_opened(conn) < 0)
		return -1;
	if (n == 0 || conn->state == CONNECTION_NONE)
		return 0;
	return take_input(conn, load->input + LOAD_FRONT, n);
}

/* The peer's end of the stream; while closing it is what was waited for. */
static int ended(struct connection *conn)
{
	bool raw = conn->load->options->protocol->raw;
	if (conn->state != CONNECTION_CLOSING || (!conn->answered && !raw))
		return connection_fail(conn, "the connection is lost");
	if (conn->receiving != conn->expected)
		return connection_fail(conn, "never came");
	connection_drop(conn);
	return 0;
}

static int receive(struct connection *conn)
{
	struct load *load = conn->load;
	uint8_t *data = load->input + LOAD_FRONT;

	/* TLS may hold bytes that epoll does not know of; a plain socket is read once. */
	do {
		errno = 0;
		ssize_t n = transport_receive(conn, data, LOAD_INPUT);
		if (n == TRANSPORT_AGAIN)
			return 0;
		if (n == TRANSPORT_END || (n < 0 && conn->answered))
			return ended(conn);
		if (n < 0)
			return connection_fail(conn, transport_error());
		int rc = conn->state == CONNECTION_ASKING ? take_answer(conn, data, (size_t)n)
							  : take_input(conn, data, (size_t)n);
		if (rc < 0)
			return rc;
	} while (conn->ssl && conn->state != CONNECTION_NONE);
	return 0;
}

static int ask(struct connection *conn)
{
	if (conn->load->options->protocol->raw)
		return wait_for_room(conn, false) < 0 ? -1 : connection_opened(conn);
	conn->state = CONNECTION_ASKING;
	if (handshake_ask(conn) < 0)
		return connection_fail(conn, "the request cannot be written");
	return flush(conn);
}

static int secure(struct connection *conn)
{
	int rc = transport_secure(conn);
	if (rc == TRANSPORT_AGAIN)
		return wait_for_room(conn, SSL_want_write(conn->ssl));
	return rc == 1 ? ask(conn) : connection_fail(conn, transport_error());
}

static int connected(struct connection *conn)
{
	struct load *load = conn->load;
	socklen_t len = sizeof errno;

	errno = 0;
	getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &errno, &len);
	if (errno)
		return load_fail(load, "cannot connect: %s", strerror(errno));
	if (!load->tls)
		return ask(conn);
	conn->ssl = SSL_new(load->tls);
	if (!conn->ssl || SSL_set_fd(conn->ssl, conn->fd) != 1)
		return connection_fail(conn, "TLS does not start");
	conn->state = CONNECTION_SECURING;
	return secure(conn);
}

static int ready(struct watcher *watcher, uint32_t events)
{
	struct connection *conn = (struct connection *)watcher;

	if (conn->state == CONNECTION_NONE)
		return 0;
	if (conn->state == CONNECTION_CONNECTING)
		return connected(conn);
	if (conn->state == CONNECTION_SECURING)
		return secure(conn);
	if ((events & EPOLLOUT) && flush(conn) < 0)
		return -1;
	return events & ~(uint32_t)EPOLLOUT ? receive(conn) : 0;
}

int connection_close(struct connection *conn)
{
	conn->state = CONNECTION_CLOSING;
	if (conn->http)
		return http_session_close(conn->http);
	if (conn->load->options->protocol->raw)
		return shutdown(conn->fd, SHUT_WR) < 0 ? connection_fail(conn, strerror(errno)) : 0;
	if (rl_ws_close(&conn->ws, 1000, RL_SLICE(""), 0) < 0)
		return connection_fail(conn, "out of memory");
	return flush(conn);
}
