/* playground.h: the two WebSocket services behind the page.
 *
 *   /ws        what one connection says, every other one hears: same kind, same bytes. The first
 *              message to each is {"hello":{"id":N}}. Subprotocol rill-playground.
 *   /trace?id=N  one JSON text for each frame of connection N as the server sees it, those before
 *              the trace was opened included as far as they are kept. {"ping":K} is answered by
 *              {"pong":K}. Subprotocol rill-trace. */
#ifndef PLAYGROUND_H
#define PLAYGROUND_H

#include <rill/server.h>

struct pane;

struct playground {
	rill_server *server;
	struct pane *panes; /* the open connections of /ws */
};

/* Attaches both services; the playground must outlive the server. Returns 0 or a negative code. */
int playground_init(struct playground *playground, rill_server *server);

#endif
