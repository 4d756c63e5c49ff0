/* socketio0.h: the inside of the Socket.IO service of 2010.
 *
 *   socketio0.c            the service: attaching, detaching, its clients, what is asked of one
 *   socketio0_options.c    its options: defaults, checks, copies
 *   socketio0_request.c    a request below the resource: which transport it is for, and how it is answered
 *   socketio0_receive.c    a request that comes to receive
 *   socketio0_send.c       a request that brings messages
 *   socketio0_websocket.c  WebSockets, of browsers and of Flash
 *   socketio0_dialect.c    what stands in the frames; the rows of its transports
 *   socketio0_events.c     what the program is told, and who of it
 *   socketio0_message.c    values become messages, to one and to many
 *   socketio0_origin.c     which pages are admitted
 *   socketio0_files.c      the client's files
 *   socketio0_policy.c     the policy that Flash asks for */
#ifndef RL_PROTO_SOCKETIO0_H
#define RL_PROTO_SOCKETIO0_H

#include <rill/socketio0.h>
#include "proto/flash_policy.h"
#include "proto/session_service.h"
#include "proto/websocket.h"
#include "wire/sio0_frame.h"

enum rl_sio0_transport {
	RL_SIO0_WEBSOCKET,
	RL_SIO0_FLASHSOCKET,
	RL_SIO0_SERVER_EVENTS,
	RL_SIO0_HTMLFILE,
	RL_SIO0_XHR_MULTIPART,
	RL_SIO0_XHR_POLLING,
	RL_SIO0_JSONP_POLLING,
	RL_SIO0_TRANSPORTS,
};

extern const struct rl_carrier_row rl_sio0_rows[RL_SIO0_TRANSPORTS];
extern const struct rl_dialect rl_sio0_dialect;

/* Decimal digits of a session id: old clients put it into URLs as it is. */
#define RL_SIO0_ID 32

/* Who is told of events, in order. One that goes while they are told is freed behind that. */
struct rl_sio0_listeners {
	struct rl_list list;
	uint64_t added;   /* so far: who comes while an event is told hears the next */
	unsigned telling; /* events that are just being told */
};

struct rl_sio0_files;

struct rill_socketio0 {
	struct rl_session_service service;
	rill_route *route;              /* NULL: detached */
	rill_socketio0_options options; /* its strings and lists are copies */
	char *path;                     /* '/' and the resource */
	unsigned transports;            /* a bit for each that is on */
	struct rl_session_times times[RL_SIO0_TRANSPORTS];
	struct rill_websocket *websocket; /* a service of our own, without a route */
	struct rl_sio0_listeners listeners;
	struct rl_sio0_files *files; /* NULL: none are served */
	struct rl_buf policy_text;
	struct rl_hello hello;
	struct rl_flash_policy *policy; /* NULL: it has no port of its own */
};

static inline struct rill_socketio0 *rl_sio0_of(struct rl_sessions *sessions)
{
	return rl_container(sessions, struct rill_socketio0, service.sessions);
}

static inline struct rl_sessions *rl_sio0_sessions(struct rill_socketio0 *io)
{
	return &io->service.sessions;
}

static inline const struct rl_env *rl_sio0_env(const struct rill_socketio0 *io)
{
	return &io->service.sessions.loop->env;
}

/* The session of a client of such a service; NULL: it is none. */
struct rl_session *rl_sio0_session(const rill_conn *conn);

/* What is counted of a client, for its life: heartbeats it was asked, requests that came to receive. */
struct rl_sio0_counts {
	uint32_t beats, connections;
};
struct rl_sio0_counts rl_sio0_counts(const struct rl_session *session);
void rl_sio0_set_counts(struct rl_session *session, const struct rl_sio0_counts *counts);

/* socketio0_options.c. Options of whatever age, filled up with the defaults; what they point to is still the
 * caller's. transports: a bit for each that is on. NULL, or the sentence about what makes no sense. */
const char *rl_sio0_options_read(
	rill_socketio0_options *to, const rill_socketio0_options *from, unsigned *transports);
/* Those of the WebSockets below it; from NULL: what there is by default. Likewise. */
const char *rl_sio0_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from);
/* Replaces what they point to by copies; websocket_options are done with. 0 or RILL_ENOMEM; in any case freed by
 * rl_sio0_options_free(). */
int rl_sio0_options_copy(const struct rl_env *env, rill_socketio0_options *options);
void rl_sio0_options_free(const struct rl_env *env, rill_socketio0_options *options);
/* The times of a transport in them. */
const rill_socketio0_times *rl_sio0_times(
	const rill_socketio0_options *options, enum rl_sio0_transport transport);

/* A request below the resource, while it is looked at. */
struct rl_sio0_ask {
	struct rill_socketio0 *io;
	rill_request *request;
	enum rl_sio0_transport transport;
	struct rl_slice id;    /* of the session; empty: a new one; in the request's head */
	struct rl_slice index; /* jsonp: the number of its callback; empty: there is none */
};

/* socketio0_request.c. The handler of the service's route; user is the service. */
int rl_sio0_request(rill_request *request, void *user);
/* Does a request come for what waits in a session? For rl_route_relieve(). */
bool rl_sio0_relieves(const rill_request *request, void *user);
/* Takes a target apart; false: it names none of the transports that are on. */
bool rl_sio0_read_ask(
	struct rl_sio0_ask *ask, struct rill_socketio0 *io, const rill_request *request);
/* The session it names, when that is on the transport it names; NULL: it is answered. */
struct rl_session *rl_sio0_find(struct rl_sio0_ask *ask);
/* Answers with a text. The same for what is refused: the sentence goes to the log too. And counted: a client that
 * was not to be. */
void rl_sio0_answer(struct rl_sio0_ask *ask, int status, const char *text);
void rl_sio0_refuse(struct rl_sio0_ask *ask, int status, const char *sentence);
void rl_sio0_turn_away(struct rl_sio0_ask *ask, int status, const char *sentence);
/* Lines of the program's log, or of the loop's. */
const struct rl_env *rl_sio0_log(const struct rill_socketio0 *io, struct rl_env *room);

/* socketio0_receive.c */
void rl_sio0_receive(struct rl_sio0_ask *ask);
/* May there be another client for this request? 0, or the status and the sentence it is refused with. */
int rl_sio0_admit(struct rill_socketio0 *io, rill_request *request, const char **sentence);
/* Makes one, or goes on with the one there is, on a carrier, which is taken in any case. */
void rl_sio0_begin(struct rl_sio0_ask *ask, struct rl_carrier *carrier, const struct rl_addr *peer);
void rl_sio0_resume(
	struct rl_sio0_ask *ask, struct rl_session *session, struct rl_carrier *carrier);

/* socketio0_send.c */
void rl_sio0_send(struct rl_sio0_ask *ask);
/* Which of the numbers of an inbound message says that it has come by an HTML form. */
enum { RL_SIO0_STATE_PLACE, RL_SIO0_STATE_FORM };

/* socketio0_websocket.c */
void rl_sio0_upgrade(struct rl_sio0_ask *ask);
int rl_sio0_websocket_new(struct rill_socketio0 *io, const rill_websocket_options *options);

/* socketio0_events.c */
extern const rill_handler rl_sio0_handler;
void rl_sio0_listeners_init(struct rl_sio0_listeners *listeners);
void rl_sio0_listeners_free(const struct rl_env *env, struct rl_sio0_listeners *listeners);
/* Frees what a client has of them: the dialect's over. */
void rl_sio0_over(struct rl_session *session);

/* socketio0_origin.c */
bool rl_sio0_origin_ok(const struct rl_sio0_ask *ask);
/* Adds what tells a browser that the page may read the answer. 0 or RILL_ENOMEM. */
int rl_sio0_allow(struct rl_sio0_ask *ask);
/* "host:port" in two; false: it is no such rule. */
bool rl_sio0_split_rule(const char *rule, struct rl_slice *host, struct rl_slice *port);

/* socketio0_files.c: 0 or RILL_ENOMEM. */
int rl_sio0_files_new(struct rill_socketio0 *io);
void rl_sio0_files_free(struct rill_socketio0 *io);
/* RILL_PASS: path, behind the resource and its '/', is none of them. */
int rl_sio0_files_request(struct rill_socketio0 *io, rill_request *request, struct rl_slice path);

/* socketio0_policy.c: writes the text. 0 or RILL_ENOMEM. Then offers it on the server; ends all that. */
int rl_sio0_policy_write(struct rill_socketio0 *io);
void rl_sio0_policy_begin(struct rill_socketio0 *io);
void rl_sio0_policy_end(struct rill_socketio0 *io);

#endif
