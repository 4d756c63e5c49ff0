/* sio_packet.h: Socket.IO packets (protocol 5, and 4 for clients of version 2): one text,
 * <type>[<n>-][<namespace>,][<id>][JSON], and n binary attachments behind it, whose places in the JSON are
 * {"_placeholder":true,"num":i}.
 *
 *   sio_packet.c        texts
 *   sio_placeholder.c   where the attachments belong
 *   sio_msgpack.c       packets in MessagePack, read
 *   sio_msgpack_write.c and written */
#ifndef RL_WIRE_SIO_PACKET_H
#define RL_WIRE_SIO_PACKET_H

#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"

enum rl_sio_type {
	RL_SIO_CONNECT = 0,
	RL_SIO_DISCONNECT,
	RL_SIO_EVENT,
	RL_SIO_ACK,
	RL_SIO_CONNECT_ERROR,
	RL_SIO_BINARY_EVENT,
	RL_SIO_BINARY_ACK,
};

struct rl_sio_packet {
	enum rl_sio_type type;
	uint32_t attachments; /* how many follow */
	struct rl_slice
		name; /* of the namespace, without what comes behind a '?'; "/" when none stands there */
	struct rl_slice query; /* revision 4 of the protocol: what comes behind the '?' */
	bool has_id;
	uint64_t id;
	bool has_data;
	struct rl_json data; /* checked. Events and acknowledgements always have it */
};

/* Takes a text apart and checks it by the rules of the reference parser: which types have data of which
 * kind, event names that are reserved, placeholders whose numbers are no integers or out of range, more
 * attachments than most; and, which no writer does, placeholders for one attachment again and again. Everything lies in text (but for the "[]" of an acknowledgement that says
 * nothing). 0; or, with a sentence in *why, RILL_EPROTO; RILL_ETOOBIG: too deep, too many attachments. */
int rl_sio_read(
	struct rl_sio_packet *packet, struct rl_slice text, uint32_t most, const char **why);

/* That last part of it, for packets that came otherwise: does the data fit the type? */
int rl_sio_check(struct rl_sio_packet *packet, const char **why);

/* Writes the head of a packet: everything in front of its data. name: "/" is not written. has_id, id as in
 * the packet. 0 or RILL_ENOMEM. */
int rl_sio_write_head(struct rl_buf *out, enum rl_sio_type type, uint32_t attachments,
	struct rl_slice name, bool has_id, uint64_t id);

/* Is this an event's name that only the protocol may use? */
bool rl_sio_reserved(struct rl_slice name);

/* Is this checked value a placeholder, that is an object whose _placeholder is true and that holds no
 * arrays and objects? And its num: RL_SIO_NO_NUM when it has none, or no integer of 32 bits. Looks no
 * further than the first array or object in it, so that asking all objects of a text costs no more than
 * going through it. */
#define RL_SIO_NO_NUM UINT32_MAX
bool rl_sio_placeholder(const struct rl_json *value, uint32_t *num);
/* Takes a placeholder off the front of a text that rl_json_step() goes through: rest is where an object
 * begins. False, and *rest stays: there is none. */
bool rl_sio_take_placeholder(struct rl_slice *rest, uint32_t *num);
/* The placeholder for attachment num. */
int rl_sio_write_placeholder(struct rl_buf *out, uint32_t num);

/* Appends data for a text with attachments of its own. A placeholder whose num is below count becomes the
 * one of number places[num], which is the next, (*next)++, where that is RL_SIO_NO_NUM yet; any other,
 * which only looks like one and would stand for somebody else's bytes, or none, becomes null. 0 or
 * RILL_ENOMEM. */
int rl_sio_copy(struct rl_buf *out, const struct rl_json *data, uint32_t *places, uint32_t count,
	uint32_t *next);

/* MessagePack (socket.io-msgpack-parser): one binary message for each packet, a map of type, nsp, data, id.
 * It becomes what rl_sio_read() would have given, its data as JSON with placeholders, appended to json, and
 * the binary ones as slices of bytes. And the other way round. */
struct rl_sio_attachments {
	struct rl_slice *list; /* owned by whoever made it, by env */
	uint32_t count, room;
	const struct rl_env *env; /* all else zero at first */
};
void rl_sio_attachments_fini(struct rl_sio_attachments *attachments);
/* 0; with a sentence in *why RILL_EPROTO, RILL_ETOOBIG; RILL_ENOMEM. The list is begun anew. Names lie in
 * bytes, data in json. A missing nsp is "/". Integers beyond 2^53 are written as integers; NaN and
 * infinities as null; a float as the shortest number that reads as it. */
int rl_sio_read_msgpack(struct rl_sio_packet *packet, struct rl_slice bytes, struct rl_buf *json,
	struct rl_sio_attachments *attachments, uint32_t most, const char **why);
/* Appends; data NULL: none. 0; RILL_ENOMEM; RILL_ETOOBIG: data deeper than RL_JSON_DEPTH, or something
 * longer than 32 bits say. Then nothing was written. */
int rl_sio_write_msgpack(struct rl_buf *out, enum rl_sio_type type, struct rl_slice name,
	bool has_id, uint64_t id, const struct rl_json *data, const struct rl_slice *attachments,
	uint32_t count);

#endif
