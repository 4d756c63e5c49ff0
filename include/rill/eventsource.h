/* rill/eventsource.h: server-sent events (WHATWG HTML, 9.2): event streams to browsers and others,
 * and a client for them.
 *
 *     static const rill_handler clock = { sizeof(rill_handler), .on_open = on_open };
 *     rill_eventsource_serve(server, "/clock", &clock, NULL, NULL);
 *
 * An open stream is a rill_conn that only sends: a text by rill_send() is an event with data alone.
 * Its transport is "eventsource"; binary is refused with RILL_EUNSUPPORTED. on_close says the code that
 * rill_close() was given (1000), 1001 when the server stopped, 1006 when the client is gone; there is no
 * reason. A client that ends its sending side is gone. */
#ifndef RILL_EVENTSOURCE_H
#define RILL_EVENTSOURCE_H

#include <rill/base.h>
#include <rill/client.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/server.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_eventsource rill_eventsource;

typedef struct rill_eventsource_options {
	size_t size; /* set by rill_eventsource_options_default() */
	/* What the client is told to wait before it comes back. 5 s */
	uint32_t retry_ms;
	/* A comment is sent after so long without an event, so that nothing in between takes the stream
	 * for dead and a client that is gone is noticed. 0: never. 10 s */
	uint32_t ping_interval_ms;
	/* Bytes that may wait for a client that reads slowly; what does not fit is refused with
	 * RILL_ETOOBIG. 0: no limit. 16 MiB */
	size_t max_queue;
	/* Fields added to the answer: "Name: value" strings, NULL-terminated. Optional. Copied. */
	const char *const *headers;
	/* Names of request headers to keep for rill_conn_header(), NULL-terminated. Optional. Copied. */
	const char *const *keep_headers;
	/* Origins that may read the stream from another page, as in rill_websocket_options, answered
	 * with Access-Control-Allow-Origin (and -Credentials for those named); others get 403. A
	 * request without Origin is let in by "*" and "same". NULL: any may ask, and no such field is
	 * sent, so that browsers let pages of the same origin read alone. */
	const char *const *origins;
	/* rill_eventsource_serve() only: asked for each request that is in order and whose origin is
	 * admitted; may add fields by rill_response_header(). RILL_ACCEPT, or a status of 400 to 599, or
	 * 204: the client shall not come back. NULL: all are accepted. To decide later, or for options
	 * of this one stream: take the request in a handler, then rill_eventsource_open(). */
	int (*on_request)(rill_request *request, void *user);
	void *user;
} rill_eventsource_options;

RILL_API void rill_eventsource_options_init(rill_eventsource_options *options, size_t size);
#define rill_eventsource_options_default(options)                                                  \
	rill_eventsource_options_init((options), sizeof(*(options)))

/* Does this request ask for an event stream: is it a GET or HEAD, and text/event-stream one of what
 * its Accept names (any case, parameters aside, q=0 refused)? */
RILL_API bool rill_eventsource_asked(const rill_request *request);

/* Attaches a service to a server: requests for its prefix that ask for an event stream are taken, all
 * others pass on to the next handler. As rill_websocket_serve(). */
RILL_API int rill_eventsource_serve(rill_server *server, const char *prefix,
	const rill_handler *handler, const rill_eventsource_options *options,
	rill_eventsource **service);

/* Takes no more requests; as rill_websocket_detach(). */
RILL_API void rill_eventsource_detach(rill_eventsource *service, int code, const char *reason);

/* Calls fn for each open stream of the service; fn may close and send. */
RILL_API void rill_eventsource_each(
	rill_eventsource *service, void (*fn)(rill_conn *conn, void *user), void *user);

/* Makes an event stream of any request that was taken and not answered yet: the head is written at
 * once, on_open follows from the loop. Fields added by rill_response_header() are in it. handler and
 * options as in serve (origins and on_request are not looked at); user is the connection's user
 * pointer. The request is the stream's from now on. conn may be NULL. Returns 0, RILL_EINVAL,
 * RILL_ESTATE (a response was begun), RILL_ECLOSED (the client is gone), RILL_ENOMEM (the request is
 * still the caller's). A HEAD gets the head and no stream: 0, conn is NULL, no callbacks. */
RILL_API int rill_eventsource_open(rill_conn **conn, rill_request *request,
	const rill_handler *handler, const rill_eventsource_options *options, void *user);

/* One event. */
typedef struct rill_event {
	const char *type; /* "event"; NULL or "": a message. A NUL ends it */
	const char *id;   /* what the client will send as Last-Event-ID; NULL: unchanged; "": cleared */
} rill_event;

/* Sends an event: data may hold any line ends (CR, LF, CRLF), which the client gets as LF. Returns as
 * rill_send(), or RILL_EINVAL: CR or LF in type or id, a type or id of more than 1,024 bytes, or conn
 * is no event stream. Type, id and data have to be UTF-8: RILL_EUTF8. */
RILL_API int rill_eventsource_send(
	rill_conn *conn, const void *data, size_t len, const rill_event *event);

/* Sends a comment line at once, as the pings are. Returns as rill_send(). */
RILL_API int rill_eventsource_ping(rill_conn *conn);

/* Tells the client anew what to wait before it comes back. Returns as rill_send(). */
RILL_API int rill_eventsource_retry(rill_conn *conn, uint32_t retry_ms);

/* The Last-Event-ID of the request; "" when there was none. Good until on_close returns. */
RILL_API const char *rill_eventsource_last_id(const rill_conn *conn);

/* "http://host/target" or https. Good until on_close returns. */
RILL_API const char *rill_eventsource_url(const rill_conn *conn);

typedef struct rill_eventsource_stats {
	size_t size; /* sizeof(rill_eventsource_stats), set by the caller */
	size_t open;
	uint64_t opened, refused;
	uint64_t messages_out, bytes_out;
	uint64_t closed; /* in all */
} rill_eventsource_stats;
RILL_API void rill_eventsource_read_stats(
	const rill_eventsource *service, rill_eventsource_stats *stats);

/* The client. */
typedef struct rill_eventsource_client rill_eventsource_client;

typedef struct rill_eventsource_client_options {
	size_t size; /* set by rill_eventsource_client_options_default() */
	rill_connect_options connect; /* timeout_ms bounds each attempt up to its answer's head */
	/* Before it comes back, until the server says otherwise by "retry:". 3 s */
	uint32_t retry_ms;
	/* After attempts that failed one after the other the wait doubles, up to this. 60 s */
	uint32_t retry_max_ms;
	/* Nothing at all came for so long: taken for dead, reconnects. 0: never. 0 */
	uint32_t idle_timeout_ms;
	size_t max_event;          /* bytes of one event, else it fails for good. 64 MiB - 1 */
	uint32_t max_redirects;    /* 301, 302, 303, 307, 308 in a row. 20 */
	const char *last_event_id; /* to begin with. Optional. Copied. */
	/* The least that a server's "retry:" can make it wait, or retry_ms where that is less. 100 ms */
	uint32_t retry_min_ms;
} rill_eventsource_client_options;

RILL_API void rill_eventsource_client_options_init(
	rill_eventsource_client_options *options, size_t size);
#define rill_eventsource_client_options_default(options)                                           \
	rill_eventsource_client_options_init((options), sizeof(*(options)))

/* An event as it came; good until the callback returns. */
typedef struct rill_event_in {
	rill_bytes type; /* "message" when none was given */
	rill_bytes id;   /* the last one given, by this event or an earlier one; empty: none */
	rill_bytes data; /* its lines, joined by LF */
} rill_event_in;

typedef struct rill_eventsource_client_handler {
	size_t size; /* sizeof(rill_eventsource_client_handler) */
	/* All are optional. Any of them may call rill_eventsource_client_free(). */
	/* Each time the stream is open, also again. */
	void (*on_open)(rill_eventsource_client *client, const rill_answer *answer, void *user);
	void (*on_event)(rill_eventsource_client *client, const rill_event_in *event, void *user);
	/* The stream has ended, or an attempt failed. retry_ms: it comes back after so long; -1: it is
	 * closed for good (204, another status or type than those of an event stream, too many
	 * redirects or one that leads nowhere, an event above the limit), and nothing follows. */
	void (*on_error)(rill_eventsource_client *client, const rill_failure *failure,
		int64_t retry_ms, void *user);
} rill_eventsource_client_handler;

/* Connects to an http or https URL, and again whenever the stream ends, with Last-Event-ID. Where a
 * redirect leads to another origin, credentials, Cookie and Authorization fields, our certificate and
 * connect.tls.name stay behind. handler is not copied. Returns as rill_websocket_connect(). */
RILL_API int rill_eventsource_connect(rill_eventsource_client **client, rill_loop *loop,
	const char *url, const rill_eventsource_client_handler *handler, void *user,
	const rill_eventsource_client_options *options);

/* The last id given; "" when none. Good until the next event. */
RILL_API const char *rill_eventsource_client_last_id(const rill_eventsource_client *client);

/* CONNECTING (also while it waits to come back), OPEN or CLOSED. */
RILL_API rill_conn_state rill_eventsource_client_state(const rill_eventsource_client *client);

/* Closes and frees; no callback follows. Also inside its callbacks. Before the loop is freed. NULL is
 * fine. */
RILL_API void rill_eventsource_client_free(rill_eventsource_client *client);

#ifdef __cplusplus
}
#endif

#endif
