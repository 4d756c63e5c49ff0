/* http_peer.h: a server on a loop whose clock is test_now, and peers that talk to it over socket
 * pairs, so that no bytes are ever on the way: what was sent has arrived. */
#ifndef TEST_HTTP_PEER_H
#define TEST_HTTP_PEER_H

#include <rill/rill.h>
#include "net/addr.h"
#include "support/support.h"

extern rill_loop *http_loop;
extern rill_server *http_server;

/* Makes both; options NULL: the defaults. */
void http_begin(const rill_server_options *options);
void http_end(void);
/* The same where any allocation may fail, on the real clock, without a log. False: there is neither. */
bool http_try_begin(void);

/* Turns until nothing is left to do. */
void http_turns(void);

/* Lets time go by, in steps, with turns in between. */
void http_pass(uint64_t ms);

struct http_peer {
	int fd;     /* -1: closed here */
	char *text; /* all that came so far, with a NUL */
	size_t len;
	bool ended; /* the server has sent its last byte, or cut */
};

/* A new connection, from 192.0.2.1 or wherever. */
void http_open(struct http_peer *peer);
void http_open_from(struct http_peer *peer, const struct rl_addr *from);
/* ... where any allocation may fail. False: it is closed, and nothing was taken yet. */
bool http_try_open(struct http_peer *peer);

/* Sends all, then turns and takes what comes; expects the kernel to take it. */
void http_send(struct http_peer *peer, const char *text);
void http_send_bytes(struct http_peer *peer, const void *data, size_t len);
/* The same with a turn after each byte. */
void http_send_slowly(struct http_peer *peer, const char *text);
/* No more comes from this side. */
void http_shut(struct http_peer *peer);
/* Takes what has come; returns peer->text. */
const char *http_take(struct http_peer *peer);
/* Forgets what came so far. */
void http_forget(struct http_peer *peer);
void http_close(struct http_peer *peer);

/* What came is this, but for the Date line, which has to be there in each head but a 100. */
void http_expect(struct http_peer *peer, const char *text);
void http_expect_status(struct http_peer *peer, int status);

#endif
