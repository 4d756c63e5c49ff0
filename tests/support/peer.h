/* peer.h: a server with one raw client on the other end of a socket pair, both turned by the test:
 * bytes as they stand on the wire go in, and what comes back is looked at. */
#ifndef TEST_SUPPORT_PEER_H
#define TEST_SUPPORT_PEER_H

#include <rill/rill.h>
#include "net/loop.h"
#include "support/support.h"

struct peer {
	rill_loop *loop;
	rill_server *server;
	int fd;            /* the client's end; -1: closed */
	uint8_t in[65536]; /* what came and was not looked at */
	size_t in_len;
	bool ended;        /* the server has ended its side */
};

/* A loop (with the test's memory and clock) and a server on it, without a client. */
void peer_start(struct peer *p, const rill_server_options *options);
void peer_stop(struct peer *p);

/* A (new) client connects. */
void peer_connect(struct peer *p);
void peer_leave(struct peer *p);

/* Turns until nothing happens any more. */
void peer_turn(struct peer *p);

/* Lets ms pass on the clock, with turns at both ends of it. */
void peer_pass(struct peer *p, uint64_t ms);

/* The client sends. */
void peer_send(struct peer *p, const char *text);
void peer_send_bytes(struct peer *p, const void *data, size_t len);
void peer_send_hex(struct peer *p, const char *hex);
/* A frame as a client sends it, masked with 00 00 00 00. */
void peer_send_frame(struct peer *p, uint8_t first, const char *payload);

/* What came next is this; it is taken off. */
void peer_expect_hex(struct peer *p, const char *hex);
void peer_expect_text(struct peer *p, const char *text);
/* A head comes next; it is taken off and returned with a NUL, until the next call. */
const char *peer_take_head(struct peer *p);
/* Nothing has come; the server has not ended. */
void peer_expect_idle(struct peer *p);
/* Nothing more has come, and the server has ended. */
void peer_expect_end(struct peer *p);

/* "GET /ws" with the fields of RFC 6455's example and these lines, each with its line end. */
void peer_ask(struct peer *p, const char *target, const char *more);
/* The same, and the 101 is taken off. */
void peer_open(struct peer *p, const char *target, const char *more);

#endif
