/* content_coding.h: bodies of answers, compressed whole for those who take that (RFC 9110, 8.4 and 12.5.3). */
#ifndef RL_WIRE_CONTENT_CODING_H
#define RL_WIRE_CONTENT_CODING_H

#include "base/buf.h"
#include "wire/http1.h"

enum rl_coding {
	RL_CODING_NONE = 0,
	RL_CODING_GZIP,
	RL_CODING_DEFLATE, /* zlib's format */
};

/* The best of them that a request takes, by its Accept-Encoding. */
enum rl_coding rl_coding_accepted(const struct rl_http1_head *head);

/* "gzip". Not of RL_CODING_NONE. */
const char *rl_coding_name(enum rl_coding coding);

/* Appends a body in a coding. 0, RILL_ENOMEM, and then nothing was written. */
int rl_coding_write(struct rl_buf *out, enum rl_coding coding, struct rl_slice body);

#endif
