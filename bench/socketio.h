/* socketio.h: Socket.IO as a client reads and writes it, as far as echoes and broadcasts need it: packets of
 * Engine.IO 4, the namespace "/", events of one text without escapes. */
#ifndef BENCH_SOCKETIO_H
#define BENCH_SOCKETIO_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct connection;
struct options;

/* What stands between packets over HTTP. */
#define SOCKETIO_BETWEEN 0x1e

enum socketio_state {
	SOCKETIO_HEAD, /* in a packet, up to an event's text */
	SOCKETIO_TEXT, /* in the text */
	SOCKETIO_TAIL, /* behind its quotes */
	SOCKETIO_END,  /* behind the bracket */
};

#define SOCKETIO_KEPT 256
#define SOCKETIO_SID  64

struct socketio_reader {
	enum socketio_state state;
	size_t kept;
	char sid[SOCKETIO_SID]; /* of the session, once it is open; "" */
	char head[SOCKETIO_KEPT];
};

/* The next bytes that the server says; fin: a packet ends behind them. The connection is told when it is
 * connected (fan-out: and in the room), and of events. 0, or -1 after load_fail(). */
int socketio_read(struct connection *conn, struct rl_slice data, bool fin, uint64_t now);

#define SOCKETIO_TARGET 384

/* The target of requests into text (SOCKETIO_TARGET bytes). */
struct rl_slice socketio_target(const struct connection *conn, char *text);

/* Appends the packet that carries a text. */
int socketio_write(struct rl_buf *out, struct rl_slice payload, const struct options *options);

#endif
