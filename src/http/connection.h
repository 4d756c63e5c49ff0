/* connection.h: HTTP/1.1 on one stream: reads one request after the other and holds one exchange
 * at a time.
 *
 * While an exchange waits for its response the stream is read on, so that a peer that leaves is
 * noticed, but nothing is used; once more than RL_HEADROOM bytes of a pipeline are in hand it is
 * paused. The next exchange does not start while the queue is above its high-water mark. So a
 * connection costs at most one receive buffer in hand and the queue. */
#ifndef RL_HTTP_CONNECTION_H
#define RL_HTTP_CONNECTION_H

#include "http/parser_pool.h"
#include "net/stream.h"

struct rill_request;
struct rill_server;

/* What the connection's timer is for. It is left running in RL_WAIT_NOTHING: setting a timer that
 * runs is cheaper than starting one. */
enum rl_connection_wait {
	RL_WAIT_NOTHING,
	RL_WAIT_REQUEST, /* for a first byte: the idle timeout */
	RL_WAIT_HEAD,    /* for the end of a head */
	RL_WAIT_BODY,    /* for the bytes of a body's window */
};

struct rl_connection {
	struct rl_stream *stream; /* NULL: let go of, about to be freed */
	struct rill_server *server;
	struct rill_loop *loop;
	struct rl_list node; /* in server->connections */
	struct rl_timer timer;
	struct rl_task task; /* looks at what calls have changed; then frees */
	struct rill_request *exchange;
	struct rl_parser *parser; /* inside a message only */
	uint32_t window_bytes;    /* of the body since the timer was set */
	uint32_t dropped;         /* bytes of a body read behind the end of its response */
	uint8_t wait;             /* enum rl_connection_wait */
	bool reading : 1;         /* on_read() is under way: it looks by itself */
	bool held : 1;            /* we have paused the stream */
	bool begun : 1;           /* a request has been read on it */
	bool draining : 1;        /* the body of an exchange that is over is read and dropped */
	bool ended : 1;           /* the peer has sent its last byte */
};

/* Takes a stream over. 0 or RILL_ENOMEM (the stream is still the caller's). */
int rl_connection_new(struct rill_server *server, struct rl_stream *stream);

/* A call on the exchange has changed something: looked at in the end of the turn, or by the
 * reading that is under way. */
void rl_connection_nudge(struct rl_connection *c);

/* Closes at once, or after the last words; an exchange under way is told on_close with rc.
 * Only outside of a program's calls. */
void rl_connection_cut(struct rl_connection *c, int rc);
void rl_connection_finish(struct rl_connection *c, int rc);

/* The program holds the body back, and wants it again. While it is held no minimum rate is asked
 * of the peer. */
void rl_connection_pause_body(struct rl_connection *c);
void rl_connection_resume_body(struct rl_connection *c);

/* The server stops: what is idle goes. */
void rl_connection_stop(struct rl_connection *c);

/* Gives up the stream, which is the caller's now, and the exchange, which stands alone. */
struct rl_stream *rl_connection_release_stream(struct rl_connection *c);

/* How much of the request's body is still to come, as far as it is known; UINT64_MAX: it is
 * chunked. */
uint64_t rl_connection_body_left(const struct rl_connection *c);

/* Bytes of a body that are read and dropped so that the connection can live on. */
#define RL_DRAIN_MAX (256 * 1024)

#endif
