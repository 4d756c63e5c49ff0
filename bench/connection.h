/* connection.h: one connection of the load: socket, TLS, handshake, and messages out and back. Over
 * HTTP it is a session (http_session.h), which has the sockets.
 *
 * What has to go out is not kept: messages are numbered, and (sending, sent) is the place in
 * them up to which the socket has taken bytes. */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

#include <openssl/ssl.h>
#include "base/buf.h"
#include "socketio.h"
#include "sockjs.h"
#include "watcher.h"
#include "wire/ws_session.h"

#define LOAD_REST 16 /* more than a frame header without mask */

struct load;
struct http_session;

enum connection_state {
	CONNECTION_NONE, /* no socket */
	CONNECTION_CONNECTING,
	CONNECTION_SECURING, /* the TLS handshake */
	CONNECTION_ASKING,   /* the request is out */
	CONNECTION_GREETING, /* a WebSocket already, its dialect is not open yet */
	CONNECTION_OPEN,
	CONNECTION_CLOSING, /* our Close, or raw our end of the stream, is out */
};

struct connection {
	struct watcher watcher;
	struct load *load;
	int fd;
	unsigned index;
	unsigned number; /* of all that were opened */
	enum connection_state state;
	bool waits_for_room; /* EPOLLOUT is asked for */
	bool answered;       /* CLOSING: the peer's Close has come */
	SSL *ssl;
	const char *path;
	struct http_session *http; /* NULL: not over HTTP */
	struct sockjs_reader sockjs;
	struct socketio_reader socketio;
	struct rl_ws_config session; /* the load's, with out of its own */
	struct rl_ws ws;
	struct rl_buf out;  /* request, pongs, Close: goes before the next message */
	struct rl_buf head; /* of the answer, until it is whole */
	uint8_t rest[LOAD_REST];
	size_t rest_len;  /* a frame header that came cut */
	uint64_t issued;  /* messages that may be sent */
	uint64_t sending; /* the message of which sent bytes have gone */
	size_t sent;
	uint64_t expected;  /* messages that may come; fan-out: not our own */
	uint64_t receiving; /* the message of which got bytes have come */
	size_t got;
	uint64_t *stamps; /* when each of the last depth messages was issued */
};

/* Begins to open. A connection that is opened anew counts its messages anew. */
int connection_open(struct connection *conn, struct load *load, const char *path);

/* Lets n more messages go, and expects as many back; sends what the socket takes. */
int connection_issue(struct connection *conn, unsigned n);

/* Sends n messages nobody answers to this connection. */
int connection_publish(struct connection *conn, unsigned n);

/* n more messages will come unasked, sent at that time. */
void connection_expect(struct connection *conn, unsigned n, uint64_t now);

/* Begins the closing handshake. */
int connection_close(struct connection *conn);

/* Closes the socket at once and forgets it. */
void connection_drop(struct connection *conn);

/* load_fail() about the message that is coming; -1. */
int connection_fail(struct connection *conn, const char *what);

/* Sends a packet of Socket.IO ahead of messages. */
int connection_say(struct connection *conn, struct rl_slice packet);

/* Messages may be issued from now on. */
int connection_opened(struct connection *conn);

/* Message n of this connection in the ring: neighbours begin at different ones. */
uint64_t connection_entry(const struct connection *conn, uint64_t n);

#endif
