/* sockjs.h: the inside of the SockJS service.
 *
 *   sockjs.c            the service: options, attaching, stopping, what is asked of a session
 *   sockjs_route.c      a request below the prefix: which page or transport it is for
 *   sockjs_pages.c      greeting, iframe, info
 *   sockjs_answer.c     what answers have in common: CORS, caching, cookies, refusals
 *   sockjs_receive.c    a request that comes to receive
 *   sockjs_send.c       a request that brings messages
 *   sockjs_websocket.c  framed and raw WebSockets
 *   sockjs_dialect.c    what stands in the frames; the rows of its transports */
#ifndef RL_PROTO_SOCKJS_H
#define RL_PROTO_SOCKJS_H

#include <rill/sockjs.h>
#include "proto/session.h"
#include "proto/websocket.h"
#include "wire/sockjs_frame.h"

enum rl_sockjs_transport {
	RL_SOCKJS_WEBSOCKET,
	RL_SOCKJS_WEBSOCKET_RAW,
	RL_SOCKJS_XHR_STREAMING,
	RL_SOCKJS_XHR_POLLING,
	RL_SOCKJS_EVENTSOURCE,
	RL_SOCKJS_HTMLFILE,
	RL_SOCKJS_JSONP_POLLING,
	RL_SOCKJS_TRANSPORTS,
};

extern const struct rl_carrier_row rl_sockjs_rows[RL_SOCKJS_TRANSPORTS];
extern const struct rl_dialect rl_sockjs_dialect;

struct rill_sockjs {
	struct rl_service in_server;
	struct rl_sessions sessions;
	rill_route *route; /* NULL: detached */
	rill_sockjs_options options; /* its strings and lists are copies */
	char *prefix;                /* without a '/' at its end */
	unsigned transports;         /* a bit for each that is on */
	struct rill_websocket *framed, *raw; /* services of our own, without routes */
	struct rl_buf iframe;        /* the page; and its tag */
	char iframe_tag[35];
	struct rl_task task;         /* freeing behind the last session */
	unsigned busy;               /* calls under way that still need it */
};

/* The handler of the service's route; user is the service. */
int rl_sockjs_request(rill_request *request, void *user);

#endif
