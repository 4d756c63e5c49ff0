/* msgpack.h: MessagePack, item by item (the specification of 2013, with timestamps), without a tree and
 * without recursion. */
#ifndef RL_WIRE_MSGPACK_H
#define RL_WIRE_MSGPACK_H

#include "base/buf.h"
#include "base/slice.h"

enum rl_msgpack_kind {
	RL_MSGPACK_NIL,
	RL_MSGPACK_FALSE,
	RL_MSGPACK_TRUE,
	RL_MSGPACK_UINT,  /* not negative, whatever it is written as */
	RL_MSGPACK_INT,   /* negative */
	RL_MSGPACK_FLOAT, /* of either size */
	RL_MSGPACK_STR,
	RL_MSGPACK_BIN,
	RL_MSGPACK_EXT,
	RL_MSGPACK_ARRAY, /* count items follow */
	RL_MSGPACK_MAP,   /* count names and values follow */
};

struct rl_msgpack_item {
	enum rl_msgpack_kind kind;
	bool fixed;  /* an extension of one of the lengths that have a code of their own */
	int8_t type; /* of an extension */
	uint32_t count;
	uint64_t natural;      /* UINT */
	int64_t integer;       /* INT */
	double number;         /* FLOAT */
	struct rl_slice bytes; /* STR (not checked), BIN, EXT */
};

/* Takes the next item off the front: 0; RILL_EPROTO: its beginning only, the code that is never used, or a
 * count of more than could follow. */
int rl_msgpack_next(struct rl_slice *in, struct rl_msgpack_item *item);

/* Takes an item and all that is in it. As rl_msgpack_next(). */
int rl_msgpack_skip(struct rl_slice *in);

/* The milliseconds since 1970 that a timestamp (an extension of type -1) says, those before rounded down;
 * false: it is none, or beyond the time that JavaScript has (8.64e15 ms to both sides). */
bool rl_msgpack_timestamp(const struct rl_msgpack_item *ext, int64_t *ms);

/* Writers append the shortest form: 0; RILL_ENOMEM; RILL_ETOOBIG: longer than 32 bits say. Then nothing was
 * written. */
int rl_msgpack_write_nil(struct rl_buf *out);
int rl_msgpack_write_bool(struct rl_buf *out, bool value);
int rl_msgpack_write_uint(struct rl_buf *out, uint64_t value);
int rl_msgpack_write_int(struct rl_buf *out, int64_t value);
int rl_msgpack_write_double(struct rl_buf *out, double value); /* 64 bits */
int rl_msgpack_write_str(struct rl_buf *out, struct rl_slice text);
int rl_msgpack_write_bin(struct rl_buf *out, struct rl_slice bytes);
/* The beginning of an array or map; count items, or names and values, have to follow. */
int rl_msgpack_write_array(struct rl_buf *out, uint32_t count);
int rl_msgpack_write_map(struct rl_buf *out, uint32_t count);

/* The head of a string, of at most five bytes; how many. */
size_t rl_msgpack_str_head(uint8_t head[5], uint32_t len);

#endif
