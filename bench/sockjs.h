/* sockjs.h: SockJS as a client reads and writes it, as far as echoes need it: the frames o, h and a,
 * texts without escapes. */
#ifndef BENCH_SOCKJS_H
#define BENCH_SOCKJS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"

struct connection;

enum sockjs_state {
	SOCKJS_FRAME,   /* in front of a frame */
	SOCKJS_BEAT,    /* behind "h"; a stream begins with many of them in one line */
	SOCKJS_ARRAY,   /* behind "a" */
	SOCKJS_ELEMENT, /* in front of a message's quotes */
	SOCKJS_TEXT,    /* in a message */
	SOCKJS_NEXT,    /* behind a message */
	SOCKJS_END,     /* behind "o" or the last bracket */
};

struct sockjs_reader {
	enum sockjs_state state;
	bool opened; /* "o" has come */
};

/* The next bytes that the server says; a frame ends with its line, or with fin. The connection is told
 * of "o" and of messages. 0, or -1 after load_fail(). */
int sockjs_read(struct connection *conn, struct rl_slice data, bool fin, uint64_t now);

#define SOCKJS_TARGET 512

/* PATH/000/SESSION/what into text (SOCKJS_TARGET bytes). No two connections of any run share a session. */
struct rl_slice sockjs_target(const struct connection *conn, const char *what, char *text);

#endif
