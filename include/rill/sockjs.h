/* rill/sockjs.h: the SockJS service (protocol 0.3): connections for sockjs-client, over a WebSocket or
 * whatever HTTP lets through.
 *
 *     static const rill_handler echo = { sizeof(rill_handler), .on_message = on_message };
 *     rill_sockjs_serve(server, "/echo", &echo, NULL, NULL);
 *
 * Each session is a rill_conn, which outlives the requests it rides on. Messages are texts; what a
 * client sends that is no string is delivered as its JSON text. Strings of JavaScript may hold halves of
 * surrogate pairs, which UTF-8 has no place for: they come, and may be sent, as the three bytes that
 * UTF-8 would have for them (ED A0 80 to ED BF BF; known as WTF-8).
 *
 * rill_close() takes any code and reason as for a WebSocket; a client learns both. on_close follows when
 * the client was told, or has not come for it within disconnect_ms. A client that is lost is told as
 * 1006. */
#ifndef RILL_SOCKJS_H
#define RILL_SOCKJS_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/server.h>
#include <rill/websocket.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_sockjs rill_sockjs;

/* Whose session is it? Its id stands in URLs, which get into logs and histories. */
typedef enum rill_sockjs_binding {
	RILL_SOCKJS_UNBOUND = 0,   /* whoever knows the id, as the protocol has it */
	RILL_SOCKJS_BY_ADDRESS,    /* the address the session began from, as rill_request_peer() */
	RILL_SOCKJS_BY_COOKIE,     /* the value of the cookie named by bind_cookie */
} rill_sockjs_binding;

typedef struct rill_sockjs_options {
	size_t size; /* set by rill_sockjs_options_default() */

	/* Where the iframe transports get the client from, which has to be the page's own version: a URL
	 * that begins with "/" or "http", without quotes, angle brackets and control characters. Copied.
	 * The client's own CDN */
	const char *sockjs_url;
	/* Bytes after which a streaming response ends, so that the client forgets them; it comes back at
	 * once. 1: streams act as polls. 0: it never ends. 128 KiB */
	uint64_t response_limit;
	/* false: no WebSockets, framed or raw. true */
	bool websocket;
	/* The transports there are, NULL-terminated: "websocket", "websocket-raw", "xhr-streaming",
	 * "xhr-polling", "eventsource", "htmlfile", "jsonp-polling"; "websockets" and names with '_' are
	 * understood. NULL: all. And those there are not. What is off is answered 404; info lists what is on
	 * when one of these was given. Copied. */
	const char *const *transports;
	const char *const *disabled_transports;
	/* Every answer sets a cookie JSESSIONID for balancers that stick to it (its value stays what the
	 * client sent, "dummy" at first), and info says cookie_needed. false */
	bool jsessionid;
	/* Sets the cookie, or whatever a balancer needs, instead: rill_response_header() is fine. Implies
	 * jsessionid. Optional. */
	void (*on_jsessionid)(rill_request *request, void *user);
	/* Lines about requests (RILL_LOG_INFO) and faults; NULL: faults go to the loop's log. */
	void (*log)(rill_log_level level, const char *message, void *user);

	/* A sign of life to the client, so often after it has begun to receive: "h", a ping on a
	 * WebSocket. 0: never. 25 s */
	uint32_t heartbeat_ms;
	/* How long the pong may take before the session is closed with 3000. 0: for ever. 10 s */
	uint32_t pong_timeout_ms;
	/* How long a session lives without anybody who receives; and how long one that was closed answers
	 * with its close frame, from the last time it was asked for. 0: until somebody comes, be it for ever;
	 * a close frame is said once then. 5 s */
	uint32_t disconnect_ms;

	/* No CORS headers, for those who have a proxy put them in. false */
	bool disable_cors;
	/* Tells clients by info to go there for their transports: a URL; or asked for each. Optional. The
	 * string is copied; what the function returns is good until the next call. */
	const char *base_url;
	const char *(*on_base_url)(rill_request *request, void *user);

	/* Origins admitted, as rill_websocket_options.origins, for every transport: others get 403 and no
	 * CORS headers, and may not have the iframe page in a frame. Requests without an Origin pass, unless a
	 * browser says that they are a foreign page's (Sec-Fetch-Site) and their Referer is not admitted
	 * either. The iframe transports are of the origin "same". NULL: all. Copied. */
	const char *const *origins;
	/* Asked before a session is made, whatever its transport; the request's headers, cookies and query
	 * are readable. RILL_ACCEPT, or a status of 400 to 599: refused with it. NULL: all are accepted. */
	int (*on_request)(rill_sockjs *service, rill_request *request, void *user);
	void *user; /* of all functions here */
	/* Request headers to keep for rill_conn_header() beyond those that every SockJS server shows:
	 * Referer, X-Client-IP, X-Forwarded-For, -Host, -Port and -Proto, X-Cluster-Client-IP, Via, X-Real-IP,
	 * X-SSL, DNT, Host, User-Agent, Accept-Language, Origin. Cookie is not among them: see docs/sockjs.md
	 * before you add it. NULL-terminated. Copied. */
	const char *const *keep_headers;

	/* Bytes of messages that may wait for one client, and what becomes of one that does not fit. A
	 * message is always taken when nothing waits. 0: no limit. 16 MiB; closed with 1008 */
	size_t max_queue;
	rill_overflow overflow;
	/* Bytes of one body that a client sends, or message on a WebSocket: 413, close 1009. 16 MiB, or the
	 * server's max_body if that is less */
	size_t max_body;
	/* Sessions at once, in all and from one address (an IPv6 address counts as its /64): more get 503.
	 * 0: no limit. 0 */
	size_t max_sessions;
	size_t max_sessions_per_address;
	rill_sockjs_binding binding; /* to others a session answers 403. RILL_SOCKJS_UNBOUND */
	const char *bind_cookie;     /* Copied. "JSESSIONID" */

	/* Extensions, deflate, max_fragments, close timeout, hixie_drafts, headers of the 101 of its
	 * WebSockets; what else stands there is not looked at. NULL: the defaults without deflate, with
	 * hixie_drafts. Copied. */
	const rill_websocket_options *websocket_options;
} rill_sockjs_options;

RILL_API void rill_sockjs_options_init(rill_sockjs_options *options, size_t size);
#define rill_sockjs_options_default(options) rill_sockjs_options_init((options), sizeof(*(options)))

/* Attaches a SockJS service to a server; several may stand side by side. prefix: "" or "/": the whole
 * server; a '/' at its end is dropped, "[/]echo" is understood as "/echo". What is not below it passes on
 * to the next handler. handler is not copied. options NULL: the defaults; copied. service may be NULL.
 * Returns 0, RILL_EINVAL (the loop's log says which option), RILL_ENOMEM. */
RILL_API int rill_sockjs_serve(rill_server *server, const char *prefix, const rill_handler *handler,
	const rill_sockjs_options *options, rill_sockjs **service);

/* Detaches: takes no new sessions. With code other than 0 its sessions are closed with it and reason;
 * with 0 those on WebSockets and running responses live until these end. The service frees itself behind
 * the last, or with the server. */
RILL_API void rill_sockjs_detach(rill_sockjs *service, int code, const char *reason);

/* Calls fn for each open session of the service; fn may close and send. */
RILL_API void rill_sockjs_each(
	rill_sockjs *service, void (*fn)(rill_conn *conn, void *user), void *user);

/* Of a session: a random UUID, made when it is first asked for ("" when there is no memory for it), which
 * may be shown to others, as the id in its URLs must not; the URL ("http://host/target") and the path of
 * the request that last came to receive for it; the service's prefix. rill_conn_transport() is its
 * transport's name, one of those of the transports option. "" when conn is no SockJS session. Good until
 * the next turn of the loop, or until on_close returns. */
RILL_API const char *rill_sockjs_id(rill_conn *conn);
RILL_API const char *rill_sockjs_url(const rill_conn *conn);
RILL_API const char *rill_sockjs_pathname(const rill_conn *conn);
RILL_API const char *rill_sockjs_prefix(const rill_conn *conn);

typedef struct rill_sockjs_stats {
	size_t size; /* sizeof(rill_sockjs_stats), set by the caller */
	size_t open; /* sessions now */
	uint64_t opened, refused;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t closed_clean;    /* the program has closed it, and the client was told */
	uint64_t closed_protocol; /* the client broke the protocol or a limit */
	uint64_t closed_lost;     /* the client left, or did not come back */
} rill_sockjs_stats;
RILL_API void rill_sockjs_read_stats(const rill_sockjs *service, rill_sockjs_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
