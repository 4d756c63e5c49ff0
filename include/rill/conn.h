/* rill/conn.h: one connection, whatever protocol carries it, and its messages.
 *
 * A rill_conn belongs to one loop and is used on that loop's thread; rill_loop_post() reaches it
 * from elsewhere. It is yours to use from on_open until on_close returns, and longer with
 * rill_conn_ref(). What a service promises, whichever it is:
 *
 *   - on_open comes first, on_close exactly once and last; never one without the other.
 *   - No callback is called from inside a call of yours: all come from the loop. (But for
 *     rill_server_free() and rill_loop_free(), behind which there is no loop to come from.)
 *   - In every callback you may send, close, pause, resume, and free what is yours.
 *   - After rill_close(), rill_conn_destroy() or rill_conn_pause() has returned, no message is
 *     delivered (after pause: until resume; nothing is lost). */
#ifndef RILL_CONN_H
#define RILL_CONN_H

#include <rill/base.h>
#include <rill/error.h>
#include <rill/http.h>
#include <rill/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_conn rill_conn;

typedef enum rill_kind {
	RILL_TEXT = 1,  /* UTF-8, checked */
	RILL_BINARY = 2,
	/* A text that is one JSON value, checked, and marked as such by the protocol: Socket.IO of 2010
	 * (rill/socketio0.h) alone has that. */
	RILL_JSON = 3,
} rill_kind;

/* A message, passed by value. data is borrowed until the callback returns unless hold is set. */
typedef struct rill_msg {
	const void *data;
	size_t len;
	rill_kind kind;
	/* Services that deliver messages in pieces: is this the first, the last? Both true for a
	 * whole message. */
	bool first, last;
	/* The counted memory behind data, for rill_msg_keep() and _new(); NULL: borrowed. */
	struct rill_hold *hold;
} rill_msg;

/* What becomes of a message for which a session's queue has no room; rill_send() returns RILL_ETOOBIG
 * unless it was taken. */
typedef enum rill_overflow {
	RILL_OVERFLOW_CLOSE = 0,   /* the session is closed with 1008 */
	RILL_OVERFLOW_REFUSE,      /* it is not taken; nothing else happens */
	RILL_OVERFLOW_DROP_OLDEST, /* it is taken, and the oldest that wait are dropped */
} rill_overflow;

typedef struct rill_handler { /* usually one static const per service */
	size_t size;          /* sizeof(rill_handler), so that it can grow */
	/* All are optional. */
	void (*on_open)(rill_conn *conn);
	void (*on_message)(rill_conn *conn, rill_msg msg);
	/* What waits to be sent has sunk to the low-water mark after rill_send() returned 1. */
	void (*on_drain)(rill_conn *conn);
	/* Why it ended: the protocol's close code (WebSocket: RFC 6455, 7.4; 1005 none given, 1006
	 * cut) and reason, which is borrowed. */
	void (*on_close)(rill_conn *conn, int code, rill_bytes reason);
	/* A ping came (already answered), or a pong. */
	void (*on_ping)(rill_conn *conn, rill_bytes data);
	void (*on_pong)(rill_conn *conn, rill_bytes data);
} rill_handler;

/* Queues one message. The bytes are the caller's again when this returns.
 *
 * Returns 0 when taken, 1 when taken but the queue is above the high-water mark (on_drain will
 * follow), or
 *   RILL_ECLOSED      the connection is closing or closed
 *   RILL_ETOOBIG      len is above the limit for outgoing messages, or the queue is full (its
 *                     limit, see the service's options)
 *   RILL_EUTF8        kind is RILL_TEXT and the bytes are not UTF-8
 *   RILL_EPROTO       kind is RILL_JSON and the bytes are no JSON (one value, UTF-8, at most 1,024 deep)
 *   RILL_EUNSUPPORTED the protocol has no messages of that kind, or no way to say this one
 *   RILL_ESTATE       a message in pieces is under way (rill_send_piece())
 *   RILL_ENOMEM
 * Never calls a callback. A message is always taken when the queue is empty. */
RILL_API int rill_send(rill_conn *conn, rill_kind kind, const void *data, size_t len);

/* rill_send() of a text that ends with a NUL. */
RILL_API int rill_send_text(rill_conn *conn, const char *text);

/* Sends a counted message by reference, so that one message to many is one in memory. A borrowed
 * message is copied. Returns as rill_send(). */
RILL_API int rill_send_msg(rill_conn *conn, rill_msg msg);

/* Sends one message in pieces: the first call begins it, the one with last ends it; no other
 * message can be sent in between. Returns as rill_send(). Text is checked over all pieces, JSON with
 * the last. */
RILL_API int rill_send_piece(
		rill_conn *conn, rill_kind kind, const void *data, size_t len, bool last);

/* A counted message with a copy of the bytes, in memory of the loop, which must outlive it; one
 * reference is the caller's. JSON is checked here, once for all it is sent to. Returns 0,
 * RILL_EUTF8, RILL_EPROTO, RILL_ENOMEM. Any thread. */
RILL_API int rill_msg_new(rill_msg *msg, rill_loop *loop, rill_kind kind,
		const void *data, size_t len);

/* Inside on_message: makes the message outlive the callback, without copying where its memory
 * stands by itself. msg->data may change. Until it is released it counts against what the
 * connection may have unread: too much of it kept stops reading. Returns 0 or RILL_ENOMEM. */
RILL_API int rill_msg_keep(rill_conn *conn, rill_msg *msg);

/* One reference more, one less. Any thread, also after the connection is gone, as long as the
 * loop is not freed. A borrowed message is left alone. */
RILL_API rill_msg rill_msg_ref(rill_msg msg);
RILL_API void rill_msg_release(rill_msg msg);

/* Ends the connection in the protocol's way. For a WebSocket code is 1000 or 3000 to 4999 (or
 * 1001, 1007 to 1014 for what they mean) and reason at most 123 bytes of UTF-8, NULL: none. What
 * was sent before goes out first. on_close follows. Repeating it does nothing. Returns 0,
 * RILL_EINVAL, RILL_EUTF8. */
RILL_API int rill_close(rill_conn *conn, int code, const char *reason);

/* Cuts it without a word: what is queued is dropped. on_close follows with 1006. */
RILL_API void rill_conn_destroy(rill_conn *conn);

/* Stops and goes on with delivering messages; the peer is held back meanwhile. */
RILL_API void rill_conn_pause(rill_conn *conn);
RILL_API void rill_conn_resume(rill_conn *conn);

/* Sends a ping of at most 125 bytes; fn (may be NULL) is called once when its pong has come, or
 * with pong false when the connection ended first. Returns 0, RILL_ETOOBIG, RILL_ECLOSED,
 * RILL_EUNSUPPORTED, RILL_ENOMEM. */
typedef void (*rill_pong_fn)(rill_conn *conn, bool pong, void *user);
RILL_API int rill_ping(rill_conn *conn, const void *data, size_t len, rill_pong_fn fn, void *user);

/* Sends a pong nobody asked for. Returns as rill_ping(). */
RILL_API int rill_pong(rill_conn *conn, const void *data, size_t len);

/* Bytes sent and not yet taken by the kernel. */
RILL_API size_t rill_conn_queued(const rill_conn *conn);

/* The program's own pointer, NULL at first. */
RILL_API void rill_conn_set_user(rill_conn *conn, void *user);
RILL_API void *rill_conn_user(const rill_conn *conn);

/* A number no other connection of this loop has had. */
RILL_API uint64_t rill_conn_id(const rill_conn *conn);

/* "websocket", "eventsource"; of a SockJS session that by which it receives, or last did: "xhr-polling"
 * and the like. Static. */
RILL_API const char *rill_conn_transport(const rill_conn *conn);

/* "hybi-13", "hybi-08", "hybi-07", "hixie-76", "hixie-75". Static. */
RILL_API const char *rill_conn_version(const rill_conn *conn);

/* What was agreed: the subprotocol, the extensions; "" when none. */
RILL_API const char *rill_conn_protocol(const rill_conn *conn);
RILL_API const char *rill_conn_extensions(const rill_conn *conn);

/* The peer's address, as rill_request_peer(); good until on_close returns. */
RILL_API const char *rill_conn_peer(rill_conn *conn);
RILL_API uint16_t rill_conn_peer_port(const rill_conn *conn);
RILL_API bool rill_conn_secure(const rill_conn *conn);

/* The address and port of this end, likewise: "" and 0 while nothing carries it and nobody has asked
 * before, and for unix sockets. */
RILL_API const char *rill_conn_local(rill_conn *conn);
RILL_API uint16_t rill_conn_local_port(rill_conn *conn);

RILL_API rill_loop *rill_conn_loop(const rill_conn *conn);

/* The request that opened it; until on_open returns, then NULL. */
RILL_API const rill_request *rill_conn_request(const rill_conn *conn);

/* A header of that request which the service was asked to keep (its keep_headers option); data
 * NULL when it was not sent or not kept. Good until on_close returns. */
RILL_API rill_bytes rill_conn_header(const rill_conn *conn, const char *name);

typedef enum rill_conn_state {
	RILL_CONN_CONNECTING,
	RILL_CONN_OPEN,
	RILL_CONN_CLOSING,
	RILL_CONN_CLOSED,
} rill_conn_state;
RILL_API rill_conn_state rill_conn_get_state(const rill_conn *conn);

/* Keeps the memory of a connection alive past on_close, so that a pointer handed to another
 * thread and posted back is still a rill_conn: a closed one then, which takes every call and
 * answers RILL_ECLOSED. On the loop's thread. */
RILL_API rill_conn *rill_conn_ref(rill_conn *conn);
RILL_API void rill_conn_unref(rill_conn *conn);

/* Counts since on_open. */
typedef struct rill_conn_stats {
	size_t size; /* sizeof(rill_conn_stats), set by the caller */
	uint64_t messages_in, messages_out;
	uint64_t bytes_in, bytes_out; /* of messages, uncompressed */
	size_t queue_peak;            /* most bytes that ever waited */
} rill_conn_stats;
RILL_API void rill_conn_read_stats(const rill_conn *conn, rill_conn_stats *stats);

/* One frame as it passed, for traces. */
typedef struct rill_frame {
	size_t size;
	bool out;           /* sent, else received */
	uint8_t opcode;     /* RFC 6455, 5.2 */
	bool fin, rsv1, masked;
	uint64_t len;       /* of the payload as it stands on the wire */
	rill_bytes head;    /* the header's bytes */
	rill_bytes payload; /* unmasked, as the extensions left it when a bit is set; of a large or
	                     * cut frame what is at hand; may be empty */
	bool rsv2, rsv3;
} rill_frame;
typedef void (*rill_trace_fn)(rill_conn *conn, const rill_frame *frame, void *user);

/* Taps the frames of a connection; fn NULL: no more. fn must not use the connection but for
 * reading its properties. Costs a branch when unused. Returns 0, RILL_ENOMEM, RILL_EUNSUPPORTED. */
RILL_API int rill_conn_trace(rill_conn *conn, rill_trace_fn fn, void *user);

#ifdef __cplusplus
}
#endif

#endif
