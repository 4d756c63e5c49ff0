/* ws_session.h: one end of an RFC 6455 connection after its handshake: frames in, messages and
 * events out, fragments, control frames, UTF-8, limits, compression, the closing handshake and
 * its deadlines. No socket, no clock.
 *
 * Input is a moving slice of WRITABLE bytes (payload is unmasked in place). A frame that lies
 * whole in it and is a message by itself is handed out where it is. Of a cut frame the payload
 * that is there is consumed into the session's message, so that at most a header (13 bytes) is
 * left over; cost stays linear however the bytes are split.
 *
 * What the session itself has to say (pongs, close frames, pings) is appended to the
 * buffer its configuration names; its owner writes that out after every call. */
#ifndef RL_WIRE_WS_SESSION_H
#define RL_WIRE_WS_SESSION_H

#include <rill/base.h>
#include "base/buf.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "wire/ws_fault.h"
#include "wire/ws_frame.h"

struct rl_ws_pipeline;

/* What is the same for all connections of one service; outlives its sessions, but for their fini. */
struct rl_ws_config {
	struct rl_buf *out;   /* where sessions' own frames go; also names the allocator */
	uint64_t max_message; /* bytes of a message, out of its extensions; 1009 above. A transformed
	                         * frame may announce a little more, for what does not compress */
	uint32_t max_fragments; /* frames of one message; 1008 above */
	bool pieces;            /* hand out PIECE events as bytes come, not whole messages */
	uint32_t close_timeout; /* ms from our Close, or from a failure, to the end of TCP */
	uint32_t linger;        /* client: ms for the server to end TCP after the handshake */
	uint32_t ping_interval; /* ms between automatic pings; 0: none */
	uint32_t pong_timeout;  /* ms for their pong; 0: not acted on */
};

/* max_message 64 MiB - 1, max_fragments 2^20, whole messages, 30 s, 2 s, no pings; out is still to be
 * set. */
void rl_ws_config_default(struct rl_ws_config *config);

enum rl_ws_role {
	RL_WS_SERVER, /* unmasks; sends unmasked */
	RL_WS_CLIENT, /* the other way round */
};

enum rl_ws_state {
	RL_WS_OPEN,
	RL_WS_CLOSE_SENT, /* our Close is out; messages still arrive and are still delivered */
	RL_WS_DONE,   /* Close sent and received: the server ends TCP, the client waits linger */
	RL_WS_FAILED, /* we failed the connection: Close is out, input is discarded */
};

enum rl_ws_event_type {
	RL_WS_MESSAGE, /* text, data: a whole message */
	RL_WS_PIECE,   /* text, data: the next piece of a message; fin: the last. Text pieces end
	                * between characters */
	RL_WS_PING,    /* data; its pong has been queued, also after our Close (RFC 6455, 5.5.2) */
	RL_WS_PONG,    /* data */
	RL_WS_CLOSE,   /* code (1005: none was sent) and data (the reason): once. If the peer spoke
	                * first the answering Close has been queued */
};

struct rl_ws_event {
	enum rl_ws_event_type type;
	bool text;       /* MESSAGE, PIECE: text, else binary */
	bool first, fin; /* PIECE */
	uint8_t bits;    /* MESSAGE, PIECE: the RSV bits it came with */
	bool in_place;   /* MESSAGE: data lies in the input, and the session holds nothing: it
	                       * need not be called again before there is more input */
	uint16_t code;
	struct rl_slice data; /* good until the next rl_ws_next() or rl_ws_fini(), whatever else is
	                       * called in between */
};

/* What there is of a frame or message that has begun and not ended. */
struct rl_ws_part {
	struct rl_buf message; /* of a message that came cut, fragmented or transformed */
	uint8_t *control;      /* payload of a cut control frame (125 bytes), while needed */
	uint64_t frame_left;   /* payload bytes of the current frame still to come */
	uint64_t message_len;  /* bytes of the message so far, pieces handed out included */
	uint32_t fragments;    /* frames of the message so far */
	uint32_t utf8;         /* of the message, see base/utf8.h */
	uint8_t mask[4];
	uint8_t mask_phase;  /* payload bytes of the current frame so far, modulo 4 */
	uint8_t control_len; /* bytes collected of a cut control frame */
	uint8_t carry_len;   /* pieces: a text piece's last character, cut so far */
	uint8_t carry[4];
};

/* One end. Fields are the session's own; its owner sets pipeline after init when there is one, and
 * reads state and close_code.
 *
 * An idle session holds no memory: what an event handed out goes back in the rl_ws_next() after it,
 * so the owner calls that until it returns 0, or until an event was in_place. */
struct rl_ws {
	const struct rl_ws_config *config;
	struct rl_ws_pipeline *pipeline; /* owned; NULL: no extension was agreed on */
	struct rl_ws_part *part;    /* NULL between messages that lie whole in the input */
	uint64_t deadline_at;       /* when expire() has to be called; UINT64_MAX: never */
	uint32_t ping_count; /* automatic pings so far: their payload, in decimal */
	uint16_t close_code; /* 1006, until the CLOSE event or a failure of ours says better */
	uint8_t opcode;      /* of the current frame */
	enum rl_ws_state state : 8;
	enum rl_ws_role role : 8;
	bool in_frame : 1;   /* header read, payload not done; part is there */
	bool fin : 1;        /* of the current frame */
	bool in_message : 1; /* a data message is open; part is there */
	bool text : 1;
	bool undoing : 1; /* a piece of this message has gone through the pipeline */
	bool piece_out : 1;      /* pieces: the first of this message has been handed out */
	bool bad_text : 1;       /* found in rl_ws_received(), told by rl_ws_next() */
	bool pong_due : 1;       /* the latest automatic ping is unanswered */
	bool hold_message : 1;   /* message was handed out; release before going on */
	bool hold_control : 1;   /* likewise control */
	uint8_t bits;            /* RSV bits of the message that comes: what is to be undone */
	uint8_t out_bits;        /* ... of the one that is being sent */
	uint8_t fault;           /* enum rl_ws_fault: see rl_ws_error_text() */
};

/* now: ms, for the first automatic ping. */
void rl_ws_init(
	struct rl_ws *ws, const struct rl_ws_config *config, enum rl_ws_role role, uint64_t now);
void rl_ws_fini(struct rl_ws *ws);

/* Reads on. Returns 1 with one event, 0 when more bytes are needed, or
 *   RILL_EPROTO  the peer broke the protocol or a limit: the session is FAILED, close_code and
 *                rl_ws_error_text() say how (1002, 1007, 1008, 1009), the Close has been queued
 *   RILL_ENOMEM, RILL_EIO (an extension's failure)  likewise, with 1011
 * In the states DONE and FAILED it discards all input and returns 0. now: ms. */
int rl_ws_next(struct rl_ws *ws, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now);

/* Memory into which the next payload bytes may be received directly, at most *len of them; NULL
 * when the session is not inside the untransformed payload of a large cut frame. The bytes go in
 * as they come from the wire. Growth follows what has arrived, not what was announced. */
uint8_t *rl_ws_receive_target(struct rl_ws *ws, size_t *len);

/* Nearly all that ever comes is short messages that lie whole in the input, one frame each. Those are
 * known at a glance, without a call: an owner that asks first saves most of what rl_ws_next() costs.
 * Anything else, or anything odd, is for rl_ws_next(), which asks too. */
struct rl_ws_short {
	size_t len;    /* of the payload */
	unsigned size; /* of the header */
	bool text;
};

static inline bool rl_ws_glance_as(const struct rl_ws *ws, enum rl_ws_role role,
	struct rl_slice in, struct rl_ws_short *m)
{
	unsigned masked = role == RL_WS_SERVER ? 0x80 : 0;
	if (in.len < 8 || ws->part || ws->state > RL_WS_CLOSE_SENT || ws->config->pieces)
		return false;
	const uint8_t *data = in.data;
	m->text = data[0] == (RL_WS_FIN | RL_WS_OP_TEXT);
	if (!m->text && data[0] != (RL_WS_FIN | RL_WS_OP_BINARY))
		return false;
	size_t len = data[1] ^ masked;
	m->size = masked ? 6 : 2;
	if (len == 126) {
		len = (size_t)data[2] << 8 | data[3];
		m->size += 2;
	} else if (len == 127) {
		if (in.len < 14 || data[2] | data[3] | data[4] | data[5])
			return false;
		len = (size_t)data[6] << 24 | (size_t)data[7] << 16 | (size_t)data[8] << 8 | data[9];
		m->size += 8;
	} else if (len > 127) {
		return false;
	}
	m->len = len;
	return len <= ws->config->max_message && len + m->size <= in.len;
}
static inline bool rl_ws_glance(const struct rl_ws *ws, struct rl_slice in, struct rl_ws_short *m)
{
	return rl_ws_glance_as(ws, ws->role, in, m);
}

/* Takes what rl_ws_glance() has seen to where its owner wants it: in its place or before it, over
 * what has been taken already; servers only. False: it is not UTF-8, and rl_ws_refuse_text() is to
 * follow, which fails the session. */
void rl_ws_refuse_text(struct rl_ws *ws, struct rl_slice *in, uint64_t now);
bool rl_ws_take_large(struct rl_slice *in, struct rl_ws_short m, uint8_t *to);
static inline bool rl_ws_take_to(struct rl_slice *in, const struct rl_ws_short *m, uint8_t *to)
{
	const uint8_t *payload = in->data + m->size;
	size_t n = m->len;
	uint32_t key;
	if (n - 16 > 48)
		return rl_ws_take_large(in, *m, to);
	memcpy(&key, payload - 4, 4);
	rl_ws_mask_few(to, payload, n, key);
	if (m->text && !(n <= 32 && rl_utf8_short_ascii(to, n)) && !rl_utf8_valid(to, n))
		return false;
	in->data = payload + n;
	in->len -= m->size + n;
	return true;
}

/* Takes what rl_ws_glance() has seen. Results of rl_ws_next(). */
int rl_ws_take_short(struct rl_ws *ws, struct rl_slice *in, const struct rl_ws_short *m,
	struct rl_ws_event *ev, uint64_t now);

/* Would rl_ws_receive_target() name memory now? Costs nothing. */
bool rl_ws_wants_target(const struct rl_ws *ws);

/* n bytes were received there. They count as read; call rl_ws_next() afterwards, with an empty
 * slice if need be, for what follows from them. */
void rl_ws_received(struct rl_ws *ws, size_t n);

/* Bytes of memory that an unfinished message holds. */
static inline size_t rl_ws_held(const struct rl_ws *ws)
{
	return ws->part ? ws->part->message.cap : 0;
}

/* Is a message's memory the session's own (came cut, fragmented or transformed)? Then this takes it
 * over as a blob during the MESSAGE event; NULL when it lies in the input or memory is short. */
struct rl_blob *rl_ws_take_message(struct rl_ws *ws);

/* Begins the closing handshake (or queues nothing when a Close is already out). code 1005 sends
 * an empty Close and takes no reason. Returns 0; RILL_EINVAL: a code that may not be sent (see
 * rl_ws_code_sendable), a reason over 123 bytes; RILL_EUTF8; RILL_ENOMEM (the state changes all the
 * same). */
int rl_ws_close(struct rl_ws *ws, uint16_t code, struct rl_slice reason, uint64_t now);

/* Fails the connection from our side: queues the Close with the fault's code and sentence unless
 * one is out already, state FAILED. Nothing happens in the states DONE and FAILED. */
void rl_ws_fail(struct rl_ws *ws, enum rl_ws_fault fault, uint64_t now);

/* After a failure or a missed deadline: one sentence, static; else NULL. */
const char *rl_ws_error_text(const struct rl_ws *ws);

/* Appends a data frame (fin) or a fragment to a buffer: header, masking and extensions as the
 * session has them. For a message in one piece first and fin are true; through which extensions a
 * message in fragments goes is decided by the length of its first. Returns 0, RILL_ECLOSED (Close is
 * out), RILL_ENOMEM: nothing was appended, and a message begun compressed cannot be continued;
 * RILL_EIO: an extension has failed: fail the session with that (rl_ws_fail()). Text is not checked
 * here. */
int rl_ws_write(struct rl_ws *ws, struct rl_buf *out, bool text, bool first, bool fin,
	struct rl_slice data);

/* Only the header of an unmasked, untransformed, whole message; the payload follows by reference.
 * Servers in state OPEN only, not between fragments. Returns its size. */
size_t rl_ws_write_message_head(
	struct rl_ws *ws, uint8_t out[RL_WS_HEAD_MAX], bool text, uint64_t len);

/* Appends a ping or pong. RILL_ETOOBIG: over 125 bytes; RILL_ECLOSED: Close is out; RILL_ENOMEM. */
int rl_ws_write_control(
	struct rl_ws *ws, struct rl_buf *out, enum rl_ws_opcode opcode, struct rl_slice data);

/* When rl_ws_expire() has to be called; UINT64_MAX: not at all. Read it again after every other
 * call. It is, by state:
 *   OPEN        the next automatic ping: ping_interval after the latest (or init), whatever else
 *               was sent or came. While one is unanswered and pong_timeout is set it is instead
 *               pong_timeout after that ping, and no other goes out; a pong that comes after the
 *               next was due makes that due at once. Only a pong with the payload of the latest
 *               automatic ping is its answer
 *   CLOSE_SENT  close_timeout after our Close; pings and their deadline have ended
 *   DONE        server: close_timeout after the handshake, for what is queued to leave and TCP to
 *               be ended; client: linger after it
 *   FAILED      close_timeout after the failure
 * After a deadline was missed there is none any more. A close_timeout or linger of 0 does not wait
 * at all. */
static inline uint64_t rl_ws_deadline(const struct rl_ws *ws)
{
	return ws->deadline_at;
}

/* Acts on a deadline that has passed (0 and nothing done when none has): queues an automatic ping
 * (0; one that memory is short for is left out), or reports that the peer is to be cut off:
 * RILL_ETIMEDOUT, once: the close handshake, linger or the wait after a failure did not end, or a
 * pong stayed away. OPEN and CLOSE_SENT become FAILED with a sentence, close_code stays 1006;
 * DONE and FAILED keep what they had. */
int rl_ws_expire(struct rl_ws *ws, uint64_t now);

/* May this code be sent in a Close (and so be given to close())? 1000-1003, 1007-1014,
 * 3000-4999. The same set is accepted from a peer. */
bool rl_ws_code_sendable(unsigned code);

/* May a message whose first (or only) frame has len bytes be compressed or transformed otherwise by
 * rl_ws_write()? False: it goes as it is. */
bool rl_ws_worth_compressing(const struct rl_ws *ws, size_t len); /* with a pipeline */
static inline bool rl_ws_would_compress(const struct rl_ws *ws, size_t len)
{
	return ws->pipeline && rl_ws_worth_compressing(ws, len);
}

#endif
