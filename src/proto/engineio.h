/* engineio.h: the inside of the Engine.IO service.
 *
 *   engineio.c            the service: attaching, stopping, what is asked of a session
 *   engineio_options.c    its options
 *   engineio_request.c    a request below the path: what it asks for, and whether it may
 *   engineio_open.c       one that begins a session
 *   engineio_receive.c    one that comes to receive (GET)
 *   engineio_send.c       one that brings packets (POST)
 *   engineio_websocket.c  WebSockets: sessions of their own, or offered to one that polls
 *   engineio_answer.c     what answers have in common: fields, refusals
 *   engineio_late.c       their first word in the older revision
 *   engineio_dialect.c    what stands in the packets; the rows of its transports */
#ifndef RL_PROTO_ENGINEIO_H
#define RL_PROTO_ENGINEIO_H

#include <rill/engineio.h>
#include "proto/session_service.h"
#include "proto/websocket.h"

/* A transport in one revision of the protocol. */
enum rl_eio_row {
	RL_EIO_POLLING4,
	RL_EIO_JSONP4,
	RL_EIO_WEBSOCKET4,
	RL_EIO_WEBSOCKET4_TEXT, /* ... whose client has asked for texts alone */
	RL_EIO_POLLING3,
	RL_EIO_POLLING3_BINARY, /* ... whose client takes bytes as they are */
	RL_EIO_JSONP3,
	RL_EIO_WEBSOCKET3,
	RL_EIO_WEBSOCKET3_TEXT,
	RL_EIO_ROWS,
};
extern const struct rl_carrier_row rl_eio_rows[RL_EIO_ROWS];
extern const struct rl_dialect rl_eio_dialect;

static inline int rl_eio_revision(const struct rl_carrier_row *row)
{
	return row >= &rl_eio_rows[RL_EIO_POLLING3] ? 3 : 4;
}

static inline const struct rl_carrier_row *rl_eio_polling_row(int revision, bool jsonp, bool base64)
{
	if (revision == 4)
		return &rl_eio_rows[jsonp ? RL_EIO_JSONP4 : RL_EIO_POLLING4];
	if (jsonp)
		return &rl_eio_rows[RL_EIO_JSONP3];
	return &rl_eio_rows[base64 ? RL_EIO_POLLING3 : RL_EIO_POLLING3_BINARY];
}

/* An id is 15 bytes as base64url: balancers look for so many of those characters. */
#define RL_EIO_ID 20

struct rill_engineio {
	struct rl_session_service base;
	rill_route *route;
	rill_engineio_options options;    /* its strings and lists are copies */
	char *path;                       /* the route's */
	struct rill_websocket *websocket; /* a service of our own, without a route */
	struct rl_list openings; /* struct rl_eio_opening: requests that are being decided */
	char id[RL_EIO_ID];      /* of the session that is being opened */
	uint32_t ids;            /* how many there have been */
};

static inline struct rill_engineio *rl_eio_service(const struct rl_sessions *sessions)
{
	return rl_container(sessions, struct rill_engineio, base.sessions);
}

enum rl_eio_method { RL_EIO_OTHER, RL_EIO_GET, RL_EIO_POST };
enum rl_eio_transport { RL_EIO_UNKNOWN, RL_EIO_POLLING, RL_EIO_WEBSOCKET };

/* What a request asks for. */
struct rl_eio_ask {
	struct rill_engineio *service;
	rill_request *request;
	enum rl_eio_method method;
	enum rl_eio_transport transport;
	bool upgrade; /* to a WebSocket, or whatever */
	bool has_id;
	bool revision4;
	bool base64; /* the client takes texts alone */
	bool jsonp;
	uint8_t id_len, label_len;
	char id[RL_EIO_ID];
	char label[32]; /* the digits of j */
};
void rl_eio_read_ask(struct rl_eio_ask *ask, struct rill_engineio *service, rill_request *request);

static inline struct rl_slice rl_eio_ask_id(const struct rl_eio_ask *ask)
{
	return rl_slice(ask->id, ask->id_len);
}

/* The handler of the service's route; user is the service. */
int rl_eio_request(rill_request *request, void *user);
/* Does a request come for what waits in a session? For rl_route_relieve(). */
bool rl_eio_relieves(const rill_request *request, void *user);

/* engineio_open.c */
void rl_eio_open(struct rl_eio_ask *ask);
/* No decision will be waited for any more. */
void rl_eio_drop_openings(struct rill_engineio *service);

/* engineio_receive.c */
void rl_eio_receive(struct rl_eio_ask *ask, struct rl_session *session);
/* A poll that is held from now on. NULL: it has been answered. */
struct rl_carrier *rl_eio_hold(struct rl_eio_ask *ask, const struct rl_carrier_row *row);

/* engineio_send.c */
void rl_eio_send(struct rl_eio_ask *ask, struct rl_session *session);

/* engineio_websocket.c: the handshake of a WebSocket, which is a session's or offered to one. */
void rl_eio_upgrade(struct rl_eio_ask *ask);
/* The service below. 0; RILL_EINVAL (logged), RILL_ENOMEM. */
int rl_eio_websocket_new(struct rill_engineio *service, const rill_websocket_options *options);

/* engineio_late.c: the opening is sent in a moment; 0, RILL_ENOMEM. And the end of what that takes. */
int rl_eio_open_late(struct rl_session *session, struct rl_slice handshake);
void rl_eio_over(struct rl_session *session);
#define RL_EIO_OUTBOUND_OPEN 254 /* of struct rl_outbound */

/* engineio_answer.c */
enum rl_eio_error {
	RL_EIO_UNKNOWN_TRANSPORT = 0,
	RL_EIO_UNKNOWN_ID,
	RL_EIO_BAD_METHOD,
	RL_EIO_BAD_REQUEST,
	RL_EIO_FORBIDDEN,
	RL_EIO_UNSUPPORTED,
};
/* message NULL: the error's own. Tells the program. */
void rl_eio_refuse(struct rl_eio_ask *ask, enum rl_eio_error error, const char *message);
/* For what the protocol has no number for: 503, 413. */
void rl_eio_turn_away(struct rl_eio_ask *ask, int status, const char *sentence);
void rl_eio_answer(rill_request *request, int status, const char *type, struct rl_slice body);
/* Adds what the program and the cookie say; initial: the first answer of a session, whose id is
 * service->id. 0 or RILL_ENOMEM. */
int rl_eio_add_fields(struct rl_eio_ask *ask, bool initial);

/* How a request's body is read, as rl_inbound.state[RL_EIO_STATE_BODY] says before it is handed over. */
enum { RL_EIO_NO_BODY, RL_EIO_BODY, RL_EIO_BINARY_BODY };
enum { RL_EIO_STATE_BODY, RL_EIO_STATE_PLACE, RL_EIO_STATE_DONE, RL_EIO_STATE_BROKEN };

#endif
