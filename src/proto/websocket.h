/* websocket.h: the inside of the WebSocket service: the service, an opening that is being decided,
 * a running connection, and the table of framings behind it.
 *
 *   websocket.c             the service: options, attaching, stopping
 *   websocket_extensions.c  the extensions it has
 *   websocket_open.c        a request for a WebSocket, from its head to the 101 or the refusal
 *   websocket_origin.c      which origins are admitted
 *   websocket_make.c        a connection made of an opening that was accepted
 *   websocket_conn.c        a running connection: a rill_conn on a stream
 *   websocket_ops.c         what the program does with it
 *   websocket_framing.c     RFC 6455 and hixie as rows of one table
 *   websocket_trace.c       frames for the trace tap
 *
 * A client's connection is the same, begun elsewhere: see websocket_client.h. */
#ifndef RL_PROTO_WEBSOCKET_H
#define RL_PROTO_WEBSOCKET_H

#include <rill/websocket.h>
#include "conn/conn.h"
#include "http/exchange.h"
#include "http/server.h"
#include "proto/strings.h"
#include "wire/hixie.h"
#include "wire/ws_handshake.h"
#include "wire/ws_pipeline.h"
#include "wire/ws_session.h"

struct rl_ws_conn;
struct rl_ws_opening;

/* What a connection needs of whoever it belongs to: many of a server to one service, one to a client. */
struct rl_ws_terms {
	struct rl_ws_config config;
	size_t max_send, max_queue; /* 0: no limit */
};

struct rill_websocket {
	struct rl_service in_server;
	struct rl_ws_terms terms;
	struct rill_server *server;
	struct rill_loop *loop;
	rill_route *route; /* NULL: detached, or never attached */
	bool held;         /* by its route, or by its owner */
	const rill_handler *handler;
	rill_websocket_options options; /* its lists are copies, each in one allocation */
	struct rl_ws_extensions *extensions;
	struct rl_buf fields;    /* options.headers as lines */
	struct rl_list conns;    /* struct rill_conn */
	struct rl_list openings; /* struct rl_ws_opening */
	struct rl_task task;     /* freeing behind the last connection */
	int parting; /* the code its connections have been closed with; 0: they have not */
	rill_websocket_stats stats;
};

/* Frees the service when it is detached and nothing of it is left. */
void rl_websocket_release(struct rill_websocket *service);

/* A service without a route of its own, for a service that stands on WebSockets: it is given requests by
 * rl_websocket_request(), and parts with its owner, who limits what is sent. It is in the server as any
 * other, and goes with it: an owner that goes with the server too does not part from it.
 * 0; RILL_EINVAL (logged), RILL_ENOMEM. */
int rl_websocket_new(struct rill_websocket **service, struct rill_server *server,
	const rill_handler *handler, const rill_websocket_options *options);
/* The owner of such a service is going: its options.user is NULL from now on, and it is freed behind its last
 * connection. *service becomes NULL, and may be. */
void rl_websocket_part(struct rill_websocket **service);

/* In on_request: the first of the subprotocols offered is taken, whatever it is. */
void rl_websocket_take_offered(rill_request *request);

/* rill_websocket_options.deflate and the limits by default, for services and clients. */
extern const rill_deflate_options rl_ws_deflate_defaults;
#define RL_WS_MAX_MESSAGE   (64 * 1024 * 1024 - 1) /* faye-websocket's */
#define RL_WS_MAX_FRAGMENTS (1u << 20)
#define RL_WS_MAX_QUEUE     (16 * 1024 * 1024)
#define RL_WS_CLOSE_MS      (30 * 1000)

/* Registers permessage-deflate, unless it is switched off, and the program's own. 0; RILL_EINVAL with a
 * sentence about the option that makes no sense; RILL_ENOMEM. */
int rl_websocket_extensions(struct rl_ws_extensions **set, struct rill_loop *loop,
	const rill_deflate_options *options, const rill_extension *const *list, const char **why);

/* The inflating and deflating states the loop's services share. NULL when out of memory. */
struct rl_deflate_pool *rl_websocket_pool(struct rill_loop *loop);

/* A request that asked for a WebSocket and is in order, until it is decided. */
struct rl_ws_opening {
	struct rl_list node;
	struct rill_websocket *service;
	rill_request *request;
	struct rl_ws_conn *conn; /* accepted: waits for on_open */
	struct rl_timer timer;   /* undecided, or without its challenge, for too long */
	struct rl_task task;     /* on_open at the end of the turn */
	struct rl_ws_request wanted;
	struct rl_slice protocol; /* chosen; in the request's head or the service's list */
	struct rl_ws_pipeline *pipeline; /* agreed on, until the connection has it */
	struct rl_buf fields; /* rill_websocket_add_header() */
	void *user;           /* what rill_websocket_accept() said in the hook */
	bool taken;           /* the stream was taken: the request is ours to release */
	bool in_hook;         /* on_request is being asked */
	bool decided;         /* accepted, refused or abandoned */
	bool refused;
	void (*on_abandoned)(rill_request *request, void *user);
	void *abandoned_user;
};

/* The handler of the service's route; user is the service. */
int rl_websocket_request(rill_request *request, void *user);
/* Refuses all undecided openings with 503. */
void rl_websocket_drop_openings(struct rill_websocket *service);
/* Frees it, and the request it was about. */
void rl_ws_opening_free(struct rl_ws_opening *opening);
/* Tells whoever asked to be told that nothing came of it, then frees it. */
void rl_ws_opening_abandon(struct rl_ws_opening *opening);

/* Is this a field of the 101 answer which the handshake itself sets? */
bool rl_websocket_own_field(struct rl_slice name);

/* Is this request's origin admitted by the service's list? */
bool rl_websocket_origin_ok(const struct rill_websocket *service, const rill_request *request,
	const struct rl_ws_request *wanted);

/* How messages stand on the wire: one row for RFC 6455, one for hixie. */
struct rl_ws_framing {
	int (*next)(struct rl_ws_conn *c, struct rl_slice *in, struct rl_ws_event *ev);
	/* As rl_conn_ops.send. */
	int (*send)(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data,
		struct rl_blob *blob, bool first, bool last);
	int (*close)(struct rl_ws_conn *c, int code, struct rl_slice reason);
	int (*control)(struct rl_ws_conn *c, bool ping, struct rl_slice data);
	uint64_t (*deadline)(const struct rl_ws_conn *c);
	/* 0, or RILL_ETIMEDOUT: cut it. */
	int (*expire)(struct rl_ws_conn *c);
	/* Nothing more is to be said or read: TCP is to be ended. */
	bool (*finished)(const struct rl_ws_conn *c);
	/* After next() has failed: the code and sentence that were sent. */
	const char *(*failure)(const struct rl_ws_conn *c, int *code);
	/* Bytes of the message being assembled. */
	size_t (*held)(const struct rl_ws_conn *c);
	void (*fini)(struct rl_ws_conn *c);
};
extern const struct rl_ws_framing rl_ws_framing_rfc;
extern const struct rl_ws_framing rl_ws_framing_hixie;

/* The framing's deadline: few connections have one before they close. */
struct rl_ws_timer {
	struct rl_timer timer;
	struct rl_ws_conn *conn;
};

/* A running connection; one allocation, small because there may be a hundred thousand of them that
 * say nothing. */
struct rl_ws_conn {
	struct rill_conn conn;
	struct rl_stream *stream; /* NULL: let go */
	union {
		struct rl_ws_opening *opening; /* unopened: has a deadline of its own */
		struct rl_ws_timer *timer;     /* later; NULL until there is a deadline */
	};
	char *names;      /* protocol NUL extensions NUL, then kept headers; NULL: none of them */
	uint32_t charged; /* bytes of an unfinished message, as the stream was told */
	uint16_t pongs_waiting; /* bytes of pongs queued since the queue was last empty, or the most it holds */
	enum rl_ws_version version : 8;
	bool hixie : 1;    /* what is spoken: see rl_ws_framing() */
	bool unopened : 1; /* a server's: on_open is to be called yet */
	bool clean : 1;  /* for the counts: the closing handshake was done */
	bool broken : 1; /* ... the peer broke the protocol or a limit */
	bool secure : 1;
	bool held_back : 1; /* reading stopped until waiting pongs are taken */
	union {
		const struct rl_ws_config *config; /* either begins with it: of the terms of its
		                                    * service, or its client */
		struct rl_ws rfc;
		struct {
			const struct rl_ws_config *same_config;
			struct rl_hixie *hixie; /* owned */
		};
	} wire;
};

static inline struct rl_ws_conn *rl_ws_conn(struct rill_conn *conn)
{
	return rl_container(conn, struct rl_ws_conn, conn);
}

static inline const struct rl_ws_framing *rl_ws_framing(const struct rl_ws_conn *c)
{
	return c->hixie ? &rl_ws_framing_hixie : &rl_ws_framing_rfc;
}

static inline const struct rl_ws_terms *rl_ws_terms(const struct rl_ws_conn *c)
{
	return rl_container(c->wire.config, struct rl_ws_terms, config);
}

/* A server's connection: its service. */
static inline struct rill_websocket *rl_ws_service(const struct rl_ws_conn *c)
{
	return rl_container(rl_ws_terms(c), struct rill_websocket, terms);
}

/* Makes a connection for an opening that was accepted, on a stream taken from HTTP; writes the
 * 101. It stays in state CONNECTING. 0 or RILL_ENOMEM (then nothing was written). */
int rl_ws_conn_new(struct rl_ws_conn **conn, struct rl_ws_opening *opening,
	struct rl_stream *stream, struct rl_slice extensions);

/* Tells on_open if the framing is open by now, and begins to read. */
void rl_ws_conn_start(struct rl_ws_conn *c);

/* Writes what the framing left in the loop's scratch buffer to the stream. */
int rl_ws_conn_flush_scratch(struct rl_ws_conn *c);

/* The two sides of a connection: what its stream tells it, what the program tells it. */
extern const struct rl_stream_events rl_ws_stream_events;
extern const struct rl_conn_ops rl_ws_conn_ops, rl_ws_client_ops;

/* Frees all but the struct. */
void rl_ws_conn_fini(struct rl_ws_conn *c);
/* The program's extensions are done with. */
void rl_ws_conn_drop_pipeline(struct rl_ws_conn *c);

/* rl_conn_send() of a whole message past all extensions. */
int rl_ws_send_plain(struct rill_conn *conn, rill_kind kind, struct rl_slice data);

/* The hub's side of the second; see conn.h. */
int rl_ws_op_publish(struct rill_conn *conn, struct rl_publication *publication);
struct rl_blob *rl_ws_op_shared(
	struct rill_conn *conn, struct rl_publication *bundle, struct rl_stream **stream);
void rl_ws_op_flush(struct rill_conn *conn);
void rl_ws_op_prefetch(const struct rill_conn *conn);

/* An extension has failed while something was sent: the peer is told 1011, the program at the end of
 * the turn. For the inside of a downcall. */
void rl_ws_conn_fail_later(struct rl_ws_conn *c);

/* Nothing below may call up any more; an opening is forgotten. The stream is still the caller's. */
void rl_ws_conn_let_go(struct rl_ws_conn *c);

/* Looks at the framing's deadline after anything that may have moved it; or sets one. */
void rl_ws_conn_update_timer(struct rl_ws_conn *c);
void rl_ws_conn_set_timer(struct rl_ws_conn *c, uint64_t due);

/* Ends the connection at once: on_close with 1006, the stream cut. From an upcall only. */
void rl_ws_conn_lost(struct rl_ws_conn *c);

/* Trace taps: bytes as they pass, from which frames are decoded a second time. Called only when
 * conn.traced. */
void rl_ws_trace_in(struct rl_ws_conn *c, struct rl_slice in);
void rl_ws_trace_used(struct rl_ws_conn *c, size_t left);
void rl_ws_trace_out(struct rl_ws_conn *c, struct rl_slice bytes);
/* A hixie frame, whose wire form has no header worth decoding. */
void rl_ws_trace_hixie(struct rl_ws_conn *c, bool out, struct rl_slice text);

#endif
