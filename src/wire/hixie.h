/* hixie.h: the drafts of 2009 and 2010: hixie-75 and hixie-76 (= hybi-00), server side.
 *
 * Frames are 00 text FF, or a byte with the top bit set, a length in base 128 and bytes to skip.
 * hixie-76 adds a challenge of 8 bytes behind the request head and the closing frame FF 00. */
#ifndef RL_WIRE_HIXIE_H
#define RL_WIRE_HIXIE_H

#include "base/buf.h"
#include "base/slice.h"
#include "wire/ws_session.h" /* events and config are the same */

enum rl_hixie_state {
	RL_HIXIE_CHALLENGE, /* 76: waiting for the 8 bytes; nothing but the head may be sent */
	RL_HIXIE_OPEN,
	RL_HIXIE_CLOSING,   /* 76: our FF 00 is out */
	RL_HIXIE_DONE,      /* closed by the peer, by FF 00 both ways, or by a failure */
};

enum rl_hixie_phase {
	RL_HIXIE_TYPE,   /* the next byte is a frame type */
	RL_HIXIE_TEXT,   /* up to FF, delivered */
	RL_HIXIE_OTHER,  /* types 01 to 7F: up to FF, discarded */
	RL_HIXIE_LENGTH, /* base-128 length */
	RL_HIXIE_SKIP,   /* left bytes to skip */
};

struct rl_hixie {
	const struct rl_env *env;
	const struct rl_ws_config *config;
	struct rl_buf *out;     /* where the session's own bytes go */
	struct rl_buf message;
	uint64_t left;
	uint64_t deadline_at;
	uint32_t number1, number2;
	uint8_t challenge[8];
	uint8_t challenge_len;
	uint8_t type;
	bool draft76;
	enum rl_hixie_state state;
	enum rl_hixie_phase phase;
	const char *error_text;
	bool hold_message;
};

void rl_hixie_init_75(struct rl_hixie *h, const struct rl_env *env,
		const struct rl_ws_config *config, struct rl_buf *out);
void rl_hixie_init_76(struct rl_hixie *h, const struct rl_env *env,
		const struct rl_ws_config *config, struct rl_buf *out, uint32_t number1,
		uint32_t number2);
void rl_hixie_fini(struct rl_hixie *h);

/* Like rl_ws_next(): events MESSAGE (text; what is not UTF-8 comes as U+FFFD) and CLOSE (code
 * 1005: FF 00 came, in draft 76; the answer has been queued). When the challenge is complete the
 * digest is queued and the state becomes OPEN; the same call may bring the first event.
 * RILL_EPROTO: a message or a length above max_message; there is no way to say so, the connection
 * ends. RILL_ENOMEM. RILL_EUNSUPPORTED: OpenSSL has no MD5 for the challenge. After each of them
 * the state is DONE, in which all input is discarded. */
int rl_hixie_next(struct rl_hixie *h, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now);

/* Appends a text frame. RILL_ESTATE before OPEN, RILL_ECLOSED, RILL_ENOMEM; RILL_EUTF8: there is
 * an FF in it, which would end the frame (the rest of UTF-8 is not checked). */
int rl_hixie_write(struct rl_hixie *h, struct rl_buf *out, struct rl_slice text);

/* Draft 76: queues FF 00 and waits close_timeout for the peer's; draft 75: DONE at once. */
void rl_hixie_close(struct rl_hixie *h, uint64_t now);

static inline uint64_t rl_hixie_deadline(const struct rl_hixie *h)
{
	return h->deadline_at;
}

/* RILL_ETIMEDOUT when the peer did not answer the close in time; else 0. */
int rl_hixie_expire(struct rl_hixie *h, uint64_t now);

#endif
