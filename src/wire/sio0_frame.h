/* sio0_frame.h: the framing of Socket.IO 0.5 and 0.6: "~m~" LENGTH "~m~" BODY, one frame behind the other; a body that
 * begins with "~h~" is a heartbeat, with "~j~" a JSON value. The length counts UTF-16 units, because it is that of a
 * string of JavaScript: a character beyond the Basic Multilingual Plane is two.
 *
 * There is no escape: a text that begins with one of the signs cannot be said.
 *
 *   sio0_frame.c      frames, one by one
 *   sio0_form.c       the form that they come in
 *   sio0_envelope.c   what stands around them on each HTTP transport
 *   sio0_policy.c     what Flash asks for before it connects */
#ifndef RL_WIRE_SIO0_FRAME_H
#define RL_WIRE_SIO0_FRAME_H

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"
#include "wire/envelope.h"

/* Would it be read as something else than a text? */
bool rl_sio0_is_sign(struct rl_slice text);

/* One frame, appended: 0 or RILL_ENOMEM, and then nothing was written. Texts are UTF-8. */
int rl_sio0_write_text(struct rl_buf *out, struct rl_slice text);
/* Line ends in its white space leave as LF, which any carrier keeps. */
int rl_sio0_write_json(struct rl_buf *out, struct rl_slice json);
int rl_sio0_write_heartbeat(struct rl_buf *out, uint32_t number);
/* A text with its line ends (CRLF, CR, LF) as LF, for carriers that keep no others. */
int rl_sio0_write_lines(struct rl_buf *out, struct rl_slice text);

enum rl_sio0_type {
	RL_SIO0_TEXT,
	RL_SIO0_JSON,      /* body is a JSON value that was checked; "{}" in place of what is none */
	RL_SIO0_HEARTBEAT, /* number */
};

struct rl_sio0_message {
	enum rl_sio0_type type;
	struct rl_slice body; /* without its sign; in the bytes read, in scratch, or a constant */
	uint32_t number;      /* UINT32_MAX: none that could be ours */
};

/* Takes the next frame off what a client has sent at once, which is UTF-8. form: it has come by an HTML form, which
 * turns line ends into CRLF and leaves the length as it was: a body that only fits with CRLF as one unit has LF
 * there (in scratch, from its beginning; good until the next call). 1; 0: all is read; RILL_EPROTO: what follows is
 * no frame, and nothing behind it can be found; RILL_ENOMEM, and it was not taken. A body that is cut off by the end of
 * everything is what there is of it; one that would end inside a character ends before that. */
int rl_sio0_next(
	struct rl_slice *in, bool form, struct rl_buf *scratch, struct rl_sio0_message *message);

/* The field data of a form, decoded to out, with U+FFFD for what is no UTF-8. 0; RILL_ENOENT: there is none;
 * RILL_ENOMEM. */
int rl_sio0_read_form(struct rl_buf *out, struct rl_slice form);

/* What stands around the frames on each HTTP transport; the label of jsonp is the number of its callback. A frame
 * of no bytes is an answer with nothing. Multipart has no escape: a text that holds the boundary, "--socketio", is cut
 * there by the client. */
extern const struct rl_envelope rl_sio0_polling, rl_sio0_jsonp, rl_sio0_htmlfile, rl_sio0_multipart,
	rl_sio0_events;

/* The policy that Flash asks for: who may connect. hosts and ports: count of each, "*" or what they are. 0 or
 * RILL_ENOMEM. */
#define RL_SIO0_POLICY_REQUEST RL_SLICE("<policy-file-request/>\0")
int rl_sio0_write_policy(
	struct rl_buf *out, const struct rl_slice *hosts, const struct rl_slice *ports, size_t count);

#endif
