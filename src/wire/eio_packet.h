/* eio_packet.h: Engine.IO packets, revisions 4 and 3, as they stand in WebSocket messages and in the bodies
 * of polling (socketio-v4: engine.io-protocol).
 *
 * Revision 4: packets of a body are joined by 0x1E, binary ones are 'b' and base64. Revision 3: each has its
 * length in front, in UTF-16 units; or, where the client takes it and something is binary, the body is
 * binary: 0 or 1 (text, binary), the length's digits as bytes, 0xFF, the packet. There lengths count bytes.
 *
 *   eio_packet.c    packets
 *   eio_payload.c   bodies of packets
 *   eio_jsonp.c     what stands around bodies of JSONP */
#ifndef RL_WIRE_EIO_PACKET_H
#define RL_WIRE_EIO_PACKET_H

#include "base/base64.h"
#include "base/buf.h"
#include "base/slice.h"
#include "wire/envelope.h"

enum rl_eio_type {
	RL_EIO_OPEN = 0,
	RL_EIO_CLOSE,
	RL_EIO_PING,
	RL_EIO_PONG,
	RL_EIO_MESSAGE,
	RL_EIO_UPGRADE,
	RL_EIO_NOOP,
};

struct rl_eio_packet {
	enum rl_eio_type type;
	bool binary; /* a message of bytes */
	struct rl_slice data;
};

/* Writers append: 0 or RILL_ENOMEM, and then nothing was written. */

/* One packet as a WebSocket message: text, or binary when packet->binary. */
int rl_eio_write_message(struct rl_buf *out, int revision, const struct rl_eio_packet *packet);

/* One packet as a text, whatever it is: bytes are 'b' and base64. For clients that asked for that (b64=1). */
int rl_eio_write_text(struct rl_buf *out, int revision, const struct rl_eio_packet *packet);

/* Takes a WebSocket message apart. 0; RILL_EPROTO: empty, an unknown type, no base64; RILL_ENOMEM. data lies
 * in message, or (clients told to do without binary messages) decoded in scratch, whose content it
 * replaces. */
int rl_eio_read_message(struct rl_eio_packet *packet, int revision, struct rl_slice message,
	bool binary, struct rl_buf *scratch);

/* The next packet of a body that is written; first: it is the body's first. binary_body: revision 3's. */
int rl_eio_write_part(struct rl_buf *out, int revision, bool binary_body, bool first,
	const struct rl_eio_packet *packet);

/* Reads a body. */
struct rl_eio_payload {
	int revision;
	bool binary_body;
	struct rl_slice rest;
	bool done;
};
void rl_eio_payload_init(
	struct rl_eio_payload *p, int revision, bool binary_body, struct rl_slice body);
/* The next packet: 1; 0 behind the last; RILL_EPROTO (for good: the rest is not to be read); RILL_ENOMEM
 * (that packet is not taken). Texts were checked to be UTF-8. data lies in the body, or decoded in scratch,
 * whose content it replaces. */
int rl_eio_payload_next(
	struct rl_eio_payload *p, struct rl_buf *scratch, struct rl_eio_packet *packet);

/* The JSON behind an open packet. upgrades: is "websocket" one? */
int rl_eio_write_handshake(struct rl_buf *out, struct rl_slice sid, bool upgrades,
	uint32_t ping_interval, uint32_t ping_timeout, size_t max_payload);

/* JSONP: the body of an answer, ___eio[N]("..."); label: j, of which only the digits count. And what a form's
 * field d says, already form-decoded: newlines come as \n, backslash-n as \\n. */
int rl_eio_write_jsonp(struct rl_buf *out, struct rl_slice label, struct rl_slice body);
int rl_eio_read_jsonp(struct rl_buf *out, struct rl_slice text);

#endif
