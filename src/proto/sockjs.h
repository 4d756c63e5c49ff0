/* sockjs.h: the inside of the SockJS service.
 *
 *   sockjs.c            the service: attaching, stopping, what is asked of a session
 *   sockjs_options.c    its options: defaults, checks, copies (sockjs_options.h)
 *   sockjs_route.c      a request below the prefix: which page or transport it is for
 *   sockjs_pages.c      greeting, iframe, info
 *   sockjs_chunking.c   the test of how soon pieces get through
 *   sockjs_answer.c     what answers have in common: CORS, caching, cookies, refusals
 *   sockjs_receive.c    a request that comes to receive
 *   sockjs_send.c       a request that brings messages
 *   sockjs_websocket.c  framed and raw WebSockets
 *   sockjs_dialect.c    what stands in the frames; the rows of its transports */
#ifndef RL_PROTO_SOCKJS_H
#define RL_PROTO_SOCKJS_H

#include <rill/sockjs.h>
#include "proto/session_service.h"
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
	struct rl_session_service base;
	rill_route *route; /* NULL: detached */
	rill_sockjs_options options; /* its strings and lists are copies */
	char *prefix;                /* without a '/' at its end */
	unsigned transports;         /* a bit for each that is on */
	bool transports_chosen;      /* by a list: then info shows them */
	struct rill_websocket *framed, *raw; /* services of our own, without routes */
	struct rl_buf iframe;        /* the page; its tag; who may have it in a frame, empty: anybody */
	char iframe_tag[35];
	struct rl_buf ancestors;
	struct rl_sockjs_send *spare_send; /* memory of one that is done, for the next */
};

/* The handler of the service's route; user is the service. */
int rl_sockjs_request(rill_request *request, void *user);
/* Does a request come for what waits in a session? For rl_route_relieve(). */
bool rl_sockjs_relieves(const rill_request *request, void *user);

enum {
	RL_SOCKJS_GET = 1,
	RL_SOCKJS_POST = 2,
	RL_SOCKJS_OPTIONS = 4,
};

/* Which fields the answers of a place have. */
enum {
	RL_SOCKJS_CORS = 1,       /* unless that is switched off */
	RL_SOCKJS_CORS_LOOSE = 2, /* in any case; the origin "null" counts as any */
	RL_SOCKJS_NOT_CACHED = 4, /* but for OPTIONS */
	RL_SOCKJS_COOKIE = 8,     /* JSESSIONID, where it is on */
	RL_SOCKJS_COOKIE_OPTIONS = 16, /* ... for OPTIONS alone */
	RL_SOCKJS_ANY_ORIGIN = 32, /* the list of origins is not asked */
};

struct rl_sockjs_ask;

/* What there is below a prefix: a row for each path. */
struct rl_sockjs_place {
	struct rl_slice name; /* the path, or what is behind the two ids of it */
	bool in_session;
	uint8_t methods;
	uint8_t fields;
	const char *allow;    /* the methods as a list */
	unsigned needs;       /* one of these transports has to be on (a bit each); 0: none */
	enum rl_sockjs_transport transport;
	void (*serve)(struct rl_sockjs_ask *ask);
};

/* A request below the prefix, while it is looked at. */
struct rl_sockjs_ask {
	struct rill_sockjs *service;
	rill_request *request;
	const struct rl_sockjs_place *place;
	struct rl_slice id; /* of the session; in the request's head */
	uint64_t since;
};

/* sockjs_pages.c */
void rl_sockjs_greeting(struct rl_sockjs_ask *ask);
void rl_sockjs_iframe(struct rl_sockjs_ask *ask);
void rl_sockjs_info(struct rl_sockjs_ask *ask);
void rl_sockjs_preflight(struct rl_sockjs_ask *ask);
/* Writes the page that /iframe.html is, and what is said with it. 0 or RILL_ENOMEM. */
int rl_sockjs_write_iframe(struct rill_sockjs *service);

/* sockjs_chunking.c */
void rl_sockjs_chunking_test(struct rl_sockjs_ask *ask);

/* sockjs_receive.c */
void rl_sockjs_receive(struct rl_sockjs_ask *ask);
/* May there be another session for this request? 0, or the status and the sentence it is refused with. */
int rl_sockjs_admit(struct rill_sockjs *service, rill_request *request, const char **sentence);
/* Is a session that of whoever sends this request? */
bool rl_sockjs_owns(const struct rl_sockjs_ask *ask, const struct rl_session *session);

/* sockjs_send.c */
void rl_sockjs_send(struct rl_sockjs_ask *ask);

/* sockjs_websocket.c */
void rl_sockjs_websocket(struct rl_sockjs_ask *ask);
/* The services below. 0; RILL_EINVAL (logged), RILL_ENOMEM. */
int rl_sockjs_websocket_new(
	struct rill_sockjs *service, const rill_websocket_options *options);

/* sockjs_answer.c: fields. 0 or RILL_ENOMEM. */
bool rl_sockjs_origin_ok(const struct rl_sockjs_ask *ask);
int rl_sockjs_add_fields(struct rl_sockjs_ask *ask, bool preflight);
int rl_sockjs_add_year(rill_request *request); /* may be cached for a year */
/* A cookie's value; data NULL when there is none. */
struct rl_slice rl_sockjs_cookie(const rill_request *request, struct rl_slice wanted);

/* Answers, and says so in the log. type NULL: none. */
void rl_sockjs_answer(
	struct rl_sockjs_ask *ask, int status, const char *type, struct rl_slice body);
void rl_sockjs_answer_text(struct rl_sockjs_ask *ask, int status, const char *text);
/* The same for what was refused: the sentence goes to the log too. */
void rl_sockjs_refuse(struct rl_sockjs_ask *ask, int status, const char *sentence);
/* ... and counted: a session that was not to be. */
void rl_sockjs_turn_away(struct rl_sockjs_ask *ask, int status, const char *sentence);
void rl_sockjs_not_found(struct rl_sockjs_ask *ask);
/* For requests that are not answered here: status 0 is said as "(unfinished)". */
void rl_sockjs_log_request(const struct rl_sockjs_ask *ask, int status);
/* Lines of the program's log, or of the loop's. */
const struct rl_env *rl_sockjs_log(const struct rill_sockjs *service, struct rl_env *room);

#endif
