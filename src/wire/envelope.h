/* envelope.h: what stands around a session's frames on an HTTP transport: rows of a table, because many
 * transports differ in nothing else. */
#ifndef RL_WIRE_ENVELOPE_H
#define RL_WIRE_ENVELOPE_H

#include "base/buf.h"
#include "base/slice.h"

/* All writers append: 0 or RILL_ENOMEM, and then nothing was written. label: what the client wants its
 * frames to be called by, checked before (the callback of JSONP); empty where there is none. */
struct rl_envelope {
	const char *content_type;
	const char *binary_type; /* of the answer when its frame is binary, NULL: the same */
	/* Fields of the answer besides, as lines; NULL: none. */
	const char *fields;
	/* What a response begins with, in a chunk of its own; NULL: nothing. */
	int (*prelude)(struct rl_buf *out, struct rl_slice label);
	/* One frame with all around it, in a chunk of its own. */
	int (*wrap)(struct rl_buf *out, struct rl_slice label, struct rl_slice frame);
	bool unframed; /* a response without chunks or length, which ends with its connection */
};

#endif
