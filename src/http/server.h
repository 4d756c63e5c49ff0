/* server.h: the inside of a rill_server: what services need of it. */
#ifndef RL_HTTP_SERVER_H
#define RL_HTTP_SERVER_H

#include <rill/server.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/list.h"

/* A service in a server: told when the server stops and goes. Lives in the service. */
struct rl_service {
	struct rl_list node;
	/* Close all connections gently ("going away"); nothing new will come. */
	void (*stop)(struct rl_service *service);
	/* The deadline is over, or the server is being freed: cut all connections now. Their
	 * on_close is called before this returns or at the end of the turn. */
	void (*cut)(struct rl_service *service);
	/* The server is gone: free what is left of the service (it was cut before). */
	void (*free)(struct rl_service *service);
};
void rl_server_join(struct rill_server *server, struct rl_service *service);
void rl_server_leave(struct rl_service *service);

/* The options in force, defaults filled in. */
const rill_server_options *rl_server_options(const struct rill_server *server);

/* True while the server takes nothing new (stopping), or so much is buffered that new work is to
 * be refused with 503. */
bool rl_server_refuses(const struct rill_server *server);

/* Near max_buffered a request that relieves it is shown to its handler all the same: one that comes for
 * what waits for it. relieves is asked then; calls nobody up. */
void rl_route_relieve(
	rill_route *route, bool (*relieves)(const rill_request *request, void *user));

/* Services that may share a prefix give their routes ranks (from 1): one of a higher rank is shown requests before those
 * of lower ranks that it shares paths with, in whatever order they come. Whoever has no rank, as a program's
 * handlers, keeps its place: what was in front of all of these still is. Behind rill_server_handle(). */
void rl_route_rank(rill_route *route, unsigned rank);
enum {
	RL_RANK_SERVICE = 1, /* takes all there is below its prefix */
	RL_RANK_NAMES,       /* ... what it knows by its name */
	RL_RANK_FILES,
};

/* What may be said on a connection in place of its first request: a protocol that shares the port, and whose one
 * question begins like no method (RFC 9110, 9.1). Lives with whoever adds it, and is taken out by him. */
struct rl_hello {
	struct rl_list node;
	struct rl_slice question; /* all that is said */
	/* Appends what it is answered with, after which the connection ends. 0 or RILL_ENOMEM. */
	int (*answer)(struct rl_hello *hello, struct rl_buf *out);
};
void rl_server_add_hello(struct rill_server *server, struct rl_hello *hello);
void rl_server_remove_hello(struct rl_hello *hello);

/* Counts bytes that are held for peers beside their streams (negative: given back). Near max_buffered
 * the server refuses new work; above it whoever holds most for one peer is asked to let go of it. */
void rl_server_hold(struct rill_server *server, ptrdiff_t bytes);
struct rl_holder; /* net/stream.h */
void rl_server_add_holder(struct rill_server *server, struct rl_holder *holder);

/* rill_server_stop() was called. */
bool rl_server_stopping(const struct rill_server *server);

#endif
