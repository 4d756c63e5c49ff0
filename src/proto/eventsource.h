/* eventsource.h: the inside of the EventSource service: the service, and a stream of events: a
 * rill_conn that only sends, on a response that does not end by itself.
 *
 *   eventsource.c          the service: options, attaching, stopping
 *   eventsource_open.c     a request for events, from its head to the stream or the refusal
 *   eventsource_conn.c     a running stream: what its exchange tells it
 *   eventsource_ops.c      what the program does with it as with any conn
 *   eventsource_say.c      ... and as with a stream of events alone
 *   eventsource_publish.c  what the hub does with it */
#ifndef RL_PROTO_EVENTSOURCE_H
#define RL_PROTO_EVENTSOURCE_H

#include <rill/eventsource.h>
#include "conn/conn.h"
#include "http/exchange.h"
#include "http/server.h"
#include "proto/names.h"
#include "wire/sse_event.h"

/* Bytes of a type or an id that is sent. */
#define RL_ES_FIELD_MAX 1024

/* A stream opened by rill_eventsource_open() has a service of its own, which was never attached. */
struct rill_eventsource {
	struct rl_service in_server;
	struct rill_server *server;
	struct rill_loop *loop;
	rill_route *route; /* NULL: detached */
	const rill_handler *handler;
	rill_eventsource_options options;  /* its lists are copies, each in one allocation */
	struct rl_buf fields;              /* of the answer, as lines */
	struct rl_list conns;              /* struct rill_conn */
	struct rl_task task;               /* freeing behind the last connection */
	const struct rl_sse_event *saying; /* rill_eventsource_send() is under way, with this */
	unsigned busy;                     /* calls under way that still need it */
	int parting; /* the code its connections have been closed with; 0: they have not */
	rill_eventsource_stats stats;
};

/* A service that is attached to nothing yet, with busy 1. 0; RILL_EINVAL (logged), RILL_ENOMEM. */
int rl_eventsource_new(struct rill_eventsource **service, struct rill_server *server,
	const rill_handler *handler, const rill_eventsource_options *options);

/* A call that needed it is done: frees it when it is detached and nothing of it is left. */
void rl_eventsource_release(struct rill_eventsource *service);

/* The handler of the service's route; user is the service. */
int rl_eventsource_request(rill_request *request, void *user);

/* A stream of events; one allocation. */
struct rl_es_conn {
	struct rill_conn conn;
	struct rill_eventsource *service; /* NULL: over */
	rill_request *request;            /* NULL: let go of */
	struct rl_timer timer;            /* on_open, then pings */
	uint16_t code;                    /* what it was closed with; 0: it was not */
	bool secure;
	bool piece_cr; /* a message in pieces: the last one ended with a CR */
	/* URL NUL Last-Event-ID NUL, then name NUL value NUL for each kept header, then a NUL. */
	char names[];
};

static inline struct rl_es_conn *rl_es_conn(struct rill_conn *conn)
{
	return rl_container(conn, struct rl_es_conn, conn);
}

static inline const struct rl_es_conn *rl_es_const_conn(const struct rill_conn *conn)
{
	return rl_container(conn, const struct rl_es_conn, conn);
}

extern const struct rl_conn_ops rl_es_conn_ops;
int rl_es_op_publish(struct rill_conn *conn, struct rl_publication *publication);
int rl_es_op_mark(struct rill_conn *conn, struct rl_slice id);

/* Writes the head and makes the conn, in state CONNECTING. 0; RILL_ESTATE, RILL_ECLOSED, RILL_ENOMEM:
 * the request is still the caller's. */
int rl_es_conn_new(
	struct rl_es_conn **conn, struct rill_eventsource *service, rill_request *request);

/* on_open, now or soon. */
void rl_es_conn_start(struct rl_es_conn *c);
void rl_es_conn_start_later(struct rl_es_conn *c);

/* Something was written: the next ping is due an interval from now. */
void rl_es_conn_put_off_ping(struct rl_es_conn *c);

/* Nothing below tells the conn anything any more; returns the request, whose response goes on or is
 * ended by the caller. */
rill_request *rl_es_conn_let_go(struct rl_es_conn *c);

/* Writes what stands in the loop's scratch buffer, and empties it. Results of rill_response_write(). */
int rl_es_conn_write_scratch(struct rl_es_conn *c);

/* An event stands in the loop's scratch buffer, or rc says why not: sends it, and puts the ping off. */
int rl_es_conn_send_scratch(struct rl_es_conn *c, int rc);

#endif
