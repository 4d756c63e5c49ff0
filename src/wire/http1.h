/* http1.h: HTTP/1.x messages: an incremental parser for heads and bodies, and writers.
 *
 * Strict where leniency has led to request smuggling (RFC 9112, sections 2.2, 3, 5, 6, 7, 11.2).
 * The head stays in the caller's buffer: while it is incomplete rl_http1_next() consumes nothing,
 * remembers how far it has looked, and wants to see the same bytes again with more behind them
 * (they may have moved). Each byte is looked at once or twice, however they trickle in, and an
 * impossible byte is refused as soon as it is there.
 *
 * The same parser reads requests (a server) and responses (a client). */
#ifndef RL_WIRE_HTTP1_H
#define RL_WIRE_HTTP1_H

#include "base/buf.h"
#include "base/slice.h"

struct rl_http1_limits {
	size_t head;            /* bytes of a head, line ends included; trailers count anew */
	size_t target;          /* bytes of the request target */
	size_t fields;          /* header fields (trailer fields likewise) */
	uint64_t body;          /* bytes of a body after chunk framing */
	size_t chunk_extension; /* bytes of chunk extensions over one whole body */
};

/* 16 KiB, 8 KiB, 128, 16 MiB, 4 KiB. */
void rl_http1_limits_default(struct rl_http1_limits *limits);

enum rl_http1_role {
	RL_HTTP1_REQUEST,
	RL_HTTP1_RESPONSE,
};

/* Bytes of the head by place, so that they survive the head being copied elsewhere. */
struct rl_http1_span {
	uint32_t start, len;
};

struct rl_http1_field {
	struct rl_http1_span name, value; /* value without white space around it */
};

enum rl_http1_framing {
	RL_HTTP1_NO_BODY,
	RL_HTTP1_LENGTH,     /* content_length says, not 0 */
	RL_HTTP1_CHUNKED,
	RL_HTTP1_UNTIL_CLOSE /* responses only */
};

/* Where to look for a field, by a number from 0 to 63 made of its name: a dozen names rarely share
 * one, and most of what is asked for is not there at all. */
struct rl_http1_index {
	uint64_t present;  /* bit n: there is a field with that number */
	uint64_t repeated; /* there is more than one */
	uint8_t first[64]; /* the first one, RL_HTTP1_FAR for all from there on */
};
#define RL_HTTP1_FAR 255

/* A parsed head. Read it through the functions below.
 *
 * The struct is the parser's from RL_HTTP1_HEAD until the call of rl_http1_next() that sees the
 * first byte of the next message. The bytes are the caller's: base points at them where they were
 * when RL_HTTP1_HEAD was returned, and whoever reuses that memory earlier copies len bytes away
 * first and sets base to the copy. */
struct rl_http1_head {
	const uint8_t *base;
	size_t len;          /* bytes of the head from base, the empty line included */
	struct rl_http1_span method, target; /* requests */
	struct rl_http1_span reason;         /* responses */
	uint16_t status;                     /* responses */
	uint8_t minor;                       /* HTTP/1.minor; anything above 1 counts as 1 */
	enum rl_http1_framing framing;
	uint64_t content_length;
	bool keep_alive;      /* the peer lets the connection live on after this message */
	bool expect_continue; /* requests: Expect: 100-continue, and HTTP/1.1 */
	struct rl_http1_field *fields;
	size_t field_count;
	struct rl_http1_index index;
};

static inline struct rl_slice rl_http1_text(
		const struct rl_http1_head *head, struct rl_http1_span span)
{
	return rl_slice(head->base + span.start, span.len);
}

/* The number for the index, the same for names that differ in case alone. The name is not empty. */
static inline unsigned rl_http1_name_number(struct rl_slice name)
{
	unsigned first = name.data[0] | 0x20u, last = name.data[name.len - 1] | 0x20u;

	return ((unsigned)name.len * 5 ^ first * 3 ^ last) & 63;
}

/* False: there is no field of that name. For a name that is a constant this is one test. */
static inline bool rl_http1_may_have(const struct rl_http1_head *head, struct rl_slice name)
{
	return name.len && head->index.present >> rl_http1_name_number(name) & 1;
}

/* The functions below, where the index has not said no; number is that of the name. */
bool rl_http1_find(const struct rl_http1_head *head, struct rl_slice name, unsigned number,
		size_t *cursor, struct rl_slice *value);
size_t rl_http1_count(const struct rl_http1_head *head, struct rl_slice name);
bool rl_http1_find_token(
		const struct rl_http1_head *head, struct rl_slice name, struct rl_slice token);

/* rl_http1_next_field() for a name whose number is known. Most names are there once, and written as they
 * are asked for. */
static inline bool rl_http1_next_numbered(const struct rl_http1_head *head, struct rl_slice name,
		unsigned number, size_t *cursor, struct rl_slice *value)
{
	size_t first = head->index.first[number];

	if (!(head->index.present >> number & 1))
		return false;
	if (first == RL_HTTP1_FAR || (head->index.repeated >> number & 1))
		return rl_http1_find(head, name, number, cursor, value);
	if (*cursor > first || head->fields[first].name.len != name.len)
		return false;
	if (memcmp(head->base + head->fields[first].name.start, name.data, name.len) != 0)
		return rl_http1_find(head, name, number, cursor, value);
	*cursor = first + 1;
	*value = rl_http1_text(head, head->fields[first].value);
	return true;
}

/* Walks all fields of one name (any case): *cursor starts at 0. False when there are no more. */
static inline bool rl_http1_next_field(const struct rl_http1_head *head, struct rl_slice name,
		size_t *cursor, struct rl_slice *value)
{
	return name.len && rl_http1_next_numbered(head, name, rl_http1_name_number(name), cursor, value);
}

/* The first field of that name; false when there is none. */
static inline bool rl_http1_field(
		const struct rl_http1_head *head, struct rl_slice name, struct rl_slice *value)
{
	size_t cursor = 0;

	return rl_http1_next_field(head, name, &cursor, value);
}

/* How many fields have this name. */
static inline size_t rl_http1_field_count(const struct rl_http1_head *head, struct rl_slice name)
{
	return rl_http1_may_have(head, name) ? rl_http1_count(head, name) : 0;
}

/* Does one of the fields of this name, each read as a comma-separated list, hold the token (any
 * case)? Connection: keep-alive, Upgrade. */
static inline bool rl_http1_has_token(
		const struct rl_http1_head *head, struct rl_slice name, struct rl_slice token)
{
	return rl_http1_may_have(head, name) && rl_http1_find_token(head, name, token);
}

enum rl_http1_event_type {
	RL_HTTP1_HEAD, /* parser->head is filled; its spans point into the bytes just consumed */
	RL_HTTP1_BODY, /* data: the next piece, in the caller's buffer */
	RL_HTTP1_END,  /* the message is complete; the next call starts another */
};

struct rl_http1_event {
	enum rl_http1_event_type type;
	struct rl_slice data;
};

enum rl_http1_state {
	RL_HTTP1_START,         /* before a head; empty lines are skipped here (RFC 9112, 2.2) */
	RL_HTTP1_METHOD,        /* requests */
	RL_HTTP1_TARGET,
	RL_HTTP1_VERSION,
	RL_HTTP1_STATUS,        /* responses: the version and the status */
	RL_HTTP1_REASON,
	RL_HTTP1_FIELD_NAME,    /* or the empty line behind the last field */
	RL_HTTP1_FIELD_VALUE,
	RL_HTTP1_BODY_LENGTH,   /* left bytes of the body are to come */
	RL_HTTP1_BODY_CLOSE,
	RL_HTTP1_CHUNK_SIZE,    /* the line with the size and the extensions */
	RL_HTTP1_CHUNK_DATA,    /* left bytes of the chunk are to come */
	RL_HTTP1_CHUNK_END,     /* the CRLF behind a chunk */
	RL_HTTP1_TRAILERS,      /* checked, counted and dropped */
	RL_HTTP1_MESSAGE_END,   /* END is due */
	RL_HTTP1_FAILED,
};

struct rl_http1 {
	const struct rl_env *env;
	const struct rl_http1_limits *limits; /* must outlive the parser */
	enum rl_http1_role role;
	enum rl_http1_state state;
	struct rl_http1_head head;
	size_t fields_room;
	size_t skipped;         /* bytes of empty lines in front of the head; part of its limit */
	size_t start, scanned;  /* in a head: where the state's part starts, how far it is known */
	uint8_t part;           /* CHUNK_SIZE, CHUNK_END, TRAILERS: where in the line */
	uint8_t digits;         /* CHUNK_SIZE: how many there have been */
	uint64_t left;
	uint64_t body_total;
	size_t extension_total;
	size_t trailer_total, trailer_count;
	/* RESPONSE, set by the caller before each: what was asked. There is no body after HEAD, nor
	 * after a 2xx to CONNECT. */
	bool head_method, connect_method;
	bool head_too_large; /* after a failure: the head went past its limit */
	/* What to answer after a failure: an HTTP status and one plain sentence. Static. */
	uint16_t error_status;
	const char *error_text;
};

/* Allocates nothing: memory for the fields is taken with the first one, kept from message to
 * message, and given back by rl_http1_fini(). */
void rl_http1_init(struct rl_http1 *p, const struct rl_env *env, enum rl_http1_role role,
		const struct rl_http1_limits *limits);
void rl_http1_fini(struct rl_http1 *p);

/* Reads on. Returns 1 with one event; 0 when more bytes are needed (what is left in *in has to
 * be shown again: a part of a head, never of a body or its framing); RILL_EPROTO with error_status
 * and error_text set (400, 413, 414, 417, 431, 501, 505; for responses the status is 0), from then
 * on for good; RILL_ENOMEM, after which the same call may be made again.
 *
 * 501 is for a method of more than 32 bytes and for a transfer coding in front of chunked.
 *
 * After HEAD of a request whose handler takes the connection over (an upgrade) the bytes behind
 * the head are simply not shown to the parser.
 *
 * 413 comes before the first byte of a body that is too long by its Content-Length, and on the
 * chunk-size line of the chunk that would go past the limit. */
int rl_http1_next(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev);

/* The peer has sent its last byte, and rl_http1_next() has returned 0. 0 when that is a fine place
 * to stop (between messages, or an UNTIL_CLOSE body, which then is complete: *complete, and no
 * RL_HTTP1_END follows), else RILL_EPROTO. */
int rl_http1_end_of_input(struct rl_http1 *p, bool *complete);

/* Is the parser inside a message (its first byte seen, its END not given)? */
bool rl_http1_busy(const struct rl_http1 *p);

/* Writers append to a buffer and return 0 or a negative code; after RILL_ENOMEM or RILL_EINVAL
 * the buffer is as it was. */

/* "HTTP/1.1 200 OK\r\n". reason NULL: the registered phrase, or "Unknown". RILL_EINVAL: status is
 * not of three digits, or reason holds a control character other than tab. */
int rl_http1_write_status(struct rl_buf *out, int status, const char *reason);

/* "GET /path HTTP/1.1\r\n". RILL_EINVAL: method is no token; target is empty or holds a space, a
 * control character, a '#' or a byte that is not ASCII. */
int rl_http1_write_request_line(struct rl_buf *out, struct rl_slice method, struct rl_slice target);

/* "Name: value\r\n". RILL_EINVAL: name is no token, or value holds a control character other
 * than tab. */
int rl_http1_write_field(struct rl_buf *out, struct rl_slice name, struct rl_slice value);

int rl_http1_write_end(struct rl_buf *out); /* the empty line */

/* The line in front of a chunk of len bytes, into text (at least 20 bytes); returns its length.
 * The chunk's data are followed by CRLF; the body ends with "0\r\n\r\n". */
size_t rl_http1_chunk_head(char *text, uint64_t len);

/* The registered reason phrase (RFC 9110, 15 and the IANA registry), or "Unknown". */
const char *rl_http1_reason(int status);

/* The status line with that phrase and its line end; empty when it is "Unknown". */
struct rl_slice rl_http1_status_line(int status);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) for seconds since 1970; text: 30 bytes. Years
 * are 1 to 9999; a time outside of them becomes the nearest inside. */
void rl_http1_date(char *text, int64_t unix_seconds);

#endif
