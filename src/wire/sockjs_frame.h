/* sockjs_frame.h: what SockJS (protocol 0.3) says: frames to the client, what stands around them on each
 * transport, and what the client sends.
 *
 * To the client: o, h, a["x","y"], c[3000,"Go away!"]. From it: a JSON array of strings.
 *
 *   sockjs_frame.c      frames to the client
 *   sockjs_envelope.c   what stands around them
 *   sockjs_messages.c   what the client sends */
#ifndef RL_WIRE_SOCKJS_FRAME_H
#define RL_WIRE_SOCKJS_FRAME_H

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"
#include "wire/envelope.h"

/* A message as an element of an a-frame: "...", with the escapes that browsers need. 0, RILL_ENOMEM. */
int rl_sockjs_write_element(struct rl_buf *out, struct rl_slice text);

/* c[code,"reason"]. */
int rl_sockjs_write_close(struct rl_buf *out, int code, struct rl_slice reason);

/* What stands around frames on each transport; the label is the callback. */
extern const struct rl_envelope rl_sockjs_xhr;           /* frame \n */
extern const struct rl_envelope rl_sockjs_xhr_streaming; /* 2,048 h \n first */
extern const struct rl_envelope rl_sockjs_eventsource;   /* \r\n first; data: frame \r\n\r\n */
extern const struct rl_envelope rl_sockjs_htmlfile;      /* a page; a script for each frame */
extern const struct rl_envelope rl_sockjs_jsonp;         /* a call of the callback */

/* NULL, or the sentence about what is wrong with a callback: `"callback" parameter required` when it is
 * empty, `invalid "callback" parameter`. max: its longest length, 0: any. */
const char *rl_sockjs_callback_fault(struct rl_slice callback, size_t max);

/* What a client sends: messages, one by one. */
struct rl_sockjs_messages {
	struct rl_slice rest; /* of an array; NULL data: used up */
	struct rl_json only;  /* a message without an array (WebSockets), or the only one of it */
	bool has_only;
};

/* Begins to read an array; all of it is checked here. 0; RILL_EPROTO: no JSON; RILL_EINVAL: JSON, but no
 * array; RILL_ETOOBIG: too deep. single: one that is no array counts as one message. text stays the
 * caller's and has to last until the last message was taken. */
int rl_sockjs_read(struct rl_sockjs_messages *m, struct rl_slice text, bool single);

/* The next message's text: a slice of the text itself where it stands there as it is, else written to
 * scratch, whose content it replaces. What is no string comes as its JSON. 1; 0 behind the last;
 * RILL_ENOMEM (that message is not taken). */
int rl_sockjs_next(struct rl_sockjs_messages *m, struct rl_buf *scratch, struct rl_slice *message);

/* Finds the JSON in the body of a jsonp_send: the field d of a form, decoded to out, or (form false) the
 * body itself; a JSON string stands for its text, once. 0: rl_sockjs_read() says whether it is JSON;
 * RILL_ENOENT: nothing there; RILL_EPROTO: a string's beginning, but no JSON; RILL_ENOMEM. *json lies in
 * body or behind what out held before. */
int rl_sockjs_read_jsonp(struct rl_slice body, bool form, struct rl_buf *out, struct rl_slice *json);

#endif
