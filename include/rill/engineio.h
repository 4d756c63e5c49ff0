/* rill/engineio.h: the Engine.IO service (protocol 4, and 3 where it is wanted): connections that begin
 * with HTTP polling and go over to a WebSocket when that works. Socket.IO stands on it (rill/socketio.h);
 * it is of use by itself.
 *
 *     static const rill_handler echo = { sizeof(rill_handler), .on_message = on_message };
 *     rill_engineio_serve(server, "/engine.io/", &echo, NULL, NULL);
 *
 * Each session is a rill_conn, with text and binary messages; rill_conn_transport() says "polling" or
 * "websocket". The protocol has no codes and reasons of its own: of rill_close() the client learns the end
 * alone (code 1000 to 4999, reason for the log). on_close tells the reasons the reference server has, as
 * text: "transport close" (1000: the client closed it, or its WebSocket), "transport error" (1006: it was
 * cut), "ping timeout" (1006), "parse error" (1002: the client broke the protocol or a limit), "forced
 * close" (what the program, or the server stopping, has closed: the code it gave). */
#ifndef RILL_ENGINEIO_H
#define RILL_ENGINEIO_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/server.h>
#include <rill/websocket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_engineio rill_engineio;

/* Which pages of elsewhere may ask (WHATWG Fetch, 3.2). */
typedef struct rill_cors_options {
	size_t size; /* set by rill_engineio_options_default() */
	/* "https://example.org", "*", "same"; NULL-terminated. NULL: no CORS headers at all. Copied. */
	const char *const *origins;
	bool credentials;            /* false */
	const char *methods;         /* "GET,HEAD,PUT,PATCH,POST,DELETE" */
	const char *allowed_headers; /* NULL: those that the request asks for */
	const char *exposed_headers; /* NULL: none */
	uint32_t max_age_s;          /* 0: not said. 0 */
} rill_cors_options;

typedef struct rill_engineio_options {
	size_t size; /* set by rill_engineio_options_default() */

	uint32_t ping_interval_ms;   /* 25 s */
	uint32_t ping_timeout_ms;    /* 20 s */
	uint32_t upgrade_timeout_ms; /* 10 s */
	/* Bytes of one body or one message: 413, close 1009. 1,000,000 */
	size_t max_payload;
	bool polling, websocket; /* the transports there are. true, true */
	bool upgrades;           /* from polling to WebSocket. true */
	bool revision3;          /* clients of Socket.IO 2 and before. false */
	bool trailing_slash;     /* "/engine.io" alone is not ours. true */

	/* A cookie with the session's id, for balancers, set by the first answer: its name, "io" as a rule;
	 * NULL: none. NULL. And what stands behind it. "Path=/; HttpOnly; SameSite=Lax". Copied. */
	const char *cookie;
	const char *cookie_attributes;
	rill_cors_options cors; /* off. Its strings are copied */
	/* Origins whose WebSockets are admitted; NULL: all, as the reference server. Copied. */
	const char *const *origins;
	/* Answers of so many bytes are compressed for clients that take that. 0: never. 1,024 */
	size_t http_compression;

	/* Sent as a message right behind the opening of each session. len 0: none. Copied. */
	const void *initial;
	size_t initial_len;

	/* Asked before a session is made (allowRequest). RILL_ACCEPT, RILL_LATER (rill_engineio_accept() or
	 * _refuse() follows, within accept_timeout_ms of the server), else it is refused: 403 with
	 * {"code":4,"message":"Forbidden"}. NULL: all are accepted. */
	int (*on_request)(rill_engineio *service, rill_request *request, void *user);
	/* Told of each request that is refused, with the code and message of the protocol: 0 Transport
	 * unknown, 1 Session ID unknown, 2 Bad handshake method, 3 Bad request, 4 Forbidden, 5 Unsupported
	 * protocol version. Optional. */
	void (*on_refused)(rill_engineio *service, rill_request *request, int code,
		const char *message, void *user);
	/* Adds fields to answers by rill_response_header(): to the first of each session (initial), and to
	 * all. Optional. */
	void (*on_headers)(rill_engineio *service, rill_request *request, bool initial, void *user);
	void *user;                      /* of all functions here */
	const char *const *keep_headers; /* of the first request, for rill_conn_header(). Copied. */

	/* As rill_sockjs_options. 16 MiB; closed with 1008; 0; 0 */
	size_t max_queue;
	rill_overflow overflow;
	size_t max_sessions, max_sessions_per_address;

	/* Deflate (off unless enabled here; threshold 1,024), extensions, max_fragments, close timeout of its
	 * WebSockets; what else stands there is not looked at. Optional. Copied. */
	const rill_websocket_options *websocket_options;
} rill_engineio_options;

RILL_API void rill_engineio_options_init(rill_engineio_options *options, size_t size);
#define rill_engineio_options_default(options)                                                     \
	rill_engineio_options_init((options), sizeof(*(options)))

/* Attaches the service to a server below path, "/engine.io/" as a rule. handler is not copied. options
 * NULL: the defaults; copied. service may be NULL. Returns 0, RILL_EINVAL (the log says which option),
 * RILL_ENOMEM. */
RILL_API int rill_engineio_serve(rill_server *server, const char *path, const rill_handler *handler,
	const rill_engineio_options *options, rill_engineio **service);

/* Detaches: takes no more requests but those of its sessions; code other than 0: closes them. */
RILL_API void rill_engineio_detach(rill_engineio *service, int code, const char *reason);

/* Decides a request that was answered RILL_LATER, or that is being asked about. Returns 0, RILL_ECLOSED (it
 * was decided). message NULL: "Forbidden". */
RILL_API int rill_engineio_accept(rill_request *request);
RILL_API int rill_engineio_refuse(rill_request *request, const char *message);

/* Tells once when a request that is being decided is gone, because its client left, its time is up or the
 * server stops; request must not be used after fn has returned. Set in on_request. */
RILL_API void rill_engineio_on_abandoned(
	rill_request *request, void (*fn)(rill_request *request, void *user), void *user);

RILL_API void rill_engineio_each(
	rill_engineio *service, void (*fn)(rill_conn *conn, void *user), void *user);

/* Of a session: its id, 20 characters, which is a secret between it and its client; its revision, 4 or 3;
 * "" and 0 when conn is none. Good until on_close returns. */
RILL_API const char *rill_engineio_id(const rill_conn *conn);
RILL_API int rill_engineio_revision(const rill_conn *conn);

/* rill_send() of a message that is not to be compressed (compress false), or dropped when it cannot leave at
 * once (droppable: no poll is held, or the WebSocket is full); RILL_ELIMIT: it was. */
RILL_API int rill_engineio_send(rill_conn *conn, rill_kind kind, const void *data, size_t len,
	bool compress, bool droppable);

typedef struct rill_engineio_stats {
	size_t size; /* sizeof(rill_engineio_stats), set by the caller */
	size_t open;
	uint64_t opened, refused, upgraded;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t closed_clean, closed_protocol, closed_lost;
} rill_engineio_stats;
RILL_API void rill_engineio_read_stats(const rill_engineio *service, rill_engineio_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
