/* origin.h: a server, or a proxy, that a test plays by hand: a listening socket on the loopback, and
 * the connection that a client on the loop has made to it. Both are turned by the test. */
#ifndef TEST_SUPPORT_ORIGIN_H
#define TEST_SUPPORT_ORIGIN_H

#include <rill/rill.h>
#include "net/loop.h"
#include "support/support.h"

struct origin {
	rill_loop *loop;
	int listener;
	uint16_t port;
	int fd;             /* the connection; -1: none */
	uint8_t in[262144]; /* what came and was not looked at */
	size_t in_len;
	bool ended;   /* the client has ended its side, or cut */
	char key[64]; /* Sec-WebSocket-Key of the latest head */
};

/* A loop with the memory and the clock of the test. NULL: a failing allocation was hit. */
rill_loop *origin_loop(void);

void origin_start(struct origin *o, rill_loop *loop);
void origin_stop(struct origin *o);

/* Turns until nothing happens any more. */
void origin_turn(struct origin *o);
/* Turns until said is want, or for so long that it will not become it. */
void origin_until_said(struct origin *o, const char *said, const char *want);
/* Lets ms pass on the clock, with turns at both ends of it. */
void origin_pass(struct origin *o, uint64_t ms);

/* Turns until a client has connected. */
void origin_accept(struct origin *o);
/* Turns until a head has come, takes it off and returns it with a NUL, until the next call. */
const char *origin_take_head(struct origin *o);
/* Turns until so many bytes have come, which are these; they are taken off. */
void origin_expect_text(struct origin *o, const char *text);
void origin_expect_hex(struct origin *o, const char *hex);
/* The next frame is this (first byte, payload), masked; its payload is shorter than 126 bytes. */
void origin_expect_frame(struct origin *o, uint8_t first, const char *payload);
/* Turns until the client has ended; nothing more came. */
void origin_expect_end(struct origin *o);

void origin_send_bytes(struct origin *o, const void *data, size_t len);
void origin_send(struct origin *o, const char *text);
void origin_send_hex(struct origin *o, const char *hex);
/* The 101 for the latest head, with these lines more and these bytes behind it; returns its length. */
size_t origin_write_101(
	const struct origin *o, const char *more, const char *hex_behind, char *out, size_t room);
void origin_send_101(struct origin *o, const char *more);
/* Ends its side; closes. */
void origin_shut(struct origin *o);
void origin_close(struct origin *o);

#endif
