/* rill/websocket.h: the WebSocket service (RFC 6455, RFC 7692; hixie-75 and hixie-76 if wanted).
 *
 *     static const rill_handler echo = { sizeof(rill_handler), .on_message = on_message };
 *     rill_websocket_serve(server, "/ws", &echo, NULL, NULL);
 *
 * A request for its prefix that asks for a WebSocket is taken; all others pass on to the next
 * handler. */
#ifndef RILL_WEBSOCKET_H
#define RILL_WEBSOCKET_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>
#include <rill/extension.h>
#include <rill/http.h>
#include <rill/server.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_websocket rill_websocket;

/* What an accept hook says. */
enum {
	RILL_ACCEPT = 0,
	RILL_LATER = 1, /* rill_websocket_accept() or _refuse() follows */
			/* or an HTTP status of 400 to 599: refused with it */
};

/* permessage-deflate. */
typedef struct rill_deflate_options {
	size_t size;                      /* set by rill_websocket_options_default() */
	bool enabled;                     /* true */
	/* zlib's, 1 to 9. 1: of texts of 1 KiB level 6 makes a seventh fewer bytes, with context
	 * takeover, for four to seven times the work. Level 1 is done by ISA-L where the build found
	 * it, unless mem_level or strategy ask for something else: the same size for half the work. */
	int level;
	int mem_level;                    /* zlib's, 1 to 9. 8 */
	int strategy;                     /* zlib's, 0 to 4. 0 */
	int max_window_bits;              /* of our compressor, 9 to 15. 15 */
	int request_window_bits;          /* of the peer's, 8 to 15. 15 */
	bool no_context_takeover;         /* ours forgets between messages. false */
	bool request_no_context_takeover; /* the peer's has to. false */
	/* Clients: client_max_window_bits is not offered, so that the server cannot ask us for less. false */
	bool fixed_window;
	size_t threshold;                 /* messages of fewer bytes go as they are. 1,024 */
	/* ... and of more: a message is compressed in one go, and meanwhile its loop serves nobody
	 * else. Of one sent in pieces the first piece decides. 0: no limit. 1 MiB */
	size_t ceiling;
	uint64_t reserved[4]; /* 0: room to grow without moving what stands behind */
} rill_deflate_options;

typedef struct rill_websocket_options {
	size_t size; /* set by rill_websocket_options_default() */

	/* Largest message accepted, after inflating, and largest frame. A larger one closes with
	 * 1009. 64 MiB - 1. */
	uint64_t max_message;
	/* Frames of one message; more close with 1008. 2^20. */
	uint32_t max_fragments;
	/* Largest message to be sent. 0: no limit. 0 */
	size_t max_send;
	/* Bytes that may wait for a peer that reads slowly; what does not fit is refused with
	 * RILL_ETOOBIG. A message is always taken when nothing waits. 0: no limit. 16 MiB */
	size_t max_queue;
	/* Hand messages out in pieces as they come (rill_msg.first, .last). false */
	bool pieces;

	/* Subprotocols this service speaks, NULL-terminated; the client's order decides. Optional.
	 * Copied. */
	const char *const *protocols;
	/* Fields added to the 101 answer: "Name: value" strings, NULL-terminated. Those which the
	 * handshake itself sets are refused. Optional. Copied. */
	const char *const *headers;
	/* Names of request headers to keep for rill_conn_header(), NULL-terminated. Optional.
	 * Copied. */
	const char *const *keep_headers;

	/* Origins admitted: "https://example.org", "*" (any, also none), "same" (same host and
	 * port as the request's Host). NULL-terminated. Others get 403. NULL: "same" for requests
	 * that carry cookies and an Origin, any for all others, because a browser sends cookies to
	 * whoever asks. Copied. */
	const char *const *origins;

	/* Asked for each request that is in order and whose origin is admitted; the headers are
	 * readable. RILL_ACCEPT, RILL_LATER or a status. NULL: all are accepted. Requests left
	 * undecided for accept_timeout_ms of the server get 503. */
	int (*on_request)(rill_websocket *service, rill_request *request, void *user);
	void *user;

	/* Pings sent by rill: every ... ms (0: never; 0), and how long their pong may take before
	 * the connection is cut with 1006 (0: for ever; 0). */
	uint32_t ping_interval_ms;
	uint32_t pong_timeout_ms;
	/* How long the peer may take to finish the closing handshake. 30 s */
	uint32_t close_timeout_ms;

	/* Versions 7 and 8 of the handshake (hybi-07 to hybi-12). false */
	bool hybi_drafts;
	/* hixie-75 and hixie-76, which have text messages only. false */
	bool hixie_drafts;

	rill_deflate_options deflate;

	/* Extensions taken besides permessage-deflate, which comes first; in order, NULL-terminated.
	 * Optional. The list is copied, what it points to lives as long as the service and its
	 * connections. */
	const rill_extension *const *extensions;
} rill_websocket_options;

RILL_API void rill_websocket_options_init(rill_websocket_options *options, size_t size);
#define rill_websocket_options_default(options)                                                    \
	rill_websocket_options_init((options), sizeof(*(options)))

/* Attaches a WebSocket service to a server. handler is not copied: it must live as long as the
 * service and its connections. options NULL: the defaults; copied. service may be NULL. Returns
 * 0, RILL_EINVAL (the log says which option, or that the handler's size is not set), RILL_ENOMEM. */
RILL_API int rill_websocket_serve(rill_server *server, const char *prefix,
	const rill_handler *handler, const rill_websocket_options *options,
	rill_websocket **service);

/* Detaches: takes no more requests. With code other than 0 its connections are closed with it
 * and reason; with 0 they live on. The service frees itself behind its last connection, or with
 * the server. */
RILL_API void rill_websocket_detach(rill_websocket *service, int code, const char *reason);

/* Decides a request that was answered RILL_LATER: accepts it, with user as the connection's user
 * pointer; on_open follows. Returns 0, RILL_ECLOSED (the client is gone or it was decided),
 * RILL_ENOMEM (it was refused with 503, or cut). */
RILL_API int rill_websocket_accept(rill_request *request, void *user);
/* ... or refuses it with a status of 400 to 599 and a sentence for the body (NULL: the usual).
 * Returns 0, RILL_EINVAL (another status), RILL_ECLOSED. */
RILL_API int rill_websocket_refuse(rill_request *request, int status, const char *sentence);
/* A look-up that outlives the request: told once when an undecided request is gone (the client
 * left, its time is over, or the server stops or is freed: then from inside that call). */
RILL_API void rill_websocket_on_abandoned(
	rill_request *request, void (*fn)(rill_request *request, void *user), void *user);

/* Answers which of the offered subprotocols to take, from inside on_request or before
 * rill_websocket_accept(); it must be one of them. Returns 0, RILL_EINVAL, RILL_ESTATE. */
RILL_API int rill_websocket_choose_protocol(rill_request *request, const char *protocol);

/* Adds a field to this one 101 answer; as rill_response_header(). */
RILL_API int rill_websocket_add_header(rill_request *request, const char *name, const char *value);

/* Calls fn for each open connection of the service; fn may close and send. */
RILL_API void rill_websocket_each(
	rill_websocket *service, void (*fn)(rill_conn *conn, void *user), void *user);

typedef struct rill_websocket_stats {
	size_t size; /* sizeof(rill_websocket_stats), set by the caller */
	size_t open;
	uint64_t opened, refused;
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t closed_clean;    /* closing handshake done */
	uint64_t closed_protocol; /* the peer broke the protocol or a limit */
	uint64_t closed_lost;     /* 1006 */
} rill_websocket_stats;
RILL_API void rill_websocket_read_stats(const rill_websocket *service, rill_websocket_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
