/* rill/socketio0.h: the Socket.IO service of 2010: servers 0.5 and 0.6, for the client files of that time.
 *
 *     static void on_message(rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user)
 *     {
 *             rill_socketio0_broadcast_from(client, RILL_ARGS(rill_text_of(message->data, message->len)));
 *     }
 *     ...
 *     rill_socketio0_serve(server, NULL, &io);
 *     rill_socketio0_on(io, RILL_SOCKETIO0_CLIENT_MESSAGE, on_message, NULL);
 *
 * The listener of that time is a rill_socketio0, its client a rill_conn, which lives from "connection" to
 * "disconnect" whatever requests it rides on: a client that is cut off comes back with its session id within
 * its transport's close timeout, and finds what was sent meanwhile. rill_conn_transport() is one of "websocket",
 * "flashsocket", "server-events", "htmlfile", "xhr-multipart", "xhr-polling", "jsonp-polling".
 *
 * Messages are texts (RILL_TEXT) and JSON values (RILL_JSON), which come as objects, lists or whatever JavaScript
 * has. An escape for texts that begin with "~h~" or "~j~", which are signs of the protocol, there is none: they
 * are not sent (RILL_EUNSUPPORTED). On "xhr-multipart" neither are those that hold its boundary, "--socketio".
 *
 * The protocol has no word for an end: of rill_close() a client on a WebSocket learns by its Close, with the
 * code and reason given, others by a request that is answered 404. on_close is told 1000 (its WebSocket was closed
 * in order, and its close timeout is 0), 1006 (it did not come back, however it left: reason "close timeout", or
 * "heartbeat timeout" if it was silent before that), 1002 (it broke the protocol or a limit), or the code the program
 * gave. */
#ifndef RILL_SOCKETIO0_H
#define RILL_SOCKETIO0_H

#include <rill/arg.h>
#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/server.h>
#include <rill/websocket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_socketio0 rill_socketio0;

/* What a listener and a client tell. */
typedef enum rill_socketio0_event {
	RILL_SOCKETIO0_CLIENT_CONNECT = 0, /* of the listener: "clientConnect" */
	RILL_SOCKETIO0_CONNECTION,         /* "connection": right behind it */
	RILL_SOCKETIO0_CLIENT_MESSAGE,     /* "clientMessage": right behind the client's "message" */
	RILL_SOCKETIO0_CLIENT_DISCONNECT,  /* "clientDisconnect": right behind the client's "disconnect" */
	RILL_SOCKETIO0_MESSAGE,            /* of a client: "message" */
	RILL_SOCKETIO0_DISCONNECT,         /* "disconnect" */
} rill_socketio0_event;

/* message: what has come; NULL for the other events. In each everything may be called that rill/conn.h
 * allows. What is sent in CLIENT_CONNECT and CONNECTION comes behind the session id. */
typedef void (*rill_socketio0_fn)(
	rill_socketio0 *io, rill_conn *client, const rill_msg *message, void *user);

/* Times of one transport ("transportOptions"). */
typedef struct rill_socketio0_times {
	/* A heartbeat so long after the answer to the last, or after the connection; 0: none. And how long its
	 * answer may take before the connection is taken for lost; 0: for ever. Polls have none: both are to
	 * be 0. 10 s, 8 s; 0, 0 */
	uint32_t heartbeat_interval_ms, timeout_ms;
	/* How long a client that is cut off, or between two polls, may take to come back. 0: it may not, which
	 * polls, that end with each answer, have to. 0; polls: 8 s */
	uint32_t close_timeout_ms;
	/* A poll is answered with nothing when there is nothing for so long; 0: it is held for ever. Polls alone:
	 * 20 s */
	uint32_t duration_ms;
} rill_socketio0_times;

typedef struct rill_socketio0_options {
	size_t size; /* set by rill_socketio0_options_default() */

	/* What paths begin with, without the '/' in front; may have some inside. "socket.io". Copied. */
	const char *resource;
	/* The transports there are, NULL-terminated: names as above. What is off is
	 * passed on. NULL: all. Copied. */
	const char *const *transports;
	rill_socketio0_times websocket, flashsocket, server_events, htmlfile, xhr_multipart, xhr_polling,
		jsonp_polling;
	/* Pages admitted: "host:port" with '*' for either, NULL-terminated; a port that an origin does not say is
	 * its scheme's. What comes from others to receive gets 403, but jsonp-polling a script with an alert; their
	 * messages get 401, and no answer may be read by them. Requests without an Origin pass, unless a browser
	 * says that they are a foreign page's (Sec-Fetch-Site) and their Referer is not admitted. NULL: { "*:*" }.
	 * Copied. */
	const char *const *origins;
	/* Lines about clients and requests (RILL_LOG_INFO), and faults, which go to the loop's log when it is NULL. */
	void (*log)(rill_log_level level, const char *message, void *user);

	/* As with "on" in front of an event's name: they are the first to be told. Optional. */
	rill_socketio0_fn on_client_connect, on_connection, on_client_message, on_client_disconnect;
	/* What any rill_conn tells, for programs that serve several protocols by one handler; told before all of
	 * these. Not copied. Optional. */
	const rill_handler *handler;
	/* Asked before a client is made, whatever its transport; the request's headers, cookies and query are
	 * readable. RILL_ACCEPT, or a status of 400 to 599: refused with it. NULL: all are accepted. */
	int (*on_request)(rill_socketio0 *io, rill_request *request, void *user);
	void *user; /* of all functions here */
	/* Request headers to keep for rill_conn_header(): of the last request that came to receive. NULL-terminated.
	 * NULL: none. Copied. */
	const char *const *keep_headers;

	/* The folder of the client's files: socket.io.js, and below lib/vendor/web-socket-js/ WebSocketMain.swf and
	 * WebSocketMainInsecure.swf, which are served under these paths below the resource, the first .swf also as
	 * WebSocketMain.swf. What is not there is 404. NULL: not served. Copied. */
	const char *client_dir;
	/* What the first of them is called in the folder, and in the URL: where today's Socket.IO has the same path,
	 * its bundle has the name socket.io.js to itself. "socket.io.js" both. Copied. */
	const char *client_file;
	const char *client_name;
	/* The version those files are, for ETags; NULL: a hash of the file. Copied. */
	const char *client_version;

	/* A connection to the server that begins with <policy-file-request/> gets the policy in which Flash looks for
	 * what it may connect to, if flashsocket is on. true */
	bool flash_policy;

	/* Bytes of messages that may wait for one client, and what becomes of one that does not fit. A message is
	 * always taken when nothing waits. 0: no limit. 16 MiB; closed with 1008 */
	size_t max_queue;
	rill_overflow overflow;
	/* Bytes of one body that a client sends, or message on a WebSocket: 413, close 1009. 16 MiB, or the
	 * server's max_body if that is less */
	size_t max_body;
	/* Clients at once, in all and from one address (an IPv6 address counts as its /64): more get 503. 0: no
	 * limit. 0 */
	size_t max_clients;
	size_t max_clients_per_address;

	/* Extensions, deflate, max_fragments, close timeout, headers of the 101 of its WebSockets; what else stands
	 * there is not looked at. NULL: the defaults without deflate. Copied. */
	const rill_websocket_options *websocket_options;
} rill_socketio0_options;

RILL_API void rill_socketio0_options_init(rill_socketio0_options *options, size_t size);
#define rill_socketio0_options_default(options)                                                    \
	rill_socketio0_options_init((options), sizeof(*(options)))

/* Attaches a listener ("io.listen"); several may stand side by side. options NULL: the defaults; copied. It takes
 * what names an enabled transport or a client's file behind the resource, and passes on all else: today's Socket.IO
 * may share the path, attached before or after it. io may be NULL. Returns 0, RILL_EINVAL (the loop's log says
 * which option), RILL_ENOMEM. */
RILL_API int rill_socketio0_serve(
	rill_server *server, const rill_socketio0_options *options, rill_socketio0 **io);

/* Detaches: takes no new clients, ends the policy server. With code other than 0 its clients are closed with it and
 * reason; with 0 those on WebSockets and running responses live until these end. It frees itself behind the last,
 * or with the server. */
RILL_API void rill_socketio0_detach(rill_socketio0 *io, int code, const char *reason);

/* Serves the Flash policy on a port of its own, which Flash looks at first: 843. host as in rill_listen_options;
 * port 0: any free one. Whoever connects is told at once. Returns 0, RILL_ESTATE (it does already), or as
 * rill_server_listen(). And the port; 0: none. */
RILL_API int rill_socketio0_listen_policy(rill_socketio0 *io, const char *host, uint16_t port);
RILL_API uint16_t rill_socketio0_policy_port(const rill_socketio0 *io);

/* Has fn told of an event from the next on, behind those that are there ("addListener", "on"). One pair of fn and
 * user may be there several times. The event is one of the listener's, or of the client's. 0; RILL_EINVAL (it is
 * not); of a client: RILL_ECLOSED; RILL_ENOMEM. */
RILL_API int rill_socketio0_on(
	rill_socketio0 *io, rill_socketio0_event event, rill_socketio0_fn fn, void *user);
RILL_API int rill_socketio0_client_on(
	rill_conn *client, rill_socketio0_event event, rill_socketio0_fn fn, void *user);
/* Takes the first such pair away ("removeListener"): it is not told any more, be it of an event that is just being
 * told. 0 or RILL_ENOENT. */
RILL_API int rill_socketio0_remove(
	rill_socketio0 *io, rill_socketio0_event event, rill_socketio0_fn fn, void *user);
RILL_API int rill_socketio0_client_remove(
	rill_conn *client, rill_socketio0_event event, rill_socketio0_fn fn, void *user);

/* Sends messages ("send"), each argument one: texts as they are; numbers and booleans as the texts JavaScript makes
 * of them; null as an empty text; of JSON values strings, numbers, booleans and null likewise, an array's items
 * each by itself, objects (and arrays in arrays) as JSON. Returns as rill_send(), what comes behind one that was
 * not taken is not sent; RILL_EUNSUPPORTED: bytes. rill_send() is fine, too. */
RILL_API int rill_socketio0_send(rill_conn *client, const rill_arg *messages);

/* Sends them to all clients, in the order they connected, but those whose session ids stand in except
 * (NULL-terminated; NULL: none). Each is encoded once. Returns 0, RILL_EUTF8, RILL_EUNSUPPORTED, RILL_ENOMEM (some
 * may have got it); who is so slow that max_queue is full is closed or left out (overflow).
 * RILL_EXCEPT("1234", "5678") is such a list. */
RILL_API int rill_socketio0_broadcast(
	rill_socketio0 *io, const rill_arg *messages, const char *const *except);
#define RILL_EXCEPT(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* ... but one client ("client.broadcast"); RILL_ECLOSED: its listener is gone. */
RILL_API int rill_socketio0_broadcast_from(rill_conn *client, const rill_arg *messages);

/* The client of a session id ("clients"); NULL: there is none. All of them, in the order they connected; fn may
 * close and send. And how many. */
RILL_API rill_conn *rill_socketio0_client(const rill_socketio0 *io, const char *session_id);
RILL_API void rill_socketio0_each(
	rill_socketio0 *io, void (*fn)(rill_conn *client, void *user), void *user);
RILL_API size_t rill_socketio0_count(const rill_socketio0 *io);

/* Of a client: its session id, which whoever knows it can act as the client by; how many requests or WebSockets have
 * come to receive for it so far ("connections"); its listener, NULL when that is gone. "", 0 and NULL when conn is
 * no such client. "connected" is rill_conn_get_state() == RILL_CONN_OPEN. */
RILL_API const char *rill_socketio0_session_id(const rill_conn *client);
RILL_API uint32_t rill_socketio0_connections(const rill_conn *client);
RILL_API rill_socketio0 *rill_socketio0_listener(const rill_conn *client);

/* The server it is attached to, and the options in force, defaults filled in. */
RILL_API rill_server *rill_socketio0_server(const rill_socketio0 *io);
RILL_API const rill_socketio0_options *rill_socketio0_get_options(const rill_socketio0 *io);

typedef struct rill_socketio0_stats {
	size_t size; /* sizeof(rill_socketio0_stats), set by the caller */
	size_t open; /* clients now */
	uint64_t opened, refused;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t closed_clean;    /* the program has closed it, and the client was told */
	uint64_t closed_protocol; /* the client broke the protocol or a limit */
	uint64_t closed_lost;     /* the client left, or did not come back */
} rill_socketio0_stats;
RILL_API void rill_socketio0_read_stats(const rill_socketio0 *io, rill_socketio0_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
