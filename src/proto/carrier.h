/* carrier.h: how a session's frames leave: one response, or one WebSocket, as long as it lasts.
 *
 *   carrier.c            what any carrier can do
 *   carrier_http.c       on a response: one frame and its end (polls), or one chunk after the other
 *   carrier_websocket.c  on a WebSocket connection of a service of our own (websocket.h)
 *
 * A transport is a row (struct rl_carrier_row): facts, and an envelope. What is in the frames is the
 * dialect's (session.h). */
#ifndef RL_PROTO_CARRIER_H
#define RL_PROTO_CARRIER_H

#include <rill/websocket.h>
#include "conn/conn.h"
#include "http/exchange.h"
#include "wire/content_coding.h"
#include "wire/envelope.h"

struct rl_carrier;
struct rl_session;

/* What the loss of a carrier means, one that the client or the network has ended. */
enum rl_on_loss {
	RL_LOSS_ENDS,  /* the session is over */
	RL_LOSS_WAITS, /* the client may come back, for as long as a session lives without a carrier */
};

/* How a sign of life is given. */
enum rl_beat {
	RL_BEAT_NONE,
	RL_BEAT_FRAME, /* the dialect's frame */
	RL_BEAT_PING,  /* a WebSocket's ping; a frame where the version has none */
	RL_BEAT_ASKED, /* the dialect's frame, and an answer, which dialect->next reports by rl_session_answered() */
	RL_BEAT_RELEASE, /* who receives is sent away with nothing, and comes again */
	/* The session's, whoever carries it, nobody as well; such a session waits for its client as long as
	 * that gives signs of life. */
	RL_BEAT_QUEUED,  /* a message of type RL_OUTBOUND_BEAT, and an answer */
	RL_BEAT_AWAITED, /* the client's; beat_ms and answer_ms may pass in between */
};

/* One transport of one dialect. */
struct rl_carrier_row {
	const char *name; /* as programs and logs know it: "xhr-streaming" */
	const struct rl_carrier_ops *ops;
	const struct rl_envelope *envelope; /* HTTP */
	bool one_shot; /* the response ends behind its first frame */
	bool duplex;   /* brings messages in as well */
	bool raw;      /* messages stand for themselves: no frames, no opening, no word at the end */
	bool binary;   /* frames may be binary */
	bool single;   /* each message has a frame of its own (dialect->frame) */
	bool joined;   /* ... but what has waited goes as one (dialect->pack) */
	enum rl_on_loss on_loss;
	enum rl_beat beat;
};

/* None of these calls up. */
struct rl_carrier_ops {
	/* Sends one frame, compressed or not as carrier->plain says, where there is a choice. 0; 1: taken, but it
	 * is full, and rl_session_drained() follows; 2: taken, and it was the last: the carrier has ended by
	 * itself and is gone (a poll, a response over its limit). Negative: RILL_ECLOSED, RILL_ENOMEM; it is
	 * lost, and still the session's. */
	int (*write)(struct rl_carrier *carrier, rill_kind kind, struct rl_slice frame);
	/* A message of a raw carrier, or a frame that is the same for many: written by reference where that
	 * can be. NULL: write it. Results of write. */
	int (*publish)(struct rl_carrier *carrier, struct rl_publication *publication);
	/* Ends it in order, what was written goes out first; code and reason are a WebSocket's; a poll that
	 * got nothing is answered 400 for 1002, else 200. The carrier is gone. */
	void (*finish)(struct rl_carrier *carrier, int code, struct rl_slice reason);
	/* Ends it at once. The carrier is gone. */
	void (*cut)(struct rl_carrier *carrier);
	/* The session takes messages, or no longer. Carriers that bring none (not duplex) do nothing. */
	void (*set_reading)(struct rl_carrier *carrier, bool on);
	/* Writes out what is queued, while it is in the cache. */
	void (*flush)(struct rl_carrier *carrier);
	size_t (*queued)(const struct rl_carrier *carrier);
	/* Asks for a sign of life; rl_session_answered() follows. RILL_EUNSUPPORTED: send a frame. */
	int (*ping)(struct rl_carrier *carrier);
	bool (*local)(const struct rl_carrier *carrier, struct rl_addr *addr);
	bool (*secure)(const struct rl_carrier *carrier);
	/* Nothing more leaves for now: gives back what waiting does not need. */
	void (*settle)(struct rl_carrier *carrier);
};

struct rl_carrier {
	const struct rl_carrier_row *row;
	struct rl_session *session; /* NULL: nobody's yet, or let go */
	bool offered; /* not the session's carrier yet: see rl_session_offer() */
	bool plain;   /* what is written is not to be compressed */
};

extern const struct rl_carrier_ops rl_carrier_http_ops, rl_carrier_websocket_ops;

/* A carrier on the response to a request, which it follows from now on. fields: of the answer, as lines
 * (CORS, cookies; rill_response_header() ones come besides). label: see envelope.h; copied. limit: bytes
 * after which the response ends, 0: none; preludes are not counted. Streams: head and prelude are written
 * here; polls: with their frame. RILL_ESTATE, RILL_ECLOSED, RILL_ENOMEM: the request is still the
 * caller's. */
int rl_carrier_http_new(struct rl_carrier **carrier, const struct rl_carrier_row *row,
	rill_request *request, struct rl_slice fields, struct rl_slice label, uint64_t limit);

/* Bodies of at least so many bytes are coded, unless they are plain. */
void rl_carrier_http_compress(struct rl_carrier *carrier, enum rl_coding coding, size_t threshold);

/* A carrier on a WebSocket that has just opened, and whose handler has the functions below: the
 * connection's user pointer becomes the carrier. RILL_ENOMEM: the connection is still the caller's. */
int rl_carrier_websocket_new(
	struct rl_carrier **carrier, const struct rl_carrier_row *row, struct rill_conn *conn);

/* The options of such a service: of those given, what is not the session's. user: of the service below. */
rill_websocket_options rl_carrier_websocket_options(
	const rill_websocket_options *from, size_t max_message, void *user);

/* What such connections tell their carrier: for the service's handler, beside an on_open of its own that makes
 * the carrier and the session. on_pong: where pongs are answers to RL_BEAT_PING. */
void rl_carrier_on_message(struct rill_conn *conn, rill_msg msg);
void rl_carrier_on_drain(struct rill_conn *conn);
void rl_carrier_on_pong(struct rill_conn *conn, rill_bytes data);
void rl_carrier_on_close(struct rill_conn *conn, int code, rill_bytes reason);

/* Says one frame on a carrier that is nobody's, and ends it in order. */
void rl_carrier_say_last(struct rl_carrier *carrier, struct rl_slice frame);

#endif
