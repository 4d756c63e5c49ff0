/* rill/socketio.h: the Socket.IO service: any socket.io-client of version 3 or 4, and 2 where it is wanted.
 *
 *     static void on_say(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
 *     {
 *             char text[256];
 *             rill_json_text(rill_json_at(args, 0), text, sizeof(text));
 *             rill_broadcast_emit(&(rill_broadcast){ .from = socket }, "said", RILL_ARGS(rill_text(text)));
 *     }
 *     ...
 *     rill_socketio_serve(server, NULL, &io);
 *     rill_namespace *chat = rill_socketio_of(io, "/");
 *     rill_namespace_on(chat, "say", on_say, NULL);
 *
 * A rill_socket is one client in one namespace; several of them share an Engine.IO session. It is yours from
 * the first callback it is handed to until on_disconnect returns (or a middleware has refused it), on its
 * loop's thread. Callbacks come from the loop, never from inside a call of yours (but for on_any_outgoing,
 * and when the server is freed), and in each of them everything may be called that rill/server.h allows.
 *
 * Arguments come as rill_json, checked, good until the callback returns; binary ones read as
 * RILL_JSON_BYTES at any depth. Texts of a JSON value may be what JavaScript's strings are, with halves of
 * surrogate pairs as \ud800; texts of yours are UTF-8. */
#ifndef RILL_SOCKETIO_H
#define RILL_SOCKETIO_H

#include <rill/arg.h>
#include <rill/base.h>
#include <rill/conn.h>
#include <rill/engineio.h>
#include <rill/error.h>
#include <rill/hub.h>
#include <rill/json.h>
#include <rill/server.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_socketio rill_socketio;
typedef struct rill_namespace rill_namespace;
typedef struct rill_socket rill_socket;
typedef struct rill_reply rill_reply;

typedef enum rill_socketio_parser {
	RILL_SOCKETIO_PARSER_DEFAULT = 0, /* JSON, binary beside it */
	RILL_SOCKETIO_PARSER_MSGPACK,     /* socket.io-msgpack-parser, on both sides */
} rill_socketio_parser;

typedef struct rill_socketio_options {
	size_t size;      /* set by rill_socketio_options_default() */
	const char *path; /* "/socket.io/". Copied */
	/* Of the service below; on_request, on_refused and the like are the program's. overflow
	 * RILL_OVERFLOW_DROP_OLDEST makes no sense here. NULL: the defaults. Copied. */
	const rill_engineio_options *engineio;
	/* A client without any namespace is closed, and a connection that middlewares do not decide is
	 * refused ("timed out"). 0: never. 45 s */
	uint32_t connect_timeout_ms;
	rill_socketio_parser parser;
	uint32_t max_attachments; /* of one packet: more close the client. 10 */
	uint32_t max_namespaces;  /* joined by one client: more are refused. 1,000 */
	uint32_t max_children;    /* namespaces that clients have made: likewise. 10,000 */
	uint32_t max_acks;        /* of the program's that wait for one socket. 10,000 */
	uint32_t max_rooms;       /* of one socket. 10,000 */
	size_t max_room_name;     /* bytes. 1,024 */
	/* Bytes of what rill_broadcast_ask() gathers: other answers are left out. 16 MiB */
	size_t max_answers;
	bool cleanup_namespaces; /* children without sockets go. false */
	/* Connection state recovery: how long a client that was lost may come back to its rooms, data and what
	 * it missed. 0: off. 0. And does it pass the middlewares then? true: it does not. true */
	uint32_t recovery_ms;
	bool recovery_skips_middlewares;
	/* Networks come back before servers notice that they were gone: one that names a socket which is
	 * connected still takes its place ("transport close"). false: it begins anew, as with the reference
	 * server. false */
	bool recovery_replaces;
	/* What is remembered for that: bytes, packets, of which older ones go; sockets that may come back, of
	 * which those lost longest ago go. 64 MiB; 100,000; 100,000 */
	size_t recovery_bytes;
	size_t recovery_messages;
	size_t recovery_sockets;
	/* Serves socket.io.js and the like below path from this folder, the client's dist folder. NULL: not
	 * served. Copied. */
	const char *client_dir;
	/* The version those files say they are, for ETags; NULL: read from ../package.json, or a hash of the
	 * file. Copied. */
	const char *client_version;
} rill_socketio_options;

RILL_API void rill_socketio_options_init(rill_socketio_options *options, size_t size);
#define rill_socketio_options_default(options)                                                     \
	rill_socketio_options_init((options), sizeof(*(options)))

/* Attaches a Socket.IO server; options NULL: the defaults; copied. Returns 0, RILL_EINVAL (the log says
 * which option), RILL_ENOMEM. The namespace "/" is there from the beginning, without anybody listening. */
RILL_API int rill_socketio_serve(
	rill_server *server, const rill_socketio_options *options, rill_socketio **io);

/* Takes no more clients. disconnect: those there are are told, and their sessions closed. It frees itself
 * behind the last, or with the server. A server that stops says nothing to its clients but closes their
 * sessions, so that they look for it again; their reason is "server shutting down". */
RILL_API void rill_socketio_detach(rill_socketio *io, bool disconnect);

/* The Engine.IO service below, for its stats; until rill_socketio_detach(). And the loop. */
RILL_API rill_engineio *rill_socketio_engine(rill_socketio *io);
RILL_API rill_loop *rill_socketio_loop(const rill_socketio *io);

/* The namespace of that name ("/chat"), made if there is none; NULL: out of memory, or the name does not
 * begin with '/' or holds a comma. It lives as long as io (also one that a client has made, from then on). */
RILL_API rill_namespace *rill_socketio_of(rill_socketio *io, const char *name);
/* Namespaces that are made when a client first asks for them: those whose name the function admits, at
 * once. Parents are asked in the order they were made. What is set on the parent holds for its children,
 * unless they have something of their own set; a parent has no sockets, but broadcasts to it reach all its
 * children. Children live as long as io, or with cleanup_namespaces as long as they have sockets: without it
 * one client can make max_children of them, and nobody any more after that. NULL: out of memory. */
typedef bool (*rill_namespace_fn)(const char *name, rill_json auth, void *user);
RILL_API rill_namespace *rill_socketio_of_function(
	rill_socketio *io, rill_namespace_fn fn, void *user);
/* ... whose name fits a POSIX extended regular expression (regex(7)); NULL also when it is none. */
RILL_API rill_namespace *rill_socketio_of_pattern(rill_socketio *io, const char *pattern);
/* Its name (a parent's: its pattern, or ""), and how many sockets are connected to it. */
RILL_API const char *rill_namespace_name(const rill_namespace *ns);
RILL_API size_t rill_namespace_count(const rill_namespace *ns);

/* What a namespace tells; one at a time, the last set counts. fn NULL: no more. What is emitted in on_connect
 * comes behind the answer to the client's CONNECT. */
typedef void (*rill_socket_fn)(rill_socket *socket, void *user);
RILL_API void rill_namespace_on_connect(rill_namespace *ns, rill_socket_fn fn, void *user);
/* reason: "client namespace disconnect", "server namespace disconnect", "transport close", "transport
 * error", "ping timeout", "parse error", "forced close" (rill_close() of its conn), "forced server close" (the
 * client did what it may not, or not in time), "server shutting down". Static. In on_disconnecting its rooms
 * are there yet. */
typedef void (*rill_socket_end_fn)(rill_socket *socket, const char *reason, void *user);
RILL_API void rill_namespace_on_disconnecting(
	rill_namespace *ns, rill_socket_end_fn fn, void *user);
RILL_API void rill_namespace_on_disconnect(rill_namespace *ns, rill_socket_end_fn fn, void *user);
/* What waits for the client has sunk to the low-water mark after a call has returned 1. */
RILL_API void rill_namespace_on_drain(rill_namespace *ns, rill_socket_fn fn, void *user);

/* An event has come. args: a JSON array of its arguments. reply: what its acknowledgement is answered by
 * (see rill_reply_send()), good until the callback returns; NULL: none is asked for. */
typedef void (*rill_event_fn)(rill_socket *socket, rill_json args, rill_reply *reply, void *user);
/* For one name; fn NULL: no more. Returns 0, RILL_EINVAL (a reserved name), RILL_ENOMEM. */
RILL_API int rill_namespace_on(rill_namespace *ns, const char *event, rill_event_fn fn, void *user);
/* For all, before those; and for all that is sent, which alone is told from inside of the call that sends,
 * once for each receiver, and not of what is sent there. */
typedef void (*rill_any_fn)(rill_socket *socket, const char *event, rill_json args, void *user);
RILL_API void rill_namespace_on_any(rill_namespace *ns, rill_any_fn fn, void *user);
RILL_API void rill_namespace_on_any_outgoing(rill_namespace *ns, rill_any_fn fn, void *user);

/* Middlewares, in the order they were added. RILL_ACCEPT: goes on. RILL_LATER: rill_socket_next() or _refuse()
 * has to follow, once; until then the socket is yours, though its client may be gone or refused for being
 * late (connect_timeout_ms; then they do nothing). Anything else: refused, with "not authorized" unless
 * rill_socket_refuse() was called. What is sent to a socket that is not connected is RILL_ECLOSED; rooms may
 * be joined. Return 0 or RILL_ENOMEM. */
typedef int (*rill_middleware_fn)(rill_socket *socket, rill_json auth, void *user);
RILL_API int rill_namespace_use(rill_namespace *ns, rill_middleware_fn fn, void *user);
RILL_API void rill_socket_next(rill_socket *socket);
/* CONNECT_ERROR with {message, data}; data may be NONE. Of a socket that is connected: nothing. */
RILL_API void rill_socket_refuse(rill_socket *socket, const char *message, rill_json data);
/* For events: false: the event goes no further. */
typedef bool (*rill_event_middleware_fn)(
	rill_socket *socket, const char *event, rill_json args, rill_reply *reply, void *user);
RILL_API int rill_namespace_use_events(rill_namespace *ns, rill_event_middleware_fn fn, void *user);

/* Sends an event. Returns 0; 1: taken, but much waits (see rill_conn_queued() of its conn); RILL_ECLOSED;
 * RILL_EINVAL (a reserved name); RILL_EUTF8; RILL_ETOOBIG (the session's queue is full); RILL_ENOMEM. */
RILL_API int rill_emit(rill_socket *socket, const char *event, const rill_arg *args);
/* How one event is sent: a sum of these. */
enum {
	RILL_VOLATILE = 1,    /* dropped when it cannot leave now (RILL_ELIMIT) */
	RILL_NO_COMPRESS = 2, /* not deflated; of no effect on what is kept for recovery */
};
RILL_API int rill_emit_with(
	rill_socket *socket, const char *event, const rill_arg *args, unsigned flags);
/* ... and asks for an acknowledgement: fn is called once: with rc 0 and what came, an array; RILL_ETIMEDOUT
 * after timeout_ms (0: never); RILL_ECLOSED when the socket went, before on_disconnect. args is NONE then.
 * RILL_ELIMIT: max_acks wait already. */
typedef void (*rill_answer_fn)(rill_socket *socket, int rc, rill_json args, void *user);
RILL_API int rill_ask(rill_socket *socket, const char *event, const rill_arg *args,
	uint32_t timeout_ms, rill_answer_fn fn, void *user);

/* Answers an acknowledgement, once, in the callback it came with: results of rill_emit(), or RILL_ESTATE (it
 * was answered, or reply is NULL, so that whether one is asked for need not be looked at). */
RILL_API int rill_reply_send(rill_reply *reply, const rill_arg *args);
/* To answer later: the result has to be sent or dropped, either of which frees it, before the loop is freed.
 * NULL: reply was, or it was answered, or out of memory. RILL_ECLOSED then: the client is gone. */
RILL_API rill_reply *rill_reply_keep(rill_reply *reply);
RILL_API void rill_reply_drop(rill_reply *reply);

/* Has it leave the namespace; close: the client all of its namespaces, and its session is closed.
 * The client reports "io server disconnect". on_disconnect follows, at the end of the turn. */
RILL_API void rill_socket_disconnect(rill_socket *socket, bool close);

/* Rooms. Each socket is in the one that is called by its id; so whoever lets clients name rooms lets them hear
 * what is meant for a socket whose id they know. 0 (also when it was in it, or was not),
 * RILL_ECLOSED, RILL_ELIMIT, RILL_ENOMEM. */
RILL_API int rill_join(rill_socket *socket, const char *room);
RILL_API void rill_leave(rill_socket *socket, const char *room);
RILL_API bool rill_in_room(const rill_socket *socket, const char *room);
/* fn may leave the room it is told of, and no other. */
RILL_API void rill_socket_rooms(
	const rill_socket *socket, void (*fn)(const char *room, void *user), void *user);

/* Whom a broadcast is for: the sockets of a namespace that are in any of the rooms (NULL: all of them) and in
 * none of those excepted; each gets it once. */
typedef struct rill_broadcast {
	rill_namespace *ns;        /* NULL: that of from */
	rill_socket *from;         /* it does not get it; may be on its way out. Optional */
	const char *const *rooms;  /* NULL-terminated. RILL_ROOMS("a", "b") */
	const char *const *except; /* likewise */
	unsigned flags;            /* RILL_VOLATILE, RILL_NO_COMPRESS */
	uintptr_t reserved[4];
} rill_broadcast;
#define RILL_ROOMS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Encoded once for all of them, and shared; who is so slow that max_queue is full is closed, or left out
 * (overflow). Returns 0, RILL_EINVAL, RILL_EUTF8, RILL_ENOMEM (some may have got it), RILL_ECLOSED (there is no
 * ns, and from is gone). */
RILL_API int rill_broadcast_emit(const rill_broadcast *to, const char *event, const rill_arg *args);
/* fn is called once, when all have answered or are gone, or after timeout_ms (0: never): rc 0, RILL_ECLOSED
 * (some are gone), RILL_ETIMEDOUT, RILL_ETOOBIG (above max_answers), RILL_ENOMEM (some were lost); answers: an
 * array of each one's first argument, as far as they came. Who waits for max_acks is not asked. Returns what
 * rill_broadcast_emit() does; RILL_ECLOSED also when the service is being freed. */
typedef void (*rill_answers_fn)(int rc, rill_json answers, void *user);
RILL_API int rill_broadcast_ask(const rill_broadcast *to, const char *event, const rill_arg *args,
	uint32_t timeout_ms, rill_answers_fn fn, void *user);
/* Calls fn for each socket; fn may do anything. Returns 0 or RILL_ENOMEM, as the next ones. */
RILL_API int rill_broadcast_each(const rill_broadcast *to, rill_socket_fn fn, void *user);
RILL_API int rill_broadcast_join(const rill_broadcast *to, const char *room);
RILL_API int rill_broadcast_leave(const rill_broadcast *to, const char *room);
RILL_API int rill_broadcast_disconnect(const rill_broadcast *to, bool close);

/* What is known of a socket; good until on_disconnect returns. */
RILL_API const char *rill_socket_id(const rill_socket *socket);
RILL_API rill_namespace *rill_socket_namespace(const rill_socket *socket);
/* Its Engine.IO session: for rill_close(), rill_conn_peer(), rill_conn_transport(), ...; its user pointer is
 * taken. NULL: the client is gone. */
RILL_API rill_conn *rill_socket_conn(const rill_socket *socket);
RILL_API bool rill_socket_connected(const rill_socket *socket);
RILL_API bool rill_socket_recovered(const rill_socket *socket);
/* The socket of that id in a namespace; NULL: none is connected. */
RILL_API rill_socket *rill_namespace_find(const rill_namespace *ns, const char *id);
/* The handshake: what the client sent with its CONNECT ({} when nothing); of the session's first request a
 * header (one of engineio.keep_headers), a parameter of its query (decoded; good until the next such call;
 * data NULL when there is none) and its target; when, in milliseconds since 1970. */
RILL_API rill_json rill_socket_auth(const rill_socket *socket);
RILL_API rill_bytes rill_socket_header(const rill_socket *socket, const char *name);
RILL_API rill_bytes rill_socket_query(rill_socket *socket, const char *name);
RILL_API void rill_socket_each_query(rill_socket *socket,
	void (*fn)(const char *name, rill_bytes value, void *user), void *user);
RILL_API const char *rill_socket_url(const rill_socket *socket);
RILL_API int64_t rill_socket_issued(const rill_socket *socket);
/* The program's own pointer; and data that is part of what is recovered: a copy of any JSON (without
 * bytes). 0, RILL_ENOMEM. */
RILL_API void rill_socket_set_user(rill_socket *socket, void *user);
RILL_API void *rill_socket_user(const rill_socket *socket);
RILL_API int rill_socket_set_data(rill_socket *socket, rill_json data);
RILL_API rill_json rill_socket_data(const rill_socket *socket);

#ifdef __cplusplus
}
#endif

#endif
