/* sse_event.h: text/event-stream (WHATWG HTML, 9.2): events written, and a stream of them read.
 *
 *   sse_write.c  the writers
 *   sse_event.c  the reader */
#ifndef RL_WIRE_SSE_EVENT_H
#define RL_WIRE_SSE_EVENT_H

#include "base/buf.h"
#include "base/slice.h"

/* One event, to be written or as it was read. */
struct rl_sse_event {
	struct rl_slice type; /* empty: "message" */
	/* To be written: NULL data: says nothing of an id; empty: clears it. As read: the last one given,
	 * by this event or an earlier one, with a NUL behind it; empty: none. */
	struct rl_slice id;
	struct rl_slice data; /* as read: lines joined by LF */
};

/* Writers append to a buffer and return 0 or a negative code, after which the buffer is as it was.
 * All lines end with CRLF. */

/* Can this stand in a field that is one line: no CR, LF or NUL? */
bool rl_sse_fits_line(struct rl_slice text);

/* The lines "event", "id" and "data", and the empty one. Line ends in the data, CR, LF or CRLF, stay
 * what they are, with a new "data" behind each. RILL_EINVAL: type or id does not fit a line.
 * RILL_ENOMEM. */
int rl_sse_write(struct rl_buf *out, const struct rl_sse_event *event);

/* The same in pieces: "event" and "id" and the beginning of the data; more data, piece by piece (cut
 * anywhere; *cr starts false and is kept in between); the end. */
int rl_sse_write_start(struct rl_buf *out, const struct rl_sse_event *event);
int rl_sse_write_data(struct rl_buf *out, struct rl_slice data, bool *cr);
int rl_sse_write_end(struct rl_buf *out, bool *cr);

/* An empty comment, and what the client has to wait before it comes back; each with an empty line
 * behind, as faye-websocket writes them. */
int rl_sse_write_ping(struct rl_buf *out);
int rl_sse_write_retry(struct rl_buf *out, uint64_t ms);

/* An id without an event: clients send it when they come back, and show nothing (WHATWG HTML, 9.2.6: an
 * event without data is not dispatched, but its id counts). RILL_EINVAL: it does not fit a line. */
int rl_sse_write_id(struct rl_buf *out, struct rl_slice id);

/* Reading. */

enum rl_sse_state {
	RL_SSE_BOM,   /* at the very beginning: U+FEFF is dropped */
	RL_SSE_FIELD, /* at the start of a line, or in its name */
	RL_SSE_SPACE, /* behind the colon: one space is dropped */
	RL_SSE_VALUE,
	RL_SSE_FAILED,
};

struct rl_sse {
	const struct rl_env *env;
	size_t max_event;
	enum rl_sse_state state;
	uint8_t bom;      /* bytes of it seen */
	uint8_t name_len; /* of the line's name; above sizeof(name): longer than any we know */
	char name[5];
	uint8_t field;     /* what the value is for; see sse_event.c */
	bool after_cr;     /* an LF that comes next belongs to the line end before */
	bool id_seen;      /* an id line stands in this block, its value in id_next */
	bool spoiled;      /* this line's value is not to be used */
	bool told;         /* the event's bytes are to be dropped at the next call */
	bool digits;       /* a retry line has some */
	int failure;       /* FAILED: why */
	size_t size;       /* of the block so far, as it came */
	uint64_t number;   /* the value of a retry line so far */
	uint64_t retry_ms; /* what the stream last said; UINT64_MAX: nothing yet */
	struct rl_buf data, type;
	struct rl_buf id_line, id_next,
		id; /* of this line; of this block; in force. With a NUL each */
};

/* max_event: bytes of one event's names, ids and data. Allocates nothing. */
void rl_sse_init(struct rl_sse *sse, const struct rl_env *env, size_t max_event);
void rl_sse_fini(struct rl_sse *sse);

/* Another stream begins, of which nothing has been read: what was unfinished is discarded (9.2.6), the
 * id and retry_ms stay. Also after a failure. */
void rl_sse_restart(struct rl_sse *sse);

/* The id in force from the outside, for the first stream. 0, RILL_EINVAL (a NUL), RILL_ENOMEM. */
int rl_sse_set_id(struct rl_sse *sse, struct rl_slice id);

/* The id in force, "" when there is none; what goes into Last-Event-ID. Until the next call. */
const char *rl_sse_id(const struct rl_sse *sse);

/* Reads on: 1 with an event, good until the next call; 0: all of *in is used up; or, from then on until
 * a restart,
 *   RILL_ETOOBIG  an event is above the limit
 *   RILL_ENOMEM
 * Type, id and data are UTF-8: what is none became U+FFFD, as browsers read it. Comments and unknown
 * fields cost nothing, however long. What "retry" says is in retry_ms as soon as it is read. */
int rl_sse_next(struct rl_sse *sse, struct rl_slice *in, struct rl_sse_event *event);

#endif
