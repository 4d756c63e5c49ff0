/* http_link.h: a connection to an HTTP server that is kept alive: one request at a time, opened anew
 * when the server has ended it behind an answer. */
#ifndef BENCH_HTTP_LINK_H
#define BENCH_HTTP_LINK_H

#include "base/buf.h"
#include "watcher.h"
#include "wire/http1.h"

struct load;
struct http_link;

/* What its owner is told; 0, or -1 after load_fail(). The owner may close the link. */
struct http_link_events {
	int (*head)(struct http_link *link, unsigned status);
	int (*body)(struct http_link *link, struct rl_slice data, uint64_t now);
	int (*end)(struct http_link *link);  /* the answer is whole; the next request may go */
	int (*read)(struct http_link *link); /* all of one read has been told */
};

struct http_link {
	struct watcher watcher;
	struct load *load;
	const struct http_link_events *events;
	void *owner;
	int fd;          /* -1: none */
	unsigned opened; /* how often: tells whether it is still the one it was */
	bool waits_for_room;
	bool busy; /* an answer is due */
	bool last; /* the server ends the connection behind it */
	struct rl_http1 parser;
	struct rl_buf out;  /* what the socket has not taken */
	struct rl_buf rest; /* of a head that came cut */
};

void http_link_init(struct http_link *link, struct load *load,
	const struct http_link_events *events, void *owner);

/* Begins a request; connects if it has to. Its head without the empty line, Content-Length included,
 * and a body may be appended to out when this returns 0, then http_link_flush(). */
int http_link_begin(struct http_link *link, struct rl_slice method, struct rl_slice target);
int http_link_flush(struct http_link *link);

/* Closes the socket; the link can be used again. */
void http_link_close(struct http_link *link);

#endif
