/* socketio.h: the inside of the Socket.IO service, on top of Engine.IO sessions.
 *
 *   socketio.c            the service: attaching, stopping, what is due at the end of a turn
 *   socketio_options.c    its options: defaults, checks, copies
 *   socketio_client.c     one session: packets and their attachments, which namespace they are for
 *   socketio_namespace.c  names to namespaces; what is set on them; children
 *   socketio_connect.c    how a client gets into a namespace: middlewares, answer, refusal
 *   socketio_socket.c     one client in one namespace: its end, what is asked of it
 *   socketio_event.c      an event that has come
 *   socketio_emit.c       packets that go: encoded, sent to one, shared by many
 *   socketio_args.c       arguments as JSON with attachments
 *   socketio_ack.c        acknowledgements, both ways
 *   socketio_room.c       rooms, and whom a broadcast is for
 *   socketio_broadcast.c  what is done to all of those
 *   socketio_recovery.c   what was sent, and who may come back for it
 *   socketio_bundle.c     the client's files
 *
 * Two rules make callbacks safe. What ends a socket only marks it and puts it in line; the program is told
 * from the loop, at the end of the turn at the latest. And a socket is counted (refs): whoever holds a
 * pointer over a callback has a reference. */
#ifndef RL_PROTO_SOCKETIO_H
#define RL_PROTO_SOCKETIO_H

#include <rill/socketio.h>
#include <regex.h>
#include "base/table.h"
#include "conn/conn.h"
#include "conn/publication.h"
#include "http/server.h"
#include "net/loop.h"
#include "proto/json.h"
#include "wire/sio_packet.h"

#define RL_SIO_ID       20   /* characters of an id: 15 random bytes in base64url */
#define RL_SIO_NAME_MAX 1024 /* of a namespace that a client asks for */

/* Why sockets end, in the words of the reference server. */
#define RL_SIO_REASONS(X)                                                                          \
	X(RL_SIO_CLIENT_LEFT, "client namespace disconnect", false)                                \
	X(RL_SIO_SERVER_LEFT, "server namespace disconnect", false)                                \
	X(RL_SIO_PARSE_ERROR, "parse error", false)                                                \
	X(RL_SIO_TRANSPORT_ERROR, "transport error", true)                                         \
	X(RL_SIO_TRANSPORT_CLOSE, "transport close", true)                                         \
	X(RL_SIO_PING_TIMEOUT, "ping timeout", true)                                               \
	X(RL_SIO_FORCED_CLOSE, "forced close", true)                                               \
	X(RL_SIO_FORCED_SERVER_CLOSE, "forced server close", true)                                 \
	X(RL_SIO_SHUTTING_DOWN, "server shutting down", true)

enum rl_sio_reason {
#define RL_X(name, text, recoverable) name,
	RL_SIO_REASONS(RL_X)
#undef RL_X
};

/* Attachments of one packet on its way out: borrowed. */
struct rl_sio_list {
	struct rl_slice *list;
	uint32_t count, room;
};

struct rl_sio_recovery;
struct rl_sio_bundle;
struct rl_sio_lost;
struct rl_sio_pack;

struct rill_socketio {
	struct rl_service in_server;
	rill_handler handler; /* of the sessions; they find the service by it */
	struct rill_loop *loop;
	struct rill_server *server;
	rill_engineio *engine;
	rill_socketio_options options; /* strings are copies; engineio is not kept */
	size_t max_queue;
	rill_overflow overflow;
	struct rl_list clients; /* struct rl_sio_client */
	struct rl_list
		namespaces; /* struct rill_namespace, parents first, in the order they were made */
	struct rl_list spent;  /* children without sockets, which go at the end of the turn */
	struct rl_table names; /* struct rill_namespace, by name */
	struct rl_table ids;   /* struct rill_socket, connected, by id */
	struct rl_list asks;   /* struct rl_sio_ask */
	uint64_t asks_over;    /* of many, which ended while somebody had not answered */
	uint64_t serial;       /* of broadcasts: who has got it */
	uint32_t children;
	struct rl_task task; /* what is due at the end of the turn */
	struct rill_socket *first_due, *last_due;
	struct rl_task burial;
	struct rl_buf out, body; /* a packet that is being made */
	struct rl_sio_list attached;
	struct rl_buf json;               /* MessagePack that has come */
	struct rl_buf query;              /* a parameter, decoded */
	struct rl_sio_recovery *recovery; /* NULL: off */
	struct rl_sio_bundle *bundle;     /* NULL: none */
	unsigned busy;                    /* calls under way that still need it */
	bool detached, stopping;
	bool going;       /* it is being freed: nothing more is asked */
	bool in_outgoing; /* on_any_outgoing is being told */
};

/* What a program has set; fn NULL: nothing. */
#define RL_SIO_SLOT(type)                                                                          \
	struct {                                                                                   \
		type fn;                                                                           \
		void *user;                                                                        \
	}

struct rl_sio_event {
	struct rl_table_node node;
	rill_event_fn fn; /* NULL: no more */
	void *user;
	size_t len;
	char name[];
};

struct rill_namespace {
	struct rl_list node; /* of the service */
	struct rl_table_node by_name;
	struct rill_socketio *io;
	struct rill_namespace *parent; /* NULL: a client did not make it */
	struct rl_list sockets; /* struct rill_socket: connected, or their end is being told */
	size_t count;           /* connected */
	size_t users;           /* whoever points to it */
	struct rl_table rooms;
	uint64_t last_ack;
	RL_SIO_SLOT(rill_socket_fn) on_connect, on_drain;
	RL_SIO_SLOT(rill_socket_end_fn) on_disconnecting, on_disconnect;
	RL_SIO_SLOT(rill_any_fn) on_any, on_any_outgoing;
	struct rl_table events; /* struct rl_sio_event */
	struct rl_sio_middleware {
		rill_middleware_fn fn;
		void *user;
	} * middlewares;
	struct rl_sio_event_middleware {
		rill_event_middleware_fn fn;
		void *user;
	} * event_middlewares;
	uint32_t middleware_count, event_middleware_count;
	rill_namespace_fn admits; /* a parent by function */
	void *admits_user;
	regex_t *pattern; /* a parent by pattern */
	bool pinned;      /* the program has asked for it by name */
	size_t len;
	char name[];
};

static inline bool rl_sio_is_parent(const struct rill_namespace *ns)
{
	return ns->admits || ns->pattern;
}

static inline struct rl_slice rl_sio_name(const struct rill_namespace *ns)
{
	return rl_slice(ns->name, ns->len);
}

/* The slot that counts: the namespace's own, or its parent's. */
#define RL_SIO_SLOT_OF(ns, slot) ((ns)->slot.fn || !(ns)->parent ? (ns)->slot : (ns)->parent->slot)

/* A packet whose attachments have not all come. */
struct rl_sio_pending {
	struct rl_sio_packet packet; /* lies in text */
	uint8_t *text;
	size_t bytes; /* charged */
	uint32_t have;
	rill_bytes attached[]; /* the last one stays where it came */
};

/* One Engine.IO session. */
struct rl_sio_client {
	struct rl_list node;
	struct rill_socketio *io;
	struct rill_conn *conn;
	struct rl_list sockets;         /* struct rill_socket, until their end was told */
	struct rl_sio_pending *pending; /* NULL: none is awaited */
	struct rl_timer timer;          /* for sockets that are not connected yet */
	uint32_t socket_count;
	uint32_t target_len;
	uint8_t reason;   /* ended: why */
	bool old;         /* revision 3 of Engine.IO, 4 of Socket.IO */
	bool ended;       /* nothing that comes counts any more */
	bool joined;      /* it has been in some namespace */
	bool left_behind; /* the server has made it leave one: what it sent to that is no fault */
	char target[];    /* of the first request */
};

enum rl_sio_state {
	RL_SIO_ASKING, /* middlewares decide */
	RL_SIO_OPEN,   /* connected */
	RL_SIO_ENDING, /* marked; the program is to be told */
	RL_SIO_GONE,   /* it was told, or there is nothing to tell */
};

enum rl_sio_decision {
	RL_SIO_UNDECIDED,
	RL_SIO_NEXT,
	RL_SIO_REFUSED,
};

struct rl_sio_wait {
	uint64_t id;
	struct rl_sio_ask *ask; /* NULL: it was answered */
};

/* What few sockets need, or those that may come back. */
struct rl_sio_extra {
	struct rl_sio_wait *waits; /* acknowledgements, by id */
	uint32_t wait_first, wait_end, wait_room, wait_count;
	uint64_t swept; /* asks_over when they were looked through last */
	char *data;
	size_t data_len;
	rill_json_type data_type;
	char pid[RL_SIO_ID + 1];
	bool recovered;
	bool known; /* stands among those that have a pid */
	struct rl_table_node by_pid;
	struct rill_socket *socket;
	uint64_t since, last;     /* offsets: at its CONNECT; the last it was sent. 0: none */
	uint64_t unsent;          /* the first since then that it may have missed. 0: none */
	struct rl_sio_lost *back; /* asking: who it is */
	uint64_t back_from;       /* what it has seen of what was sent to that */
};

struct rl_sio_member;

struct rill_socket {
	struct rl_list of_client, of_namespace;
	struct rl_table_node by_id;
	struct rill_namespace *ns;
	struct rl_sio_client *client; /* NULL: it is gone */
	struct rl_sio_member *rooms;
	struct rl_sio_extra *extra; /* NULL until needed */
	struct rill_socket *next_due;
	void *user;
	int64_t issued;
	union {
		uint64_t mark;            /* open: the last broadcast it was looked at for */
		uint64_t begun;           /* asking: since when */
		const struct rl_env *env; /* gone: where its memory goes */
	};
	uint32_t refs;
	uint32_t room_count;
	uint32_t step;     /* asking: the next middleware */
	uint32_t auth_len; /* of the JSON behind the id; 0: none came */
	uint16_t id_len;
	uint8_t state;    /* enum rl_sio_state */
	uint8_t reason;   /* enum rl_sio_reason */
	uint8_t decision; /* asking: what a middleware has said inside */
	bool in_middleware : 1;
	bool waiting : 1;  /* a middleware decides later */
	bool due : 1;      /* stands in line */
	bool left_own : 1; /* the room of its own id */
	char text[];       /* the id with a NUL, then what came with its CONNECT */
};

static inline struct rl_slice rl_sio_id(const struct rill_socket *s)
{
	return rl_slice(s->text, s->id_len);
}

/* socketio.c */
void rl_sio_due(struct rill_socket *s); /* something is to be done for it at the end of the turn */
void rl_sio_wake(struct rill_socketio *io);
/* A call that needed it is done: it frees itself when it is detached and nothing is left. */
void rl_sio_release(struct rill_socketio *io);
/* Random characters, and a NUL. */
void rl_sio_new_id(struct rill_socketio *io, char id[RL_SIO_ID + 1]);
static inline const struct rl_env *rl_sio_env(const struct rill_socketio *io)
{
	return &io->loop->env;
}

/* socketio_options.c: as those of the other services. */
const char *rl_sio_options_read(rill_socketio_options *to, rill_engineio_options *engine,
	const rill_socketio_options *from);
int rl_sio_options_copy(const struct rl_env *env, rill_socketio_options *options);
void rl_sio_options_free(const struct rl_env *env, rill_socketio_options *options);

/* socketio_client.c */
void rl_sio_on_open(rill_conn *conn);
void rl_sio_on_message(rill_conn *conn, rill_msg msg);
void rl_sio_on_drain(rill_conn *conn);
void rl_sio_on_close(rill_conn *conn, int code, rill_bytes reason);
/* Closes the session: its sockets end for this reason, which the program hears at the end of the turn. */
void rl_sio_client_end(struct rl_sio_client *client, enum rl_sio_reason reason, const char *why);
/* Tells it in every namespace that it has to go, and closes it. */
void rl_sio_client_disconnect(struct rl_sio_client *client);
/* Its client has come by another session: this one is lost. From the loop. */
void rl_sio_client_replaced(struct rl_sio_client *client);
/* Some packet went half: the client cannot be understood from here on. */
void rl_sio_client_break(struct rl_sio_client *client);
/* The timer is set for whoever is not connected. */
void rl_sio_client_watch(struct rl_sio_client *client);
const char *rl_sio_reason_text(enum rl_sio_reason reason);

/* socketio_namespace.c */
struct rill_namespace *rl_sio_namespace_find(struct rill_socketio *io, struct rl_slice name);
/* ... or made by a parent; NULL: there is none. Calls the program. */
struct rill_namespace *rl_sio_namespace_ask(
	struct rill_socketio *io, struct rl_slice name, rill_json auth);
int rl_sio_namespace_new(
	struct rill_namespace **ns, struct rill_socketio *io, struct rl_slice name);
void rl_sio_namespace_free(struct rill_namespace *ns);
static inline void rl_sio_namespace_hold(struct rill_namespace *ns)
{
	ns->users++;
}
/* ... for a client that comes: it may be about to go. */
void rl_sio_namespace_use(struct rill_namespace *ns);
void rl_sio_namespace_drop(struct rill_namespace *ns); /* NULL is fine */
void rl_sio_namespaces_sweep(struct rill_socketio *io);
const struct rl_sio_event *rl_sio_event_find(const struct rill_namespace *ns, struct rl_slice name);

/* socketio_connect.c */
/* A CONNECT has come. auth: of its data; NULL: none. */
void rl_sio_connect(struct rl_sio_client *client, struct rl_slice name, const struct rl_json *auth);
/* Goes on with the middlewares. From the loop. */
void rl_sio_connect_go_on(struct rill_socket *s);
void rl_sio_connect_too_late(struct rill_socket *s);

/* socketio_socket.c */
struct rill_socket *rl_sio_socket_new(struct rl_sio_client *client, struct rill_namespace *ns,
	struct rl_slice id, struct rl_slice auth);
static inline void rl_sio_socket_ref(struct rill_socket *s)
{
	s->refs++;
}
void rl_sio_socket_unref(struct rill_socket *s);
struct rl_sio_extra *rl_sio_socket_extra(struct rill_socket *s); /* NULL: out of memory */
/* Marks it; an asking one is gone at once, without a word. */
void rl_sio_socket_end(struct rill_socket *s, enum rl_sio_reason reason);
/* Tells the program of one that is marked. From the loop. */
void rl_sio_socket_tell(struct rill_socket *s);
/* The client has nothing more to do with it. */
void rl_sio_socket_part(struct rill_socket *s);

/* socketio_event.c */
void rl_sio_on_event(
	struct rill_socket *s, const struct rl_sio_packet *packet, const rill_bytes *attached);

/* socketio_args.c */
static inline rill_json rl_sio_no_json(void)
{
	return (rill_json){ .type = RILL_JSON_NONE };
}
/* Is there anything among them that may have attachments? */
bool rl_sio_args_may_attach(const rill_arg *args);
/* Writes them as a JSON array, event (data NULL: none) in front, offset (empty: none) behind; binary ones as
 * placeholders, and added to attached. 0, RILL_EINVAL, RILL_EUTF8, RILL_ENOMEM. */
int rl_sio_write_args(struct rill_socketio *io, struct rl_buf *out, struct rl_slice event,
	const rill_arg *args, struct rl_slice offset);
/* A value with what is attached to it. */
int rl_sio_write_json(struct rill_socketio *io, struct rl_buf *out, rill_json value);

/* socketio_emit.c: one packet, encoded in the service's buffers: good until the next. */
struct rl_sio_message {
	rill_kind kind;
	struct rl_slice text;
	struct rl_slice json;            /* its data */
	const struct rl_slice *attached; /* the messages behind it */
	uint32_t count;
};
struct rl_sio_head {
	enum rl_sio_type type; /* RL_SIO_EVENT or RL_SIO_ACK */
	struct rl_slice name;
	bool has_id;
	uint64_t id;
	struct rl_slice event, offset; /* may be empty */
};
int rl_sio_encode(struct rill_socketio *io, struct rl_sio_message *m,
	const struct rl_sio_head *head, const rill_arg *args);
/* The buffers are done with: what is large goes. */
void rl_sio_settle(struct rill_socketio *io);
/* Is this a name a program may emit? 0, RILL_EINVAL, RILL_EUTF8. */
int rl_sio_check_event(const char *event);
/* Results of rill_emit(). */
int rl_sio_send(struct rl_sio_client *client, const struct rl_sio_message *m, unsigned flags);
/* CONNECT, DISCONNECT, CONNECT_ERROR. json may be empty. */
int rl_sio_send_control(struct rl_sio_client *client, enum rl_sio_type type, struct rl_slice name,
	struct rl_slice json);
/* on_any_outgoing; then the buffers are done with. */
void rl_sio_tell_outgoing(struct rill_socket *const *sockets, size_t count,
	struct rill_namespace *ns, const char *event, const struct rl_sio_message *m);
bool rl_sio_outgoing_wanted(const struct rill_namespace *ns);

/* A packet shared by many, or remembered: counted. */
struct rl_sio_pack {
	uint32_t refs;
	uint32_t count; /* of parts: the text, then the attachments */
	size_t bytes;
	const struct rl_env *env;
	struct rl_publication *parts[];
};
struct rl_sio_pack *rl_sio_pack_new(struct rill_socketio *io, const struct rl_sio_message *m);
void rl_sio_pack_unref(struct rl_sio_pack *pack); /* NULL is fine */
int rl_sio_pack_send(struct rl_sio_client *client, const struct rl_sio_pack *pack);

/* socketio_ack.c */
struct rl_sio_ask;
void rl_sio_on_ack(
	struct rill_socket *s, const struct rl_sio_packet *packet, const rill_bytes *attached);
/* The socket is going: nobody will answer. From the loop. */
void rl_sio_acks_fail(struct rill_socket *s);
void rl_sio_acks_free(struct rill_socket *s);
/* The service goes. */
void rl_sio_asks_end(struct rill_socketio *io);
/* 0, RILL_ENOMEM, RILL_ECLOSED (the service goes). */
int rl_sio_ask_new(struct rl_sio_ask **ask, struct rill_socketio *io, uint32_t timeout_ms);
void rl_sio_ask_one(struct rl_sio_ask *ask, struct rill_socket *s, rill_answer_fn fn, void *user);
void rl_sio_ask_many(struct rl_sio_ask *ask, rill_answers_fn fn, void *user);
/* One more is asked, by this id. 0, RILL_ELIMIT, RILL_ENOMEM. And not, because it could not be sent. */
int rl_sio_ask_add(struct rl_sio_ask *ask, struct rill_socket *s, uint64_t id);
void rl_sio_ask_undo(struct rl_sio_ask *ask, struct rill_socket *s, uint64_t id);
/* All were asked: from here on fn is called. Or it is not to be. */
void rl_sio_ask_begin(struct rl_sio_ask *ask);
void rl_sio_ask_drop(struct rl_sio_ask *ask);
/* Not all of those could be asked. */
void rl_sio_ask_failed(struct rl_sio_ask *ask, int rc);

struct rill_reply {
	struct rill_socket *socket;
	const struct rl_env *env;
	uint64_t id;
	bool done; /* sent, or kept elsewhere */
	bool kept; /* in memory of its own, with a reference to the socket */
};

/* socketio_room.c */
struct rl_sio_room {
	struct rl_table_node node;
	struct rl_list members; /* struct rl_sio_member */
	size_t count;
	size_t len;
	char name[];
};
struct rl_sio_member {
	struct rl_list of_room;
	struct rl_sio_member *next, **at; /* of the socket's, and what points to it there */
	struct rl_sio_room *room;
	struct rill_socket *socket;
};
void rl_sio_leave_all(struct rill_socket *s);
int rl_sio_join(struct rill_socket *s, struct rl_slice room);
bool rl_sio_is_in(const struct rill_socket *s, struct rl_slice room);
/* Calls fn once for each connected socket that a broadcast to one namespace is for, until it returns
 * something else than 0, which is then the result. fn may neither call the program nor change rooms. */
int rl_sio_select(struct rill_namespace *ns, const rill_broadcast *to,
	int (*fn)(struct rill_socket *s, void *arg), void *arg);
struct rill_socket *rl_sio_socket_find(const struct rill_namespace *ns, struct rl_slice id);
/* How many of a list there are; NULL: 0. */
size_t rl_sio_count(const char *const *list);

/* socketio_recovery.c */
int rl_sio_recovery_new(struct rill_socketio *io);
void rl_sio_recovery_free(struct rill_socketio *io);
#define RL_SIO_OFFSET 32
/* The offset of the next packet, as text. */
struct rl_slice rl_sio_recovery_offset(struct rill_socketio *io, char text[RL_SIO_OFFSET]);
/* That packet was sent: keeps it. to: whom it was for; one: that one socket. 0 or RILL_ENOMEM, and then
 * nobody who missed it may come back. */
void rl_sio_recovery_keep(struct rill_socketio *io, struct rill_namespace *ns,
	const rill_broadcast *to, const struct rill_socket *one, struct rl_sio_pack *pack);
uint64_t rl_sio_recovery_now(const struct rill_socketio *io); /* the offset of the last */
/* It has a pid from here on, and then no longer. */
void rl_sio_recovery_know(struct rill_socket *s);
void rl_sio_recovery_unknow(struct rill_socket *s);
/* What has that offset was sent to it, or was not (rc). */
void rl_sio_recovery_sent(struct rill_socket *s, uint64_t offset, int rc);
/* A socket goes that may come back. */
void rl_sio_recovery_lose(struct rill_socket *s);
/* The one that says this in its CONNECT; NULL: nobody, or too much was forgotten. It is the caller's. One whose
 * loss was not noticed yet is lost now (recovery_replaces), of which the program is told. */
struct rl_sio_lost *rl_sio_recovery_take(
	struct rill_namespace *ns, const struct rl_json *auth, uint64_t *from);
void rl_sio_lost_free(struct rill_socketio *io, struct rl_sio_lost *lost);
struct rl_slice rl_sio_lost_id(const struct rl_sio_lost *lost);
/* Gives it what was lost, and sends what was missed. 0 or RILL_ENOMEM. */
int rl_sio_recovery_give_back(struct rill_socket *s);

/* socketio_bundle.c */
int rl_sio_bundle_new(struct rill_socketio *io, const rill_engineio_options *engine);
void rl_sio_bundle_detach(struct rill_socketio *io);
void rl_sio_bundle_free(struct rill_socketio *io);

#endif
