/* playground.h: the services behind the page.
 *
 *   /ws        a WebSocket: what one connection says, every other one hears: same kind, same bytes. The
 *              first message to each is {"hello":{"id":N}}. Subprotocol rill-playground.
 *   /events    an event stream: hears the texts said there, and an event "binary" with the number of
 *              bytes for what is no text. The first event is "hello", {"id":N}. Who comes back with
 *              Last-Event-ID hears what it missed, as far as it is kept.
 *   /trace?id=N  one JSON text for each frame of connection N as the server sees it, those before
 *              the trace was opened included as far as they are kept. {"ping":K} is answered by
 *              {"pong":K}. Subprotocol rill-trace. */
#ifndef PLAYGROUND_H
#define PLAYGROUND_H

#include <rill/hub.h>
#include <rill/server.h>

struct pane;

struct playground {
	rill_server *server;
	rill_hub *hub;
	struct pane *panes; /* the open connections of /ws */
};

/* Attaches the services; the playground must outlive the server. Returns 0 or a negative code; fini, after the
 * server was freed and before its loop is, is fine either way. */
int playground_init(struct playground *playground, rill_server *server);
void playground_fini(struct playground *playground);

#endif
