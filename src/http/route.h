/* route.h: the row of handlers; each looks at the requests whose path its prefix fits. */
#ifndef RL_HTTP_ROUTE_H
#define RL_HTTP_ROUTE_H

#include <rill/server.h>
#include "base/env.h"
#include "base/list.h"
#include "base/slice.h"

struct rl_row {
	const struct rl_env *env;
	struct rl_list routes;
	unsigned walkers; /* walks under way: a route removed meanwhile is freed after the last */
	bool dirty;       /* there are such */
};

struct rill_route {
	struct rl_list node;
	struct rl_row *row;
	rill_request_fn fn;
	bool (*relieves)(const rill_request *request, void *user); /* NULL: never */
	void *user;
	unsigned rank; /* rl_route_rank(); 0: it has none */
	bool removed;
	size_t len;
	char prefix[]; /* no NUL */
};

void rl_row_init(struct rl_row *row, const struct rl_env *env);
void rl_row_fini(struct rl_row *row); /* no walk is under way */

/* 0, RILL_EINVAL, RILL_ENOMEM. */
int rl_row_add(
	struct rl_row *row, const char *prefix, rill_request_fn fn, void *user, rill_route **route);

/* Prefixes fit whole segments: "/chat" fits "/chat" and "/chat/x"; one that ends with '/' fits
 * what goes on behind it. "/" fits all, the "*" of OPTIONS included. */
bool rl_prefix_fits(struct rl_slice prefix, struct rl_slice path);

/* Does one of those that fit say that the request relieves the server? */
bool rl_row_relieves(
	const struct rl_row *row, struct rl_slice path, const rill_request *request);

/* Shows a request to those that fit until one takes it or is_over(request's holder) says that
 * there is nothing left to decide. True when it was taken. Routes may come and go meanwhile. */
bool rl_row_offer(struct rl_row *row, struct rl_slice path, rill_request *request,
	bool (*is_over)(const void *holder, const rill_request *request), const void *holder);

#endif
